"""Blocks whose numbers agree although something would be lost: hooks, ties, masks, adapters.

Kinds: negative (each refuses the whole conversion).
"""

import pytest
import torch
from blocks_by_hand import D, Gated, M, assert_refused, model_of
from torch import nn
from torch.nn.utils import parametrizations, prune

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
        (tensor_hook, "with hooks on the weight at up_proj"),
        (exchanged_forward, "forward was exchanged on the object at down_proj"),
        (wrapped, "whose up_proj is Adapted, not a plain linear map"),
        (quantised, "whose down_proj is Quantised, not a plain linear map"),
        (parametrised, "with hooks at gate_proj"),
        (pruned, "with hooks at gate_proj"),
        (masked, "that also holds gate_proj.mask"),
        (half, "with parameters in torch.float16 on cpu and torch.float32 on cpu"),
        (one_bias, "with a bias in one of the maps that are multiplied"),
        (without_numbers, r"with no numbers in the weight at gate_proj \(device meta\)"),
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
