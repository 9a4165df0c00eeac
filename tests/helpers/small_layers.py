"""Families of every kind and form, as small layers with weights drawn at random."""

import pytest
import torch

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers import (
    FeedForward,
)

SMALL = ("id", "relu2", "gelu", "silu", "tanh")
TANH = GateSpec(name="tanh")


def family(form: str, kind: Kind, gate: str | GateSpec | None = None, **changes) -> Family:
    options = {"width": 6, "dimension": 4, "outputs": 4, "dictionary": SMALL}
    if kind is Kind.FIXED:
        options["dictionary"] = ("silu",)
    if isinstance(gate, str):
        gate = GateSpec(name=gate)
    return Family(kind=kind, neuron=form, gate=gate, **{**options, **changes})


def kinds(form: str) -> list[tuple[Kind, str | None]]:
    fixed = [(Kind.FIXED, None)] if form in FIXED_FORMS else []
    return [*fixed, (Kind.LA, None), *((Kind.MOA, gate) for gate in GATES)]


CASES = [(form, *case) for form in FORMS for case in kinds(form)]
every_case = pytest.mark.parametrize(("form", "kind", "gate"), CASES)


def drawn(described: Family, *, seed: int = 0, dtype=torch.float64) -> FeedForward:
    """A layer whose parameters are all random, none at a special start."""
    torch.manual_seed(seed)
    layer = FeedForward(described, initialisation=None, dtype=dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def inputs(*shape: int, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5), dtype=dtype)


# Memory


def reference(form: str) -> Family:
    fixed = form if form in FIXED_FORMS else "one_sided"
    return family(fixed, Kind.FIXED, width=2048, dimension=512, outputs=512)
