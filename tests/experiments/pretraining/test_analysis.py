"""Frozen gates: reference (constant gates change nothing), metamorphic (means by hand)."""

from dataclasses import replace

import pytest
import torch

from experiments.pretraining.analysis import analyse, observe
from experiments.pretraining.model import Transformer
from experiments.pretraining.moe import Experts
from experiments.pretraining.recipes import Mixing
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers.constant import freeze
from expressivity.layers.feed_forward import FeedForward


def disturb(model, seed=0):
    """Gates that depend on the token."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".u" in name:
                parameter += torch.randn(parameter.shape, generator=generator)
    return model


def weights(model):
    return {name: p.detach() for name, p in model.named_parameters()}


def test_freezing_constant_gates_changes_nothing(recipe, corpus):
    chosen = recipe()
    found = analyse(chosen, weights(Transformer(chosen.model)), corpus)
    assert found.frozen == pytest.approx(0, abs=1e-6)
    assert set(found.frozen_layer) == {"blocks.0.feed_forward", "blocks.1.feed_forward"}
    sides = found.layers["blocks.0.feed_forward"]
    assert [side.variance for side in sides] == pytest.approx([0, 0], abs=1e-12)


def test_freezing_gates_that_vary_changes_the_loss(recipe, corpus):
    chosen = recipe()
    found = analyse(chosen, weights(disturb(Transformer(chosen.model))), corpus)
    assert abs(found.frozen) > 1e-3
    assert found.layers["blocks.1.feed_forward"][1].variance > 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_a_frozen_layer_has_the_constants_it_was_given(recipe, corpus, form):
    chosen = recipe()
    chosen = replace(chosen, model=replace(chosen.model, feed_forward=Mixing(form=form).family(16)))
    model = disturb(Transformer(chosen.model))
    _, tokens = corpus.tokens()
    means = {
        name: [c.mean(0) for c in sides] for name, sides in observe(chosen, model, tokens).items()
    }
    frozen = freeze(model, means)
    seen = observe(chosen, frozen, tokens)
    for name, sides in means.items():
        for constant, c in zip(sides, seen[name], strict=True):
            torch.testing.assert_close(c, constant.expand_as(c))
    layer = frozen.get_submodule("blocks.0.feed_forward")
    assert isinstance(layer, FeedForward)
    assert layer.family.kind is Kind.LA
    assert isinstance(model.get_submodule("blocks.0.feed_forward"), FeedForward)
    assert model.get_submodule("blocks.0.feed_forward").family.kind is Kind.MOA


def test_every_token_is_observed_once(recipe, corpus):
    chosen = recipe()
    _, tokens = corpus.tokens()
    found = observe(chosen, Transformer(chosen.model), tokens)
    assert {len(c) for sides in found.values() for c in sides} == {8 * 16}


def test_experts_are_observed_on_their_own_tokens(recipe, corpus):
    chosen = recipe(experts=Experts(count=3, chosen=2))
    _, tokens = corpus.tokens()
    found = observe(chosen, Transformer(chosen.model), tokens)
    each = [len(sides[0]) for name, sides in found.items() if name.startswith("blocks.0.")]
    assert sum(each) == 2 * 8 * 16
