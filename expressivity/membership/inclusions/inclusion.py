"""What an inclusion is, and the blocks of weights that its maps rearrange."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.weights import Weights
from expressivity.membership.shapes import map_places


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """One class inside another: a map of exact weights that leaves the function as it is.

    What it does is the same at every width.

    Attributes:
        name: what changes.
        theorem: the theorem that checks the map (``expressivity prove``), or ``identity``
            where the same weights, or those with zeros or copies beside them, do, or where the
            map itself rests on an identity that was checked as it was found.
        towards: from a class and the goal to larger classes on the way, none where the inclusion
            leads nowhere or does not hold.
        carry: (class, larger class, weights) -> weights of the same function in the larger one.
        domain: whether the functions agree on the unit ball alone.
    """

    name: str
    theorem: str
    towards: Callable[[Family, Family], Iterable[Family]]
    carry: Callable[[Family, Family, Weights], Weights]
    domain: bool = False


def is_la(family: Family) -> bool:
    """Whether coefficients are learned numbers."""
    return family.mixes and family.gate is None


def maps_of(family: Family) -> list[str]:
    """The blocks of the maps z and y."""
    return [map_names(family.record.maps)[place] for place in map_places(family.record)]


def on_maps(family: Family, larger: Family, weights: Weights) -> Weights:
    """The blocks of z and y under the names that they have in the larger family."""
    known = zip(maps_of(family), maps_of(larger), strict=False)
    return Weights(blocks={**weights.blocks, **{new: weights[old] for old, new in known}})


def of_groups(family: Family) -> list[str]:
    """The blocks of coefficients."""
    return [name for name in family.shapes if name.startswith(("u", "scale"))]


def of_neurons(family: Family) -> list[str]:
    """The blocks with a row for each neuron."""
    own = ["p"] if family.record.parameters and not family.record.shared else []
    return [*map_names(family.record.maps), *own]


def groups_of(family: Family, weights: Weights, side: int) -> list[list[sp.Expr]]:
    """The coefficients of a side, group by group."""
    entries, size = weights.entries(f"scale{side}"), family.size(side)
    return [entries[first : first + size] for first in range(0, len(entries), size)]


def labels_of(family: Family, side: int) -> list[tuple[str, ...]]:
    """The activations that each coefficient of a side multiplies."""
    labels: list[tuple[str, ...]] = [()]
    for _ in family.record.mixtures[side]:
        labels = [(*label, name) for label in labels for name in family.basis]
    return labels


def changed(weights: Weights, **rows: Sequence[Sequence[Any]]) -> Weights:
    """The weights with some blocks, given row by row, in place of their own."""
    blocks = {name: sp.ImmutableMatrix(list(map(list, row))) for name, row in rows.items()}
    return Weights(blocks={**weights.blocks, **blocks})
