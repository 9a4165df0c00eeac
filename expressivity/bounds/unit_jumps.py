"""Jumps of a target's normal derivative where two of its kinks meet, by unit normals, in balls.

A formula that holds beside a kink near one point of the common part L of two kink hyperplanes holds
up to every point of L that no other level of the target separates from it. All levels have to be
affine for this to be known.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import flint
import sympy as sp

from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.piecewise import all_levels, by_conditions
from expressivity.symbolic.points import Point, as_rational, ball_sign, exact_form, is_zero
from expressivity.targets.crossings import Crossing, Edge, edges, planes
from expressivity.targets.flats import Flat, common_part, is_inside, points_in
from expressivity.targets.target import Target

_CHORD = 257  # points on one, ends included
_INWARDS = Fraction(1, 10**9)


@lru_cache(maxsize=256)
def usable_edges(target: Target) -> tuple[Edge, ...]:
    """The edges of a target that is continuous beside them and has affine levels alone."""
    levels = all_levels(by_conditions(target.expression))
    if any(exact_form(level, target.coordinates) is None for level in levels):
        return ()
    return tuple(edge for edge in edges(target) if _is_continuous(edge.above, edge.below))


def _is_continuous(*crossings: Crossing) -> bool:
    return all(is_identity(c.value_jump, sp.S.Zero) is True for c in crossings)


def common_points(edge: Edge, target: Target) -> list[Point]:
    """Points of the common part of an edge's hyperplanes in the closed domain, on chords of it."""
    flat = common_part([edge.above.level, edge.other], target.coordinates)
    assert flat is not None
    middle = next(points_in(flat, target.domain), None)
    if middle is None or not flat.tangents:
        return [dict(edge.above.point)]
    centre = [sp.S.Zero] * len(flat.tangents)
    if not is_inside(flat.point(centre), target.domain):
        centre = [middle[x] for x in flat.tangents]
    found: list[Point] = []
    for axis in range(len(flat.tangents)):
        found += _chord(flat, centre, axis, target)
    return found


def _chord(flat: Flat, centre: Sequence[sp.Expr], axis: int, target: Target) -> list[Point]:
    """Equally spaced points of a line through the centre, as far as the domain goes."""

    def at(step: Fraction) -> Point:
        moved = [v + as_rational(step) * int(k == axis) for k, v in enumerate(centre)]
        return flat.point(moved)

    base, ahead = at(Fraction(0)), at(Fraction(1))
    starts = [_near(v) for v in base.values()]
    rates = [_near(ahead[x] - base[x]) for x in base]
    low, high = (_end(starts, rates, sign, target, at) for sign in (-1, 1))
    steps = [low + (high - low) * Fraction(k, _CHORD - 1) for k in range(_CHORD)]
    return [at(step) for step in steps]


def _end(
    starts: Sequence[float],
    rates: Sequence[float],
    sign: int,
    target: Target,
    at: Callable[[Fraction], Point],
) -> Fraction:
    """The last step inside the closed domain: a guess by floats, then checked and moved inwards."""
    if target.domain.shape == "ball":
        a, b = math.fsum(r * r for r in rates), math.fsum(map(operator.mul, starts, rates))
        room = 1 - math.fsum(s * s for s in starts)
        guess = (-b + sign * math.sqrt(max(b * b + a * room, 0.0))) / a
    else:
        exits = [
            (math.copysign(1, sign * r) - s) / r for s, r in zip(starts, rates, strict=True) if r
        ]
        guess = sign * min(abs(e) for e in exits)
    step = Fraction(guess).limit_denominator(1000)
    if abs(step - Fraction(guess)) > Fraction(1, 10**6) or not _closed(at(step), target):
        step = Fraction(guess)
    inwards = _INWARDS
    while step and not _closed(at(step), target):
        step *= max(1 - inwards, Fraction(0))
        inwards *= 2
    return step


def _near(number: sp.Expr) -> float:
    return float(flint.arb(interpret(number, {}, BALL)))


def _closed(point: Point, target: Target) -> bool:
    return is_inside(point, target.domain, closed=True)


def unit_jumps(edge: Edge, points: Sequence[Point], target: Target) -> list[list[flint.arb | None]]:
    """The jumps along the unit normal above and below an edge, as limits at points of L.

    Args:
        edge: a usable one.
        points: on the common part of its hyperplanes, in the closed domain.
        target: whose edge it is.

    Returns:
        Two numbers for each point; None where another level may separate the point from the
        edge's own, or where there is no value.
    """
    flat = common_part([edge.above.level, edge.other], target.coordinates)
    assert flat is not None
    own = dict(edge.above.point)
    across = [g for g in planes(target) if sp.expand(flat.restrict(g)) != 0]
    signs = {g: ball_sign(g, own) for g in across}
    jumps = [c.slope_jump * c.stretch for c in (edge.above, edge.below)]
    found: list[list[flint.arb | None]] = []
    for point in points:
        joined = all(
            (sign is not None and ball_sign(g, point) == sign)
            or is_zero(sp.expand(g.subs(list(point.items())))) is True
            for g, sign in signs.items()
        )
        values = {x: flint.arb(interpret(v, {}, BALL)) for x, v in point.items()}
        found.append([_value(jump, values) if joined else None for jump in jumps])
    return found


def _value(jump: sp.Expr, values: Mapping[sp.Symbol, flint.arb]) -> flint.arb | None:
    try:
        value = flint.arb(interpret(jump, values, BALL))
    except (ValueError, ZeroDivisionError):
        return None
    return value if value.is_finite() else None
