"""How layers start.

Kinds: reference (the variance of the fixed layer), property (gates start uniform), negative
(starts that do not exist).
"""

import pytest
import torch
from small_layers import CASES, every_case, family, inputs
from torch import nn

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers import (
    FeedForward,
    Initialisation,
    Match,
    Mixture,
)

torch.set_num_threads(1)


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
        (family("type1", Kind.LA), {"mixture": "even"}, "a mixture among uniform, reference; got"),
        (family("type1", Kind.LA), {"match": "all"}, "a match among coefficients, output, none"),
    ],
)
def test_starts_that_do_not_exist(described, choices, message):
    with pytest.raises(ValueError, match=message) as caught:
        FeedForward(described, initialisation=Initialisation(**choices))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "choices", [{"mixture": each} for each in Mixture] + [{"match": each} for each in Match]
)
def test_choices_may_be_given_by_name(choices):
    by_name = {name: str(choice) for name, choice in choices.items()}
    starts = []
    for given in (choices, by_name):
        torch.manual_seed(0)
        layer = FeedForward(
            family("two_sided", Kind.MOA, "sigmoid"), initialisation=Initialisation(**given)
        )
        starts.append(torch.cat([p.detach().flatten() for p in layer.parameters()]))
    assert torch.equal(*starts)


def test_a_name_is_no_initialisation():
    with pytest.raises(ValueError, match="required: an Initialisation or None; got 'reference'"):
        FeedForward(family("type1", Kind.LA), initialisation="reference")
