"""More neurons with a = 0, and groups copied: the function and the neuron stay.

A layer of g groups is one of G >= g groups: each group is cut into smaller ones, which have copies
of its coefficients, and what is left is filled with neurons of a = 0.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import PER_NEURON
from expressivity.classes.simple_parameters import starts
from expressivity.classes.weights import Weights
from expressivity.membership.inclusions.inclusion import (
    Inclusion,
    changed,
    of_groups,
    of_neurons,
)


def _wider(family: Family, goal: Family) -> Iterator[Family]:
    if family.width < goal.width and goal.width % family.width_step == 0:
        yield replace(family, width=goal.width)


def _more_groups(family: Family, goal: Family) -> Iterator[Family]:
    if family.groups == goal.groups or family.groups == PER_NEURON or not family.mixes:
        return
    if goal.groups == PER_NEURON:
        yield replace(family, groups=PER_NEURON)
    elif family.group_count < goal.group_count:
        share = _share(family, goal.group_count)
        yield replace(family, groups=goal.groups, width=share * goal.group_count)


def _share(family: Family, groups: int) -> int:
    """The fewest neurons in each of so many groups that have room for all that there are."""
    whole = family.width // family.group_count
    return next(s for s in range(1, whole + 1) if family.group_count * -(-whole // s) <= groups)


def _resized(family: Family, larger: Family, weights: Weights) -> Weights:
    """Each group in pieces of the larger family's share; idle neurons fill what is left."""
    chunks = _chunks(family, larger)
    idle = _idle(family)
    rows: dict[str, Any] = {}
    for name in of_neurons(family):
        own = weights[name].tolist()
        rows[name] = [own[j] if j is not None else idle[name] for _, js in chunks for j in js]
    columns = weights["a"].T.tolist()
    nothing = [sp.S.Zero] * family.outputs
    taken = [columns[j] if j is not None else nothing for _, js in chunks for j in js]
    rows["a"] = [list(row) for row in zip(*taken, strict=True)]
    for name in of_groups(family):
        listed = weights[name].tolist()
        size = len(listed) // family.group_count
        rows[name] = [row for g, _ in chunks for row in listed[g * size : (g + 1) * size]]
    return changed(weights, **rows)


def _chunks(family: Family, larger: Family) -> list[tuple[int, list[int | None]]]:
    """For each group of the larger family the group it copies, and its neurons, or None."""
    whole, share = (of.width // of.group_count for of in (family, larger))
    found: list[tuple[int, list[int | None]]] = []
    for group in range(family.group_count):
        for first in range(group * whole, (group + 1) * whole, share):
            taken: list[int | None] = list(range(first, min(first + share, (group + 1) * whole)))
            found.append((group, taken + [None] * (share - len(taken))))
    spare: list[int | None] = [None] * share
    return found + [(0, spare)] * (larger.group_count - len(found))


def _idle(family: Family) -> dict[str, list[Any]]:
    """A row of each block of a neuron."""
    empty = [sp.S.Zero] * (family.dimension + 1)
    return {**dict.fromkeys(map_names(family.record.maps), empty), "p": [*starts(family.record)]}


WIDER = Inclusion(name="more neurons", theorem="identity", towards=_wider, carry=_resized)
INCLUSIONS = (
    Inclusion(name="more groups", theorem="identity", towards=_more_groups, carry=_resized),
)
