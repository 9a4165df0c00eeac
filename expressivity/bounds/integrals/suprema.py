"""Rigorous upper bounds of suprema of piecewise analytic functions over the unit disk.

On each cell the function is interpolated at Chebyshev points: |f| is at most the largest value at
the points times the Lebesgue constants of the two directions, 1 + (2/pi) log n each for n points,
plus what interpolation leaves out, 4 M rho^(1-n)/(rho - 1) for a function bounded by M on the
Bernstein ellipse of parameter rho (L. N. Trefethen, "Approximation Theory and Approximation
Practice", SIAM 2013, doi:10.1137/1.9781611975949, Theorems 8.2 and 15.2). The bound is some ten
times the supremum: what matters here is that 1e-15 stays near 1e-15.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import flint
import sympy as sp

from expressivity.bounds.integrals.cells import (
    Ball,
    Cell,
    branch,
    cut,
)
from expressivity.bounds.integrals.charts import (
    ELLIPSES,
    Chart,
    Function,
    Suprema,
    analytic_function,
    cover,
)
from expressivity.bounds.integrals.cubature import counted
from expressivity.bounds.integrals.lines import gentle_turn, kink_lines, turned
from expressivity.bounds.integrals.scale import power_of_two
from expressivity.symbolic.budget import Budget

TOLERANCE_BITS = 64  # what interpolation may leave out: 2^-64, about 5e-20, of the size named
_MAX_POINTS = 64
_MAX_CUTS = 8


def disk_supremum(
    expression: sp.Expr, *, exponent: int = 0, budget: Budget | None = None
) -> flint.arb:
    """An upper bound of ess sup abs(f) over the unit disk, about ten times as large at most.

    Args:
        expression: f.
        exponent: about log2 of what the result is compared with, or 0.
        budget: of evaluations of f; None for as many as it takes.

    Raises:
        OutOfBudgetError: they are spent.
        ValueError: kinks that are not isolated straight lines, or a function that cannot be
            continued past the disk.

    >>> x1 = sp.Symbol("x1", real=True)
    >>> 1 <= float(disk_supremum(sp.exp(x1)) / flint.arb(1).exp()) < 12
    True
    """
    expression = turned(expression, gentle_turn(kink_lines(expression)))
    largest = flint.arb(0)
    for cell in cut(kink_lines(expression)):
        formula = branch(expression, cell.interior())
        if formula != 0:
            f = counted(analytic_function(formula), budget)
            largest = largest.max(
                _over(cell, f, power_of_two(TOLERANCE_BITS - exponent), _MAX_CUTS)
            )
    return largest.abs_upper()


@dataclass(frozen=True, kw_only=True)
class _Interpolant:
    """Points in one direction, and what interpolating there leaves out."""

    points: int
    rest: flint.arb


def _over(cell: Cell, f: Function, sharpness: flint.arb, cuts: int) -> flint.arb:
    chart = Chart(cell=cell)
    across = _choose(lambda u, v: _modulus(chart, f, u, v), sharpness)
    along = _choose(lambda v, u: _modulus(chart, f, u, v), sharpness)
    if across is not None and along is not None:
        return _bound(chart, f, across, along)
    if cuts == 0:
        raise ValueError(
            "required: a function analytic near the disk, apart from straight kinks; this one has "
            "a pole or a branch point too close, so its supremum is not bounded"
        )
    halves = cell.columns() if across is None else cell.rows()
    first, second = (_over(half, f, sharpness, cuts - 1) for half in halves)
    return first.max(second)


def _modulus(chart: Chart, f: Function, u: Ball, v: Ball) -> Suprema:
    sine, middle, rise, _ = chart.column(u)
    value = flint.acb(f(sine, middle + rise * v)).abs_upper()
    return value, flint.arb(0), flint.arb(0)


def _choose(at: Callable[[Ball, Ball], Suprema], sharpness: flint.arb) -> _Interpolant | None:
    """The shortest interpolation found that leaves out no more than the tolerance."""
    best: _Interpolant | None = None
    for rho in ELLIPSES:
        suprema = cover(at, rho)
        if suprema is None:
            continue
        factor = 4 * suprema[0] / (rho - 1)
        wanted = float(((factor * sharpness).log() / rho.log()).upper())
        points = max(2, int(wanted) + 2)
        if best is not None and points >= best.points:
            break
        best = _Interpolant(points=points, rest=factor * rho ** (1 - points))
    return best if best is not None and best.points <= _MAX_POINTS else None


def _bound(chart: Chart, f: Function, across: _Interpolant, along: _Interpolant) -> flint.arb:
    largest = flint.arb(0)
    for u in _chebyshev(across.points, flint.ctx.prec):
        sine, middle, rise, _ = chart.column(u)
        for v in _chebyshev(along.points, flint.ctx.prec):
            largest = largest.max(flint.acb(f(sine, middle + rise * v)).abs_upper())
    return _lebesgue(across) * (_lebesgue(along) * largest + along.rest) + across.rest


def _lebesgue(interpolant: _Interpolant) -> flint.arb:
    return 1 + 2 * flint.arb(interpolant.points).log() / flint.arb.pi()


@functools.lru_cache(maxsize=128)
def _chebyshev(points: int, bits: int) -> list[flint.arb]:
    with flint.ctx.workprec(bits):
        return [(flint.arb.pi() * k / (points - 1)).cos() for k in range(points)]
