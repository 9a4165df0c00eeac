"""What a piecewise target does at its kinks: shared by the obstructions and the bounds.

A crossing is a point of a kink hyperplane inside the target's domain, with the two formulas that
hold on either side near that point. An edge is a place where another kink crosses that hyperplane,
with the crossings on both of its sides. Everything is exact: formulas are symbolic, points
rational or algebraic, and the signs of the other levels at the point come from balls that exclude
0, or, of levels that vanish there, from the levels whose combinations they are.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes.facts import cancelled, is_real_analytic
from expressivity.symbolic.piecewise import (
    all_levels,
    assume_sign,
    by_conditions,
    formula_where,
    innermost_levels,
    symbols_of,
)
from expressivity.symbolic.points import Point, ball_sign, exact_form, is_zero
from expressivity.targets.flats import common_part, points_in
from expressivity.targets.target import Target

_MAX_CELLS = 256  # of the levels inside the conditions of others

Side = tuple[sp.Expr, int]
"""An affine level and the sign that it is taken to have."""


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A place where a target changes its formula.

    Attributes:
        level: affine g with exact real coefficients; the hyperplane is g = 0.
        point: exact, on the hyperplane, in the interior of the domain, as (symbol, value).
        above, below: formulas near the point where g > 0 and where g < 0, both real-analytic
            on the whole space. At an edge: beside the hyperplane, on one side of the other one.
    """

    level: sp.Expr
    point: tuple[tuple[sp.Symbol, sp.Expr], ...]
    above: sp.Expr
    below: sp.Expr

    @property
    def pivot(self) -> sp.Symbol:
        """The coordinate that :meth:`on_plane` eliminates."""
        return next(symbol for symbol, _ in self.point if self.level.has(symbol))

    @property
    def tangents(self) -> tuple[sp.Symbol, ...]:
        """The other coordinates: affine coordinates of the hyperplane."""
        return tuple(symbol for symbol, _ in self.point if symbol != self.pivot)

    def on_plane(self, expression: sp.Expr) -> sp.Expr:
        """The restriction of an expression to the hyperplane, in the ``tangents``."""
        value = sp.expand(self.pivot - self.level / sp.diff(self.level, self.pivot))
        return expression.subs(self.pivot, value)

    @property
    def value_jump(self) -> sp.Expr:
        """Jump of the target across the hyperplane, in the ``tangents``."""
        return self.on_plane(self.above - self.below)

    @functools.cached_property
    def slope_jump(self) -> sp.Expr:
        """Jump of the derivative along the ``pivot``, in the ``tangents``.

        Where the target is continuous its gradient jumps along the normal alone, and this is a
        nonzero constant multiple of the jump of the normal derivative: see ``stretch``.
        """
        return self.on_plane(sp.diff(self.above - self.below, self.pivot))

    @property
    def stretch(self) -> sp.Expr:
        """Factor from the ``slope_jump`` to the jump of the unit normal's derivative, up to sign.

        Across g = 0 the gradient jumps by c grad g, with slope_jump = c dg/dpivot. From g < 0 to
        g > 0 the derivative along grad g / |grad g| jumps by c |grad g|, which is slope_jump
        times |grad g| / (dg/dpivot).
        """
        slopes = [sp.diff(self.level, symbol) for symbol, _ in self.point]
        length = sp.sqrt(sp.Add(*[slope**2 for slope in slopes]))
        return length / sp.diff(self.level, self.pivot)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A point of a kink hyperplane g = 0 that another one, h = 0, goes through.

    Attributes:
        other: h.
        above, below: the crossings of g = 0 at the point, beside it where h > 0 and h < 0.
    """

    other: sp.Expr
    above: Crossing
    below: Crossing


@functools.lru_cache(maxsize=256)
def crossings(target: Target) -> tuple[Crossing, ...]:
    """One crossing for each affine kink level that meets the domain's interior.

    Levels that are not affine, those of conditions too deep in each other, and formulas that are
    not known to be real-analytic are left out: callers may conclude from what is there, never from
    what is absent.

    >>> from expressivity.targets.builtin import t2
    >>> crossings(t2())[0].slope_jump
    tanh(2*x1)
    """
    expression = by_conditions(target.expression)
    found: list[Crossing] = []
    for level in planes(target):
        flat = common_part([level], target.coordinates)
        for point in () if flat is None else points_in(flat, target.domain):
            crossing = _crossing(expression, level, point, ())
            if crossing is None:
                continue  # on another kink as well: try the next point
            if is_real_analytic(crossing.above) and is_real_analytic(crossing.below):
                found.append(crossing)
            break
    return tuple(found)


@functools.lru_cache(maxsize=256)
def edges(target: Target) -> tuple[Edge, ...]:
    """An edge for each ordered pair of kink hyperplanes that meet in the domain's interior.

    Planes that are parallel have none. What is left out is as for :func:`crossings`.

    >>> from expressivity.targets.user import user_target
    >>> [(e.above.level, e.other, e.above.slope_jump, e.below.slope_jump)
    ...     for e in edges(user_target("relu(x1)*relu(x2)"))]
    [(x1, x2, x2, 0), (x2, x1, x1, 0)]
    """
    expression = by_conditions(target.expression)
    found: list[Edge] = []
    levels = planes(target)
    for level in levels:
        for other in levels:
            flat = None if other == level else common_part([level, other], target.coordinates)
            if flat is None or flat.codimension < 2:
                continue
            for point in points_in(flat, target.domain):
                sides = [_crossing(expression, level, point, ((other, s),)) for s in (1, -1)]
                above, below = sides
                if above is None or below is None:
                    continue
                formulas = (above.above, above.below, below.above, below.below)
                if all(map(is_real_analytic, formulas)):
                    found.append(Edge(other=other, above=above, below=below))
                break
    return tuple(found)


@functools.lru_cache(maxsize=256)
def formulas(target: Target) -> tuple[sp.Expr, ...]:
    """Real-analytic formulas, each equal to the target on some open subset of its domain."""
    sides = [side for c in crossings(target) for side in (c.above, c.below)]
    if not target.expression.has(sp.Piecewise) and is_real_analytic(target.expression):
        sides.append(target.expression)
    return tuple(dict.fromkeys(sides))


@functools.lru_cache(maxsize=256)
def planes(target: Target) -> tuple[sp.Expr, ...]:
    """The affine levels of the target's conditions, of nested ones case by case, each plane once.

    >>> from expressivity.targets.user import user_target
    >>> planes(user_target("abs(abs(x)-1/2)"))
    (2*x1 + 1, 2*x1 - 1, x1)
    """
    kept: list[sp.Expr] = []
    for level in _levels(by_conditions(target.expression)):
        form = exact_form(level, target.coordinates)
        if form is None or all(is_zero(n) is not False for n in form[:-1]):
            continue
        if not any(_combination(level, [other]) for other in kept):
            kept.append(level)
    return tuple(kept)


def _levels(expression: sp.Expr) -> list[sp.Expr]:
    """Innermost levels, and those that become innermost where they have signs."""
    found: dict[sp.Expr, None] = {}
    waiting, cells = [expression], 0
    while waiting and cells < _MAX_CELLS:
        here, cells = waiting.pop(), cells + 1
        inner = innermost_levels(here)
        found |= dict.fromkeys(inner)
        if inner and len(inner) < len(all_levels(here)):
            waiting += [assume_sign(here, inner[0], sign) for sign in (1, -1)]
    return list(found)


def _crossing(
    expression: sp.Expr, level: sp.Expr, point: Point, beside: Sequence[Side]
) -> Crossing | None:
    """The crossing of level = 0 at a point, next to it where the levels beside have signs."""
    above, below = (formula_near(expression, point, (*beside, (level, s))) for s in (1, -1))
    if above is None or below is None:
        return None
    return Crossing(
        level=level, point=tuple(point.items()), above=cancelled(above), below=cancelled(below)
    )


def formula_near(expression: sp.Expr, point: Point, sides: Sequence[Side]) -> sp.Expr | None:
    """The formula near a point where levels that vanish there have signs, or None.

    Each of the ``sides`` is much larger in size than those after it; together they are linearly
    independent. A level that vanishes at the point is known where it is a combination of theirs:
    it has the sign of the first that takes part.

    >>> x, y = sp.symbols("x1 x2", real=True)
    >>> ramp = sp.Piecewise((x - y, x > y), (0, True))
    >>> formula_near(ramp, {x: sp.S.Zero, y: sp.S.Zero}, ((y, 1), (x, 1)))
    0
    """

    def sign_of(level: sp.Expr) -> int | None:
        sign = ball_sign(level, point)
        if sign is not None:
            return sign
        weights = _combination(level, [side for side, _ in sides])
        for weight, (_, sign) in zip(weights or (), sides, strict=False):
            if is_zero(weight) is not True:
                turn = ball_sign(weight, {})
                return None if turn is None else turn * sign
        return None

    return formula_where(expression, sign_of)


def _combination(level: sp.Expr, levels: Sequence[sp.Expr]) -> tuple[sp.Expr, ...] | None:
    """The weights with which a level is a combination of independent ones, or None."""
    symbols = symbols_of(sp.Tuple(level, *levels))
    rows = [exact_form(g, symbols) for g in (*levels, level)]
    known = [list(row) for row in rows if row is not None]
    if len(known) < len(rows):
        return None
    weights = _eliminated(known)
    return None if weights is None else tuple(weights)


def _eliminated(rows: list[list[sp.Expr]]) -> list[sp.Expr] | None:
    """Weights of the rows before the last whose sum is the last, by elimination."""
    *given, wanted = rows
    count = len(given)
    units = [[sp.Integer(int(i == j)) for j in range(count)] for i in range(count)]
    goal: list[sp.Expr] = [sp.S.Zero] * count
    used: list[tuple[int, list[sp.Expr], list[sp.Expr]]] = []

    def reduced(row: list[sp.Expr], unit: list[sp.Expr]) -> tuple[list[Any], list[Any]]:
        for place, pivot_row, pivot_unit in used:
            factor = sp.radsimp(row[place] / pivot_row[place])
            row = [sp.expand(a - factor * b) for a, b in zip(row, pivot_row, strict=True)]
            unit = [sp.expand(a - factor * b) for a, b in zip(unit, pivot_unit, strict=True)]
        return row, unit

    for row, unit in zip(given, units, strict=True):
        left, made = reduced(row, [*unit])
        place = next((k for k, number in enumerate(left) if is_zero(number) is False), None)
        if place is None:
            return None
        used.append((place, left, made))
    left, made = reduced(wanted, goal)
    if not all(is_zero(number) is True for number in left):
        return None
    return [-weight for weight in made]
