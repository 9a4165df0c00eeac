"""Random members of every family: exact rational weights and the function they make."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import FIXED_FORMS, PER_NEURON, Kind
from expressivity.classes.neurons import FORMS
from expressivity.classes.weights import Weights, network_expression
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

GATES = ("sigmoid", "tanh", "softmax")


@dataclass(frozen=True, kw_only=True)
class Member:
    """A family, weights in it, and the network's function as a target."""

    family: Family
    weights: Weights
    target: Target


def random_members(
    seed: int,
    count: int,
    *,
    kinds: tuple[Kind, ...] = tuple(Kind),
    widths: tuple[int, ...] = (1, 2, 3),
    grouped: bool = False,
) -> Iterator[Member]:
    """``count`` members, drawn uniformly over kinds, forms, gates, switches and widths.

    Dictionaries have 1 to 4 of the seven activations, or all of them once in eight; d is 1 or 2;
    weights are p/q with abs(p) <= 6 and q <= 4, zero included. With ``grouped`` half of those
    with learned coefficients have some for each neuron.
    """
    draw = random.Random(seed)
    for _ in range(count):
        family = _family(draw, kinds, widths)
        if grouped and family.kind is not Kind.FIXED and draw.random() < 0.5:
            family = replace(family, groups=PER_NEURON)
        weights = Weights(blocks={name: _block(draw, family, name) for name in family.shapes})
        expression = network_expression(family, weights)
        target = Target(
            name="expr",
            expression=expression,
            domain=domain_for(family.dimension),
            source="random member",
        )
        yield Member(family=family, weights=weights, target=target)


def _family(draw: random.Random, kinds: tuple[Kind, ...], widths: tuple[int, ...]) -> Family:
    kind = draw.choice(kinds)
    size = 1 if kind is Kind.FIXED else draw.choice((1, 2, 2, 3, 3, 4, 4, 7))
    gate = None
    if kind is Kind.MOA:
        gate = GateSpec(
            name=draw.choice(GATES), scale=draw.random() < 0.5, bias=draw.random() < 0.5
        )
    return Family(
        kind=kind,
        neuron=draw.choice(FIXED_FORMS if kind is Kind.FIXED else FORMS),
        width=draw.choice(widths),
        dimension=draw.choice((1, 2)),
        dictionary=tuple(draw.sample(FULL_DICTIONARY, size)),
        gate=gate,
        bias=draw.random() < 0.5,
    )


def _block(draw: random.Random, family: Family, name: str) -> sp.ImmutableMatrix:
    shape = family.shapes[name]
    rows, columns = shape if len(shape) == 2 else (*shape, 1)
    numbers = [sp.Rational(draw.randint(-6, 6), draw.randint(1, 4)) for _ in range(rows * columns)]
    block = sp.Matrix(rows, columns, numbers)
    if name.startswith("scale") and family.frozen(name) is not None:
        chosen = family.dictionary if family.kind is Kind.FIXED else family.basis
        row = [int(s in chosen) for s in family.basis]
        block = sp.Matrix(row * (rows // len(row)))
    elif family.frozen(name) is not None:
        block[:, -1] = sp.zeros(rows, 1)
    return block.as_immutable()
