"""The size of a function, so that tolerances can be relative to it."""

import functools
import itertools
from typing import Any

import flint
import sympy as sp

from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.symbols import COORDINATES

_X1, _X2, _X3 = COORDINATES[:3]
_PRECISION = 64


@functools.lru_cache(maxsize=256)
def binary_exponent(expression: sp.Expr) -> int:
    """About log2 of sup abs(f) on the unit ball, d <= 3, rounded up; 0 where nothing is known.

    Found at some points: a choice of tolerances, no claim.

    >>> binary_exponent(_X1 * _X2), binary_exponent(sp.Integer(2) ** 300 * sp.exp(-_X1**2))
    (-1, 300)
    """
    with flint.ctx.workprec(_PRECISION):
        sizes = [_size(expression, point) for point in _points()]
        largest = max((size for size in sizes if size is not None), default=None)
    return 0 if largest is None else largest


def power_of_two(exponent: int) -> flint.arb:
    """2 ** exponent, exact."""
    return flint.arb(2) ** exponent


def exponent_of(point: flint.arb) -> int:
    """log2 of an exact positive number, rounded up.

    >>> [exponent_of(flint.arb(x)) for x in (0.5, 0.75, 1, 3)]
    [-1, 0, 0, 2]
    """
    mantissa, exponent = (int(part) for part in point.man_exp())
    return exponent + (mantissa - 1).bit_length()


def _size(expression: sp.Expr, point: dict[sp.Symbol, flint.arb]) -> int | None:
    """log2 of the modulus at a point, rounded up, where that is positive and finite."""
    try:
        value: Any = flint.arb(interpret(expression, point, BALL))
    except (ValueError, ZeroDivisionError):
        return None
    upper = value.abs_upper()
    if not (value.is_finite() and upper > 0):
        return None
    return exponent_of(upper)


def _points() -> list[dict[sp.Symbol, flint.arb]]:
    directions = ((5, 0), (4, 3), (3, 4), (0, 5))
    return [
        {
            _X1: flint.arb(r * a * p) / 100,
            _X2: flint.arb(r * b * q) / 100,
            _X3: flint.arb((20 - r) * (q - 3 * p)) / 80,
        }
        for r in (3, 7, 10, 13, 17, 20)
        for a, b in directions
        for p, q in itertools.product((1, -1), repeat=2)
    ]
