"""Feed-forward blocks of other people's models, replaced: with small modules made by hand.

Kinds: property (the function, modes, ties and what is trained are kept; nothing else changes),
negative (blocks of other kinds are not left in silence).
"""

import dataclasses

import pytest
import torch
from blocks_by_hand import (
    Chain,
    D,
    Experts,
    Gated,
    InnerDropout,
    LateDropout,
    M,
    Renormalised,
    Swapped,
    assert_close,
    assert_refused,
    model_of,
    outputs,
    replaced,
    state,
    to_mixture,
)
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.layers import convert, replace_feedforward

SILU = Family(kind="fixed", neuron="type1", width=8, dimension=4, outputs=4, dictionary=("silu",))

# What is kept


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("gate", [None, *GATES])
def test_the_function_is_kept_in_both_modes(dtype, gate):
    relu = lambda: nn.LeakyReLU(0.01)  # noqa: E731
    blocks = [Gated(), Gated(nn.GELU, bias=True), Chain(), Chain(relu, dropout=0.0)]
    model = model_of(*blocks, dtype=dtype)
    before = state(model)[3], [outputs(model, training) for training in (True, False)]
    family_of = (lambda fixed: fixed) if gate is None else lambda fixed: to_mixture(fixed, gate)
    assert replaced(model, family_of=family_of) == 4
    assert torch.get_rng_state().tolist() == before[0]
    for training, expected in zip((True, False), before[1], strict=True):
        assert_close(outputs(model, training), expected)


def test_modes_and_what_is_trained_are_kept():
    model = model_of(Gated(bias=True), Gated(), Chain()).eval()
    frozen, mixed, chain = (layer["mlp"] for layer in model.layers)
    frozen.requires_grad_(False)
    mixed.up_proj.requires_grad_(False)
    mixed.train()
    chain.dropout.train()
    chain.c_proj.bias.requires_grad_(False)
    replaced(model)
    first, second, third = (layer["mlp"] for layer in model.layers)
    assert not any(p.requires_grad for p in first.parameters())
    assert {n for n, p in second.named_parameters() if not p.requires_grad} == {
        "feed_forward.v.weight"
    }
    assert {n for n, p in third.named_parameters() if not p.requires_grad} == {"bias"}
    modes = [{m.training for m in block.modules()} for block in (first, second, third.feed_forward)]
    assert modes == [{False}, {True}, {False}]
    assert third.dropout.training
    assert not third.training


def test_the_activation_is_read_from_the_block():
    model = model_of(Gated(), Gated())
    model.layers[1]["mlp"].act_fn = nn.ReLU()
    expected = outputs(model, False)
    replaced(model, family_of=lambda fixed: fixed)
    names = [layer["mlp"].feed_forward.family.dictionary for layer in model.layers]
    assert names == [("silu",), ("relu",)]
    assert_close(outputs(model, False), expected)


class AlphaChain(Chain):
    def __init__(self):
        super().__init__()
        self.dropout = nn.AlphaDropout(0.1)


class Doubled(Chain):
    def forward(self, x):
        return 2 * super().forward(x).clamp(-1, 1)


class Norms(Chain):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x):
        return self.after(super().forward(self.before(x)) + x)


class Fused(nn.Module):
    """As in Phi3; its activation is a function."""

    def __init__(self):
        super().__init__()
        self.both = nn.Linear(D, 2 * M)
        self.last = nn.Linear(M, D)

    def forward(self, x):
        up, gate = self.both(x).chunk(2, dim=-1)
        return self.last(nn.functional.silu(gate) * up)


class Split(Fused):
    def forward(self, x):
        gate, up = self.both(x).split(M, -1)
        return self.last(nn.functional.gelu(gate, approximate="tanh") * up)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "block", [Split, Swapped, InnerDropout, LateDropout, AlphaChain, Doubled, Norms, Fused]
)
def test_what_stands_around_the_maps_is_kept(block, dtype):
    model = model_of(Gated(), block(), dtype=dtype)
    expected = [outputs(model, training) for training in (True, False)]
    assert replaced(model) == 2
    for training, values in zip((True, False), expected, strict=True):
        assert_close(outputs(model, training), values)


def test_biased_blocks_have_the_dtype_of_autocast():
    model = model_of(Chain(), Gated(bias=True))
    replaced(model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for layer in model.layers:
            assert layer["mlp"](torch.ones(2, D)).dtype is torch.bfloat16


def test_a_block_in_two_places_stays_one():
    block = Gated()
    model = model_of(block, Gated(), block)
    model.layers.append(model.layers[1])
    expected = outputs(model, False)
    assert replaced(model) == 2
    new = [layer["mlp"] for layer in model.layers]
    assert new[0] is new[2] is not new[1]
    assert new[3] is new[1]
    assert_close(outputs(model, False), expected)


def test_blocks_that_compute_in_float32():
    class Wide(Gated):
        def forward(self, x):
            gate, up = self.gate_proj(x), self.up_proj(x)
            return self.down_proj((self.act_fn(gate.float()) * up.float()).to(gate.dtype))

    for dtype in (torch.float32, torch.bfloat16):
        assert replaced(model_of(Wide(), dtype=dtype)) == 1
    assert_refused(model_of(Gated(), Wide(), dtype=torch.float64), "outputs differ")


def test_left_by_name():
    model = model_of(Gated(), Renormalised(), Gated())
    model.layers[0]["experts"] = Experts()
    left = [model.layers[1]["mlp"], model.layers[0]["experts"]]
    expected = outputs(model, False)
    assert replaced(model, leave=("layers.1.*", "*.experts")) == 2
    assert [model.layers[1]["mlp"], model.layers[0]["experts"]] == left
    assert_close(outputs(model, False), expected)
    assert replaced(model_of(Gated(), Gated()), leave=("*.1.mlp",)) == 1


def test_the_rest_can_be_replaced_later():
    model = model_of(Gated(), Gated())
    assert replaced(model, leave=("*.1.mlp",)) == 1
    assert replaced(model, family_of=lambda fixed: fixed) == 1


def test_substitutes_are_named():
    class Softened(nn.Module):
        def forward(self, z):
            return nn.functional.softplus(z)

    model = model_of(Gated(Softened))
    expected = outputs(model, False)
    assert_refused(model, "got Softened in layers.0.mlp", name="layers.0")
    for unknown in ("None", "silo"):
        message = "required: substitutes for activations of the model"
        assert_refused(model, message, name=repr(unknown), substitute={unknown: "relu"})
    assert_refused(
        model, "unknown activation", name="softness", substitute={"Softened": "softness"}
    )
    assert replaced(model, substitute={"Softened": "relu", "gelu": "relu"}) == 1
    difference = (outputs(model, False) - expected).abs().max()
    assert difference > 0.1


class Plain(nn.Module):  # as in BART
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, M)
        self.fc2 = nn.Linear(M, D)


class VisionMLPBlock(nn.Module):  # by its name alone
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(D, M)
        self.second = nn.Linear(M, D)


@pytest.mark.parametrize("other", [Experts, Plain, VisionMLPBlock])
def test_blocks_of_other_kinds_are_not_left_in_silence(other):
    model = model_of(Gated(), Gated())
    for layer in model.layers:
        layer["moe"] = nn.ModuleDict({"others": other(), "shared": Gated()})
    line = assert_refused(model, "others that would be left", name="layers.1.moe.others")
    assert "layers.0.moe.others, layers.1.moe.others: to accept this" in line
    assert_refused(model, "layers.1.moe.others: to", "layers.1", leave=("layers.0.moe.others",))
    assert replaced(model, leave=("*.others",)) == 4


def test_a_name_to_leave_must_exist():
    assert_refused(model_of(Gated()), "names of modules to leave", "'experts'", leave=("experts",))
    assert_refused(model_of(Gated()), "Model with none", "", leave=("*.mlp",))
    assert_refused(model_of(Gated()), "names of modules to select", "'9'", only=("9",))
    assert_refused(model_of(Gated()), "a list of names", "'layers'", only="layers")


def test_only_some_blocks_and_a_report_of_all():
    model = model_of(Gated(), Renormalised(), Chain(), Gated())
    expected = outputs(model, False)
    report = replace_feedforward(
        model, family_of=to_mixture, only=("layers.[023].*",), leave=("layers.3.mlp",)
    )
    assert [block.names for block in report.replaced] == [("layers.0.mlp",), ("layers.2.mlp",)]
    assert [str(block.before.kind) for block in report.replaced] == ["fixed", "fixed"]
    assert [block.after.neuron for block in report.replaced] == ["two_sided", "type1"]
    assert report.kept == {"layers.1.mlp": "not in only", "layers.3.mlp": "named by leave"}
    assert_close(outputs(model, False), expected)
    report = replace_feedforward(model, family_of=to_mixture, leave=("layers.1.*",))
    assert [block.names for block in report.replaced] == [("layers.3.mlp",)]
    assert report.skipped == dict.fromkeys(
        ("layers.0.mlp", "layers.2.mlp"), "a layer of ours already"
    )
    assert len(str(report).splitlines()) == 4


def test_adapters_are_named():
    assert_refused(model_of(Gated()), "unknown layer adapter", "'blok'", adapters=("blok",))
    assert_refused(model_of(Gated()), "a list of names", "'block'", adapters="block")
    assert_refused(model_of(Gated()), "others", "layers.0.mlp", adapters=("layer",))
    assert replaced(model_of(Gated()), adapters=("block",)) == 1


def test_a_family_that_does_not_hold_the_function():
    model = model_of(Gated(bias=True))
    assert_refused(
        model, "bias", "", family_of=lambda fixed: dataclasses.replace(fixed, bias=False)
    )


def chain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))


def learned(fixed):
    return dataclasses.replace(fixed, kind="la")


def test_chains_inside_chains():
    """``nn.Sequential`` names its own class where two are added, and never looks for parts."""
    model = nn.Sequential(nn.Sequential(nn.LayerNorm(4), chain()), chain())
    x = torch.randn(5, 4)
    before = model(x)
    report = replace_feedforward(model, family_of=learned)
    assert [block.names for block in report.replaced] == [("0.1",), ("1",)]
    torch.testing.assert_close(model(x), before)


@pytest.mark.parametrize(
    ("model", "family_of", "message"),
    [
        (chain, learned, "got Sequential with none inside: put a FeedForward"),
        (lambda: nn.ModuleDict({"b": chain()}), "la", "family_of as a function .* got 'la'"),
        (lambda: nn.ModuleDict({"b": chain()}), lambda fixed: None, "a Family to convert to"),
    ],
)
def test_first_mistakes_are_refused_in_one_line(model, family_of, message):
    with pytest.raises(ValueError, match=message) as caught:
        replace_feedforward(model(), family_of=family_of)
    assert "\n" not in str(caught.value)


def test_convert_takes_no_block_of_another_model():
    with pytest.raises(ValueError, match="required: a FeedForward; got Sequential: replace_feed"):
        convert(chain(), SILU)


def test_a_second_conversion_says_that_the_layers_are_ours():
    model = nn.ModuleDict({"b": chain()})
    replace_feedforward(model, family_of=learned)
    with pytest.raises(ValueError, match="ModuleDict with layers of ours alone: convert takes"):
        replace_feedforward(model, family_of=learned)


class _Closed(nn.Module):
    """Lets nobody exchange its block."""

    def __init__(self):
        super().__init__()
        self.mlp = chain()
        self.closed = True

    def __setattr__(self, name, value):
        if name == "mlp" and "closed" in vars(self):
            raise RuntimeError("closed")
        super().__setattr__(name, value)

    def forward(self, x):
        return x + self.mlp(x)


def test_a_failure_on_the_way_leaves_the_model_as_it_was():
    model = nn.Sequential(chain(), _Closed())
    before = dict(model.named_modules())
    with pytest.raises(RuntimeError, match="closed"):
        replace_feedforward(model, family_of=lambda f: dataclasses.replace(f, kind="la"))
    assert dict(model.named_modules()) == before
