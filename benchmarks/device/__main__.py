"""What one accelerator is for, in eight minutes at most (see README.md of the benchmarks).

    python -m benchmarks.device
    python -m benchmarks.device --dry-run

Each part runs in a process of its own, within its own share of the time, and what it has measured
is written row by row: a part that fails or hangs costs itself alone, and a kill nothing.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.device.document import Document, Measured
from benchmarks.device.parts import (
    PARTS,
    ROOT,
    SECONDS,
    PartFailedError,
    PartStoppedError,
    Row,
    command,
    rows_apart,
    rows_here,
)

RESULTS = ROOT / "benchmarks" / "device.json"
Source = Callable[[str, float], Iterator[Row]]
"""(the name of a part, the seconds it may take) -> its rows."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command line."""

    parts: tuple[str, ...]
    device: str
    dry_run: bool
    out: Path | None


def parse(argv: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=tuple(PARTS), metavar="PART",
                        help=f"of {', '.join(PARTS)}")  # fmt: skip
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dry-run", action="store_true",
                        help="every part with tiny sizes, on the CPU, in this process")  # fmt: skip
    parser.add_argument("--out", type=Path, help="FILE.json; the tables go to FILE.md beside it "
                        "(default: device.json here; dry run: printed only)")  # fmt: skip
    read = parser.parse_args(argv)
    if read.dry_run:
        read.device = "cpu"
    elif read.out is None:
        read.out = RESULTS
    return Options(**vars(read) | {"parts": tuple(read.parts)})


def source(options: Options) -> Source:
    """Where rows come from: this process in a dry run, else one process a part."""
    if options.dry_run:
        return lambda name, seconds: rows_here(name, options.device, dry_run=True)
    return lambda name, seconds: rows_apart(command(name, options.device), seconds)


def environment(device: str) -> dict[str, object]:
    """What the figures depend on.

    Raises:
        ValueError: a device that is not there.
    """
    import torch

    kind = torch.device(device).type
    if kind not in ("cpu", "cuda") or (kind == "cuda" and not torch.cuda.is_available()):
        raise ValueError(
            f"required: a CUDA device; {device!r} is none that torch finds here: try --dry-run"
        )
    name = torch.cuda.get_device_name(device) if kind == "cuda" else platform.processor() or kind
    return {
        "device": name,
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
    }


def measure(document: Document, rows: Source, out: Path | None) -> None:
    """Run the parts one after another and write after each row."""
    began = time.monotonic()
    names = list(document.parts)
    for index, name in enumerate(names):
        found = document.parts[name]
        later = sum(PARTS[other].seconds for other in names[index + 1 :])
        started = time.monotonic()
        found.limit = SECONDS - later - (started - began)  # what earlier parts left is spent here
        found.status = "running"
        say(f"{name}: up to {found.limit:.0f} s")
        try:
            for row in rows(name, found.limit):
                found.rows.append(row)
                found.seconds = time.monotonic() - started
                say("  " + "  ".join(f"{key} {value}" for key, value in row.items()))
                if out is not None:
                    document.write(out)
            found.status = "done"
        except PartStoppedError as error:
            found.status, found.message = "stopped", str(error)
        except PartFailedError as error:
            found.status, found.message = "failed", str(error)
        found.seconds = time.monotonic() - started
        say(f"{name}: {found.status} {found.message}")
        if out is not None:
            document.write(out)


def say(line: str) -> None:
    """Progress, beside the results."""
    print(line, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Measure, print the tables, and say whether everything ran."""
    options = parse(argv)
    parts = {name: Measured() for name in options.parts}
    try:
        where = environment(options.device)
    except ValueError as error:
        say(str(error))
        return 2
    document = Document(environment=where, dry_run=options.dry_run, parts=parts)
    measure(document, source(options), options.out)
    print(document.markdown())
    return 0 if document.complete else 1


if __name__ == "__main__":
    sys.exit(main())
