"""``expressivity figures``: draw the paper's figures from run folders.

:func:`register` is the entry point of the group ``expressivity.commands``. Heavy modules are
imported inside the command, so that ``--help`` is quick.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.cli import Json
from expressivity.commands.names import named
from expressivity.output import ExitCode, write_json

if TYPE_CHECKING:
    from figures.runs import Runs


def register(app: typer.Typer) -> None:
    """Add the commands ``figures`` and ``explore``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['figures', 'explore']
    """
    from figures.explorer.command import register as add_explore

    @app.command(name="figures")
    def figures(
        names: Annotated[
            list[str] | None,
            typer.Argument(
                help="Figures; if none is named, all whose runs are there.", **named("figure")
            ),
        ] = None,
        runs: Annotated[
            Path, typer.Option(help="Folder that holds a run folder for each experiment.")
        ] = Path("runs"),
        out: Annotated[
            Path | None, typer.Option(help="Where the files go; by default RUNS/figures.")
        ] = None,
        as_json: Json = False,
    ) -> int:
        """Draw figures from stored runs, as PDF, PNG and SVG."""
        return run(tuple(names or ()), runs=runs, out=out, as_json=as_json)

    add_explore(app)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A figure that has been written."""

    name: str
    files: tuple[Path, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What became of the figures that were asked for.

    Attributes:
        written: those that were drawn.
        missing: why, for those that could not be, by name.
    """

    written: tuple[Written, ...]
    missing: dict[str, str]


def run(
    names: Sequence[str] = (), *, runs: Path, out: Path | None = None, as_json: bool = False
) -> int:
    """Draw, write and list; exit code 0.

    Raises:
        ValueError: an unknown figure, a named one whose runs are not there, no folder of runs,
            or a folder that cannot be written.
    """
    from figures.figure import FIGURES
    from figures.runs import Runs

    names = [FIGURES.canonical(name) for name in names]
    needed = not names or any(FIGURES[name].needs for name in names)
    found = Runs.under(runs) if needed else Runs(runs, {}, frozenset())
    drawn = draw(names, found, out or runs / "figures")
    if as_json:
        write_json(
            {
                "schema": "expressivity.figures/1",
                "figures": [
                    {
                        "name": figure.name,
                        "files": [str(file) for file in figure.files],
                        "seconds": figure.seconds,
                    }
                    for figure in drawn.written
                ],
                "missing": [
                    {"name": name, "reason": reason} for name, reason in drawn.missing.items()
                ],
            }
        )
    else:
        _show(drawn)
    return ExitCode.AS_EXPECTED


def draw(names: Sequence[str], runs: Runs, out: Path) -> Drawn:
    """Draw the named figures, or without names all those whose runs are there.

    Args:
        names: of figures; each is drawn once.
        runs: what they are drawn from.
        out: folder of the files; it and its parents are created.

    Raises:
        ValueError: an unknown figure, a named one whose runs are not there, or a folder that
            cannot be written.
        OSError: the machine failed while files were written.
    """
    from expressivity.plugins import PluginError
    from figures.figure import FIGURES, write

    chosen = list(FIGURES.each(lambda figure: figure, names or None).values())
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"required: a folder that can be written; {out}: {error.strerror}: choose another --out"
        ) from error
    written: list[Written] = []
    missing: dict[str, str] = {}
    for figure in chosen:
        started = time.perf_counter()
        try:
            files = FIGURES.use(figure.name, lambda chosen: write(chosen, runs, out))
        except (ValueError, PluginError) as error:
            if names:
                raise
            missing[figure.name] = str(error)
            continue
        written.append(
            Written(name=figure.name, files=files, seconds=time.perf_counter() - started)
        )
    return Drawn(written=tuple(written), missing=missing)


def _show(drawn: Drawn) -> None:
    from expressivity.commands.console import console, print_table

    if drawn.written:
        table = Table("figure", "files", "seconds", box=SIMPLE_HEAD, pad_edge=False)
        for figure in drawn.written:
            endings = ", ".join(file.suffix.removeprefix(".") for file in figure.files)
            path = f"{figure.files[0].with_suffix('')}.{{{endings}}}"
            table.add_row(figure.name, path, f"{figure.seconds:.1f}")
        print_table(table)
    for name, reason in drawn.missing.items():
        console().print(f"not drawn: {name}: {reason}", soft_wrap=True)
