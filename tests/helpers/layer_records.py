"""Records of every shape that no record of the paper has, and layers of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sympy as sp
import torch

from expressivity.classes.families import Family, map_names
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, kinds_of
from expressivity.classes.networks import pack
from expressivity.classes.neurons import MAPS, MIXTURES, NEURONS, Neuron, Parameter
from expressivity.classes.neurons.record import parameter_symbol
from expressivity.classes.neurons.soundness import require_sound
from expressivity.layers import FeedForward

SMALL = ("id", "silu", "tanh")
SLOPE = parameter_symbol("slope")
PARAMETERS = (Parameter(name="slope", initial=0.25, spread=(0.0, 1.0)),)
KINKED = sp.Piecewise((MAPS[0], MAPS[0] > 0), (SLOPE * MAPS[0], True))


def made(name: str, **parts) -> Neuron:
    return Neuron(name=name, title=name, latex=name, **parts)


ODD = (
    made("two_maps", maps=2, expression=sp.Max(MAPS[0], MAPS[1])),
    made("three_maps", maps=3, expression=MAPS[2] * sp.tanh(MAPS[0] + MAPS[1])),
    made("sloped", maps=1, expression=KINKED, parameters=PARAMETERS),
    made("sloped_alike", maps=1, expression=KINKED, parameters=PARAMETERS, shared=True),
    made("gated_thrice", maps=3, mixtures=((2,),), expression=MIXTURES[0] * MAPS[0] * MAPS[1]),
    made("itself_times", maps=1, mixtures=((0,),), expression=MIXTURES[0] * MAPS[0]),
    made(
        "beside",
        maps=2,
        mixtures=((0,), (1,)),
        expression=MIXTURES[0] + SLOPE * MIXTURES[1] * MAPS[0],
        parameters=PARAMETERS,
    ),
)
"""Records of every shape that no record of the paper has."""


NAMES = (*NEURONS, *(record.name for record in ODD))
RECORDS = {name: NEURONS[name] for name in NEURONS} | {record.name: record for record in ODD}
MIXING = tuple(name for name, record in RECORDS.items() if record.mixtures)
GROUPS = (1, 2, PER_NEURON)
every_record = pytest.mark.parametrize("name", NAMES)


@contextmanager
def registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for record in ODD:
            require_sound(record)
            patch.setitem(NEURONS._entries, record.name, record)
        yield


def families(name: str, **changes) -> Iterator[Family]:
    """Every kind, gate, constraint and grouping that a record has."""
    sizes = {"neuron": name, "width": 4, "dimension": 3, "outputs": 2, **changes}
    for kind in kinds_of(RECORDS[name]):
        if not kind.mixes:
            names = ("silu",) if RECORDS[name].mixtures else ()
            yield Family(kind=kind, dictionary=names, **sizes)
            continue
        for groups in GROUPS:
            shared = {"kind": kind, "dictionary": SMALL, "groups": groups, **sizes}
            if kind.gated:
                for gate in GATES:
                    yield Family(gate=gate, **shared)
                yield Family(gate=GateSpec(name="sigmoid", scale=False, bias=False), **shared)
            else:
                for constraint in Constraint:
                    yield Family(constraint=constraint, **shared)


def drawn(family: Family, *, dtype: torch.dtype = torch.float64) -> FeedForward:
    """A layer whose parameters are all random, none at a special start."""
    torch.manual_seed(0)
    layer = FeedForward(family, initialisation=None, dtype=dtype)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.normal_()
            if name == "p":
                parameter.uniform_(0.1, 0.9)
    return layer


def inputs(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5), dtype=dtype)


def packed(layer: FeedForward) -> torch.Tensor:
    """The layer's parameters as one lane of the batched evaluation."""
    family = layer.family
    blocks = {name: torch.zeros(1, *s, dtype=torch.float64) for name, s in family.shapes.items()}
    maps = [*map_names(family.record.maps), *(f"u{side}" for side in range(family.sides))]
    for name in maps:
        linear = getattr(layer, name, None)
        if linear is not None:
            blocks[name][0, :, :-1] = linear.weight
            if linear.bias is not None:
                blocks[name][0, :, -1] = linear.bias
    blocks["a"][0] = layer.a.weight
    if layer.p is not None:
        blocks["p"][0] = layer.p
    for side in range(family.sides):
        scale = layer.scale(side)
        if scale is not None:
            blocks[f"scale{side}"][0] = scale
        elif family.activation is None:
            blocks[f"scale{side}"][0] = 1
        else:
            blocks[f"scale{side}"][0, family.basis.index(family.activation)] = 1
    return pack(family, blocks)
