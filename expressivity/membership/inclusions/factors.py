"""A second factor that is 1, a mixture that is id, a product of mixtures: the width stays."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.neurons import NEURONS
from expressivity.classes.weights import Weights, constant_gate
from expressivity.membership.inclusions.coefficients import la_in_moa
from expressivity.membership.inclusions.inclusion import (
    Inclusion,
    changed,
    groups_of,
    maps_of,
    on_maps,
)
from expressivity.membership.shapes import Shape, shape_of

_NEURONS = {
    shape_of(NEURONS[name]): name for name in ("type1", "one_sided", "two_sided", "quadratic")
}
"""This package's neuron of each shape, for the classes between two others."""


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


def _gated_unit(family: Family, goal: Family) -> Iterator[Family]:
    if _rises(family, goal, Shape.GATED) and family.bias:
        yield _shaped(family, goal, Shape.GATED)


def _constant_factor(family: Family, larger: Family, weights: Weights) -> Weights:
    """y = 1."""
    row = [sp.S.Zero] * family.dimension + [sp.S.One]
    found = on_maps(family, larger, weights)
    return changed(found, **{maps_of(larger)[1]: [row] * family.width})


def _two_mixtures(family: Family, goal: Family) -> Iterator[Family]:
    rises = _rises(family, goal, Shape.PRODUCT) and family.mixes and "id" in family.dictionary
    if family.gate and not la_in_moa(family.gate, activations=len(family.dictionary)):
        return
    if rises:
        yield _shaped(family, goal, Shape.PRODUCT)


def _right_identity(family: Family, larger: Family, weights: Weights) -> Weights:
    """The second mixture is id: a unit vector, or gates that are constant and proportional."""
    unit, count = [sp.Integer(name == "id") for name in family.basis], family.group_count
    found = on_maps(family, larger, weights)
    if family.gate is None:
        return changed(found, scale1=[[entry] for entry in unit] * count)
    gate = constant_gate(unit, family.gate)
    assert gate is not None, "la_in_moa says that constant gates give every vector"
    flat = [sp.S.Zero] * family.dimension
    return changed(
        found,
        u1=[[*flat, bias] for bias in gate.biases] * count,
        scale1=[[scale] for scale in gate.scales] * count,
        a=(weights["a"] * gate.factor).tolist(),
    )


def _mixed_products(family: Family, goal: Family) -> Iterator[Family]:
    # A product of two softmax gates is one softmax gate over pairs; other gates lack that. The
    # products of two vectors of sum 1 have sum 1.
    one_gate = family.gate is None or family.gate.name == "softmax"
    if _rises(family, goal, Shape.PAIRS) and one_gate:
        yield _shaped(family, goal, Shape.PAIRS)


def _products(family: Family, larger: Family, weights: Weights) -> Weights:
    sides = zip(groups_of(family, weights, 0), groups_of(family, weights, 1), strict=True)
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
    return changed(on_maps(family, larger, weights), **rows)


INCLUSIONS = (
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
)
