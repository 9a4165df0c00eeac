"""Formulas that hold near points of a target's domain, whatever its levels are.

``crossings`` finds the kinks that are rational hyperplanes; here every formula counts that is in
force near one of some rational points, beside curved kinks and kinks at irrational places.
"""

import functools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.classes.facts import cancelled, is_real_analytic
from expressivity.symbolic.piecewise import formula_at
from expressivity.symbolic.points import Point, as_rational
from expressivity.targets.crossings import formulas
from expressivity.targets.target import Target

_POINTS, _MAX_FORMULAS = 24, 8


@functools.lru_cache(maxsize=256)
def local_formulas(target: Target) -> tuple[sp.Expr, ...]:
    """Real-analytic formulas, each equal to the target on some open subset of its domain.

    Those of ``crossings.formulas`` first.

    >>> from expressivity.targets.user import user_target
    >>> local_formulas(user_target("relu(sin(x))"))
    (0, sin(x1))
    """
    found = dict.fromkeys(formulas(target))
    if target.expression.has(sp.Piecewise):
        for point in interior_points(target):
            if len(found) >= _MAX_FORMULAS:
                break
            formula = formula_at(target.expression, point)
            plain = None if formula is None else cancelled(formula)
            if plain is not None and is_real_analytic(plain):
                found[plain] = None
    return tuple(found)


def interior_points(target: Target) -> Iterator[Point]:
    """Rational points spread over the interior of the domain (Halton's sequence).

    J. H. Halton, Numerische Mathematik 2 (1960) 84-90, doi:10.1007/BF01386213.
    """
    bases: list[Any] = [sp.prime(axis + 1) for axis in range(target.dimension)]
    for index in range(1, _POINTS + 1):
        values = [2 * _mirrored(index, base) - 1 for base in bases]
        if target.domain.shape == "cube" or sum(value**2 for value in values) < 1:
            yield dict(zip(target.coordinates, map(as_rational, values), strict=True))


def _mirrored(index: int, base: int) -> Fraction:
    """The digits of an index behind the point."""
    value, unit = Fraction(0), Fraction(1)
    while index:
        index, digit = divmod(index, base)
        unit /= base
        value += digit * unit
    return value
