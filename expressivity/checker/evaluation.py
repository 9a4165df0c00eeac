"""The target on balls, real or complex; and on jets and polynomials, which stand in for balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import add, mul

from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.findings import UndecidedError
from expressivity.checker.jets import Jet
from expressivity.checker.lines import (
    BAND,
    Form,
    Line,
    constant,
    coordinate,
    crosses,
    line_of,
    of_constant,
    power_of,
    product_of,
    sum_of,
)
from expressivity.checker.polynomials import Polynomial
from expressivity.checker.signs import without_idle_kinks
from expressivity.checker.work import Work
from expressivity.symbolic.expressions import Node, fold

_EACH = 20  # what one evaluation costs beside the operations of the function

Signs = Sequence[int] | None  # of the lines on a region; None where the region is not one cell


def _tanh(z: Ball) -> Ball:
    # tanh increases: of a wide real ball its ends tell more than arb.tanh, which becomes NaN.
    if isinstance(z, arb) and z.rad() > 1:
        return z.lower().tanh().union(z.upper().tanh())
    return z.tanh()


def _sigmoid(z: Ball) -> Ball:
    # acb.tanh is narrower on wide balls than a quotient of exponentials.
    return (1 + _tanh(z / 2)) / 2


SMOOTH: dict[str, Callable[[Ball], Ball]] = {
    "gelu": lambda z: z * (1 + (z / arb(2).sqrt()).erf()) / 2,
    "silu": lambda z: z * _sigmoid(z),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "exp": lambda z: z.exp(),
    "sin": lambda z: z.sin(),
    "cos": lambda z: z.cos(),
}
# Values for arguments of positive and of negative sign: analytic each.
KINKED: dict[str, tuple[Callable[[Ball], Ball], Callable[[Ball], Ball]]] = {
    "relu": (lambda z: z, lambda z: arb(0)),
    "relu2": (lambda z: z * z, lambda z: arb(0)),
    "leaky_relu": (lambda z: z, lambda z: z / 100),
    "abs": (lambda z: z, lambda z: -z),
}


def kinked(name: str, z: Ball, sign: int | None, analytic: bool) -> Ball:
    """relu, relu2, leaky_relu, abs; without a known sign, the hull of both values off analysis."""
    positive, negative = KINKED[name]
    if sign is not None:
        return positive(z) if sign >= 0 else negative(z)
    if isinstance(z, Polynomial):
        z.give_up()
    size = real_part(z.value if isinstance(z, Jet) else z)
    # A jet that is 0 at a point need not be 0 around it.
    if size > 0 or (size.is_zero() and not isinstance(z, Jet)):
        return positive(z)
    if size < 0:
        return negative(z)
    return arb.nan() if analytic or isinstance(z, Jet) else acb(positive(z)).union(acb(negative(z)))


def _root(z: Ball, exponent: Fraction, sign: int | None, analytic: bool) -> Ball:
    """A power with an exponent that is no integer, of a base that must not be negative."""
    if sign == -1:
        raise UndecidedError("a fractional power has a negative base")
    if isinstance(z, Jet):
        return z.power(to_ball(exponent)) if real_part(z.value) > 0 else arb.nan()
    if isinstance(z, Polynomial):
        z.give_up()
    if real_part(z) > 0:
        return acb(z).pow(acb(to_ball(exponent)), analytic=analytic)
    if analytic or sign is None or exponent < 0:
        return arb.nan()
    return arb(0).union(real_part(z).upper() ** to_ball(exponent))


@dataclass
class Function:
    """t, or t and h: evaluation on balls, and the lines on which it need not be analytic."""

    root: Node
    dimension: int = 2  # also of functions of one variable
    size: int = 0
    work: Work = field(default_factory=Work)
    bent: list[str] = field(default_factory=list[str])
    """Functions with kinks whose argument is no affine form: there may be one on no line."""
    _exact: dict[Line, bool] = field(default_factory=dict[Line, bool])
    _indices: dict[Line, int] = field(default_factory=dict[Line, int])

    @property
    def lines(self) -> list[Line]:
        """The lines, by their indices."""
        return list(self._indices)

    @property
    def neighbours(self) -> list[Line]:
        """Those that stand for a line with irrational coefficients."""
        return [line for line, exact in self._exact.items() if not exact]

    @property
    def ignored(self) -> list[Line]:
        """The lines that do not meet the inside of the domain, nor those they stand for."""
        unclear = self.unclear
        return [line for line in self._indices if not crosses(line) and line not in unclear]

    @property
    def unclear(self) -> list[Line]:
        """The neighbours whose signs may be wrong somewhere in the domain."""
        return [line for line in self.neighbours if crosses(line, BAND)]

    def spend(self, operations: int | None = None) -> None:
        """Count operations, or those of one evaluation, and give up when they are too many."""
        self.work.spend(self.size + _EACH if operations is None else operations)

    def line(self, form: Form | None) -> int | None:
        """The index under which signs are given for the line of this form."""
        found = line_of(form)
        if found is None:
            return None
        line, exact = found
        self._exact[line] = self._exact.get(line, True) and exact
        return self._indices.setdefault(line, len(self._indices))


Evaluate = Callable[[Sequence[Ball], Signs, bool], Ball]
_Compiled = tuple[Evaluate, Form | None]  # and the node as an affine form


def compile_target(function: Function) -> Evaluate:
    """t, as a function of coordinates, signs of the lines, and whether it must be analytic."""
    compiler = _Compiler(function)
    return fold(
        without_idle_kinks(function.root),
        number=compiler.number,
        variable=compiler.variable,
        add=compiler.add,
        multiply=compiler.multiply,
        power=compiler.power,
        call=compiler.call,
    )[0]


@dataclass(frozen=True)
class _Compiler:
    """One method for each kind of node; it adds the node's size and its line to ``function``."""

    function: Function

    def number(self, value: Fraction) -> _Compiled:
        self.function.size += 1
        ball = to_ball(value)
        return (lambda x, signs, analytic: ball), constant(value, self.function.dimension)

    def variable(self, index: int) -> _Compiled:
        self.function.size += 1
        return (lambda x, signs, analytic: x[index]), coordinate(index, self.function.dimension)

    def add(self, terms: Sequence[_Compiled]) -> _Compiled:
        self.function.size += len(terms)
        parts = [term[0] for term in terms]
        return (
            lambda x, signs, analytic: reduce(add, [f(x, signs, analytic) for f in parts])
        ), reduce(sum_of, [term[1] for term in terms])

    def multiply(self, factors: Sequence[_Compiled]) -> _Compiled:
        self.function.size += len(factors)
        parts = [factor[0] for factor in factors]
        return (
            lambda x, signs, analytic: reduce(mul, [f(x, signs, analytic) for f in parts])
        ), reduce(product_of, [factor[1] for factor in factors])

    def power(self, base: _Compiled, exponent: Fraction) -> _Compiled:
        evaluate, form = base
        if exponent.denominator > 1:
            self.function.size += 4
            index = self.function.line(form)
            return lambda x, s, analytic: _root(
                evaluate(x, s, analytic), exponent, sign_of(s, index), analytic
            ), power_of(form, exponent)
        count = abs(exponent.numerator)
        self.function.size += count

        def integer_power(x: Sequence[Ball], signs: Signs, analytic: bool) -> Ball:
            result = reduce(mul, [evaluate(x, signs, analytic)] * count, arb(1))
            return result if exponent >= 0 else 1 / result

        return integer_power, power_of(form, exponent)

    def call(self, name: str, argument: _Compiled) -> _Compiled:
        self.function.size += 4
        evaluate, form = argument
        if name == "id":
            return argument
        if name in KINKED:
            index = self.function.line(form)
            if form is None:
                self.function.bent.append(name)
            return lambda x, s, analytic: kinked(
                name, evaluate(x, s, analytic), sign_of(s, index), analytic
            ), of_constant(form, lambda z: kinked(name, z, None, False))
        smooth = SMOOTH[name]
        return lambda x, s, analytic: smooth(evaluate(x, s, analytic)), of_constant(form, smooth)


def sign_of(signs: Signs, index: int | None) -> int | None:
    """The sign of one line, where it is known."""
    return None if signs is None or index is None else signs[index]
