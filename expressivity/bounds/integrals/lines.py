"""Lines along which a function of the plane changes its formula, with exact coefficients.

A *number* is a Fraction, or an exact real constant of sympy where it is irrational: all decisions
are about signs of numbers, by balls where these exclude 0, by exact reduction where they do not.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import flint
import sympy as sp

from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import Budget, OutOfBudgetError
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES

Number = Any
"""A Fraction, or an irrational constant; sympy takes both into its arithmetic."""

_X1, _X2 = COORDINATES[:2]
_TRIPLES = ((8, 15, 17), (24, 7, 25), (20, 21, 29), (40, 9, 41), (60, 11, 61))
# Cosine and sine of the rotations tried, in order.
TURNS = tuple(
    (Fraction(c, d), Fraction(s, d))
    for c, s, d in (
        *((1, 0, 1), (0, 1, 1), (4, 3, 5), (3, 4, 5), (12, 5, 13), (5, 12, 13)),
        *((-3, 4, 5), (-4, 3, 5), (-5, 12, 13), (-12, 5, 13)),
        *((c, s, d) for p, q, d in _TRIPLES for c, s in ((p, q), (q, p), (-p, q), (-q, p))),
    )
)
_GENTLE = Fraction(1, 8)  # least |b| of a line a x1 + b x2 = c of unit normal (a, b)
_STEPS = 10_000  # of exact reduction, for the sign of one number


@dataclass(frozen=True, kw_only=True)
class Line:
    """{x : a x1 + b x2 = c}, exact."""

    a: Number
    b: Number
    c: Number


def kink_lines(expression: sp.Expr) -> list[Line]:
    """The lines along which a function of x1 and x2 changes its formula.

    Raises:
        ValueError: a kink that is not a straight line.

    >>> kink_lines(sp.Piecewise((_X1, _X1 > 2 * _X2), (0, True)))
    [Line(a=Fraction(1, 1), b=Fraction(-2, 1), c=Fraction(0, 1))]
    """
    lines: list[Line] = []
    for level in kink_levels(expression):
        a, b = sp.diff(level, _X1), sp.diff(level, _X2)
        c = -level.subs({_X1: 0, _X2: 0})
        if not all(part.is_number and part.is_real for part in (a, b, c)):
            raise ValueError(f"required: kinks along straight lines; got one at {level} = 0")
        lead = a if sign(number(a)) else b
        if not sign(number(lead)):
            continue
        line = Line(a=number(a / lead), b=number(b / lead), c=number(c / lead))
        if not any(_same(line, other) for other in lines):
            lines.append(line)
    return lines


def _same(one: Line, other: Line) -> bool:
    pairs = ((one.a, other.a), (one.b, other.b), (one.c, other.c))
    return all(equal(p, q) for p, q in pairs)


def gentle_turn(lines: Sequence[Line]) -> tuple[Fraction, Fraction]:
    """Cosine and sine of a rotation x -> (c x1 - s x2, s x1 + c x2) that leaves no line steep.

    Raises:
        ValueError: none of the rotations tried does.
    """

    def gentle(line: Line, c: Fraction, s: Fraction) -> bool:
        rise = (line.b * c - line.a * s) ** 2 - _GENTLE**2 * (line.a**2 + line.b**2)
        return not enclosed(rise) < 0

    for c, s in TURNS:
        if all(gentle(line, c, s) for line in lines):
            return c, s
    raise ValueError(
        f"required: kink lines that one of {len(TURNS)} rotations keeps from being steep; got "
        f"{len(lines)} lines in too many directions"
    )


def turned(expression: sp.Expr, turn: tuple[Fraction, Fraction]) -> sp.Expr:
    """The function x -> expression(rotated x)."""
    c, s = (sp.Rational(part.numerator, part.denominator) for part in turn)
    images: Any = {_X1: c * _X1 - s * _X2, _X2: s * _X1 + c * _X2}
    return cast(sp.Expr, expression.subs(images, simultaneous=True))


def number(constant: sp.Expr) -> Number:
    """A real constant as a Fraction where sympy sees that it is rational.

    >>> number(sp.Rational(3, 4)), number(sp.sqrt(2))
    (Fraction(3, 4), sqrt(2))
    """
    value: Any = constant
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else constant


def enclosed(value: Number) -> flint.arb:
    """A ball around a number, at the precision in force."""
    return as_ball(value) if isinstance(value, Fraction) else _constant(value, flint.ctx.prec)


@functools.lru_cache(maxsize=4096)
def _constant(value: sp.Expr, bits: int) -> flint.arb:
    with flint.ctx.workprec(bits):
        return interpret(value, {}, BALL)


def sign(value: Number) -> int:
    """The sign of a number.

    Raises:
        ValueError: its ball contains 0, and it does not reduce to 0.

    >>> sign(Fraction(-2)), sign(sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6)), sign(sp.sqrt(3) - 1)
    (-1, 0, 1)
    """
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    ball = enclosed(value)
    if ball > 0 or ball < 0:
        return 1 if ball > 0 else -1
    try:
        zero = vanishes(value, Budget(_STEPS))
    except OutOfBudgetError:
        zero = False
    if not zero:
        raise ValueError(f"required: constants that can be told from 0; got {value}")
    return 0


def equal(one: Number, other: Number) -> bool:
    """Whether two numbers are the same.

    Raises:
        ValueError: as for :func:`sign`.
    """
    return one == other or sign(one - other) == 0


def root(value: Number) -> Number:
    """The square root of a number that is not negative."""
    return number(sp.sqrt(sp.sympify(value)))
