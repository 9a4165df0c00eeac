"""The curves A(y) = y/(1 + e^y) and B(y) = 1/(1 + e^(2y)) at y = b + w u, on boxes.

They are what silu and tanh of y >= 0 are, up to affine functions. Both come from the logistic
L(y) = 1/(1 + e^y): A = y L(y), B(y) = L(2y), and ``L' = L^2 - L`` gives all Taylor coefficients.
``Near`` has boxes of (b, w); ``Far`` has boxes of (r, w), r = 1/b, and A e^b/b and B e^(2b) for A
and B, with what they are at b = oo in the polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import comb, factorial

from flint import arb

from expressivity.checker.balls import Ball, to_ball

Side = tuple[Fraction, Fraction]
Pair = tuple[Ball, Ball]
Terms = tuple[list[Ball], list[Ball]]

_CELLS = 32  # in a unit of y
_MOST = 64  # cells before the rest of the line is one


def ratios(logistic: Ball, order: int) -> list[Ball]:
    """Taylor coefficients of L at a point, or on a ball, divided by its value there."""
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
    one, two = 1 / (1 + y.exp()), 1 / (1 + (2 * y).exp())
    return _curves(y * one, one, two, order)


def _curves(product: Ball, one: Ball, two: Ball, order: int) -> Terms:
    """The same, from y L(y), L(y) and L(2y)."""
    row, other = ratios(one, order), ratios(two, order)
    first = [product * c + one * before for c, before in zip(row, [arb(0), *row], strict=False)]
    return first, [two * c * 2**k for k, c in enumerate(other)]


class Suprema:
    """Bounds of the Taylor coefficients of A and B on intervals of y, from cells that are kept."""

    def __init__(self, order: int) -> None:
        self._order = order
        self._cells: dict[tuple[int, bool], list[Pair]] = {}

    def over(self, y: Ball, order: int) -> Pair:
        """Of the coefficients of one order, for y in a ball."""
        first = int((y.lower() * _CELLS).floor().unique_fmpz())
        last = int((y.upper() * _CELLS).ceil().unique_fmpz())
        end = max(min(last, first + _MOST), first + 1)
        found = [self._cell(k, False)[order] for k in range(first, end)]
        if end < last:
            found.append(self._cell(end, True)[order])
        return reduce(lambda p, q: (p[0].max(q[0]), p[1].max(q[1])), found)

    def _cell(self, index: int, endless: bool) -> list[Pair]:
        if (index, endless) not in self._cells:
            row = _endless(index, self._order) if endless else _cell(index, self._order)
            bounds = [(abs(p).upper(), abs(q).upper()) for p, q in zip(*row, strict=True)]
            self._cells[index, endless] = bounds
        return self._cells[index, endless]


def _cell(index: int, order: int) -> Terms:
    """On a cell: at its middle, and what the coefficients of the next order allow."""
    half = to_ball(Fraction(1, 2 * _CELLS))
    middle = to_ball(Fraction(2 * index + 1, 2 * _CELLS))
    spread = half.union(-half)
    centre, hull = curves(middle, order), curves(middle + spread, order + 1)
    a, b = (
        [c + spread * (k + 1) * wide[k + 1] for k, c in enumerate(at)]
        for at, wide in zip(centre, hull, strict=True)
    )
    return a, b


def _endless(index: int, order: int) -> Terms:
    """From a cell on, where y >= 2: then y L(y) decreases."""
    y = to_ball(Fraction(index, _CELLS))
    one, two = 1 / (1 + y.exp()), 1 / (1 + (2 * y).exp())
    nothing = arb(0)
    return _curves(nothing.union(y * one), nothing.union(one), nothing.union(two), order)


@dataclass(frozen=True)
class Near:
    """A box of (b, w), b = b0 + db x, w = w0 + dw y."""

    sides: tuple[Side, Side]
    degree: int
    suprema: Suprema

    def is_one_sided(self, first: Fraction) -> bool:
        """Whether y >= 0 from the first point on, everywhere in the box."""
        (b, _), w = self.sides
        return b + min(first * w[0], first * w[1]) >= 0

    def terms(self, u: Fraction) -> Terms:
        """The polynomials of A and B at u."""
        (b0, db), (w0, dw) = map(middle, self.sides)
        place = to_ball(u)
        x, y = _powers(db, self.degree), _powers(place * dw, self.degree)
        a, b = (
            [
                c * comb(total, k) * x[total - k] * y[k]
                for total, c in enumerate(row)
                for k in range(total + 1)
            ]
            for row in curves(b0 + w0 * place, self.degree)
        )
        return a, b

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """Bounds of what the polynomials leave out, of divided differences of A and B over w^order.

        Those of that order, of points from the first to the last.
        """
        n = self.degree + 1
        (_, db), (_, dw) = map(middle, self.sides)
        b, w = (to_ball(low).union(to_ball(high)) for low, high in self.sides)
        y = b + w * to_ball(first).union(to_ball(last))
        factor = comb(order + n, n) * (db + _largest(first, last) * dw) ** n
        one, two = self.suprema.over(y, order + n)
        return one * factor, two * factor


@dataclass(frozen=True)
class Far:
    """A box of (r, w), r = r0 + dr x, w = w0 + dw y.

    With t = w u and L = L(b + t) they are (1 + r t) e^-t (1 - L), and the like for B; a polynomial
    leaves L out, and all that it leaves out is in the bounds.
    """

    sides: tuple[Side, Side]
    degree: int

    def is_one_sided(self, first: Fraction) -> bool:
        """As in :meth:`Near.is_one_sided`."""
        (_, r), (_, w) = self.sides
        return 1 + r * w * min(first, 0) >= 0

    def terms(self, u: Fraction) -> Terms:
        """The polynomials of A and B at u."""
        (r0, dr), (w0, dw) = map(middle, self.sides)
        place = to_ball(u)
        t = w0 * place
        falls = [(-t).exp() * c for c in _falling(self.degree)]  # of e^-t
        rises = [t * c + d for c, d in zip(falls, [arb(0), *falls], strict=False)]  # of t e^-t
        y = _powers(place * dw, self.degree)
        double = (-2 * t).exp()
        a: list[Ball] = []
        b: list[Ball] = []
        for total in range(self.degree + 1):
            a += [arb(0)] * (total - 1)
            if total:
                a.append(rises[total - 1] * y[total - 1] * dr)
            a.append((falls[total] + r0 * rises[total]) * y[total])
            b += [arb(0)] * total
            b.append(double * _falling(total)[total] * 2**total * y[total])
        return a, b

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """As in :meth:`Near.rests`."""
        n = self.degree + 1
        (_, dr), (_, dw) = map(middle, self.sides)
        w = to_ball(self.sides[1][0]).union(to_ball(self.sides[1][1]))
        t = w * to_ball(first).union(to_ball(last))
        low = t.lower()
        # (t - low) e^-(t - low) is at most:
        gain = (t.upper() - low).min((-arb(1)).exp())
        least, most = map(to_ball, self.sides[0])
        r, fall, double = least.union(most), (-low).exp(), (-2 * low).exp()
        step = _largest(first, last) * dw

        def linear(k: int) -> Ball:
            """Of e^-t (1 + r (t - k))."""
            return fall * (abs(1 + r * (low - k)) + most * gain)

        def plain(k: int) -> Ball:
            """Of e^-t (t - k)."""
            return fall * (abs(low - k) + gain)

        one = comb(order + n, n) * linear(order + n) / factorial(order + n) * step**n
        one += (
            comb(order + n - 1, n - 1)
            * plain(order + n - 1)
            / factorial(order + n - 1)
            * (dr * step ** (n - 1))
        )
        two = comb(order + n, n) * double * arb(2) ** (order + n) / factorial(order + n) * step**n
        beyond = (-1 / most).exp()  # e^-b is at most
        nothing = arb(0)
        off = _off(nothing.union(beyond * fall), order)
        before = _off(nothing.union(beyond * fall), order - 1) if order else arb(0)
        one += linear(0) * off + most * fall * before
        two += double * 2**order * _off(nothing.union(beyond**2 * double), order)
        return one, two


def _off(logistic: Ball, order: int) -> Ball:
    """By how much a Taylor coefficient of L e^y differs from that of e^-t, both over e^-t.

    Where L is at most the ball: L e^y = 1 - L.
    """
    return abs((1 - logistic) * ratios(logistic, order)[order] - _falling(order)[order])


def _falling(order: int) -> list[Ball]:
    """Taylor coefficients of e^-t at 0."""
    return [arb((-1) ** k) / factorial(k) for k in range(order + 1)]


def middle(side: Side) -> Pair:
    """The middle and half the length."""
    low, high = side
    return to_ball((low + high) / 2), to_ball((high - low) / 2)


def _powers(base: Ball, degree: int) -> list[Ball]:
    row = [arb(1)]
    for _ in range(degree):
        row.append(row[-1] * base)
    return row


def _largest(*values: Fraction) -> Ball:
    return to_ball(max(map(abs, values)))


def combined(rows: Sequence[Terms], weights: Sequence[Ball]) -> Terms:
    """Sums of polynomials with weights."""
    a, b = (
        [
            sum((c * w for c, w in zip(column, weights, strict=True)), arb(0))
            for column in zip(*(row[k] for row in rows), strict=True)
        ]
        for k in (0, 1)
    )
    return a, b
