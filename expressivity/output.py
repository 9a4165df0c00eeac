"""What leaves the program: exit codes, notices, JSON documents and files."""

import hashlib
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import cast

_log = logging.getLogger("expressivity")
_noticed: set[str] = set()


class ExitCode(IntEnum):
    """What the process returns.

    0 done, everything as expected; 1 done, a claim turned out otherwise; 2 unusable arguments
    or input; 3 not decided, or a tool is not installed; 4 an internal contradiction, a failure of
    the machine or the program, or an interruption.
    """

    AS_EXPECTED = 0
    OTHERWISE = 1
    UNUSABLE = 2
    UNDECIDED = 3
    BROKEN = 4


def notice(message: str) -> None:
    """Log a warning of one line, once in a process; commands show it on standard error.

    Worker processes keep it to themselves: the process that started them meets the same.
    """
    line = " ".join(message.split())
    if line not in _noticed and multiprocessing.parent_process() is None:
        _noticed.add(line)
        _log.warning("%s", line)


def json_text(document: dict[str, object]) -> str:
    """A JSON document as it is printed and written.

    Raises:
        ValueError: a NaN or infinity: failed values must be null.
    """
    return json.dumps(document, allow_nan=False, indent=1) + "\n"


def sealed(document: dict[str, object]) -> dict[str, object]:
    """A document with the digest of its content, which :func:`is_whole` checks.

    >>> is_whole(sealed({"a": 1})), is_whole({**sealed({"a": 1}), "a": 2}), is_whole({"a": 1})
    (True, False, False)
    """
    return {**document, "digest": _digest(document)}


def is_whole(document: object) -> bool:
    """Whether what was read from JSON is an object with the right digest."""
    if not isinstance(document, dict):
        return False
    content = dict(cast(dict[str, object], document))
    return content.pop("digest", None) == _digest(content)


def _digest(content: dict[str, object]) -> str:
    """SHA-256 of the JSON with sorted keys, no spaces, and ASCII only."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(document: dict[str, object]) -> None:
    """One JSON document on standard output; raises as :func:`json_text`."""
    sys.stdout.write(json_text(document))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, sync it, and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # else a power cut may leave the new name and no content
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def cache_folder() -> Path:
    """``EXPRESSIVITY_CACHE``, or ``expressivity`` in the user's cache folder."""
    chosen = os.environ.get("EXPRESSIVITY_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "expressivity"
