"""Experts: reference (a loop over tokens, published balance), property (nobody is dropped)."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from experiments.pretraining.moe import Experts, MixtureOfExperts, balance_loss
from experiments.pretraining.recipes import Mixing
from expressivity.classes.kinds import Kind


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return MixtureOfExperts(Mixing(kind=Kind.LA).family(6), Experts(count=4, chosen=2))


def test_an_even_router_has_balance_loss_one():
    probability = torch.full((8, 4), 0.25)
    chosen = torch.arange(16).remainder(4).view(8, 2)
    assert balance_loss(probability, chosen).item() == pytest.approx(1.0)


def test_one_favourite_has_the_largest_balance_loss():
    probability = F.one_hot(torch.zeros(8, dtype=torch.int64), 4).float()
    assert balance_loss(probability, torch.zeros(8, 1, dtype=torch.int64)).item() == 4.0


def test_outputs_are_those_of_a_loop_over_tokens(layer):
    x = torch.randn(3, 5, 6)
    y, _ = layer(x)
    for place in [(0, 0), (1, 4), (2, 3)]:
        token = x[place]
        probability = layer.router(token).softmax(-1)
        best = probability.argsort(descending=True)[:2]
        weight = probability[best] / probability[best].sum()
        expected = sum(w * layer.experts[int(e)](token) for w, e in zip(weight, best, strict=True))
        torch.testing.assert_close(y[place], expected)


def test_every_token_gets_its_experts(layer):
    seen: list[int] = []
    for expert in layer.experts:
        expert.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    layer(torch.randn(50, 6))
    assert sum(seen) == 2 * 50


def test_experts_that_nobody_chose_have_zero_gradients(layer):
    with torch.no_grad():
        layer.router.weight.zero_()
        layer.router.weight[0] = 1
        layer.router.weight[1] = 0.5
    y, balance = layer(torch.ones(7, 6))
    (y.sum() + balance).backward()
    idle, used = layer.experts[3].w.weight.grad, layer.experts[0].w.weight.grad
    assert idle is not None and idle.count_nonzero() == 0
    assert used is not None and used.count_nonzero() > 0


def test_more_experts_a_token_than_there_are_is_refused():
    with pytest.raises(ValueError, match="1 to 4 experts a token; got 5"):
        replace(Experts(count=4), chosen=5)
