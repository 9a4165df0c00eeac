"""Parameters in groups for an optimiser.

Kinds: property (every trained parameter once, at the rates of the language models), negative.
"""

import pytest
import torch
from blocks_by_hand import Chain, Gated, model_of, to_mixture
from small_layers import family

from experiments.pretraining.recipes import TrainingConfig
from expressivity.classes.kinds import Kind
from expressivity.layers import FeedForward, param_groups, replace_feedforward


def by_name(model):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = {group["name"]: group for group in param_groups(model, 2.0)}
    return {key: [names[id(p)] for p in group["params"]] for key, group in groups.items()}


def test_every_trained_parameter_is_in_one_group():
    model = model_of(Gated(bias=True), Chain())
    replace_feedforward(model, family_of=to_mixture)
    model.layers[0].mlp.feed_forward.v.requires_grad_(False)
    found = by_name(model)
    listed = sorted(name for names in found.values() for name in names)
    assert listed == sorted(n for n, p in model.named_parameters() if p.requires_grad)
    inside = "layers.0.mlp.feed_forward"
    assert f"{inside}.u1.bias" in found["gates"] and f"{inside}.u0.weight" in found["gates"]
    assert set(found["matrices"]) == {
        "embedding.weight", f"{inside}.w.weight", f"{inside}.a.weight",
        "layers.1.mlp.feed_forward.w.weight", "layers.1.mlp.feed_forward.a.weight",
    }  # fmt: skip
    assert {f"{inside}.scale0", f"{inside}.w.bias"} < set(found["others"])


def test_rates_and_decays():
    layer = FeedForward(family("type1", Kind.MOA, "sigmoid"))
    groups = {g["name"]: (g["lr"], g["weight_decay"]) for g in param_groups(layer, 2.0)}
    assert groups == {"gates": (0.6, 0.0), "matrices": (2.0, 0.1), "others": (2.0, 0.0)}
    trained = TrainingConfig(steps=1, batch=1, rate=2.0)
    assert groups["gates"] == (2.0 * trained.gate_rate, trained.gate_decay)
    given = param_groups(layer, 1.0, gate_rate=0.5, gate_decay=0.25, decay=0.0)
    assert (given[0]["lr"], given[0]["weight_decay"], given[1]["weight_decay"]) == (0.5, 0.25, 0.0)


def test_parameters_of_neurons_do_not_decay():
    found = by_name(FeedForward(family("xielu", Kind.FIXED, dictionary=())))
    assert found == {"matrices": ["w.weight", "a.weight"], "others": ["p", "w.bias"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": -1.0}, "rate of at least 0; got -1.0"),
        ({"gate_rate": float("inf")}, "gate_rate of at least 0; got inf"),
        ({"decay": float("nan")}, "decay of at least 0; got nan"),
        ({"model": torch.nn.Linear(2, 2)}, "got Linear without: convert"),
        (
            {"model": FeedForward(family("type1", Kind.LA)).requires_grad_(False)},
            "got a frozen model",
        ),
    ],
)
def test_groups_that_are_refused(change, message):
    given = {"model": FeedForward(family("type1", Kind.LA)), "rate": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        param_groups(given.pop("model"), given.pop("rate"), **given)
