"""Layers to which something was added are neither converted, nor audited, nor made constant.

Kinds: negative (each would be taken for the layer without what was added), property (what is
trained of a converted layer).
"""

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from expressivity.classes.families import Family
from expressivity.layers import FeedForward, audit, convert
from expressivity.layers.constant import with_constants

torch.set_num_threads(1)

LA = Family(
    kind="la", neuron="two_sided", width=6, dimension=4, outputs=4, dictionary=("id", "silu")
)
MOA = dataclasses.replace(LA, kind="moa", gate="sigmoid")


class Low(nn.Module):
    """As LoRA wraps a map."""

    def __init__(self, base):
        super().__init__()
        self.base_layer, self.low = base, nn.Linear(base.in_features, base.out_features)

    @property
    def weight(self):
        return self.base_layer.weight

    def forward(self, x):
        return self.base_layer(x) + self.low(x)


class Tripled(FeedForward):
    def forward(self, x_TD, inner=None):
        return 3 * super().forward(x_TD, inner)


def wrapped(layer):
    layer.w = Low(layer.w)


def wrapped_without_weight(layer):
    layer.a = nn.Sequential(layer.a, nn.Tanh())


def other_bias(layer):
    layer.a = nn.Linear(6, 4)


def other_shape(layer):
    layer.w = nn.Linear(4, 7)


def hooked(layer):
    layer.register_forward_hook(lambda module, inputs, output: 2 * output)


def hooked_inside(layer):
    layer.a.register_forward_hook(lambda module, inputs, output: 2 * output)


def exchanged(layer):
    layer.forward = lambda x: 0 * x


def masked(layer):
    layer.register_buffer("mask", torch.zeros(4))


def without_numbers(layer):
    layer.to("meta")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (wrapped, "whose w is Low, not a plain linear map"),
        (wrapped_without_weight, "without a.weight|with a.0.weight"),
        (other_bias, "with a.bias"),
        (other_shape, r"with w.bias of shape \(7,\) for \(6,\)|w.weight of shape"),
        (lambda layer: parametrizations.weight_norm(layer.v), "with hooks at v|parametrizations"),
        (hooked, r"with hooks \(forward_hooks"),
        (hooked_inside, "with hooks at a "),
        (exchanged, "whose forward was exchanged"),
        (masked, "with mask"),
        (without_numbers, "with no numbers"),
    ],
)
def test_layers_with_something_added_are_refused(change, message):
    layer = FeedForward(LA)
    change(layer)
    refused(layer, message)


def test_derived_classes_are_refused():
    refused(Tripled(LA), "of the derived class Tripled")


def refused(layer, message):
    for attempt in (
        lambda: convert(layer, MOA),
        lambda: with_constants(layer, [torch.ones(2), torch.ones(2)]),
        lambda: audit(layer, [torch.ones(3, 4)]),
    ):
        with pytest.raises(ValueError, match=f"computes what its family says; got one.*{message}"):
            attempt()


def test_what_is_frozen_stays_frozen():
    layer = FeedForward(LA)
    layer.w.requires_grad_(False)
    layer.scale1.requires_grad_(False)
    found = {name: p.requires_grad for name, p in convert(layer, MOA).named_parameters()}
    assert {name for name, trained in found.items() if not trained} == {
        "w.weight",
        "w.bias",
        "scale1",
    }
    frozen = convert(layer.requires_grad_(False), MOA)
    assert not any(p.requires_grad for p in frozen.parameters())
