"""Affine forms ``c1 x1 + c2 x2 + c0``, at whose zeros relu and its like change, and those zeros.

They are written (c1, c2, c0), also for functions of x1 alone; in three dimensions likewise.
Coefficients are exact rationals, or balls where a root or another constant is irrational. Of the
latter forms a *line* is a rational neighbour: it has the sign of the form wherever its modulus is
above ``BAND``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce

from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, to_ball, working_precision

Line = tuple[Fraction, ...]
Coefficient = Fraction | Ball
Form = tuple[Coefficient, ...]

_GRID = 300  # bits after the point of the coefficients of a neighbour, of which the largest is 1
BAND = Fraction(1, 1 << (_GRID - 3))
_BITS = 400  # of irrational coefficients
_MAX_BITS = 4096  # of rational ones


def constant(value: Coefficient, dimension: int) -> Form:
    """A form without slopes.

    >>> constant(Fraction(2), 2)
    (Fraction(0, 1), Fraction(0, 1), Fraction(2, 1))
    """
    return *(Fraction(0),) * dimension, value


def coordinate(index: int, dimension: int) -> Line:
    """One of the coordinates, counted from 0."""
    return tuple(Fraction(int(k == index)) for k in range(dimension + 1))


def sum_of(p: Form | None, q: Form | None) -> Form | None:
    """The sum; None stands for what is not affine, or too long."""
    if p is None or q is None:
        return None
    return _plain([_combine(a, b, lambda x, y: x + y) for a, b in zip(p, q, strict=True)])


def product_of(p: Form | None, q: Form | None) -> Form | None:
    """The product, of which one must be a constant."""
    if p is None or q is None:
        return None
    scale, other = (q, p) if is_constant(q) else (p, q)
    if not is_constant(scale):
        return None
    factor = scale[-1]
    # An exact 0 stays exact: a form is constant where its slopes are.
    return _plain([c if _vanishes(c) else _combine(factor, c, lambda x, y: x * y) for c in other])


def of_constant(p: Form | None, function: Callable[[Ball], Ball]) -> Form | None:
    """A function of a constant, as a ball."""
    if p is None or not is_constant(p):
        return None
    with working_precision(_BITS):
        value = function(_as_ball(p[-1]))
    return _plain(constant(value, len(p) - 1))


def power_of(p: Form | None, exponent: Fraction) -> Form | None:
    """A power of a constant."""
    if p is None or exponent == 1:
        return p
    value = p[-1]
    if is_constant(p) and isinstance(value, Fraction) and exponent.denominator == 1:
        if not value and exponent < 0:
            return None
        bits = max(abs(value.numerator), value.denominator).bit_length()
        if bits * abs(exponent.numerator) <= _MAX_BITS:
            return constant(Fraction(value ** int(exponent)), len(p) - 1)
        return None
    return of_constant(p, lambda z: acb(z).pow(acb(to_ball(exponent))))


def is_constant(p: Form) -> bool:
    """Whether all slopes are exactly 0."""
    return all(map(_vanishes, p[:-1]))


def _vanishes(c: Coefficient) -> bool:
    return isinstance(c, Fraction) and not c


def line_of(p: Form | None) -> tuple[Line, bool] | None:
    """The form as a line, and whether that is exact; None where it has no certain direction."""
    if p is None or is_constant(p):
        return None
    if all(isinstance(c, Fraction) for c in p):
        return p, True
    with working_precision(_BITS):
        balls = [_as_ball(c) for c in p]
        largest = reduce(lambda p, q: p.max(q), map(abs, balls[:-1]))
        if not largest > 0:
            return None
        # Of the middle, and the ball of the quotient still holds the true coefficient.
        scaled = [ball * arb(2) ** _GRID / largest.mid() for ball in balls]
        if any(not c.rad() < 0.25 for c in scaled):
            return None
        nearest = [int((c.mid() + arb(0.5)).floor().unique_fmpz()) for c in scaled]
        return tuple(Fraction(c, 1 << _GRID) for c in nearest), False


def text_of(line: Line) -> str:
    """A line as a formula that is 0 on it.

    >>> text_of((Fraction(1), Fraction(-2), Fraction(-1, 3)))
    '1*x1 - 2*x2 - 1/3'
    """
    names = [*(f"*x{k}" for k in range(1, len(line))), ""]
    parts = [(c, name) for c, name in zip(line, names, strict=True) if c]
    text = ""
    for c, name in parts:
        short = c if len(str(c)) < 25 else float(c)
        joint = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
        text += f"{joint}{abs(short)}{name}"
    return text


def inner(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """The scalar product of as many entries as both have."""
    return sum((a * b for a, b in zip(one, other, strict=False)), Fraction(0))


def signs_at(lines: Sequence[Line], *place: Fraction) -> list[int]:
    """The signs of the lines at a point."""
    values = (inner(line, place) + line[-1] for line in lines)
    return [(value > 0) - (value < 0) for value in values]


def normal(lines: Sequence[Line]) -> set[Line]:
    """Each line of the plane as one multiple: its last nonzero slope is 1.

    >>> normal([(Fraction(2), Fraction(-4), Fraction(6))])
    {(Fraction(-1, 2), Fraction(1, 1), Fraction(-3, 2))}
    """
    leads = [(line, line[1] or line[0]) for line in lines]
    return {(c1 / lead, c2 / lead, c0 / lead) for (c1, c2, c0), lead in leads}


def crosses(line: Line, band: Fraction = Fraction(0)) -> bool:
    """Whether a form is below ``band`` somewhere in the domain: interval, disk or ball.

    Without a band, whether its line has points inside.

    >>> line = (Fraction(1), Fraction(0), Fraction(-1))
    >>> crosses(line), crosses(line, BAND)
    (False, True)
    """
    return max(abs(line[-1]) - band, Fraction(0)) ** 2 < inner(line[:-1], line[:-1])


def _plain(coefficients: Sequence[Coefficient]) -> Form | None:
    """Short rationals and finite real balls, or None."""
    for c in coefficients:
        if isinstance(c, Fraction):
            if max(abs(c.numerator), c.denominator).bit_length() > _MAX_BITS:
                return None
        elif not c.is_finite():
            return None
    return tuple(coefficients)


def _combine(
    a: Coefficient, b: Coefficient, operate: Callable[[Coefficient, Coefficient], Coefficient]
) -> Coefficient:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return operate(a, b)
    with working_precision(_BITS):
        return operate(_as_ball(a), _as_ball(b))


def _as_ball(value: Coefficient) -> Ball:
    return to_ball(value) if isinstance(value, Fraction) else real_part(value)
