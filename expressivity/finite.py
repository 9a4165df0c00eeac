"""Refuse user targets that are not finite, or not real, on their domain.

Only a division, a negative or a fractional power can blow up or leave the reals. For each such
base the domain is covered by boxes, bisected until ball arithmetic decides the base's sign
on every box; what stays undecided on the smallest boxes is refused as well.
"""

from fractions import Fraction
from typing import Any, cast

import flint
import sympy as sp

from expressivity.domains import Domain
from expressivity.interpret import BALL, interpret
from expressivity.targets import COORDINATES, Target

_PRECISION = 64
_MOST_BOXES = 20_000
_SMALLEST = Fraction(1, 2**24)

Box = tuple[tuple[Fraction, Fraction], ...]


def require_finite(target: Target) -> None:
    """Check every base of a negative or fractional power over the target's domain.

    Raises:
        ValueError: a base vanishes or turns negative, or cannot be shown not to.

    >>> from expressivity.domains import domain_for
    >>> x = COORDINATES[0]
    >>> require_finite(Target(name="e", expression=1 / x, domain=domain_for(1), source="-"))
    Traceback (most recent call last):
    ValueError: required: an expression that is finite on interval; the base x1 of power -1 is \
or may be 0 near x1 = 0: change the expression
    """
    powers: list[Any] = [
        power
        for power in cast(set[Any], target.expression.atoms(sp.Pow))
        if power.exp.is_Rational and power.base.free_symbols and _risky(power.exp)
    ]
    for power in sorted(powers, key=str):
        where = _offence(power.base, power.exp, target.domain)
        if where is not None:
            wrong = "is or may be 0" if power.exp.is_negative else "is negative"
            raise ValueError(
                f"required: an expression that is finite on {target.domain.name}; the base "
                f"{power.base} of power {power.exp} {wrong} near {where}: change the expression"
            )


def _risky(exponent: sp.Rational) -> bool:
    return bool(exponent.is_negative) or exponent.q != 1


def _offence(base: sp.Expr, exponent: sp.Rational, domain: Domain) -> str | None:
    """Where the power is undefined, or None once every box is cleared."""
    pending: list[Box] = [((Fraction(-1), Fraction(1)),) * domain.dimension]
    seen = 0
    with flint.ctx.workprec(_PRECISION):
        while pending:
            box = pending.pop()
            seen += 1
            if domain.shape == "ball" and _outside_ball(box):
                continue
            value = _enclosure(base, box)
            if value.is_finite() and (value > 0 or (value < 0 and exponent.q == 1)):
                continue
            if value.is_finite() and value < 0:
                return _place(box)
            size = max(high - low for low, high in box)
            if size <= _SMALLEST or seen > _MOST_BOXES:
                # A fractional positive power may touch 0: only negative bases are wrong.
                if exponent.is_negative or not value.is_finite():
                    return _place(box)
                continue
            pending += _halves(box)
    return None


def _enclosure(base: sp.Expr, box: Box) -> flint.arb:
    values = {
        symbol: flint.arb(_exact((low + high) / 2), _exact((high - low) / 2))
        for symbol, (low, high) in zip(COORDINATES, box, strict=False)
    }
    return interpret(base, values, BALL)


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
