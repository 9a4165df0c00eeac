"""The figure of the evidence: property (every run is shown), negative (an unfinished plan)."""

import math

import pytest
from evidence_runs import noise

from experiments.pretraining.data import Corpus
from experiments.pretraining.evidence.plan import ARMS, COMPARISONS, DESCRIBED, Plan
from experiments.pretraining.recipes import Schedule
from figures.evidence import Final, draw


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    plan, corpus = Plan(), Corpus(path=tmp_path_factory.mktemp("text"), sha256="0")
    units = [
        *plan.screening(corpus),
        *plan.pilot(Schedule.COSINE, corpus),
        *plan.final(Schedule.COSINE, dict.fromkeys(ARMS, 3e-3), 16, corpus),
    ]

    def tell(arm, schedule, rate, seed):
        higher = 0.1 if schedule == "wsd" or rate == 2e-3 else 0.0
        return 1.4 + higher + 0.001 * noise(arm, rate, seed)

    return {unit.place: tell(*unit.place) for unit in units}


def test_every_run_and_every_difference_is_drawn(losses):
    final = Final.of(losses)
    assert (final.schedule, set(final.rates.values())) == (Schedule.COSINE, {3e-3})
    left, right = draw(final).axes
    dots = [y for line in left.lines for y in line.get_ydata()]
    expected = [losses[arm, "cosine", 3e-3, seed] for arm in ARMS for seed in range(3001, 3017)]
    assert sorted(dots) == sorted(expected)
    assert "nats per byte" in left.get_ylabel() and "nats per byte" in right.get_xlabel()
    assert len(right.get_yticks()) == len(COMPARISONS) + len(DESCRIBED)


def test_a_run_that_diverged_leaves_out_its_comparisons(losses):
    place = ("gain", "cosine", 3e-3, 3004)
    left, right = draw(Final.of({**losses, place: None})).axes
    assert sum(len(line.get_ydata()) for line in left.lines) == 16 * len(ARMS) - 1
    markers = [line for line in right.lines if line.get_marker() == "o"]
    assert len(markers) == len(COMPARISONS) + len(DESCRIBED) - 2
    assert all(math.isfinite(line.get_xdata()[0]) for line in markers)


def test_a_plan_that_is_not_whole_is_refused(losses):
    without = dict(losses)
    del without["moa", "cosine", 3e-3, 3016]
    with pytest.raises(ValueError, match="every run of the plan; got none of"):
        Final.of(without)
