"""Small helpers over the ball arithmetic of python-flint. A *ball* is an ``arb`` or ``acb``."""

from __future__ import annotations

from fractions import Fraction
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
