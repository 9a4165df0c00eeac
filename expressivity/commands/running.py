"""What commands that run units share: threads, consoles, progress, messages."""

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from expressivity.commands.console import console
from expressivity.commands.progress import tally
from expressivity.fitting.compilation import heard_by
from expressivity.runs.executors import Processes, cluster
from expressivity.runs.failures import read_note
from expressivity.runs.folder import Entry, RunFolder, read_run
from expressivity.runs.units import Executor, Unit, run

SLOW_SECTIONS = ("proofs",)
"""Of the report, for ``expressivity report`` to add: longer to make than many a run."""

_FAILURES_SHOWN = 20

Rounds = Callable[[Sequence[Unit]], Iterable[Sequence[Unit]]]
"""(units that have failed, which grows) -> units to run, round after round."""

OnStored = Callable[[Unit], None]

Pending = Callable[[Iterable[Entry], Collection[str]], Sequence[Unit]]
"""(finished units, keys of those that failed) -> the units to run next; none at the end."""


def usual_path(name: str, configuration: Mapping[str, object]) -> Path:
    """The folder of a run that names none: of the command and what is asked.

    >>> usual_path("atlas", {}).name
    'atlas-44136fa355'
    """
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{name}-{digest[:10]}"


@contextmanager
def every_core() -> Generator[None]:
    """All cores this process may use, unless the user has asked for fewer."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, len(os.sched_getaffinity(0))))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def executor_for(workers: int | None, scheduler: str | None) -> Generator[Executor | None]:
    """Where units run: here (None), in local processes, or on a Dask cluster.

    Raises:
        ValueError: both are asked for, fewer than one worker, or no scheduler at the address.
    """
    if workers is not None and scheduler is not None:
        raise ValueError("required: --workers or --scheduler; got both: give one of them")
    if scheduler is None:
        yield None if workers is None else Processes(workers)
        return
    with cluster(scheduler) as executor:
        if not executor.workers:
            console(stderr=True).print(
                f"the cluster at {scheduler} has no workers yet: waiting for one", soft_wrap=True
            )
        yield executor


def run_units(
    units: Sequence[Unit],
    folder: RunFolder,
    executor: Executor | None = None,
    *,
    quiet: bool,
    on_stored: OnStored = lambda unit: None,
) -> list[Unit]:
    """Bring units to their end in a folder, and tell how far they are.

    Args:
        units: which.
        folder: where they are kept.
        executor: where they run; by default in this process.
        quiet: nothing is told of the progress.
        on_stored: hears of each unit that the folder holds.

    Returns:
        Those that failed; why is on standard error and in the folder.

    Raises:
        ValueError: another process holds the folder.
    """
    total = sum(unit.parts for unit in units)
    return run_rounds(
        lambda _: [units], folder, executor, total=total, quiet=quiet, on_stored=on_stored
    )


def run_rounds(
    rounds: Rounds,
    folder: RunFolder,
    executor: Executor | None = None,
    *,
    total: int | None = None,
    quiet: bool,
    on_stored: OnStored = lambda unit: None,
) -> list[Unit]:
    """The same of rounds of units, each of which may depend on what the folder then holds.

    Args:
        rounds: iterated while the folder is locked.
        folder: where they are kept.
        executor: where they run; by default in this process.
        total: parts of all units, at most; None where it is not known.
        quiet: nothing is told of the progress.
        on_stored: hears of each unit that the folder holds.
    """
    messages = console(stderr=True)
    failed: list[Unit] = []

    def on_unit(unit: Unit) -> None:
        done.update(label=unit.label)
        on_stored(unit)

    with (
        folder.locked(),
        every_core(),
        tally("units", total, quiet=quiet) as done,
        heard_by(done.compiling),
    ):
        try:
            for units in rounds(failed):
                failed += run(
                    units,
                    folder,
                    executor,
                    on_progress=done.update,
                    on_unit=on_unit,
                )
        except KeyboardInterrupt as stop:
            stored = sum(1 for _ in folder.path.glob("units/*.parquet"))
            command = shlex.join(["expressivity", *sys.argv[1:]])
            stop.add_note(f"finished units in {folder.path}: {stored}; go on with: {command}")
            raise
    for shard in folder.recomputed:
        messages.print(f"unreadable shard {shard}: computed again", soft_wrap=True)
    for unit in failed[:_FAILURES_SHOWN]:
        note = folder.failure(unit)
        error = read_note(note)["error"]
        messages.print(f"failed twice: {unit.label}: {error} (see {note})", soft_wrap=True)
    if len(failed) > _FAILURES_SHOWN:
        others = len(failed) - _FAILURES_SHOWN
        messages.print(f"and {others} others: see {folder.path / 'failures'}", soft_wrap=True)
    return failed


def following(pending: Pending, folder: RunFolder) -> Rounds:
    """The rounds of units each of which is known once those before it are finished."""

    def rounds(failed: Sequence[Unit]) -> Generator[Sequence[Unit]]:
        while units := pending(read_run(folder.path).entries, {unit.key for unit in failed}):
            yield units

    return rounds
