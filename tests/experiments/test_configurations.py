"""What the experiments of fits ask for, at every tier.

Kinds: reference (programs of the smallest tier, written out), metamorphic (two calls give the same
configuration), property (every unit once, enough seeds), negative (controls stand beside claims).
"""

import dataclasses
import json
from collections import defaultdict

import pytest

from experiments.experiment import EXPERIMENTS, FITTED, Tier, of_tier
from experiments.gates import SPECS
from experiments.reading import SEEDS
from expressivity.classes.kinds import Kind
from expressivity.classes.structure import Structure
from expressivity.separation.unit import FitUnit

NAMES = (
    "width_sweep",
    "lambda_sweep",
    "dimension",
    "gates",
    "dictionary",
    "matched",
    "restarts",
    "noise",
)
every_experiment = pytest.mark.parametrize("name", NAMES)
every_tier = pytest.mark.parametrize("tier", FITTED)


def units_of(name: str, tier: Tier) -> tuple[FitUnit, ...]:
    units = EXPERIMENTS[name](tier).units
    assert all(isinstance(unit, FitUnit) for unit in units)
    return units


@every_tier
@every_experiment
def test_every_unit_is_asked_for_once_and_by_the_same_name_each_time(name, tier):
    experiment = EXPERIMENTS[name](tier)
    keys = [unit.key for unit in experiment.units]
    assert keys
    assert len(set(keys)) == len(keys)
    assert EXPERIMENTS[name](tier).configuration == experiment.configuration
    assert json.loads(json.dumps(experiment.configuration)) == experiment.configuration


@every_experiment
def test_an_experiment_is_frozen_and_says_what_it_is(name):
    experiment = EXPERIMENTS[name](Tier.SMOKE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        experiment.units = ()
    assert experiment.name == name
    assert "about" in experiment.cost
    assert min(map(len, (experiment.title, experiment.claim, experiment.falsified_by))) > 20


@every_tier
@every_experiment
def test_every_class_is_fitted_with_enough_seeds(name, tier):
    seeds: dict[str, set[int]] = defaultdict(set)
    for unit in units_of(name, tier):
        settings = unit.settings
        same = dataclasses.replace(unit, settings=dataclasses.replace(settings, seed=0))
        seeds[same.key] |= set(range(settings.seed, settings.seed + settings.seeds))
    assert min(map(len, seeds.values())) >= SEEDS == 5


@every_tier
@every_experiment
def test_only_the_tier_for_accelerators_asks_for_one(name, tier):
    devices = {unit.settings.device for unit in units_of(name, tier)}
    assert devices == {"cuda" if tier is Tier.GPU else "cpu"}


@every_experiment
def test_larger_tiers_ask_for_more(name):
    lanes = [sum(unit.parts for unit in units_of(name, tier)) for tier in FITTED]
    assert lanes == sorted(lanes)
    assert lanes[0] < lanes[1] < lanes[2]


@every_experiment
def test_the_smallest_tier_compiles_nothing_that_the_default_ladder_does_not(name):
    allowed = {("type1", None), ("type1", "tanh"), ("one_sided", None)}
    if name == "gates":
        allowed |= {("type1", "sigmoid"), ("type1", "softmax")}
    for unit in units_of(name, Tier.SMOKE):
        structure = Structure.of(unit.family, shared=True)
        assert (structure.neuron, structure.gate) in allowed
        assert len(structure.basis) == 7
        assert unit.family.kind is not Kind.MOA or unit.family.width == 1
        assert unit.settings.loss == "l2"


CONTROLS = {
    "width_sweep": ("t1", Kind.LA),
    "lambda_sweep": ("t2", Kind.MOA),
    "dimension": ("t1 d=2", Kind.LA),
    "gates": ("relu", Kind.MOA),
    "dictionary": ("t2", Kind.FIXED),
    "matched": ("ridges", Kind.LA),
    "restarts": ("t1", Kind.LA),
    "noise": ("t1", Kind.LA),
}


@every_tier
@every_experiment
def test_controls_stand_beside_the_claims(name, tier):
    present = {(unit.target.name, unit.family.kind) for unit in units_of(name, tier)}
    assert CONTROLS[name] in present


def test_every_switch_of_every_gate_is_fitted():
    assert len(SPECS) == len(set(SPECS)) == 12
    for tier in FITTED:
        assert {unit.family.gate for unit in units_of("gates", tier)} == set(SPECS)


def test_the_width_sweep_has_every_class_at_every_width_and_the_h1_variant():
    units = units_of("width_sweep", Tier.CPU)
    for target, forms in (("t1", 9), ("t2", 9), ("t4", 9), ("t5", 2)):
        for width in (1, 2, 4, 8, 16, 32):
            classes = [
                unit
                for unit in units
                if (unit.target.name, unit.target.form) == (target, unit.family.neuron)
                and unit.family.width == width
                and unit.settings.loss == "l2"
            ]
            assert len(classes) == forms
    gradient = {(u.target.name, u.family.kind) for u in units if u.settings.loss == "h1"}
    assert gradient == {("t1", Kind.FIXED), ("t2", Kind.LA)}


@pytest.mark.parametrize("tier", Tier)
def test_every_tier_has_experiments_and_makes_those_alone(tier):
    found = {experiment.name for experiment in of_tier(tier)}
    assert ("atlas" in found) is (tier in (Tier.SMOKE, Tier.ATLAS))
    assert ("hierarchy" in found) is (tier in FITTED)
    assert {experiment.tier for experiment in of_tier(tier, ["atlas"])} <= {tier}
