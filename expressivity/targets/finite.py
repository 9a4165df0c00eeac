"""Refuse user expressions that are not finite, or not real, on their domain.

Only a division, a negative or a fractional power can blow up or leave the reals. For each such
base, inner ones first, the domain is covered by boxes, bisected until ball arithmetic decides
the base's sign on every box. A base that stays undecided on the smallest boxes is refused where it
is divided by, and taken to touch 0 under a root. The tree is read as it was written: symbolic
forms cancel ``x/x`` and are checked too late.
"""

import functools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.symbolic.expressions import (
    Call,
    Expression,
    Node,
    Power,
    Product,
    Sum,
    Variable,
    fold,
)
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import Domain
from expressivity.targets.translation import to_sympy

_PRECISION = 64
_MOST_BOXES = 20_000
_SMALLEST = Fraction(1, 2**24)

Box = tuple[tuple[Fraction, Fraction], ...]


def require_finite(expression: Expression, domain: Domain) -> None:
    """Check every base of a negative or fractional power over the domain.

    Raises:
        ValueError: a base vanishes or turns negative, or cannot be shown not to.

    >>> from expressivity.targets.domains import domain_for
    >>> from expressivity.symbolic.parser import parse
    >>> require_finite(parse("1/x"), domain_for(1))
    Traceback (most recent call last):
    ValueError: required: an expression that is finite on the interval; the base x1 of power -1 is \
or may be 0 near x1 = 0: change the expression
    """
    for power in _risky_powers(expression.root):
        where = _offence(power, domain)
        if where is not None:
            base = _symbolic(power.base)
            wrong = "is or may be 0" if power.exponent < 0 else "is negative"
            raise ValueError(
                f"required: an expression that is finite on the {domain.name}; the base "
                f"{base} of power {power.exponent} {wrong} near {where}: change the expression"
            )


def _risky_powers(node: Node) -> Iterator[Power]:
    """Negative and fractional powers, inner ones before outer ones, each once."""
    found: dict[Power, None] = {}
    pending: list[Node] = [node]
    while pending:
        current = pending.pop()
        match current:
            case Power():
                if current.exponent < 0 or current.exponent.denominator != 1:
                    found[current] = None
                pending.append(current.base)
            case Sum():
                pending += current.terms
            case Product():
                pending += current.factors
            case Call():
                pending.append(current.argument)
            case _:
                pass
    return reversed(found)


def _symbolic(node: Node) -> sp.Expr:
    return to_sympy(Expression(text="", root=node, dimension=len(COORDINATES)))


def _offence(power: Power, domain: Domain) -> str | None:
    """Where the power is undefined, or None once every box is cleared."""
    whole, may_vanish = power.exponent.denominator == 1, power.exponent > 0
    pending: list[Box] = [((Fraction(-1), Fraction(1)),) * domain.dimension]
    seen = 0
    with flint.ctx.workprec(_PRECISION):
        while pending:
            box = pending.pop()
            seen += 1
            if domain.shape == "ball" and _outside_ball(box):
                continue
            value = _enclosure(power.base, box)
            decided = value > 0 or (whole and value < 0) or (may_vanish and value >= 0)
            if value.is_finite() and decided:
                continue
            if value.is_finite() and value < 0:
                return _place(box)
            size = max(high - low for low, high in box)
            if size <= _SMALLEST or seen > _MOST_BOXES:
                # A fractional positive power may touch 0: only negative bases are wrong.
                if may_vanish and value.is_finite():
                    continue
                return _place(box)
            pending += _halves(box)
    return None


def _enclosure(node: Node, box: Box) -> flint.arb:
    """Values of a tree on a box; NaN where one of its powers is not defined on all of it."""

    def variable(index: int) -> flint.arb:
        low, high = box[index]
        return flint.arb(_exact((low + high) / 2), _exact((high - low) / 2))

    return fold(
        node,
        number=_exact,
        variable=variable,
        add=lambda terms: sum(terms[1:], start=terms[0]),
        multiply=lambda factors: math.prod(factors, start=flint.arb(1)),
        power=_power,
        call=lambda name, argument: interpret(_form(name), {COORDINATES[0]: argument}, BALL),
    )


def _power(base: flint.arb, exponent: Fraction) -> flint.arb:
    """Powers are monotone on either side of 0: those of the ends enclose those between."""
    if not base.is_finite():
        return flint.arb.nan()
    if exponent.denominator != 1:
        # Inner powers were cleared before: what is below 0 here is overestimation.
        low, high = base.lower().max(flint.arb(0)), base.upper()
    elif exponent.numerator % 2 == 0:
        low, high = base.abs_lower(), base.abs_upper()
    else:
        low, high = base.lower(), base.upper()
    defined = low > 0 or (exponent > 0 and high >= 0) or (exponent.denominator == 1 and high < 0)
    if not defined:
        return flint.arb.nan()
    power = _exact(exponent) if exponent.denominator != 1 else int(exponent)
    return (low**power).union(high**power)


@functools.cache
def _form(name: str) -> Any:
    return _symbolic(Call(name=name, argument=Variable(index=0)))


def _exact(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def _outside_ball(box: Box) -> bool:
    nearest = [Fraction(0) if low <= 0 <= high else min(abs(low), abs(high)) for low, high in box]
    return sum(distance**2 for distance in nearest) > 1


def _halves(box: Box) -> list[Box]:
    axis = max(range(len(box)), key=lambda index: box[index][1] - box[index][0])
    low, high = box[axis]
    # Off centre, so that a zero at a simple place falls inside a box and not on its edge.
    middle = low + (high - low) * Fraction(15, 31)
    return [(*box[:axis], half, *box[axis + 1 :]) for half in ((low, middle), (middle, high))]


def _place(box: Box) -> str:
    middle = [float((low + high) / 2) for low, high in box]
    return ", ".join(
        f"x{axis + 1} = {value:.3g}" if abs(value) > 1e-6 else f"x{axis + 1} = 0"
        for axis, value in enumerate(middle)
    )
