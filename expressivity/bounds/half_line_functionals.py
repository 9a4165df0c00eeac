"""Functionals at points where a map has one sign: what they show for a box of slopes and shifts.

At points u where y = w u + b >= 0 the functions silu(y) and tanh(y), beside 1 and u, are
combinations of A = y/(1 + e^y) and B = 1/(1 + e^(2y)). Three rows of divided differences of order
at least 2 annihilate 1 and u; with D_k = w^-j_k [row k], j_k the order, and lambda the cross
product of the D_k(A) and the D_k(B), eta = sum_k lambda_k w^-j_k [row k] annihilates A and B too,
whatever (b, w) is. D_k is smooth down to w = 0: by the Hermite-Genocchi formula its derivatives are
means of derivatives of A and B over the row's points. Here eta is a Taylor model over a box of
(b, w), or of (1/b, w). docs/theory.md, section 4, B10.

Arrays are lists: P points, K rows.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import flint

from expressivity.bounds.logistic_tails import FUNCTIONS, Tables
from expressivity.bounds.taylor_models import Model, power
from expressivity.symbolic.enclosure import as_ball

Interval = tuple[Fraction, Fraction]
Row = tuple[int, int]
"""The first and the last of the points of a divided difference."""

_DEGREE = 4  # of the Taylor models
_NESTED: tuple[Row, ...] = ((0, 2), (0, 3), (0, 4))
_NEIGHBOURS: tuple[Row, ...] = ((0, 2), (1, 3), (2, 4))
_SIX: tuple[Row, ...] = ((0, 2), (0, 4), (0, 5))
_NEAR = 3  # points whose values of y differ by less are seen by nested differences


@functools.lru_cache(maxsize=4096)
def divided_difference(points: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """The weights of the values at the points.

    >>> divided_difference((Fraction(0), Fraction(1), Fraction(2)))
    (Fraction(1, 2), Fraction(-1, 1), Fraction(1, 2))
    """
    return tuple(
        1 / math.prod((p - q for q in points if q != p), start=Fraction(1)) for p in points
    )


class Chart(Protocol):
    """The functions A and B in one of the charts of ``logistic_tails``."""

    def tables(self, b: flint.arb, t: flint.arb, order: int, /) -> Tables:
        """Coefficients at a point."""
        ...

    def largest(self, b: Interval, t: Interval, order: int, /) -> Tables:
        """Bounds on their sizes in a box."""
        ...

    def neglected(self, b: Interval, t: Interval, order: int, /) -> list[flint.arb]:
        """Bounds on what the coefficients leave out, of one order of t."""
        ...


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box of (b, w), or of (1/b, w); w is not negative."""

    b: Interval
    w: Interval

    def halves(self, *, across_w: bool) -> "tuple[Box, Box]":
        """Both halves, the lower one first."""
        low, high = self.w if across_w else self.b
        middle = (low + high) / 2
        if across_w:
            return Box(b=self.b, w=(low, middle)), Box(b=self.b, w=(middle, high))
        return Box(b=(low, middle), w=self.w), Box(b=(middle, high), w=self.w)


class Functional:
    """eta over a box, at five or six increasing points.

    >>> from expressivity.bounds.logistic_tails import Near
    >>> box = Box(b=(Fraction(1), Fraction(5, 4)), w=(Fraction(1), Fraction(5, 4)))
    >>> eta = Functional(Near(), box, [Fraction(k, 4) for k in range(5)])
    >>> hat = [flint.arb(v) for v in (0, 0, 1, 0, 0)]
    >>> eta.shows(hat, Fraction(1, 4)), eta.shows(hat, Fraction(1, 2))
    (True, False)
    """

    def __init__(self, chart: Chart, box: Box, points: Sequence[Fraction]) -> None:
        self._attempts = [
            _Weights(chart, box, tuple(points), rows) for rows in _rows_for(box, points)
        ]

    def shows(self, values: Sequence[flint.arb], claim: Fraction) -> bool:
        """Whether a function with these values is nowhere in the box so close or closer."""
        return any(attempt.shows(values, claim) for attempt in self._attempts)


def _rows_for(box: Box, points: Sequence[Fraction]) -> list[tuple[Row, ...]]:
    if len(points) == 6:
        return [_SIX]
    near = box.w[1] * (points[-1] - points[0]) < _NEAR
    return [_NESTED, _NEIGHBOURS] if near else [_NEIGHBOURS]


class _Weights:
    """eta's weights by one choice of rows, times a positive function of the box."""

    def __init__(
        self, chart: Chart, box: Box, points: tuple[Fraction, ...], rows: tuple[Row, ...]
    ) -> None:
        self._arguments = chart, box, points, rows

    @functools.cached_property
    def models(self) -> list[Model]:
        """One for each point."""
        chart, box, points, rows = self._arguments
        highest = max(last - first for first, last in rows)
        entries = [_entries(chart, box, points, row) for row in rows]
        w, radius = _middle_and_radius(box.w)
        weights: list[Model | None] = [None] * len(points)
        for k, (first, last) in enumerate(rows):
            one, other = (entries[i] for i in range(3) if i != k)
            minor = one[0] * other[1] - other[0] * one[1]
            if highest > last - first:
                minor = minor * _power_of_w(w, radius, highest - (last - first))
            sign = -1 if k == 1 else 1
            for i, c in zip(
                range(first, last + 1), divided_difference(points[first : last + 1]), strict=True
            ):
                part = minor.times(sign * as_ball(c))
                before = weights[i]
                weights[i] = part if before is None else before + part
        return [model for model in weights if model is not None]

    def shows(self, values: Sequence[flint.arb], claim: Fraction) -> bool:
        """Whether abs(<values, eta>) > claim (sum of the sizes of the weights) in the whole box."""
        parts = [model.times(v) for model, v in zip(self.models, values, strict=True)]
        total = functools.reduce(Model.__add__, parts)
        excess = total.times(_sign(total))
        needed, missing = as_ball(claim), flint.arb(0)
        for model in self.models:
            size = model.times(_sign(model))
            excess = excess - size.times(needed)
            missing += 2 * needed * max(-size.lower(), flint.arb(0))
        return bool(excess.lower() > missing)


def _sign(model: Model) -> flint.arb:
    return flint.arb(1 if model.middle.mid() >= 0 else -1)


def _power_of_w(w: flint.arb, radius: flint.arb, exponent: int) -> Model:
    assert 0 <= exponent <= _DEGREE
    table = [[flint.arb(0)] * (_DEGREE + 1 - p) for p in range(_DEGREE + 1)]
    return Model([power(w, radius, exponent, _DEGREE), *table[1:]], flint.arb(0))


def _entries(chart: Chart, box: Box, points: tuple[Fraction, ...], row: Row) -> list[Model]:
    """D_k of both functions as models: exact about the middle, with Peano's form of the rest."""
    chosen = points[row[0] : row[1] + 1]
    order, degree = row[1] - row[0], _DEGREE
    b, half_b = _middle_and_radius(box.b)
    w, half_w = _middle_and_radius(box.w)
    tables = [chart.tables(b, w * as_ball(u), degree) for u in chosen]
    weights = [as_ball(c) for c in divided_difference(chosen)]
    ends = [w * u for w in box.w for u in (chosen[0], chosen[-1])]
    hull = (min(ends), max(ends))
    largest = chart.largest(box.b, hull, order + degree + 1)
    neglected = chart.neglected(box.b, hull, order)
    farthest = as_ball(max(abs(chosen[0]), abs(chosen[-1]))) * half_w
    inverse = power(w, half_w, -order, degree)
    found: list[Model] = []
    for k in range(FUNCTIONS):
        table: list[list[flint.arb]] = []
        for p in range(degree + 1):
            means = [
                sum(
                    (
                        c * (as_ball(u) * half_w) ** q * one[k][p][q]
                        for c, u, one in zip(weights, chosen, tables, strict=True)
                    ),
                    flint.arb(0),
                )
                * half_b**p
                for q in range(degree + 1 - p)
            ]
            table.append(
                [
                    sum((means[i] * inverse[q - i] for i in range(q + 1)), flint.arb(0))
                    for q in range(degree + 1 - p)
                ]
            )
        n = degree + 1
        rest = sum(
            (
                math.comb(order + n - p, order)
                * largest[k][p][order + n - p]
                * half_b**p
                * farthest ** (n - p)
                for p in range(n + 1)
            ),
            neglected[k],
        )
        found.append(Model(table, flint.arb(rest.upper())))
    return found


def _middle_and_radius(interval: Interval) -> tuple[flint.arb, flint.arb]:
    low, high = interval
    return as_ball((low + high) / 2), as_ball((high - low) / 2)
