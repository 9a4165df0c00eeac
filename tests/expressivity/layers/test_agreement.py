"""The comparison of a block with its formula.

Kinds: property (the tolerance is that of rounding), negative (other functions, and dropout).
"""

import copy
import warnings

import pytest
import torch
from blocks_by_hand import (
    Chain,
    D,
    DropoutInTraining,
    Gated,
    InnerDropout,
    LateDropout,
    M,
    Renormalised,
    Sparse,
    Swapped,
    WithExperts,
    model_of,
    replaced,
)
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.layers import FeedForward
from expressivity.layers.agreement import disagreement
from expressivity.layers.blocks import Block
from expressivity.layers.reading import read_whole
from expressivity.layers.recording import record

# The comparison alone


def pair(block: Gated, dtype) -> tuple[nn.Module, Block, Block]:
    """A block, and two layers that compute what ``Gated`` does."""
    block = model_of(block, dtype=dtype).layers[0]["mlp"]
    family = Family(
        kind=Kind.FIXED,
        neuron="one_sided",
        width=M,
        dimension=D,
        outputs=D,
        dictionary=("silu",),
        bias=False,
    )
    layer = FeedForward(family, initialisation=None, dtype=dtype)
    with torch.no_grad():
        for name, other in (("w", "gate_proj"), ("v", "up_proj"), ("a", "down_proj")):
            layer.get_submodule(name).weight.copy_(block.get_submodule(other).weight)
    fixed = Block(layer)
    return block, fixed, copy.deepcopy(fixed)


@pytest.mark.parametrize(
    ("dtype", "least"),
    [(torch.float64, 1e-13), (torch.float32, 1e-4), (torch.bfloat16, 0.5), (torch.float16, 0.1)],
)
def test_the_tolerance_is_that_of_rounding(dtype, least):
    assert disagreement(*pair(Gated(), dtype)) is None
    block, fixed, new = pair(Gated(), dtype)
    with torch.no_grad():
        new.feed_forward.a.weight.mul_(1 + least)
    if least > 1e-12:
        assert "training mode" in disagreement(block, fixed, new)
    block, fixed, new = pair(Gated(), dtype)
    with torch.no_grad():
        fixed.feed_forward.a.weight.data = fixed.feed_forward.a.weight.data.double() * (1 + 1e-12)
    assert "float64" in disagreement(block, fixed, new)


@pytest.mark.parametrize("block", [InnerDropout, LateDropout, DropoutInTraining])
def test_dropout_is_seen_in_training_mode(block):
    found = disagreement(*pair(block(), torch.float32))
    assert found is not None
    assert found.endswith("in training mode")


@pytest.mark.parametrize("block", [Renormalised, WithExperts, Sparse, Swapped])
def test_other_functions_are_seen_by_numbers(block):
    assert "outputs differ" in disagreement(*pair(block(), torch.float32))


def recorded(module) -> str:
    return str(record(module, torch.ones(2, D)))


def test_recordings():
    assert recorded(Gated()) == "down_proj((act_fn(gate_proj(x)) * up_proj(x)))"
    assert recorded(Chain()) == "dropout(c_proj(act(c_fc(x))))"

    class Named(nn.Module):
        def forward(self, x):
            return silu(x)

    def silu(x):
        return torch.relu(x)

    # A function does not pass for another one of its name.
    assert recorded(Named()) == "relu(x)"
    module = Gated()
    hooks = [dict(part._forward_hooks) for part in module.modules()]
    record(module, torch.ones(2, D))
    assert [dict(part._forward_hooks) for part in module.modules()] == hooks


def test_deep_recordings_are_written_in_bounded_length():
    class Doubling(nn.Module):
        def forward(self, x):
            for _ in range(60):
                x = x + x
            return x

    text = recorded(Doubling())
    assert "..." in text
    assert len(text) < 10_000


def test_readings_name_the_maps():
    module = Gated()
    reading = read_whole(module, record(module, torch.ones(2, D)), training=True)
    assert reading is not None and reading.v is not None
    assert [reading.w.path, reading.v.path, reading.a.path] == ["gate_proj", "up_proj", "down_proj"]
    assert (reading.activation, reading.is_function, reading.casts) == ("act_fn", False, False)


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replaced(model_of(Gated(), Chain()))
