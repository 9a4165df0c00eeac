"""What experiments and figures read from a run of fits, and the units they are made of.

A *reading* is one stored fit. Errors are those of the best restart of each seed; medians and
intervals are over seeds. A *curve* is what remains of the readings of one class on one target
when a number, such as the width, varies.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.experiment import Tier
from experiments.statistics import Interval, median_interval
from expressivity.bounds import Bound
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS, Neuron
from expressivity.evidence import Verdict
from expressivity.fitting.state import Status
from expressivity.runs.folder import Run, read_lanes
from expressivity.separation.asked import Request
from expressivity.separation.result import Result, result_of
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, units_of
from expressivity.targets.target import Target

TANH = GateSpec(name="tanh")
SEEDS = 5
"""Seeds of every experiment; the accelerator's tier takes more."""


def device(tier: Tier) -> str:
    """Where the fits of a tier run."""
    return "cuda" if tier is Tier.GPU else "cpu"


def fits(
    targets: Iterable[Target],
    kinds: Sequence[Kind],
    widths: Sequence[int],
    settings: Settings,
    *,
    gate: GateSpec = TANH,
    dictionary: tuple[str, ...] | None = None,
    form: str | None = None,
) -> tuple[FitUnit, ...]:
    """A unit for every target, kind and width; fixed gives one for every activation.

    Kinds that a target's form lacks are left out. A search starts from the narrower networks.
    """
    request = Request(
        kinds=tuple(kinds), form=form, widths=tuple(widths), dictionary=dictionary, gate=gate
    )
    return tuple(
        unit for target in targets for unit in units_of(target, request.families(target), settings)
    )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One stored fit.

    Attributes:
        key: of its unit.
        folder: the run it is from.
        result: what was measured, bounded and decided.
        settings: how it was fitted, as JSON.
        seconds: what it took.
    """

    key: str
    folder: Path
    result: Result
    settings: dict[str, Any]
    seconds: float

    @property
    def kind(self) -> Kind:
        """The class's kind."""
        return self.result.kind

    @property
    def record(self) -> Neuron:
        """What its neurons are."""
        return NEURONS[self.result.form]

    @property
    def target(self) -> str:
        """The target's name."""
        return self.result.target

    @property
    def width(self) -> int:
        """Number of neurons."""
        return self.result.family.width

    @property
    def label(self) -> str:
        """The class without its width: ``relu``, ``la``, ``moa tanh``."""
        return self.result.family.nonlinearity

    @property
    def loss(self) -> str:
        """The norm that was minimised, ``l2`` or ``h1``."""
        return str(self.settings["loss"])

    def errors(self, norm: str) -> tuple[float | None, ...]:
        """The error of each seed's best restart, None where all of them failed."""
        return tuple(errors[norm] for errors in self.result.seeds)

    def best(self, norm: str) -> float:
        """The least of them, infinite where there is none."""
        return min((e for e in self.errors(norm) if e is not None), default=math.inf)

    def bound(self, norm: str) -> Bound | None:
        """The best lower bound in this norm."""
        return self.result.lower_bound[norm]

    @property
    def below_bound(self) -> int:
        """Errors of seeds below a lower bound in the same norm, each a contradiction."""
        return sum(
            error is not None and error < bound.value
            for norm, bound in self.result.lower_bound.items()
            if bound is not None
            for error in self.errors(norm)
        )

    def fit_errors(self) -> list[float]:
        """Each seed's least error in the norm and on the rule that was minimised."""
        columns = self.lanes()
        # What was given up has not been fitted on that rule.
        errors = [
            math.inf if status == Status.GIVEN_UP or math.isnan(error) else error
            for error, status in zip(columns["fit_error"], columns["status"], strict=True)
        ]
        each = len(errors) // len(self.result.seeds)
        return [min(errors[i : i + each]) for i in range(0, len(errors), each)]

    def lanes(self) -> dict[str, list[Any]]:
        """Columns of all restarts, seed after seed: see ``separation.Lanes``."""
        return read_lanes(self.folder, self.key)


def readings(run: Run) -> tuple[Reading, ...]:
    """Every fit of a run, by target, lambda, class, width and loss."""
    found = [
        Reading(
            key=entry.key,
            folder=run.path,
            result=result_of(entry),
            settings=entry.identity["settings"],
            seconds=entry.seconds,
        )
        for entry in run.entries
        if entry.identity.get("unit") == "fit"
    ]
    return tuple(
        sorted(
            found,
            key=lambda r: (r.target, r.result.lambda_ or 0.0, r.label, r.width, r.loss, r.key),
        )
    )


def over_seeds(found: Iterable[Reading]) -> tuple[Reading, ...]:
    """Readings that differ in nothing but the seed, brought together as the seeds of one.

    Noise and random samples belong to a seed, so such fits are a unit for each; key and lanes
    are those of the first.
    """
    groups: dict[str, list[Reading]] = {}
    for reading in found:
        same = (reading.target, reading.result.family.json(), {**reading.settings, "seed": None})
        groups.setdefault(json.dumps(same, sort_keys=True), []).append(reading)
    return tuple(map(_together, groups.values()))


def _together(group: list[Reading]) -> Reading:
    results = [reading.result for reading in group]
    result = replace(
        results[0],
        restarts=sum(r.restarts for r in results),
        failed_lanes=sum(r.failed_lanes for r in results),
        seeds=[errors for r in results for errors in r.seeds],
    )
    return replace(group[0], result=result, seconds=sum(r.seconds for r in group))


@dataclass(frozen=True, kw_only=True)
class Point:
    """One class at one value of what varies.

    Attributes:
        x: that value.
        median: over seeds, with its interval.
        best: least error seen.
        witness_l2: relative l2 error of the exact witness in floating point, where there is one.
        bound: lower bound in the same norm, or None.
        verdict: whether the target is in the class.
        failed_lanes, lanes: restarts that ended in no number, and all of them.
    """

    x: float
    median: Interval
    best: float
    witness_l2: float | None
    bound: Bound | None
    verdict: Verdict
    failed_lanes: int
    lanes: int


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Errors of one class on one target.

    Attributes:
        target: its name.
        form, kind: of the class.
        label: the class in a word or two.
        norm: of the errors and bounds, ``l2`` or ``sup`` (relative) or ``w1inf``.
        loss: the norm that was minimised.
        points: by growing x.
    """

    target: str
    form: str
    kind: Kind
    label: str
    norm: str
    loss: str
    points: tuple[Point, ...]


def curves(
    found: Iterable[Reading],
    norm: str,
    *,
    along: Callable[[Reading], float],
    label: Callable[[Reading], str] = lambda reading: reading.label,
    target: Callable[[Reading], str] = lambda reading: reading.target,
) -> tuple[Curve, ...]:
    """Readings as curves, one for each target, form, label and loss.

    Args:
        found: the readings.
        norm: ``l2``, ``sup`` or ``w1inf``.
        along: what varies along a curve.
        label: of a curve; with ``target`` and ``along`` it tells any two readings apart.
        target: what a curve says its target is.
    """
    groups: dict[tuple[str, str, str, str], list[Reading]] = {}
    for reading in found:
        group = (target(reading), reading.result.form, label(reading), reading.loss)
        groups.setdefault(group, []).append(reading)
    return tuple(
        Curve(
            target=name,
            form=form,
            kind=group[0].kind,
            label=words,
            norm=norm,
            loss=loss,
            points=tuple(point(r, norm, along(r)) for r in sorted(group, key=along)),
        )
        for (name, form, words, loss), group in groups.items()
    )


def point(reading: Reading, norm: str, x: float) -> Point:
    """One reading as a point of a curve."""
    return Point(
        x=x,
        median=median_interval(reading.errors(norm)),
        best=reading.best(norm),
        witness_l2=reading.result.witness_l2,
        bound=reading.bound(norm),
        verdict=reading.result.membership.verdict,
        failed_lanes=reading.result.failed_lanes,
        lanes=reading.result.restarts,
    )


def health(run: Run) -> dict[str, float]:
    """Headlines of every experiment of fits; all of them should be 0."""
    found = readings(run)
    return {
        "failed or damaged units": float(len(run.failures) + len(run.damaged)),
        "failed restarts": float(sum(r.result.failed_lanes for r in found)),
        "errors below a bound": float(sum(r.below_bound for r in found)),
    }


def least(values: Iterable[float]) -> float:
    """The smallest, infinite where there is none: what is missing was not reached."""
    return min(values, default=math.inf)


def worst(values: Iterable[float]) -> float:
    """The largest, infinite where there is none."""
    return max(values, default=math.inf)
