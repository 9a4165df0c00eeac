"""The target's own norm, which claims are relative to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb

from expressivity.checker.balls import Ball, power_of_two_above, to_ball
from expressivity.checker.evaluation import Evaluate, Function, Signs
from expressivity.checker.findings import UndecidedError
from expressivity.checker.integrals import integrate


def squared(evaluate: Evaluate) -> Evaluate:
    """f^2 for f."""

    def square(x: Sequence[Ball], signs: Signs, analytic: bool) -> Ball:
        value = evaluate(x, signs, analytic)
        return value * value

    return square


def size_of(target: Evaluate, dimension: int) -> Ball:
    """About the largest modulus of t, from some points."""
    steps = [to_ball(Fraction(k, 13)) for k in range(-9, 10)]
    others = steps[::3] if dimension == 2 else [arb(0)]
    return power_of_two_above(target((p, q), None, False) for p in steps for q in others)


def squared_norm(function: Function, target: Evaluate, dimension: int) -> Ball:
    """The integral of t^2, positive."""
    square, norm2 = size_of(target, dimension) ** 2, arb(0)
    for digits in (15, 33, 51):
        norm2 = integrate(function, squared(target), dimension, square * arb(10) ** -digits)
        if norm2 > 0 and norm2.rel_accuracy_bits() > 24:
            break
    require_positive(norm2)
    return norm2


def require_positive(norm2: Ball) -> None:
    """A claim that is relative to nothing says nothing."""
    if not norm2 > 0:
        raise UndecidedError("the norm of the target could not be enclosed")
