"""Intervals. Kinds: property, reference (scipy, coverage of simulated samples), negative."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.statistics import LEVEL, mean_interval, median_interval

finite = st.floats(min_value=-1e6, max_value=1e6)
samples = st.lists(finite, min_size=2, max_size=30)
derandomized = settings(deadline=None, derandomize=True, max_examples=50)


@derandomized
@given(samples)
def test_the_median_and_both_ends_are_values_of_the_sample_in_order(values):
    found = median_interval(values)
    assert {found.low, found.value, found.high} <= set(values)
    assert found.low <= found.value <= found.high


@derandomized
@given(samples, st.randoms(use_true_random=False))
def test_intervals_do_not_depend_on_the_order(values, random):
    shuffled = random.sample(values, len(values))
    assert median_interval(shuffled) == median_interval(values)
    found, other = mean_interval(shuffled), mean_interval(values)
    assert (found.value, found.low is None) == (other.value, other.low is None)


@derandomized
@given(samples, st.floats(min_value=0.5, max_value=4.0))
def test_scaling_the_sample_scales_the_interval(values, factor):
    plain = median_interval(values)
    scaled = median_interval([factor * value for value in values])
    assert (scaled.low, scaled.value, scaled.high) == (
        factor * plain.low,
        factor * plain.value,
        factor * plain.high,
    )


@derandomized
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=10))
def test_a_failure_never_makes_a_median_better(values):
    found = median_interval([*values, None])
    assert found.value >= median_interval(values).value
    assert found.failed == 1
    assert found.count == len(values) + 1


def test_a_majority_of_failures_is_infinite():
    found = median_interval([1.0, None, math.nan, math.inf, 2.0])
    assert found.value == found.high == math.inf
    assert found.failed == 3


def test_a_failure_leaves_no_mean_and_no_interval_of_it():
    found = mean_interval([1.0, None, 2.0])
    assert (found.value, found.low, found.high) == (math.inf, None, None)
    assert (found.count, found.failed) == (3, 1)


@pytest.mark.parametrize("values", [[2.0], [2.0] * 5, [2.2 - 2.1, 2.1 - 2.0, 2.3 - 2.2]])
def test_single_and_equal_values_have_no_interval_of_their_mean(values):
    found = mean_interval(values)
    assert found.value == pytest.approx(sum(values) / len(values))
    assert (found.low, found.high, found.level) == (None, None, None)


def test_a_single_value_has_no_interval_of_its_median():
    assert median_interval([2.0]).low is median_interval([2.0]).high is None


@pytest.mark.parametrize("count", [2, 3, 5, 30])
def test_intervals_of_a_mean_agree_with_those_of_scipy(count):
    values = np.random.default_rng(count).normal(size=count)
    found = mean_interval(values.tolist())
    other = stats.ttest_1samp(values, 0.0).confidence_interval(LEVEL)
    assert (found.low, found.high) == pytest.approx((other.low, other.high), rel=1e-12)
    assert found.value == pytest.approx(values.mean(), rel=1e-12)


@pytest.mark.parametrize("count", [5, 6, 10, 30, 64])
def test_levels_of_medians_agree_with_those_of_scipy(count):
    """Its interval of quantiles: the same ranks, where the level is reached at all."""
    values = np.arange(count, dtype=float)
    found = median_interval(values.tolist())
    inside = stats.quantile_test(values, q=0.5).confidence_interval(LEVEL)
    if count == 5:
        assert (found.low, found.high, found.level) == (0, 4, 0.9375)
        assert math.isnan(inside.low)
    else:
        assert LEVEL <= found.level <= 1
        # scipy's upper end is a rank further out where the tails allow no less.
        assert inside.low == found.low
        assert found.high <= inside.high <= found.high + 1


SAMPLES = 4000
NOISE = 4 * math.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)
"""Four standard deviations of a share of covered samples."""


@pytest.mark.parametrize("count", [5, 16])
def test_t_intervals_of_normal_values_cover_their_mean_as_often_as_they_say(count):
    """Of 5 and of 16, the numbers of seeds of the two comparisons in docs/pretraining.md."""
    rows_SN = np.random.default_rng(1).normal(size=(SAMPLES, count))
    found = [mean_interval(row) for row in rows_SN.tolist()]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in found])
    assert abs(covered - LEVEL) < NOISE


def test_percentile_intervals_of_five_normal_values_do_not():
    """Why there are none here: 84.6 % for 95 %, in a simulation of 20,000 samples."""
    rows_SN = np.random.default_rng(2).normal(size=(SAMPLES, 5))
    draw = np.random.default_rng(3)
    resampled_BN = draw.integers(0, 5, size=(1000, 5))
    means_SB = rows_SN[:, resampled_BN].mean(axis=2)
    low_S, high_S = np.quantile(means_SB, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=1)
    covered = np.mean((low_S <= 0) & (high_S >= 0))
    assert abs(covered - 0.846) < 2 * NOISE
    assert covered < LEVEL - 4 * NOISE


@pytest.mark.parametrize("count", [3, 5, 10])
def test_intervals_of_a_median_cover_it_as_often_as_they_say(count):
    """Of a lopsided distribution: nothing is assumed of it."""
    draw = np.random.default_rng(count)
    found = [median_interval(row) for row in draw.lognormal(size=(SAMPLES, count)).tolist()]
    covered = np.mean([interval.low <= 1 <= interval.high for interval in found])
    level = found[0].level
    assert abs(covered - level) < 4 * math.sqrt(level * (1 - level) / SAMPLES)


@pytest.mark.parametrize("interval", [mean_interval, median_interval])
def test_no_values_have_no_interval(interval):
    with pytest.raises(ValueError, match="at least one value"):
        interval([])
