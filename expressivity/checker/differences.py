"""Functionals on five or six points that annihilate affine functions and two curves, on boxes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.charts import Chart, middle
from expressivity.checker.half_lines import Side
from expressivity.checker.taylor_models import Model, power, weighted

Ranges = tuple[tuple[int, int], ...]
Rows = tuple[Ranges, bool]
"""Divided differences by their first and last points, and whether they are over powers of w."""

_NESTED, _HATS = ((0, 2), (0, 3), (0, 4)), ((0, 2), (1, 3), (2, 4))
_SIX = ((0, 2), (0, 4), (0, 5))
_SHORT: list[Rows] = [(_NESTED, True), (_HATS, True), (_HATS, False)]
_LONG: list[Rows] = [(_HATS, False), (_HATS, True), (_NESTED, True)]
_MORE: list[Rows] = [(_SIX, True), (_SIX, False)]


def divided_difference(points: Sequence[Fraction]) -> list[Fraction]:
    """The weights of the values at the points.

    >>> divided_difference([Fraction(0), Fraction(1), Fraction(2)])
    [Fraction(1, 2), Fraction(-1, 1), Fraction(1, 2)]
    """
    return [1 / prod((p - q for q in points if q != p), start=Fraction(1)) for p in points]


class Differences:
    """Points, and the target's jumps there."""

    def __init__(self, points: Sequence[Fraction], values: Sequence[Ball]) -> None:
        self.points = points
        self._values = values
        self._weights: dict[tuple[int, int], list[Ball]] = {}

    def choices(self, w: Side) -> list[Rows]:
        """Ways to enclose the functional for such w, the most promising first."""
        if len(self.points) == 6:
            return _MORE
        return _LONG if sum(w) * (self.points[-1] - self.points[0]) > 6 else _SHORT

    def margin(self, chart: Chart, rows: Rows, needed: Ball) -> Ball:
        """A lower bound of the functional of the jumps less ``needed`` times its size.

        The size is the sum of the sizes of its weights. The bound is for a positive multiple of
        the functional, anywhere in the box.
        """
        parts = self.parts(chart, rows)
        weights = self.by_point(parts, rows)
        signs = [1 if weight.terms[0].mid() > 0 else -1 for weight in weights]
        sign = 1 if _inner([w.terms[0] for w in weights], self._values).mid() > 0 else -1
        values = [sign * v - needed * s for v, s in zip(self._values, signs, strict=True)]
        least = weighted(parts, [_inner(self._row(row), values) for row in rows[0]]).low()
        for weight, s in zip(weights, signs, strict=True):
            # Where s w is negative, the size of w is s w - 2 s w.
            least += 2 * needed * weight.scaled(arb(s)).low().min(arb(0))
        return least.lower()

    def shown(self, chart: Chart) -> Ball:
        """At most the distance that the points show, on a box that is one point."""
        rows = self.choices(chart.box[1])[0]
        weights = [
            model.terms[0] + model.rest.union(-model.rest)
            for model in self.by_point(self.parts(chart, rows), rows)
        ]
        total = sum(map(abs, weights), arb(0))
        top = abs(_inner(weights, self._values))
        return top.upper() / total.lower() if total > 0 else arb.pos_inf()

    def parts(self, chart: Chart, rows: Rows) -> list[Model]:
        """Weights of the three divided differences, with which both curves are annihilated."""
        ranges, scaled = rows
        curves = self.over_powers(chart, ranges) if scaled else self.plain(chart, ranges)
        most = max(last - first for first, last in ranges)
        parts: list[Model] = []
        for k, (first, last) in enumerate(ranges):
            (a, b), (c, d) = curves[(k + 1) % 3], curves[(k + 2) % 3]
            part = a * d - c * b
            if scaled and last - first < most:
                part *= power(*middle(chart.box[1]), most - last + first, chart.degree)
            parts.append(part)
        return parts

    def plain(self, chart: Chart, ranges: Ranges) -> list[tuple[Model, Model]]:
        """The divided differences of the curves, from the curves at the points."""
        found = [(chart.terms(u), chart.rests(u, u, 0)) for u in self.points]
        one, two = ([Model(chart.degree, at[k], by[k]) for at, by in found] for k in (0, 1))
        rows = map(self._row, ranges)
        return [(weighted(one, row), weighted(two, row)) for row in rows]

    def over_powers(self, chart: Chart, ranges: Ranges) -> list[tuple[Model, Model]]:
        """The divided differences of the curves over powers of w, also where it is 0."""
        n, none = chart.degree, arb(0)
        found = [chart.terms(u) for u in self.points]
        one, two = ([Model(n, at[k], none) for at in found] for k in (0, 1))
        pairs: list[tuple[Model, Model]] = []
        for first, last in ranges:
            row, order = self._row((first, last)), last - first
            inverse = power(*middle(chart.box[1]), -order, n)
            rests = chart.rests(self.points[first], self.points[last], order)
            a, b = (
                Model(n, (weighted(curve, row) * inverse).terms, rest)
                for curve, rest in zip((one, two), rests, strict=True)
            )
            pairs.append((a, b))
        return pairs

    def by_point(self, parts: Sequence[Model], rows: Rows) -> list[Model]:
        """The weights of the points."""
        columns = zip(*map(self._row, rows[0]), strict=True)
        return [weighted(parts, column) for column in columns]

    def _row(self, where: tuple[int, int]) -> list[Ball]:
        """The weights of a divided difference, 0 where it has none."""
        if where not in self._weights:
            first, last = where
            weights = divided_difference(self.points[first : last + 1])
            after = len(self.points) - last - 1
            row = [*[Fraction(0)] * first, *weights, *[Fraction(0)] * after]
            self._weights[where] = [to_ball(c) for c in row]
        return self._weights[where]


def _inner(one: Sequence[Ball], other: Sequence[Ball]) -> Ball:
    return sum((p * q for p, q in zip(one, other, strict=True)), arb(0))
