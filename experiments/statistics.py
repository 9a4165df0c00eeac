"""Bootstrap intervals: what a handful of seeds says, and how little.

Nothing is interpolated: medians and ends of intervals are values that were seen, so that a
failed fit, an infinite error, may take part and never makes a median better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95

Statistic = Literal["median", "mean"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A statistic of a sample with its percentile bootstrap interval.

    Attributes:
        value: the statistic; infinite where failures decide it.
        low, high: ends of the interval.
        count: size of the sample.
        failed: how many of them had no finite value.
    """

    value: float
    low: float
    high: float
    count: int
    failed: int


def bootstrap(
    values: Sequence[float | None],
    statistic: Statistic = "median",
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The statistic of a sample, and where it lies in resampled samples.

    Failed values (None, NaN) count as infinite. Of an even number of values the median is the
    larger of the two in the middle.

    Args:
        values: of independent seeds or restarts.
        statistic: of each sample.
        level: probability of the interval, between the equal tails outside it.
        resamples: samples drawn, with replacement and of the same size.
        seed: of the resampling.

    Raises:
        ValueError: no values.

    Source: Efron (1979), doi:10.1214/aos/1176344552, percentile method.

    >>> bootstrap([3.0, 1.0, 2.0]).value, bootstrap([3.0, None, None]).value
    (2.0, inf)
    """
    if not values:
        raise ValueError("required: at least one value for an interval; got none")
    sample_N = np.array([math.inf if v is None or math.isnan(v) else v for v in values])
    draws_RN = np.random.default_rng(seed).choice(sample_N, size=(resamples, len(sample_N)))
    tail = (1 - level) / 2
    low, high = np.quantile(_of_rows(draws_RN, statistic), (tail, 1 - tail), method="inverted_cdf")
    return Interval(
        value=float(_of_rows(sample_N[None], statistic)[0]),
        low=float(low),
        high=float(high),
        count=len(sample_N),
        failed=int(np.isinf(sample_N).sum()),
    )


def _of_rows(rows_RN: np.ndarray, statistic: Statistic) -> np.ndarray:
    if statistic == "mean":
        return rows_RN.mean(axis=1)
    return np.sort(rows_RN, axis=1)[:, rows_RN.shape[1] // 2]
