"""Targets as expressions of ``proofs/coq/expressions.v``, and their jumps as Coq computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import flint

from expressivity.symbolic.expressions import Node, fold

Vector = tuple[Fraction, ...]
Affine = tuple[Vector, Fraction]
Ball = Any  # flint.arb, which is untyped
Pair = tuple[Ball, Ball]
"""A value at a point, and the jump there."""

MAX_DIGITS = 300
"""Of numerators and denominators in a certificate."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The hyperplane ``normal.x = level``."""

    normal: Vector
    level: Fraction


@dataclass(frozen=True, kw_only=True)
class Written:
    """An expression in Coq.

    Attributes:
        term: as Coq reads it.
        affine: slopes and constant where it is an affine map with rational coefficients.
        at: its value and jump across a plane, at a point of it.
        kinks: the affine maps in it whose zeros are kinks.
    """

    term: str
    affine: Affine | None
    at: Callable[[Plane, Vector], Pair]
    kinks: tuple[Affine, ...] = ()


def written(root: Node, dimension: int) -> Written:
    """A parsed expression of so many variables.

    Raises:
        ValueError: what the language lacks, by name.

    >>> from expressivity.symbolic.parser import parse
    >>> written(parse("abs(x1-x2/2)").root, 2).term
    '(Kinked a_abs ([1#1; -1#2], 0#1)%Q)'
    """
    zeros = (Fraction(0),) * dimension

    def variable(index: int) -> Written:
        return _affine((tuple(Fraction(int(k == index)) for k in range(dimension)), Fraction(0)))

    return fold(
        root,
        number=lambda value: _affine((zeros, value)),
        variable=variable,
        add=_add,
        multiply=_multiply,
        power=_power,
        call=_call,
    )


def rational(value: Fraction) -> str:
    """A number in ``Q_scope``.

    Raises:
        ValueError: a number so long that no certificate is read with it.

    >>> rational(Fraction(-1, 2))
    '-1#2'
    """
    if max(abs(value.numerator), value.denominator) >= 10**MAX_DIGITS:
        raise ValueError(
            f"required: rational numbers of at most {MAX_DIGITS} digits in a certificate; got a "
            "longer one: rescale the target"
        )
    return f"{value.numerator}#{value.denominator}"


def rationals(values: Sequence[Fraction]) -> str:
    """A list of them."""
    return f"[{'; '.join(map(rational, values))}]"


def ball(value: Fraction) -> Ball:
    """A rational number as a ball."""
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def dot(left: Vector, right: Vector) -> Fraction:
    """The inner product."""
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def plane_of(affine: Affine) -> Plane | None:
    """The zeros of an affine map, its normal primitive so that each plane is written once."""
    slopes, constant = affine
    lead = next((s for s in slopes if s), None)
    if lead is None:
        return None
    return Plane(normal=tuple(s / lead for s in slopes), level=-constant / lead)


def _affine(affine: Affine) -> Written:
    slopes, constant = affine

    def at(_: Plane, point: Vector) -> Pair:
        return ball(dot(slopes, point) + constant), flint.arb(0)

    return Written(term=f"(Affine {_map(affine)})", affine=affine, at=at)


def _map(affine: Affine) -> str:
    return f"({rationals(affine[0])}, {rational(affine[1])})%Q"


def _add(terms: Sequence[Written]) -> Written:
    return reduce(_sum, terms)


def _sum(one: Written, other: Written) -> Written:
    if one.affine is not None and other.affine is not None:
        slopes = zip(one.affine[0], other.affine[0], strict=True)
        return _affine((tuple(a + b for a, b in slopes), one.affine[1] + other.affine[1]))

    def at(plane: Plane, point: Vector) -> Pair:
        (u, du), (v, dv) = one.at(plane, point), other.at(plane, point)
        return u + v, du + dv

    return Written(
        term=f"(Sum {one.term} {other.term})", affine=None, at=at, kinks=one.kinks + other.kinks
    )


def _multiply(factors: Sequence[Written]) -> Written:
    return reduce(_product, factors)


def _product(one: Written, other: Written) -> Written:
    for number, rest in ((one, other), (other, one)):
        if number.affine is not None and rest.affine is not None and not any(number.affine[0]):
            scale = number.affine[1]
            return _affine((tuple(scale * a for a in rest.affine[0]), scale * rest.affine[1]))

    def at(plane: Plane, point: Vector) -> Pair:
        (u, du), (v, dv) = one.at(plane, point), other.at(plane, point)
        return u * v, u * dv + du * v

    return Written(
        term=f"(Product {one.term} {other.term})", affine=None, at=at, kinks=one.kinks + other.kinks
    )


def _power(base: Written, exponent: Fraction) -> Written:
    number = base.affine is not None and not any(base.affine[0])
    if base.affine is not None and number and exponent.denominator == 1:
        return _affine((base.affine[0], base.affine[1] ** int(exponent)))
    if exponent.denominator != 1 or exponent < 1:
        what = "a division" if exponent < 0 else f"the exponent {exponent}"
        raise ValueError(
            f"required: whole powers above 0, and divisions by rational numbers; got {what}, "
            "which kernel certificates lack"
        )
    size = int(exponent)
    if size == 1:
        return base
    return _applied(
        f"(smooth_power {size - 1})", base, lambda u: u**size, lambda u: size * u ** (size - 1)
    )


def _call(name: str, argument: Written) -> Written:
    if name == "id":
        return argument
    if name in _SMOOTH:
        return _applied(f"smooth_{name}", argument, *_SMOOTH[name])
    if name not in _KINKED:
        known = ", ".join(["id", *_KINKED, *_SMOOTH])
        raise ValueError(
            f"required: a function that kernel certificates know ({known}); got {name}"
        )
    if argument.affine is None:
        raise ValueError(
            f"required: {name} of an affine map with rational coefficients, as {name}(x1-x2/2); "
            "got another argument: kinks of kernel certificates are rational lines and planes"
        )
    affine = argument.affine
    value, kink = _KINKED[name]

    def at(plane: Plane, point: Vector) -> Pair:
        own = plane_of(affine)
        size = abs(dot(affine[0], plane.normal)) if own == plane else Fraction(0)
        return ball(value(dot(affine[0], point) + affine[1])), ball(size * kink)

    return Written(
        term=f"(Kinked a_{name} {_map(affine)})",
        affine=None,
        at=at,
        kinks=(affine,) if kink else (),
    )


def _applied(
    function: str,
    argument: Written,
    value: Callable[[Ball], Ball],
    derivative: Callable[[Ball], Ball],
) -> Written:
    def at(plane: Plane, point: Vector) -> Pair:
        u, du = argument.at(plane, point)
        return value(u), derivative(u) * du

    return Written(
        term=f"(Apply {function} {argument.term})", affine=None, at=at, kinks=argument.kinks
    )


def _sigmoid(u: Ball) -> Ball:
    return 1 / (1 + (-u).exp())


def _phi(u: Ball) -> Ball:
    return (1 + (u / flint.arb(2).sqrt()).erf()) / 2


def _density(u: Ball) -> Ball:
    return (-u * u / 2).exp() / (2 * flint.arb.pi()).sqrt()


_SMOOTH: dict[str, tuple[Callable[[Ball], Ball], Callable[[Ball], Ball]]] = {
    "tanh": (lambda u: u.tanh(), lambda u: 1 - u.tanh() ** 2),
    "sigmoid": (_sigmoid, lambda u: _sigmoid(u) * (1 - _sigmoid(u))),
    "silu": (
        lambda u: u * _sigmoid(u),
        lambda u: _sigmoid(u) + u * _sigmoid(u) * (1 - _sigmoid(u)),
    ),
    "gelu": (lambda u: u * _phi(u), lambda u: _phi(u) + u * _density(u)),
    "exp": (lambda u: u.exp(), lambda u: u.exp()),
    "sin": (lambda u: u.sin(), lambda u: u.cos()),
    "cos": (lambda u: u.cos(), lambda u: -u.sin()),
}
"""Values and derivatives; ``smooth_functions.v``."""

_ETA = Fraction(1, 100)
_KINKED: dict[str, tuple[Callable[[Fraction], Fraction], Fraction]] = {
    "relu": (lambda u: max(u, Fraction(0)), Fraction(1)),
    "relu2": (lambda u: max(u, Fraction(0)) ** 2, Fraction(0)),
    "leaky_relu": (lambda u: max(u, _ETA * u), 1 - _ETA),
    "abs": (abs, Fraction(2)),
}
"""Values and kinks at 0; ``expressions.v``."""
