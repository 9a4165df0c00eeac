"""``expressivity reproduce``: every experiment, figure and number, compared with the archive.

    OUT/manifest.json          tier, versions
    OUT/EXPERIMENT/            a run folder each, with its report.html
    OUT/figures/               PDF, PNG, SVG
    OUT/agreement.json         headline numbers beside the archived ones
    OUT/report.html            the whole

Each experiment is a list of work units in a run folder, so a kill at any point loses the units in
flight, and the same command goes on from there. :func:`register` is an entry point of the group
``expressivity.commands``; heavy modules are imported inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from expressivity.cli import Json, Scheduler, Workers, split_list
from expressivity.commands.names import named

if TYPE_CHECKING:
    from experiments.experiment import Experiment, Tier
    from expressivity.runs.folder import Run
    from expressivity.runs.units import Executor
    from figures.agreement import Row


def register(app: typer.Typer) -> None:
    """Add the command ``reproduce``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['reproduce']
    """

    @app.command(name="reproduce")
    def command(
        tier: Annotated[
            str,
            typer.Option(
                help="smoke (minutes), cpu (an hour or two), gpu, or atlas (the atlas alone)."
            ),
        ] = "smoke",
        only: Annotated[
            str | None,
            typer.Option(
                help="Experiments, comma-separated; all by default.", **named("experiment")
            ),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(help="The folder; by default runs/reproduce-TIER-COMMIT.")
        ] = None,
        workers: Workers = None,
        scheduler: Scheduler = None,
        as_json: Json = False,
    ) -> int:
        """Run all experiments, draw all figures, compare all numbers with the archived ones.

        Run it again to go on after an interruption.
        """
        names = split_list(only)
        return run(tier, names, out, workers=workers, scheduler=scheduler, as_json=as_json)


def run(
    tier_name: str,
    only: tuple[str, ...] | None,
    out: Path | None,
    *,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Reproduce, print, and return 1 where a number disagrees.

    Raises:
        ValueError: an unknown tier or experiment, no worker or scheduler, or a folder of
            another run.
    """
    from experiments.experiment import EXPERIMENTS, Tier, of_tier
    from expressivity.commands.arguments import choice
    from expressivity.commands.running import executor_for
    from expressivity.output import ExitCode, write_json
    from figures.agreement import document

    tier = choice(Tier, tier_name, "tier")
    asked = {EXPERIMENTS.canonical(name) for name in only or ()}
    names = None if only is None else [name for name in EXPERIMENTS if name in asked]
    if names == []:
        raise ValueError("required: at least one experiment in --only; got none")
    experiments = of_tier(tier, names)
    if not experiments:
        raise ValueError(f"required: an experiment of tier {tier}; --only names none: leave it out")
    path = out or Path("runs") / f"reproduce-{tier}-{_version()}"
    with executor_for(workers, scheduler) as executor:
        rows = reproduce(experiments, tier, path, executor, quiet=as_json)
    if as_json:
        write_json(document(rows))
    else:
        _show(rows, path)
    disagree = any(row.agrees is False for row in rows)
    return ExitCode.OTHERWISE if disagree else ExitCode.AS_EXPECTED


def _version() -> str:
    """Seven digits of the commit, or the version of an installed package."""
    from expressivity import __version__
    from expressivity.runs.provenance import git_state

    state = git_state()
    return __version__ if state is None else str(state["commit"])[:7]


def reproduce(
    experiments: Sequence[Experiment],
    tier: Tier,
    path: Path,
    executor: Executor | None = None,
    *,
    quiet: bool,
) -> list[Row]:
    """Run experiments in folders of their own, draw, compare, report.

    Returns:
        Every headline number beside its reference.

    Raises:
        ValueError: the folder cannot be written, is another's, or is in use.
    """
    from experiments.running import run_experiment
    from expressivity.commands.progress import tell
    from expressivity.report import write_report
    from expressivity.runs.folder import RunFolder
    from expressivity.runs.provenance import facts
    from figures.agreement import write_rows
    from figures.command import draw
    from figures.runs import Runs

    folder = RunFolder(
        path,
        configuration={"command": "reproduce", "tier": str(tier), "version": _version()},
        facts=facts(),
    )
    rows: list[Row] = []
    with folder.locked():
        for experiment in experiments:
            if not quiet:
                tell(f"{experiment.name}: {experiment.title}")
            place = path / experiment.name
            finished = run_experiment(
                experiment, place, executor, quiet=quiet, part_of=folder.stamp
            )
            rows += _rows(experiment, finished)
            write_report(finished.path)
        if not quiet:
            tell("figures and report")
        draw((), Runs.under(path), path / "figures")
        write_rows(rows, path)
        _write_report(path)
    return rows


def _rows(experiment: Experiment, finished: Run) -> list[Row]:
    from experiments.experiment import headlines
    from figures.agreement import compare, references

    expected = references().get(str(experiment.tier), {}).get(experiment.name, {})
    missing = len(_without_result(finished))
    values: dict[str, float | None] = {"units without a result": missing}
    if not missing:
        values |= {
            name: value if math.isfinite(value) else None
            for name, value in headlines(experiment, finished).items()
        }
    return compare(experiment.name, values, expected)


def _without_result(finished: Run) -> set[str]:
    """Keys of units that were asked for at first, or later, and are not there."""
    from expressivity.runs.units import key_of

    asked = {*finished.manifest["configuration"]["units"]}
    asked |= {key_of(note["identity"]) for note in finished.failures}
    return asked - {entry.key for entry in finished.entries}


def _write_report(path: Path) -> None:
    """The report of the whole: the default ladder's verdict and table, and what all add to it."""
    from experiments.separation import findings
    from expressivity.report import sections, write_page
    from expressivity.runs.folder import read_run
    from expressivity.separation.ladder import write_findings

    run = read_run(path)
    if (path / "separation").is_dir():
        ladder = read_run(path / "separation")
        run = replace(run, entries=ladder.entries)
        if len(ladder.entries) == len(ladder.manifest["configuration"]["units"]):
            write_findings(findings(ladder), path)
    write_page(run, sections(run))


def _show(rows: Sequence[Row], path: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from expressivity.commands.console import console, print_table

    table = Table("number", "value", "reference", "tolerance", "agrees", "origin",
                  box=SIMPLE_HEAD, pad_edge=False)  # fmt: skip
    for row in rows:
        agrees = {True: "yes", False: "NO", None: "-"}[row.agrees]
        table.add_row(
            row.name,
            _number(row.value),
            _number(row.reference),
            _number(row.tolerance),
            agrees,
            row.origin,
        )
    print_table(table)
    compared = [row for row in rows if row.agrees is not None]
    agreeing = sum(row.agrees is True for row in compared)
    console().print(
        f"{agreeing} of {len(compared)} numbers agree with the archive. "
        f"Report: {path / 'report.html'}",
        soft_wrap=True,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
