"""Affine functions and sums of terms: the data that normal forms are made of."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ

Affine = tuple[sp.Expr, ...]
"""Real algebraic slopes, then a constant (rational plus logarithms of rationals)."""
Powers = tuple[tuple[int, int], ...]
"""A monomial: (index of a generator, positive exponent), ascending."""
Poly = dict[Powers, Any]


def plus(left: Poly, right: Poly, factor: Any = 1) -> Poly:
    """left + factor right."""
    total = dict(left)
    for powers, c in right.items():
        accumulate(total, powers, c * factor)
    return total


def is_real_algebraic(number: Any) -> bool:
    """Whether it is rational, or written by square roots of rationals alone."""
    if number.is_Rational:
        return True
    roots: set[Any] = number.atoms(sp.Pow)
    return (
        bool(number.is_real)
        and all(
            root.base.is_Rational and root.exp.is_Rational and root.exp.q == 2 for root in roots
        )
        and not number.atoms(sp.Function, sp.NumberSymbol, sp.Float)
    )


def line_of(z: Affine) -> tuple[int, Affine | None]:
    """Sign and the affine function up to positive scale, first slope 1; None for a constant."""
    leading = next((c for c in z[:-1] if c), None)
    if leading is None:
        return 1, None
    return (1 if leading > 0 else -1), tuple(_over(c, leading) for c in z)


def _over(c: Any, leading: Any) -> sp.Expr:
    quotient: Any = c / leading
    return sp.expand(quotient if leading.is_Rational else sp.radsimp(quotient))


def scaled(z: Affine, factor: Any) -> Affine:
    """factor z."""
    return tuple(sp.expand(c * factor) for c in z)


def rational(number: Any) -> Any:
    """A sympy rational in the coefficient field."""
    return QQ(int(number.p), int(number.q))


def oriented(z: Affine) -> tuple[int, Affine]:
    """Sign and the affine function up to sign, the first coefficient positive."""
    leading = next((c for c in z if c), sp.S.One)
    return (1, z) if leading > 0 else (-1, negative(z))


def accumulate(total: dict[Any, Any], key: Any, c: Any) -> None:
    """Add a coefficient to a sum of terms; what is 0 is left out."""
    value = total.get(key, 0) + c
    if value:
        total[key] = value
    else:
        total.pop(key, None)


def times_number(raw: Mapping[Any, Any], factor: Any) -> dict[Any, Any]:
    """A sum of terms times a number."""
    return {key: c * factor for key, c in raw.items()}


def sum_of(left: Affine, right: Affine) -> Affine:
    """left + right."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def negative(z: Affine) -> Affine:
    """-z."""
    return tuple(-c for c in z)


def difference(left: Affine, right: Affine) -> Affine:
    """left - right."""
    return tuple(sp.expand(a - b) for a, b in zip(left, right, strict=True))


def one_logarithm(h: Affine) -> Affine:
    """The same with log(2) + log(3) as log(6); the numbers are positive."""
    if len(h[-1].atoms(sp.log)) < 2:
        return h
    constant: Any = sp.expand(sp.logcombine(h[-1], force=True))
    return (*h[:-1], constant)


def order(h: Affine) -> tuple[Any, ...]:
    """By which affine functions are sorted."""
    return tuple(map(_place, h))


def _place(c: Any) -> Any:
    return Fraction(int(c.p), int(c.q)) if c.is_Rational else float(c)
