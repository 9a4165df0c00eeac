"""Experts packed into two tensors, unpacked and replaced.

Kinds: property (models keep their function, experts that no token chooses included), negative
(packed modules that compute something else; a refused model is as it was).
"""

import copy

import pytest
import torch
from blocks_by_hand import D, M, replaced, to_mixture
from torch import nn

from expressivity.layers import rebuild, replace_feedforward
from expressivity.layers.blocks import Block, UnreadableError
from expressivity.layers.experts import Experts, unpack

torch.set_num_threads(1)


class Packed(nn.Module):
    """As in Mixtral and Qwen-MoE."""

    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(3, 2 * M, D))
        self.down_proj = nn.Parameter(torch.empty(3, D, M))
        self.act_fn = nn.SiLU()

    def value(self, x, up, down):
        w, v = nn.functional.linear(x, up).chunk(2, -1)
        return nn.functional.linear(self.act_fn(w) * v, down)

    def forward(self, x, index, weights):
        y = torch.zeros_like(x)
        for number, (up, down) in enumerate(zip(self.gate_up_proj, self.down_proj, strict=True)):
            token, place = torch.where(index == number)
            y.index_add_(0, token, self.value(x[token], up, down) * weights[token, place, None])
        return y


class Clamped(Packed):
    def value(self, x, up, down):
        return super().value(x, up, down).clamp(-7, 7)


class FarClamped(Packed):
    def value(self, x, up, down):
        return super().value(x, up, down).clamp(-1e5, 1e5)


class Interleaved(Packed):
    def value(self, x, up, down):
        z = nn.functional.linear(x, up)
        return nn.functional.linear(self.act_fn(z[..., ::2]) * z[..., 1::2], down)


class Swapped(Packed):
    def value(self, x, up, down):
        v, w = nn.functional.linear(x, up).chunk(2, -1)
        return nn.functional.linear(self.act_fn(w) * v, down)


class OneLess(Packed):
    """The last expert does something else."""

    def forward(self, x, index, weights):
        return super().forward(x, index, weights * (1 + 1e-3 * (index == 2)))


class InTraining(Packed):
    def value(self, x, up, down):
        return super().value(x, up, down) * (2 if self.training else 1)


class Detached(Packed):
    def value(self, x, up, down):
        return super().value(x, up, down).detach()


class Routed(nn.Module):
    def __init__(self, experts):
        super().__init__()
        self.router = nn.Linear(D, 3)
        self.experts = experts

    def forward(self, x):
        weights, index = self.router(x).softmax(-1).topk(2)
        return x + self.experts(x, index, weights)


def model_of(*experts, dtype=torch.float32):
    model = nn.Sequential(*map(Routed, experts)).to(dtype)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))
    return model


X = torch.randn(9, D, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_experts_are_replaced_one_by_one(dtype):
    model = model_of(Packed(), Packed(), dtype=dtype)
    model[1].requires_grad_(False)
    before = model(X.to(dtype))
    report = replace_feedforward(model, family_of=to_mixture)
    assert report.unpacked == ("0.experts", "1.experts")
    assert [block.names[0] for block in report.replaced][:4] == [
        "0.experts.0", "0.experts.1", "0.experts.2", "1.experts.0",
    ]  # fmt: skip
    limit = {torch.float32: 1e-5, torch.bfloat16: 0.05}[dtype] * before.abs().max()
    assert (model(X.to(dtype)) - before).abs().max() <= limit
    assert all(isinstance(block, Block) for block in model[0].experts)
    assert {p.requires_grad for p in model[1].parameters()} == {False}
    assert all(p.requires_grad for p in model[0].parameters())
    model(X.to(dtype)).sum().backward()
    other = model_of(Packed(), Packed(), dtype=dtype)
    rebuild(other, report.json())
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(X.to(dtype)), model(X.to(dtype)))


def test_tokens_of_no_expert():
    module = model_of(Packed())[0].experts
    listed = unpack(module)
    assert isinstance(listed, Experts)
    index = torch.tensor([[0, 3], [3, 3]])  # 3: an expert that another process has
    weights = torch.rand(2, 2)
    expected = module(X[:2], index, weights)
    torch.testing.assert_close(listed(X[:2], index, weights), expected)
    assert listed[1].w.weight.data_ptr() == module.gate_up_proj[1].data_ptr()


def test_copies_have_numbers_of_their_own_alone():
    listed = unpack(model_of(Packed())[0].experts)
    found = copy.deepcopy(listed[1]).a.weight
    assert torch.equal(found, listed[1].a.weight) and found.requires_grad
    assert found.untyped_storage().nbytes() == 4 * D * M
    assert listed[1].a.weight.untyped_storage().nbytes() == 3 * 4 * D * M


@pytest.mark.parametrize(
    "kind", [Clamped, FarClamped, Interleaved, Swapped, OneLess, InTraining, Detached]
)
def test_packed_modules_that_compute_something_else(kind):
    model = model_of(Packed(), kind())
    modules, before = list(model.modules()), model(X)
    with pytest.raises(ValueError, match=r"got 1.experts .* that is no list of its experts") as c:
        replaced(model)
    assert "\n" not in str(c.value)
    assert all(a is b for a, b in zip(modules, model.modules(), strict=True))
    assert torch.equal(model(X), before)


def test_packed_modules_with_more_than_numbers_show():
    for change, message in (
        (lambda m: m.register_forward_hook(lambda *_: None), "with hooks"),
        (lambda m: m.down_proj.requires_grad_(False), "two tensors differ"),
        (lambda m: setattr(m, "forward", m.forward), "forward was exchanged"),
    ):
        model = model_of(Packed())
        change(model[0].experts)
        with pytest.raises(ValueError, match=message):
            replaced(model)
        assert type(model[0].experts) is Packed


def test_a_later_refusal_packs_the_experts_again():
    model = model_of(Packed())
    model[0].experts.act_fn = nn.Softplus()
    modules = list(model.modules())
    with pytest.raises(ValueError, match=r"got Softplus in 0\.experts\.0"):
        replaced(model)
    assert all(a is b for a, b in zip(modules, model.modules(), strict=True))


def test_packed_experts_that_stand_twice_and_those_that_are_left():
    shared = Packed()
    model = model_of(shared, shared)
    before = model(X)
    assert replaced(model) == 3
    assert model[0].experts is model[1].experts
    torch.testing.assert_close(model(X), before, rtol=0, atol=1e-5)
    model = model_of(Packed(), Packed())
    assert replaced(model, leave=("0.experts",)) == 3
    assert type(model[0].experts) is Packed


def test_other_modules_are_not_unpacked():
    assert unpack(nn.Linear(2, 2)) is None
    transposed = Packed()
    transposed.gate_up_proj = nn.Parameter(torch.zeros(3, D, 2 * M))
    assert unpack(transposed) is None
    alone = type("Alone", (Packed,), {"forward": lambda self, x: x})()
    with pytest.raises(UnreadableError, match="not called with tokens"):
        unpack(alone)


def test_a_document_that_unpacks_nothing():
    model, other = model_of(Packed()), nn.Sequential(Routed(nn.Linear(D, D)))
    report = replace_feedforward(model, family_of=to_mixture)
    with pytest.raises(ValueError, match="TypeError: Linear packs no experts"):
        rebuild(other, report.json())
    fresh = model_of(Packed())
    modules = list(fresh.modules())
    damaged = {**report.json(), "blocks": [{**report.json()["blocks"][0], "places": ["7"]}]}
    with pytest.raises(ValueError, match="damaged"):
        rebuild(fresh, damaged)
    assert all(a is b for a, b in zip(modules, fresh.modules(), strict=True))
