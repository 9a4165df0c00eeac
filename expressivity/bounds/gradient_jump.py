"""B1: the jump of a gradient across a kink of the target (docs/theory.md, section 4, B1).

Across a hyperplane H the normal derivative of every network of the class, a continuous function,
jumps by a polynomial of degree at most q along H, the target's by J. Where the error's jump is
P - J, its gradient is at least abs(P - J)/2 on one of the two sides, so half the uniform distance
of J to the polynomials is a lower bound for ess sup abs(grad(f - t)). That distance is bounded
below by finitely many values of J: finite differences of order q + 1 annihilate P.

J is derived from the target's expression by exact one-sided differentiation and evaluated in ball
arithmetic at rational points of H in the closed domain. A point counts only where the expression
is analytic on both sides of H near it, so that the one-sided limits exist and J is continuous; an
end of a chord is then a limit of points inside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

import flint
import sympy as sp
from sympy.core.relational import Relational

from expressivity.bounds.bound import Bound, TargetNorms, at_every_width, precision
from expressivity.bounds.integrals.chords import Plane, Point, chords
from expressivity.classes.families import Family
from expressivity.classes.properties import amplitude_degree, is_c1, kinks_where_a_map_vanishes
from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import BALL, interpret, lower_float
from expressivity.targets.target import Target

Chord = tuple[flint.arb | None, ...]
"""J at equally spaced points, None where the point does not count."""

_ORDERED = (
    sp.StrictGreaterThan,
    sp.GreaterThan,
    sp.StrictLessThan,
    sp.LessThan,
)


@dataclass(frozen=True, kw_only=True)
class Jump:
    """J of a target along the chords of one of its kinks."""

    through_origin: bool
    chords: tuple[Chord, ...]


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The gradient-jump bound of a class, at most one, in the norm w1inf; no norm is used."""
    del norms
    value = 0.0
    for jump in jumps(target):
        degree = class_degree(family, through_origin=jump.through_origin)
        if degree is not None:
            value = max([value, *(_half_distance(chord, degree) for chord in jump.chords)])
    return at_every_width("w1inf", value, Evidence.PROVED, "gradient-jump")


def class_degree(family: Family, *, through_origin: bool) -> int | None:
    """Degree q of the class's jump along a hyperplane, -1 for no jump, None for not known.

    C^1 networks have none, and without biases, where kinks lie where a map vanishes, they pass
    through the origin. Else it is the degree that the neuron shows; never for gates.

    >>> class_degree(
    ...     Family(kind="la", neuron="one_sided", width=2, dimension=2), through_origin=True
    ... )
    1
    """
    if family.gate is not None:
        return None
    if is_c1(family):
        return -1
    if not family.bias and not through_origin and kinks_where_a_map_vanishes(family):
        return -1
    return amplitude_degree(family)


def _half_distance(chord: Chord, degree: int) -> float:
    """Half the distance of J to the polynomials of this degree, bounded below by a float.

    The difference of order q + 1 at equally spaced points annihilates them; it is at most the sum
    2^(q + 1) of its coefficients' sizes times the distance.
    """
    order = degree + 1
    weights = [(-1) ** k * comb(order, k) for k in range(order + 1)]
    found = 0.0
    with flint.ctx.workprec(precision):
        for values in _equally_spaced(chord, order + 1):
            difference = sum(
                (c * value for c, value in zip(weights, values, strict=True)), flint.arb(0)
            )
            found = max(found, lower_float(abs(difference) / 2 ** (order + 1)))
    return found


def _equally_spaced(chord: Chord, count: int) -> Iterator[list[flint.arb]]:
    """The values of J at every ``count`` equally spaced points that all count."""
    reach = len(chord) - 1
    steps = range(1, reach // (count - 1) + 1) if count > 1 else (1,)
    for step in steps:
        for first in range(len(chord) - step * (count - 1)):
            values = chord[first : first + step * (count - 1) + 1 : step]
            known = [value for value in values if value is not None]
            if len(known) == count:
                yield known


@lru_cache(maxsize=256)
def jumps(target: Target) -> tuple[Jump, ...]:
    """J along the kinks of a target that are hyperplanes with rational coefficients."""
    return tuple(
        Jump(
            through_origin=plane.constant == 0,
            chords=tuple(values_at(target, plane, chord) for chord in chords(plane, target.domain)),
        )
        for plane in kink_planes(target)
    )


def kink_planes(target: Target) -> tuple[Plane, ...]:
    """The kinks of a target that are hyperplanes with rational coefficients, each once."""
    conditions = _conditions(target.expression)
    located = (_affine(condition, target.coordinates) for condition in conditions)
    return tuple(dict.fromkeys(found[0] for found in located if found is not None))


def _conditions(expression: sp.Expr) -> list[Any]:
    conditions = [c for c in expression.atoms(Relational) if isinstance(c, _ORDERED)]
    return sorted(conditions, key=str)


def _affine(condition: Any, coordinates: Sequence[sp.Symbol]) -> tuple[Plane, bool] | None:
    """The plane on which the condition changes, and whether it holds on its positive side."""
    level = condition.gts - condition.lts
    parts: list[Any] = [sp.diff(level, x) for x in coordinates]
    parts.append(level.xreplace(dict.fromkeys(coordinates, sp.Integer(0))))
    if not all(part.is_Rational for part in parts):
        return None
    *slopes, constant = (Fraction(int(part.p), int(part.q)) for part in parts)
    if not any(slopes):
        return None
    leading = next(slope for slope in slopes if slope)
    plane = Plane(slopes=tuple(s / leading for s in slopes), constant=constant / leading)
    return plane, leading > 0


def _one_side(
    expression: Any, plane: Plane, coordinates: Sequence[sp.Symbol], *, positive: bool
) -> Any:
    """The expression with its conditions on this plane decided as on one side of it.

    Repeated, since deciding an inner condition can turn an outer one into one on this plane.
    """
    while True:
        decided: dict[Any, Any] = {}
        for condition in _conditions(expression):
            found = _affine(condition, coordinates)
            if found is not None and found[0] == plane:
                decided[condition] = sp.true if found[1] == positive else sp.false
        if not decided:
            return expression
        expression = expression.xreplace(decided)


def values_at(target: Target, plane: Plane, points: Iterable[Point]) -> Chord:
    """J at points of the plane in the closed domain."""
    expression, coordinates = target.expression, target.coordinates
    sides = [_one_side(expression, plane, coordinates, positive=p) for p in (True, False)]
    difference = sp.Add(*(
        sp.Rational(slope) * (sp.diff(sides[0], x) - sp.diff(sides[1], x))
        for slope, x in zip(plane.slopes, coordinates, strict=True)
    ))  # fmt: skip
    normal_derivative = difference / sp.sqrt(sp.Rational(sum(slope**2 for slope in plane.slopes)))
    with flint.ctx.workprec(precision):
        return tuple(_value(normal_derivative, sides, coordinates, point) for point in points)


def _value(
    jump: sp.Expr, sides: Iterable[sp.Expr], coordinates: Sequence[sp.Symbol], point: Point
) -> flint.arb | None:
    balls = {x: as_ball(c) for x, c in zip(coordinates, point, strict=True)}
    try:
        if not all(_is_analytic(side, balls) for side in sides):
            return None
        value = interpret(jump, balls, BALL)
    except ValueError:  # a function that ball arithmetic lacks
        return None
    return value if value.is_finite() else None


def _is_analytic(expression: sp.Expr, balls: Mapping[sp.Symbol, flint.arb]) -> bool:
    """Whether no condition changes and no function is singular near the point."""

    def nonzero(argument: Any) -> bool:
        value = interpret(argument, balls, BALL)
        return bool(value > 0 or value < 0)

    def positive(argument: Any) -> bool:
        return bool(interpret(argument, balls, BALL) > 0)

    checks: list[tuple[Callable[[Any], bool], Any]] = []
    for node in _nodes(expression):
        if node.is_Relational:
            checks.append((nonzero, node.lhs - node.rhs))
        elif node.func in (sp.Abs, sp.sign):
            checks.append((nonzero, node.args[0]))
        elif node.func is sp.log:
            checks.append((positive, node.args[0]))
        elif node.is_Pow and not node.exp.is_Integer:
            checks.append((positive, node.base))
        elif node.is_Pow and node.exp.is_negative:
            checks.append((nonzero, node.base))
    return all(holds(argument) for holds, argument in checks)


def _nodes(expression: sp.Expr) -> Iterator[Any]:
    return iter(sp.preorder_traversal(expression))
