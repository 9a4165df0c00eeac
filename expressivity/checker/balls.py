"""Small helpers over the ball arithmetic of python-flint. A *ball* is an ``arb`` or ``acb``."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from typing import Any, cast

import flint
from flint import acb, arb, fmpq

PRECISION = 160  # bits; verifying moments of degree N adds 4 N bits for the cancellation in them

Ball = Any  # python-flint leaves arb and acb untyped


def to_ball(value: Fraction) -> Ball:
    """The smallest ball around an exact number."""
    return arb(fmpq(value.numerator, value.denominator))


def arcsine(value: Fraction) -> Ball:
    """arcsin of a number in [-1, 1]."""
    # Accurate also where the value rounds to 1.
    return arb.atan2(to_ball(value), to_ball(1 - value**2).sqrt())


def power_of_two_above(values: Iterable[Ball]) -> Ball:
    """The least power of 2 at or above every modulus, exact; 1 where none is positive and finite.

    A size that tolerances are relative to: any would do.
    """
    tops = [acb(value).abs_upper() for value in values]
    largest = reduce(lambda p, q: p.max(q), (top for top in tops if top.is_finite()), arb(0))
    if not largest > 0:
        return arb(1)
    mantissa, exponent = (int(part) for part in largest.man_exp())
    return arb(2) ** (exponent + (mantissa - 1).bit_length())


def real_part(value: Ball) -> Ball:
    """The real part of a ball."""
    return value.real if isinstance(value, acb) else value


def share_of_norm(square: Ball, norm2: Ball) -> str:
    """A norm as a share of the target's, for messages."""
    ratio = (square / norm2).nonnegative_part().sqrt() if norm2 > 0 else arb.nan()
    return ratio.mid().str(8, radius=False)


def working_precision(bits: int) -> Any:
    """A context in which balls have this many bits; the former precision is restored after it."""
    return cast(Any, flint.ctx).workprec(bits)
