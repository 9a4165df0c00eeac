"""What is said: reference (losses made up so that the decision is known)."""

from statistics import fmean

import pytest
from evidence_runs import noise

from experiments.pretraining.evidence.plan import ARMS, COMPARISONS, DESCRIBED
from experiments.pretraining.evidence.verdicts import (
    arms_table,
    compared,
    described,
    sentences,
    table,
)
from experiments.pretraining.recipes import Schedule

RATES = dict.fromkeys(ARMS, 2e-3)
SEEDS = range(3001, 3017)


CENTERED = {
    arm: {seed: noise(arm, seed) - fmean(noise(arm, s) for s in SEEDS) for seed in SEEDS}
    for arm in ARMS
}
"""Noise whose mean over the seeds is 0 in every arm: what is decided is known."""


def losses(means: dict[str, float], *, deviation=0.001, failed=()):
    return {
        (arm, "wsd", 2e-3, seed): None
        if (arm, seed) in failed
        else 1.4 + means.get(arm, 0.0) + deviation * CENTERED[arm][seed]
        for arm in ARMS
        for seed in SEEDS
    }


def found_in(means, **changes):
    return compared(losses(means, **changes), Schedule.WSD, RATES, SEEDS)


def by_pair(found):
    return {comparison.pair: comparison for comparison in found}


@pytest.mark.parametrize(
    ("means", "says"),
    [
        (
            {"moa": -0.02, "grouped": -0.02},
            "MoA helps at this scale: it is lower than LA and lower than its placebo.",
        ),
        (
            {"moa": -0.02, "placebo": -0.02, "grouped": -0.02},
            "not shown to be lower than placebo (equal within 0.003).",
        ),
        (
            {"moa": -0.02, "la": -0.04},
            "not shown to be lower than LA (higher).",
        ),
        (
            {"fixed": 0.02},
            "not shown to be lower than LA (equal within 0.003) nor than placebo (equal within",
        ),
    ],
)
def test_moa_helps_only_where_it_beats_la_and_the_placebo(means, says):
    *_, last = sentences(found_in(means))
    assert says in last
    assert last.startswith("MoA helps" if "placebo" not in means and "la" not in means and
                           "fixed" not in means else "That MoA helps was not shown")  # fmt: skip


def test_each_comparison_says_what_was_decided():
    found = found_in({"moa": -0.02, "la": -0.021, "grouped": 0.0})
    first, second, third, fourth, _ = sentences(found)
    assert "MoA is lower." in first
    assert "a difference of 0.003 or more is ruled out" in second
    assert "MoA is lower" in third
    assert "grouped MoA is higher" in fourth
    assert all("nats per byte, 95 % interval" in text for text in (first, second, third, fourth))


def test_a_small_difference_can_be_shown_and_small():
    found = by_pair(found_in({"fixed": 0.0015, "la": 0.0015}, deviation=0.0004))
    comparison = found["moa", "la"]
    assert (comparison.side, comparison.equal) == ("lower", True)
    text = sentences(list(found.values()))[1]
    assert "MoA is lower, and a difference of 0.003 or more is ruled out" in text


def test_noise_decides_nothing():
    found = found_in({}, deviation=0.02)
    assert not any(comparison.side or comparison.equal for comparison in found)
    assert all("not decided: neither different nor equal" in s for s in sentences(found)[:4])
    assert "LA (not decided) nor than placebo (not decided)" in sentences(found)[4]


def test_holm_is_over_the_four_and_no_more():
    found = found_in({"moa": -0.0012}, deviation=0.001)
    p_values = sorted(comparison.test.differs for comparison in found)
    adjusted = sorted(comparison.adjusted for comparison in found)
    assert adjusted[0] == pytest.approx(4 * p_values[0])
    listed = described(losses({}), Schedule.WSD, RATES, SEEDS)
    assert [comparison.pair for comparison in listed] == list(DESCRIBED)
    assert {comparison.adjusted for comparison in listed} == {None}
    assert {comparison.side for comparison in listed} == {None}
    assert {comparison.p_values for comparison in listed} == {(None, None, None)}
    assert not any(comparison.equal for comparison in listed)


def test_a_run_that_diverged_leaves_no_test_and_no_help():
    found = found_in({"moa": -0.02}, failed={("placebo", 3005)})
    failed = by_pair(found)["moa", "placebo"]
    assert (failed.side, failed.equal, failed.record["difference"]["value"]) == (None, False, None)
    texts = sentences(found)
    assert "no test, 1 of 16 pairs have a run that diverged" in texts[2]
    assert "not shown to be lower than placebo (not decided)" in texts[4]
    # The others are not adjusted for less than four.
    assert by_pair(found)["moa", "la"].adjusted >= by_pair(found)["moa", "la"].test.differs


def test_tables_have_every_comparison_and_arm():
    values = losses({}, failed={("gain", 3001)})
    shown = table("tested", compared(values, Schedule.WSD, RATES, SEEDS))
    assert [row[0] for row in shown.rows] == [
        "MoA - fixed", "MoA - LA", "MoA - placebo", "grouped MoA - MoA"
    ]  # fmt: skip
    assert len(COMPARISONS) == 4
    arms = arms_table("losses", values, Schedule.WSD, RATES, SEEDS)
    assert [row[2:] for row in arms.rows][-1] == ("15", "failed")
    assert {row[2] for row in arms.rows[:-1]} == {"16"}
