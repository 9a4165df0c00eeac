"""The parts of the script: what each is called, may take, and says about its figures.

Standard library only: what a part measures is imported in the process that measures it. A part is
a module with a function ``rows(device, *, dry_run)`` that yields one row after another.
"""

import contextlib
import importlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TAIL = 30  # lines of a failed process that are kept

Row = dict[str, str | int | float | None]
"""A row of a table: the same names in every row of a part."""


def finite(value: float) -> float | None:
    """Failed values are None: JSON has no others."""
    return value if math.isfinite(value) else None


class PartFailedError(RuntimeError):
    """A part ended badly; the message is the end of what it said."""


class PartStoppedError(RuntimeError):
    """A part was stopped at its time limit."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table of the document.

    Attributes:
        module: that measures it, in this package.
        seconds: of the eight minutes; what an earlier part leaves over comes on top.
        title, note: of its table.
    """

    module: str
    seconds: float
    title: str
    note: str


PARTS: dict[str, Part] = {
    "tests": Part(
        module="cuda_tests",
        seconds=80,
        title="Tests of the device",
        note="The tests marked `cuda`, by function.",
    ),
    "fits": Part(
        module="fits",
        seconds=110,
        title="Fits: lanes a second",
        note="Variable projection on t2, float64, 32 iterations of every lane. `over the CPU`: "
        "lanes a second over those of the CPU (all its threads, compiled) at as many lanes.",
    ),
    "recovery": Part(
        module="recovery",
        seconds=90,
        title="Own class, searched with many lanes",
        note="A random network of a class teaches the class; programs are not compiled. `best`: "
        "relative l2 error of the best lane on a finer rule; `found`: whether it is at most 1e-12; "
        "`generations`: after the first. A search that has not found it ends after 25 s.",
    ),
    "layers": Part(
        module="layers",
        seconds=100,
        title="Layers in bfloat16",
        note="Forward and backward, compiled, weights in bfloat16. Ratios to fixed silu of the "
        "same form (two_sided: fixed one_sided, SwiGLU); `saved` is what is kept for the backward "
        "pass, parameters excluded. The paper's ratios (arXiv:2605.26647) are from other hardware. "
        "`peak MiB` is of all layers of a width.",
    ),
    "training": Part(
        module="training",
        seconds=90,
        title="Training: tokens a second",
        note="The recipe `dense-0.12b`, each update of 64 of its 256 windows, as `pretrain` does "
        "them: gradient in parts of 16 windows, clipping, optimizer. Models take turns; the least "
        "time of several rounds counts.",
    ),
}
SECONDS = sum(part.seconds for part in PARTS.values())


def rows_here(name: str, device: str, *, dry_run: bool) -> Iterator[Row]:
    """Measure a part in this process."""
    module = importlib.import_module(f"benchmarks.device.{PARTS[name].module}")
    rows: Callable[..., Iterator[Row]] = module.rows
    yield from rows(device, dry_run=dry_run)


def rows_apart(command: list[str], seconds: float) -> Iterator[Row]:
    """Rows that a process of its own prints, one JSON object a line, until its time is up.

    A device that hangs, or a program that takes long to compile, costs its part alone.

    Raises:
        PartStoppedError: the process was killed at its limit.
        PartFailedError: another exit status than 0.
    """
    stopped = threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            start_new_session=True,  # the tests' own process ends with it
        )

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.killpg(process.pid, signal.SIGKILL)

        def stop() -> None:
            stopped.set()
            kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("{"):  # a compiler may have something to say as well
                    yield json.loads(line)
            process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                kill()
                process.wait()
            process.stdout.close()
        if stopped.is_set():
            raise PartStoppedError(f"stopped after {seconds:.0f} s")
        if process.returncode:
            errors.seek(0)
            said = errors.read().splitlines()[-TAIL:]
            raise PartFailedError("\n".join([f"exit {process.returncode}", *said]))


def command(name: str, device: str, *, dry_run: bool = False) -> list[str]:
    """What :func:`rows_apart` runs for a part."""
    return ["-m", "benchmarks.device.parts", name, device, *(["--dry-run"] if dry_run else [])]


def main() -> None:
    """Print the rows of a part; see :func:`command`."""
    name, device, *dry_run = sys.argv[1:]
    for row in rows_here(name, device, dry_run=bool(dry_run)):
        print(json.dumps(row, allow_nan=False), flush=True)


if __name__ == "__main__":
    main()
