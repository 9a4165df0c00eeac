"""``expressivity evidence``: a stage of the plan, from where its records stand to its end."""

import hashlib
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from experiments.pretraining.data import Corpus, Text, join
from experiments.pretraining.evidence.choices import (
    Design,
    choose_design,
    choose_schedule,
    losses_of,
)
from experiments.pretraining.evidence.plan import Plan, planned_text
from experiments.pretraining.evidence.records import Record, Records, kept_apart
from experiments.pretraining.evidence.results import Result, decided, piloted, screened
from experiments.pretraining.evidence.table import write_table
from experiments.pretraining.evidence.unit import EvidenceUnit
from experiments.pretraining.recipes import Schedule
from expressivity.commands.arguments import choice
from expressivity.commands.console import console, print_table
from expressivity.commands.progress import tally
from expressivity.commands.running import every_core, executor_for
from expressivity.fitting.compilation import heard_by
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
        stack.enter_context(kept_apart(path))
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
    folder = ROOT / "figures" / "paper" / "evidence"
    if not folder.is_dir():
        raise ValueError(
            "required: --records FOLDER where there is no checkout to keep them in; got none: "
            "name one"
        )
    return folder


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
    stack.enter_context(every_core())
    done = stack.enter_context(tally("runs", sum(unit.parts for unit in units), quiet=quiet))
    stack.enter_context(heard_by(done.compiling))
    executor = stack.enter_context(executor_for(workers, None))
    run(
        units,
        kept,
        executor,
        on_progress=done.update,
        on_unit=lambda unit: done.update(label=unit.label),
    )
    for label, error in kept.failed.items():
        console(stderr=True).print(f"failed twice: {label}: {error}", soft_wrap=True)


def _result(
    plan: Plan, stage: Stage, kept: Records, units: Sequence[EvidenceUnit]
) -> Result | None:
    """What a finished stage came to; None before every run is there."""
    found = kept.chosen(units)
    if len(found) < len(units):
        return None
    corpus = units[0].corpus
    if stage is Stage.SCREENING:
        return screened(plan, losses_of(found))
    schedule = _schedule(plan, kept, corpus)
    design = _design(plan, kept, schedule, corpus)
    if stage is Stage.PILOT:
        return piloted(schedule, design)
    return decided(plan, schedule, design, found)


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
        print_table(grid.rich())
    lines = [] if result is None else list(result.findings)
    lines.append(f"{stage}: {len(finished)} of {len(units)} runs, {seconds:.0f} s in all.")
    if result is None:
        lines.append("Nothing is compared before all are finished: run the same command again.")
    for line in lines:
        console().print(line, soft_wrap=True)
