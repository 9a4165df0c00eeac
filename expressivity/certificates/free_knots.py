"""Certificates on the interval: networks that are affine between few knots (B3)."""

import math
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.free_knots import best_piece, is_piecewise_affine, square_cost
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import interval_integral
from expressivity.bounds.integrals.moments import relative_distance
from expressivity.bounds.integrals.polynomial_pieces import Piece
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.certificates.writer import claim, sealed
from expressivity.classes.families import Family
from expressivity.symbolic.enclosure import as_ball, binary_fraction, precision
from expressivity.symbolic.points import as_rational
from expressivity.targets.target import Target

_GRID = 2**60  # ends of intervals are rounded inwards to multiples of its inverse


def free_knot_certificate(target: Target, family: Family) -> dict[str, Any] | None:
    """Certificate of the L2 error of every network at its width; None where there is no bound.

    Raises:
        ValueError: a class that is not piecewise affine; kinks that are not rational points; a
            target that the grammar of expressions cannot state.
    """
    if not is_piecewise_affine(family):
        raise ValueError(
            "required: continuous piecewise affine activations, without gates, for a bound by free "
            f"knots; got {family.class_label} over {', '.join(family.dictionary)}"
        )
    found = best_piece(target, family)
    if found is None:
        return None
    piece, number = found
    low = Fraction(math.ceil(_fraction(piece.left) * _GRID), _GRID)
    high = Fraction(math.floor(_fraction(piece.right) * _GRID), _GRID)
    within = Piece(left=as_rational(low), right=as_rational(high), polynomial=piece.polynomial)
    with precision(BITS):
        size = 2 * binary_exponent(target.expression)
        norm = interval_integral(sp.Pow(target.expression, 2), exponent=size)
        square: flint.arb = as_ball(_fraction(square_cost(within, number)))
    value = relative_distance(square, norm).lower_decimal()
    data = {"free_knot": {"interval": [binary_fraction(low), binary_fraction(high)]}}
    return sealed(target, family.json(), {"lower_bound": claim(value, "free-knot")}, data)


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))
