"""Bring an experiment to its end in a run folder."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from experiments.experiment import Experiment
from expressivity.commands.running import following, run_rounds
from expressivity.runs.compiling import COMPILED, in_one_mode, is_compiled
from expressivity.runs.folder import Run, RunFolder, read_run
from expressivity.runs.manifest import PART_OF
from expressivity.runs.provenance import facts
from expressivity.runs.units import Executor, Unit


def run_experiment(
    experiment: Experiment,
    path: Path,
    executor: Executor | None = None,
    *,
    quiet: bool,
    part_of: str | None = None,
) -> Run:
    """Run what is missing in a folder, and read the whole of it back.

    Units that failed are in the run's ``failures``.

    Args:
        experiment: what to run.
        path: its run folder; created, or taken up again.
        executor: where units run; by default in this process.
        quiet: no progress bar.
        part_of: stamp of the run whose folder it is in.

    Raises:
        ValueError: the folder cannot be written, is another's, or is in use.
    """
    units = tuple(in_one_mode(experiment.units, folder=path))
    folder = RunFolder(
        path,
        configuration=replace(experiment, units=units).configuration,
        facts={**facts(), COMPILED: is_compiled(units), PART_OF: part_of},
    )

    def rounds(failed: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
        yield units
        if experiment.pending is not None:
            yield from following(experiment.pending, folder)(failed)

    total = sum(unit.parts for unit in units) if experiment.pending is None else None
    run_rounds(rounds, folder, executor, total=total, quiet=quiet)
    return read_run(path)
