"""Values of a neuron's parameters to try first, where any values may be.

None is there for the sake of a record: they are read off its expression.
"""

import functools
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from expressivity.classes.neurons import MAPS, Neuron, parameter_symbol
from expressivity.classes.rational import is_rational
from expressivity.symbolic.piecewise import assume_sign, by_conditions, innermost_levels

Setting = tuple[sp.Expr, ...]
"""A value for each parameter of a record, in their order."""

_ONES = 2


@functools.lru_cache(maxsize=256)
def starts(record: Neuron) -> Setting:
    """Where a layer starts, as exact decimals.

    >>> from expressivity.classes.neurons import NEURONS
    >>> starts(NEURONS["prelu"])
    (1/4,)
    """
    return tuple(sp.Rational(str(parameter.initial)) for parameter in record.parameters)


@functools.lru_cache(maxsize=256)
def few_ones(record: Neuron) -> tuple[Setting, ...]:
    """One or two parameters that are 1, the others 0; then all 0. Where the neuron is defined.

    >>> from expressivity.classes.neurons import NEURONS
    >>> few_ones(NEURONS["prelu"]), few_ones(NEURONS["snake"])
    (((1,), (0,)), ((1,),))
    """
    places = range(len(record.parameters))
    chosen = [c for n in (*range(1, _ONES + 1), 0) for c in combinations(places, n)]
    settings = (tuple(sp.Integer(i in ones) for i in places) for ones in chosen)
    return tuple(one for one in settings if record.parameters and _is_defined(record, one))


@functools.lru_cache(maxsize=256)
def of_powers(record: Neuron) -> tuple[Setting, ...]:
    """Those that make a neuron of one map polynomial on pieces, with as many powers as they can.

    Parameters that the neuron is not linear in are 0, but for one that may be 1. For the others the
    remainders of the quotients that its pieces are, by their denominators, are to be 0: a linear
    system, of which the sum of a basis of the solutions is taken.

    >>> from expressivity.classes.neurons import NEURONS
    >>> of_powers(NEURONS["pau"])[1]  # (z^2 - 1) (z^3 + z^2 - 2 z - 2) / (1 + abs(z))
    (-2, -2, 1, 1, 1, 1, 1, 0, 0, 0)
    """
    expression = record.expression
    if record.maps != 1 or record.mixtures or not is_rational(expression, _ONE_MAP, _ONE_MAP):
        return ()
    names = [parameter_symbol(parameter.name) for parameter in record.parameters]
    linear = [p for p in names if _is_linear(expression, p)]
    others = [p for p in names if p not in linear]
    found: list[Setting] = []
    for place in (None, *range(len(others))):
        values: Any = {p: sp.Integer(k == place) for k, p in enumerate(others)}
        with_others: Any = expression.xreplace(values)
        numbers = _of_powers(by_conditions(with_others), linear)
        if numbers is not None:
            values |= dict(zip(linear, numbers, strict=True))
            found.append(tuple(values[p] for p in names))
    return tuple(one for one in found if _is_defined(record, one))


_ONE_MAP = frozenset(MAPS[:1])


def _of_powers(expression: sp.Expr, linear: Sequence[sp.Symbol]) -> Setting | None:
    """The numbers for the linear parameters, or None where no powers are left."""
    z, equations = MAPS[0], list[sp.Expr]()
    for piece in _pieces(expression):
        numerator, denominator = sp.fraction(sp.cancel(sp.together(piece)))
        left = sp.rem(numerator, denominator, z) if denominator.has(z) else sp.S.Zero
        equations += sp.Poly(left, z).coeffs()
    system = sp.Matrix([[sp.diff(e, p) for p in linear] for e in equations or [sp.S.Zero]])
    basis = system.nullspace() if linear else []
    return tuple(sum(basis, sp.zeros(len(linear), 1))) if basis else None


def _pieces(expression: sp.Expr) -> Iterator[sp.Expr]:
    """The formulas for both signs of every level."""
    levels = innermost_levels(expression)
    if not levels:
        yield expression
        return
    for sign in (1, -1):
        yield from _pieces(assume_sign(expression, levels[0], sign))


def _is_linear(expression: sp.Expr, p: sp.Symbol) -> bool:
    conditions: set[Any] = expression.atoms(Relational)
    return not sp.diff(expression, p).has(p) and not any(c.has(p) for c in conditions)


def _at(record: Neuron, setting: Setting) -> sp.Expr:
    """The neuron of these parameters."""
    names = (parameter_symbol(parameter.name) for parameter in record.parameters)
    numbers: Any = dict(zip(names, setting, strict=True))
    return by_conditions(record.expression.subs(numbers))


def _is_defined(record: Neuron, setting: Setting) -> bool:
    return not _at(record, setting).has(sp.nan, sp.zoo, sp.oo, -sp.oo)
