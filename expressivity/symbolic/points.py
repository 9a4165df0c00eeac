"""Exact points: inside polyhedra, spread over space, and the signs of values there.

Exact, or by balls that exclude 0: no floating point number takes part in an answer. Points are
rational, except where an argument says that their coordinates may be other exact real numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import Budget, OutOfBudgetError
from expressivity.symbolic.interpret import BALL, interpret

Point = Mapping[sp.Symbol, Any]

_PRECISIONS = (128, 512)
_ZERO_STEPS = 10_000
_VARIANTS = (1, 2, 5)
_SIZES = tuple(Fraction(n, 11) for n in (5, 3, 9, 14, 2, 21, 37, 8))


def affine_form(level: sp.Expr, symbols: Sequence[sp.Symbol]) -> tuple[Fraction, ...] | None:
    """Coefficients of the symbols and the constant, or None where not affine and rational.

    >>> x, y = sp.symbols("x y")
    >>> affine_form(2 * x - 1, (x, y))
    (Fraction(2, 1), Fraction(0, 1), Fraction(-1, 1))
    """
    slopes: list[Any] = [sp.diff(level, symbol) for symbol in symbols]
    if not all(slope.is_Rational for slope in slopes):
        return None
    rest: Any = sp.expand(level - sp.Add(*[c * s for c, s in zip(slopes, symbols, strict=True)]))
    if not rest.is_Rational:
        return None
    return tuple(Fraction(int(number.p), int(number.q)) for number in (*slopes, rest))


def exact_form(level: sp.Expr, symbols: Sequence[sp.Symbol]) -> tuple[sp.Expr, ...] | None:
    """As :func:`affine_form` with any exact real numbers, roots among them, or None.

    >>> x, y = sp.symbols("x y", real=True)
    >>> exact_form(sp.sqrt(2) * x - 1, (x, y))
    (sqrt(2), 0, -1)
    """
    slopes: list[Any] = [sp.diff(level, symbol) for symbol in symbols]
    if not all(slope.is_number for slope in slopes):
        return None
    rest = sp.expand(level - sp.Add(*[c * s for c, s in zip(slopes, symbols, strict=True)]))
    form = (*slopes, rest)
    return form if all(number.is_number and number.is_real for number in form) else None


def is_zero(number: sp.Expr) -> bool | None:
    """Whether an exact number is 0: by reduction, or by a ball that excludes 0.

    >>> is_zero(sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6)), is_zero(sp.sqrt(2) - 1)
    (True, False)
    """
    if number.is_Rational:
        return number == 0
    if is_nonzero(number, {}):
        return False
    try:
        return True if vanishes(number, Budget(_ZERO_STEPS)) else None
    except OutOfBudgetError:
        return None


def interior_points(
    forms: Sequence[tuple[Fraction, ...]], symbols: Sequence[sp.Symbol]
) -> tuple[Point, ...]:
    """Some rational points with every affine form positive; none where there is no such point.

    Fourier-Motzkin elimination (Schrijver, "Theory of Linear and Integer Programming", 1986,
    section 12.2).
    """
    found = [_interior(list(forms), len(symbols), variant) for variant in _VARIANTS]
    return tuple(
        {s: as_rational(v) for s, v in zip(symbols, point, strict=True)}
        for point in found
        if point is not None
    )


def _interior(forms: list[tuple[Fraction, ...]], count: int, variant: int) -> list[Fraction] | None:
    if count == 0:
        return [] if all(form[0] > 0 for form in forms) else None
    last = count - 1
    lower = [f for f in forms if f[last] > 0]
    upper = [f for f in forms if f[last] < 0]
    combined = [
        tuple(-u[last] * a + f[last] * b for a, b in zip(f, u, strict=True))
        for f in lower
        for u in upper
    ]
    reduced = [
        (*f[:last], f[-1]) for f in [*(f for f in forms if f[last] == 0), *combined]
    ]  # fmt: skip
    point = _interior(reduced, last, variant)
    if point is None:
        return None

    def root(form: tuple[Fraction, ...]) -> Fraction:
        rest = sum((c * v for c, v in zip(form[:last], point, strict=True)), form[-1])
        return -rest / form[last]

    part = Fraction(variant, variant + count + 1)  # no symmetric point: those are often zeros
    low, high = max(map(root, lower), default=None), min(map(root, upper), default=None)
    if low is not None and high is not None:
        return [*point, low + part * (high - low)]
    if low is not None:
        return [*point, low + part]
    return [*point, (Fraction(0) if high is None else high) - part]


def spread_points(symbols: Sequence[sp.Symbol]) -> Iterator[Point]:
    """Rational points of both signs and several sizes, without symmetries.

    >>> x = sp.Symbol("x")
    >>> [point[x] for point in spread_points((x,))][:3]
    [5/11, -3/11, 9/11]
    """
    for k, size in enumerate(_SIZES):
        signs = [(-1) ** (k >> (axis % 3)) for axis in range(len(symbols))]
        yield {
            s: as_rational(sign * size * Fraction(7 + 3 * axis, 7 + 2 * axis))
            for axis, (s, sign) in enumerate(zip(symbols, signs, strict=True))
        }


def as_rational(value: Fraction) -> sp.Rational:
    """The same number in sympy."""
    number: Any = sp.Rational(value.numerator, value.denominator)
    return number


def is_nonzero(expression: sp.Expr, point: Point) -> bool:
    """Whether ball arithmetic shows that the value at an exact point is not 0.

    >>> x = sp.Symbol("x")
    >>> is_nonzero(sp.exp(x) - 3, {x: sp.Integer(1)})
    True
    """
    return ball_sign(expression, point) is not None


def ball_sign(expression: sp.Expr, point: Point) -> int | None:
    """Sign of the value at an exact point where a ball excludes 0, else None.

    >>> x = sp.Symbol("x")
    >>> ball_sign(x - sp.Rational(7, 5), {x: sp.sqrt(2)})
    1
    """
    for precision in _PRECISIONS:
        with flint.ctx.workprec(precision):
            try:
                values = {s: flint.arb(interpret(v, {}, BALL)) for s, v in point.items()}
                ball = flint.arb(interpret(expression, values, BALL))
            except (ValueError, ZeroDivisionError):
                return None  # a function without ball arithmetic, or a pole
            if ball.is_finite() and not ball.contains(0):
                return 1 if ball > 0 else -1
    return None
