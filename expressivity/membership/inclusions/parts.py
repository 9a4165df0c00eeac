"""A neuron as a sum of functions that nothing is learned in, with what is learned before them.

N = sum_q phi_q F_q: the phi_q are numbers, made of a neuron's coefficients and parameters; each F_q
is one function of a few numbers that are affine in x for every neuron: its maps, its parameters,
or a parameter times a map.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import sympy as sp
from sympy.core.relational import Relational

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.neurons import MAPS, Neuron, parameter_symbol
from expressivity.classes.terms import products
from expressivity.membership.inclusions.inclusion import labels_of
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES


@dataclass(frozen=True, kw_only=True)
class Part:
    """One summand of a neuron.

    Attributes:
        function: F_q, in the first of ``COORDINATES``.
        coordinates: what stands for each, affine in ``MAPS``, with the parameters as numbers.
        coefficient: phi_q, in the parameters and ``coefficient_symbol``.
    """

    function: sp.Expr
    coordinates: tuple[sp.Expr, ...]
    coefficient: sp.Expr


def coefficient_symbol(side: int, place: int) -> sp.Symbol:
    """An entry of a group's coefficient vector."""
    return sp.Symbol(f"coefficient{side}_{place}", real=True)


def parts_of(family: Family) -> tuple[Part, ...] | None:
    """The summands of a family's neurons, or None where coefficients are gated or not linear.

    >>> prelu = Family(neuron="prelu", kind="fixed", width=1, dimension=1)
    >>> for part in parts_of(prelu):
    ...     print(part.coefficient, part.function)
    1 Piecewise((x1, x1 > 0), (0, True))
    slope Piecewise((0, x1 > 0), (x1, True))
    """
    if family.gate is not None:
        return None
    record = family.record
    if not record.mixtures:
        return tuple(_own_parts(record))
    terms = products(record)
    sides = range(len(record.mixtures))
    if record.parameters or terms is None or {term.mixtures for term in terms} != {len(sides)}:
        return None
    found: list[Part] = []
    for labels in product(*(enumerate(labels_of(family, side)) for side in sides)):
        places, names = zip(*labels, strict=True)
        if any(name not in family.dictionary for label in names for name in label):
            continue  # in the basis of a fixed family, with a coefficient that is 0
        values = [_mixed(record, side, label) for side, label in enumerate(names)]
        symbols = [coefficient_symbol(side, place) for side, place in enumerate(places)]
        found.append(_part(record(MAPS[: record.maps], values), sp.Mul(*symbols)))
    return tuple(found)


def _mixed(record: Neuron, side: int, label: tuple[str, ...]) -> sp.Expr:
    """The product of the activations of a label, each of its map."""
    pairs = zip(label, record.mixtures[side], strict=True)
    return sp.Mul(*[ACTIVATIONS[name](MAPS[place]) for name, place in pairs])


@functools.lru_cache(maxsize=256)
def _own_parts(record: Neuron) -> tuple[Part, ...]:
    """Linear in some parameters, which then leave the function; homogeneous in one, perhaps."""
    split: list[tuple[sp.Expr, sp.Expr]] = [(sp.S.One, record.expression)]
    for parameter in record.parameters:
        p = parameter_symbol(parameter.name)
        split = [piece for phi, part in split for piece in _linear(phi, part, p)]
    return tuple(part for phi, function in split for part in _scaled(phi, function))


def _linear(phi: sp.Expr, part: sp.Expr, p: sp.Symbol) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """phi F(0) and phi p F' where F is affine in the parameter, else phi F.

    Its derivative by the parameter is then free of it, and so are all conditions.
    """
    conditions: set[Any] = part.atoms(Relational)
    slope, rest = sp.diff(part, p), part.subs(p, sp.S.Zero)
    bent = slope.has(p) or any(condition.has(p) for condition in conditions)
    if bent or not part.has(p) or not _is_defined(rest):
        yield phi, part
        return
    folded = cast(sp.Expr, sp.piecewise_fold(slope))
    yield from ((c, f) for c, f in ((phi, rest), (phi * p, folded)) if f != 0)


def _scaled(phi: sp.Expr, function: sp.Expr) -> Iterator[Part]:
    """F(z; p) = F(p z; 1)/p for p != 0 where that is so, and F(z; 0): two parts; else one."""
    (z, *more), parameters = MAPS, sorted(function.free_symbols - set(MAPS), key=str)
    whole: Any = function
    if len(parameters) == 1 and not function.free_symbols & set(more):
        p: Any = parameters[0]
        one, none = whole.subs(p, 1), whole.subs(p, 0)
        if _is_defined(none) and is_identity(function, one.subs(z, p * z) / p) is True:
            zero = sp.Eq(p, 0)
            yield Part(
                function=one.xreplace({z: COORDINATES[0]}),
                coordinates=(p * z,),
                coefficient=phi * sp.Piecewise((0, zero), (1 / p, True)),
            )
            yield _part(none, phi * sp.Piecewise((1, zero), (0, True)))
            return
    yield _part(function, phi)


def _part(function: sp.Expr, phi: sp.Expr) -> Part:
    """The maps and parameters that occur are the coordinates, maps first."""
    occur: set[Any] = set(function.free_symbols)
    coordinates: list[Any] = [z for z in MAPS if z in occur] + sorted(occur - set(MAPS), key=str)
    coordinates = coordinates or [MAPS[0]]
    named: Any = dict(zip(coordinates, COORDINATES, strict=False))
    return Part(
        function=cast(sp.Expr, function.xreplace(named)),
        coordinates=tuple(coordinates),
        coefficient=phi,
    )


def _is_defined(expression: sp.Expr) -> bool:
    return not expression.has(sp.nan, sp.zoo, sp.oo, -sp.oo)
