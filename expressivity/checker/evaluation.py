"""The target on balls, at points and as a polynomial along a chord.

A *polynomial* is the list of its coefficients, balls, from degree 0 on. A line is written
(c1, c2, c0), short for ``c1 x1 + c2 x2 + c0``, in exact rationals, also for functions of x1 alone;
a plane in three dimensions likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import zip_longest

from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.findings import UndecidedError
from expressivity.symbolic.expressions import Node, fold

MAX_POLYNOMIAL_DEGREE = 60
# Operations on balls before giving up, counted and not timed: a minute or so.
MAX_WORK = 60_000_000
_EACH = 20  # what one evaluation costs beside the operations of the function

Polynomial = list[Ball]
Line = tuple[Fraction, ...]
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
KINKED: dict[str, tuple[Callable[[Polynomial], Polynomial], Callable[[Polynomial], Polynomial]]] = {
    "relu": (lambda p: p, lambda p: [arb(0)]),
    "relu2": (lambda p: convolve(p, p), lambda p: [arb(0)]),
    "leaky_relu": (lambda p: p, lambda p: [c / 100 for c in p]),
    "abs": (lambda p: p, lambda p: [-c for c in p]),
}


def _add(p: Polynomial, q: Polynomial) -> Polynomial:
    return [a + b for a, b in zip_longest(p, q, fillvalue=0)]


def convolve(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product; a product of constants stays one."""
    if len(p) == len(q) == 1:
        return [p[0] * q[0]]
    if len(p) + len(q) > MAX_POLYNOMIAL_DEGREE:
        raise UndecidedError("the target's degree is too high for this checker")
    result = [arb(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            result[i + j] += a * b
    return result


def _constant(p: Polynomial) -> Ball:
    if any(not c.is_zero() for c in p[1:]):
        raise UndecidedError("the target is not a polynomial in one variable on half-disks")
    return p[0]


def kinked(name: str, p: Polynomial, sign: int | None, analytic: bool) -> Polynomial:
    """relu, relu2, leaky_relu, abs; without a known sign, the hull of both values off analysis."""
    positive, negative = KINKED[name]
    if sign is not None:
        return positive(p) if sign >= 0 else negative(p)
    value = _constant(p)
    if real_part(value) > 0:
        return positive([value])
    if real_part(value) < 0:
        return negative([value])
    if analytic:
        return [arb.nan()]
    return [acb(positive([value])[0]).union(acb(negative([value])[0]))]


def _root(p: Polynomial, exponent: Fraction, sign: int | None, analytic: bool) -> Polynomial:
    """A power with an exponent that is no integer, of a base that must not be negative."""
    value = _constant(p)
    if sign == -1:
        raise UndecidedError("a fractional power has a negative base")
    if real_part(value) > 0:
        return [acb(value).pow(acb(to_ball(exponent)), analytic=analytic)]
    if analytic or sign is None or exponent < 0:
        return [arb.nan()]
    return [arb(0).union(real_part(value).upper() ** to_ball(exponent))]


@dataclass
class Function:
    """t, or t and h: evaluation on balls, and the lines on which it need not be analytic."""

    root: Node
    dimension: int = 2
    size: int = 0
    work: int = 0
    _indices: dict[Line, int] = field(default_factory=dict[Line, int])

    @property
    def lines(self) -> list[Line]:
        """The lines, by their indices."""
        return list(self._indices)

    def spend(self, operations: int | None = None) -> None:
        """Count operations, or those of one evaluation, and give up when they are too many."""
        self.work += self.size + _EACH if operations is None else operations
        if self.work > MAX_WORK:
            raise UndecidedError("the work allowed for one certificate is spent")

    def times(self, p: Polynomial, q: Polynomial) -> Polynomial:
        """The product; an evaluation counts each product as one operation, these are the rest."""
        if len(p) > 1 or len(q) > 1:
            self.spend(len(p) * len(q) - 1)
        return convolve(p, q)

    def line(self, line: Line | None) -> int | None:
        """The index under which signs are given for this line."""
        return None if line is None else self._indices.setdefault(line, len(self._indices))


Evaluate = Callable[[Sequence[Polynomial], Signs, bool], Polynomial]
_Compiled = tuple[Evaluate, Line | None]  # and the node's exact value where it is affine


def compile_target(function: Function) -> Evaluate:
    """t as a function of (coordinates, signs of the lines, whether analyticity is to be checked).

    Coordinates and value are polynomials in any one variable, so that this serves both for t at
    a point and for t as a polynomial along a chord.
    """
    compiler = _Compiler(function)
    return fold(
        function.root,
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
        ball = [to_ball(value)]
        return (lambda x, signs, analytic: ball), (Fraction(0),) * self.function.dimension + (
            value,
        )

    def variable(self, index: int) -> _Compiled:
        self.function.size += 1
        unit = tuple(Fraction(int(k == index)) for k in range(self.function.dimension + 1))
        return (lambda x, signs, analytic: x[index]), unit

    def add(self, terms: Sequence[_Compiled]) -> _Compiled:
        self.function.size += len(terms)
        parts = [term[0] for term in terms]
        return (
            lambda x, signs, analytic: reduce(_add, [f(x, signs, analytic) for f in parts])
        ), reduce(sum_of_lines, [term[1] for term in terms])

    def multiply(self, factors: Sequence[_Compiled]) -> _Compiled:
        self.function.size += len(factors)
        times, parts = self.function.times, [factor[0] for factor in factors]
        return (
            lambda x, signs, analytic: reduce(times, [f(x, signs, analytic) for f in parts])
        ), reduce(product_of_lines, [factor[1] for factor in factors])

    def power(self, base: _Compiled, exponent: Fraction) -> _Compiled:
        evaluate, line = base
        if exponent.denominator > 1:
            self.function.size += 4
            index = self.function.line(line)
            return lambda x, s, analytic: _root(
                evaluate(x, s, analytic), exponent, sign_of(s, index), analytic
            ), None
        times, count = self.function.times, abs(exponent.numerator)
        self.function.size += count

        def integer_power(x: Sequence[Polynomial], signs: Signs, analytic: bool) -> Polynomial:
            value = evaluate(x, signs, analytic)
            result = reduce(times, [value] * count, [arb(1)])
            return result if exponent >= 0 else [1 / _constant(result)]

        return integer_power, line if exponent == 1 else power_of_a_constant(line, exponent)

    def call(self, name: str, argument: _Compiled) -> _Compiled:
        self.function.size += 4
        evaluate, line = argument
        if name == "id":
            return argument
        if name in KINKED:
            index = self.function.line(line)
            return lambda x, s, analytic: kinked(
                name, evaluate(x, s, analytic), sign_of(s, index), analytic
            ), None
        smooth = SMOOTH[name]
        return lambda x, s, analytic: [smooth(_constant(evaluate(x, s, analytic)))], None


def _small(line: Line) -> Line | None:
    bits = max(max(abs(c.numerator), c.denominator).bit_length() for c in line)
    return line if bits <= 4096 else None


def sum_of_lines(p: Line | None, q: Line | None) -> Line | None:
    """The sum, where both are affine."""
    if p is None or q is None:
        return None
    return _small(tuple(a + b for a, b in zip(p, q, strict=True)))


def product_of_lines(p: Line | None, q: Line | None) -> Line | None:
    """The product, where it is affine too."""
    if p is None or q is None or (any(p[:-1]) and any(q[:-1])):
        return None
    scale, other = (q[-1], p) if any(p[:-1]) else (p[-1], q)
    return _small(tuple(scale * c for c in other))


def power_of_a_constant(line: Line | None, exponent: Fraction) -> Line | None:
    """A whole power of a constant."""
    if line is None or any(line[:-1]) or not (line[-1] or exponent >= 0):
        return None
    bits = max(abs(line[-1].numerator), line[-1].denominator).bit_length()
    if bits * abs(exponent.numerator) > 4096:
        return None
    return *line[:-1], Fraction(line[-1] ** int(exponent))


def sign_of(signs: Signs, index: int | None) -> int | None:
    """The sign of one line, where it is known."""
    return None if signs is None or index is None else signs[index]


def signs_at(lines: Sequence[Line], x1: Fraction, x2: Fraction) -> list[int]:
    """The signs of the lines at a point."""
    values = (c1 * x1 + c2 * x2 + c0 for c1, c2, c0 in lines)
    return [(value > 0) - (value < 0) for value in values]
