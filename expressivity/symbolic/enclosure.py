"""A number enclosed by a ball, on its way to a claim.

Bounds are computed in the ball arithmetic of python-flint (Arb, doi:10.1109/TC.2017.2690633)
and leave it in one step: as a decimal string, rounded outward from the exact end of the ball.
"""

import decimal
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from expressivity.evidence import Evidence, weakest

DIGITS = 10


def precision(bits: int) -> Any:
    """Context in which balls carry ``bits`` bits; the precision before returns at its end.

    >>> with precision(200):
    ...     third = flint.arb(1) / 3
    >>> third.rel_accuracy_bits() > 190
    True
    """
    return flint.ctx.workprec(bits)


def exact_fraction(point: flint.arb) -> Fraction:
    """The rational number that a ball of radius zero is.

    Raises:
        ValueError: a ball with a radius, or one that is not finite.

    >>> exact_fraction(flint.arb(0.75))
    Fraction(3, 4)
    """
    if not point.is_finite() or not point.is_exact():
        raise ValueError(f"required: an exact finite number; got {point}")
    mantissa, exponent = (int(part) for part in point.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def as_ball(value: Fraction) -> flint.arb:
    """The smallest ball around a rational number.

    >>> as_ball(Fraction(3, 4)).is_exact()
    True
    """
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def binary(number: flint.arb | float) -> str:
    """An exact number as docs/certificates.md writes it: a mantissa and a power of 2.

    Raises:
        ValueError: a ball with a radius, or a number that is not finite.

    >>> binary(-0.75), binary(8.0), binary(0.0)
    ('-0x3p-2', '0x1p+3', '0x0p+0')
    """
    return binary_fraction(exact_fraction(flint.arb(number)))


def binary_fraction(value: Fraction) -> str:
    """The same of a fraction.

    Raises:
        ValueError: its denominator is no power of 2.

    >>> binary_fraction(Fraction(-3, 4))
    '-0x3p-2'
    """
    exponent = 1 - value.denominator.bit_length()
    if value.denominator != 1 << -exponent:
        raise ValueError(f"required: a power of 2 below; got {value}")
    mantissa = value.numerator
    while mantissa and mantissa % 2 == 0:
        mantissa //= 2
        exponent += 1
    return f"{'-' if mantissa < 0 else ''}{abs(mantissa):#x}p{exponent:+d}"


@dataclass(frozen=True)
class Enclosure:
    """A real number known to lie in a ball, and what that knowledge rests on.

    Attributes:
        ball: contains the number.
        evidence: ``certified`` for ball arithmetic from exact data.

    >>> third = Enclosure(flint.arb(1)) / Enclosure(flint.arb(3))
    >>> third.lower_decimal(4), third.upper_decimal(4), str(third.evidence)
    ('0.3333', '0.3334', 'certified')
    """

    ball: flint.arb
    evidence: Evidence = Evidence.CERTIFIED

    def __truediv__(self, other: "Enclosure") -> "Enclosure":
        return Enclosure(self.ball / other.ball, weakest([self.evidence, other.evidence]))

    def sqrt(self) -> "Enclosure":
        """The square root of a number known not to be negative: the ball is cut at 0."""
        return Enclosure(self.ball.nonnegative_part().sqrt(), self.evidence)

    def lower_decimal(self, digits: int = DIGITS) -> str:
        """A decimal at or below the number, with so many significant digits.

        Raises:
            ValueError: the ball is not finite.
        """
        return _decimal(self.ball.lower(), digits, decimal.ROUND_FLOOR)

    def upper_decimal(self, digits: int = DIGITS) -> str:
        """A decimal at or above the number.

        Raises:
            ValueError: the ball is not finite.
        """
        return _decimal(self.ball.upper(), digits, decimal.ROUND_CEILING)


def _decimal(end: flint.arb, digits: int, rounding: str) -> str:
    value = exact_fraction(end)
    if value == 0:
        return "0"
    # Division of two integers is the only inexact operation, and it rounds the way we ask.
    context = decimal.Context(prec=digits, rounding=rounding, Emin=-(10**6), Emax=10**6)
    quotient = context.divide(decimal.Decimal(value.numerator), decimal.Decimal(value.denominator))
    return format(quotient, "f") if abs(quotient) >= decimal.Decimal("1e-4") else f"{quotient:e}"
