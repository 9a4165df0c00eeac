"""Whether a function stays below a bound on the disk: Legendre coefficients on pieces of cells.

On a piece, an image of [-1, 1]^2, f is interpolated at n x m Gauss-Legendre nodes. Legendre
polynomials stay within [-1, 1], so that f is at most the sum of the moduli of the interpolant's
coefficients, and what is left out. For one variable: the best polynomial of degree n - 1 is off by
e = 2 M rho^(1-n)/(rho - 1) where abs(f) <= M in the ellipse of rho (Trefethen, Approximation Theory
and Approximation Practice, Theorem 8.2), and the interpolant by (1 + n^2) e: its coefficients are
c_k = (k + 1/2) sum_j w_j f(x_j) P_k(x_j), whose moduli add up to n^2 max abs(f(x_j)) at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache, reduce
from itertools import product
from typing import Any

import flint
from flint import acb, arb, arb_mat

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.cells import Cell, Chord, breakpoints, chord_map, disk_cells
from expressivity.checker.evaluation import Function
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.integrals import MAX_LINES, MAX_PIECES, RADII, gauss_legendre
from expressivity.checker.lines import crosses, normal

Values = Callable[[Ball, Ball, Sequence[int], bool], list[Ball]]
"""Components of f at (x1, x2), by the signs of the lines; or NaN where it must be analytic."""

_MAX_NODES = 48
_Ranges = tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]
_EVERYTHING: _Ranges = ((Fraction(-1), Fraction(1)), (Fraction(-1), Fraction(1)))


def require_below(function: Function, values: Values, allowed: Ball, what: str) -> None:
    """Reject unless the length of f is at most ``allowed``, almost everywhere on the disk."""
    if not allowed > 0:
        raise UndecidedError(f"{what}: the claim leaves no room, or the target is 0 at the place")
    pieces = 0
    for cell in _covering_cells(function):
        chord = chord_map(cell, 2)

        def at(place: Chord, s: Ball, analytic: bool, cell: Cell = cell) -> list[Ball]:
            function.spend(3 * function.size + 60)
            x1, centre, half, _ = place
            return values(x1, centre + half * s, cell.signs, analytic)

        pending = [_EVERYTHING]
        while pending:
            pieces += 1
            if pieces > MAX_PIECES:
                raise UndecidedError(f"{what}: the error could not be enclosed")
            ranges = pending.pop()
            halved = _halved(at, chord, ranges, allowed, what)
            parts = [
                ((p, (p + q) / 2), ((p + q) / 2, q)) if halve else ((p, q),)
                for (p, q), halve in zip(ranges, halved, strict=True)
            ]
            if any(halved):
                pending.extend((u, s) for u, s in product(*parts))


def _covering_cells(function: Function) -> list[Cell]:
    """Cells that overlap beside the places where a line meets the circle, and cover the disk.

    Such a place is enclosed in a thin strip of x1. The signs at a point of the strip are those of a
    cell on the left or the right, if the strip holds one such place, and no end of the disk.
    """
    lines = list(filter(crosses, function.lines))
    if len(lines) > MAX_LINES:
        raise UndecidedError(
            f"the target and the network have more than {MAX_LINES} kinks in the disk"
        )
    if function.unclear:
        raise UndecidedError(
            "the pointwise error is not enclosed beside a kink with irrational coefficients"
        )
    cells, strips = disk_cells(function.lines)
    # A line and its mirror image meet the circle at the same x1.
    halves = {max(line, (line[0], line[1], -line[2])) for line in normal(lines)}
    places = [p for p in breakpoints(list(halves)) if p[0] < p[1]]
    places += {p for p in breakpoints(lines) if p[0] == p[1]}
    for low, high in strips:
        inside = [p for p in places if p[0] <= high and p[1] >= low]
        if len(inside) > 1 or low == -1 or high == 1:
            raise UndecidedError(
                "the pointwise error is not enclosed where kinks meet on the circle"
            )
    starts, ends = {high: low for low, high in strips}, dict(strips)
    return [
        replace(cell, start=starts.get(cell.start, cell.start), end=ends.get(cell.end, cell.end))
        for cell in cells
    ]


def _halved(
    at: Callable[[Chord, Ball, bool], list[Ball]],
    chord: Callable[[Ball], Chord],
    ranges: _Ranges,
    allowed: Ball,
    what: str,
) -> tuple[bool, bool]:
    """Which of the two ranges must be halved; neither where f is small enough on the piece."""
    (u, du), (s, ds) = [(to_ball((p + q) / 2), to_ball((q - p) / 2)) for p, q in ranges]
    unit = arb(0, 1)
    whole = chord(u + du * unit)
    if _length(at(whole, s + ds * unit, False)) <= allowed:
        return False, False
    goal = allowed / 64
    rule_u = _nodes(lambda z: at(chord(u + du * z), s + ds * unit, True), goal)
    rule_s = _nodes(lambda z: at(whole, s + ds * z, True), goal / _MAX_NODES**2)
    if rule_u is None or rule_s is None:
        return rule_u is None, rule_s is None
    (n, left_u), (m, left_s) = rule_u, rule_s
    rows: list[list[list[Ball]]] = []
    for y, _ in gauss_legendre(n, flint.ctx.prec):
        place = chord(u + du * y)
        rows.append([at(place, s + ds * z, False) for z, _ in gauss_legendre(m, flint.ctx.prec)])
        for values in rows[-1]:
            if _length(values) > allowed:
                reject(f"{what}: the network's error is larger at some point")
    rest = left_u + n**2 * left_s
    bounds: list[Ball] = []
    for component in range(len(rows[0][0])):
        table = arb_mat([[real_part(v[component]) for v in row] for row in rows])
        coefficients = (_legendre(n, flint.ctx.prec) * table) * _legendre(
            m, flint.ctx.prec
        ).transpose()
        bounds.append(sum((abs(c) for c in coefficients.entries()), rest))
    if _length(bounds) <= allowed:
        return False, False
    return n >= m, m >= n


def _length(values: Sequence[Ball]) -> Ball:
    moduli = [acb(value).abs_lower().union(acb(value).abs_upper()) for value in values]
    if len(moduli) == 1:
        return moduli[0]
    return sum((value**2 for value in moduli), arb(0)).sqrt()


def _nodes(values: Callable[[Ball], list[Ball]], goal: Ball) -> tuple[int, Ball] | None:
    """The number of nodes that leave less than ``goal`` out, and a bound of what they leave out."""
    best: tuple[int, Ball] | None = None
    for radius in RADII:
        rho = arb(radius)
        box = acb(arb(0, (rho + 1 / rho) / 2), arb(0, (rho - 1 / rho) / 2))
        suprema = [acb(value).abs_upper() for value in values(box)]
        if not all(supremum.is_finite() for supremum in suprema):
            break
        error = 2 * reduce(lambda p, q: p.max(q), suprema) / (rho - 1)
        for count in range(1, best[0] if best else _MAX_NODES + 1):
            left = (1 + count**2) * error
            if left < goal:
                best = count, left.upper()
                break
            error /= rho
    return best


@cache
def _legendre(count: int, precision: int) -> Any:
    """(k + 1/2) w_j P_k(x_j), row by row; the precision is the current one."""
    nodes = gauss_legendre(count, precision)
    return arb_mat([
        [(k + arb(0.5)) * w * x.legendre_p(k) for x, w in nodes] for k in range(count)
    ])  # fmt: skip
