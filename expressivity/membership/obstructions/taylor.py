"""Taylor coefficients of formulas in ball arithmetic, by power series.

Fast where exact differentiation of a product of many factors is not, and of a cost that is known:
the nodes of the formula times the square of the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import flint
import sympy as sp

from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.points import spread_points

_PRECISION = 256


def taylor_coefficients(
    formula: sp.Expr, values: Mapping[sp.Symbol, Any], variable: sp.Symbol, count: int
) -> tuple[flint.arb, ...] | None:
    """Enclosures of the first coefficients in a variable, or None without such arithmetic.

    Args:
        formula: without conditions.
        values: rational numbers for all its symbols; the expansion is about that of the variable.
        variable: one of them.
        count: how many coefficients.

    >>> x = sp.Symbol("x", real=True)
    >>> found = taylor_coefficients(sp.exp(x), {x: sp.Integer(0)}, x, 3)
    >>> [round(float(ball), 3) for ball in found]
    [1.0, 1.0, 0.5]
    """
    with flint.ctx.workprec(_PRECISION):
        balls: dict[sp.Symbol, Any] = {
            s: flint.arb(flint.fmpq(int(v.p), int(v.q))) for s, v in values.items()
        }
        balls[variable] = flint.arb_series([balls[variable], 1], prec=count)
        try:
            found = interpret(formula, balls, _SERIES)
        except (ValueError, ZeroDivisionError):
            return None
        series = flint.arb_series(0, prec=count) + found  # a constant is a series
        return tuple(series[n] for n in range(count))


def has_order(formula: sp.Expr, coordinates: Sequence[sp.Symbol], order: int) -> bool:
    """Whether a partial derivative of this order in one coordinate is certainly not zero.

    At some of a few rational points; False decides nothing.

    >>> x = sp.Symbol("x", real=True)
    >>> has_order(x**2 + x, (x,), 2), has_order(x**2 + x, (x,), 3)
    (True, False)
    """
    for point in spread_points(coordinates):
        for x in coordinates:
            found = taylor_coefficients(formula, point, x, order + 1)
            if found is not None and excludes_zero(found[order]):
                return True
    return False


def excludes_zero(ball: flint.arb) -> bool:
    """Whether a ball is finite and without 0."""
    return bool(ball.is_finite()) and not ball.contains(0)


def _series_tanh(value: Any) -> Any:
    if isinstance(value, flint.arb):
        return value.tanh()
    power = (2 * value).exp()
    return (power - 1) / (power + 1)


def _series_power(base: Any, exponent: sp.Rational) -> Any:
    if exponent.q > 2 and not isinstance(base, flint.arb):
        raise ValueError(f"required: whole or half exponents of series; got {exponent}")
    return BALL.power(base, exponent)


# Numbers stay balls; flint mixes them with series.
_SERIES = replace(BALL, functions={**BALL.functions, "tanh": _series_tanh}, power=_series_power)
