"""Rational vectors as certificates write them."""

import math
from collections.abc import Sequence
from fractions import Fraction

import flint

from expressivity.symbolic.enclosure import binary


def direction(vector: Sequence[Fraction]) -> list[str]:
    """A vector up to a positive factor, in whole numbers.

    >>> direction([Fraction(1, 2), Fraction(-1, 3)])
    ['0x3p+0', '-0x1p+1']
    """
    factor = math.lcm(*(c.denominator for c in vector))
    numbers = [int(c * factor) for c in vector]
    common = math.gcd(*numbers) or 1
    return [binary(flint.arb(number // common)) for number in numbers]


def homogeneous(point: Sequence[Fraction]) -> list[str]:
    """A point, by coordinates of which the last one is 1 before they are multiplied.

    >>> homogeneous([Fraction(1, 2), Fraction(0)])
    ['0x1p+0', '0x0p+0', '0x1p+1']
    """
    return direction((*point, Fraction(1)))
