"""Runs of one command brought to their end: in this process, in workers, or under torchrun."""

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.pretraining.ablation import Ablation
from experiments.pretraining.audit import planned
from experiments.pretraining.checkpoint import before, recover
from experiments.pretraining.comparison import Plan
from experiments.pretraining.data import Corpus, Text, find_text, join, require_length
from experiments.pretraining.distributed import (
    Place,
    Sharding,
    Together,
    dismiss,
    follow,
    joined,
    process_count,
)
from experiments.pretraining.options import Options
from experiments.pretraining.runs import TrainingUnit
from experiments.pretraining.scaling import SMALLEST, at_size
from experiments.pretraining.trained import read_trained
from experiments.pretraining.views import VIEWS
from expressivity.commands.arguments import choice
from expressivity.commands.console import console, print_table
from expressivity.commands.running import run_units, usual_path
from expressivity.commands.separate import usable_device
from expressivity.fitting.limits import require_memory
from expressivity.output import ExitCode, write_document, write_json
from expressivity.report import write_report
from expressivity.runs.executors import Processes
from expressivity.runs.folder import Entry, RunFolder, read_run
from expressivity.runs.provenance import environment, facts
from expressivity.runs.units import Executor

_CHECKPOINTS = "checkpoints"
_HELD = 12
"""Bytes for each parameter, at least: a float32 of its own, of its gradient and of a moment."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a command does.

    Attributes:
        command: its name.
        options: its arguments.
        first: units that are known beforehand.
        more: units that depend on what came of the first.
    """

    command: str
    options: Options
    first: Callable[[Corpus], list[TrainingUnit]]
    more: Callable[[Corpus, Sequence[Entry]], list[TrainingUnit]]


def pretrain(asked: dict[str, Any], *, as_json: bool) -> int:
    """Compare families; the exit code is that of docs/formats.md.

    Raises:
        ValueError: anything wrong with the arguments, the text or the folder.
    """
    options = Options(**asked)
    plan = Plan(
        recipe=options.factory,
        mixing=options.mixing,
        kinds=options.kinds,
        rates=options.grid,
        seeds=options.seed_range,
    )
    return _run(
        Task(
            command="pretrain",
            options=options,
            first=plan.grid,
            more=plan.matched if options.matched else _no_more,
        ),
        as_json=as_json,
    )


def ablate(asked: dict[str, Any], *, as_json: bool) -> int:
    """Compare variants of MoA; exit code and errors as :func:`pretrain`."""
    options = Options(**asked)
    plan = Ablation(
        recipe=options.factory, mixing=options.mixing, rates=options.grid, seeds=options.seed_range
    )
    task = Task(command="ablate", options=options, first=plan.units, more=_no_more)
    return _run(task, as_json=as_json)


def scaling(asked: dict[str, Any], *, as_json: bool) -> int:
    """Fit loss against size; exit code and errors as :func:`pretrain`."""
    options = Options(**asked)
    if len(options.dimensions) < SMALLEST:
        raise ValueError(
            f"required: {SMALLEST} or more --sizes for a scaling fit; got {len(options.dimensions)}"
        )
    plans = [
        Plan(
            recipe=at_size(options.factory, dimension),
            mixing=options.mixing,
            kinds=options.kinds,
            rates=None,
            seeds=options.seed_range,
        )
        for dimension in options.dimensions
    ]
    return _run(
        Task(
            command="scaling",
            options=options,
            first=lambda corpus: [unit for plan in plans for unit in plan.grid(corpus)],
            more=_no_more,
        ),
        as_json=as_json,
    )


def audit(
    checkpoint: Path,
    *,
    data: Path | None,
    windows: int,
    device: str,
    out: Path | None,
    as_json: bool,
) -> int:
    """Audit the layers of one trained model; exit code and errors as :func:`pretrain`."""
    chosen = usable_device(device)
    trained, text = read_trained(checkpoint), find_text(data)
    unit = planned(trained, text, windows=windows, device=chosen)
    configuration: dict[str, object] = {
        "command": "audit",
        "checkpoint": trained.sha256,
        "text": text.sha256,
        "units": [unit.key],
    }
    folder = RunFolder(
        out or usual_path("audit", configuration),
        configuration=configuration,
        facts={**facts(), "text": _described(text)},
    )
    joined_unit = replace(unit, corpus=replace(unit.corpus, path=join(text, folder.path).path))
    failed = [one.label for one in run_units([joined_unit], folder, quiet=as_json)]
    told: dict[str, object] = {
        "checkpoint": {"file": str(checkpoint), "sha256": trained.sha256},
        "text": {"sha256": text.sha256, **_described(text)},
    }
    return _concluded("audit", folder, told, failed, as_json=as_json)


def _require_room(unit: TrainingUnit, place: Place) -> None:
    """Refuse a model whose weights, gradients and first moments no memory here can hold.

    Raises:
        ValueError: what it takes, and what there is.
    """
    count = unit.recipe.model.parameter_count
    shared = place.size if place.sharding is Sharding.FSDP else 1
    require_memory(
        {place.device: _HELD * count // shared},
        f"training a model of {count} parameters",
        "smaller --sizes, or a smaller recipe",
    )


def _no_more(corpus: Corpus, runs: Sequence[Entry]) -> list[TrainingUnit]:
    return []


def _run(task: Task, *, as_json: bool) -> int:
    text = find_text(task.options.data)
    sharding = choice(Sharding, task.options.sharding, "sharding")
    if task.options.workers is not None and process_count() > 1:
        raise ValueError("required: --workers or torchrun; got both: give one of them")
    with joined(sharding) as place:
        units = task.first(Corpus(path=Path(), sha256=text.sha256))
        for unit in units:
            require_length(text, unit.recipe.model.context)
            _require_room(unit, place)
        configuration: dict[str, object] = {
            "command": task.command,
            "text": text.sha256,
            "seeds": list(task.options.seed_range),
            "matched": task.options.matched,
            "units": [replace(unit, place=place).key for unit in units],
        }
        path = task.options.out or _default_folder(task, configuration)
        if not place.writes:
            _follow(task, path, text, place)
            return ExitCode.AS_EXPECTED
        folder = RunFolder(
            path, configuration=configuration, facts={**facts(), "text": _described(text)}
        )
        corpus = join(text, path)
        place.barrier()  # the others wait for the text
        failed = _bring_to_end(task, folder, corpus, place, quiet=as_json)
    return _concluded(
        task.command, folder, {"recipe": task.options.recipe}, failed, as_json=as_json
    )


def _concluded(
    command: str, folder: RunFolder, told: dict[str, object], failed: list[str], *, as_json: bool
) -> int:
    """Write the document and the report of a run that has ended, and show what it came to."""
    run = read_run(folder.path)
    view = VIEWS[command]
    document = {
        "schema": f"expressivity.{command}/1",
        "run": str(folder.path),
        "environment": environment(),
        **told,
        "failed": failed,
        **view.document(run),
    }
    document["findings"] = [finding.text for finding in view.findings(document)]
    write_document(folder.path / f"{command}.json", document)
    report = write_report(folder.path)
    if as_json:
        write_json(document)
    else:
        for grid in view.tables(document):
            print_table(grid.rich())
        cost = (
            f"{len(run.entries)} runs, {sum(entry.seconds for entry in run.entries):.0f} s in all."
        )
        for text in (*document["findings"], f"{cost} Report: {report}"):
            console().print(text, soft_wrap=True)
    return ExitCode.OTHERWISE if failed else ExitCode.AS_EXPECTED


def _bring_to_end(
    task: Task, folder: RunFolder, corpus: Corpus, place: Place, *, quiet: bool
) -> list[str]:
    """Both lists of units, one after the other; returns the labels of those that failed."""
    failed: list[str] = []
    for stage in range(2):
        found = task.first(corpus) if stage == 0 else _more(task, corpus, folder.path)
        units = _placed(found, folder.path, place)
        with folder.locked():
            for unit in units:
                if unit.checkpoint is not None and folder.load(unit) is None:
                    recover(unit.checkpoint)
        with _executor(task.options, units, place) as executor:
            failed += [unit.label for unit in run_units(units, folder, executor, quiet=quiet)]
        for unit in units:
            if unit.checkpoint is not None and folder.load(unit) is not None:
                for file in (unit.checkpoint, before(unit.checkpoint)):
                    file.unlink(missing_ok=True)
    return failed


def _more(task: Task, corpus: Corpus, path: Path) -> list[TrainingUnit]:
    return task.more(corpus, read_run(path).entries)


def _follow(task: Task, path: Path, text: Text, place: Place) -> None:
    """The part of the other processes: on file systems of their own they could not resume."""
    place.barrier()
    corpus = join(text, path)
    follow(_placed(task.first(corpus), path, place), place)
    follow(_placed(_more(task, corpus, path), path, place), place)


def _placed(units: Sequence[TrainingUnit], path: Path, place: Place) -> list[TrainingUnit]:
    checkpoints = path.resolve() / _CHECKPOINTS
    return [replace(unit, place=place, checkpoints=checkpoints) for unit in units]


@contextmanager
def _executor(
    options: Options, units: Sequence[TrainingUnit], place: Place
) -> Generator[Executor | None]:
    if place.size > 1:
        try:
            yield Together(units=units, place=place)
        finally:
            dismiss(place)
    else:
        yield None if options.workers is None else Processes(options.workers)


def _default_folder(task: Task, configuration: dict[str, object]) -> Path:
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{task.command}-{task.options.recipe}-{digest[:8]}"


def _described(text: Text) -> dict[str, object]:
    return {"files": len(text.files), "first": str(text.files[0]), "bytes": text.size}
