"""Layers in float16: where they stay finite, and the soft clamp.

Kinds: reference (float16 against float64), property (finite values and gradients under a clamp),
negative (what overflows without one).
"""

import copy

import pytest
import torch
from blocks_by_hand import Gated, model_of, outputs, to_mixture
from small_layers import drawn, every_case, family, inputs

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.kinds import Kind
from expressivity.layers import FeedForward, audit, convert, rebuild, replace_feedforward
from expressivity.layers.feed_forward import soft_clamp

torch.set_num_threads(1)

LARGEST = 65504.0


def neurons_of(form: str, activation: str, size: float, clamp: float | None = None):
    """Values and input gradients of an LA layer's neurons where every map is a size, float16."""
    described = family(form, Kind.LA, dictionary=(activation,), bias=False, width=4, outputs=1)
    layer = FeedForward(described, initialisation=None, soft_clamp=clamp, dtype=torch.float16)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(1.0)
        for linear in layer.maps:
            linear.weight.fill_(0.25)
        layer.a.weight.fill_(2.0**-10)
    x = torch.full((1, 4), size, dtype=torch.float16, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    return y.detach().float().item() * 2**8, [x.grad, *[p.grad for p in layer.parameters()]]


@pytest.mark.parametrize(
    ("form", "activation", "fits", "overflows"),
    # Powers of one pre-activation: |z|, z^2, z^2 |y|, z^2 y^2, and the product of both maps.
    [
        ("type1", "id", 65472, None),
        ("type1", "relu2", 255, 257),
        ("one_sided", "silu", 255, 257),
        ("one_sided", "relu2", 40, 41),
        ("two_sided", "silu", 255, 257),
        ("two_sided", "relu2", 15.9, 16.1),
        ("quadratic", "relu2", 15.9, 16.1),
    ],
)
def test_the_range_of_neurons(form, activation, fits, overflows):
    value, _ = neurons_of(form, activation, fits)
    assert 0 < value <= LARGEST * 1.01
    if overflows is not None:
        assert neurons_of(form, activation, overflows)[0] == float("inf")
        value, gradients = neurons_of(form, activation, overflows, clamp=4096.0)
        assert value == pytest.approx(4096.0, rel=2e-3)
        assert all(bool(g.isfinite().all()) for g in gradients)


@every_case
def test_in_range_float16_is_as_exact_as_its_maps(form, kind, gate):
    exact = drawn(family(form, kind, gate, bias=False))
    with torch.no_grad():
        for parameter in exact.parameters():
            parameter.copy_((0.5 * parameter).half())
    x = inputs(20, 4).half()
    expected, low = exact(x.double()), copy.deepcopy(exact).half()
    found = low(x)
    assert found.dtype == torch.float16
    assert (found.double() - expected).abs().max() < 0.01 * expected.abs().max()
    found.sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in low.parameters())


def test_the_clamp_is_nearly_nothing_where_values_are_small():
    h = torch.linspace(-300, 300, 601, dtype=torch.float64)
    apart = (soft_clamp(h, 8192.0) - h).abs()
    assert bool((apart <= h.abs() ** 3 / (3 * 8192.0**2)).all()) and apart.max() > 0
    h = torch.tensor([1e4, 6e4, torch.inf]).half().requires_grad_()
    found = soft_clamp(h, 1e3)
    (slope,) = torch.autograd.grad(found.sum(), h)
    assert found.tolist() == [1e3, 1e3, 1e3] and slope.tolist() == [0, 0, 0]


def test_the_clamp_goes_with_the_layer():
    layer = FeedForward(family("one_sided", Kind.LA), soft_clamp=512.0)
    assert convert(layer, layer.family).soft_clamp == 512.0
    assert "soft_clamp=512.0" in repr(layer)
    with pytest.raises(ValueError, match=r"got soft_clamp 512\.0"):
        audit(torch.nn.Sequential(layer), [torch.randn(3, 4)])
    model, other = model_of(Gated()), model_of(Gated())
    report = replace_feedforward(model, family_of=to_mixture, soft_clamp=2.0)
    plain = model_of(Gated())
    assert not torch.equal(outputs(model, False), outputs(plain, False))
    rebuild(other, report.json())
    other.load_state_dict(model.state_dict())
    assert torch.equal(outputs(other, True), outputs(model, True))


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), float("nan")])
def test_limits_that_are_none(limit):
    with pytest.raises(ValueError, match=f"positive soft_clamp, or None; got {limit}"):
        FeedForward(family("one_sided", Kind.LA), soft_clamp=limit)
    with pytest.raises(ValueError, match="positive soft_clamp"):
        replace_feedforward(model_of(Gated()), family_of=to_mixture, soft_clamp=limit)


def test_autocast_to_float16_keeps_parameters_and_their_gradients_in_float32():
    layer = drawn(family("two_sided", Kind.MOA, "sigmoid", dictionary=FULL_DICTIONARY)).float()
    with torch.autocast("cpu", torch.float16):
        y = layer(inputs(5, 4, dtype=torch.float32))
    assert y.dtype == torch.float16
    y.float().sum().backward()
    assert {p.grad.dtype for p in layer.parameters()} == {torch.float32}
