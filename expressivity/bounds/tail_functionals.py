"""Combinations of values that annihilate powers of u and a tail at w u, for w in an interval.

Let r_1 and r_2 be two combinations of values at points 0 < tau_1 < .. < tau_N of (0, 1] that
annihilate the powers, and g the tail. Then eta(w) = <g(w .), r_2> r_1 - <g(w .), r_1> r_2
annihilates both, and for every function J the uniform distance to combinations of them is at least
abs(<J, eta>) / (sum of the sizes of eta's weights). All of it is made of numbers
sum_l a_l g(w tau_l), with weights a that annihilate the powers; here they are enclosed, divided by
one positive function of w, down to w = 0 and up to infinity (docs/theory.md, section 4, B9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

from expressivity.classes.jump_parts import JumpPart, Tail
from expressivity.symbolic.enclosure import as_ball

Weights = Sequence[flint.arb]
_most_order = 8  # of the first power at 0 that is not annihilated


@dataclass(frozen=True, kw_only=True)
class Range:
    """An interval of w: from 0 where ``low`` is 0, and without end where ``high`` is None."""

    low: Fraction
    high: Fraction | None


def annihilators(places: Sequence[Fraction], powers: Sequence[int]) -> list[list[Fraction]]:
    """Combinations of neighbouring values that annihilate the powers; one for each window.

    >>> annihilators([Fraction(1, 2), Fraction(1)], [1])
    [[Fraction(1, 1), Fraction(-1, 2)]]
    """
    size = len(powers) + 1
    found: list[list[Fraction]] = []
    for first in range(len(places) - size + 1):
        rows = [[place**k for k in powers] for place in places[first : first + size]]
        minors = [
            (-1) ** i * _determinant([row for j, row in enumerate(rows) if j != i])
            for i in range(size)
        ]
        after = len(places) - size - first
        found.append([*[Fraction(0)] * first, *minors, *[Fraction(0)] * after])
    return found


def _determinant(rows: list[list[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    terms = [
        (-1) ** i * row[0] * _determinant([r[1:] for j, r in enumerate(rows) if j != i])
        for i, row in enumerate(rows)
    ]
    return sum(terms, Fraction(0))


def distance(
    part: JumpPart, places: Sequence[Fraction], values: Weights, where: Range
) -> flint.arb:
    """A lower bound on the uniform distance of a function to powers and the tail at w u.

    Args:
        part: the powers and the tail.
        places: N points of (0, 1], two more than there are powers; one more without a tail.
        values: of the function there.
        where: w; not used without a tail.

    Returns:
        A number, at most 0 or not finite where nothing is shown.

    >>> line = [as_ball(Fraction(k, 4)) ** 2 for k in (1, 2, 4)]
    >>> part = JumpPart(powers=(0, 1), tail=None)
    >>> places = [Fraction(1, 4), Fraction(1, 2), Fraction(1)]
    >>> round(float(distance(part, places, line, Range(low=Fraction(0), high=None))), 6)
    0.0625
    """
    rows = [[as_ball(w) for w in row] for row in annihilators(places, part.powers)]
    if part.tail is None:
        (weights,) = rows
    else:
        first, second = rows
        on_tail = _Tails(part=part, tail=part.tail, places=places, where=where)
        pairs = zip(first, second, strict=True)
        weights = [
            on_tail.value([p * s - q * f for f, s in zip(first, second, strict=True)])
            for p, q in pairs
        ]
        shown = [_inner(values, row) for row in rows]
        top = on_tail.value(
            [shown[0] * s - shown[1] * f for f, s in zip(first, second, strict=True)]
        )
        return _ratio(top, weights)
    return _ratio(_inner(values, weights), weights)


def _ratio(top: flint.arb, weights: Weights) -> flint.arb:
    total = sum((abs(w).upper() for w in weights), flint.arb(0))
    return flint.arb(abs(top).lower() / total) if total > 0 else flint.arb(0)


def _inner(one: Weights, other: Weights) -> flint.arb:
    return sum((a * b for a, b in zip(one, other, strict=True)), flint.arb(0))


@dataclass(frozen=True, kw_only=True)
class _Tails:
    """sum_l a_l g(w tau_l) for w in an interval, divided by a positive function of w."""

    part: JumpPart
    tail: Tail
    places: Sequence[Fraction]
    where: Range

    def value(self, weights: Weights) -> flint.arb:
        """An enclosure; the weights annihilate the powers, and all are divided alike."""
        if self.where.high is None:
            return self._beyond(weights, self.where.low)
        if not self.where.low:
            return self._near_zero(weights, self.where.high)
        low, high = self.where.low, self.where.high
        middle, radius = as_ball((low + high) / 2), as_ball((high - low) / 2)
        both = as_ball(low).union(as_ball(high))
        taus = [as_ball(place) for place in self.places]
        centre = [self._coefficient(middle * tau, 0) for tau in taus]
        slopes = [tau * self._narrow(both * tau, 1) for tau in taus]
        spread = radius * _inner(weights, slopes)
        return _inner(weights, centre) + spread.union(-spread)

    def _narrow(self, x: flint.arb, order: int) -> flint.arb:
        """The same, by the value in the middle and the next derivative."""
        middle, radius = flint.arb(x.mid()), flint.arb(x.rad())
        spread = radius * (order + 1) * self._coefficient(x, order + 1)
        return self._coefficient(middle, order) + spread.union(-spread)

    def _coefficient(self, x: flint.arb, order: int) -> flint.arb:
        """g^(order)/order! on a ball, by h' = h^2 - h for h = 1/(1 + exp x)."""
        tail = self.tail
        ends = [1 / (1 + (tail.rate * end).exp()) for end in (x.lower(), x.upper())]
        logistic = [ends[0].union(ends[1])]
        for k in range(order):
            square = sum((logistic[i] * logistic[k - i] for i in range(k + 1)), flint.arb(0))
            logistic.append(tail.rate * (square - logistic[k]) / (k + 1))
        for _ in range(tail.degree):
            shifted = [flint.arb(0), *logistic]
            logistic = [x * c + d for c, d in zip(logistic, shifted, strict=False)]
        value = logistic[order]
        ahead = [as_ball(tail.constant) + as_ball(tail.slope) * x, as_ball(tail.slope)]
        return value + ahead[order] if order < len(ahead) else value

    def _near_zero(self, weights: Weights, high: Fraction) -> flint.arb:
        """Divided by w^n, n the first power at 0 that is not annihilated, with its remainder."""
        for order in range(_most_order + 1):
            start = self._coefficient(flint.arb(0), order)
            if order in self.part.powers or start.contains(0):
                if order not in self.part.powers and not start.is_zero():
                    break
                continue
            taus = [as_ball(place) for place in self.places]
            hulls = [flint.arb(0).union(as_ball(high) * tau) for tau in taus]
            terms = [
                tau**order * self._narrow(hull, order)
                for tau, hull in zip(taus, hulls, strict=True)
            ]
            return _inner(weights, terms)
        return flint.arb.nan()

    def _beyond(self, weights: Weights, low: Fraction) -> flint.arb:
        """For all w from ``low`` on; where the polynomial ahead goes, divided by the first value.

        x/(1 + exp(x)) decreases from x = 2 on, and so do the ratios of its values.
        """
        tail, powers = self.tail, self.part.powers
        taus = [as_ball(place) for place in self.places]
        ends = [tail.rate * as_ball(low) * tau for tau in taus]
        if not ends[0] >= 2 or (tail.slope and 1 not in powers):
            return flint.arb.nan()
        sizes = [(end**tail.degree) / (1 + end.exp()) for end in ends]
        if tail.constant and 0 not in powers:
            return as_ball(tail.constant) * sum(weights, flint.arb(0)) + sum(
                (
                    w * flint.arb(0).union(size / tail.rate**tail.degree)
                    for w, size in zip(weights, sizes, strict=True)
                ),
                flint.arb(0),
            )
        rest = (
            w * flint.arb(0).union(size / sizes[0])
            for w, size in zip(weights[1:], sizes[1:], strict=True)
        )
        return weights[0] + sum(rest, flint.arb(0))
