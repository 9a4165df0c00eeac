"""``expressivity explore``: a page to play with, from a run that is made or gone on with.

:func:`register` is called by the entry point of ``figures``. Heavy modules are imported inside the
command, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from expressivity.cli import Json, Workers
from expressivity.output import ExitCode, write_json

if TYPE_CHECKING:
    from experiments.experiment import Experiment, Tier
    from expressivity.runs.folder import Run

PAGE = "explorer.html"
"""Name of the page in its run folder."""


def register(app: typer.Typer) -> None:
    """Add the command ``explore``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['explore']
    """

    @app.command(name="explore")
    def explore(
        out: Annotated[
            Path | None, typer.Option(help="The HTML file; by default explorer.html in the run.")
        ] = None,
        run: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR", help="The run folder; by default runs/explore-HASH. Made if missing."
            ),
        ] = None,
        tier: Annotated[
            str | None,
            typer.Option(help="smoke (two targets) or cpu (four, the default); a run keeps it."),
        ] = None,
        atlas: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", help="An atlas.json; by default the one supplied with the program."
            ),
        ] = None,
        workers: Workers = None,
        as_json: Json = False,
    ) -> int:
        """Write one HTML file in which to move lambda, gate, width and target, and see the gaps.

        Its numbers are those of a run, which takes a few minutes the first time. The same command
        resumes that run, or writes the page again from it.
        """
        options = Options(out=out, run=run, tier=tier, atlas=atlas, workers=workers)
        return make(options, as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    out: Path | None = None
    run: Path | None = None
    tier: str | None = None
    atlas: Path | None = None
    workers: int | None = None


def make(options: Options, *, as_json: bool) -> int:
    """Run what is missing, write page and report; 4 where a fit is below a bound.

    Raises:
        ValueError: anything wrong with the options, the folder or the file.
        RuntimeError: fits that failed.
    """
    from experiments.explorer import explorer
    from experiments.reading import readings
    from expressivity.commands.console import console
    from expressivity.commands.running import SLOW_SECTIONS, usual_path
    from expressivity.report import write_report
    from figures.explorer import atlas as stored
    from figures.explorer import scenes
    from figures.explorer.page import page, write_page

    experiment = explorer(_tier(options))
    file = options.atlas or (stored.STORED if stored.STORED.is_file() else None)
    atlas = None if file is None else stored.data(file)
    path = options.run or usual_path("explore", experiment.configuration)
    finished = _finished(experiment, path, options.workers, quiet=as_json)
    found = scenes.data(finished)
    out = options.out or path / PAGE
    size = write_page(out, page(finished, found, atlas))
    write_report(path, without=SLOW_SECTIONS)
    counts = {name: len(found[name]) for name in ("scenes", "fits")}
    if as_json:
        document = {"schema": "expressivity.explore/1", "run": str(path), "file": str(out)}
        atlas_classes = None if atlas is None else len(atlas["classes"])
        write_json({**document, "bytes": size, **counts, "atlas_classes": atlas_classes})
    else:
        told = f"{counts['scenes']} scenes of {counts['fits']} networks; run folder: {path}"
        console().print(f"{out}: {told}", soft_wrap=True)
    below = [line for reading in readings(finished) for line in reading.result.contradictions]
    for line in below:
        console(stderr=True).print(f"expressivity: contradiction: {line}", soft_wrap=True)
    return ExitCode.BROKEN if below else ExitCode.AS_EXPECTED


def _tier(options: Options) -> Tier:
    """As asked, or that of the run that is there."""
    from experiments.experiment import Tier
    from expressivity.runs.folder import read_run
    from figures.explorer.scenes import require_explorer

    known = (Tier.SMOKE, Tier.CPU)
    if options.tier is not None:
        if options.tier not in known:
            raise ValueError(f"unknown tier {options.tier!r}: choose from {', '.join(known)}")
        return Tier(options.tier)
    if options.run is None or not options.run.is_dir() or not any(options.run.iterdir()):
        return Tier.CPU
    return require_explorer(read_run(options.run))


def _finished(experiment: Experiment, path: Path, workers: int | None, *, quiet: bool) -> Run:
    """The run, brought to its end by as many processes as there are cores."""
    from experiments.running import run_experiment
    from expressivity.commands.running import executor_for

    cores = len(os.sched_getaffinity(0))
    count = workers if workers is not None or cores == 1 else cores
    with executor_for(count, None) as executor:
        finished = run_experiment(experiment, path, executor, quiet=quiet)
    if finished.failures:
        raise RuntimeError(f"{len(finished.failures)} fits failed: see {path / 'failures'}")
    return finished
