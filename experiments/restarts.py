"""What random starts end in: final errors, distinct minima, and the cost of success."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Reading, fits, health, least, readings
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.fitting.state import Status
from expressivity.runs.folder import Run
from expressivity.separation.gaps import REACHED
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t1, t2, t4

SAME_MINIMUM = 1e-3
"""Relative distance of neighbouring final errors from which two minima are distinct."""
NEAR_BEST = 0.01
"""A restart on a target outside its class succeeds within this fraction of the best error."""
CONFIDENCE = 0.95
SETTINGS = {
    Tier.SMOKE: Settings(restarts=8, generations=0, seeds=reading.SEEDS),
    Tier.CPU: Settings(restarts=64, generations=0, seeds=reading.SEEDS),
    Tier.GPU: Settings(restarts=512, generations=0, seeds=10, device="cuda"),
}


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Restarts that ended at the same error, by the rule of :func:`minima`."""

    l2: float
    restarts: int


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """All restarts of one class on one target.

    Attributes:
        target, form, kind, label, width: which.
        verdict: whether the target is in the class.
        errors: relative l2 of each restart, ascending; infinite where it failed.
        minima: distinct ones, best first.
        unfinished: restarts at the limit of iterations.
        success: share of restarts that succeed.
        restarts_needed: for one success with a probability of 95 %; infinite without any.
        iterations: median of all restarts.
    """

    target: str
    form: str
    kind: Kind
    label: str
    width: int
    verdict: Verdict
    errors: tuple[float, ...]
    minima: tuple[Minimum, ...]
    unfinished: int
    success: float
    restarts_needed: float
    iterations: float


def distributions(run: Run) -> tuple[Distribution, ...]:
    """Every fit of a run, restart by restart."""
    return tuple(_distribution(found) for found in readings(run))


def _distribution(found: Reading) -> Distribution:
    lanes = found.lanes()
    errors = [math.inf if math.isnan(error) else float(error) for error in lanes["l2"]]
    verdict = found.result.membership.verdict
    enough = success_threshold(errors, member=verdict is Verdict.MEMBER)
    succeeded = [math.isfinite(error) and error <= enough for error in errors]
    success = sum(succeeded) / len(succeeded)
    return Distribution(
        target=found.target,
        form=found.result.form,
        kind=found.kind,
        label=found.label,
        width=found.width,
        verdict=verdict,
        errors=tuple(sorted(errors)),
        minima=minima(errors),
        unfinished=lanes["status"].count(Status.ITERATION_LIMIT),
        success=success,
        restarts_needed=restarts_needed(success),
        iterations=float(median(lanes["iterations"])),
    )


def success_threshold(errors: Sequence[float], *, member: bool) -> float:
    """The error at which a restart succeeds: the target reached, or near the best otherwise."""
    return REACHED if member else (1 + NEAR_BEST) * min(errors)


def minima(errors: Sequence[float]) -> tuple[Minimum, ...]:
    """Distinct minima: a gap of more than ``SAME_MINIMUM`` between sorted errors separates two.

    All errors up to ``REACHED`` count as one, and an error that is met once as none: with a
    single restart nothing tells a minimum from a fit that was on its way.

    >>> minima([0.5, 0.50001, 0.2, 1e-15, 1e-12])
    (Minimum(l2=1e-15, restarts=2), Minimum(l2=0.5, restarts=2))
    """
    finite = sorted(error for error in errors if math.isfinite(error))
    groups: list[list[float]] = [finite[:1]]
    for before, error in pairwise(finite):
        if error <= REACHED or error <= (1 + SAME_MINIMUM) * before:
            groups[-1].append(error)
        else:
            groups.append([error])
    return tuple(Minimum(l2=g[0], restarts=len(g)) for g in groups if len(g) > 1)


def restarts_needed(success: float) -> float:
    """Restarts for one success with a probability of 95 %, at this probability of each.

    >>> restarts_needed(0.5), restarts_needed(1.0), restarts_needed(0.0)
    (5.0, 1.0, inf)
    """
    if success <= 0:
        return math.inf
    if success >= CONFIDENCE:
        return 1.0
    return float(math.ceil(math.log1p(-CONFIDENCE) / math.log1p(-success)))


def headlines(run: Run) -> dict[str, float]:
    """Share of successes and best error of every class."""
    found = distributions(run)
    named = [(f"{d.label} of width {d.width} on {d.target}", d) for d in found]
    return {
        **health(run),
        **{f"{name}: success rate": d.success for name, d in named},
        **{f"{name}: best l2": least(d.errors) for name, d in named},
    }


def restarts(tier: Tier) -> Experiment:
    """The smallest widths of LA and MoA on t1, t2, t4, with one fixed class on t1."""
    return Experiment(
        name="restarts",
        tier=tier,
        title="Final errors of many random restarts",
        claim="The gaps are no artefact of optimisation: of many restarts of a smaller class none "
        "comes near the target, while the larger class reaches it with a known probability. "
        "Control: LA reaches t1.",
        falsified_by="A restart of a smaller class that reaches the target.",
        cost="smoke: about 6 s, compilation included; cpu: about 37 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=_units(tier),
        headlines=headlines,
    )


def _units(tier: Tier) -> tuple[FitUnit, ...]:
    settings, both = SETTINGS[tier], [Kind.LA, Kind.MOA]
    units = (
        *fits([t1()], [Kind.FIXED], [1], settings, dictionary=("relu2",)),
        *fits([t1(), t2()], both, [1], settings),
        *fits([t4()], [Kind.LA], [1], settings),
    )
    if tier is Tier.SMOKE:
        return units
    return (
        *units,
        *fits([t4()], [Kind.MOA], [1], settings),
        *fits([t2(), t4()], [Kind.LA], [2], settings),
    )


EXPERIMENTS.add("restarts", restarts)
