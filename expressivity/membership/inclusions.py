"""Where one class of networks lies in another: the proved inclusions of docs/theory.md, section 2.

Each inclusion is a map of exact weights that leaves the function as it is. They are taken in one
fixed order, each where it leads towards the goal; what they do not connect is not contained as far
as is known, whatever a fit may find. Which neurons an inclusion knows follows from their shapes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, Kind
from expressivity.classes.neurons import NEURONS
from expressivity.classes.weights import Weights, constant_gate, lift
from expressivity.membership.shapes import Shape, map_places, shape_of


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """One class inside another.

    Attributes:
        name: what changes.
        theorem: the theorem that checks the map (``expressivity prove``), or ``identity``
            where the same weights, or those with zeros or copies beside them, do.
        towards: from a class and the goal to the larger class, or None where the inclusion
            leads nowhere or does not hold.
        carry: (class, larger class, weights) -> weights of the same function in the larger one.
    """

    name: str
    theorem: str
    towards: Callable[[Family, Family], Family | None]
    carry: Callable[[Family, Family, Weights], Weights]


def inclusions(family: Family, goal: Family) -> tuple[Inclusion, ...] | None:
    """The inclusions that lead from one class to another, or None where none are proved.

    >>> la = Family(kind="la", neuron="type1", width=1, dimension=1)
    >>> relu = replace(la, kind="fixed", dictionary=("relu",))
    >>> [step.name for step in inclusions(relu, la)]
    ['fixed in la', 'more activations']
    >>> inclusions(la, relu) is None
    True
    """
    steps = _path(family, goal)
    return None if steps is None else tuple(step for step, _ in steps)


def embed(family: Family, weights: Weights, goal: Family) -> Weights | None:
    """Weights of the same function in another class, or None where no inclusion is proved."""
    steps = _path(family, goal)
    if steps is None:
        return None
    for step, larger in steps:
        weights = step.carry(family, larger, weights)
        family = larger
    return weights


def la_in_moa(gate: GateSpec, *, activations: int) -> bool:
    """Whether constant gates give every LA coefficient vector: the PROVED cells of section 2.

    >>> la_in_moa(GateSpec(name="tanh", bias=False), activations=7)
    False
    """
    needed = {"sigmoid": gate.scale, "tanh": gate.bias, "softmax": gate.scale or activations == 1}
    return needed.get(gate.name, False)


def contains_la(moa: Family) -> bool:
    """Whether a class of gates certainly contains the learned coefficients of its neuron.

    Constant gates give every vector up to a factor, which moves into the output weights if the
    neuron is 0 where the mixture is, and else into scales.

    >>> contains_la(Family(neuron="two_sided", kind="moa", gate="tanh", width=1, dimension=1))
    True
    """
    if moa.gate is None or not la_in_moa(moa.gate, activations=len(moa.dictionary)):
        return False
    return moa.gate.scale or all(map(moa.record.vanishes_without, range(moa.sides)))


def _path(family: Family, goal: Family) -> list[tuple[Inclusion, Family]] | None:
    steps: list[tuple[Inclusion, Family]] = []
    for step in INCLUSIONS:
        larger = step.towards(family, goal)
        if larger is not None:
            steps.append((step, larger))
            family = larger
    return steps if family == goal else None


# Switches and constraints: the same weights


def _with_biases(family: Family, goal: Family) -> Family | None:
    return replace(family, bias=True) if goal.bias and not family.bias else None


def _with_switches(family: Family, goal: Family) -> Family | None:
    if family.gate is None or goal.gate is None or family.gate == goal.gate:
        return None
    more = family.gate.scale <= goal.gate.scale and family.gate.bias <= goal.gate.bias
    return replace(family, gate=goal.gate) if more and family.gate.name == goal.gate.name else None


def _without_constraint(family: Family, goal: Family) -> Family | None:
    order = list(Constraint)  # from free to simplex, each inside those before it
    looser = order.index(goal.constraint) < order.index(family.constraint)
    return replace(family, constraint=goal.constraint) if looser else None


def _same(family: Family, larger: Family, weights: Weights) -> Weights:
    return weights


# Coefficients


def _learned(family: Family, goal: Family) -> Family | None:
    rises = family.activation is not None and goal.mixes
    return replace(family, kind=Kind.LA, constraint=goal.constraint) if rises else None


def _with_activations(family: Family, goal: Family) -> Family | None:
    grows = set(family.dictionary) <= set(goal.dictionary) and family.dictionary != goal.dictionary
    return replace(family, dictionary=goal.dictionary) if _is_la(family) and grows else None


def _by_name(family: Family, larger: Family, weights: Weights) -> Weights:
    """Each coefficient at the place its activations have in the larger basis, zeros elsewhere."""
    rows: dict[str, Any] = {}
    for side in range(family.sides):
        before, after = (_labels(of, side) for of in (family, larger))
        found = [dict(zip(before, group, strict=True)) for group in _groups(family, weights, side)]
        rows[f"scale{side}"] = [[group.get(label, 0)] for group in found for label in after]
    return _with(weights, **rows)


def _labels(family: Family, side: int) -> list[tuple[str, ...]]:
    """The activations that each coefficient of a side multiplies."""
    labels: list[tuple[str, ...]] = [()]
    for _ in family.record.mixtures[side]:
        labels = [(*label, name) for label in labels for name in family.basis]
    return labels


def _gated(family: Family, goal: Family) -> Family | None:
    if not _is_la(family) or family.constraint is not Constraint.FREE or goal.gate is None:
        return None
    gated = replace(family, kind=Kind.MOA, gate=goal.gate)
    return gated if contains_la(gated) else None


def _constant_gates(family: Family, larger: Family, weights: Weights) -> Weights:
    lifted = lift(larger, weights)
    assert lifted is not None, "contains_la says that constant gates give every vector"
    return lifted


# Second factors


def _rises(family: Family, goal: Family, shape: Shape) -> bool:
    """Whether the goal's neuron is further up the shapes, which the family's stands right below."""
    mine, last = shape_of(family.record), shape_of(goal.record)
    if mine is None or last is None:
        return False
    order = list(Shape)
    below = order.index(mine) + 1 == order.index(shape)
    return below and order.index(shape) <= order.index(last)


def _shaped(family: Family, goal: Family, shape: Shape) -> Family:
    """The family with the goal's neuron if it has the shape, else with this package's."""
    of_goal = shape_of(goal.record) is shape
    return replace(family, neuron=goal.neuron if of_goal else _NEURONS[shape])


def _gated_unit(family: Family, goal: Family) -> Family | None:
    rises = _rises(family, goal, Shape.GATED) and family.bias
    return _shaped(family, goal, Shape.GATED) if rises else None


def _constant_factor(family: Family, larger: Family, weights: Weights) -> Weights:
    """y = 1."""
    row = [sp.S.Zero] * family.dimension + [sp.S.One]
    found = _on_maps(family, larger, weights)
    return _with(found, **{_maps(larger)[1]: [row] * family.width})


def _two_mixtures(family: Family, goal: Family) -> Family | None:
    rises = _rises(family, goal, Shape.PRODUCT) and family.mixes and "id" in family.dictionary
    if family.gate and not la_in_moa(family.gate, activations=len(family.dictionary)):
        return None
    return _shaped(family, goal, Shape.PRODUCT) if rises else None


def _right_identity(family: Family, larger: Family, weights: Weights) -> Weights:
    """The second mixture is id: a unit vector, or gates that are constant and proportional."""
    unit, count = [sp.Integer(name == "id") for name in family.basis], family.group_count
    found = _on_maps(family, larger, weights)
    if family.gate is None:
        return _with(found, scale1=[[entry] for entry in unit] * count)
    gate = constant_gate(unit, family.gate)
    assert gate is not None, "la_in_moa says that constant gates give every vector"
    flat = [sp.S.Zero] * family.dimension
    return _with(
        found,
        u1=[[*flat, bias] for bias in gate.biases] * count,
        scale1=[[scale] for scale in gate.scales] * count,
        a=(weights["a"] * gate.factor).tolist(),
    )


def _mixed_products(family: Family, goal: Family) -> Family | None:
    # A product of two softmax gates is one softmax gate over pairs; other gates lack that. The
    # products of two vectors of sum 1 have sum 1.
    one_gate = family.gate is None or family.gate.name == "softmax"
    rises = _rises(family, goal, Shape.PAIRS) and one_gate
    return _shaped(family, goal, Shape.PAIRS) if rises else None


def _products(family: Family, larger: Family, weights: Weights) -> Weights:
    sides = zip(_groups(family, weights, 0), _groups(family, weights, 1), strict=True)
    rows: dict[str, Any] = {"scale0": [[s * t] for one, two in sides for s in one for t in two]}
    if family.gate is not None:
        size = family.size(0)
        left, right = (weights[name].tolist() for name in ("u0", "u1"))
        rows["u0"] = [
            [p + q for p, q in zip(u, v, strict=True)]
            for first in range(0, len(left), size)
            for u in left[first : first + size]
            for v in right[first : first + size]
        ]
    return _with(_on_maps(family, larger, weights), **rows)


# Neurons and groups


def _wider(family: Family, goal: Family) -> Family | None:
    fits = family.width < goal.width and goal.width % _fixed_groups(family) == 0
    return replace(family, width=goal.width) if fits else None


def _idle_neurons(family: Family, larger: Family, weights: Weights) -> Weights:
    """More neurons at the end of each group, and of the network where each is a group."""
    record, count = family.record, _fixed_groups(family)
    more = (larger.width - family.width) // count
    share = family.width // count
    starts = [[sp.Rational(str(parameter.initial)) for parameter in record.parameters]]
    empty = [sp.S.Zero] * (family.dimension + 1)
    idle: dict[str, Any] = {name: [empty] for name in map_names(record.maps)}
    if record.parameters and not record.shared:
        idle["p"] = starts
    rows: dict[str, Any] = {
        name: _with_rows(weights[name].tolist(), share, row * more) for name, row in idle.items()
    }
    columns = _with_rows(weights["a"].T.tolist(), share, [[sp.S.Zero] * family.outputs] * more)
    rows["a"] = [list(row) for row in zip(*columns, strict=True)]
    new = larger.group_count - family.group_count
    for name in _of_groups(family):
        listed = weights[name].tolist()
        rows[name] = [*listed, *listed[: len(listed) // family.group_count] * new]
    return _with(weights, **rows)


def _more_groups(family: Family, goal: Family) -> Family | None:
    if family.groups == goal.groups or family.width != goal.width or not family.mixes:
        return None
    divides = goal.group_count % family.group_count == 0
    return replace(family, groups=goal.groups) if divides else None


def _copies(family: Family, larger: Family, weights: Weights) -> Weights:
    """Each group's coefficients for each of the groups that it is cut into."""
    copies = larger.group_count // family.group_count
    rows: dict[str, Any] = {}
    for name in _of_groups(family):
        listed = weights[name].tolist()
        size = len(listed) // family.group_count
        firsts = [first for first in range(0, len(listed), size) for _ in range(copies)]
        rows[name] = [row for first in firsts for row in listed[first : first + size]]
    return _with(weights, **rows)


# Blocks


def _is_la(family: Family) -> bool:
    """Whether coefficients are learned numbers."""
    return family.mixes and family.gate is None


def _fixed_groups(family: Family) -> int:
    """Groups whose number does not grow with the width."""
    return 1 if family.groups == PER_NEURON else family.group_count


def _maps(family: Family) -> list[str]:
    """The blocks of the maps z and y."""
    return [map_names(family.record.maps)[place] for place in map_places(family.record)]


def _on_maps(family: Family, larger: Family, weights: Weights) -> Weights:
    """The blocks of z and y under the names that they have in the larger family."""
    known = zip(_maps(family), _maps(larger), strict=False)
    return Weights(blocks={**weights.blocks, **{new: weights[old] for old, new in known}})


def _of_groups(family: Family) -> list[str]:
    """The blocks of coefficients."""
    return [name for name in family.shapes if name.startswith(("u", "scale"))]


def _groups(family: Family, weights: Weights, side: int) -> list[list[sp.Expr]]:
    """The coefficients of a side, group by group."""
    entries, size = weights.entries(f"scale{side}"), family.size(side)
    return [entries[first : first + size] for first in range(0, len(entries), size)]


def _with_rows(rows: list[Any], share: int, more: list[Any]) -> list[Any]:
    """The rows with more of them after each ``share``."""
    chunks = [rows[first : first + share] for first in range(0, len(rows), share)]
    return [row for chunk in chunks for row in [*chunk, *more]]


def _with(weights: Weights, **rows: Sequence[Sequence[Any]]) -> Weights:
    changed = {name: sp.ImmutableMatrix(list(map(list, row))) for name, row in rows.items()}
    return Weights(blocks={**weights.blocks, **changed})


_NEURONS = {
    shape_of(NEURONS[name]): name for name in ("type1", "one_sided", "two_sided", "quadratic")
}
"""This package's neuron of each shape, for the classes between two others."""

INCLUSIONS = (
    Inclusion(name="biases on", theorem="identity", towards=_with_biases, carry=_same),
    Inclusion(name="gate switches on", theorem="identity", towards=_with_switches, carry=_same),
    Inclusion(name="fixed in la", theorem="inclusions", towards=_learned, carry=_by_name),
    Inclusion(
        name="constraint dropped", theorem="identity", towards=_without_constraint, carry=_same
    ),
    Inclusion(
        name="more activations", theorem="identity", towards=_with_activations, carry=_by_name
    ),
    Inclusion(
        name="type1 in one_sided",
        theorem="inclusions",
        towards=_gated_unit,
        carry=_constant_factor,
    ),
    Inclusion(
        name="one_sided in two_sided",
        theorem="inclusions",
        towards=_two_mixtures,
        carry=_right_identity,
    ),
    Inclusion(
        name="two_sided in quadratic",
        theorem="inclusions",
        towards=_mixed_products,
        carry=_products,
    ),
    Inclusion(name="la in moa", theorem="containment", towards=_gated, carry=_constant_gates),
    Inclusion(name="more neurons", theorem="identity", towards=_wider, carry=_idle_neurons),
    Inclusion(name="more groups", theorem="identity", towards=_more_groups, carry=_copies),
)
"""In the order in which they are tried: those without gates before gates enter."""
