"""``expressivity evidence``: a stage of the plan, from where its records stand to its end."""

import hashlib
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.progress import Progress

from experiments.pretraining.data import Corpus, Text, join
from experiments.pretraining.evidence import verdicts
from experiments.pretraining.evidence.choices import (
    Design,
    choose_design,
    choose_schedule,
    losses_of,
)
from experiments.pretraining.evidence.plan import ARMS, LEVEL, MARGIN, Plan, planned_text
from experiments.pretraining.evidence.records import Record, Records, held
from experiments.pretraining.evidence.table import write_table
from experiments.pretraining.evidence.unit import EvidenceUnit
from experiments.pretraining.recipes import Schedule
from experiments.pretraining.tables import Grid, loss
from expressivity.commands.arguments import choice
from expressivity.commands.console import console, table_console
from expressivity.commands.running import every_core, executor_for
from expressivity.output import ExitCode, write_json
from expressivity.runs.provenance import git_state
from expressivity.runs.units import run

ROOT = Path(__file__).parents[3]
"""Of the checkout, where the records are kept; an installed package has none."""

FILE = "losses.jsonl"


class Stage(StrEnum):
    """What is run."""

    SCREENING = "screening"
    PILOT = "pilot"
    FINAL = "final"


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


def evidence(
    stage: str,
    *,
    records: Path | None,
    workers: int | None,
    as_json: bool,
    plan: Plan | None = None,
    text: Callable[[], Text] = planned_text,
) -> int:
    """Make the runs of a stage that have no record yet, and say what they decide.

    Args:
        stage: a name of :class:`Stage`; one before it that is not finished is refused.
        records: the folder of the records; by default the repository's.
        workers: processes; None for this one.
        as_json: one document instead of tables.
        plan: the plan; only tests have another one.
        text: likewise.

    Raises:
        ValueError: anything wrong with the arguments, the records or the text.
    """
    chosen, plan = choice(Stage, stage, "stage"), plan or Plan()
    path = (records or _default_folder()) / FILE
    with ExitStack() as stack:
        stack.enter_context(held(path))
        kept = Records(path, origin())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        corpus = join(text(), folder)
        units = _units(plan, chosen, kept, corpus)
        _run(kept, units, workers, stack, quiet=as_json)
    result = _result(plan, chosen, kept, units)
    if result is not None and chosen is Stage.FINAL:
        write_table(path.with_suffix(".parquet"), kept.records)
    _show(chosen, kept, units, result, as_json=as_json)
    return ExitCode.BROKEN if result is None else ExitCode.AS_EXPECTED


def origin() -> dict[str, object]:
    """Program and machine of a new record: commit, digest of the sources, versions."""
    git = git_state()
    return {
        "commit": None if git is None else git["commit"],
        "sources": _sources(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "machine": platform.machine(),
    }


def _sources() -> str:
    """SHA-256 of the sources that a run computes with, with their paths."""
    digest = hashlib.sha256()
    rooms = ("expressivity/classes", "expressivity/layers", "experiments/pretraining")
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*.py")):
            digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _default_folder() -> Path:
    paper = ROOT / "figures" / "paper"
    if not paper.is_dir():
        raise ValueError(
            "required: --records FOLDER where there is no checkout to keep them in; got none: "
            "name one"
        )
    return paper / "evidence"


def _units(plan: Plan, stage: Stage, kept: Records, corpus: Corpus) -> list[EvidenceUnit]:
    """Those of a stage; what the stages before it chose is read from their records."""
    if stage is Stage.SCREENING:
        return plan.screening(corpus)
    schedule = _schedule(plan, kept, corpus)
    if stage is Stage.PILOT:
        return plan.pilot(schedule, corpus)
    design = _design(plan, kept, schedule, corpus)
    return plan.final(schedule, design.rates, design.seeds, corpus)


def _schedule(plan: Plan, kept: Records, corpus: Corpus) -> Schedule:
    units = plan.screening(corpus)
    return choose_schedule(plan, losses_of(_finished(kept, units, Stage.SCREENING)))


def _design(plan: Plan, kept: Records, schedule: Schedule, corpus: Corpus) -> Design:
    units = plan.pilot(schedule, corpus)
    return choose_design(plan, schedule, losses_of(_finished(kept, units, Stage.PILOT)))


def _finished(kept: Records, units: Sequence[EvidenceUnit], stage: Stage) -> list[Record]:
    found = kept.chosen(units)
    if len(found) < len(units):
        raise ValueError(
            f"required: all {len(units)} runs of the {stage}; got {len(found)}: run expressivity "
            f"evidence {stage} first"
        )
    return found


def _run(
    kept: Records,
    units: Sequence[EvidenceUnit],
    workers: int | None,
    stack: ExitStack,
    *,
    quiet: bool,
) -> None:
    messages = console(stderr=True)
    hidden = quiet or not messages.is_terminal
    stack.enter_context(every_core())
    progress = stack.enter_context(Progress(console=messages, disable=hidden, transient=True))
    executor = stack.enter_context(executor_for(workers, None))
    task = progress.add_task("runs", total=sum(unit.parts for unit in units))
    run(
        units,
        kept,
        executor,
        on_progress=lambda count: progress.advance(task, count),
        on_unit=lambda unit: progress.update(task, description=unit.label),
    )
    for label, error in kept.failed.items():
        messages.print(f"failed twice: {label}: {error}", soft_wrap=True)


def _result(
    plan: Plan, stage: Stage, kept: Records, units: Sequence[EvidenceUnit]
) -> Result | None:
    """What a finished stage came to; None before every run is there."""
    found = kept.chosen(units)
    if len(found) < len(units):
        return None
    corpus = units[0].corpus
    if stage is Stage.SCREENING:
        return _screened(plan, losses_of(found))
    schedule = _schedule(plan, kept, corpus)
    design = _design(plan, kept, schedule, corpus)
    if stage is Stage.PILOT:
        return _piloted(schedule, design)
    return _decided(plan, schedule, design, found)


def _screened(plan: Plan, losses: Any) -> Result:
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


def _piloted(schedule: Schedule, design: Design) -> Result:
    shown = ", ".join(f"{rate:g}: {_shown(d)}" for rate, d in design.deviations.items())
    rates = ", ".join(f"{ARMS[arm].title} {rate:g}" for arm, rate in design.rates.items())
    return Result(
        document={"schedule": schedule, "design": _finite(asdict(design))},
        grids=[],
        findings=[
            f"Deviation of paired differences by rate, nats per byte: {shown}.",
            f"Rates: {rates}. Deviation at these: {_shown(design.deviation)}.",
            f"{design.seeds} seeds give a power of {design.power:.2f} for {MARGIN} at level "
            f"{LEVEL}.",
        ],
    )


def _shown(deviation: float) -> str:
    return "a run diverged" if deviation == float("inf") else f"{deviation:.4f}"


def _finite(document: dict[str, Any]) -> dict[str, Any]:
    """Keys of JSON are texts, and a deviation with a run that diverged is null."""
    deviations = {f"{r:g}": None if d == float("inf") else d
                  for r, d in document["deviations"].items()}  # fmt: skip
    return {**document, "deviations": deviations}


def _decided(plan: Plan, schedule: Schedule, design: Design, found: Sequence[Record]) -> Result:
    seeds = plan.final_seeds(design.seeds)
    arguments = schedule, design.rates, seeds
    losses, averaged = losses_of(found), losses_of(found, "averaged")
    tested, listed = verdicts.compared(losses, *arguments), verdicts.described(losses, *arguments)
    second = [
        comparison
        for look in (verdicts.compared, verdicts.described)
        for comparison in look(averaged, *arguments)
    ]
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


def _show(
    stage: Stage,
    kept: Records,
    units: Sequence[EvidenceUnit],
    result: Result | None,
    *,
    as_json: bool,
) -> None:
    finished = kept.chosen(units)
    seconds = sum(record["seconds"] for record in finished)
    document: dict[str, object] = {
        "schema": "expressivity.evidence/1",
        "stage": stage,
        "records": str(kept.path),
        "runs": len(units),
        "finished": len(finished),
        "failed": list(kept.failed),
        "seconds": seconds,
        "result": None if result is None else dict(result.document),
        "findings": [] if result is None else list(result.findings),
    }
    if as_json:
        write_json(document)
        return
    for grid in () if result is None else result.grids:
        table_console().print(grid.rich())
    lines = [] if result is None else list(result.findings)
    lines.append(f"{stage}: {len(finished)} of {len(units)} runs, {seconds:.0f} s in all.")
    if result is None:
        lines.append("Nothing is compared before all are finished: run the same command again.")
    for line in lines:
        console().print(line, soft_wrap=True)
