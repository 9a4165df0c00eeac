"""Weights of spherical harmonics in the flattenings of moments on the ball (docs/theory.md, B4).

A flattening has rows of degree k and, for each degree n of moments, columns of degree n - k: the
harmonics of degrees l = k, k - 2, .. and n - k, n - k - 2, .. on the sphere. Row harmonics of
degree l count a_l times, column harmonics b_(n,l) times, as squares of entries. With

    (sum_l a_l (2l+1) P_l) (sum_l b_l (2l+1) P_l) = sum_L d_L P_L,    P_l: Legendre,

the part of degree L of the moments counts d_L/(2L+1) times, up to one factor. Here a and b are
whole numbers, and b is divided by the largest of these: any weights then prove a bound.
"""

import functools
from dataclasses import dataclass
from fractions import Fraction

from expressivity.bounds.hankel_weights import LARGEST

Weights = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ZonalWeights:
    """Positive whole numbers.

    Attributes:
        rows: a_l for l = k, k - 2, .., largest degree first.
        columns: for n = k, k + 1, .., in order, the b_(n,l) for l = n - k, n - k - 2, ..
    """

    rows: Weights
    columns: tuple[Weights, ...]
    row_degree: int

    def __post_init__(self) -> None:
        assert min(self.rows) > 0
        assert len(self.rows) == count(self.row_degree)
        assert all(min(b) > 0 and len(b) == count(n) for n, b in enumerate(self.columns))


def count(degree: int) -> int:
    """How many degrees of harmonics there are in the polynomials of a degree on the sphere."""
    return degree // 2 + 1


def dimension(degree: int) -> int:
    """Of the homogeneous polynomials of a degree in three variables.

    >>> dimension(1), dimension(2)
    (3, 6)
    """
    return (degree + 1) * (degree + 2) // 2


def equal_weights(row_degree: int, degree: int) -> ZonalWeights:
    """All 1.

    >>> equal_weights(1, 3).columns
    ((1,), (1,), (1, 1))
    """
    return ZonalWeights(
        rows=(1,) * count(row_degree),
        columns=tuple((1,) * count(n) for n in range(degree - row_degree + 1)),
        row_degree=row_degree,
    )


@functools.cache
def legendre(degree: int) -> tuple[Fraction, ...]:
    """The coefficients of a Legendre polynomial, lowest degree first.

    >>> [str(c) for c in legendre(2)]
    ['-1/2', '0', '3/2']
    """
    before, here = [Fraction(0)], [Fraction(1)]
    for n in range(degree):
        raised = [Fraction(0), *(Fraction(2 * n + 1, n + 1) * c for c in here)]
        before = [c * Fraction(n, n + 1) for c in before] + [Fraction(0)] * 2
        before, here = here, [p - q for p, q in zip(raised, before, strict=False)]
    return tuple(here)


def kernel(weights: Weights, degree: int) -> list[Fraction]:
    """sum_l a_l (2l+1) P_l for l = degree, degree - 2, ..: coefficients, lowest degree first."""
    total = [Fraction(0)] * (degree + 1)
    for weight, n in zip(weights, range(degree, -1, -2), strict=True):
        for power, c in enumerate(legendre(n)):
            total[power] += weight * (2 * n + 1) * c
    return total


def shares(row_degree: int, rows: Weights, column_degree: int, columns: Weights) -> list[Fraction]:
    """d_L/(2L+1) for L = n, n - 2, .., where n is the sum of the two degrees."""
    one, other = kernel(rows, row_degree), kernel(columns, column_degree)
    product = [Fraction(0)] * (row_degree + column_degree + 1)
    for i, p in enumerate(one):
        for j, q in enumerate(other):
            product[i + j] += p * q
    found: list[Fraction] = []
    for degree in range(len(product) - 1, -1, -2):
        part = legendre(degree)
        factor = product[degree] / part[-1]
        product = [
            p - factor * q
            for p, q in zip(product, [*part, *[Fraction(0)] * len(product)], strict=False)
        ]
        found.append(factor / (2 * degree + 1))
    return found


def largest_share(row_degree: int, rows: Weights, column_degree: int, columns: Weights) -> Fraction:
    """By what the weights of one degree's columns are divided.

    >>> str(largest_share(1, (1,), 1, (1,)))
    '3'
    """
    return max(shares(row_degree, rows, column_degree, columns))


def whole(weights: list[float]) -> Weights:
    """Whole numbers in about the same ratios.

    >>> whole([0.5, 1e-12])
    (1000000, 1)
    """
    largest = max(weights)
    return tuple(max(1, round(LARGEST * w / largest)) if largest > 0 else 1 for w in weights)
