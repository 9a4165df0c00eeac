"""Bootstrap intervals. Kinds: property, reference (scipy), negative."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.statistics import bootstrap

finite = st.floats(min_value=-1e6, max_value=1e6)
samples = st.lists(finite, min_size=1, max_size=30)
derandomized = settings(deadline=None, derandomize=True, max_examples=50)


@derandomized
@given(samples)
def test_the_median_and_both_ends_are_values_of_the_sample_in_order(values):
    found = bootstrap(values, resamples=200)
    assert {found.low, found.value, found.high} <= set(values)
    assert found.low <= found.value <= found.high


@derandomized
@given(samples, st.randoms(use_true_random=False))
def test_the_statistic_does_not_depend_on_the_order(values, random):
    shuffled = random.sample(values, len(values))
    assert bootstrap(shuffled, resamples=10).value == bootstrap(values, resamples=10).value


@derandomized
@given(samples, st.floats(min_value=0.5, max_value=4.0))
def test_scaling_the_sample_scales_the_interval(values, factor):
    plain = bootstrap(values, resamples=200)
    scaled = bootstrap([factor * value for value in values], resamples=200)
    assert (scaled.low, scaled.value, scaled.high) == (
        factor * plain.low,
        factor * plain.value,
        factor * plain.high,
    )


@derandomized
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=10))
def test_a_failure_never_makes_a_median_better(values):
    found = bootstrap([*values, None], resamples=10)
    assert found.value >= bootstrap(values, resamples=10).value
    assert found.failed == 1
    assert found.count == len(values) + 1


def test_a_majority_of_failures_is_infinite():
    found = bootstrap([1.0, None, math.nan, math.inf, 2.0])
    assert found.value == found.high == math.inf
    assert found.failed == 3


def test_the_same_seed_gives_the_same_interval_and_a_wider_level_a_wider_one():
    values = np.random.default_rng(3).lognormal(size=40).tolist()
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    wide, narrow = bootstrap(values, level=0.99), bootstrap(values, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("statistic", "function"), [("median", np.median), ("mean", np.mean)])
def test_intervals_agree_with_those_of_scipy(statistic, function):
    values = np.random.default_rng(0).normal(size=51)
    found = bootstrap(values.tolist(), statistic, resamples=20_000)
    other = stats.bootstrap(
        (values,), function, n_resamples=20_000, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    width = other.high - other.low
    assert found.value == pytest.approx(float(function(values)), rel=1e-12)
    assert abs(found.low - other.low) < 0.1 * width
    assert abs(found.high - other.high) < 0.1 * width


def test_intervals_of_a_mean_cover_it_about_as_often_as_they_say():
    rng = np.random.default_rng(11)
    found = [bootstrap(rng.normal(size=30).tolist(), "mean", resamples=400) for _ in range(200)]
    covered = sum(interval.low <= 0 <= interval.high for interval in found)
    assert 0.88 * 200 <= covered <= 200


def test_no_values_have_no_interval():
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap([])
