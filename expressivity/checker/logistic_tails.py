"""The curves A(y) = y/(1 + e^y) and B(y) = 1/(1 + e^(2y)).

They are what silu and tanh of y >= 0 are, up to affine functions. Both come from the logistic
L(y) = 1/(1 + e^y): A(y) = y L(y), B(y) = L(2y), and ``L' = L^2 - L`` gives all Taylor coefficients.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import ceil, floor

from flint import arb

from expressivity.checker.balls import Ball, to_ball

Pair = tuple[Ball, Ball]
"""Something of A, and the same of B."""
Terms = tuple[list[Ball], list[Ball]]

_CELLS = 32  # in a unit of y
_MOST = 64  # cells, before all that follows is one
_LAST = 64 * _CELLS  # from here on there is no other


def ratios(logistic: Ball, order: int) -> list[Ball]:
    """Taylor coefficients of L at a point, or on a ball, divided by its value there.

    >>> [float(c) for c in ratios(arb(0), 3)[:3]]  # those of e^-y
    [1.0, -1.0, 0.5]
    """
    row = [arb(1)]
    for k in range(order):
        square = sum((row[i] * row[k - i] for i in range(k + 1)), arb(0))
        row.append((logistic * square - row[k]) / (k + 1))
    return row


def curves(y: Ball, order: int) -> Terms:
    """Taylor coefficients of A and B up to the order.

    >>> a, b = curves(arb(0), 2)
    >>> [float(c) for c in a], [float(c) for c in b]
    ([0.0, 0.5, -0.25], [0.5, -0.5, 0.0])
    """
    one, two = _logistics(y)
    return _coefficients(y * one, one, two, order)


def _logistics(y: Ball) -> Pair:
    return 1 / (1 + y.exp()), 1 / (1 + (2 * y).exp())


def _coefficients(product: Ball, one: Ball, two: Ball, order: int) -> Terms:
    """From y L(y), L(y) and L(2y)."""
    row, other = ratios(one, order), ratios(two, order)
    first = [product * c + one * before for c, before in zip(row, [arb(0), *row], strict=False)]
    return first, [two * c * 2**k for k, c in enumerate(other)]


class Suprema:
    """Bounds of the Taylor coefficients of A and B on intervals of y, from cells that are kept."""

    def __init__(self, order: int) -> None:
        self._order = order
        self._cells: dict[int, list[Pair]] = {}
        self._tails: dict[int, list[Pair]] = {}

    def over(self, low: Fraction, high: Fraction, order: int) -> Pair:
        """Of the coefficients of one order, for y from the first number to the second."""
        first, last = floor(low * _CELLS), ceil(high * _CELLS)
        if first >= _LAST:
            return self._bounds(_tail(to_ball(low), self._order))[order]
        end = max(min(last, first + _MOST), first + 1)
        found = [self._cell(index)[order] for index in range(first, end)]
        if end < last:
            found.append(self._from(end)[order])
        return reduce(lambda p, q: (p[0].max(q[0]), p[1].max(q[1])), found)

    def _cell(self, index: int) -> list[Pair]:
        if index not in self._cells:
            self._cells[index] = self._bounds(_cell(index, self._order))
        return self._cells[index]

    def _from(self, index: int) -> list[Pair]:
        if index not in self._tails:
            self._tails[index] = self._bounds(_tail(arb(index) / _CELLS, self._order))
        return self._tails[index]

    @staticmethod
    def _bounds(rows: Terms) -> list[Pair]:
        return [(abs(p).upper(), abs(q).upper()) for p, q in zip(*rows, strict=True)]


def _cell(index: int, order: int) -> Terms:
    """On a cell: at its middle, and what the coefficients of the next order allow."""
    half = arb(1) / (2 * _CELLS)
    middle, spread = arb(2 * index + 1) * half, half.union(-half)
    centre, hull = curves(middle, order), curves(middle + spread, order + 1)
    a, b = (
        [c + spread * (k + 1) * wide[k + 1] for k, c in enumerate(at)]
        for at, wide in zip(centre, hull, strict=True)
    )
    return a, b


def _tail(y: Ball, order: int) -> Terms:
    """From y >= 1.3 on, where L(y), L(2y) and y L(y) decrease, to 0."""
    one, two = _logistics(y)
    nothing = arb(0)
    return _coefficients(nothing.union(y * one), nothing.union(one), nothing.union(two), order)
