"""``expressivity atlas``: options to a plan, a finished run to a summary, files and exit code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.commands.console import console, print_table
from expressivity.commands.running import (
    SLOW_SECTIONS,
    executor_for,
    following,
    run_rounds,
    usual_path,
)
from expressivity.output import ExitCode, write_json
from expressivity.relations.atlas import Plan
from expressivity.relations.atlas_document import write_files
from expressivity.relations.atlas_units import described
from expressivity.relations.discover import discover
from expressivity.report import write_report
from expressivity.runs.folder import RunFolder, read_run
from expressivity.runs.provenance import facts

FITS = 12
"""Targets that are fitted to look for contradictions."""
_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    classes: tuple[str, ...] | None = None
    budget: int = 0
    workers: int | None = None
    scheduler: str | None = None
    out: Path | None = None


def understand(options: Options) -> Plan:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.

    >>> understand(Options(classes=("relu", "la"))).classes
    ('relu', 'la')
    """
    if options.budget < 0:
        raise ValueError(f"required: a budget of 0 searches or more; got {options.budget}")
    return Plan(
        classes=described(options.classes),
        searches=options.budget,
        fits=FITS,
        search=discover,
    )


def run(options: Options, *, as_json: bool) -> int:
    """Make the atlas: 0 where every unit has a result, whatever stays open; 4 where one failed."""
    plan = understand(options)
    path = options.out or usual_path("atlas", plan.configuration)
    folder = RunFolder(path, configuration=plan.configuration, facts=facts())
    with executor_for(options.workers, options.scheduler) as executor:
        failed = run_rounds(following(plan.pending, folder), folder, executor, quiet=as_json)
    document = write_files(read_run(path))
    report = write_report(path, without=SLOW_SECTIONS)
    if as_json:
        write_json(document)
    else:
        _show(document)
        console().print(f"Every pair with its reason: {report}", soft_wrap=True)
    return ExitCode.BROKEN if failed else ExitCode.AS_EXPECTED


def _show(document: Mapping[str, Any]) -> None:
    table = Table("answer", "evidence", "pairs", box=SIMPLE_HEAD, pad_edge=False)
    for answer, row in document["counts"].items():
        for evidence, count in row.items():
            table.add_row(answer, evidence, str(count))
    print_table(table)
    console().print(
        f"{document['decided']} of {document['pairs']} ordered pairs of "
        f"{len(document['classes'])} classes are decided ({document['share']:.1%}).",
        soft_wrap=True,
    )
    questions = document["minimal_open"]
    for question in questions[:_SHOWN]:
        console().print(
            f"open: {question['smaller']} in {question['larger']}? A no would decide "
            f"{question['decides']}.",
            soft_wrap=True,
        )
    if len(questions) > _SHOWN:
        console().print(f"and {len(questions) - _SHOWN} more open pairs", soft_wrap=True)
