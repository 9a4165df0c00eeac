"""Units that cost nothing and misbehave on demand, in a module that worker processes can import.

``python -c "import cheap_units; cheap_units.main()" FOLDER COUNT SECONDS WORKERS MARKS`` runs
``COUNT`` of them in a run folder; with no workers, in that process.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from expressivity.runs.executors import Processes
from expressivity.runs.folder import RunFolder, read_lanes, read_run
from expressivity.runs.units import InProcess, OnProgress, Outcome, Unit, run


@dataclass(frozen=True, kw_only=True)
class Cheap(Unit):
    """A unit whose outcome depends on its number alone.

    Attributes:
        number: which.
        seconds: how long it takes.
        marks: folder in which every attempt leaves a file, or none.
        manner: ``well``, ``fails``, ``fails at first``, ``kills``, ``kills at first``, or
            ``is told to end``, which a worker leaves to the process that has started it.
    """

    number: int
    seconds: float = 0.0
    marks: str = ""
    manner: str = "well"

    @property
    def identity(self) -> dict[str, object]:
        return {"unit": "cheap", "number": self.number}

    @property
    def label(self) -> str:
        return f"cheap {self.number}"

    @property
    def parts(self) -> int:
        return 1 + self.number % 3

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        first = not attempts(self.marks, self.number)
        if self.marks:
            (Path(self.marks) / f"{self.number}-{os.getpid()}-{time.time_ns()}").touch()
        time.sleep(self.seconds)
        if self.manner == "is told to end":
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)
        if self.manner == "kills" or (self.manner == "kills at first" and first):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.manner == "fails" or (self.manner == "fails at first" and first):
            raise ValueError(f"unit {self.number}\nwas told to fail")
        if on_progress is not None:
            on_progress(self.parts)
        draw = np.random.default_rng(self.number)
        values = draw.standard_normal(self.parts)
        return Outcome(
            record={"value": float(values[0]), "none": None, "text": "Straße"},
            lanes={"lane": list(range(self.parts)), "value": values.tolist()},
            tensors={"theta": torch.from_numpy(draw.standard_normal((self.parts, 3)))},
        )


@dataclass(frozen=True, kw_only=True)
class Rooted(Cheap):
    """Cannot travel: it holds something that pickle refuses."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", lambda: None)


def _refuse() -> None:
    raise ImportError("this unit cannot be read back")


class Chained(Cheap):
    """One of a chain of three; it tells in which process it ran."""

    @property
    def chain(self) -> str:
        return str(self.number // 3)

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        outcome = super().run(on_progress)
        return replace(outcome, record={"process": os.getpid(), "at": time.monotonic_ns()})


class Unreadable(Cheap):
    """Travels, and cannot be read at the other end."""

    def __reduce__(self) -> tuple[object, ...]:
        return _refuse, ()


def attempts(marks: str, number: int) -> list[Path]:
    """The attempts at a unit so far."""
    return list(Path(marks).glob(f"{number}-*")) if marks else []


def make(count: int, seconds: float = 0.0, marks: object = "", **manner: str) -> list[Cheap]:
    """Units 0 to count - 1; manners by number, as ``_3="fails"``."""
    return [
        Cheap(
            number=number,
            seconds=seconds,
            marks=str(marks),
            manner=manner.get(f"_{number}", "well"),
        )
        for number in range(count)
    ]


def open_folder(path: Path, count: int) -> RunFolder:
    """A run folder of that many units."""
    return RunFolder(path, configuration={"count": count}, facts={})


def content(path: Path) -> dict[str, tuple[str, str, str, bytes]]:
    """Everything in a run folder that must not depend on where units ran, to the bit."""
    found = read_run(path)
    assert found.damaged == ()
    return {
        entry.key: (
            json.dumps(entry.identity),
            json.dumps(entry.record),
            repr(read_lanes(path, entry.key)),
            (path / "weights" / f"{entry.key}.safetensors").read_bytes(),
        )
        for entry in found.entries
    }


def main() -> None:
    """See the module docstring."""
    # A shell starts background jobs, and with them the tests, with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path, count, seconds, workers, marks = sys.argv[1:]
    units = make(int(count), float(seconds), marks)
    folder = open_folder(Path(path), len(units))
    executor = Processes(int(workers)) if int(workers) else InProcess()
    with folder.locked():
        failed = run(units, folder, executor)
    sys.exit(len(failed))
