"""What leaves the program: exit codes, JSON documents and files."""

import json
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the process returns.

    0 done, everything as expected; 1 done, a claim turned out otherwise; 2 unusable arguments
    or input; 3 not decided; 4 an internal contradiction, or the machine failed.
    """

    AS_EXPECTED = 0
    OTHERWISE = 1
    UNUSABLE = 2
    UNDECIDED = 3
    BROKEN = 4


def json_text(document: dict[str, object]) -> str:
    """A JSON document as it is printed and written.

    Raises:
        ValueError: a NaN or infinity: failed values must be null.
    """
    return json.dumps(document, allow_nan=False, indent=1) + "\n"


def write_json(document: dict[str, object]) -> None:
    """One JSON document on standard output; raises as :func:`json_text`."""
    sys.stdout.write(json_text(document))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
