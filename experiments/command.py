"""``expressivity sweep``: a file of many configurations, brought to its end.

:func:`register` is the entry point of the group ``expressivity.commands``. Heavy modules are
imported inside the command, so that ``--help`` is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from expressivity.cli import Json, Scheduler, Workers
from expressivity.output import ExitCode, write_document, write_json

if TYPE_CHECKING:
    from experiments.experiment import Experiment
    from experiments.sweep_summary import Summary
    from expressivity.runs.folder import RunFolder
    from expressivity.runs.units import Unit

_ROWS = 40


def register(app: typer.Typer) -> None:
    """Add the command ``sweep``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['sweep']
    """

    @app.command(name="sweep")
    def sweep(
        file: Annotated[Path, typer.Argument(help="A TOML file with a grid or an experiment.")],
        workers: Workers = None,
        scheduler: Scheduler = None,
        out: Annotated[
            Path | None, typer.Option(help="The run folder; by default runs/NAME of the file.")
        ] = None,
        as_json: Json = False,
    ) -> int:
        """Run every configuration of a file; what is stored already is skipped.

        The same command continues after an interruption. Results do not depend on where units
        run. Exit code 1 where units failed: each is tried twice, and again by the next run.
        """
        return run(file, workers=workers, scheduler=scheduler, out=out, as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a file asks for.

    Attributes:
        name: of the run folder.
        units: the work, each once.
        compile: whether it is compiled, as asked.
        text: the file, for the manifest.
        combinations: of the grid, or None.
        left_out: combinations that do not exist, counted by the reason.
        experiment: the registered one, or None.
    """

    name: str
    units: Sequence[Unit]
    compile: str
    text: str
    combinations: int | None
    left_out: dict[str, int]
    experiment: Experiment | None

    @property
    def configuration(self) -> dict[str, object]:
        """What makes the folder this sweep's, as JSON."""
        if self.experiment is not None:
            return replace(self.experiment, units=tuple(self.units)).configuration
        return {"command": "sweep", "units": [unit.key for unit in self.units]}


def plan(path: Path) -> Plan:
    """Read a sweep file and check all of it.

    Raises:
        ValueError: one line that names file, line and key.
    """
    from experiments.experiment import EXPERIMENTS, Tier, made
    from experiments.grid import expand
    from experiments.sweep_file import SweepFile

    file = SweepFile(path)
    if file.table.experiment is not None:
        tier = Tier(file.table.tier or Tier.CPU)
        experiment = EXPERIMENTS.use(file.table.experiment, lambda factory: made(factory, tier))
        return Plan(
            name=file.name,
            units=experiment.units,
            compile="auto",
            text=file.text,
            combinations=None,
            left_out={},
            experiment=experiment,
        )
    expansion = expand(file)
    return Plan(
        name=file.name,
        units=expansion.units,
        compile="auto" if file.table.settings is None else file.table.settings.compile,
        text=file.text,
        combinations=expansion.combinations,
        left_out=expansion.left_out,
        experiment=None,
    )


def run(
    path: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Run a sweep file; the exit code is that of docs/formats.md.

    Raises:
        ValueError: anything wrong with the file, the options, the folder or the scheduler.
        OSError: a unit could not be stored; those stored before are safe.
    """
    from experiments.sweep_summary import summarize
    from expressivity.commands.console import console
    from expressivity.commands.running import executor_for, run_units
    from expressivity.runs.compiling import COMPILED, in_one_mode, is_compiled
    from expressivity.runs.folder import RunFolder
    from expressivity.runs.provenance import facts

    asked = plan(path)
    out = out or Path("runs") / asked.name
    asked = replace(asked, units=in_one_mode(asked.units, asked.compile, folder=out))
    with executor_for(workers, scheduler) as executor:
        folder = RunFolder(
            out,
            configuration=asked.configuration,
            facts={**facts(), COMPILED: is_compiled(asked.units), "file": asked.text},
        )
        failed = run_units(asked.units, folder, executor, quiet=as_json)
    summary = summarize(asked.units, folder)
    document = _document(asked, folder, failed, summary)
    write_document(folder.path / "sweep.json", document)
    if as_json:
        write_json(document)
    else:
        _show(document, summary)
    for line in summary.contradictions:
        console(stderr=True).print(f"expressivity: contradiction: {line}", soft_wrap=True)
    if summary.contradictions:
        return ExitCode.BROKEN
    return ExitCode.OTHERWISE if failed else ExitCode.AS_EXPECTED


def _document(
    asked: Plan, folder: RunFolder, failed: Sequence[Unit], summary: Summary
) -> dict[str, object]:
    from experiments.experiment import headlines
    from expressivity.runs.folder import read_run
    from expressivity.runs.provenance import environment

    found = None
    if asked.experiment is not None and not failed:
        found = headlines(asked.experiment, read_run(folder.path))
    return {
        "schema": "expressivity.sweep/1",
        "run": str(folder.path),
        "name": asked.name,
        "environment": environment(),
        "combinations": asked.combinations,
        "left_out": asked.left_out,
        "units": len(asked.units),
        "skipped": folder.skipped,
        "computed": len(asked.units) - folder.skipped - len(failed),
        "recomputed": folder.recomputed,
        "failed": [{"key": unit.key, "label": unit.label} for unit in failed],
        "seconds": summary.seconds,
        "best": [row.json() for row in summary.rows],
        "headlines": found,
    }


def _show(document: dict[str, object], summary: Summary) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from experiments.sweep_summary import counted
    from expressivity.commands.console import print_table, table_console
    from expressivity.separation.result import NORMS, notes

    out = table_console()
    if summary.rows:
        table = Table(
            "target", "lambda", "class", "units", "l2 error", "sup error", "w1inf error",
            box=SIMPLE_HEAD, pad_edge=False,
        )  # fmt: skip
        for row in summary.rows[:_ROWS]:
            rate = row.best.lambda_
            errors = [_number(row.best.error[norm]) + row.best.mark(norm) for norm in NORMS]
            table.add_row(
                row.target, "" if rate is None else f"{rate:g}", row.label, str(row.units), *errors
            )
        print_table(table)
        more = len(summary.rows) - _ROWS
        if more > 0:
            out.print(f"and {more} more rows: see {document['run']}/sweep.json", soft_wrap=True)
        out.print(
            "Best of each class, numerical; l2 and sup are relative to the target's norm, w1inf "
            "absolute.",
            soft_wrap=True,
        )
        for line in notes(row.best for row in summary.rows[:_ROWS]):
            out.print(line, soft_wrap=True)
    headlines = document["headlines"]
    if isinstance(headlines, dict):
        for name, value in headlines.items():
            out.print(f"{name}: {value:g}", soft_wrap=True)
    left_out = document["left_out"]
    if isinstance(left_out, dict):
        for line in counted(left_out):
            out.print(f"combinations: {line}", soft_wrap=True)
    failed = document["failed"]
    assert isinstance(failed, list)
    out.print(
        f"{document['units']} units: {document['computed']} computed, {document['skipped']} "
        f"skipped because stored, {len(failed)} failed; {summary.seconds:.0f} s of work in all. "
        f"Run folder: {document['run']}",
        soft_wrap=True,
    )


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.1e}"
