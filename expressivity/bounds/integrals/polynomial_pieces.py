"""Exact work with functions of one variable that are piecewise polynomial with rational data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint
import sympy as sp
from sympy.core.relational import Relational

from expressivity.bounds.bound import precision
from expressivity.symbolic.interpret import BALL, interpret

Exact = Any
"""An exact sympy rational; sympy types its operators as unions with infinities and NaN."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A function on [left, right]; ``polynomial`` is None where it is no rational polynomial."""

    left: Exact
    right: Exact
    polynomial: Any  # sp.Poly or None

    @property
    def length(self) -> Exact:
        """right - left."""
        return self.right - self.left


Pieces = tuple[Piece, ...]


def split(expression: Any, x: sp.Symbol, left: Exact, right: Exact) -> Pieces | None:
    """The pieces of a function between its kinks, from left to right, or None.

    None where a condition changes on anything but a rational number, so that the kinks are not
    known exactly.

    >>> x = sp.Symbol("x", real=True)
    >>> pieces = split(sp.Abs(x) * x, x, sp.Integer(-1), sp.Integer(1))
    >>> [(piece.left, piece.right, piece.polynomial.as_expr()) for piece in pieces]
    [(-1, 0, -x**2), (0, 1, x**2)]
    """
    expression = expression.replace(sp.Abs, lambda u: sp.Piecewise((u, u > 0), (-u, True)))
    return _split(expression, x, left, right)


def _split(expression: Any, x: sp.Symbol, left: Exact, right: Exact) -> Pieces | None:
    conditions = sorted(expression.atoms(Relational), key=str)
    if not conditions:
        return (Piece(left=left, right=right, polynomial=_polynomial(expression, x)),)
    decided: dict[Any, Any] = {}
    for condition in conditions:
        level = condition.lhs - condition.rhs
        slope = sp.diff(level, x)
        constant = level.xreplace({x: sp.Integer(0)})
        if not (slope.is_Rational and slope != 0 and constant.is_Rational):
            continue  # an outer condition, perhaps, that is settled once the inner ones are
        root = -constant / slope
        if left < root < right:
            halves = (
                _split(expression, x, left, root),
                _split(expression, x, root, right),
            )
            return None if halves[0] is None or halves[1] is None else halves[0] + halves[1]
        decided[condition] = condition.xreplace({x: (left + right) / 2})
    return _split(expression.xreplace(decided), x, left, right) if decided else None


def _polynomial(expression: Any, x: sp.Symbol) -> Any:
    if not expression.is_polynomial(x):
        return None
    polynomial = sp.Poly(expression, x)
    return polynomial if all(c.is_Rational for c in polynomial.all_coeffs()) else None


def integral(pieces: Pieces | None) -> Exact | None:
    """The exact integral, or None where a piece is not known as a polynomial."""
    total: Exact = sp.Integer(0)
    for piece in pieces or ():
        if piece.polynomial is None:
            return None
        primitive = piece.polynomial.integrate()
        total += primitive.eval(piece.right) - primitive.eval(piece.left)
    return None if pieces is None else total


def square_distance(
    function: Any, span: Sequence[Any], x: sp.Symbol, left: Exact, right: Exact
) -> Exact | None:
    """Squared L2 distance to the span on [left, right], exact, or None where it is not known.

    The span may be linearly dependent.

    >>> x = sp.Symbol("x", real=True)
    >>> square_distance(x**2, [x, 2 * x], x, sp.Integer(0), sp.Integer(1))
    1/80
    """

    def inner(f: Any, g: Any) -> Exact | None:
        return integral(split(f * g, x, left, right))

    norm = inner(function, function)
    gram = [[inner(f, g) for g in span] for f in span]
    mixed = [inner(function, f) for f in span]
    if norm is None or None in mixed or any(None in row for row in gram):
        return None
    if not span:
        return norm
    independent = list(sp.Matrix(gram).rref()[1])
    G = sp.Matrix(gram).extract(independent, independent)
    b = sp.Matrix([mixed[i] for i in independent])
    return norm - (b.T * G.LUsolve(b))[0, 0] if independent else norm


def sup_above(pieces: Pieces) -> flint.arb | None:
    """A ball at or above the maximum of abs(f), tight to ``precision`` bits or so, or None.

    The extrema lie at ends of pieces and in isolating intervals of the roots of derivatives.

    >>> x = sp.Symbol("x", real=True)
    >>> pieces = split(x - x**2, x, sp.Integer(0), sp.Integer(1))
    >>> float(sup_above(pieces))
    0.25
    """
    candidates: list[flint.arb] = []
    with flint.ctx.workprec(precision):
        for piece in pieces:
            if piece.polynomial is None:
                return None
            slope = piece.polynomial.diff()
            places = [(piece.left, piece.left), (piece.right, piece.right)]
            if not slope.is_ground:
                resolution = sp.Rational(1, 2 ** (precision // 2))
                found = slope.intervals(eps=resolution, inf=piece.left, sup=piece.right)
                places += [interval for interval, _ in found]
            x, expression = piece.polynomial.gen, sp.horner(piece.polynomial.as_expr())
            for low, high in places:
                ball = interpret(low, {}, BALL).union(interpret(high, {}, BALL))
                candidates.append(abs(interpret(expression, {x: ball}, BALL)))
        return max(candidates, key=lambda ball: ball.upper()).upper()
