"""Feed-forward blocks of other people's models, replaced: with small modules made by hand.

Kinds: property (the function, modes, ties and what is trained are kept; nothing else changes),
negative (every block whose function would change refuses the whole conversion).
"""

import copy
import dataclasses
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GATES, GateSpec
from expressivity.layers import FeedForward
from expressivity.layers.agreement import disagreement
from expressivity.layers.blocks import Block, formula
from expressivity.layers.hugging_face import replace_blocks

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
    return dataclasses.replace(
        fixed, kind=Kind.MOA, neuron=form, gate=GateSpec(name=gate), dictionary=FULL_DICTIONARY
    )


def replaced(model, *, family_of=to_mixture, substitute=None, leave=()) -> int:
    return replace_blocks(model, family_of=family_of, substitute=substitute or {}, leave=leave)


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
        model, "unknown activation", name="softplus", substitute={"Softened": "softplus"}
    )
    assert replaced(model, substitute={"Softened": "relu", "gelu": "relu"}) == 1
    difference = (outputs(model, False) - expected).abs().max()
    assert difference > 0.1


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


class Swapped(Gated):
    def forward(self, x):
        return self.down_proj(self.gate_proj(x) * self.act_fn(self.up_proj(x)))


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


# Then what numbers do not show


def hooked(kind, part):
    def change(model):
        block = model.layers[1]["mlp"]
        module = block.get_submodule(part)
        getattr(module, f"register_{kind}")(lambda *arguments: None)

    return change


def exchanged_forward(model):
    block = model.layers[1]["mlp"]
    block.down_proj.forward = lambda x: 2 * nn.functional.linear(x, block.down_proj.weight)


def tensor_hook(model):
    model.layers[1]["mlp"].up_proj.weight.register_hook(lambda gradient: 2 * gradient)


class Adapted(nn.Module):  # as LoRA is
    def __init__(self, base):
        super().__init__()
        self.base_layer = base
        self.low = nn.Linear(base.in_features, 2, bias=False)
        self.high = nn.Linear(2, base.out_features, bias=False)

    @property
    def weight(self):
        return self.base_layer.weight

    def forward(self, x):
        return self.base_layer(x) + self.high(self.low(x))


class Quantised(nn.Linear):
    pass


def wrapped(model):
    block = model.layers[1]["mlp"]
    block.up_proj = Adapted(block.up_proj)


def quantised(model):
    model.layers[1]["mlp"].down_proj = Quantised(M, D, bias=False)


def parametrised(model):
    parametrizations.weight_norm(model.layers[1]["mlp"].gate_proj)


def pruned(model):
    prune.l1_unstructured(model.layers[1]["mlp"].gate_proj, "weight", amount=3)


def masked(model):
    model.layers[1]["mlp"].gate_proj.register_buffer("mask", torch.ones(M, D))


def half(model):
    model.layers[1]["mlp"].down_proj.half()


def one_bias(model):
    model.layers[1]["mlp"].up_proj = nn.Linear(D, M)


def without_numbers(model):
    model.layers[1]["mlp"].to("meta")


def not_finite(model):
    with torch.no_grad():
        model.layers[1]["mlp"].down_proj.weight[0, 0] = torch.nan


def tied(model):
    model.layers[1]["mlp"].up_proj.weight = model.layers[0]["mlp"].up_proj.weight


def tied_by_numbers(model):
    model.layers[1]["mlp"].up_proj.weight.data = model.layers[0]["mlp"].up_proj.weight.data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (hooked("forward_hook", ""), r"with hooks \(forward_hooks"),
        (hooked("forward_hook", "up_proj"), r"with hooks at up_proj \(forward_hooks"),
        (hooked("forward_pre_hook", ""), r"with hooks \(forward_pre_hooks"),
        (hooked("forward_pre_hook", "act_fn"), r"with hooks at act_fn \(forward_pre_hooks"),
        (hooked("full_backward_hook", ""), r"with hooks \(backward_hooks"),
        (hooked("full_backward_pre_hook", "down_proj"), "with hooks at down_proj"),
        (hooked("load_state_dict_post_hook", ""), "with hooks"),
        (tensor_hook, "whose up_proj has hooks on its weight"),
        (exchanged_forward, "forward was exchanged on the object at down_proj"),
        (wrapped, "whose up_proj is Adapted, not a plain linear map"),
        (quantised, "whose down_proj is Quantised, not a plain linear map"),
        (parametrised, "with hooks at gate_proj"),
        (pruned, "with hooks at gate_proj"),
        (masked, "whose gate_proj holds other parameters than weight and bias"),
        (half, "with parameters in torch.float16 on cpu and torch.float32 on cpu"),
        (one_bias, "with a bias in one of gate_proj and up_proj"),
        (without_numbers, r"has no numbers in its weight \(device meta\)"),
        (not_finite, "outputs are not finite in training mode"),
        (tied, "whose parameters have other places too"),
        (tied_by_numbers, "whose parameters have other places too"),
    ],
)
def test_what_numbers_do_not_show_is_refused(change, message):
    model = model_of(Gated(), Gated(), Gated())
    change(model)
    first = change in (tied, tied_by_numbers)
    assert_refused(model, message, name="layers.0.mlp" if first else "layers.1.mlp")


class Experts(nn.Module):  # as in Qwen2-MoE and DeepSeek-V3: one tensor for all
    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.zeros(3, D, 2 * M))
        self.down_proj = nn.Parameter(torch.zeros(3, M, D))


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


def test_a_family_that_does_not_hold_the_function():
    model = model_of(Gated(bias=True))
    assert_refused(
        model, "bias", "", family_of=lambda fixed: dataclasses.replace(fixed, bias=False)
    )


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
