"""Functions of one variable far out: a polynomial, up to what vanishes exponentially."""

from typing import Any

import sympy as sp

from expressivity.symbolic.budget import expanded
from expressivity.symbolic.points import ball_sign, is_zero

_LIMITS = (sp.tanh, sp.erf)


def polynomial_at_infinity(function: Any, s: sp.Symbol) -> sp.Expr | None:
    """A polynomial p in s such that function - p is O(exp(-c s)) for s -> +oo, c > 0, or None.

    By the structure of the function: tanh and erf of affine arguments tend to 1 or -1, an
    exponential of a falling one to 0, and the reciprocal of a growing one as well.

    >>> x = sp.Symbol("x", real=True)
    >>> polynomial_at_infinity(x**2 * sp.tanh(x) + 3 / (1 + sp.exp(-x)), x)
    x**2 + 3
    """
    if not function.has(s):
        return function
    if function == s:
        return s
    if function.is_Add or function.is_Mul:
        known = [polynomial_at_infinity(part, s) for part in function.args]
        parts = [part for part in known if part is not None]
        return expanded(function.func(*parts)) if len(parts) == len(known) else None
    if function.is_Pow and function.exp.is_Integer:
        return _power(function, s)
    if isinstance(function, (*_LIMITS, sp.exp)):
        sign = _direction(function.args[0], s)
        if isinstance(function, sp.exp):
            return sp.S.Zero if sign == -1 else None
        return None if sign is None else sp.Integer(sign)
    return None


def growth_degree(function: sp.Expr, s: sp.Symbol) -> int | None:
    """The least k with function = O(abs(s)^k) for s -> +oo and for s -> -oo, or None.

    The zero polynomial far out counts as degree 0.

    >>> x = sp.Symbol("x", real=True)
    >>> growth_degree(x / (1 + sp.exp(-x)), x), growth_degree(sp.exp(x), x)
    (1, None)
    """
    degrees: list[int] = []
    for end in (s, -s):
        far = polynomial_at_infinity(function.subs(s, end), s)
        if far is None:
            return None
        degrees.append(max(0, int(sp.Poly(far, s).degree()) if far != 0 else 0))
    return max(degrees)


def exceeds_growth(function: sp.Expr, s: sp.Symbol, degree: int) -> bool:
    """Whether the function is certainly not O(abs(s)^degree) on the line.

    >>> x = sp.Symbol("x", real=True)
    >>> exceeds_growth(x * sp.tanh(x), x, 0), exceeds_growth(sp.tanh(x), x, 0)
    (True, False)
    """
    for end in (s, -s):
        far = polynomial_at_infinity(function.subs(s, end), s)
        if far is not None and far.is_polynomial(s):
            coefficients = sp.Poly(far, s).all_coeffs()[::-1]
            if any(is_zero(c) is False for c in coefficients[degree + 1 :]):
                return True
    return False


def _power(function: Any, s: sp.Symbol) -> sp.Expr | None:
    base, exponent = function.base, int(function.exp)
    far = polynomial_at_infinity(base, s)
    if far is None:  # one growing exponential beside what has a polynomial
        return sp.S.Zero if exponent < 0 and _grows(base, s) else None
    if exponent > 0:
        return expanded(far**exponent)
    constant = not far.has(s) and is_zero(far) is False
    return far**exponent if constant else None


def _grows(base: Any, s: sp.Symbol) -> bool:
    """Whether it is a multiple of a growing exponential, and what has a polynomial far out."""
    growing = [t for t in sp.Add.make_args(base) if polynomial_at_infinity(t, s) is None]
    if len(growing) != 1:
        return False
    factor, exponential = growing[0].as_independent(s, as_Add=False)
    one = isinstance(exponential, sp.exp) and _direction(exponential.args[0], s) == 1
    return one and factor.is_number and is_zero(factor) is False


def _direction(argument: Any, s: sp.Symbol) -> int | None:
    """Sign of the slope of an affine argument."""
    rate = sp.diff(argument, s)
    return ball_sign(rate, {}) if rate.is_number else None
