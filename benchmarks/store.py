"""Ten thousand work units: planning a sweep, computing, skipping, reading, and peak memory.

``python -m benchmarks.store [UNITS]`` prints one table. Each row is a process of its own, so that
its peak memory is its own; the run folder has rows of 32 lanes and 60 weights, as fits have, and
its units cost nothing. Times are the least of two.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from expressivity.runs.units import OnProgress, Outcome, Unit

_LANES, _PARAMETERS = 32, 60


@dataclass(frozen=True, kw_only=True)
class Free(Unit):
    """A unit that costs nothing; its outcome has the size of a fit's."""

    number: int

    @property
    def identity(self) -> dict[str, object]:
        """Its number."""
        return {"unit": "free", "number": self.number}

    @property
    def label(self) -> str:
        """Its number."""
        return f"free {self.number}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Numbers that depend on nothing else."""
        import torch

        errors = dict.fromkeys(("l2", "sup", "w1inf"), 1.0 / (1 + self.number))
        lanes = list(range(_LANES))
        values = [float(self.number + lane) for lane in lanes]
        return Outcome(
            record={"error": errors, "seeds": [errors] * 5, "reason": "none of them " * 20},
            lanes=dict.fromkeys(("lane", "seed", "status", "iterations"), lanes)
            | {"l2": values, "fit_error": values},
            tensors={"theta": torch.full((_LANES, _PARAMETERS), float(self.number)).double()},
        )


def grid_file(units: int) -> str:
    """A sweep file of so many units: 2 targets, 10 lambdas, 5 widths, the rest seeds."""
    seeds = list(range(units // 100))
    rates = [0.5 * step for step in range(1, 11)]
    return (
        f'[grid]\ntarget = ["t2", "t4"]\nlambda = {rates}\nfamily = ["la"]\n'
        f"width = [1, 2, 3, 4, 5]\nseed = {seeds}\n"
    )


def _nothing(place: Path, units: int) -> int:
    import experiments.grid
    import expressivity.runs.folder

    assert experiments.grid and expressivity.runs.folder
    return 0


def _plan(place: Path, units: int) -> int:
    from experiments.command import plan

    file = place / "grid.toml"
    file.write_text(grid_file(units))
    return len(plan(file).units)


def _run(place: Path, units: int) -> int:
    from expressivity.runs.folder import RunFolder
    from expressivity.runs.units import run

    folder = RunFolder(place / "run", configuration={"units": units}, facts={})
    with folder.locked():
        failed = run([Free(number=number) for number in range(units)], folder)
    assert not failed
    return folder.skipped


def _read(place: Path, units: int) -> int:
    from expressivity.runs.folder import read_run

    return len(read_run(place / "run").entries)


STEPS: dict[str, Callable[[Path, int], int]] = {
    "import": _nothing,
    "plan a grid": _plan,
    "compute and store": _run,
    "skip what is stored": _run,
    "read_run": _read,
}


def _child(step: str, place: str, units: str) -> None:
    import torch

    torch.set_num_threads(1)
    _nothing(Path(place), 0)  # imports are a row of their own
    started = time.perf_counter()
    count = STEPS[step](Path(place), int(units))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"count": count, "seconds": seconds, "peak_mib": peak}))


def _measure(step: str, place: Path, units: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.store", step, str(place), str(units)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(units: int) -> None:
    """Print the table, for a tenth of the units and for all of them."""
    print("| step | units | count | seconds | peak MiB | above import |")
    print("|---|---|---|---|---|---|")
    for size in (units // 10, units):
        with tempfile.TemporaryDirectory() as folder:
            base = 0.0
            for step in STEPS:
                found = _measure(step, Path(folder), size)
                if step != "compute and store":  # cannot be done twice in one folder
                    again = _measure(step, Path(folder), size)
                    found = min(found, again, key=lambda row: row["seconds"])
                if step == "import":
                    base = found["peak_mib"]
                print(
                    f"| {step} | {size} | {found['count']} | {found['seconds']:.2f} "
                    f"| {found['peak_mib']:.0f} | {found['peak_mib'] - base:.0f} |"
                )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        _child(*sys.argv[1:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
