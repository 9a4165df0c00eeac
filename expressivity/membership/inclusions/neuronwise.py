"""One class in another, neuron by neuron: each part of a neuron is a network of the larger class.

A part is one function of a few numbers that are affine in x (``parts.py``). If that function is a
network of another class, with weights that are verified as they are found (``spans.py``), then
sums over neurons are networks of that class: affine maps of affine maps are affine, and factors go
into ``a``. The larger class is a fixed one, so that all its neurons are alike, and what lies in it
lies in the classes that learn or gate coefficients by the other inclusions; or one whose neurons
have gates of their own (``gated.py``).
"""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.catalogue import exists_in
from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import Constraint, Kind
from expressivity.classes.neurons import MAPS, parameter_symbol
from expressivity.classes.simple_parameters import Setting
from expressivity.classes.weights import Weights
from expressivity.membership.inclusions.gated import realised_with_gates, takes_gated
from expressivity.membership.inclusions.inclusion import Inclusion
from expressivity.membership.inclusions.parts import Part, coefficient_symbol, parts_of
from expressivity.membership.inclusions.spans import realised
from expressivity.membership.recognition import settings_for
from expressivity.membership.recognition.network import Recognition

_MOST_COORDINATES = 3


@dataclass(frozen=True, kw_only=True)
class _Realised:
    """A part, and the network of its function in the larger class."""

    part: Part
    network: Recognition


def _towards(family: Family, goal: Family) -> Iterator[Family]:
    for larger in waypoints(goal):
        found = _networks(family, larger)
        if found is not None:
            width = family.width * _width(found)
            yield replace(larger, width=width, dimension=family.dimension, outputs=family.outputs)


def waypoints(goal: Family) -> tuple[Family, ...]:
    """The classes that a neuron may be written in: the goal's own, or inside it; width 1.

    >>> la = Family(neuron="one_sided", kind="la", dictionary="id,relu", width=4, dimension=2)
    >>> [family.label for family in waypoints(la)]
    ['id one_sided m=1', 'relu one_sided m=1', 'id type1 m=1', 'relu type1 m=1']
    """
    if not goal.dictionary:
        return (replace(goal, width=1),)
    gated = (replace(goal, width=1),) if takes_gated(goal) else ()
    neurons = [n for n in (goal.neuron, "type1") if exists_in(Kind.FIXED, n)]
    fixed = (
        Family(
            neuron=neuron,
            kind=Kind.FIXED,
            dictionary=(name,),
            width=1,
            dimension=goal.dimension,
            bias=goal.bias,
            outputs=goal.outputs,
        )
        for neuron in dict.fromkeys(neurons)
        for name in goal.dictionary
    )
    return (*fixed, *gated)


def _networks(family: Family, larger: Family) -> tuple[_Realised, ...] | None:
    """Networks of all parts, or None."""
    if family.bias > _has_biases(larger) or (family.dimension, family.outputs) != (
        larger.dimension,
        larger.outputs,
    ):
        return None
    return _networks_of(replace(family, width=1, groups=1, constraint=Constraint.FREE), larger)


@functools.lru_cache(maxsize=4096)
def _networks_of(family: Family, larger: Family) -> tuple[_Realised, ...] | None:
    parts = parts_of(family)
    if parts is None or family == larger:
        return None
    settings: list[Setting | None] = [None]
    if larger.record.shared:
        listed = (settings_for(part.function, larger.record) for part in parts)
        settings = list(dict.fromkeys(itertools.chain(*listed)))
    each = (_all_realised(parts, larger, setting) for setting in settings)
    known = (found for found in each if found is not None)
    return min(known, key=_width, default=None)


def _width(found: Sequence[_Realised]) -> int:
    return sum(one.network.family.width for one in found)


def _all_realised(
    parts: Sequence[Part], larger: Family, setting: Setting | None
) -> tuple[_Realised, ...] | None:
    """Networks of all parts, or None; with these parameters where neurons share them."""
    found: list[_Realised] = []
    for part in parts:
        count = len(part.coordinates)
        if count > _MOST_COORDINATES or not (_has_biases(larger) or _is_linear(part)):
            return None
        alone = replace(larger, dimension=count, outputs=1)
        if larger.gate is not None:
            network = realised_with_gates(part.function, alone)
        else:
            network = realised(part.function, alone, setting)
        if network is None:
            return None
        found.append(_Realised(part=part, network=network))
    return tuple(found)


def _has_biases(family: Family) -> bool:
    """Whether all maps of x have constants: hidden ones, and those of gates."""
    return family.bias and (family.gate is None or family.gate.bias)


def _is_linear(part: Part) -> bool:
    """Whether every coordinate is linear in the maps."""
    at_zero: Any = dict.fromkeys(MAPS, sp.S.Zero)
    return all(coordinate.subs(at_zero) == 0 for coordinate in part.coordinates)


def _carry(family: Family, larger: Family, weights: Weights) -> Weights:
    found = _networks(family, replace(larger, width=1))
    assert found is not None, "the larger family comes from these networks"
    rows: dict[str, list[Any]] = {name: [] for name in larger.shapes}
    for j in range(family.width):
        values = values_of(family, weights, j)
        for piece in found:
            _add(rows, piece, family, larger, weights, j, values)
    rows["a"] = [list(row) for row in zip(*rows["a"], strict=True)]
    for name in ["scale0", *(["p"] if larger.record.shared else [])]:
        if name in rows:  # the same for all
            rows[name] = rows[name][: larger.shapes[name][0]]
    return Weights(blocks={name: sp.ImmutableMatrix(rows[name]) for name in larger.shapes})


def values_of(family: Family, weights: Weights, neuron: int) -> Mapping[Any, sp.Expr]:
    """The numbers of one neuron for the symbols of its parts."""
    record, found = family.record, dict[Any, sp.Expr]()
    if record.parameters:
        own = weights["p"].row(0 if record.shared else neuron)
        names = [parameter_symbol(parameter.name) for parameter in record.parameters]
        found |= dict(zip(names, own, strict=True))
    group = neuron // (family.width // family.group_count)
    for side in range(family.sides):
        size, entries = family.size(side), weights.entries(f"scale{side}")
        for place in range(size):
            found[coefficient_symbol(side, place)] = entries[group * size + place]
    return found


def _add(
    rows: dict[str, list[Any]],
    piece: _Realised,
    family: Family,
    larger: Family,
    weights: Weights,
    neuron: int,
    values: Mapping[Any, sp.Expr],
) -> None:
    """The neurons of one part of one neuron."""
    part, network = piece.part, piece.network
    affine = affine_coordinates(part, family, weights, neuron, values)
    factor = part.coefficient.subs(values)
    column = weights["a"].col(neuron) * factor
    for name in larger.shapes:
        block = sp.Matrix(network.weights[name])
        if name in map_names(larger.record.maps) or name.startswith("u"):
            block = block * affine
        elif name == "a":
            block = (column * block).T
        rows[name] += block.tolist()


def affine_coordinates(
    part: Part, family: Family, weights: Weights, neuron: int, values: Mapping[Any, sp.Expr]
) -> sp.Matrix:
    """The coordinates of a part of one neuron and the constant 1, each as a row of weights."""
    maps = [weights[name].row(neuron) for name in map_names(family.record.maps)]
    constant = sp.Matrix([[0] * family.dimension + [1]])
    return sp.Matrix.vstack(
        *(_row(coordinate.subs(values), maps, constant) for coordinate in part.coordinates),
        constant,
    )


def _row(coordinate: sp.Expr, maps: Sequence[sp.Matrix], constant: sp.Matrix) -> sp.Matrix:
    """A coordinate, affine in the maps, as a row of weights."""
    at_zero: Any = dict.fromkeys(MAPS, sp.S.Zero)
    row = constant * coordinate.subs(at_zero)
    for z, own in zip(MAPS, maps, strict=False):
        row += sp.diff(coordinate, z) * sp.Matrix(own)
    return row


INCLUSION = Inclusion(name="neuron by neuron", theorem="identity", towards=_towards, carry=_carry)
