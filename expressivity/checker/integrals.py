"""Integrals over the domain: Gauss-Legendre rules on cells, with bounds of their errors.

Of a function times the monomials up to a degree, all with one rule: no monomial exceeds the power
of the degree of the larger coordinate, or 1, and this factor is added to what the rule must bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product

import flint
from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.cells import Chord, chord_map, disk_cells, interval_cells
from expressivity.checker.evaluation import Evaluate, Function, Signs
from expressivity.checker.findings import UndecidedError
from expressivity.checker.lines import BAND

MAX_LINES, MAX_PIECES = 20, 4000
_MAX_NODES, _STRIP_PARTS = 64, 64
RADII = (1.5, 2.0, 3.0, 4.5, 7.0, 12.0, 30.0)


@cache
def gauss_legendre(count: int, precision: int) -> list[tuple[Ball, Ball]]:
    """Nodes and weights on [-1, 1]; the precision is the current one, an argument for the cache."""
    assert precision == flint.ctx.prec
    return [arb.legendre_p_root(count, k, weight=True) for k in range(count)]


def gauss_nodes(integrand: Callable[[Ball], Ball], goal: Ball) -> tuple[int, Ball] | None:
    """The number of Gauss nodes on [-1, 1] with an error below ``goal``, and a bound of the error.

    If abs(f) <= M in the ellipse with foci -1, 1 and sum rho of half-axes, polynomials of degree m
    come as close as 2 M rho^-m/(rho - 1) (Trefethen, Approximation Theory and Approximation
    Practice, Theorem 8.2). The n-point rule is exact for degree 2n - 1, its weights are positive
    and sum to 2 as the interval's length does: the error is at most 8 M rho^(1-2n)/(rho - 1).
    """
    best: tuple[int, Ball] | None = None
    for radius in RADII:
        rho = arb(radius)
        box = acb(arb(0, (rho + 1 / rho) / 2), arb(0, (rho - 1 / rho) / 2))
        supremum = acb(integrand(box)).abs_upper()
        if not supremum.is_finite():
            break
        error = 8 * supremum * rho / (rho - 1)
        for count in range(1, best[0] if best else _MAX_NODES + 1):
            error /= rho * rho
            if error < goal:
                best = count, error.upper()
                break
    return best


_Moments = dict[tuple[int, int], Ball]  # by the exponents of x1 and x2
_Ranges = Sequence[tuple[Fraction, Fraction]]
_EVERYTHING = ((Fraction(-1), Fraction(1)),) * 2


@dataclass(frozen=True, kw_only=True)
class _Part:
    """f on one cell, as the image of [-1, 1]^2 under (u, s) -> (x1, centre + half s)."""

    function: Function
    evaluate: Evaluate
    signs: Signs
    chord: Callable[[Ball], Chord]
    dimension: int
    degree: int

    def value(self, place: Chord, s: Ball, analytic: bool) -> tuple[Ball, Ball]:
        """f times the weight of the map, and x2."""
        self.function.spend()
        x1, centre, half, weight = place
        x2 = centre + half * s
        return self.evaluate((x1, x2), self.signs, analytic) * weight, x2

    def bound(self, place: Chord, s: Ball) -> Ball:
        """f times the weight and the largest modulus of any monomial; NaN where not analytic."""
        value, x2 = self.value(place, s, True)
        if not self.degree:
            return value
        largest = acb(place[0]).abs_upper().max(acb(x2).abs_upper()).max(arb(1))
        return acb(value).abs_upper() * largest**self.degree

    def over(self, ranges: _Ranges, goal: Ball, total: _Moments) -> tuple[bool, bool] | None:
        """Add the part over these ranges, or say which of the two must be halved.

        A product of Gauss-Legendre rules. It errs by at most twice the sum of the errors of the
        two, the one variable being in its ellipse, the other in [-1, 1].
        """
        (u, du), (s, ds) = [(to_ball((p + q) / 2), to_ball((q - p) / 2)) for p, q in ranges]
        unit, area, plane = arb(0, 1), du * ds, self.dimension == 2
        whole = self.chord(u + du * unit)
        rules = (
            gauss_nodes(lambda z: area * self.bound(self.chord(u + du * z), s + ds * unit), goal),
            gauss_nodes(lambda z: area * self.bound(whole, s + ds * z), goal)
            if plane
            else (1, arb(0)),
        )
        if rules[0] is None or rules[1] is None:
            return rules[0] is None, rules[1] is None
        along = gauss_legendre(rules[1][0], flint.ctx.prec) if plane else [(arb(0), arb(1))]
        for y, weight in gauss_legendre(rules[0][0], flint.ctx.prec):
            place = self.chord(u + du * y)
            row = [arb(0)] * (self.degree + 1)
            for z, other in along:
                value, x2 = self.value(place, s + ds * z, False)
                value *= other
                for b in range(self.degree + 1):
                    row[b] += value
                    value *= x2
            self.function.spend(len(along) * self.degree + len(total))
            _add_row(total, area * weight, place[0], row)
        error = arb(0, (2 * (rules[0][1] + rules[1][1])).upper())
        for key in total:
            total[key] += error
        return None


def _add_row(total: _Moments, weight: Ball, x1: Ball, row: list[Ball]) -> None:
    for a in range(len(row)):
        for b in range(len(row) - a):
            total[a, b] += weight * row[b]
        weight *= x1


def integrate(function: Function, evaluate: Evaluate, dimension: int, goal: Ball) -> Ball:
    """Integral over the domain of ``evaluate``, with a quadrature error of ``goal`` on each piece.

    Cells are halved while an enclosure around them is infinite, or too many nodes are needed.
    """
    return integrate_monomials(function, evaluate, dimension, goal, 0)[0, 0]


def integrate_monomials(
    function: Function, evaluate: Evaluate, dimension: int, goal: Ball, degree: int
) -> _Moments:
    """The integrals of ``evaluate`` times x1^a x2^b, a + b <= degree."""
    if len(function.lines) - len(function.ignored) > MAX_LINES:
        raise UndecidedError(f"there are more than {MAX_LINES} kinks")
    cells, strips = disk_cells(function.lines) if dimension == 2 else interval_cells(function.lines)
    left = _over_strips(function, evaluate, strips) + _over_bands(function, evaluate, dimension)
    left = arb(0, left.upper())
    total = {(a, b): left for a in range(degree + 1) for b in range(degree + 1 - a)}
    pieces = 0
    for cell in cells:
        part = _Part(
            function=function,
            evaluate=evaluate,
            signs=cell.signs,
            chord=chord_map(cell, dimension),
            dimension=dimension,
            degree=degree,
        )
        pending: list[_Ranges] = [_EVERYTHING]
        while pending:
            pieces += 1
            if pieces > MAX_PIECES:
                of = f"; a kink of {function.bent[0]} may be on no line" if function.bent else ""
                raise UndecidedError(f"the integrals could not be enclosed{of}")
            ranges = pending.pop()
            halved = part.over(ranges, goal, total)
            if halved is not None:
                parts = [
                    ((p, (p + q) / 2), ((p + q) / 2, q)) if halve else ((p, q),)
                    for (p, q), halve in zip(ranges, halved, strict=True)
                ]
                pending.extend(product(parts[0], parts[1]))
    return {key: real_part(value) for key, value in total.items()}


def _over_strips(
    function: Function, evaluate: Evaluate, strips: Sequence[tuple[Fraction, Fraction]]
) -> Ball:
    """At least the integral of the modulus over thin strips of the disk."""
    total = arb(0)
    for low, high in strips:
        x1 = to_ball(low).union(to_ball(high))
        # In parts, because wide balls make quotients infinite.
        for k in range(-_STRIP_PARTS, _STRIP_PARTS):
            function.spend()
            x2 = to_ball(Fraction(2 * k + 1, 2 * _STRIP_PARTS)) + arb(0, 0.5) / _STRIP_PARTS
            value = acb(evaluate((x1, x2), None, False)).abs_upper()
            total += value * to_ball((high - low) / _STRIP_PARTS)
    return total


def _over_bands(function: Function, evaluate: Evaluate, dimension: int) -> Ball:
    """At least the integral of what wrong signs change, beside lines that stand for others.

    A box that reaches across both lines has both values of relu and its like in its hull.
    """
    plane, total = dimension == 2, arb(0)
    reach = arb(1) / _STRIP_PARTS if plane else arb(2) ** -200
    places = range(1 - _STRIP_PARTS, _STRIP_PARTS, 2) if plane else (0,)
    for c1, c2, c0 in function.unclear:
        length = to_ball(c1**2 + c2**2).sqrt()
        area = 2 * to_ball(BAND) / length * (2 * reach if plane else 1)
        for place in places:
            function.spend()
            along, across = place * reach / length, to_ball(-c0 / (c1**2 + c2**2))
            x1 = to_ball(c1) * across + to_ball(c2) * along + arb(0, reach)
            x2 = to_ball(c2) * across - to_ball(c1) * along + arb(0, reach)
            total += 2 * area * acb(evaluate((x1, x2), None, False)).abs_upper()
    return total
