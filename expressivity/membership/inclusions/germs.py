"""One class in another on the unit ball: near a point, an activation is a plainer function.

If s(c + t) - s(c) = k g(t) for abs(t) < 1, and g(t) is p t for t > 0 and q t for t < 0, then

    g(l) = (B/k) (s(c + l/B) - s(c))    for abs(l) < B,

and an affine map l = w.x + b is on the ball at most B = 1 + sum abs(w_i) + abs(b) in size. So what
is a combination of such germs of an activation is on the ball a network of it: the identity of ELU,
which is affine for z > 0, and ReLU = (abs + id)/2 of abs. On the whole space neither is.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_continuous, pieces
from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint, Kind
from expressivity.classes.weights import Weights
from expressivity.membership.inclusions.inclusion import Inclusion
from expressivity.membership.inclusions.neuronwise import affine_coordinates, values_of, waypoints
from expressivity.membership.inclusions.parts import Part, parts_of
from expressivity.membership.inclusions.spans import Row, coefficients_of, realised, simple_rows
from expressivity.membership.recognition.verification import same_function
from expressivity.membership.shapes import Shape, shape_of
from expressivity.symbolic.points import is_zero
from expressivity.symbolic.symbols import COORDINATES, Z

_MOST_COORDINATES = 3


@dataclass(frozen=True, kw_only=True)
class Germ:
    """An activation near a point.

    Attributes:
        point: c.
        scale: k.
        shape: g, in ``Z``.
    """

    point: int
    scale: sp.Expr
    shape: sp.Expr


@dataclass(frozen=True, kw_only=True)
class _Sum:
    """A part as a combination of germs: sum_i a_i g_i(row_i) + constant."""

    part: Part
    terms: tuple[tuple[sp.Expr, Row, Germ], ...]
    constant: sp.Expr


@functools.lru_cache(maxsize=256)
def germs_of(expression: sp.Expr) -> tuple[Germ, ...]:
    """The germs of an activation of ``Z``, at 1, -1 and 0, that are not 0.

    >>> [(germ.point, germ.shape) for germ in germs_of(ACTIVATIONS["elu"].expression)]
    [(1, z)]
    """
    both = pieces(expression)
    if both is None:
        return ()
    slopes = [sp.diff(piece, Z) for piece in both]
    affine = [slope.is_number and slope.is_real for slope in slopes]
    found = [
        Germ(point=point, scale=slope, shape=Z)
        for point, slope, known in zip((1, -1), slopes, affine, strict=True)
        if known and slope != 0
    ]
    if all(affine) and slopes[0] != slopes[1] and is_continuous(expression):
        scale = slopes[0] if slopes[0] != 0 else slopes[1]
        shape = sp.Piecewise((slopes[0] / scale * Z, Z > 0), (slopes[1] / scale * Z, True))
        found.append(Germ(point=0, scale=scale, shape=shape))
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _has_new_germs(name: str) -> bool:
    """Whether an activation has germs that its own networks are not on the whole line."""
    own = Family(neuron="type1", kind=Kind.FIXED, dictionary=(name,), width=1, dimension=1)
    shapes = [germ.shape.subs(Z, COORDINATES[0]) for germ in germs_of(ACTIVATIONS[name].expression)]
    return any(realised(shape, own) is None for shape in shapes)


def _towards(family: Family, goal: Family) -> Iterator[Family]:
    for larger in waypoints(goal):
        found = _sums(family, larger)
        if found is not None:
            width = family.width * sum(map(_neurons, found))
            yield replace(larger, width=width)


def _sums(family: Family, larger: Family) -> tuple[_Sum, ...] | None:
    mixture = shape_of(larger.record) is Shape.MIXTURE
    plain = larger.activation is not None and mixture and larger.bias
    fits = (family.dimension, family.outputs) == (larger.dimension, larger.outputs)
    if not (plain and fits and family.gate is None and _has_new_germs(larger.dictionary[0])):
        return None
    one = replace(family, width=1, groups=1, constraint=Constraint.FREE)
    return _sums_of(one, larger.dictionary[0])


@functools.lru_cache(maxsize=1024)
def _sums_of(family: Family, name: str) -> tuple[_Sum, ...] | None:
    germs = germs_of(ACTIVATIONS[name].expression)
    found = [_sum_of(part, germs) for part in parts_of(family) or ()]
    known = [one for one in found if one is not None]
    return tuple(known) if found and len(known) == len(found) else None


def _sum_of(part: Part, germs: Sequence[Germ]) -> _Sum | None:
    count = len(part.coordinates)
    if count > _MOST_COORDINATES:
        return None
    symbols = COORDINATES[:count]
    choices = [(row, germ) for germ in germs for row in simple_rows(count)]
    functions = [_function(row, germ) for row, germ in choices]
    solved = coefficients_of(part.function, [sp.S.One, *functions], count)
    if solved is None:
        return None
    constant, *weights = solved
    whole = sp.Add(constant, *[a * f for a, f in zip(weights, functions, strict=True)])
    if not same_function(whole, part.function, symbols):
        return None
    terms = [(a, row, germ) for a, (row, germ) in zip(weights, choices, strict=True) if a]
    return _Sum(part=part, terms=tuple(terms), constant=constant)


def _function(row: Row, germ: Germ) -> Any:
    inner = sp.Add(*[n * x for n, x in zip(row, COORDINATES, strict=False)])
    return germ.shape.xreplace({Z: inner})


def _neurons(found: _Sum) -> int:
    """One for each term and one for the constant."""
    return len(found.terms) + 1


def _carry(family: Family, larger: Family, weights: Weights) -> Weights:
    found = _sums(family, larger)
    assert found is not None, "the larger family comes from these sums"
    name = larger.dictionary[0]
    rows: list[list[sp.Expr]] = []
    outer: list[sp.Matrix] = []
    for j in range(family.width):
        values = values_of(family, weights, j)
        for one in found:
            affine = affine_coordinates(one.part, family, weights, j, values)
            column = sp.Matrix(weights["a"].col(j)) * one.part.coefficient.subs(values)
            for row, factor in _rows(one, affine, name):
                rows.append(row)
                outer.append(column * factor)
    hot = [sp.Integer(label == name) for label in larger.basis]
    return Weights(
        blocks={
            "w": sp.ImmutableMatrix(rows),
            "a": sp.ImmutableMatrix(sp.Matrix.hstack(*outer)),
            **({"scale0": sp.ImmutableMatrix(hot)} if larger.sides else {}),
        }
    )


def _rows(one: _Sum, affine: sp.Matrix, name: str) -> Iterator[tuple[list[sp.Expr], sp.Expr]]:
    """Maps and output weights; the last neuron is the constant, at a point where s is not 0."""
    activation, rest = ACTIVATIONS[name], one.constant
    for factor, row, germ in one.terms:
        values: list[Any] = (sp.Matrix([list(row)]) * affine).tolist()[0]
        bound: Any = 1 + sp.Add(*[sp.Abs(value) for value in values])
        *slopes, shift = (value / bound for value in values)
        outer = factor * bound / germ.scale
        yield [*slopes, shift + germ.point], outer
        rest -= outer * activation(sp.Integer(germ.point))
    point = next(p for p in (sp.S.One, sp.S.NegativeOne) if is_zero(activation(p)) is False)
    yield [*[sp.S.Zero] * (affine.cols - 1), point], rest / activation(point)


INCLUSION = Inclusion(
    name="germs of an activation", theorem="identity", towards=_towards, carry=_carry, domain=True
)
