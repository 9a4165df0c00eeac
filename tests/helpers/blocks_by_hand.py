"""Feed-forward blocks as other people write them, in models made by hand."""

import dataclasses

import pytest
import torch
from torch import nn

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.layers import replace_feedforward

D, M = 8, 12


class Gated(nn.Module):
    """As in Llama."""

    def __init__(self, activation=nn.SiLU, bias=False):
        super().__init__()
        self.gate_proj = nn.Linear(D, M, bias=bias)
        self.up_proj = nn.Linear(D, M, bias=bias)
        self.down_proj = nn.Linear(M, D, bias=bias)
        self.act_fn = activation()

    def forward(self, x):
        return self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))


class Chain(nn.Module):
    """As in GPT-2, with linear maps as in GPTBigCode."""

    def __init__(self, activation=nn.GELU, dropout=0.25):
        super().__init__()
        self.c_fc = nn.Linear(D, M)
        self.c_proj = nn.Linear(M, D)
        self.act = activation()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(self.c_proj(self.act(self.c_fc(x))))


class Model(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.embedding = nn.Embedding(5, D)
        self.layers = nn.ModuleList(nn.ModuleDict({"mlp": block}) for block in blocks)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer["mlp"](x)
        return x


def model_of(*blocks, dtype=torch.float32) -> Model:
    model = Model(*blocks).to(dtype)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return model


def to_mixture(fixed: Family, gate: str = "sigmoid") -> Family:
    form = "type1" if fixed.neuron == "type1" else "two_sided"
    dictionary = tuple(dict.fromkeys((*FULL_DICTIONARY, *fixed.dictionary)))
    return dataclasses.replace(
        fixed, kind=Kind.MOA, neuron=form, gate=GateSpec(name=gate), dictionary=dictionary
    )


def replaced(model, *, family_of=to_mixture, **options) -> int:
    return len(replace_feedforward(model, family_of=family_of, **options).replaced)


def outputs(model, training: bool) -> torch.Tensor:
    x = torch.randn(6, D, generator=torch.Generator().manual_seed(1)).to(model.embedding.weight)
    modes = {module: module.training for module in model.modules()}
    with torch.random.fork_rng([]):
        torch.random.default_generator.manual_seed(2)
        found = model.train(training)(x)
    for module, mode in modes.items():
        module.training = mode
    return found.detach()


def assert_close(found, expected):
    scale = 64 * torch.finfo(expected.dtype).eps * expected.abs().max()
    assert (found - expected).abs().max() <= scale


def state(model) -> list:
    """Everything that a refusal leaves alone."""
    modules = [(name, id(module), module.training) for name, module in model.named_modules()]
    parameters = [(n, id(p), p.requires_grad, p._version) for n, p in model.named_parameters()]
    hooks = [str(sorted(vars(module))) + str(module._forward_hooks) for module in model.modules()]
    return [modules, parameters, hooks, torch.get_rng_state().tolist()]


def assert_refused(model, message, name="layers.1.mlp", **options) -> str:
    before = state(model)
    with pytest.raises(ValueError, match=message) as caught:
        replaced(model, **options)
    assert state(model) == before
    line = str(caught.value)
    assert "\n" not in line
    assert name in line
    return line


# What is refused: first blocks that compute something else


class Renormalised(Gated):  # BitNet
    def __init__(self):
        super().__init__()
        self.ffn_sub_norm = nn.LayerNorm(M)

    def forward(self, x):
        hidden = self.act_fn(self.gate_proj(x)) * self.up_proj(x)
        return self.down_proj(self.ffn_sub_norm(hidden))


class WithExperts(Gated):  # Doge
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(D, D)

    def forward(self, x):
        return super().forward(x) + self.router(x).softmax(-1)


class Sparse(Gated):  # Gemma3n
    def forward(self, x):
        z = self.gate_proj(x)
        cut = z.mean(-1, keepdim=True) + z.std(-1, keepdim=True)
        return self.down_proj(self.act_fn(nn.functional.relu(z - cut)) * self.up_proj(x))


class InnerDropout(Gated):  # T5Gemma, Gte
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.down_proj(self.dropout(self.act_fn(self.gate_proj(x)) * self.up_proj(x)))


class LateDropout(Gated):  # SeedOSS
    def forward(self, x):
        return nn.functional.dropout(super().forward(x), p=0.1, training=self.training)


class DropoutInTraining(Gated):
    def forward(self, x):
        return (
            nn.functional.dropout(super().forward(x), p=0.1)
            if self.training
            else super().forward(x)
        )


class Swapped(Gated):
    def forward(self, x):
        return self.down_proj(self.gate_proj(x) * self.act_fn(self.up_proj(x)))


class Experts(nn.Module):  # as in Qwen2-MoE and DeepSeek-V3: one tensor for all
    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.zeros(3, D, 2 * M))
        self.down_proj = nn.Parameter(torch.zeros(3, M, D))
