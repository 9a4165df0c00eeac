"""Feed-forward layers.

Kinds: reference (the batched evaluation of ``networks``; autograd and finite differences; names
and shapes written down), property (variance and gates at the start, saved memory, counts),
metamorphic (leading axes, copies, conversions, compiled against eager), negative (refusals).
"""

import copy
import dataclasses
import io
import itertools

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import FIXED_FORMS, Family, Kind
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.networks import evaluate, pack, unpack
from expressivity.classes.neurons import FORMS
from expressivity.fitting.program import compiler_available
from expressivity.layers import (
    FeedForward,
    Initialisation,
    Match,
    Mixture,
    convert,
    initialisation,
)
from expressivity.layers.overhead import saved_bytes

torch.set_num_threads(1)

SMALL = ("id", "relu2", "gelu", "silu", "tanh")
TANH = GateSpec(name="tanh")


def family(form: str, kind: Kind, gate: str | GateSpec | None = None, **changes) -> Family:
    options = {"width": 6, "dimension": 4, "outputs": 4, "dictionary": SMALL}
    if kind is Kind.FIXED:
        options["dictionary"] = ("silu",)
    if isinstance(gate, str):
        gate = GateSpec(name=gate)
    return Family(kind=kind, neuron=form, gate=gate, **{**options, **changes})


def kinds(form: str) -> list[tuple[Kind, str | None]]:
    fixed = [(Kind.FIXED, None)] if form in FIXED_FORMS else []
    return [*fixed, (Kind.LA, None), *((Kind.MOA, gate) for gate in GATES)]


CASES = [(form, *case) for form in FORMS for case in kinds(form)]
every_case = pytest.mark.parametrize(("form", "kind", "gate"), CASES)


def drawn(described: Family, *, seed: int = 0, dtype=torch.float64) -> FeedForward:
    """A layer whose parameters are all random, none at a special start."""
    torch.manual_seed(seed)
    layer = FeedForward(described, initialisation=None, dtype=dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def inputs(*shape: int, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5), dtype=dtype)


@every_case
def test_values_are_those_of_the_batched_evaluation(form, kind, gate):
    layer = drawn(family(form, kind, gate))
    described = layer.family
    blocks = {name: torch.zeros(1, *shape) for name, shape in described.shapes.items()}
    blocks = {name: block.double() for name, block in blocks.items()}
    for name in ("w", "v", "u0", "u1"):
        linear = getattr(layer, name, None)
        if linear is not None:
            blocks[name][0] = torch.cat([linear.weight, linear.bias[:, None]], 1)
    blocks["a"][0] = layer.a.weight
    for side in range(described.sides):
        if kind is Kind.FIXED:
            blocks[f"scale{side}"][0, described.basis.index("silu")] = 1
        else:
            blocks[f"scale{side}"][0] = layer.scale(side)
    theta = pack(described, blocks)
    assert unpack(described, theta).keys() == blocks.keys()
    x = inputs(7, 4)
    torch.testing.assert_close(
        layer(x), evaluate(described, theta, x)[0].mT, rtol=1e-12, atol=1e-12
    )


@every_case
def test_gradients(form, kind, gate):
    layer = drawn(family(form, kind, gate, width=2, dimension=2, outputs=1))
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def outputs(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    arguments = (inputs(2, 2).requires_grad_(), *parameters)
    assert torch.autograd.gradcheck(outputs, arguments)
    if form in FIXED_FORMS:  # the other two are slow
        assert torch.autograd.gradgradcheck(outputs, arguments)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gate", GATES)
def test_switches(gate, scale, bias):
    spec = GateSpec(name=gate, scale=scale, bias=bias)
    for form, hidden in itertools.product(FORMS, (True, False)):
        described = family(form, Kind.MOA, spec, bias=hidden)
        layer = drawn(described)
        assert sum(p.numel() for p in layer.parameters()) == described.parameter_count
        layer(inputs(3, 4)).sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


@every_case
def test_parameter_count(form, kind, gate):
    described = family(form, kind, gate)
    count = sum(p.numel() for p in FeedForward(described).parameters())
    assert count == described.parameter_count


def test_state_dict():
    layer = FeedForward(family("two_sided", Kind.MOA, "sigmoid", dictionary=("relu", "id")))
    assert {name: tuple(t.shape) for name, t in layer.state_dict().items()} == {
        "w.weight": (6, 4),
        "w.bias": (6,),
        "v.weight": (6, 4),
        "v.bias": (6,),
        "u0.weight": (2, 4),
        "u0.bias": (2,),
        "scale0": (2,),
        "u1.weight": (2, 4),
        "u1.bias": (2,),
        "scale1": (2,),
        "a.weight": (4, 6),
    }
    assert list(FeedForward(family("type1", Kind.LA)).state_dict()) == [
        "scale0",
        "w.weight",
        "w.bias",
        "a.weight",
    ]
    bare = FeedForward(family("type1", Kind.FIXED, bias=False))
    assert list(bare.state_dict()) == ["w.weight", "a.weight"]


def test_leading_axes():
    layer = drawn(family("two_sided", Kind.MOA, "softmax"))
    x = inputs(2, 3, 4)
    y = layer(x)
    assert y.shape == (2, 3, 4)
    torch.testing.assert_close(y.flatten(0, 1), layer(x.flatten(0, 1)))
    torch.testing.assert_close(y[1, 2], layer(x[1, 2]))
    layer(x[1, 2]).sum().backward()
    assert layer.scale0.grad.shape == (5,)


def test_copies_and_pickles_share_the_program():
    layer = drawn(family("one_sided", Kind.MOA, "sigmoid"))
    x = inputs(3, 4)
    stream = io.BytesIO()
    torch.save(layer, stream)
    stream.seek(0)
    for other in (copy.deepcopy(layer), torch.load(stream, weights_only=False)):
        assert other.program is layer.program
        assert torch.equal(other(x), layer(x))


# The start


def start_variance(described: Family, choices: Initialisation) -> float:
    torch.manual_seed(1)
    x = torch.randn(150, described.dimension)
    x = x / x.square().mean(1, keepdim=True).sqrt()
    with torch.no_grad():
        found = [FeedForward(described, initialisation=choices)(x).var() for _ in range(10)]
    return float(torch.stack(found).mean())


def wide(form: str, kind: Kind, gate=None) -> Family:
    dictionary = ("silu",) if kind is Kind.FIXED else FULL_DICTIONARY
    return family(form, kind, gate, width=256, dimension=64, outputs=64, dictionary=dictionary)


@every_case
def test_variance_at_the_start_is_the_fixed_layers(form, kind, gate):
    reference = "type1" if form == "type1" else "one_sided"
    expected = start_variance(wide(reference, Kind.FIXED), Initialisation())
    match = Match.OUTPUT if gate == "softmax" else Match.COEFFICIENTS
    found = start_variance(wide(form, kind, gate), Initialisation(match=match))
    assert found == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("gate", GATES)
def test_variance_at_the_start_with_random_gates(gate):
    # type1: products of two mixtures have tails too heavy for a small sample
    expected = start_variance(wide("type1", Kind.FIXED), Initialisation())
    choices = Initialisation(gate_std=1.0)
    for spec in (GateSpec(name=gate), GateSpec(name=gate, scale=False, bias=False)):
        found = start_variance(wide("type1", Kind.MOA, spec), choices)
        assert found == pytest.approx(expected, rel=0.1)


def test_the_match_is_needed():
    unmatched = Initialisation(match=Match.NONE)
    fixed = start_variance(wide("one_sided", Kind.FIXED), unmatched)
    mixed = start_variance(wide("two_sided", Kind.MOA, "sigmoid"), unmatched)
    assert mixed > 5 * fixed


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("form", FORMS)
def test_gates_start_uniform(form, gate):
    layer = FeedForward(family(form, Kind.MOA, gate))
    for c in layer.coefficients(inputs(9, 4, dtype=torch.float32)):
        torch.testing.assert_close(c, c[:1, :1].expand_as(c))
        assert c[0, 0] > 0
    varied = FeedForward(family(form, Kind.MOA, gate), initialisation=Initialisation(gate_std=1.0))
    c = varied.coefficients(inputs(9, 4, dtype=torch.float32))[0]
    assert (c.std(0) > 0).all()


def test_gains():
    described = wide("two_sided", Kind.MOA, "sigmoid")
    layer = FeedForward(described, initialisation=Initialisation(input_gain=2.0, output_gain=0.5))
    assert layer.w.weight.std().item() == pytest.approx(2 / 8, rel=0.05)
    assert layer.v.weight.std().item() == pytest.approx(2 / 8, rel=0.05)
    assert layer.a.weight.std().item() == pytest.approx(0.5 / 16, rel=0.05)


@pytest.mark.parametrize(("form", "kind", "gate"), [c for c in CASES if c[1] is not Kind.FIXED])
def test_start_as_the_reference_layer(form, kind, gate):
    choices = Initialisation(mixture=Mixture.REFERENCE)
    layer = FeedForward(family(form, kind, gate), initialisation=choices, dtype=torch.float64)
    x = inputs(5, 4)
    hidden = nn.functional.silu(layer.w(x)) * (1 if layer.v is None else layer.v(x))
    factor = layer(x) / (hidden @ layer.a.weight.mT)  # what a gate without its own scale leaves
    torch.testing.assert_close(factor, torch.ones_like(factor), rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    ("described", "choices", "message"),
    [
        (
            family("type1", Kind.MOA, GateSpec(name="tanh", bias=False)),
            {},
            "gate_std above 0 where gates vanish at 0",
        ),
        (
            family("type1", Kind.MOA, GateSpec(name="sigmoid", scale=False)),
            {"mixture": Mixture.REFERENCE},
            "gates that can select silu",
        ),
        (
            family("type1", Kind.LA, dictionary=("relu", "id")),
            {"mixture": Mixture.REFERENCE},
            "silu in the dictionary",
        ),
        (family("type1", Kind.LA), {"reference": "sine"}, "unknown activation 'sine'"),
        (family("type1", Kind.LA), {"input_gain": 0.0}, "a positive input_gain; got 0.0"),
        (family("type1", Kind.LA), {"gate_std": -1.0}, "gate_std of at least 0; got -1.0"),
    ],
)
def test_starts_that_do_not_exist(described, choices, message):
    with pytest.raises(ValueError, match=message) as caught:
        FeedForward(described, initialisation=Initialisation(**choices))
    assert "\n" not in str(caught.value)


# Devices, precisions and compilation


@every_case
def test_meta_device(form, kind, gate):
    layer = FeedForward(family(form, kind, gate), device="meta")
    y = layer(torch.empty(2, 3, 4, device="meta"))
    y.sum().backward()
    assert y.shape == (2, 3, 4)
    assert all(p.grad.device.type == "meta" for p in layer.parameters())


@every_case
def test_bfloat16_and_autocast(form, kind, gate):
    exact = drawn(family(form, kind, gate), dtype=torch.float32)
    x = inputs(20, 4, dtype=torch.float32)
    expected = exact(x)
    low = copy.deepcopy(exact).to(torch.bfloat16)
    found = low(x.bfloat16())
    found.sum().backward()
    assert found.dtype == torch.bfloat16
    assert {p.grad.dtype for p in low.parameters()} == {torch.bfloat16}
    with torch.autocast("cpu", torch.bfloat16):
        mixed = exact(x)
    mixed.float().sum().backward()
    assert {p.grad.dtype for p in exact.parameters()} == {torch.float32}
    scale = expected.detach().abs().max()
    for outputs in (found, mixed):
        assert (outputs.float() - expected).abs().max() < 0.05 * scale


@every_case
def test_a_default_device_without_numbers(form, kind, gate):
    # The first layer of a process must not leave tensors without numbers to those after it.
    initialisation._moments.cache_clear()
    with torch.device("meta"):
        layer = FeedForward(family(form, kind, gate))
        real = FeedForward(family(form, kind, gate), device="cpu")
    assert {p.device.type for p in layer.parameters()} == {"meta"}
    for layer in (real, FeedForward(family(form, kind, gate))):
        assert layer(inputs(3, 4, dtype=torch.float32)).isfinite().all()
    with torch.device("meta"):
        assert torch.equal(convert(real, real.family).a.weight, real.a.weight)


def test_fake_tensors_are_not_kept():
    initialisation._moments.cache_clear()
    with FakeTensorMode(), pytest.raises(DataDependentOutputException):
        FeedForward(family("type1", Kind.LA))
    assert FeedForward(family("type1", Kind.LA)).scale(0).isfinite().all()


@every_case
def test_split_neurons_are_refused_where_gradients_would_be_partial(form, kind, gate):
    layer = drawn(family(form, kind, gate))
    layer.w, layer.a = nn.Linear(4, 3).double(), nn.Linear(3, 4, bias=False).double()
    layer.v = None if layer.v is None else nn.Linear(4, 3).double()
    if kind is Kind.FIXED:
        assert layer(inputs(3, 4)).shape == (3, 4)
    else:
        with pytest.raises(ValueError, match="all 6 neurons of a mixture in one place; got 3"):
            layer(inputs(3, 4))


# torch's own: dynamo makes an instance of autograd.Function to trace one.
compiles = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@compiles
@pytest.mark.parametrize(("form", "kind", "gate"), [CASES[0], CASES[11]])
def test_one_graph_and_no_recompilation(form, kind, gate):
    torch.compiler.reset()
    counter = CompileCounterWithBackend("aot_eager")
    layers = [drawn(family(form, kind, gate), seed=seed) for seed in (0, 1)]
    x = inputs(3, 4).requires_grad_()
    for layer in layers:
        compiled = torch.compile(layer, fullgraph=True, backend=counter)
        for _ in range(2):
            torch.testing.assert_close(compiled(x), layer(x))
            (found,) = torch.autograd.grad(compiled(x).square().sum(), x)
            (expected,) = torch.autograd.grad(layer(x).square().sum(), x)
            torch.testing.assert_close(found, expected)
            with torch.no_grad():
                layer.a.weight.mul_(2)
    assert counter.frame_count == 1


@compiles
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="no C++ compiler")
@every_case
def test_compiled_programs_agree_with_eager(form, kind, gate):
    torch.compiler.reset()
    layer = drawn(family(form, kind, gate), dtype=torch.float32)
    compiled = torch.compile(layer, fullgraph=True)
    x = inputs(33, 4, dtype=torch.float32)
    compiled(x).square().sum().backward()
    found = [p.grad.clone() for p in layer.parameters()]
    layer.zero_grad()
    layer(x).square().sum().backward()
    for parameter, gradient in zip(layer.parameters(), found, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=2e-4, atol=2e-4)
    y = compiled(x.requires_grad_()).square().sum()
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    with pytest.raises(RuntimeError, match="double backward"):
        slope.sum().backward()


# Memory


def reference(form: str) -> Family:
    fixed = form if form in FIXED_FORMS else "one_sided"
    return family(fixed, Kind.FIXED, width=2048, dimension=512, outputs=512)


@pytest.mark.parametrize(("form", "kind", "gate"), [c for c in CASES if c[0] != "quadratic"])
def test_saved_memory(form, kind, gate):
    x = torch.zeros(16, 512)
    sizes = {"width": 2048, "dimension": 512, "outputs": 512, "dictionary": FULL_DICTIONARY}
    if kind is Kind.FIXED:
        sizes["dictionary"] = ("silu",)
    saved = saved_bytes(FeedForward(family(form, kind, gate, **sizes)), x)
    hidden = 2048 * (2 if form == "type1" else 3)  # z, y and their product
    expected = 16 * 4 * (512 + hidden)
    assert expected <= saved <= 1.02 * expected
    assert saved_bytes(FeedForward(reference(form)), x) == expected


def test_a_fixed_layer_evaluates_one_activation():
    calls = []

    def counted(z):
        calls.append(z.shape)
        return ACTIVATIONS["silu"].value_and_derivative(z)

    layer = FeedForward(family("one_sided", Kind.FIXED))
    activation = dataclasses.replace(layer.program.activations[0], value_and_derivative=counted)
    layer.program = dataclasses.replace(layer.program, activations=(activation,))
    layer(inputs(3, 4, dtype=torch.float32))
    assert calls == [(3, 6)]


# Conversions


def changed(source: Family, **changes) -> Family:
    return dataclasses.replace(source, **changes)


FIXED1, FIXED2 = family("type1", Kind.FIXED), family("one_sided", Kind.FIXED)
LA1, LA2 = family("type1", Kind.LA), family("one_sided", Kind.LA)
TWO, SQUARE = family("two_sided", Kind.LA), family("quadratic", Kind.LA)
MIXED = [family(form, Kind.MOA, gate) for form in FORMS for gate in GATES]
SOFTMAX = [family(form, Kind.MOA, "softmax") for form in ("one_sided", "two_sided")]
PAIRED = family("quadratic", Kind.MOA, "softmax")
CONVERSIONS = [
    (FIXED1, LA1),
    (FIXED2, LA2),
    (FIXED2, TWO),
    (FIXED2, SQUARE),
    (LA2, TWO),
    (LA2, SQUARE),
    (TWO, SQUARE),
    (changed(FIXED2, bias=False), TWO),
    (changed(LA1, dictionary=("tanh", "id")), LA1),
    (changed(SQUARE, dictionary=("tanh", "id")), SQUARE),
    *((source, target) for source in (FIXED1, LA1) for target in MIXED[:3]),
    *((FIXED2, target) for target in MIXED[3:]),
    *((LA2, target) for target in MIXED[3:]),
    *((TWO, target) for target in MIXED[6:]),
    *((SQUARE, target) for target in MIXED[9:]),
    *((source, target) for source, target in zip(MIXED[3:6], MIXED[6:9], strict=True)),
    *((source, source) for source in MIXED),
    *((source, PAIRED) for source in SOFTMAX),
    *((changed(source, gate=GateSpec(name="softmax", bias=False)), PAIRED) for source in SOFTMAX),
    (
        family("two_sided", Kind.MOA, GateSpec(name="softmax", scale=False)),
        family("quadratic", Kind.MOA, GateSpec(name="softmax", scale=False)),
    ),
    (
        changed(LA1, dictionary=("id",)),
        family("type1", Kind.MOA, GateSpec(name="tanh", scale=False)),
    ),
    (
        family("type1", Kind.MOA, GateSpec(name="sigmoid", scale=False, bias=False)),
        family("type1", Kind.MOA, "sigmoid"),
    ),
]


@pytest.mark.parametrize(("source", "target"), CONVERSIONS)
def test_conversions_keep_the_function(source, target):
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        layer = drawn(source, dtype=dtype).eval()
        found = convert(layer, target)
        x = inputs(50, 4, dtype=dtype)
        expected = layer(x)
        assert found.family == target
        assert not found.training
        assert (found(x) - expected).abs().max() <= tolerance * expected.abs().max()
        assert found.w.weight.data_ptr() != layer.w.weight.data_ptr()


def test_converted_layers_learn():
    layer = convert(drawn(FIXED2), MIXED[6])
    layer(inputs(9, 4)).square().sum().backward()
    assert layer.u0.weight.grad.abs().max() > 0
    assert (layer.scale0.grad != 0).all()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (LA1, FIXED1, "kind fixed for la"),
        (LA1, LA2, "form one_sided for type1"),
        (TWO, LA2, "form one_sided for two_sided"),
        (LA1, changed(LA1, width=7), "width 7 for 6"),
        (LA1, changed(LA1, bias=False), "hidden biases turned off"),
        (LA1, changed(LA1, dictionary=("id", "silu")), "a dictionary without gelu,relu2,tanh"),
        (LA2, changed(TWO, dictionary=("tanh",)), "without id in the dictionary"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="sigmoid", scale=False)), "turn both on"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="softmax", scale=False)), "turn both on"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="tanh", bias=False)), "turn both on"),
        (MIXED[0], changed(MIXED[0], gate=TANH), "tanh gates for sigmoid gates"),
        (MIXED[0], changed(MIXED[0], dictionary=FULL_DICTIONARY), "another dictionary"),
        (MIXED[6], MIXED[9], "form quadratic for a layer with sigmoid gates"),
        (
            family("one_sided", Kind.MOA, GateSpec(name="softmax", scale=False)),
            family("quadratic", Kind.MOA, GateSpec(name="softmax", scale=False)),
            "scale turned off",
        ),
        (
            MIXED[0],
            changed(MIXED[0], gate=GateSpec(name="sigmoid", bias=False)),
            "the gate's bias turned off",
        ),
    ],
)
def test_refused_conversions(source, target, message):
    with pytest.raises(ValueError, match=message) as caught:
        convert(drawn(source), target)
    assert "\n" not in str(caught.value)
