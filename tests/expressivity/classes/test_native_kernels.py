"""Activations by torch's own kernels.

Kinds: reference (against the torch form that follows the expression to the last digits), negative
(kernels of another function are refused, in the layer gradients of gradients do not use them).
"""

import dataclasses

import pytest
import torch

from expressivity.classes.activations import ACTIVATIONS, require_sound
from expressivity.classes.activations.record import Native
from expressivity.classes.families import Family
from expressivity.layers import FeedForward

NATIVE = [name for name in ACTIVATIONS if ACTIVATIONS[name].native is not None]


def test_the_seven_have_native_kernels():
    assert {"id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh"} <= set(NATIVE)


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_kernels_compute_the_activation(name, dtype):
    activation = ACTIVATIONS[name]
    z = torch.cat([torch.linspace(-30, 30, 4001, dtype=dtype), torch.zeros(1, dtype=dtype)])
    value = activation.native.value(z)
    exact, slope = activation.value_and_derivative(z)
    # Torch subtracts tanh or erf from 1: tails are exact to rounding of 1, times z^2 at most.
    eps = torch.finfo(dtype).eps
    close = {"rtol": 8 * eps, "atol": 32 * eps}
    torch.testing.assert_close(value, exact, **close)
    torch.testing.assert_close(activation.native.derivative(z, value), slope, **close)


@pytest.mark.parametrize(
    "wrong",
    [
        Native(value=torch.tanh, derivative=lambda z, value: 1 - value * value),
        Native(value=ACTIVATIONS["silu"].native.value, derivative=lambda z, value: value),
        Native(value=lambda z: z.no_such_thing, derivative=lambda z, value: value),
    ],
    ids=["value", "derivative", "raises"],
)
def test_kernels_of_something_else_are_refused(wrong):
    with pytest.raises(ValueError, match="required: native kernels"):
        require_sound(dataclasses.replace(ACTIVATIONS["silu"], name="slip", native=wrong))


def test_gradients_do_not_depend_on_whether_they_are_differentiated_again():
    family = Family(kind="moa", neuron="two_sided", gate="sigmoid", width=6, dimension=3)
    torch.manual_seed(0)
    layer = FeedForward(family, dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    wanted = [x, *layer.parameters()]
    once = torch.autograd.grad(layer(x).square().sum(), wanted)
    again = torch.autograd.grad(layer(x).square().sum(), wanted, create_graph=True)
    for one, other in zip(once, again, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)
    assert all(gradient.requires_grad for gradient in again)
