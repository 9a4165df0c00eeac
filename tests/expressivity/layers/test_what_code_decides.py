"""Blocks of which one run shows one way of several: by flags, clocks, counters, names.

Kinds: negative (each conversion would change what a model computes elsewhere, in silence),
property (what is no such block stays allowed).
"""

import collections
import functools
import gc
import itertools
import os
import random
import time
import types
import weakref

import pytest
import torch
from blocks_by_hand import D, Gated, M, assert_close, assert_refused, model_of, replaced
from blocks_by_hand import outputs as computed
from torch import nn
from torch.nn import functional as F

from expressivity.layers import replace_feedforward

torch.set_num_threads(1)

# Code that depends on what is no part of its block

SWITCH, HELD = False, []
SETTINGS = types.SimpleNamespace(on=False)
WIDTH = M


def if_set(y):
    return 2 * y if SETTINGS.on else y


class Switched(Gated):
    def forward(self, x):
        return x if SWITCH else super().forward(x)


class Helped(Gated):
    def forward(self, x):
        return if_set(super().forward(x))


class Environed(Gated):
    def forward(self, x):
        return x if os.environ.get("NO_FEED_FORWARD") else super().forward(x)


class Late(Gated):
    def forward(self, x):
        return x if time.time() > 1e12 else super().forward(x)


class Iterating(Gated):
    def __init__(self):
        super().__init__()
        self.steps = itertools.count()

    def forward(self, x):
        return x if next(self.steps) > 1000 else super().forward(x)


class Handing(Gated):
    def forward(self, x):
        HELD.append(x)
        return super().forward(x)


class Compiling(Gated):
    def forward(self, x):
        return x if torch.compiler.is_compiling() else super().forward(x)


class InferenceMode(Gated):
    def forward(self, x):
        return x if torch.is_inference_mode_enabled() else super().forward(x)


class Unseen(Gated):
    def forward(self, x):
        with torch._C.DisableTorchFunction():
            x.clamp_(max=1e9)
        return super().forward(x)


class Importing(Gated):
    def forward(self, x):
        import sys

        return x if sys.flags.optimize else super().forward(x)


class CountedByClass(Gated):
    calls = 0

    def forward(self, x):
        type(self).calls += 1
        return x if type(self).calls > 1000 else super().forward(x)


class CountedByObject(Gated):
    def __init__(self):
        super().__init__()
        self.seen = types.SimpleNamespace(calls=0)

    def forward(self, x):
        self.seen.calls += 1
        return super().forward(x)


class Drawing(Gated):
    def __init__(self):
        super().__init__()
        self.numbers = random.Random(0)

    def forward(self, x):
        return x if self.numbers.random() < 1e-9 else super().forward(x)


class Starred(Gated):
    def forward(self, *given):
        return super().forward(given[0])


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Switched, r"depends on SWITCH \(in forward\), which is no part of it"),
        (Helped, r"depends on SETTINGS \(in if_set\)"),
        (Environed, "depends on os.environ"),
        (Late, "depends on time.time"),
        (Iterating, "depends on next"),
        (Handing, "depends on HELD"),
        (Compiling, "depends on torch.compiler.is_compiling"),
        (InferenceMode, "depends on torch.is_inference_mode_enabled"),
        (Unseen, "depends on torch._C.DisableTorchFunction"),
        (Importing, "depends on sys"),
        (CountedByClass, "changes its own calls when it runs"),
        (CountedByObject, "changes its own seen when it runs"),
        (Drawing, "changes its own numbers when it runs"),
        (Starred, "has the further input given"),
    ],
)
def test_code_that_depends_on_something_else(block, message):
    assert_refused(model_of(Gated(), block()), message)


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.both, self.last = nn.Linear(D, 2 * M), nn.Linear(M, D)

    def forward(self, x):
        gate, up = self.both(x).split(WIDTH, -1)
        return self.last(F.silu(gate) * up)


def test_constants_of_a_formula_are_no_obstacle():
    model = model_of(Gated(), Constant())
    expected = computed(model, False)
    assert replaced(model) == 2
    assert_close(computed(model, False), expected)


# Names that anybody may give


class swish(nn.Module):  # noqa: N801
    def forward(self, z):
        return F.silu(z) if z.shape[-2] < 100 else z


def silu(z):
    if torch.overrides.has_torch_function((z,)):
        return torch.overrides.handle_torch_function(silu, (z,), z)
    return F.silu(z) if len(z) < 100 else z


class Named(Gated):
    def forward(self, x):
        return self.down_proj(silu(self.gate_proj(x)) * self.up_proj(x))


def test_names_of_activations_are_not_believed():
    message = "one of the activations .*; got swish in layers.1.mlp"
    assert_refused(model_of(Gated(), Gated(swish)), message)
    message = rf"computes down_proj\(\({__name__}.silu\("
    assert_refused(model_of(Gated(), Named()), message)


# Whoever has the block


class Runner:
    def __init__(self, block):
        self.block = block


class Keeping(nn.Module):
    def __init__(self, keep):
        super().__init__()
        self.mlp = Gated()
        self.kept = keep(self.mlp)

    def forward(self, x):
        return x + self.mlp(x)


@pytest.mark.parametrize(
    "keep",
    [
        Runner,
        lambda block: collections.deque([block]),
        lambda block: itertools.cycle([block]),
        lambda block: types.SimpleNamespace(inner={"run": functools.partial(Runner, block)}),
        lambda block: torch.optim.SGD(block.parameters()),
        weakref.ref,
    ],
)
def test_objects_that_hold_a_block(keep):
    model = model_of(nn.Identity(), Keeping(keep))
    assert_refused(model, "that layers.1.mlp.kept holds beside it", name="layers.1.mlp.mlp")


class OfClass(Keeping):
    blocks = ()


class OfFile(Keeping):
    def forward(self, x):
        return x + HELD[0](x)


def test_classes_and_files_that_hold_a_block():
    model = model_of(nn.Identity(), OfClass(lambda block: None))
    OfClass.blocks = (model.layers[1]["mlp"].mlp,)
    assert_refused(model, "that layers.1.mlp.blocks holds beside it", name="mlp.mlp")
    model = model_of(nn.Identity(), OfFile(lambda block: None))
    HELD[:] = [model.layers[1]["mlp"].mlp]
    assert_refused(model, "that layers.1.mlp.forward holds beside it", name="mlp.mlp")
    HELD.clear()


@pytest.mark.parametrize("registered", [True, False])
def test_tensors_that_share_numbers(registered):
    model = model_of(Gated(), Gated())
    numbers = model.layers[1]["mlp"].up_proj.weight.data[2:]
    if registered:
        model.register_buffer("table", numbers)
    else:
        model.table = [numbers]
    assert_refused(model, "whose parameters have other places too")


# Classes and code around


class Copied(Gated):
    def __deepcopy__(self, memo):
        return self


class Saved(Gated):
    def state_dict(self, *arguments, **options):
        return super().state_dict(*arguments, **options)


class Frozen(Gated):
    def _apply(self, fn, recurse=True):
        return self


@pytest.mark.parametrize("block", [Copied, Saved, Frozen])
def test_classes_with_ways_of_their_own(block):
    message = "whose class defines (__deepcopy__|state_dict|_apply) anew"
    assert_refused(model_of(Gated(), nn.ModuleDict({"inner": block()})), message, name="inner")


class Scaled(Gated):
    multiplier = 0.5


class Scaling(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Scaled()

    def forward(self, x):
        return self.inner(x) * getattr(self.inner, "multiplier", 1.0)


class Weighing(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Scaled()

    def forward(self, x):
        return self.inner(x) / self.inner.up_proj.weight.norm()


def test_code_around_that_asks_for_attributes():
    for owner, name in ((Scaling, "multiplier"), (Weighing, "up_proj")):
        message = f"whose {name} the code of {owner.__name__} uses"
        assert_refused(model_of(Gated(), owner()), message, name="layers.1.mlp.inner")


def test_hooks_of_all_modules():
    handle = nn.modules.module.register_module_forward_hook(lambda *arguments: None)
    try:
        assert_refused(model_of(Gated(), Gated()), r"with hooks .*global_forward_hooks", "layers")
    finally:
        handle.remove()


# Packed experts


class Limited(nn.Module):
    """Takes no more than its share of tokens for each expert."""

    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.randn(4, 2 * M, D))
        self.down_proj = nn.Parameter(torch.randn(4, D, M))
        self.act_fn = nn.SiLU()

    def forward(self, x, index, weights):
        y = torch.zeros_like(x)
        for number in range(4):
            token, place = (t[: index.numel() // 3] for t in torch.where(index == number))
            gate, up = F.linear(x[token], self.gate_up_proj[number]).chunk(2, -1)
            value = F.linear(self.act_fn(gate) * up, self.down_proj[number])
            y.index_add_(0, token, value * weights[token, place, None])
        return y


def test_a_capacity_of_packed_experts():
    torch.manual_seed(0)
    model = nn.ModuleDict({"experts": Limited()})
    with pytest.raises(ValueError, match=r"experts .Limited. that is no list of its experts"):
        replace_feedforward(model, family_of=lambda fixed: fixed)


def test_what_runs_when_garbage_is_collected_is_not_the_block_s():
    def collected(_phase, _info):
        return SWITCH and SETTINGS.on and time.time()

    before = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1)
    try:
        replaced(model_of(Gated()))
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)
    assert gc.isenabled()
