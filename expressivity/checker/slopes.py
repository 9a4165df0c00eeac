"""The jump of the target's normal derivative across a plane, exact but for balls.

On either side the formula near the point is known from the signs of the arguments of kinked
functions: exactly where these are affine, from a ball that excludes 0 otherwise. Derivatives are
those of the formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.evaluation import (
    KINKED,
    SMOOTH,
    Line,
    power_of_a_constant,
    product_of_lines,
    sum_of_lines,
)
from expressivity.checker.findings import UndecidedError
from expressivity.checker.jumps import Limit, inner, is_multiple
from expressivity.symbolic.expressions import Node, fold

_SLOPES: dict[str, Callable[[Ball], Ball]] = {
    "gelu": lambda z: (
        (1 + (z / arb(2).sqrt()).erf()) / 2 + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
    ),
    "silu": lambda z: SMOOTH["sigmoid"](z) * (1 + z * (1 - SMOOTH["sigmoid"](z))),
    "sigmoid": lambda z: SMOOTH["sigmoid"](z) * (1 - SMOOTH["sigmoid"](z)),
    "tanh": lambda z: 1 - z.tanh() * z.tanh(),
    "exp": lambda z: z.exp(),
    "sin": lambda z: z.cos(),
    "cos": lambda z: -z.sin(),
}


@dataclass(frozen=True)
class _Value:
    """A value, its derivative along the normal, and the affine function that it is, if it is."""

    value: Ball
    slope: Ball
    line: Line | None


def unit_jump(root: Node, limit: Limit) -> Ball:
    """The jump of the derivative along the unit normal, from one side of the plane to the other."""
    above, below = (_Side(limit, side).slope_of(root) for side in (1, -1))
    length = to_ball(inner(limit.plane[:-1], limit.plane[:-1])).sqrt()
    jump = (above - below) / length
    if not jump.is_finite():
        raise UndecidedError("the target could not be enclosed at a point of its kinks")
    return jump


@dataclass(frozen=True)
class _Side:
    """The target near a point of a plane, in a direction along it, on one of its sides."""

    limit: Limit
    side: int

    def slope_of(self, root: Node) -> Ball:
        """The derivative along the plane's normal, not of unit length."""
        return fold(
            root,
            number=self.number,
            variable=self.variable,
            add=self.add,
            multiply=self.multiply,
            power=self.power,
            call=self.call,
        ).slope

    def number(self, value: Fraction) -> _Value:
        line = (*(Fraction(0) for _ in self.limit.point), value)
        return _Value(to_ball(value), arb(0), line)

    def variable(self, index: int) -> _Value:
        point, normal = self.limit.point, self.limit.plane
        line = tuple(Fraction(int(k == index)) for k in range(len(point) + 1))
        return _Value(to_ball(point[index]), to_ball(normal[index]), line)

    def add(self, terms: Sequence[_Value]) -> _Value:
        return _Value(
            sum((term.value for term in terms), arb(0)),
            sum((term.slope for term in terms), arb(0)),
            reduce(sum_of_lines, [term.line for term in terms]),
        )

    def multiply(self, factors: Sequence[_Value]) -> _Value:
        return reduce(
            lambda p, q: _Value(
                p.value * q.value,
                p.slope * q.value + p.value * q.slope,
                product_of_lines(p.line, q.line),
            ),
            factors,
        )

    def power(self, base: _Value, exponent: Fraction) -> _Value:
        if exponent.denominator == 1:
            powers = reduce(
                lambda p, q: self.multiply([p, q]),
                [base] * abs(int(exponent)),
                self.number(Fraction(1)),
            )
            line = base.line if exponent == 1 else power_of_a_constant(base.line, exponent)
            if exponent >= 0:
                return _Value(powers.value, powers.slope, line)
            return _Value(1 / powers.value, -powers.slope / (powers.value * powers.value), line)
        if not base.value > 0:
            raise UndecidedError("a fractional power of a number that may be 0")
        value = base.value ** to_ball(exponent)
        return _Value(value, to_ball(exponent) * value / base.value * base.slope, None)

    def call(self, name: str, argument: _Value) -> _Value:
        if name == "id":
            return argument
        z, slope = argument.value, argument.slope
        if name in SMOOTH:
            return _Value(SMOOTH[name](z), _SLOPES[name](z) * slope, None)
        # KINKED acts on polynomials: z + slope y, in the variable y.
        formula = KINKED[name][0 if self.sign(argument) >= 0 else 1]
        value, *rest = formula([z, slope])
        return _Value(value, rest[0] if rest else arb(0), None)

    def sign(self, argument: _Value) -> int:
        """The argument's sign near the point, on this side; 0 where it is 0 all around."""
        line, limit = argument.line, self.limit
        if line is None:
            if argument.value > 0 or argument.value < 0:
                return 1 if argument.value > 0 else -1
            raise UndecidedError("a kink of the target is no hyperplane")
        first = inner(line, limit.point) + line[-1] or inner(line[:-1], limit.direction)
        if not first and any(line[:-1]):
            if not is_multiple(line, limit.plane):
                raise UndecidedError("a direction lies in another kink of the target")
            first = self.side * inner(line[:-1], limit.plane[:-1])
        return (first > 0) - (first < 0)
