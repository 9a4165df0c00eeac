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
from expressivity.layers.blocks import Block, formula

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
    fixed = Block(layer, None, nn.Identity())
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


def test_formulas():
    assert formula(Gated()) == "down_proj(act_fn(gate_proj(x)) * up_proj(x))"
    assert formula(Chain()) == "dropout(c_proj(act(c_fc(x))))"

    class Named(nn.Module):
        def forward(self, x):
            return down_proj(x)

    def down_proj(x):
        return torch.relu(x)

    # A function does not pass for a child of its name.
    assert formula(Named()) == "torch.relu(x)"


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replaced(model_of(Gated(), Chain()))
