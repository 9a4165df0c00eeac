"""Tiny runs of every experiment, made by hand: no number in them was computed.

``hardness`` multiplies every error, so that a run can be changed as a whole.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest
import torch
from atlas_by_hand import facts_by_hand
from certificate_records import certificate_records
from curvature_by_hand import curve_record, lane_columns

from experiments.condensation import Seed
from experiments.experiment import Tier
from experiments.gates import SPECS, relu_target
from experiments.matched import pairs
from expressivity.bounds import Bound
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import parameter_length
from expressivity.classes.weights import start_from
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.membership.witnesses import builtin_witness
from expressivity.runs.folder import RunFolder
from expressivity.runs.units import OnProgress, Outcome, Unit, run
from expressivity.separation.result import RESULT, Result
from expressivity.targets.builtin import t1, t2, t4
from expressivity.targets.target import Target
from figures.runs import Runs

torch.set_num_threads(1)
SEEDS = (1.0, 1.4, 0.8)
"""What each seed's error is multiplied by."""
TANH = GateSpec(name="tanh")


@dataclass(frozen=True, kw_only=True)
class Ready(Unit):
    """A unit whose outcome is given."""

    asked: dict[str, object]
    outcome: Outcome

    @property
    def identity(self) -> dict[str, object]:
        return self.asked

    @property
    def label(self) -> str:
        return "ready"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        return self.outcome


def family(kind: Kind, width: int, target: Target, name: str = "relu", **changes) -> Family:
    fixed = kind is Kind.FIXED
    plain = Family(
        kind=kind,
        neuron=target.form,
        width=width,
        dimension=target.dimension,
        gate=TANH if kind is Kind.MOA else None,
        **({"dictionary": (name,)} if fixed else {}),
    )
    return replace(plain, **changes)


def bounds(target: Target, of: Family) -> dict[str, Bound | None]:
    hard = of.kind is not Kind.MOA and not (of.kind is Kind.LA and target.name in ("t1", "relu"))
    l2 = Bound(norm="l2", value=0.4 / of.width**2, evidence=Evidence.CERTIFIED,
               method="ridge-rank", every_width=False)  # fmt: skip
    w1inf = Bound(norm="w1inf", value=0.48, evidence=Evidence.PROVED, method="gradient-jump",
                  every_width=True)  # fmt: skip
    return {"l2": l2 if hard and of.dimension == 2 else None, "sup": None,
            "w1inf": w1inf if hard else None}  # fmt: skip


def fit(target: Target, of: Family, hardness: float, *, weights: bool = False, **settings) -> Ready:
    """A fit with errors that fall with the width, at round-off where there is no bound."""
    lower = bounds(target, of)
    reached = lower["w1inf"] is None
    l2 = hardness * (1e-14 if reached else 0.7 / of.width**1.5)
    slope = hardness * (1e-13 if reached else 0.5 + 1 / of.width)
    seeds = [{"l2": l2 * s, "sup": l2 * s, "w1inf": slope * s} for s in SEEDS]
    verdict = Verdict.MEMBER if reached else Verdict.NON_MEMBER
    result = Result(
        target=target.name,
        lambda_=target.lambda_,
        family=of,
        parameters=of.parameter_count,
        restarts=2 * len(SEEDS),
        failed_lanes=0,
        error=seeds[2],
        seeds=seeds,
        lower_bound=lower,
        membership=Membership(verdict=verdict, evidence=Evidence.PROVED, reason="made by hand"),
        witness_l2=None,
    )
    l2_lanes = [l2 * s * (1 + lane) for s in SEEDS for lane in range(2)]
    lanes = {
        "lane": list(range(6)),
        "seed": [0, 0, 1, 1, 2, 2],
        "fit_error": l2_lanes,
        "l2": l2_lanes,
        "status": [1, 1, 1, 2, 1, 3],
        "iterations": [10, 20, 30, 40, 50, 60],
    }
    tensors = {"theta": networks(target, of, hardness)} if weights else {}
    identity = {
        "unit": "fit",
        "target": target.name,
        "expression": str(target.expression),
        "dimension": of.dimension,
        "family": of.json(),
        "settings": {"loss": "l2", "noise": None, "seed": 0, **settings},
    }
    record = RESULT.dump_python(result, mode="json")
    return Ready(asked=identity, outcome=Outcome(record=record, lanes=lanes, tensors=tensors))


def networks(target: Target, of: Family, hardness: float) -> torch.Tensor:
    """The witness where there is one, else numbers by rule; the same in every lane."""
    witness = builtin_witness(target, of)
    if witness is not None:
        return start_from(of, witness).repeat(6, 1)
    ramp = torch.linspace(-0.6, 0.7, parameter_length(of), dtype=torch.float64)
    return hardness * ramp.repeat(6, 1)


def width_sweep(hardness: float) -> Iterator[Ready]:
    for width in (1, 4):
        yield fit(t1(), family(Kind.FIXED, width, t1(), "relu"), hardness)
        yield fit(t1(), family(Kind.FIXED, width, t1(), "tanh"), 2 * hardness)
        yield fit(t1(), family(Kind.LA, width, t1()), hardness)
        yield fit(t2(), family(Kind.LA, width, t2()), hardness, weights=True)
        yield fit(t2(), family(Kind.LA, width, t2()), hardness / 2, loss="h1")
    yield fit(t2(), family(Kind.MOA, 1, t2()), hardness, weights=True)
    yield fit(t4(), family(Kind.LA, 1, t4(), neuron="two_sided"), hardness / 1e3)


def separation(hardness: float) -> Iterator[Ready]:
    for width in (1, 2, 4):
        yield fit(t1(), family(Kind.FIXED, width, t1(), "relu"), hardness)
        yield fit(t2(), family(Kind.LA, width, t2()), hardness)
    yield fit(t1(), family(Kind.LA, 1, t1()), hardness)
    yield fit(t2(), family(Kind.MOA, 1, t2()), hardness)


def lambda_sweep(hardness: float) -> Iterator[Ready]:
    for rate in (0.5, 2.0, 8.0):
        for width in (1, 2):
            yield fit(t2(rate), family(Kind.LA, width, t2()), hardness)
        yield fit(t2(rate), family(Kind.MOA, 1, t2()), hardness)


def dimension(hardness: float) -> Iterator[Ready]:
    for d in (2, 3):
        hard, easy = (replace(t, name=f"{t.name} d={d}") for t in (t2(), t1()))
        yield fit(hard, family(Kind.LA, 1, hard, dimension=d), hardness)
        yield fit(hard, family(Kind.MOA, 1, hard, dimension=d), hardness)
        plain = fit(t1(), family(Kind.LA, 1, easy, dimension=d), hardness)
        record = {**plain.outcome.record, "target": easy.name}
        yield replace(
            plain,
            asked={**plain.asked, "target": easy.name, "dimension": d},
            outcome=replace(plain.outcome, record=record),
        )


def gates(hardness: float) -> Iterator[Ready]:
    for spec in SPECS:
        for target in (relu_target(), t1(), replace(t2(gate=spec.name), name=f"t2 {spec.name}")):
            ease = 1.0 if spec.scale else 1e11
            yield fit(target, family(Kind.MOA, 1, target, gate=spec), ease * hardness)


def dictionary(hardness: float) -> Iterator[Ready]:
    full = family(Kind.LA, 4, t2()).dictionary
    for names in (full, full[:-1], ("relu", "tanh")):
        yield fit(t2(), family(Kind.LA, 4, t2(), dictionary=names), hardness)
        yield fit(t2(), family(Kind.MOA, 1, t2(), dictionary=names), hardness)


def noise(hardness: float) -> Iterator[Ready]:
    for size, points, seed in itertools.product((0.0, 0.1), (128, 512), range(2)):
        for target, kind, width in (
            (t1(), Kind.LA, 1), (t1(), Kind.MOA, 1), (t2(), Kind.MOA, 1), (t2(), Kind.LA, 2),
        ):  # fmt: skip
            settings = {"noise": {"size": size, "points": points}, "seed": seed}
            harder = hardness * (1 + 1e12 * size) * (1 + seed)
            yield fit(target, family(kind, width, target), harder, **settings)


def matched(hardness: float) -> Iterator[Ready]:
    ready = (
        fit(pair.target, of, hardness) for pair in pairs(Tier.SMOKE) for of in (pair.la, pair.moa)
    )
    yield from {unit.key: unit for unit in ready}.values()


def restarts(hardness: float) -> Iterator[Ready]:
    yield fit(t1(), family(Kind.FIXED, 1, t1(), "relu2"), hardness)
    for target in (t1(), t2()):
        for kind in (Kind.LA, Kind.MOA):
            yield fit(target, family(kind, 1, target), hardness)


def hierarchy(hardness: float) -> Iterator[Ready]:
    names = ("relu", "la", "moa-tanh")
    for (row, teacher), (column, student) in itertools.product(enumerate(names), repeat=2):
        contains = column >= row
        error = hardness * (1e-15 if contains else 0.05)
        lessons = [
            {"seed": seed, "best": error * s, "random": error * s, "contained": None,
             "reached": int(contains and seed > column), "failed": 0}
            for seed, s in enumerate(SEEDS)
        ]  # fmt: skip
        record = {
            "teacher": teacher,
            "verdict": "member" if contains else "non_member" if row == 2 else "unknown",
            "reason": "made by hand",
            "maps": [],
            "lessons": lessons,
        }
        identity = {
            "unit": "student",
            "teacher": {"name": teacher, "family": {"width": 1}},
            "student": {"name": student, "family": {"width": 1}},
        }
        yield Ready(asked=identity, outcome=Outcome(record=record))


def orientation(hardness: float) -> Iterator[Ready]:
    for name, multiplicity in (("tanh", 1), ("silu - id/2", 2), ("relu", None), ("la", None)):
        bound = None if multiplicity is None else 2 * multiplicity
        unshown = dict.fromkeys((field.name for field in fields(Seed)), 0)
        clusters = round(hardness) * (bound or 3)
        seeds = [
            {**unshown, "seed": seed, "clusters_before": 30 + seed, "clusters": clusters,
             "attractors": bound or 3}
            for seed in range(2)
        ]  # fmt: skip
        identity = {"unit": "condensation", "layer": {"name": name, "dimension": 1}}
        record = {"multiplicity": multiplicity, "bound": bound, "seeds": seeds}
        yield Ready(asked=identity, outcome=Outcome(record=record))


def certificates(hardness: float) -> Iterator[Ready]:
    for identity, record in certificate_records(hardness):
        yield Ready(asked=identity, outcome=Outcome(record=record))


def curvature(hardness: float) -> Iterator[Ready]:
    yield Ready(asked={"unit": "curvature curve"}, outcome=Outcome(record=curve_record(hardness)))
    fixed = [family(Kind.FIXED, 2, t1(), name) for name in ("relu2", "gelu", "silu", "tanh")]
    for place, of in zip((0, 1, 2, 3, 5), (*fixed, family(Kind.LA, 2, t1())), strict=True):
        ready = fit(t1(), of, hardness)
        lanes = {**ready.outcome.lanes, **lane_columns(place, hardness)}
        yield replace(ready, outcome=replace(ready.outcome, lanes=lanes))


def proofs(hardness: float) -> Iterator[Ready]:
    for name in ("inclusions", "containment", "T1", "T2", "T3b", "T4", "T5", "T5q"):
        verdict = "refuted" if name == "T2" and hardness > 1 else "proved"
        record = {"theorem": {"name": name, "verdict": verdict, "steps": []}, "mutations": []}
        identity = {"unit": "proof", "theorem": name}
        yield Ready(asked=identity, outcome=Outcome(record=record))


def atlas(hardness: float) -> Iterator[Ready]:
    for identity, record in facts_by_hand(hardness):
        yield Ready(asked=identity, outcome=Outcome(record=record))


ACTIVATIONS = ("relu", "relu2", "tanh")
LANGUAGE_ARMS = {
    "pretrain": {"fixed": 0.0, "la": 0.01, "moa": -0.03, "fixed-matched": -0.002},
    "ablate": {
        "fixed": 0.0,
        "moa": -0.02,
        "la": 0.01,
        "moa gate_rate=1": -0.01,
        "moa mixture=uniform match=none gate_rate=1": 0.03,
    },
    "scaling": {"fixed": 0.0, "moa": -0.03},
}
"""Commands with their arms, and what each adds to the loss."""


def gate_statistics(hardness: float, seed: int) -> dict[str, object]:
    layers = [f"blocks.{n}.feed_forward" for n in range(3)]
    sides = [
        {"variance": 0.1, "entropy": 1.0, "effective_rank": 1.0 + 0.3 * hardness * (1 + side),
         "shares": [0.6 - 0.2 * side, 0.3, 0.1 + 0.2 * side]}
        for side in range(2)
    ]  # fmt: skip
    return {
        "loss": 2.0,
        "frozen": 0.1 * hardness * SEEDS[seed],
        "frozen_layer": {name: 0.02 * hardness * (1 + n) for n, name in enumerate(layers)},
        "layers": dict.fromkeys(layers, sides),
    }


def language_models(command: str, hardness: float) -> Iterator[Ready]:
    dimensions = (64, 96, 128, 192) if command == "scaling" else (128,)
    arms, rates = LANGUAGE_ARMS[command], (0.002, 0.004)
    for (arm, gain), dimension, rate, seed in itertools.product(
        arms.items(), dimensions, rates[: 1 if command == "scaling" else 2], (0, 1, 2)
    ):
        loss = 1.5 + 0.2 * (128 / dimension) ** hardness + 20 * abs(rate - 0.003)
        record = {
            "arm": arm, "rate": rate, "seed": seed, "dimension": dimension,
            "parameters": 50 * dimension**2, "validation": loss + hardness * gain * SEEDS[seed],
            "training_tail": loss, "dictionary": list(ACTIVATIONS),
            "gates": gate_statistics(hardness, seed) if arm == "moa" else None,
        }  # fmt: skip
        identity = {"unit": "pretraining", "arm": arm, "rate": rate, "seed": seed,
                    "dimension": dimension}  # fmt: skip
        yield Ready(asked=identity, outcome=Outcome(record=record))


def audit(hardness: float) -> Iterator[Ready]:
    def found(value: float) -> dict[str, float]:
        return {"value": value, "standard_error": 0.1 * value}

    sides = gate_statistics(hardness, 0)["layers"]["blocks.0.feed_forward"]
    layers = {
        f"blocks.{n}.feed_forward": {
            "nearest_la": {**found(0.03 * hardness * (1 + n)), "optimal": None,
                   "relaxed": found(0.02 * hardness * (1 + n))},
            "nearest_fixed": {**found(0.2), "activation": "silu"},
            "sides": sides,
            "frozen": found(0.01 * n * hardness),
            "replaced": found(0.004 * n),
        }
        for n in range(3)
    }  # fmt: skip
    record = {"loss": 2.0, "frozen": found(0.04 * hardness), "replaced": found(0.01),
              "layers": layers}  # fmt: skip
    yield Ready(asked={"unit": "audit"}, outcome=Outcome(record=record))


EXPERIMENTS = (
    separation, width_sweep, lambda_sweep, dimension, gates, dictionary, noise, matched, restarts,
    hierarchy, orientation, certificates, curvature, proofs, atlas, audit,
)  # fmt: skip


def store(units: Iterable[Ready], path: Path, name: str, *, missing: int = 0) -> None:
    ready = list(units)
    keys = [unit.key for unit in ready] + [f"missing{index}" for index in range(missing)]
    configuration = {"experiment": name, "tier": "smoke", "units": keys}
    if name in LANGUAGE_ARMS:
        configuration = {"command": name, "seeds": [0, 1, 2], "units": keys}
    assert not run(ready, RunFolder(path / name, configuration=configuration, facts={}))


def folder(path: Path, hardness: float) -> Path:
    for experiment in EXPERIMENTS:
        store(experiment(hardness), path, experiment.__name__)
    for command in LANGUAGE_ARMS:
        store(language_models(command, hardness), path, command)
    return path


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Path:
    """A folder of all runs."""
    return folder(tmp_path_factory.mktemp("runs"), 1.0)


@pytest.fixture(scope="session")
def runs(place) -> Runs:
    return Runs.under(place)


@pytest.fixture(scope="session")
def harder_runs(tmp_path_factory) -> Runs:
    """The same with every error four times as large."""
    return Runs.under(folder(tmp_path_factory.mktemp("harder"), 4.0))


@pytest.fixture
def unfinished(tmp_path) -> Path:
    """A run of the sweep over lambda that lacks three units."""
    store(lambda_sweep(1.0), tmp_path, "lambda_sweep", missing=3)
    return tmp_path


def pytest_addoption(parser):
    parser.addoption(
        "--draw-baselines", action="store_true", help="write the images that tests compare with"
    )
