"""Optimizers: property (schedules, groups), reference (which parameter is what)."""

from itertools import pairwise

import pytest

from experiments.pretraining.model import Transformer
from experiments.pretraining.moe import Experts
from experiments.pretraining.optimizers import (
    Role,
    build_optimizers,
    roles,
    schedule_factor,
    set_rate,
)
from experiments.pretraining.recipes import Optimizer, Schedule, TrainingConfig


def factors(schedule, **changes):
    config = TrainingConfig(steps=100, batch=1, rate=1.0, schedule=schedule, **changes)
    return [schedule_factor(config, step) for step in range(100)]


@pytest.mark.parametrize("schedule", Schedule)
def test_rates_rise_through_the_warmup_and_never_after(schedule):
    found = factors(schedule)
    assert found[:10] == pytest.approx([0.1 * n for n in range(1, 11)])
    assert all(later <= earlier for earlier, later in pairwise(found[9:]))
    assert found[-1] == pytest.approx(0.1)
    assert max(found) == 1.0


def test_wsd_is_stable_and_then_falls_on_a_line():
    found = factors(Schedule.WSD, final=0.0, decay=0.2)
    assert found[10:80] == [1.0] * 70
    assert found[79:] == pytest.approx([1 - n / 20 for n in range(21)])


@pytest.mark.parametrize("schedule", Schedule)
def test_no_warmup_begins_at_the_top(schedule):
    assert factors(schedule, warmup=0.0)[0] == pytest.approx(1.0, abs=1e-3)


def test_every_parameter_has_one_role(recipe):
    found = roles(Transformer(recipe(experts=Experts(count=2)).model))
    expert = "blocks.0.feed_forward.experts.1"
    expected = {
        "embedding.weight": Role.TABLE,
        "blocks.0.feed_forward.router.weight": Role.TABLE,
        "blocks.0.attention.qkv.weight": Role.MATRIX,
        f"{expert}.w.weight": Role.MATRIX,
        f"{expert}.a.weight": Role.MATRIX,
        f"{expert}.u1.weight": Role.GATE,
        f"{expert}.u0.bias": Role.GATE,
        f"{expert}.scale0": Role.SCALE,
        "norm.weight": Role.VECTOR,
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("optimizer", Optimizer)
def test_every_parameter_is_in_one_group(recipe, optimizer):
    model = Transformer(recipe().model)
    config = recipe(optimizer=optimizer, gate_rate=3.0, gate_decay=0.5).training
    optimizers = build_optimizers(model, config)
    members = [p for o in optimizers for g in o.param_groups for p in g["params"]]
    assert len(members) == len(set(members)) == len(list(model.parameters()))
    set_rate(optimizers, 0.25)
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = {names[p]: g for o in optimizers for g in o.param_groups for p in g["params"]}
    found = {
        name: (groups[full]["lr"], groups[full]["weight_decay"])
        for name in ("u0.weight", "u1.bias", "scale0", "w.weight")
        for full in [f"blocks.0.feed_forward.{name}"]
    }
    assert found == {
        "u0.weight": (0.75, 0.5),
        "u1.bias": (0.75, 0.5),
        "scale0": (0.25, 0.0),
        "w.weight": (0.25, 0.1),
    }
    assert groups["norm.weight"]["weight_decay"] == 0.0


def test_muon_takes_matrices_and_nothing_else(recipe):
    model = Transformer(recipe().model)
    muon, _ = build_optimizers(model, recipe(optimizer=Optimizer.MUON).training)
    members = {p for group in muon.param_groups for p in group["params"]}
    found = {name for name, parameter in model.named_parameters() if parameter in members}
    assert found == {name for name, role in roles(model).items() if role is Role.MATRIX}
