"""Blocks that compute something else than a feed-forward block.

Kinds: negative (every block whose function would change refuses the whole conversion).
"""

import pytest
import torch
from blocks_by_hand import (
    Chain,
    D,
    DropoutInTraining,
    Gated,
    M,
    Renormalised,
    Sparse,
    WithExperts,
    assert_close,
    assert_refused,
    model_of,
    outputs,
    replaced,
)
from torch import nn

from expressivity.layers import activation_names


class Clipped(Gated):  # DeepSeek V4: the limit is beyond what random numbers reach
    def forward(self, x):
        gate, up = self.gate_proj(x).clamp(max=1e4), self.up_proj(x).clamp(-1e4, 1e4)
        return self.down_proj(self.act_fn(gate) * up)


class Scaled(Gated):  # Inkling, Falcon-H1
    def __init__(self):
        super().__init__()
        self.global_scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return super().forward(x) * self.global_scale


class Branching(Gated):
    def forward(self, x):
        return super().forward(x) if x.sum() < 1e6 else x


class Conditioned(Gated):
    def forward(self, x, scale=1.0):
        return super().forward(x) * scale


class MoreInputs(Gated):
    def forward(self, x, signal=None):
        return super().forward(x)


class Detached(Gated):
    def forward(self, x):
        return self.down_proj(self.act_fn(self.gate_proj(x)).detach() * self.up_proj(x))


class WithoutGradient(Gated):
    def forward(self, x):
        with torch.no_grad():
            gate = self.act_fn(self.gate_proj(x))
        return self.down_proj(gate * self.up_proj(x))


class Idle(Gated):
    def __init__(self):
        super().__init__()
        self.adapter = nn.Linear(D, D)


class Counting(Gated):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))


class Measured(Gated):
    def forward(self, x):
        self.gate_proj(x).abs()
        return super().forward(x)


class OtherTypes(Gated):  # symbolic values are no tensors
    def forward(self, x):
        return super().forward(x.clamp(-9, 9) if isinstance(x, torch.Tensor) else x)


class LongInputs(Gated):
    def forward(self, x):
        return super().forward(x) if len(x) < 100 else x


class UnderAutocast(Gated):
    def forward(self, x):
        return super().forward(x) * (2 if torch.is_autocast_enabled("cpu") else 1.0)


class WithoutAutocast(Gated):
    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            return super().forward(x)


class Half(Gated):
    def forward(self, x):
        return super().forward(x) if x.dtype is not torch.float16 else x


class Inference(Gated):
    def forward(self, x):
        return super().forward(x) if torch.is_grad_enabled() else self.down_proj(x[..., :1]) * 0


class Wearing(Gated):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) if self.calls < 100 else x


class InPlace(Gated):
    def forward(self, x):
        gate = self.act_fn(self.gate_proj(x))
        gate.view(-1).mul_(1.1)
        return self.down_proj(gate * self.up_proj(x))


class OneMapTwice(Gated):
    def __init__(self):
        super().__init__()
        self.up_proj = self.gate_proj


class OneHalfTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.wi, self.wo, self.act = nn.Linear(D, 2 * M), nn.Linear(M, D), nn.SiLU()

    def forward(self, x):
        gate, _ = self.wi(x).chunk(2, dim=-1)
        return self.wo(self.act(gate) * gate)


class LateActivation(Chain):
    def forward(self, x):
        return self.dropout(self.act(self.c_proj(self.c_fc(x))))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Renormalised, r"computes down_proj\(ffn_sub_norm"),
        (WithExperts, r"computes add\(down_proj\(.*, softmax\(router"),
        (Sparse, r"computes down_proj\(\(act_fn\(relu\(sub"),
        (Clipped, r"computes .*clamp\(gate_proj\(x\), max=10000.0\)"),
        (Scaled, r"computes .* \* self.global_scale\)"),
        (DropoutInTraining, "another function in training than in evaluation"),
        (Branching, r"computes __bool__\(lt\(sum\(x\), 1000000.0\)\)"),
        (Conditioned, r"computes .* \* 1.0\)"),
        (MoreInputs, "has the further input signal"),
        (Detached, r"computes .*detach\(act_fn"),
        (WithoutGradient, r"computes _set_grad_enabled\(False\)"),
        (Idle, "also holds adapter.weight"),
        (Counting, "also holds calls"),
        (Measured, r"computes abs\(gate_proj\(x\)\); down_proj"),
        (OtherTypes, r"computes .*gate_proj\(clamp\(x, -9, 9\)\)"),
        (LongInputs, r"computes __len__\(x\); down_proj"),
        (UnderAutocast, r"computes \(down_proj"),
        (WithoutAutocast, "outputs have dtype torch.bfloat16 for torch.float32 under autocast"),
        (Half, "cannot be run alone|computes something else in torch.float16"),
        (Inference, r"depends on torch.is_grad_enabled \(in forward\)"),
        (Wearing, "changes its own calls when it runs"),
        (InPlace, r"computes mul_\(view"),
        (OneMapTwice, "computes down_proj"),
        (OneHalfTwice, "computes wo"),
        (LateActivation, r"computes dropout\(act\("),
    ],
)
def test_other_computations_are_refused(block, message):
    model = model_of(Gated(), block(), Gated())
    line = assert_refused(model, message)
    assert f"got layers.1.mlp ({block.__name__})" in line
    assert "leave=('layers.1.mlp',)" in line


class Inline(nn.Module):  # as in BART: the block's parts stand in the layer
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D)
        self.fc1, self.fc2 = nn.Linear(D, M), nn.Linear(M, D)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.norm(x + self.fc2(self.act(self.fc1(x))))


class OtherBranch(Inline):
    def forward(self, x, memory=None):
        return super().forward(x) if memory is None else self.fc1(memory)


class TwiceUsed(Inline):
    def forward(self, x):
        z = self.fc1(x)
        return self.fc2(self.act(z)) + z.mean(-1, keepdim=True)


class SharedActivation(Inline):
    def forward(self, x):
        return self.norm(self.act(x) + self.fc2(self.act(self.fc1(x))))


class InnerFunction(Inline):
    def forward(self, x):
        h = nn.functional.dropout(self.act(self.fc1(x)), p=0.1, training=self.training)
        return self.norm(x + self.fc2(h))


class InnerNorm(Inline):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(M)

    def forward(self, x):
        return x + self.fc2(self.norm(self.act(self.fc1(x))))


class Looking(Inline):
    def forward(self, x):
        return super().forward(x) * self.fc2.weight.shape[0]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (OtherBranch, "whose code uses fc1 in 2 places"),
        (TwiceUsed, "computes add"),
        (SharedActivation, "computes norm"),
        (InnerFunction, "block of fc1 and fc2 in its own forward, with functions"),
        (InnerNorm, r"computes add\(x, fc2\(norm\("),
        (Looking, "whose code uses fc2 in 2 places"),
    ],
)
def test_layers_that_do_more_with_the_parts(block, message):
    assert_refused(model_of(Inline(), block()), message)


def test_layers_with_a_block_inside_are_kept():
    model = model_of(Inline(), Gated(), Inline())
    expected = [outputs(model, training) for training in (True, False)]
    assert replaced(model) == 3
    for training, values in zip((True, False), expected, strict=True):
        assert_close(outputs(model, training), values)
    assert isinstance(model.layers[0]["mlp"].norm, nn.LayerNorm)


class LyingGELU(nn.GELU):
    pass


class Lying(nn.Module):
    """A GELU by its name in transformers, and nearly one by its numbers."""

    def forward(self, z):
        return nn.functional.gelu(z, approximate="tanh")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("activation", [Lying, lambda: nn.LeakyReLU(0.011)])
def test_functions_that_are_merely_similar_are_refused(activation, dtype, monkeypatch):
    monkeypatch.setitem(activation_names._TORCH_NAMES, Lying, "gelu")
    model = model_of(Gated(), Gated(activation), dtype=dtype)
    assert_refused(model, "is not one_sided .* as its parts say: outputs differ by up to")


def test_unknown_activations_are_refused():
    for activation in (nn.Softplus, LyingGELU, nn.Hardtanh, nn.PReLU):
        assert_refused(model_of(Gated(), Gated(activation)), "required: one of the activations")
