"""The rules: reference (by hand), negative (runs that diverged, stages that are missing)."""

import math

import pytest
from evidence_runs import noise

from experiments.decisions import power
from experiments.pretraining.evidence.choices import (
    choose_design,
    choose_schedule,
    differences,
    losses_of,
    pooled_deviation,
)
from experiments.pretraining.evidence.plan import ARMS, COMPARISONS, LEVEL, MARGIN
from experiments.pretraining.recipes import Schedule


def losses(units, tell):
    return {unit.place: tell(*unit.place) for unit in units}


def screened(plan, corpus, tell):
    return choose_schedule(plan, losses(plan.screening(corpus), tell))


def designed(plan, corpus, tell, schedule=Schedule.COSINE):
    return choose_design(plan, schedule, losses(plan.pilot(schedule, corpus), tell))


def test_the_schedule_of_lowest_loss_is_chosen_each_arm_at_its_better_rate(plan, corpus):
    table = {
        ("fixed", "cosine", 2e-3): 1.40,
        ("fixed", "cosine", 3e-3): 1.50,
        ("moa", "cosine", 2e-3): 1.50,
        ("moa", "cosine", 3e-3): 1.40,
        ("fixed", "wsd", 2e-3): 1.41,
        ("fixed", "wsd", 3e-3): 1.41,
        ("moa", "wsd", 2e-3): 1.41,
        ("moa", "wsd", 3e-3): 1.41,
    }
    assert screened(plan, corpus, lambda *place: table[place[:3]]) is Schedule.COSINE
    table["moa", "wsd", 2e-3] = 1.38
    assert screened(plan, corpus, lambda *place: table[place[:3]]) is Schedule.WSD
    assert screened(plan, corpus, lambda *place: 1.0) is Schedule.COSINE


def test_a_schedule_that_diverges_is_not_chosen(plan, corpus):
    def tell(arm, schedule, rate, seed):
        return None if (arm, schedule) == ("moa", "cosine") and seed == 2002 else 1.0

    assert screened(plan, corpus, tell) is Schedule.WSD
    with pytest.raises(ValueError, match="a schedule with which training converges"):
        screened(plan, corpus, lambda *place: None)


def test_the_pooled_deviation_by_hand(plan, corpus):
    """Differences 1, 2, 3 (deviation 1) of moa from the others, and -2, -4, -6 (2) of grouped."""
    values = {"moa": (1, 2, 3), "grouped": (-1, -2, -3)}

    def tell(arm, schedule, rate, seed):
        return float(values.get(arm, (0, 0, 0))[seed - 2001])

    table = losses(plan.pilot(Schedule.WSD, corpus), tell)
    rates = dict.fromkeys(ARMS, 2e-3)
    found = differences(table, ("grouped", "moa"), Schedule.WSD, rates, plan.pilot_seeds)
    assert found == [-2.0, -4.0, -6.0]
    deviation = pooled_deviation(table, Schedule.WSD, rates, plan.pilot_seeds)
    assert deviation == pytest.approx(math.sqrt((1 + 1 + 1 + 4) / 4))


def tell_of(deviation: dict[float, float], better: dict[str, float]):
    """Noise of a deviation at each rate; an arm's better rate is lower by 0.1."""

    def tell(arm, schedule, rate, seed):
        lower = 0.1 if better.get(arm, 3e-3) == rate else 0.0
        return 1.5 - lower + deviation[rate] * noise(arm, rate, seed)

    return tell


def test_an_arm_gets_the_better_of_the_rates_that_16_seeds_can_carry(plan, corpus):
    quiet = tell_of({2e-3: 1e-4, 3e-3: 1e-4}, {"gain": 2e-3, "la": 2e-3})
    found = designed(plan, corpus, quiet)
    assert found.rates == {**dict.fromkeys(ARMS, 3e-3), "gain": 2e-3, "la": 2e-3}
    assert found.seeds == 16
    assert found.power > 0.99


def test_a_rate_that_16_seeds_cannot_carry_is_left_out(plan, corpus):
    loud = tell_of({2e-3: 1e-4, 3e-3: 0.05}, {})
    found = designed(plan, corpus, loud)
    assert set(found.rates.values()) == {2e-3}
    assert found.deviations[3e-3] > 0.02
    assert (found.seeds, found.deviation) == (16, found.deviations[2e-3])


def test_where_none_can_be_carried_there_are_more_seeds(plan, corpus):
    def scaled(factor):
        return designed(plan, corpus, tell_of({2e-3: factor, 3e-3: 4 * factor}, {}))

    unit = scaled(1e-3).deviation / 1e-3
    found = scaled(0.0045 / unit)
    assert found.deviation == pytest.approx(0.0045, rel=1e-6)
    assert set(found.rates.values()) == {2e-3}
    assert 16 < found.seeds < 32
    assert found.power >= 0.8 > power(found.deviation, found.seeds - 1, margin=MARGIN, level=LEVEL)
    far = scaled(0.0088 / unit)
    assert (far.seeds, far.power < 0.8) == (32, True)


def test_a_rate_at_which_a_run_diverged_is_left_out(plan, corpus):
    quiet = tell_of({2e-3: 1e-4, 3e-3: 1e-4}, {})

    def tell(arm, schedule, rate, seed):
        return None if (arm, rate, seed) == ("la", 3e-3, 2002) else quiet(arm, schedule, rate, seed)

    found = designed(plan, corpus, tell)
    assert set(found.rates.values()) == {2e-3}
    assert found.deviations[3e-3] == math.inf
    with pytest.raises(ValueError, match="every run of the pilot converges"):
        designed(plan, corpus, lambda *place: None)


def test_losses_are_taken_by_name():
    record = {"arm": "la", "schedule": "wsd", "rate": 0.1, "seed": 1, "loss": 2.0, "averaged": 1.0}
    assert losses_of([record]) == {("la", "wsd", 0.1, 1): 2.0}
    assert losses_of([record], "averaged") == {("la", "wsd", 0.1, 1): 1.0}
    assert len(COMPARISONS) == 4
