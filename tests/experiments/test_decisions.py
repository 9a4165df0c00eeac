"""Decisions over seeds: reference (by hand, by other formulas), soundness (simulated levels)."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from experiments.decisions import holm, paired_test, power, power_to_differ, power_to_equal
from experiments.statistics import mean_interval

MARGIN, LEVEL, DEVIATION, SEEDS = 0.003, 0.05, 0.0039, 16


def test_the_paired_test_by_hand():
    """Mean 3, squared deviations 4, 1, 0, 1, 4: variance 2.5, standard error sqrt(1/2)."""
    found = paired_test([1.0, 2.0, 3.0, 4.0, 5.0], margin=4.0)
    assert found.deviation == pytest.approx(math.sqrt(2.5))
    # Student's t with 4 degrees of freedom: P(T > t) = 1/2 - t (t^2 + 6) / (2 (t^2 + 4)^(3/2)).

    def tail(t: float) -> float:
        return 0.5 - t * (t * t + 6) / (2 * (t * t + 4) ** 1.5)

    t = 3 * math.sqrt(2)  # t^2 = 18: tail = 1/2 - 3 sqrt(2) 24 / (2 22^(3/2))
    assert tail(t) == pytest.approx(0.5 - 36 * math.sqrt(2) / 22**1.5)
    assert found.differs == pytest.approx(2 * tail(t))
    assert found.differs == pytest.approx(0.013236, abs=1e-6)
    assert found.equal == pytest.approx(tail(math.sqrt(2)))  # (4 - 3) / sqrt(1/2)
    assert found.equal == pytest.approx(0.5 - 8 * math.sqrt(2) / (2 * 6**1.5))


def test_a_mean_beyond_the_margin_is_not_equal():
    assert paired_test([1.0, 2.0, 3.0, 4.0, 5.0], margin=2.0).equal > 0.5
    mirrored = paired_test([-1.0, -2.0, -3.0, -4.0, -5.0], margin=4.0)
    assert mirrored.equal == pytest.approx(paired_test([1.0, 2, 3, 4, 5], margin=4.0).equal)


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [1.0, 2.0, None]])
def test_without_an_interval_there_is_no_test(values):
    found = paired_test(values, margin=1.0)
    assert (found.deviation, found.differs, found.equal) == (None, None, None)


def test_holm_by_hand():
    """4 * 0.005; then 3 * 0.011 = 0.033; 2 * 0.02 = 0.04; the last 0.04 from the one before."""
    assert holm([0.02, 0.005, 0.03, 0.011]) == pytest.approx([0.04, 0.02, 0.04, 0.033])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_rejects_what_the_step_down_procedure_does():
    """The procedure itself, as published: compare p_(k) with level / (m - k + 1), stop at once."""
    generator = np.random.default_rng(0)
    for _ in range(200):
        p_values = (generator.uniform(size=4) ** 3).tolist()
        rejected: set[int] = set()
        for rank, place in enumerate(np.argsort(p_values)):
            if p_values[place] > LEVEL / (4 - rank):
                break
            rejected.add(int(place))
        adjusted = holm(p_values)
        assert {place for place, p in enumerate(adjusted) if p <= LEVEL} == rejected


def test_sixteen_seeds_do_up_to_a_deviation_of_0_0039():
    assert power(DEVIATION, SEEDS, margin=MARGIN, level=LEVEL) >= 0.8
    strictest = power_to_differ(DEVIATION, SEEDS, difference=MARGIN, level=LEVEL / 4)
    assert strictest == pytest.approx(0.60, abs=0.005)  # docs/pretraining.md
    assert power(0.0040, SEEDS, margin=MARGIN, level=LEVEL) < 0.8
    assert power(0.0088, 32, margin=MARGIN, level=LEVEL) < 0.8


def samples(count: int, size: int = SEEDS, mean: float = 0.0, deviation: float = DEVIATION):
    return np.random.default_rng(1).normal(mean, deviation, size=(count, size))


def within(found: float, expected: float, count: int) -> bool:
    """Four standard errors of a simulated probability."""
    return abs(found - expected) <= 4 * math.sqrt(expected * (1 - expected) / count)


def test_intervals_cover_what_they_claim():
    """Simulated with the plan's number of seeds; resampled percentiles of five do not."""
    count = 1500
    covered = sum(
        interval.low <= 0 <= interval.high
        for row in samples(count)
        if (interval := mean_interval(row.tolist()))
    )
    assert within(covered / count, 0.95, count)
    few = samples(count, size=5)
    picks = np.random.default_rng(2).integers(0, 5, size=(400, 5))
    resampled = few[:, picks].mean(-1)
    low, high = np.quantile(resampled, (0.025, 0.975), axis=1)
    assert not within(float(np.mean((low <= 0) & (high >= 0))), 0.95, count)


def test_the_powers_are_those_of_simulated_differences():
    count = 1500
    seen = [paired_test(row.tolist(), margin=MARGIN) for row in samples(count, mean=MARGIN)]
    expected = power_to_differ(DEVIATION, SEEDS, difference=MARGIN, level=LEVEL)
    assert within(np.mean([test.differs <= LEVEL for test in seen]), expected, count)
    # At the margin itself equivalence is claimed wrongly, at most as often as the level says.
    assert within(np.mean([test.equal <= LEVEL for test in seen]), LEVEL, count)
    none = [paired_test(row.tolist(), margin=MARGIN) for row in samples(count)]
    expected = power_to_equal(DEVIATION, SEEDS, margin=MARGIN, level=LEVEL)
    assert within(np.mean([test.equal <= LEVEL for test in none]), expected, count)


def test_the_power_to_differ_is_that_of_the_noncentral_t():
    for deviation, size in ((0.0025, 16), (0.0039, 16), (0.006, 24), (0.0088, 32), (0.02, 3)):
        limit, shift = stats.t.ppf(1 - LEVEL / 2, size - 1), MARGIN / deviation * math.sqrt(size)
        expected = stats.nct.sf(limit, size - 1, shift) + stats.nct.cdf(-limit, size - 1, shift)
        found = power_to_differ(deviation, size, difference=MARGIN, level=LEVEL)
        assert found == pytest.approx(expected, abs=1e-7)


def test_small_deviations_have_power():
    """The tails of scipy's noncentral t are NaN at most of these."""
    for size in (16, 17, 24, 32):
        powers = [power(0.0002 * k, size, margin=MARGIN, level=LEVEL) for k in range(1, 20)]
        assert powers == pytest.approx(sorted(powers, reverse=True), abs=1e-6)
        assert all(0.8 <= found <= 1 for found in powers)
        assert powers[4] == pytest.approx(1, abs=1e-6)


def test_the_power_to_equal_by_a_double_integral():
    """Over mean and variance of the sample, which are independent."""
    for deviation, size in ((0.002, 5), (0.0039, 16), (0.006, 24)):
        limit = stats.t.ppf(1 - LEVEL, size - 1)
        error = deviation / math.sqrt(size)

        def inside(mean: float, limit=limit, error=error, size=size) -> float:
            most = max(0.0, (MARGIN - abs(mean)) / (limit * error)) ** 2 * (size - 1)
            return stats.chi2.cdf(most, size - 1) * stats.norm.pdf(mean, scale=error)

        expected = 2 * integrate.quad(inside, 0, MARGIN)[0]
        found = power_to_equal(deviation, size, margin=MARGIN, level=LEVEL)
        assert found == pytest.approx(expected, abs=1e-6)


def test_holm_keeps_its_level_for_differences_that_share_an_arm():
    """Where no arm differs: four comparisons as in the plan, of five independent arms."""
    count = 2000
    fixed, la, moa, placebo, grouped = np.random.default_rng(3).normal(size=(5, count, SEEDS))
    families = np.stack([moa - fixed, moa - la, moa - placebo, grouped - moa], 1)
    error = families.std(-1, ddof=1) / math.sqrt(SEEDS)
    p_values = 2 * stats.t.sf(np.abs(families.mean(-1)) / error, SEEDS - 1)
    wrong = np.mean([min(holm(row.tolist())) <= LEVEL for row in p_values])
    unadjusted = np.mean(p_values.min(-1) <= LEVEL)
    assert wrong <= LEVEL + 4 * math.sqrt(LEVEL * (1 - LEVEL) / count) < unadjusted
