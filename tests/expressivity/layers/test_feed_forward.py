"""Feed-forward layers.

Kinds: reference (the batched evaluation of ``networks``; autograd and finite differences; names
and shapes written down), property (saved memory, counts), metamorphic (leading axes, copies).
"""

import copy
import dataclasses
import io
import itertools

import pytest
import torch
from small_layers import CASES, drawn, every_case, family, inputs, reference

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.networks import evaluate, pack, unpack
from expressivity.classes.neurons import FORMS
from expressivity.layers import (
    FeedForward,
)
from expressivity.layers.overhead import saved_bytes

torch.set_num_threads(1)


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


@pytest.mark.parametrize("kind", [Kind.FIXED, Kind.LA])
def test_a_layer_of_the_identity_alone(kind):
    layer = drawn(family("type1", kind, dictionary=("id",)))
    x = inputs(5, 4).requires_grad_()
    scale = 1 if layer.scale(0) is None else layer.scale(0)
    expected = layer.a(scale * layer.w(x))
    torch.testing.assert_close(layer(x), expected)
    found = torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()])
    wanted = torch.autograd.grad(expected.square().sum(), [x, *layer.parameters()])
    torch.testing.assert_close(found, wanted)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)


def test_copies_and_pickles_share_the_program():
    layer = drawn(family("one_sided", Kind.MOA, "sigmoid"))
    x = inputs(3, 4)
    stream = io.BytesIO()
    torch.save(layer, stream)
    stream.seek(0)
    for other in (copy.deepcopy(layer), torch.load(stream, weights_only=False)):
        assert other.program is layer.program
        assert torch.equal(other(x), layer(x))


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


@pytest.mark.parametrize("native", [True, False])
def test_a_fixed_layer_evaluates_one_activation(native):
    calls = []
    silu = ACTIVATIONS["silu"]

    def counted(form):
        return lambda z: (calls.append(z.shape), form(z))[1]

    layer = FeedForward(family("one_sided", Kind.FIXED))
    activation = dataclasses.replace(
        silu,
        value_and_derivative=counted(silu.value_and_derivative),
        native=dataclasses.replace(silu.native, value=counted(silu.native.value))
        if native
        else None,
    )
    layer.program = dataclasses.replace(layer.program, activations=(activation,))
    layer(inputs(3, 4, dtype=torch.float32))
    assert calls == [(3, 6)]
