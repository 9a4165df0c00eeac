"""Kinks that are no rational hyperplanes: found on segments, enclosed in balls.

A level that is not affine changes its sign between two rational points. Halving the segment
encloses a root in a short one, and balls over it show that the root is simple, which formulas hold
on its two sides, which derivative jumps there and whether the kink bends. No floating point number
takes part in an answer.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import flint
import sympy as sp

from expressivity.classes.facts import MAX_ORDER, is_real_analytic
from expressivity.symbolic.budget import tree_size
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.piecewise import assume_sign, formula_where, innermost_levels
from expressivity.symbolic.points import Point, affine_form, as_rational, ball_sign
from expressivity.targets.nearby import interior_points
from expressivity.targets.target import Target

_HALVINGS, _PRECISION = 32, 256
_MAX_SEGMENTS, _MAX_NODES = 6, 500
_PARTS = (Fraction(7, 16), Fraction(1, 2))
_S, _R = sp.symbols("s r", real=True)


@dataclass(frozen=True, kw_only=True)
class Bend:
    """A point of a segment in the domain where a target changes its formula.

    Attributes:
        level: real-analytic g, not affine with rational coefficients; the kink is g = 0.
        orders: those, up to ``MAX_ORDER``, of the derivatives along the segment that certainly
            jump there, value included; at least one.
        curved: whether the kink near the point certainly lies in no finite union of hyperplanes.
    """

    level: sp.Expr
    orders: tuple[int, ...]
    curved: bool


@functools.lru_cache(maxsize=256)
def bends(target: Target) -> tuple[Bend, ...]:
    """At most one for each level; callers conclude from what is there, never from its absence.

    >>> from expressivity.targets.user import user_target
    >>> bends(user_target("abs(x1**2+x2**2-1/2)"))
    (Bend(level=2*x1**2 + 2*x2**2 - 1, orders=(1, 2), curved=True),)
    """
    found: list[Bend] = []
    if tree_size(target.expression) > _MAX_NODES:
        return ()
    for level in innermost_levels(target.expression):
        if affine_form(level, target.coordinates) is None and is_real_analytic(level):
            known: list[Bend] = []
            for segment in _segments(target, level):
                bend = _bend(target, level, *segment)
                known += [] if bend is None else [bend]
                if bend is not None and (bend.curved or target.dimension == 1):
                    break
            found += known[-1:]
    return tuple(found)


def _segments(target: Target, level: sp.Expr) -> Iterator[tuple[Point, Point]]:
    """Pairs of points in the domain, which is convex, where the level is negative and positive."""
    signs = [(p, ball_sign(level, p)) for p in interior_points(target)]
    below, above = ([p for p, sign in signs if sign == wanted] for wanted in (-1, 1))
    yield from list(zip(below, above, strict=False))[:_MAX_SEGMENTS]


def _bend(target: Target, level: sp.Expr, start: Point, end: Point) -> Bend | None:
    along: Any = {x: start[x] + _S * (end[x] - start[x]) for x in target.coordinates}
    low, high = Fraction(0), Fraction(1)
    on_segment: Any = level.xreplace(along)
    for step in range(_HALVINGS):
        middle = low + (high - low) * _PARTS[step % 2]
        sign = ball_sign(on_segment, {_S: as_rational(middle)})
        if sign is None:
            break
        low, high = (middle, high) if sign < 0 else (low, middle)
    box = {_S: _hull(low, high), _R: flint.arb(0)}
    if not _excludes_zero(sp.diff(on_segment, _S), box):
        return None
    above, below = (_formula(target, level, along, box, sign) for sign in (1, -1))
    if above is None or below is None:
        return None
    jump: Any = (above - below).xreplace(along)
    orders: list[int] = []
    for order in range(MAX_ORDER + 1):
        orders += [order] if _excludes_zero(jump, box) else []
        jump = sp.diff(jump, _S)
    if not orders:
        return None
    curved = any(_is_curved(level, along, x, box) for x in target.coordinates)
    return Bend(level=level, orders=tuple(orders), curved=curved)


def _formula(
    target: Target, level: sp.Expr, along: Any, box: dict[sp.Symbol, Any], side: int
) -> sp.Expr | None:
    """The formula on one side of the level, near the whole of the short segment."""

    def sign_of(other: sp.Expr) -> int | None:
        return _sign(cast(sp.Expr, other.xreplace(along)), box)

    formula = formula_where(assume_sign(target.expression, level, side), sign_of)
    return formula if formula is not None and is_real_analytic(formula) else None


def _is_curved(level: sp.Expr, along: Any, axis: sp.Symbol, box: dict[sp.Symbol, Any]) -> bool:
    """Whether in the plane of the segment and an axis the curve g = 0 has a second derivative."""
    on_plane: Any = level.xreplace({**along, axis: along[axis] + _R})
    s, r = sp.diff(on_plane, _S), sp.diff(on_plane, _R)
    bending = sp.diff(r, _R) * s**2 - 2 * sp.diff(s, _R) * s * r + sp.diff(s, _S) * r**2
    return _excludes_zero(bending, box)


def _hull(low: Fraction, high: Fraction) -> flint.arb:
    with flint.ctx.workprec(_PRECISION):
        ends = [flint.arb(flint.fmpq(v.numerator, v.denominator)) for v in (low, high)]
        return ends[0].union(ends[1])


def _excludes_zero(expression: sp.Expr, box: dict[sp.Symbol, Any]) -> bool:
    return _sign(expression, box) is not None


def _sign(expression: sp.Expr, box: dict[sp.Symbol, Any]) -> int | None:
    """The sign on the whole box, where a ball excludes 0."""
    with flint.ctx.workprec(_PRECISION):
        try:
            ball = flint.arb(interpret(expression, box, BALL))
        except (ValueError, ZeroDivisionError):
            return None
        if not ball.is_finite() or ball.contains(0):
            return None
        return 1 if ball > 0 else -1
