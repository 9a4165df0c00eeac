"""``expressivity discover``: the simplest function of one class that lies outside another."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expressivity.commands.console import console
from expressivity.commands.running import executor_for, run_rounds, run_units, usual_path
from expressivity.output import ExitCode, write_document, write_json
from expressivity.relations.asked import question
from expressivity.relations.discover import BUDGET, Question
from expressivity.relations.missed import TEACHERS, Missed, most_missed, teachers
from expressivity.relations.unit import Rounds
from expressivity.runs.folder import RunFolder
from expressivity.runs.provenance import facts
from expressivity.runs.units import Unit

_IN_A_ROUND = 8  # units of a worker, which takes seconds to start


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    larger: str
    smaller: str
    dimension: int | None = None
    gate: str = "tanh"
    budget: int = BUDGET
    teachers: int = TEACHERS
    workers: int | None = None
    scheduler: str | None = None
    out: Path | None = None


def understand(options: Options) -> Question:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.

    >>> understand(Options(larger="la", smaller="fixed", dimension=2)).dimensions
    (2,)
    """
    if options.teachers < 0:
        raise ValueError(f"required: at least 0 teachers; got {options.teachers}")
    return question(
        options.larger,
        options.smaller,
        dimension=options.dimension,
        gate=options.gate,
        budget=options.budget,
    )


def run(options: Options, *, as_json: bool) -> int:
    """Look for a function; 0 where one is found, 3 where none is."""
    asked = understand(options)
    configuration = _configuration(asked)
    name = f"discover-{options.larger}-{options.smaller}"
    path = options.out or usual_path(name, configuration)
    folder = RunFolder(path, configuration=configuration, facts=facts())

    def record_of(unit: Unit) -> dict[str, Any] | None:
        entry = folder.load(unit)
        return None if entry is None else entry.record

    with executor_for(options.workers, options.scheduler) as executor:
        at_once = 1 if executor is None else _IN_A_ROUND * (options.workers or os.cpu_count() or 1)
        rounds = Rounds(asked, at_once, record_of)
        total = asked.budget * len(asked.dimensions)
        failed = run_rounds(lambda _: rounds, folder, executor, total=total, quiet=as_json)
        fitted = [] if rounds.found or failed else teachers(asked, options.teachers)
        units = [unit for teacher in fitted for unit in teacher.fits]
        failed += run_units(units, folder, executor, quiet=as_json)
    if failed:
        raise RuntimeError(f"{len(failed)} units failed: see {path / 'failures'}")
    missed = most_missed(fitted, record_of)
    document = _document(options, asked, rounds) | {
        "numerical": None if missed is None else missed.json()
    }
    write_document(path / "discover.json", document)
    if as_json:
        write_json(document)
    else:
        _show(options, asked, rounds, missed, len(fitted))
    return ExitCode.UNDECIDED if rounds.found is None else ExitCode.AS_EXPECTED


def _configuration(asked: Question) -> dict[str, object]:
    """What makes the folder this question's; with a larger budget it goes on in the same."""
    return {
        "command": "discover",
        "larger": [family.json() for family in asked.larger],
        "smaller": [family.json() for family in asked.smaller],
        "dimensions": list(asked.dimensions),
    }


def _document(options: Options, asked: Question, rounds: Rounds) -> dict[str, object]:
    return {
        "schema": "expressivity.discover/1",
        "larger": options.larger,
        "smaller": options.smaller,
        "classes": {
            "larger": [family.json() | {"width": None} for family in asked.larger],
            "smaller": [family.json() | {"width": None} for family in asked.smaller],
        },
        "dimensions": list(asked.dimensions),
        "budget": asked.budget,
        "tried": rounds.tried,
        "found": None if rounds.found is None else rounds.found.json(),
    }


def _show(
    options: Options, asked: Question, rounds: Rounds, missed: Missed | None, fitted: int
) -> None:
    out, found = console(), rounds.found
    if found is None:
        listed = ", ".join(map(str, asked.dimensions))
        out.print(
            f"None found among the {rounds.tried} simplest functions of {options.larger} in "
            f"dimension {listed}: {options.larger} may lie in {options.smaller}, or the proofs "
            "known here are too weak. Nothing is decided; --budget tries more.",
            soft_wrap=True,
        )
        if missed is not None:
            out.print(
                f"Of {fitted} that were fitted, {options.smaller} of width "
                f"{missed.width} misses {missed.candidate.formula} most: relative l2 error "
                f"{missed.error:.1e} (numerical).",
                soft_wrap=True,
            )
        return
    out.print(f"f = {found.target.name}", soft_wrap=True)
    out.print(
        f"f is {options.larger} of width {found.family.width}, d = {found.target.dimension} "
        "(exact weights: --json).",
        soft_wrap=True,
    )
    out.print(f"f is not {options.smaller} of any width (proved): {found.reason}.", soft_wrap=True)
    out.print(
        f"{rounds.tried} functions were tried, from simple to complex; the proofs known here "
        "exclude none before this one.",
        soft_wrap=True,
    )
