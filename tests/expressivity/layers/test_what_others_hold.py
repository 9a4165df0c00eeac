"""Blocks that something beside their place depends on, or that depend on something unseen.

Kinds: negative (each conversion would change what a model computes, or lose something, in
silence), property (what stays allowed).
"""

import functools
import random

import numpy as np
import pytest
import torch
from blocks_by_hand import D, Gated, M, assert_refused, model_of, outputs, replaced
from torch import nn

from expressivity.layers import activation_names

torch.set_num_threads(1)

# References beside the places that a model names


class Keeping(nn.Module):
    """Calls its block by a reference of its own."""

    def __init__(self, kept):
        super().__init__()
        self.mlp = Gated()
        self.kept = kept(self.mlp)

    def forward(self, x):
        return x + self.mlp(x)


def closure(block):
    return lambda x: block(x)


@pytest.mark.parametrize(
    "kept",
    [
        lambda block: [block],
        lambda block: {"first": (block,)},
        lambda block: block.forward,
        functools.partial,
        closure,
        lambda block: block.up_proj.forward,
        lambda block: list(block.parameters()),  # as DistributedDataParallel does
    ],
)
def test_references_are_refused(kept):
    model = model_of(nn.Identity(), Keeping(kept))
    assert_refused(model, r"that layers.1.mlp.kept holds beside it", name="layers.1.mlp.mlp")


def test_a_compiled_block_is_refused_and_a_compiled_model_converted():
    model = model_of(Gated(), Gated())
    x, block = torch.randn(3, D), model.layers[1]["mlp"]
    model.layers[1]["mlp"] = torch.compile(block, backend="eager")
    assert_refused(
        model, "that layers.1.mlp.forward holds beside it", name="layers.1.mlp._orig_mod"
    )
    model.layers[1]["mlp"] = block
    compiled = torch.compile(model, backend="eager")
    with torch.no_grad():
        expected = compiled(x)
        assert replaced(compiled) == 2
        torch.testing.assert_close(compiled(x), expected)
        model.layers[1]["mlp"].feed_forward.a.weight.zero_()
        assert not torch.allclose(compiled(x), expected)


def test_numbers_that_another_module_has_a_part_of():
    model = model_of(Gated(), Gated())
    table = nn.Parameter(torch.randn(M + 5, D))
    model.layers[1]["mlp"].up_proj.weight.data = table.data[5:]
    model.table = table
    assert_refused(model, "whose parameters have other places too")


# Numbers that are no parameters, and states that are no tensors


def plain_weight(block):
    weight = block.up_proj.weight.detach().clone()
    del block.up_proj.weight
    block.up_proj.weight = weight.requires_grad_()


def weight_buffer(block):
    weight = block.up_proj.weight.detach().clone()
    del block.up_proj.weight
    block.up_proj.register_buffer("weight", weight)


@pytest.mark.parametrize("change", [plain_weight, weight_buffer])
def test_weights_that_are_no_parameters(change):
    model = model_of(Gated(), Gated())
    change(model.layers[1]["mlp"])
    assert_refused(model, "whose weight or bias at up_proj is no parameter")


def test_attributes_of_parameters_stay():
    block = Gated(bias=True)
    block.up_proj.weight.no_decay = True
    block.down_proj.bias.shard = 2
    model = model_of(Gated(), block)
    replaced(model)
    new = model.layers[1]["mlp"]
    assert new.feed_forward.v.weight.no_decay
    assert new.bias.shard == 2
    assert not vars(new.feed_forward.w.weight)


class Remembering(Gated):
    def get_extra_state(self):
        return {"seen": 3}

    def set_extra_state(self, state):
        pass


class Counted(Gated):
    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x):
        self.calls.append(1)
        return super().forward(x) if len(self.calls) < 1000 else x


class Skipping(Gated):
    def forward(self, x):
        return x if self.training and random.random() < 1e-9 else super().forward(x)


class NumpySkipping(Gated):
    def forward(self, x):
        return x if self.training and np.random.rand() < 1e-9 else super().forward(x)  # noqa: NPY002


class Halving(Gated):
    """Keeps half the digits for the backward pass."""

    def forward(self, x):
        with torch.autograd.graph.saved_tensors_hooks(torch.Tensor.bfloat16, torch.Tensor.double):
            return super().forward(x)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Remembering, "with a state that is no tensor"),
        (Counted, "changes its own calls when it runs"),
        (Skipping, "draws random numbers of Python or numpy"),
        (NumpySkipping, "draws random numbers of Python or numpy"),
        (Halving, "gradients differ in float64"),
    ],
)
def test_what_a_run_hides(block, message):
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert_refused(model_of(Gated(), block()), message)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # noqa: NPY002


class Limited(nn.GELU):
    limit = 200.0

    def forward(self, z):
        return super().forward(z).clamp(max=self.limit)


def test_a_limit_that_only_large_values_reach(monkeypatch):
    monkeypatch.setitem(activation_names._TORCH_NAMES, Limited, "gelu")
    assert_refused(model_of(Gated(), Gated(Limited)), "outputs differ by up to .* in float64")


# Code that knows the parts of a layer, or the class of a block


class Inline(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(D, M), nn.SiLU(), nn.Linear(M, D)

    def forward(self, x, memory=None):
        if memory is not None:
            return self.other(memory)
        return x + self.fc2(self.act(self.fc1(x)))


class ByProperty(Inline):
    other = property(lambda self: self.fc2)


class ByCachedProperty(Inline):
    other = functools.cached_property(lambda self: self.fc2)


class ByStaticMethod(Inline):
    def other(self, memory):
        return self.last(self)(memory)

    last = staticmethod(lambda layer: layer.fc2)


class ByName(Inline):
    def other(self, memory):
        return getattr(self, "fc2")(memory)  # noqa: B009


class ByNames(Inline):
    def other(self, memory):
        for name in ("act", "fc2"):
            memory = getattr(self, name)(memory)
        return memory


class ByPlace(Inline):
    def other(self, memory):
        return list(self.children())[2](memory)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (ByProperty, "whose code uses fc2 in 2 places"),
        (ByCachedProperty, "whose code uses fc2 in 2 places"),
        (ByStaticMethod, "whose code uses fc2 in 2 places"),
        (ByName, "whose code uses fc2 in 2 places"),
        (ByNames, "whose code uses act in 2 places"),
        (ByPlace, "whose code looks for parts with children"),
    ],
)
def test_other_ways_to_a_part(layer, message):
    assert_refused(model_of(Gated(), layer()), message)


class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = Inline()

    def forward(self, x):
        return self.layer.act(self.layer(x))


class Asking(nn.Module):
    def __init__(self):
        super().__init__()
        self.mlp = Gated()

    def forward(self, x):
        return 2 * self.mlp(x) if isinstance(self.mlp, Gated) else self.mlp(x)


def test_code_around_a_block_that_knows_more_of_it():
    message = "whose act the code of Around uses"
    assert_refused(model_of(Gated(), Around()), message, name="layers.1.mlp.layer.fc1")
    message = "of a class that the code of Asking names"
    assert_refused(model_of(Gated(), Asking()), message, name="layers.1.mlp.mlp")


# Surroundings


@pytest.mark.parametrize(
    "context", [torch.no_grad, torch.inference_mode, lambda: torch.device("meta")]
)
def test_surroundings_make_no_difference(context):
    model = model_of(Gated(), Gated())
    expected = outputs(model, training=False)
    with context():
        assert replaced(model) == 2
    assert all(p.requires_grad and p.device.type == "cpu" for p in model.parameters())
    torch.testing.assert_close(outputs(model, training=False), expected)


def test_parameters_of_inference_mode_are_refused():
    with torch.inference_mode():
        model = model_of(Gated(), Gated())
    with pytest.raises(ValueError, match="with a weight at gate_proj that was made in inference"):
        replaced(model)
