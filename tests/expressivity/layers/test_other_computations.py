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
    InnerDropout,
    LateDropout,
    Renormalised,
    Sparse,
    Swapped,
    WithExperts,
    assert_refused,
    model_of,
)
from torch import nn


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


class OtherDropout(Chain):  # a child of another kind under the name
    def __init__(self):
        super().__init__()
        self.dropout = nn.AlphaDropout(0.1)


class LateActivation(Chain):  # Starcoder2 is like this with functional dropout
    def forward(self, x):
        return self.dropout(self.act(self.c_proj(self.c_fc(x))))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Renormalised, "also holds ffn_sub_norm"),
        (WithExperts, "also holds router"),
        (Sparse, r"computes down_proj\(act_fn\(torch.nn.functional.relu"),
        (Clipped, r"computes .*clamp\(max=10000.0\)"),
        (Scaled, "also holds global_scale"),
        (InnerDropout, "also holds dropout"),
        (LateDropout, r"computes torch.nn.functional.dropout\(down_proj"),
        (DropoutInTraining, r"computes torch.nn.functional.dropout\(down_proj"),
        (Branching, r"computes what cannot be traced \(TraceError\)"),
        (Conditioned, "computes input scale"),
        (MoreInputs, "computes input signal"),
        (Detached, r"computes .*detach\(\)"),
        (WithoutGradient, "no gradient reaches gate_proj.weight"),
        (Idle, "also holds adapter"),
        (Counting, "also holds calls"),
        (Measured, r"computes gate_proj\(x\).abs\(\); down_proj"),
        (Swapped, r"computes down_proj\(gate_proj\(x\) \* act_fn\(up_proj"),
        (OtherDropout, "whose dropout is AlphaDropout"),
        (LateActivation, r"computes dropout\(act\("),
    ],
)
def test_other_computations_are_refused(block, message):
    model = model_of(Gated(), block(), Gated())
    line = assert_refused(model, message)
    assert f"got layers.1.mlp ({block.__name__})" in line
    assert "leave=('layers.1.mlp',)" in line


class LyingGELU(nn.GELU):
    pass


def lying() -> nn.Module:
    activation = nn.GELU()
    activation.approximate = "tanh"
    return activation


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("activation", [lying, lambda: nn.LeakyReLU(0.011)])
def test_functions_that_are_merely_similar_are_refused(activation, dtype):
    model = model_of(Gated(), Gated(activation), dtype=dtype)
    assert_refused(model, "is not one_sided .* as its parts say: outputs differ by up to")


def test_unknown_activations_are_refused():
    for activation in (nn.Softplus, LyingGELU, nn.Hardtanh, lambda: nn.PReLU(3)):
        assert_refused(model_of(Gated(), Gated(activation)), "required: one of the activations")
