"""Tests of initial condensation.

Kinds: reference (multiplicities, directions from moments), property (at most 2p maxima),
metamorphic (a lane alone), negative (untrained networks, clusters beyond the bound), end to end.
"""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from experiments.condensation import (
    CondensationUnit,
    Descent,
    Layer,
    _samples,
    _start,
    attractors,
    clusters,
)
from experiments.experiment import Tier
from experiments.orientation import LEARNED, MIXTURES, counts, headlines, layers, orientation
from expressivity.runs.folder import Entry, Run

LAYERS = {f"{layer.name} {layer.dimension}": layer for layer in layers(Tier.CPU)}
TANH = LAYERS["tanh 1"]
QUICK = Descent(width=20, seeds=2)


@pytest.mark.parametrize(
    ("name", "multiplicity", "bound"),
    [
        ("tanh 1", 1, 2),
        ("silu 1", 1, 2),
        ("gelu 5", 1, 2),
        ("silu - id/2 1", 2, 4),
        ("tanh - id 1", 3, 6),
        ("silu - c gelu - c' id 1", 4, 8),
        ("relu 1", None, None),
        ("relu2 1", None, None),
        ("la, analytic 1", 1, 2),
        ("moa, analytic 1", 1, 2),
        ("la 1", None, None),
    ],
)
def test_multiplicities(name, multiplicity, bound):
    assert (LAYERS[name].multiplicity, LAYERS[name].bound) == (multiplicity, bound)


def test_the_theorem_is_silent_on_high_multiplicity_in_high_dimension():
    layer = replace(MIXTURES[0], dimension=3)
    assert (layer.multiplicity, layer.bound) == (2, None)


def test_linked_directions_are_one_cluster():
    angles = torch.tensor([0.0, 0.09, 0.18, 1.0, math.pi, -math.pi + 0.05], dtype=torch.float64)
    directions = torch.stack([angles.cos(), angles.sin()], 1)
    assert clusters(directions) == 3
    assert clusters(directions[:0]) == 0


@pytest.mark.parametrize("sample", range(5))
def test_a_slope_at_0_attracts_to_the_first_moment_and_its_opposite(sample):
    unit = CondensationUnit(layer=TANH, descent=QUICK, sample=sample)
    samples = _samples(1, 80, sample)
    peaks = attractors(TANH.family(20), _start(unit, 0), samples)
    y_N, x_N = samples.values_NO[:, 0], samples.nodes_ND[:, 0]
    moment = torch.stack([(y_N * x_N).sum(), y_N.sum()])
    along = peaks @ (moment / moment.norm())
    assert sorted(along.sign().tolist()) == [-1, 1]
    assert along.abs().min() > math.cos(0.02)


@pytest.mark.parametrize("layer", MIXTURES, ids=lambda layer: layer.name)
def test_forms_have_at_most_twice_their_degree_of_maxima(layer):
    found = [
        attractors(layer.family(4), _start(unit, 0), _samples(1, 80, sample)).shape[0]
        for sample in range(20)
        for unit in [CondensationUnit(layer=layer, descent=Descent(width=4), sample=sample)]
    ]
    assert max(found) <= layer.bound
    assert max(found) > 2  # multiplicity 1 would not do


def test_tanh_condenses_to_two_directions():
    unit = CondensationUnit(layer=TANH, descent=QUICK, sample=1)
    outcome = unit.run()
    for seed in outcome.record["seeds"]:
        assert seed["clusters_before"] > 6
        assert (seed["clusters"], seed["attractors"], seed["visited"]) == (2, 2, 2)
        assert seed["interaction"] < 0.2
        assert seed["drift"] < 0.3
    assert len(outcome.lanes["angle_after"]) == 2 * 20
    assert outcome.record == unit.run().record


def test_untrained_directions_are_scattered():
    unit = CondensationUnit(layer=TANH, descent=replace(QUICK, steps=1), sample=0)
    for seed in unit.run().record["seeds"]:
        assert (seed["clusters"], seed["grown"]) == (0, 0.0)  # none has grown: none counts
        assert seed["clusters_before"] > 6


def test_a_start_is_the_same_alone_and_among_others():
    alone = CondensationUnit(layer=TANH, descent=replace(QUICK, seeds=1, steps=50), sample=0).run()
    among = CondensationUnit(layer=TANH, descent=replace(QUICK, seeds=3, steps=50), sample=0).run()
    assert alone.lanes["angle_after"] == among.lanes["angle_after"][:20]


def test_every_number_of_a_unit_is_in_its_key():
    unit = CondensationUnit(layer=TANH, descent=QUICK, sample=0)
    others = (
        replace(unit, sample=1),
        replace(unit, descent=replace(QUICK, length=0.01)),
        *(replace(unit, layer=layer) for layer in (*MIXTURES, *LEARNED)),
    )
    assert len({unit.key, *(other.key for other in others)}) == 3 + len(MIXTURES) + len(LEARNED)


def entry(layer: Layer, clusters: list[int]) -> Entry:
    seed = {
        "seed": 0,
        "clusters_before": 20,
        "attractors": 2,
        "visited": 2,
        "aligned": 1.0,
        "grown": 1.0,
        "idle": 0.0,
        "interaction": 0.0,
        "drift": 0.0,
        "steps": 1,
    }
    return Entry(
        key=layer.name,
        identity={"unit": "condensation", "layer": layer.json()},
        record={
            "multiplicity": layer.multiplicity,
            "bound": layer.bound,
            "seeds": [{**seed, "clusters": count} for count in clusters],
        },
        seconds=0.0,
    )


def test_clusters_beyond_the_bound_are_counted():
    entries = (entry(TANH, [2, 3, 2]), entry(LAYERS["relu 1"], [9, 9, 9]))
    run = Run(path=Path(), manifest={}, entries=entries, damaged=(), failures=())
    tanh, relu = counts(run)
    assert (tanh.above, relu.above) == (1, 0)
    assert (tanh.clusters.value, relu.clusters.value) == (2, 9)
    numbers = headlines(run)
    assert numbers["networks with more clusters than twice the multiplicity"] == 1
    assert numbers["networks with a bound"] == 3
    assert numbers["networks with as many clusters as attractors"] == 2


def test_tiers_grow():
    assert 0 < len(orientation(Tier.SMOKE).units) < len(orientation(Tier.CPU).units)
