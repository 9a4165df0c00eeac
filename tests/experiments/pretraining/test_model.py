"""The transformer: reference (counts), metamorphic (causality, relative positions, pairing)."""

import math
from dataclasses import replace

import pytest
import torch

from experiments.pretraining.model import ModelConfig, Transformer, angles, rotate
from experiments.pretraining.moe import Experts
from experiments.pretraining.recipes import RECIPES, Mixing, tiny
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers import Mixture
from expressivity.names import UnknownNameError

SLOW = pytest.mark.slow
LARGE = [name for name in RECIPES if name not in ("tiny", "small")]
STATED = {"tiny": 0.8e6, "small": 5e6} | {
    name: float(name.split("-")[1].removesuffix("b")) * 1e9 for name in LARGE
}


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("kind", Kind)
def test_recipes_have_the_size_of_their_name(name, kind):
    config = RECIPES[name](Mixing(kind=kind)).model
    assert config.parameter_count == pytest.approx(STATED[name], rel=0.05)


def test_every_family_of_a_recipe_sees_the_same_text():
    for name in RECIPES:
        assert len({RECIPES[name](Mixing(kind=kind)).tokens for kind in Kind}) == 1


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"choose from tiny, small, dense-0\.12b"):
        RECIPES["huge"]


@pytest.mark.parametrize(
    "name",
    [
        "tiny",
        "dense-1b",
        *(pytest.param(name, marks=SLOW) for name in LARGE if name != "dense-1b"),
    ],
)
def test_a_recipe_on_meta_has_its_count_and_goes_forward(name):
    config = RECIPES[name](Mixing()).model
    model = Transformer(config, device="meta")
    assert sum(parameter.numel() for parameter in model.parameters()) == config.parameter_count
    tokens = torch.zeros(2, config.context, dtype=torch.int64, device="meta")
    loss, balance = model(tokens, tokens)
    assert loss.shape == balance.shape == ()
    assert loss.is_meta


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("experts", [None, Experts(count=3)])
@pytest.mark.parametrize("tied", [True, False])
def test_the_count_is_that_of_the_formula(kind, form, experts, tied):
    config = ModelConfig(
        layers=2,
        heads=2,
        context=8,
        feed_forward=Mixing(kind=kind, form=form).family(12),
        experts=experts,
        tied=tied,
    )
    model = Transformer(config, device="meta")
    assert sum(parameter.numel() for parameter in model.parameters()) == config.parameter_count


def test_matched_arms_have_the_parameters_of_moa_up_to_half_a_neuron_a_layer():
    for kind in (Kind.FIXED, Kind.LA):
        moa, plain, matched = (
            Mixing(kind=k, matched=m).family(128)
            for k, m in ((Kind.MOA, False), (kind, False), (kind, True))
        )
        neuron = 3 * 128
        assert abs(matched.parameter_count - moa.parameter_count) <= neuron / 2
        assert matched.width > plain.width


def test_a_byte_does_not_depend_on_later_ones(recipe):
    model = Transformer(recipe().model)
    tokens = torch.arange(16)[None]
    changed = tokens.clone()
    changed[0, 9] = 200
    before, after = (model.logits(t)[0][0] for t in (tokens, changed))
    assert before[:9].equal(after[:9])
    assert not before[9:].isclose(after[9:]).all(-1).any()


def test_scores_depend_on_distances_alone():
    cos, sin = angles(32, 8)
    q, k = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))

    def score(i, j):
        return rotate(q, cos[i], sin[i]) @ rotate(k, cos[j], sin[j])

    assert score(5, 2).item() == pytest.approx(score(25, 22).item(), abs=1e-5)
    assert score(5, 2).item() != pytest.approx(score(5, 4).item(), abs=1e-2)


def test_families_of_one_seed_begin_with_equal_weights(recipe):
    models = {
        kind: dict(Transformer(recipe(kind).model, seed=3).named_parameters()) for kind in Kind
    }
    fixed = models[Kind.FIXED]
    for kind in (Kind.LA, Kind.MOA):
        for name in ("embedding.weight", "blocks.1.attention.qkv.weight"):
            assert models[kind][name].equal(fixed[name])
        for letter in "wv":
            name = f"blocks.1.feed_forward.{letter}.weight"
            assert models[kind][name].equal(fixed[name])
    other = dict(Transformer(recipe(Kind.FIXED).model, seed=4).named_parameters())
    assert not other["blocks.0.attention.qkv.weight"].equal(fixed["blocks.0.attention.qkv.weight"])


@pytest.mark.parametrize("gate", ["sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("form", FORMS)
def test_every_family_begins_with_the_function_of_the_fixed_one(form, gate):
    tokens = torch.arange(24)[None]

    def logits(kind):
        config = tiny(Mixing(kind=kind, form=form, gate=GateSpec(name=gate))).model
        return Transformer(config, seed=3).logits(tokens)[0]

    fixed = logits(Kind.FIXED)
    for kind in (Kind.LA, Kind.MOA):
        torch.testing.assert_close(logits(kind), fixed, rtol=0, atol=1e-5)


def test_without_the_fixed_activation_mixtures_begin_uniform():
    start = Mixing(dictionary=("relu", "id")).start
    assert start.mixture is Mixture.UNIFORM
    assert Mixing(gate=GateSpec(name="sigmoid", scale=False)).start == start
    assert Mixing(dictionary=("silu",), form="type1").start.mixture is Mixture.REFERENCE


def test_building_a_model_leaves_the_global_random_numbers_alone(recipe):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    Transformer(recipe().model)
    assert torch.rand(1).equal(expected)


def test_the_first_loss_is_near_that_of_guessing(recipe):
    tokens = torch.arange(64).view(4, 16)
    for kind in Kind:
        loss, _ = Transformer(recipe(kind).model)(tokens, tokens + 100)
        assert loss.item() == pytest.approx(math.log(256), abs=1.0)


def test_sizes_that_do_not_fit_are_refused(recipe):
    with pytest.raises(ValueError, match="divisible by twice the heads"):
        replace(recipe().model, heads=3)
    with pytest.raises(ValueError, match="layers of at least 1; got 0"):
        replace(recipe().model, layers=0)
