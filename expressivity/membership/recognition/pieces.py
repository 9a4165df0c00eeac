"""Conditions inside conditions, and conditions on polynomials, as one sum over affine conditions.

A generic line meets every plane where a function changes its formula once. In one variable the
line is everything, so that f = f_0 + sum_i [l_i > 0] (f_i - f_(i-1)) with the formulas f_i in their
order on the line, off the places of change. In more variables this is f if each change goes on
along its whole plane (max(0, |x1| - 1) is of this kind, max(0, x1) max(0, x2) is not); who asks
compares the sum with f.
"""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.membership.recognition.terms import is_real_algebraic
from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import Budget, OutOfBudgetError, tree_size
from expressivity.symbolic.piecewise import (
    assume_sign,
    by_conditions,
    formula_where,
    innermost_levels,
)
from expressivity.symbolic.points import ball_sign

_STEPS = 200_000
_MAX_SEGMENTS, _MAX_NODES, _MAX_DEGREE = 80, 6000, 6
_T = sp.Symbol("t", real=True)


@dataclass(frozen=True, kw_only=True)
class _Segment:
    """A part of the line: its ends, the plane at its lower end, and what the function is there."""

    low: Any
    high: Any
    plane: Any
    expression: Any


@functools.lru_cache(maxsize=64)  # one expression is asked about for many classes
def flattened(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> sp.Expr | None:
    """The sum over affine conditions, or None where a condition is no product of affine ones.

    >>> x = sp.Symbol("x", real=True)
    >>> flattened(sp.Abs(sp.Abs(x) - 1), (x,)).subs(x, sp.Rational(1, 2))
    1/2
    """
    expression = by_conditions(expression)
    try:
        segments = _segments(expression, symbols)
    except (OutOfBudgetError, NotImplementedError, sp.PolynomialError):
        return None
    if segments is None:
        return None
    total: Any = segments[0].expression
    for before, after in itertools.pairwise(segments):
        change: Any = sp.expand(after.expression - before.expression)
        if change != 0:
            total += sp.Piecewise((change, after.plane > 0), (0, True))
    return total


def same_pieces(difference: sp.Expr, symbol: sp.Symbol) -> bool:
    """Whether a function of one variable is certainly 0 everywhere; False decides nothing.

    Between the places where it changes, and at each of them, its formula reduces to 0.
    """
    expression = by_conditions(difference)
    budget = Budget(_STEPS)
    try:
        segments = _segments(expression, (symbol,))
        if segments is None or not all(vanishes(s.expression, budget) for s in segments):
            return False
        return all(_vanishes_at(expression, symbol, s.low, budget) for s in segments[1:])
    except (OutOfBudgetError, NotImplementedError, sp.PolynomialError):
        return False


def _vanishes_at(expression: sp.Expr, symbol: sp.Symbol, place: sp.Expr, budget: Budget) -> bool:
    def sign(level: sp.Expr) -> int | None:
        value: Any = sp.expand(level.subs(symbol, place))
        return 0 if vanishes(value, budget) else ball_sign(value, {})

    formula = formula_where(expression, sign)
    return formula is not None and vanishes(sp.expand(formula.subs(symbol, place)), budget)


def _segments(expression: Any, symbols: Sequence[sp.Symbol]) -> list[_Segment] | None:
    """The line cut where the function changes, in order; None where that is not known."""
    if tree_size(expression) > _MAX_NODES:
        return None
    line = {s: _T * (1 + 3 * i) + sp.Rational(2 * i, 7) for i, s in enumerate(symbols)}
    todo = [_Segment(low=-sp.oo, high=sp.oo, plane=None, expression=expression)]
    done: list[_Segment] = []
    while todo:
        segment = todo.pop(0)
        levels = innermost_levels(segment.expression)
        if not levels:
            done.append(segment)
            continue
        planes = _planes(levels[0], symbols)
        if planes is None or len(todo) + len(done) > _MAX_SEGMENTS:
            return None
        cuts = _cuts(planes, line, segment)
        if cuts is None:
            return None
        parts: list[_Segment] = []
        ends = [(segment.low, segment.plane), *cuts]
        for (low, plane), (high, _) in zip(ends, [*cuts, (segment.high, None)], strict=True):
            sign = _sign_between(levels[0], line, low, high)
            if sign is None:
                return None
            piece = assume_sign(segment.expression, levels[0], sign)
            parts.append(_Segment(low=low, high=high, plane=plane, expression=piece))
        todo = [*parts, *todo]
    return None if any(s.expression.atoms(sp.Piecewise) for s in done) else done


def _planes(level: Any, symbols: Sequence[sp.Symbol]) -> list[Any] | None:
    """Affine functions, increasing along the line, whose zeros are those of a level."""
    if not level.is_polynomial(*symbols):
        return None
    numbers = sp.Poly(level, *symbols).coeffs()
    if (
        not all(map(is_real_algebraic, numbers))
        or sp.Poly(level, *symbols).total_degree() > _MAX_DEGREE
    ):
        return None
    found: list[Any] = []
    for factor in _factors(level, symbols):
        slope = sum(sp.diff(factor, s) * (1 + 3 * i) for i, s in enumerate(symbols))
        sign = ball_sign(sp.sympify(slope), {})
        if not sign:
            return None
        found.append(sp.expand(sign * factor))
    return found


def _factors(level: Any, symbols: Sequence[sp.Symbol]) -> Iterator[Any]:
    """Affine factors; in one variable also those of real roots."""
    if sp.Poly(level, *symbols).total_degree() <= 1:
        yield level
        return
    for factor, _ in sp.factor_list(level, *symbols)[1]:
        degree = sp.Poly(factor, *symbols).total_degree()
        if degree == 1:
            yield factor
        elif len(symbols) == 1 and degree == 2:
            yield from (symbols[0] - root for root in sp.roots(factor, symbols[0]) if root.is_real)
        else:
            raise NotImplementedError


def _cuts(planes: Sequence[Any], line: Any, segment: _Segment) -> list[tuple[Any, Any]] | None:
    """Where planes meet the segment's inside, in order, each place once."""
    places: list[tuple[Any, Any]] = []
    for plane in planes:
        (place,) = sp.solve(sp.expand(plane.subs(line)), _T)
        place = sp.expand(sp.radsimp(place))
        order = [_compared(place, end) for end in (segment.low, segment.high)]
        if None in order:
            return None
        if order == [1, -1] and all(_compared(place, other) != 0 for other, _ in places):
            places.append((place, plane))
    return sorted(places, key=lambda pair: float(pair[0]))


def _compared(left: Any, right: Any) -> int | None:
    """The sign of left - right, or None where balls do not decide it."""
    if right in (sp.oo, -sp.oo):
        return -1 if right > 0 else 1
    difference = sp.expand(left - right)
    return 0 if difference == 0 else ball_sign(difference, {})


def _sign_between(level: Any, line: Any, low: Any, high: Any) -> int | None:
    """The sign of a level between two places, at a rational number that is certainly there."""
    if low == -sp.oo and high == sp.oo:
        middle: Any = sp.S.Zero
    elif low == -sp.oo:
        middle = sp.floor(high) - 1
    elif high == sp.oo:
        middle = sp.ceiling(low) + 1
    else:
        middle = sp.nsimplify((sp.N(low, 30) + sp.N(high, 30)) / 2, rational=True)
        if (_compared(middle, low), _compared(middle, high)) != (1, -1):
            return None
    return ball_sign(sp.expand(level.subs(line).subs(_T, middle)), {})
