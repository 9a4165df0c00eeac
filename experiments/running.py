"""Bring an experiment to its end in a run folder."""

from pathlib import Path

from experiments.experiment import Experiment
from expressivity.commands.running import run_units
from expressivity.runs.folder import Run, RunFolder, read_run
from expressivity.runs.provenance import facts
from expressivity.runs.units import Executor


def run_experiment(
    experiment: Experiment, path: Path, executor: Executor | None = None, *, quiet: bool
) -> Run:
    """Run what is missing in a folder, and read the whole of it back.

    Units that failed are in the run's ``failures``.

    Args:
        experiment: what to run.
        path: its run folder; created, or taken up again.
        executor: where units run; by default in this process.
        quiet: no progress bar.

    Raises:
        ValueError: the folder cannot be written, is another's, or is in use.
    """
    folder = RunFolder(path, configuration=experiment.configuration, facts=facts())
    run_units(experiment.units, folder, executor, quiet=quiet)
    return read_run(path)
