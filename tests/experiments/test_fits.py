"""Very small fits, run, stored and read as an experiment's are.

Kinds: soundness (no fit below a bound), reference (t1 is LA and not relu2; docs/theory.md, T1, B1),
metamorphic (a class read twice is the same). Uncompiled, to spare the compiler.
"""

import dataclasses

import pytest
import torch

from experiments import noise, restarts, width_sweep
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import fits, health, readings
from experiments.running import run_experiment
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t2

torch.set_num_threads(1)


def part_of(name: str, chosen: set[tuple[str, Kind, str | None]], **changes: int) -> Experiment:
    """An experiment's units of some classes of width 1 on t1, with other settings."""
    experiment = EXPERIMENTS[name](Tier.SMOKE)
    units: list[FitUnit] = []
    for unit in experiment.units:
        assert isinstance(unit, FitUnit)
        key = (unit.target.name, unit.family.kind, unit.family.activation)
        if key in chosen and unit.family.width == 1:
            settings = dataclasses.replace(unit.settings, candidates=1, **changes)
            units.append(dataclasses.replace(unit, settings=settings))
    return dataclasses.replace(experiment, units=tuple(units))


LA, RELU2, RELU = ("t1", Kind.LA, None), ("t1", Kind.FIXED, "relu2"), ("t1", Kind.FIXED, "relu")


def test_t1_is_reached_by_la_and_no_fixed_network_beats_its_bound(tmp_path):
    experiment = part_of("width_sweep", {LA, RELU2, RELU}, restarts=4, generations=0)
    run = run_experiment(experiment, tmp_path / "run", quiet=True)
    assert set(health(run).values()) == {0.0}
    found = experiment.headlines(run)
    assert found["controls, LA of width 1: worst best l2"] < 1e-10
    assert found["C1 activations on t1: least w1inf"] >= 0.5
    points = {
        (curve.label, curve.norm): curve.points[0]
        for norm in ("l2", "w1inf")
        for curve in width_sweep.curves(run, norm)
    }
    assert points["la", "l2"].bound is None
    assert points["la", "l2"].witness_l2 < 1e-15
    assert points["relu2", "w1inf"].bound.value == pytest.approx(0.5, abs=1e-12)
    assert points["relu", "w1inf"].bound.value == pytest.approx(0.75, abs=1e-12)
    for point in points.values():
        assert point.median.count == 5
        assert point.median.low <= point.median.value <= point.median.high
        assert point.bound is None or point.best >= point.bound.value
        assert point.lanes == 20
    assert points["relu", "l2"].verdict is Verdict.NON_MEMBER
    again = run_experiment(experiment, tmp_path / "run", quiet=True)
    assert width_sweep.curves(again, "l2") == width_sweep.curves(run, "l2")


@pytest.mark.slow
def test_wider_networks_are_at_least_as_good(tmp_path):
    settings = Settings(restarts=4, candidates=1, generations=1, seeds=2, loss="h1")
    experiment = dataclasses.replace(
        EXPERIMENTS["width_sweep"](Tier.SMOKE),
        units=fits([t2()], [Kind.LA], [1, 2], settings, dictionary=("relu", "tanh")),
    )
    assert [unit.narrower for unit in experiment.units] == [(), (1,)]
    run = run_experiment(experiment, tmp_path / "run", quiet=True)
    assert experiment.headlines(run)["curves that rise"] == 0
    assert all(0 < error < 1 for found in readings(run) for error in found.fit_errors())


def test_restarts_are_read_one_by_one(tmp_path):
    experiment = part_of("restarts", {LA, RELU2}, restarts=4)
    run = run_experiment(experiment, tmp_path / "run", quiet=True)
    la, relu2 = restarts.distributions(run)
    assert (la.label, relu2.label) == ("la", "relu2")
    assert len(la.errors) == len(relu2.errors) == 20
    assert la.minima[0].l2 < 1e-10
    assert la.success > 0
    assert relu2.minima[0].l2 == pytest.approx(0.030751, abs=1e-5)


def test_noise_is_fitted_and_not_counted_as_the_target(tmp_path):
    experiment = part_of("noise", {LA}, restarts=2)
    run = run_experiment(experiment, tmp_path / "run", quiet=True)
    clean, noisy = sorted(noise.cells(run), key=lambda cell: cell.size)
    assert clean.held_out.value < 1e-6
    # A network of width 1 absorbs little of the noise of 256 samples.
    assert 0.08 < noisy.training.value < 0.11
    assert 1e-4 < noisy.held_out.value < noisy.training.value
