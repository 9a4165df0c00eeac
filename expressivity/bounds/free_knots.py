"""B3: free knots (docs/theory.md, section 4, B3, and B1 for the derivative of t1).

In one variable a network of continuous piecewise affine functions of one map with a kink at 0 is
affine between its knots, and a network of width m has at most m of them. Let the target be a
quadratic with leading coefficient A on an interval of length l, and let k knots be possible there.

- Values: the best affine approximation on a length h has sup error abs(A) h^2/8 and squared L2
  error A^2 h^5/180; one of the k + 1 pieces has h >= l/(k + 1), and equal lengths minimise the sum
  of h_i^5.
- Derivative: on a length h it costs abs(A) h. Where the target's derivative jumps by J with the
  sign of A at one end (left to right), a network without a knot there has a piece on both sides;
  reaching to h it costs abs(J)/2 + abs(A) h. With r = abs(A) l and g = abs(J)/2 the least cost over
  h, and over a knot at that end, is r/k if r <= k g and (r + g)/(k + 1) otherwise.
"""

from functools import lru_cache

import flint
import sympy as sp

from expressivity.bounds.bound import Bound, Norm, TargetNorms, precision, relative, round_down
from expressivity.bounds.integrals.cubature import interval_integral
from expressivity.bounds.integrals.polynomial_pieces import (
    Exact,
    Piece,
    Pieces,
    integral,
    split,
    sup_above,
)
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.classes.facts import degree_of, is_continuous, kink_of
from expressivity.classes.families import Family
from expressivity.classes.terms import branches
from expressivity.evidence import Evidence
from expressivity.symbolic.interpret import BALL, interpret, lower_float
from expressivity.targets.target import Target


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """Free-knot bounds in the three norms, from the best quadratic piece of the target for each."""
    if target.dimension > 1 or not is_piecewise_affine(family):
        return ()
    pieces = _pieces(target)
    kinked = _is_kinked(family)
    slope: Exact = sp.Integer(0)
    sup: Exact = sp.Integer(0)
    square: Exact = sp.Integer(0)
    for place, piece in enumerate(pieces):
        if piece.polynomial is None or piece.polynomial.degree() != 2:
            continue
        leading = abs(piece.polynomial.LC())
        inner = knots(family, piece, closed=False) + 1
        sup = max(sup, leading * piece.length**2 / (8 * inner**2))
        square = max(square, square_cost(piece, inner - 1))
        for jump in _jumps(pieces, place):
            cost = slope_cost(leading * piece.length, jump / 2, knots(family, piece, closed=True))
            slope = max(slope, cost)
    every_width = not (kinked and family.bias)
    found: tuple[tuple[Norm, float, Evidence], ...] = (
        ("l2", *_relative_l2(target, square, norms)),
        ("sup", *_relative_sup(target, sup, norms)),
        ("w1inf", round_down(slope) if slope else 0.0, Evidence.PROVED),
    )
    return tuple(
        Bound(
            norm=norm, value=value, evidence=evidence, method="free-knot", every_width=every_width
        )
        for norm, value, evidence in found
        if value > 0.0
    )


def is_piecewise_affine(family: Family) -> bool:
    """Whether the networks of a class are continuous and affine between their knots."""
    functions = branches(family)
    if family.gate is not None or functions is None or not all(map(is_continuous, functions)):
        return False
    degrees = [degree_of(s) for s in functions]
    return all(degree is not None and degree <= 1 for degree in degrees)


def _is_kinked(family: Family) -> bool:
    return any(kink_of(s) != 0 for s in branches(family) or ())


def knots(family: Family, piece: Piece, *, closed: bool) -> int:
    """How many knots can matter; without biases the only one is at 0."""
    if not _is_kinked(family):
        return 0
    if family.bias:
        return family.width
    inside = piece.left < 0 < piece.right
    return int(bool(inside or (closed and (piece.left == 0 or piece.right == 0))))


def best_piece(target: Target, family: Family) -> tuple[Piece, int] | None:
    """The quadratic piece on which networks miss most of the norm, and knots that can be in it.

    None where the class or the target has no such pieces.

    >>> from expressivity.targets.builtin import t1
    >>> relu = Family(neuron="type1", kind="fixed", dictionary="relu", width=3, dimension=1)
    >>> piece, number = best_piece(t1(), relu)
    >>> piece.left, piece.right, number
    (0, 1, 3)
    """
    if target.dimension > 1 or not is_piecewise_affine(family):
        return None
    found = [
        (piece, knots(family, piece, closed=False))
        for piece in _pieces(target)
        if piece.polynomial is not None and piece.polynomial.degree() == 2
    ]
    return max(found, key=lambda one: square_cost(*one), default=None)


def square_cost(piece: Piece, number: int) -> Exact:
    """The squared L2 error of continuous functions with so many knots in a quadratic piece."""
    leading = piece.polynomial.LC()
    return leading**2 * piece.length**5 / (180 * sp.Integer(number + 1) ** 4)


def slope_cost(reach: Exact, half_jump: Exact, knots: int) -> Exact:
    """Least sup error of the derivative: r, g and k of the module docstring.

    >>> [slope_cost(sp.Integer(1), sp.Rational(1, 2), width) for width in (0, 1, 2, 4)]
    [3/2, 3/4, 1/2, 1/4]
    """
    if reach <= knots * half_jump:
        return reach / knots
    return (reach + half_jump) / (knots + 1)


def _jumps(pieces: Pieces, place: int) -> list[Exact]:
    """For both ends of a quadratic piece: size of the jump there, 0 where of the other sign."""
    this = pieces[place].polynomial
    assert this is not None
    sizes: list[Exact] = []
    for other, at, sign in (
        (place - 1, pieces[place].left, 1),
        (place + 1, pieces[place].right, -1),
    ):
        neighbour = pieces[other].polynomial if 0 <= other < len(pieces) else None
        jump: Exact = sp.Integer(0)
        if neighbour is not None:
            jump = sign * (this.diff().eval(at) - neighbour.diff().eval(at))
        sizes.append(max(jump * sp.sign(this.LC()), sp.Integer(0)))
    return sizes


@lru_cache(maxsize=256)
def _pieces(target: Target) -> Pieces:
    (x,) = target.coordinates
    return split(target.expression, x, sp.Integer(-1), sp.Integer(1)) or ()


@lru_cache(maxsize=256)
def _square_norm(target: Target) -> Exact | None:
    (x,) = target.coordinates
    return integral(split(target.expression**2, x, sp.Integer(-1), sp.Integer(1)))


@lru_cache(maxsize=256)
def _sup_above(target: Target) -> flint.arb | None:
    return sup_above(_pieces(target))


def _relative_l2(target: Target, square: Exact, norms: TargetNorms) -> tuple[float, Evidence]:
    if not square:
        return 0.0, Evidence.PROVED
    norm = _square_norm(target)
    if norm is None:
        return _enclosed_l2(target, square, norms)
    return round_down(sp.sqrt(square / norm)), Evidence.PROVED


def _enclosed_l2(target: Target, square: Exact, norms: TargetNorms) -> tuple[float, Evidence]:
    with flint.ctx.workprec(precision):
        try:
            size = 2 * binary_exponent(target.expression)
            norm = interval_integral(sp.Pow(target.expression, 2), exponent=size)
        except ValueError:  # a kink at an irrational point
            return relative(round_down(sp.sqrt(square)), norms.l2), Evidence.NUMERICAL
        return lower_float((interpret(square, {}, BALL) / norm).sqrt()), Evidence.CERTIFIED


def _relative_sup(target: Target, sup: Exact, norms: TargetNorms) -> tuple[float, Evidence]:
    if not sup:
        return 0.0, Evidence.PROVED
    norm = _sup_above(target)
    if norm is None:
        return relative(round_down(sup), norms.sup), Evidence.NUMERICAL
    with flint.ctx.workprec(precision):
        return lower_float(interpret(sup, {}, BALL) / norm), Evidence.PROVED
