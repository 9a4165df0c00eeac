"""What a finished stage came to, as JSON, tables and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.decisions import power_to_differ
from experiments.pretraining.evidence import verdicts
from experiments.pretraining.evidence.choices import Design, Losses, choose_schedule, losses_of
from experiments.pretraining.evidence.plan import ARMS, COMPARISONS, DESCRIBED, LEVEL, MARGIN, Plan
from experiments.pretraining.evidence.records import Record
from experiments.pretraining.recipes import Schedule
from experiments.pretraining.tables import Grid, loss


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a stage came to.

    Attributes:
        document: JSON of its own part.
        grids: tables.
        findings: sentences.
    """

    document: Mapping[str, Any]
    grids: Sequence[Grid]
    findings: Sequence[str]


def screened(plan: Plan, losses: Losses) -> Result:
    """The schedule, and every loss it was chosen by."""
    schedule = choose_schedule(plan, losses)
    rows = tuple(
        (arm, name, f"{rate:g}", str(seed), loss(value))
        for (arm, name, rate, seed), value in sorted(losses.items())
    )
    return Result(
        document={"schedule": schedule},
        grids=[
            Grid(
                title="screening, nats per byte",
                columns=("arm", "schedule", "rate", "seed", "loss"),
                rows=rows,
            )
        ],
        findings=[f"The schedule is {schedule}."],
    )


def piloted(schedule: Schedule, design: Design) -> Result:
    """Rates, number of seeds, and the power they give."""
    shown = ", ".join(f"{rate:g}: {_shown(d)}" for rate, d in design.deviations.items())
    rates = ", ".join(f"{ARMS[arm].title} {rate:g}" for arm, rate in design.rates.items())
    strictest = LEVEL / len(COMPARISONS)
    strict = power_to_differ(design.deviation, design.seeds, difference=MARGIN, level=strictest)
    return Result(
        document={"schedule": schedule, "design": _finite(asdict(design))},
        grids=[],
        findings=[
            f"Deviation of paired differences by rate, nats per byte: {shown}.",
            f"Rates: {rates}. Deviation at these: {_shown(design.deviation)}.",
            f"{design.seeds} seeds give a power of {design.power:.2f} for {MARGIN} at level "
            f"{LEVEL}; at {strictest:g}, the strictest of Holm's, the t test has {strict:.2f}.",
        ],
    )


def _shown(deviation: float) -> str:
    return "a run diverged" if deviation == float("inf") else f"{deviation:.4f}"


def _finite(document: dict[str, Any]) -> dict[str, Any]:
    """Keys of JSON are texts, and a deviation with a run that diverged is null."""
    deviations = {f"{r:g}": None if d == float("inf") else d
                  for r, d in document["deviations"].items()}  # fmt: skip
    return {**document, "deviations": deviations}


def decided(plan: Plan, schedule: Schedule, design: Design, found: Sequence[Record]) -> Result:
    """The comparisons, by the weights as they are and by their averages."""
    seeds = plan.final_seeds(design.seeds)
    arguments = schedule, design.rates, seeds
    losses, averaged = losses_of(found), losses_of(found, "averaged")
    tested, listed = verdicts.compared(losses, *arguments), verdicts.described(losses, *arguments)
    second = verdicts.described(averaged, *arguments, pairs=COMPARISONS + DESCRIBED)
    commits = sorted({str(record["origin"]["commit"])[:7] for record in found})
    return Result(
        document={
            "schedule": schedule,
            "design": _finite(asdict(design)),
            "comparisons": [comparison.record for comparison in tested],
            "described": [comparison.record for comparison in listed],
            "averaged": [comparison.record for comparison in second],
            "commits": commits,
        },
        grids=[
            verdicts.arms_table("losses, nats per byte", losses, *arguments),
            verdicts.table("tested, nats per byte", tested),
            verdicts.table("not tested, nats per byte", listed),
            verdicts.table("with averaged weights, not tested, nats per byte", second),
        ],
        findings=verdicts.sentences(tested),
    )
