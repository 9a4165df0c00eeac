"""What the plan's rules make of stored losses: schedule, rates, number of seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from experiments.decisions import paired_test, power
from experiments.pretraining.evidence.plan import (
    ARMS,
    COMPARISONS,
    FEWEST,
    LEVEL,
    MARGIN,
    MOST,
    POWER,
    Plan,
)
from experiments.pretraining.evidence.records import Place, Record, place_of
from experiments.pretraining.recipes import Schedule

Losses = Mapping[Place, float | None]
"""By arm, schedule, rate and seed; None for a run that diverged."""


def losses_of(records: Sequence[Record], name: str = "loss") -> Losses:
    """One loss of every record."""
    return {place_of(record): record[name] for record in records}


def choose_schedule(plan: Plan, losses: Losses) -> Schedule:
    """The schedule with the lowest loss, each screened arm at its best rate, mean over arms.

    Cosine where both are equal.

    Raises:
        ValueError: every rate of an arm diverged with either schedule.
    """
    means = {
        schedule: fmean(
            min(_mean(losses, arm, schedule, rate, plan.screening_seeds) for rate in plan.rates)
            for arm in plan.screened
        )
        for schedule in Schedule
    }
    best = min(Schedule, key=means.__getitem__)
    if math.isinf(means[best]):
        raise ValueError("required: a schedule with which training converges; got none")
    return best


@dataclass(frozen=True, kw_only=True)
class Design:
    """How the comparisons are made.

    Attributes:
        rates: of each arm.
        deviations: by candidate rate, of paired differences at equal rates; infinite where a run
            diverged.
        deviation: the same at the rates chosen.
        seeds: how many.
        power: with this deviation and number, for the plan's margin.
    """

    rates: Mapping[str, float]
    deviations: Mapping[float, float]
    deviation: float
    seeds: int
    power: float


def choose_design(plan: Plan, schedule: Schedule, losses: Losses) -> Design:
    """Rates and number of seeds from the pilot.

    A rate is admissible where the deviation of paired differences at it, the root mean square
    over the four comparisons, gives the power with the fewest seeds. Each arm gets the
    admissible rate of its lowest mean loss; if none is, all get the rate of least deviation.
    Then the number of seeds is the least with the power at the rates chosen, up to the most.

    Raises:
        ValueError: every rate has a run that diverged.
    """
    deviations = {
        rate: pooled_deviation(losses, schedule, dict.fromkeys(ARMS, rate), plan.pilot_seeds)
        for rate in plan.rates
    }
    least = min(plan.rates, key=deviations.__getitem__)
    if math.isinf(deviations[least]):
        raise ValueError("required: a rate at which every run of the pilot converges; got none")
    admissible = [rate for rate in plan.rates if _power(deviations[rate], FEWEST) >= POWER]
    rates = {
        arm: min(
            admissible or [least],
            key=lambda rate: _mean(losses, arm, schedule, rate, plan.pilot_seeds),
        )
        for arm in ARMS
    }
    deviation = pooled_deviation(losses, schedule, rates, plan.pilot_seeds)
    enough = (count for count in range(FEWEST, MOST) if _power(deviation, count) >= POWER)
    seeds = next(enough, MOST)
    return Design(
        rates=rates,
        deviations=deviations,
        deviation=deviation,
        seeds=seeds,
        power=_power(deviation, seeds),
    )


def pooled_deviation(
    losses: Losses, schedule: Schedule, rates: Mapping[str, float], seeds: Sequence[int]
) -> float:
    """Root mean square over the comparisons of the deviation of their paired differences."""
    squares: list[float] = []
    for pair in COMPARISONS:
        test = paired_test(differences(losses, pair, schedule, rates, seeds), margin=MARGIN)
        squares.append(math.inf if test.deviation is None else test.deviation**2)
    return math.sqrt(fmean(squares))


def differences(
    losses: Losses,
    pair: tuple[str, str],
    schedule: Schedule,
    rates: Mapping[str, float],
    seeds: Sequence[int],
) -> list[float | None]:
    """Loss of the first arm minus that of the second, seed by seed; None where one diverged."""
    found: list[float | None] = []
    for seed in seeds:
        left, right = (losses[arm, str(schedule), rates[arm], seed] for arm in pair)
        found.append(None if left is None or right is None else left - right)
    return found


def _mean(losses: Losses, arm: str, schedule: Schedule, rate: float, seeds: Sequence[int]) -> float:
    values = [losses[arm, str(schedule), rate, seed] for seed in seeds]
    return fmean(math.inf if value is None else value for value in values)


def _power(deviation: float, count: int) -> float:
    return power(deviation, count, margin=MARGIN, level=LEVEL) if deviation < math.inf else 0.0
