"""Intervals over seeds that cover what they claim, however few seeds there are.

Resampling a handful of values does not: percentile bootstrap intervals of five normal values
cover their mean 84 times in 100 where 95 are claimed. So a mean has Student's t interval, and a
median the one given by ranks, whose probability is known whatever the distribution.

Nothing of a median is interpolated: it and the ends of its interval are values that were seen,
so that a failed fit, an infinite error, may take part and never makes a median better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95

_ROUNDING = 1e-12
"""Spread, relative to the values, up to which they count as equal."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A statistic of a sample with an interval of what it estimates.

    Attributes:
        value: the statistic; infinite where failures decide it.
        low, high: ends of the interval; None where there is none.
        level: probability that such an interval covers; None where there is none.
        count: size of the sample.
        failed: how many of them had no finite value.
    """

    value: float
    low: float | None = None
    high: float | None = None
    level: float | None = None
    count: int
    failed: int


def median_interval(values: Sequence[float | None]) -> Interval:
    """The median of a sample, and the interval between two of its values.

    The k-th least and k-th largest value of n enclose the median of their distribution unless
    fewer than k of them lie on one side: probability 1 - 2 P(Binomial(n, 1/2) < k), and more
    where values may be equal. k is the largest for which this is at least ``LEVEL``. Fewer than
    six values have no such k; they are given their range, whose ``level`` is lower, 0.9375 for
    five. One value has no interval.

    Failed values (None, NaN) count as infinite. Of an even number of values the median is the
    larger of the two in the middle.

    Args:
        values: of independent seeds or restarts.

    Raises:
        ValueError: no values.

    Source: David & Nagaraja, Order Statistics (2003), section 7.1, doi:10.1002/0471722162.

    >>> found = median_interval([3.0, 1.0, 2.0, 5.0, None])
    >>> found.value, found.low, found.high, found.level
    (3.0, 1.0, inf, 0.9375)
    """
    from scipy import stats  # most of a second to import, for every command with figures

    sample = sorted(_numbers(values))
    count = len(sample)
    # P(Binomial < k) is at most the tail for every k up to this one.
    k = max(1, int(stats.binom.ppf((1 - LEVEL) / 2, count, 0.5)))
    found = Interval(value=sample[count // 2], count=count, failed=_failed(sample))
    if count == 1:
        return found
    level = 1 - 2 * float(stats.binom.cdf(k - 1, count, 0.5))
    return Interval(
        value=found.value,
        low=sample[k - 1],
        high=sample[count - k],
        level=level,
        count=count,
        failed=found.failed,
    )


def mean_interval(values: Sequence[float | None]) -> Interval:
    """The mean of a sample with Student's t interval of level ``LEVEL``.

    It assumes independent values of one normal distribution. A single value has no interval,
    and neither have equal ones, which say nothing of how far they vary, nor a sample with
    failures, whose mean is infinite.

    Args:
        values: of independent seeds; differences of two arms are given pair by pair.

    Raises:
        ValueError: no values.

    Source: Student (1908), doi:10.1093/biomet/6.1.1.

    >>> found = mean_interval([1.0, 2.0, 3.0])
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    from scipy import stats

    sample = _numbers(values)
    count, failed = len(sample), _failed(sample)
    if failed:
        return Interval(value=math.inf, count=count, failed=failed)
    value = math.fsum(sample) / count
    if max(sample) - min(sample) <= _ROUNDING * max(map(abs, sample)):  # or a single one
        return Interval(value=value, count=count, failed=0)
    deviation = float(np.std(sample, ddof=1)) / math.sqrt(count)
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * deviation
    return Interval(
        value=value, low=value - half, high=value + half, level=LEVEL, count=count, failed=0
    )


def _numbers(values: Sequence[float | None]) -> list[float]:
    if not values:
        raise ValueError("required: at least one value for an interval; got none")
    return [math.inf if v is None or math.isnan(v) else float(v) for v in values]


def _failed(sample: Sequence[float]) -> int:
    return sum(map(math.isinf, sample))
