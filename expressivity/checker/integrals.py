"""Integrals over the domain: Gauss-Legendre rules on cells, with bounds of their errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product

import flint
from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.cells import Chord, chord_map, disk_cells, interval_cells
from expressivity.checker.evaluation import Evaluate, Function, Signs
from expressivity.checker.findings import UndecidedError

MAX_LINES, MAX_PIECES = 20, 4000
_MAX_NODES, _STRIP_PARTS = 48, 64
_RADII = (1.5, 2.0, 3.0, 4.5, 7.0, 12.0, 30.0)


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
    for radius in _RADII:
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


def _piece(
    square: Callable[[Chord, Ball, bool], Ball],
    chord: Callable[[Ball], Chord],
    ranges: Sequence[tuple[Fraction, Fraction]],
    dimension: int,
    goal: Ball,
) -> Ball | tuple[bool, bool]:
    """The integral over a part of [-1, 1]^2, or else which of the two ranges must be halved.

    A product of Gauss-Legendre rules. It errs by at most twice the sum of the errors of the two,
    the one variable being in its ellipse, the other in [-1, 1].
    """
    (u, du), (s, ds) = [(to_ball((p + q) / 2), to_ball((q - p) / 2)) for p, q in ranges]
    unit, area = arb(0, 1), du * ds
    whole = chord(u + du * unit)
    rule_u = gauss_nodes(lambda box: area * square(chord(u + du * box), s + ds * unit, True), goal)
    rule_s = (0, arb(0))
    nodes_s = [(arb(0), arb(1))]
    if dimension == 2:
        rule_s = gauss_nodes(lambda box: area * square(whole, s + ds * box, True), goal)
    if rule_u is None or rule_s is None:
        return rule_u is None, rule_s is None
    if dimension == 2:
        nodes_s = gauss_legendre(rule_s[0], flint.ctx.prec)
    total = arb(0, (2 * (rule_u[1] + rule_s[1])).upper())
    for y, weight_u in gauss_legendre(rule_u[0], flint.ctx.prec):
        place = chord(u + du * y)
        row = sum((weight * square(place, s + ds * z, False) for z, weight in nodes_s), arb(0))
        total += area * weight_u * row
    return total


def integrate(function: Function, evaluate: Evaluate, dimension: int, goal: Ball) -> Ball:
    """Integral over the domain of evaluate^2, with a quadrature error of ``goal`` on each piece.

    Cells are halved while an enclosure around them is infinite, or too many nodes are needed.
    """
    if len(function.lines) > MAX_LINES:
        raise UndecidedError("too many kinks")
    cells, strips = disk_cells(function.lines) if dimension == 2 else interval_cells(function.lines)
    total = arb(0)
    for low, high in strips:
        x1 = to_ball(low).union(to_ball(high))
        # In parts, because wide balls make quotients infinite.
        for k in range(-_STRIP_PARTS, _STRIP_PARTS):
            function.spend()
            x2 = to_ball(Fraction(2 * k + 1, 2 * _STRIP_PARTS)) + arb(0, 0.5) / _STRIP_PARTS
            value = acb(evaluate(([x1], [x2]), None, False)[0]).abs_upper()
            total += arb(0, (value * value * to_ball((high - low) / _STRIP_PARTS)).upper())
    everything = (Fraction(-1), Fraction(1))
    pieces = 0
    for cell in cells:

        def square(place: Chord, y: Ball, analytic: bool, signs: Signs = cell.signs) -> Ball:
            function.spend()
            x1, centre, half, weight = place
            value = evaluate(([x1], [centre + half * y]), signs, analytic)[0]
            return value * value * weight

        chord = chord_map(cell, dimension)
        pending = [(everything, everything)]
        while pending:
            pieces += 1
            if pieces > MAX_PIECES:
                raise UndecidedError("the integrals could not be enclosed")
            ranges = pending.pop()
            found = _piece(square, chord, ranges, dimension, goal)
            if not isinstance(found, tuple):
                total += found
                continue
            parts = [
                ((p, (p + q) / 2), ((p + q) / 2, q)) if halve else ((p, q),)
                for (p, q), halve in zip(ranges, found, strict=True)
            ]
            pending.extend(product(parts[0], parts[1]))
    return real_part(total)
