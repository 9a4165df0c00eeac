"""Taylor models in two variables: polynomials of bounded degree, and balls for what they neglect.

The variables run over [-1, 1]; a model stands for every function that differs from its polynomial
by at most its error there (Makino and Berz, "Taylor models and other validated functional
inclusion methods", Int. J. Pure Appl. Math. 4, 2003).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import flint

Table = Sequence[Sequence[flint.arb]]
"""Rows p of columns q: coefficients of x^p y^q with p + q at most the degree."""

_ZERO = flint.arb(0)


@dataclass(frozen=True, slots=True)
class Model:
    """A polynomial and what it may be wrong by.

    Attributes:
        table: coefficients.
        error: not negative; exact.
    """

    table: Table
    error: flint.arb

    @property
    def degree(self) -> int:
        """The degree that is kept."""
        return len(self.table) - 1

    @property
    def middle(self) -> flint.arb:
        """The polynomial's value in the middle."""
        return self.table[0][0]

    def __add__(self, other: "Model") -> "Model":
        rows = zip(self.table, other.table, strict=True)
        table = [[p + q for p, q in zip(*row, strict=True)] for row in rows]
        return Model(table, (self.error + other.error).upper())

    def __sub__(self, other: "Model") -> "Model":
        return self + other.times(flint.arb(-1))

    def times(self, factor: flint.arb) -> "Model":
        """The multiple by a number."""
        table = [[c * factor for c in row] for row in self.table]
        return Model(table, (self.error * abs(factor)).upper())

    def __mul__(self, other: "Model") -> "Model":
        n = self.degree
        table = [
            [
                sum(
                    (
                        self.table[i][j] * other.table[p - i][q - j]
                        for i in range(p + 1)
                        for j in range(q + 1)
                    ),
                    _ZERO,
                )
                for q in range(n + 1 - p)
            ]
            for p in range(n + 1)
        ]
        mine, others = self._sizes(), other._sizes()
        above = sum(
            (mine[i] * others[j] for i in range(n + 1) for j in range(n + 1 - i, n + 1)), _ZERO
        )
        whole, whole_other = sum(mine, _ZERO), sum(others, _ZERO) + other.error
        return Model(table, (above + whole * other.error + self.error * whole_other).upper())

    def lower(self) -> flint.arb:
        """A number that no value is below.

        >>> x_plus_2 = Model([[flint.arb(2), flint.arb(0)], [flint.arb(1)]], flint.arb(0))
        >>> (x_plus_2 * x_plus_2).lower()
        -1.00000000000000
        """
        return flint.arb((self.middle - sum(self._sizes()[1:], _ZERO) - self.error).lower())

    def _sizes(self) -> list[flint.arb]:
        """Of the terms of each degree, together."""
        return [
            sum((abs(self.table[p][d - p]) for p in range(d + 1)), _ZERO)
            for d in range(self.degree + 1)
        ]


def power(middle: flint.arb, radius: flint.arb, exponent: int, degree: int) -> list[flint.arb]:
    """Coefficients of (middle + radius y)^exponent up to a degree.

    >>> power(flint.arb(2), flint.arb(1), -1, 1)
    [0.500000000000000, -0.250000000000000]
    """
    found, factor = [], flint.arb(1)
    for k in range(degree + 1):
        found.append(factor * middle ** (exponent - k) * radius**k if factor != 0 else _ZERO)
        factor = factor * (exponent - k) / (k + 1)
    return found
