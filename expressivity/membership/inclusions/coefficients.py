"""Switches, constraints and coefficients: the neuron stays, and so does the width."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec, acts_alone
from expressivity.classes.kinds import Constraint, Kind
from expressivity.classes.weights import Weights, lift
from expressivity.membership.inclusions.inclusion import (
    Inclusion,
    changed,
    groups_of,
    is_la,
    labels_of,
)


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


def _with_biases(family: Family, goal: Family) -> Iterator[Family]:
    if goal.bias and not family.bias:
        yield replace(family, bias=True)


def _with_switches(family: Family, goal: Family) -> Iterator[Family]:
    if family.gate is None or goal.gate is None or family.gate == goal.gate:
        return
    more = family.gate.scale <= goal.gate.scale and family.gate.bias <= goal.gate.bias
    if more and family.gate.name == goal.gate.name:
        yield replace(family, gate=goal.gate)


def _without_constraint(family: Family, goal: Family) -> Iterator[Family]:
    order = list(Constraint)  # from free to simplex, each inside those before it
    if order.index(goal.constraint) < order.index(family.constraint):
        yield replace(family, constraint=goal.constraint)


def _same(family: Family, larger: Family, weights: Weights) -> Weights:
    return weights


def _learned(family: Family, goal: Family) -> Iterator[Family]:
    if family.activation is not None and goal.mixes:
        yield replace(family, kind=Kind.LA, constraint=goal.constraint)


def _with_activations(family: Family, goal: Family) -> Iterator[Family]:
    grows = set(family.dictionary) <= set(goal.dictionary) and family.dictionary != goal.dictionary
    if not (family.mixes and grows):
        return
    larger = replace(family, dictionary=goal.dictionary)
    if family.gate is None or _can_be_zero(family.gate, larger.coefficients):
        yield larger


def _can_be_zero(gate: GateSpec, size: int) -> bool:
    """Whether each gate, times its scale, can be 0, and leaves the others as they are."""
    return gate.scale and acts_alone(GATES[gate.name], size)


def _by_name(family: Family, larger: Family, weights: Weights) -> Weights:
    """Each coefficient at the place its activations have in the larger basis, zeros elsewhere."""
    rows: dict[str, Any] = {}
    for side in range(family.sides):
        before, after = (labels_of(of, side) for of in (family, larger))
        found = [
            dict(zip(before, group, strict=True)) for group in groups_of(family, weights, side)
        ]
        rows[f"scale{side}"] = [[group.get(label, 0)] for group in found for label in after]
        if family.gate is not None:
            logits, size = weights[f"u{side}"].tolist(), len(before)
            known = [
                dict(zip(before, logits[first : first + size], strict=True))
                for first in range(0, len(logits), size)
            ]
            flat = [0] * (family.dimension + 1)
            rows[f"u{side}"] = [group.get(label, flat) for group in known for label in after]
    return changed(weights, **rows)


def _gated(family: Family, goal: Family) -> Iterator[Family]:
    if not is_la(family) or family.constraint is not Constraint.FREE or goal.gate is None:
        return
    gated = replace(family, kind=Kind.MOA, gate=goal.gate)
    if contains_la(gated):
        yield gated


def _constant_gates(family: Family, larger: Family, weights: Weights) -> Weights:
    lifted = lift(larger, weights)
    assert lifted is not None, "contains_la says that constant gates give every vector"
    return lifted


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
)
WITH_GATES = (
    Inclusion(name="la in moa", theorem="containment", towards=_gated, carry=_constant_gates),
)
