"""Rigorous integrals of piecewise analytic functions over the unit disk.

Each cell is the image of a square, with a tensor rule. The n-point Gauss-Legendre rule is off by
at most 64/15 M / ((1 - rho^-2) rho^(2n-2)) for a function bounded by M on the Bernstein ellipse
of parameter rho (Trefethen, doi:10.1137/060659831, Theorem 4.5, stated there for n + 1 points).
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.integrals.cells import (
    Ball,
    Cell,
    branch,
    cut,
)
from expressivity.bounds.integrals.charts import (
    ANALYTIC,
    ELLIPSES,
    Chart,
    Function,
    Suprema,
    analytic_function,
    cover,
)
from expressivity.bounds.integrals.lines import enclosed, gentle_turn, kink_lines, sign, turned
from expressivity.bounds.integrals.scale import power_of_two
from expressivity.symbolic.budget import Budget
from expressivity.symbolic.interpret import compiled
from expressivity.symbolic.symbols import COORDINATES

TOLERANCE_BITS = 120  # errors near 2^-120, about 1e-36, of what the caller names as the size

EVALUATIONS = 1_000_000  # on balls, that one question may take: half a minute or so

_X1 = COORDINATES[0]
_MAX_POINTS = 96  # in one direction; more, and the cell is cut instead
_MAX_CUTS = 8


def monomial_integrals(
    expression: sp.Expr, degree: int, *, exponent: int = 0, budget: Budget | None = None
) -> dict[tuple[int, int], flint.arb]:
    """Enclosures of the integrals over the unit disk of f x1^a x2^b, a + b <= degree.

    Args:
        expression: f, in x1 and x2, analytic between finitely many straight kinks.
        degree: 0 for the integral of f alone.
        exponent: the integrals are known to about 2^(exponent - TOLERANCE_BITS); about log2 of
            f, or of what it is compared with (``scale.binary_exponent``).
        budget: of evaluations of f; None for as many as it takes.

    Raises:
        OutOfBudgetError: they are spent.
        ValueError: kinks that cannot be isolated, or a function that is not bounded on complex
            neighbourhoods of the cells.

    >>> with flint.ctx.workprec(192):
    ...     area = monomial_integrals(sp.Integer(1), 0)[0, 0]
    >>> area.overlaps(flint.arb.pi()), area.rel_accuracy_bits() > 90
    (True, True)
    """
    lines = kink_lines(expression)
    total = {(a, b): flint.arb(0) for a in range(degree + 1) for b in range(degree + 1 - a)}
    for cell in cut(lines):
        formula = branch(expression, cell.interior())
        if formula == 0:
            continue
        f = counted(analytic_function(formula), budget)
        for key, value in _over(cell, f, degree, _tolerance(exponent), _MAX_CUTS).items():
            total[key] += value
    return total


def disk_integral(
    expression: sp.Expr, *, exponent: int = 0, budget: Budget | None = None
) -> flint.arb:
    """Enclosure of the integral of f over the unit disk, after a turn that leaves no kink steep.

    Raises:
        ValueError: as for :func:`monomial_integrals`.
        OutOfBudgetError: more evaluations than there is a budget for.
    """
    straight = turned(expression, gentle_turn(kink_lines(expression)))
    return monomial_integrals(straight, 0, exponent=exponent, budget=budget)[0, 0]


def counted(f: Function, budget: Budget | None) -> Function:
    """f, paid for by a budget where there is one."""
    if budget is None:
        return f

    def paid(x1: Ball, x2: Ball) -> Ball:
        budget.spend()
        return f(x1, x2)

    return paid


def interval_integral(
    expression: sp.Expr, *, exponent: int = 0, evaluations: int | None = None
) -> flint.arb:
    """Enclosure of the integral over [-1, 1] of a function of x1, piece by piece.

    Args:
        expression: f.
        exponent: as for :func:`monomial_integrals`.
        evaluations: at most about so many on each piece, and the enclosure is wide where they do
            not suffice; None for Arb's own limit.

    Raises:
        ValueError: kinks that are not points.

    >>> interval_integral(sp.Piecewise((_X1, _X1 > 0), (0, True))).overlaps(flint.arb(0.5))
    True
    """
    kinks = [line.c / line.a for line in kink_lines(expression)]
    inside = sorted((k for k in kinks if sign(1 - k**2) > 0), key=lambda k: enclosed(k).mid())
    ends = [Fraction(-1), *inside, Fraction(1)]
    total = flint.arb(0)
    limit: dict[str, Any] = {} if evaluations is None else {"eval_limit": evaluations}
    for start, end in itertools.pairwise(enclosed(end) for end in ends):
        formula = branch(expression, {_X1: (start + end) / 2})
        f = compiled(formula, [_X1], ANALYTIC)
        total += flint.acb.integral(
            lambda x1, _, f=f: flint.acb(f(x1)),
            start,
            end,
            abs_tol=_tolerance(exponent),
            **limit,
        ).real
    return total


def _tolerance(exponent: int) -> flint.arb:
    return power_of_two(exponent - TOLERANCE_BITS)


def _over(
    cell: Cell, f: Function, degree: int, goal: flint.arb, cuts: int
) -> dict[tuple[int, int], flint.arb]:
    """Integrals over one cell, cut in half where one rule would be too long."""
    chart = Chart(cell=cell)
    across = _choose_rule(lambda u, v: _bound(chart, f, u, v), degree, goal)
    along = _choose_rule(lambda v, u: _bound(chart, f, u, v), degree, goal)
    if across is not None and along is not None:
        return _tensor(chart, f, degree, across, along)
    if cuts == 0:
        raise ValueError(
            "required: a function analytic and bounded near the disk, apart from straight kinks; "
            "this one has a pole or a branch point too close, so its integrals are not enclosed"
        )
    total: dict[tuple[int, int], flint.arb] = {}
    for half in cell.columns() if across is None else cell.rows():
        for key, value in _over(half, f, degree, goal, cuts - 1).items():
            total[key] = total.get(key, flint.arb(0)) + value
    return total


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """Points enough for one direction, and what the rule's error is at most, for each monomial.

    The error for x1^a x2^b is ``factor * sup1^a * sup2^b``, the integral over the other
    direction (length 2) included.
    """

    points: int
    factor: flint.arb
    sup1: flint.arb
    sup2: flint.arb


def _bound(chart: Chart, f: Function, u: Ball, v: Ball) -> Suprema:
    sine, middle, rise, jacobian = chart.column(u)
    height = middle + rise * v
    value = f(sine, height) * jacobian
    return tuple(flint.acb(part).abs_upper() for part in (value, sine, height))  # pyright: ignore[reportReturnType]


def _choose_rule(at: Callable[[Ball, Ball], Suprema], degree: int, goal: flint.arb) -> _Rule | None:
    """The shortest rule found, over ellipses of falling size; None where none is short."""
    best: _Rule | None = None
    for rho in ELLIPSES:
        suprema = cover(at, rho)
        if suprema is None:
            continue
        sup, sup1, sup2 = suprema
        largest = sup * sup1.max(sup2).max(flint.arb(1)) ** degree
        points = _points(largest, rho, goal)
        if best is None or points < best.points:
            factor = sup * decay(rho, points)
            best = _Rule(points=points, factor=factor, sup1=sup1, sup2=sup2)
        else:
            break
    return best if best is not None and best.points <= _MAX_POINTS else None


def decay(rho: flint.arb, points: int) -> flint.arb:
    """Error of the rule for a function bounded by 1 on the ellipse, times 2."""
    return flint.arb(128) / 15 / ((1 - rho**-2) * rho ** (2 * points - 2))


def _points(largest: flint.arb, rho: flint.arb, goal: flint.arb) -> int:
    if not largest > 0:
        return 1
    wanted = float(((decay(rho, 1) * largest / goal).log() / (2 * rho.log())).upper())
    return max(1, int(wanted) + 2)


def _tensor(
    chart: Chart, f: Function, degree: int, across: _Rule, along: _Rule
) -> dict[tuple[int, int], flint.arb]:
    """The tensor rule with its error: sums over x2 first, then over x1."""
    inner = gauss(along.points)
    total = {(a, b): flint.arb(0) for a in range(degree + 1) for b in range(degree + 1 - a)}
    for u, weight in gauss(across.points):
        sine, middle, rise, jacobian = chart.column(u)
        sums = [flint.arb(0)] * (degree + 1)
        for v, other in inner:
            height = middle + rise * v
            value = real_part(f(sine, height)) * other
            for b in range(degree + 1):
                sums[b] += value
                value *= height
        power = weight * jacobian
        for a in range(degree + 1):
            for b in range(degree + 1 - a):
                total[a, b] += power * sums[b]
            power *= sine
    for a, b in total:
        for rule in (across, along):
            error = rule.factor * rule.sup1**a * rule.sup2**b
            total[a, b] += flint.arb(0, error.upper())
    return total


def real_part(value: Ball) -> flint.arb:
    """The real part of a ball."""
    return value.real if isinstance(value, flint.acb) else value


@functools.lru_cache(maxsize=512)
def _gauss_at(points: int, bits: int) -> Sequence[tuple[flint.arb, flint.arb]]:
    with flint.ctx.workprec(bits):
        return [flint.arb.legendre_p_root(points, k, weight=True) for k in range(points)]


def gauss(points: int) -> Sequence[tuple[flint.arb, flint.arb]]:
    """Nodes and weights of the Gauss-Legendre rule, at the working precision."""
    return _gauss_at(points, flint.ctx.prec)
