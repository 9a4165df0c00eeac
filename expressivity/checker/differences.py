"""Functionals on five or six points that annihilate affine functions and two curves, on boxes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Protocol

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.half_lines import Side
from expressivity.checker.logistic_tails import Pair, Terms, combined, middle
from expressivity.checker.taylor_models import Model, along, in_second, power_terms, weighted


class Chart(Protocol):
    """A box, and enclosures of the curves there."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """The second is that of w."""
        ...

    @property
    def degree(self) -> int:
        """Of the polynomials."""
        ...

    def is_one_sided(self, first: Fraction) -> bool:
        """Whether y >= 0 from the first point on, everywhere in the box."""
        ...

    def terms(self, u: Fraction) -> Terms:
        """The polynomials of the two curves at u."""
        ...

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """What they leave out, of divided differences of this order over its power of w."""
        ...


Rows = tuple[tuple[tuple[int, int], ...], bool]
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
        """At least the functional of the jumps, less what is needed times the sum of the weights.

        Everywhere in the box, and for a positive multiple of the functional.
        """
        parts = self._parts(chart, rows)
        weights = self._by_point(parts, rows)
        signs = [1 if weight.terms[0].mid() > 0 else -1 for weight in weights]
        total = sum((w.terms[0] * v for w, v in zip(weights, self._values, strict=True)), arb(0))
        sign = 1 if total.mid() > 0 else -1
        values = [sign * v - needed * s for v, s in zip(self._values, signs, strict=True)]
        gap = weighted(parts, [self._row(row, values) for row in rows[0]])
        least = gap.low()
        for weight, s in zip(weights, signs, strict=True):
            low = weight.scaled(arb(s)).low()
            least += 2 * needed * low.min(arb(0))
        return least.lower()

    def shown(self, chart: Chart) -> Ball:
        """At most the distance that the points show, on a box that is one point."""
        rows = self.choices(chart.sides[1])[0]
        weights = [
            model.terms[0] + model.rest.union(-model.rest)
            for model in self._by_point(self._parts(chart, rows), rows)
        ]
        top = abs(sum((w * v for w, v in zip(weights, self._values, strict=True)), arb(0)))
        total = sum(map(abs, weights), arb(0))
        return top.upper() / total.lower() if total > 0 else arb.pos_inf()

    def _parts(self, chart: Chart, rows: Rows) -> list[Model]:
        """The weights of the three divided differences, which annihilate both curves."""
        ranges, scaled = rows
        n, (centre, radius) = chart.degree, middle(chart.sides[1])
        polynomials = [chart.terms(u) for u in self.points]
        rests = [] if scaled else [chart.rests(u, u, 0) for u in self.points]
        pairs: list[tuple[Model, Model]] = []
        for first, last in ranges:
            weights, order = self._weights_of((first, last)), last - first
            curves = combined(polynomials[first : last + 1], weights)
            if scaled:
                inverse = power_terms(centre, radius, -order, n)
                curves = along(curves[0], inverse), along(curves[1], inverse)
                left = chart.rests(self.points[first], self.points[last], order)
            else:
                left = _spread(rests[first : last + 1], weights)
            pairs.append((Model(n, curves[0], left[0]), Model(n, curves[1], left[1])))
        most = max(last - first for first, last in ranges)
        parts: list[Model] = []
        for k, (first, last) in enumerate(ranges):
            (a, b), (c, d) = pairs[(k + 1) % 3], pairs[(k + 2) % 3]
            part = a * d - c * b
            if scaled and last - first < most:
                power = power_terms(centre, radius, most - last + first, n)
                part *= in_second(power, n)
            parts.append(part)
        return parts

    def _by_point(self, parts: Sequence[Model], rows: Rows) -> list[Model]:
        """The weights of the points."""
        return [
            weighted(
                *zip(
                    *(
                        (part, self._weights_of((first, last))[i - first])
                        for part, (first, last) in zip(parts, rows[0], strict=True)
                        if first <= i <= last
                    ),
                    strict=True,
                )
            )
            for i in range(len(self.points))
        ]

    def _weights_of(self, row: tuple[int, int]) -> list[Ball]:
        if row not in self._weights:
            first, last = row
            weights = divided_difference(self.points[first : last + 1])
            self._weights[row] = [to_ball(c) for c in weights]
        return self._weights[row]

    def _row(self, row: tuple[int, int], values: Sequence[Ball]) -> Ball:
        found = zip(self._weights_of(row), values[row[0] : row[1] + 1], strict=True)
        return sum((c * v for c, v in found), arb(0))


def _spread(rests: Sequence[Pair], weights: Sequence[Ball]) -> Pair:
    sizes = [abs(w) for w in weights]
    one, two = (
        sum((rest[k] * size for rest, size in zip(rests, sizes, strict=True)), arb(0))
        for k in (0, 1)
    )
    return one, two
