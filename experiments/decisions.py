"""What a sample of paired differences decides, and how many are needed to decide it.

Everything takes the differences for independent values of one normal distribution.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.statistics import Interval, mean_interval


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Tests on the mean of paired differences.

    Attributes:
        interval: the mean with Student's t interval.
        deviation: of the differences; None as are the others where there is no interval.
        differs: two-sided p value of a mean of 0 (Student's t).
        equal: p value of a mean outside the margin: the larger of two one-sided ones.
    """

    interval: Interval
    deviation: float | None
    differs: float | None
    equal: float | None


def paired_test(differences: Sequence[float | None], *, margin: float) -> PairedTest:
    """Test differences against 0 and against a margin of equivalence.

    Args:
        differences: pair by pair; None for a pair with a failed run, which leaves no test.
        margin: positive; a mean nearer to 0 counts as none.

    Raises:
        ValueError: no differences.

    Source: Student (1908), doi:10.1093/biomet/6.1.1; two one-sided tests: Schuirmann (1987),
    doi:10.1007/BF01068419.

    >>> found = paired_test([1.0, 2.0, 3.0], margin=1.0)
    >>> round(found.differs, 4), round(found.equal, 4)
    (0.0742, 0.8873)
    """
    from scipy import stats  # most of a second to import, for every command

    interval = mean_interval(differences)
    if interval.low is None:
        return PairedTest(interval=interval, deviation=None, differs=None, equal=None)
    count = interval.count
    deviation = float(np.std([float(d) for d in differences if d is not None], ddof=1))
    error = deviation / math.sqrt(count)
    return PairedTest(
        interval=interval,
        deviation=deviation,
        differs=float(2 * stats.t.sf(abs(interval.value) / error, count - 1)),
        equal=float(stats.t.sf((margin - abs(interval.value)) / error, count - 1)),
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values: those at most a level are significant together at it.

    A missing value counts as 1 among the others and stays missing.

    Source: Holm (1979), doi:10.2307/4615733.

    >>> holm([0.01, 0.04, 0.03, None])
    [0.04, 0.09, 0.09, None]
    """
    numbers = [1.0 if p is None else p for p in p_values]
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    adjusted = dict.fromkeys(order, 0.0)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(numbers) - rank) * numbers[place]))
        adjusted[place] = largest
    return [None if p is None else adjusted[place] for place, p in enumerate(p_values)]


def power_to_differ(deviation: float, count: int, *, difference: float, level: float) -> float:
    """Probability that the paired t test sees a true difference, two-sided, at a level.

    That of Student's noncentral t, whose far tails scipy has as NaN; so it is integrated here.

    >>> round(power_to_differ(0.0039, 16, difference=0.003, level=0.05), 3)
    0.82
    """
    from scipy import stats
    from scipy.special import ndtr

    limit = stats.t.ppf(1 - level / 2, count - 1)
    shift = difference / deviation * math.sqrt(count)

    def seen(ratio: float) -> float:
        return float(ndtr(shift - limit * ratio) + ndtr(-limit * ratio - shift))

    return _over_deviations(seen, count, float(shift / limit))


def power_to_equal(deviation: float, count: int, *, margin: float, level: float) -> float:
    """Probability that the two one-sided tests show equivalence where the true mean is 0.

    >>> round(power_to_equal(0.0039, 16, margin=0.003, level=0.05), 3)
    0.803
    """
    from scipy import stats
    from scipy.special import ndtr

    limit, room = stats.t.ppf(1 - level, count - 1), margin / deviation * math.sqrt(count)

    def near(ratio: float) -> float:
        return max(0.0, float(2 * ndtr(room - limit * ratio) - 1))

    return _over_deviations(near, count, float(room / limit))


def _over_deviations(probability: Callable[[float], float], count: int, bend: float) -> float:
    """The mean of a probability over the sample's deviation, as a ratio to the true one.

    Args:
        probability: at a ratio, which is a chi variable over the root of its freedom.
        count: size of the sample.
        bend: the ratio at which the probability falls.
    """
    from scipy.integrate import quad

    freedom = count - 1
    constant = math.log(2) + freedom / 2 * math.log(freedom / 2) - math.lgamma(freedom / 2)

    def density(ratio: float) -> float:
        if ratio == 0:  # a single point adds nothing
            return 0.0
        exponent = (freedom - 1) * math.log(ratio) - freedom * ratio**2 / 2
        return probability(ratio) * math.exp(constant + exponent)

    end = 1 + 8 / math.sqrt(freedom)  # there is nothing to add beyond eight deviations
    points = [ratio for ratio in (bend, 1.0) if ratio < end]
    return min(1.0, float(quad(density, 0, end, points=points)[0]))


def power(deviation: float, count: int, *, margin: float, level: float) -> float:
    """The smaller of both: a difference of the margin is seen, and none is shown to be none."""
    return min(
        power_to_differ(deviation, count, difference=margin, level=level),
        power_to_equal(deviation, count, margin=margin, level=level),
    )
