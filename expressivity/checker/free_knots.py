"""Method free-knot (docs/certificates.md, "Verifying a lower bound by free knots")."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from expressivity.checker.balls import share_of_norm, to_ball
from expressivity.checker.cells import ends_and_kinks
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Function, compile_target
from expressivity.checker.families import Family
from expressivity.checker.findings import UndecidedError, reject, require
from expressivity.checker.lines import signs_at
from expressivity.checker.norms import squared_norm
from expressivity.checker.polynomials import Polynomial, coefficients
from expressivity.checker.reading import fields, matrix

AFFINE = ("id", "relu", "leaky_relu")  # between knots


@dataclass(frozen=True, kw_only=True)
class FreeKnots:
    """An interval on which the target is quadratic, and how many knots networks have in it."""

    low: Fraction
    high: Fraction
    knots: int


def read_free_knots(value: object, family: Family) -> FreeKnots:
    """Without biases the only knot is at 0, and none where all activations are the identity."""
    (interval,) = fields(value, "interval", "free_knot")
    ((low, high),) = matrix([interval], 1, 2, "interval")
    require(-1 <= low < high <= 1, "interval must lie in [-1, 1], from left to right")
    knots = family.width if family.bias else int(low < 0 < high)
    return FreeKnots(low=low, high=high, knots=0 if set(family.dictionary) == {"id"} else knots)


def verify_free_knots(certificate: Certificate, claim: Fraction) -> None:
    """Compare what a quadratic costs with the claim."""
    data = certificate.lower_data
    assert isinstance(data, FreeKnots)
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    norm2 = squared_norm(function, target, 1)
    middle = (data.low + data.high) / 2
    if any(data.low < kink < data.high for kink in ends_and_kinks(function.lines)):
        reject("the lower bound: the target has a kink inside the interval")
    if function.neighbours:
        raise UndecidedError("a kink of the target has irrational coefficients")
    x = Polynomial([to_ball(middle), arb(1)], function.spend), arb(0)
    found = coefficients(target(x, signs_at(function.lines, middle, Fraction(0)), False))
    if not all(c.is_zero() for c in found[3:]):
        raise UndecidedError("the lower bound: the target is not seen to be quadratic there")
    length = data.high - data.low
    leading = found[2] if len(found) > 2 else arb(0)
    shown = leading * leading * to_ball(length**5 / (180 * Fraction(data.knots + 1) ** 4))
    needed = to_ball(claim**2) * norm2
    if shown < needed:
        share = share_of_norm(shown, norm2)
        reject(f"the lower bound: the data support {share} of the norm at most")
    if not shown >= needed:
        raise UndecidedError("the lower bound: the enclosures are too wide for this claim")
