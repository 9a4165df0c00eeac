"""Divided differences of A(y) = y/(1 + e^y) and B(y) = 1/(1 + e^(2y)), by mpmath."""

from fractions import Fraction

import mpmath as mp
from flint import arb

DIGITS = 90
STEEP = [4, 5, 6, 13, 14, 15, 22, 27, 32]
"""Nine points, times 32, that show something of steep neurons."""


def exact(value):
    return mp.mpf(value.numerator) / value.denominator


def curve_a(y):
    return y / (1 + mp.exp(y))


def curve_b(y):
    return 1 / (1 + mp.exp(2 * y))


def difference(points, values):
    """A divided difference, by its definition."""
    if len(points) == 1:
        return values[0]
    ends = difference(points[1:], values[1:]) - difference(points[:-1], values[:-1])
    return ends / (points[-1] - points[0])


def ball(value):
    """A ball around a number of mpmath."""
    return arb(mp.nstr(value, DIGITS - 15))


def triples_of(*places, scale=32):
    points = [Fraction(k, scale) for k in places]
    return [points[k : k + 3] for k in (0, 3, 6)]
