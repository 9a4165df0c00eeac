"""What leaves the program: exit codes, notices, JSON documents and files."""

import errno
import hashlib
import json
import logging
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

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


@contextmanager
def without_warnings() -> Generator[None]:
    """Show no Python warnings, which are for developers, unless they are asked for (``-W``)."""

    def silent(*message: object, **where: object) -> None: ...

    shown = warnings.showwarning
    if not sys.warnoptions:
        warnings.showwarning = silent
    try:
        yield
    finally:
        warnings.showwarning = shown


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


class DamagedDocumentError(ValueError):
    """A document that cannot be read, or is not what its digest says."""


def write_document(file: Path, document: dict[str, object]) -> None:
    """Write a JSON document under its digest.

    Raises:
        OSError: it cannot be written; the one before is still there.
        ValueError: as :func:`json_text`.
    """
    text = json_text(sealed(document))
    write_atomically(file, lambda temporary: temporary.write_text(text, "utf-8"))


def read_document(file: Path, schema: str | None = None) -> dict[str, Any]:
    """A document as :func:`write_document` has written it, the digest included.

    Args:
        file: where it is.
        schema: what its field ``schema`` must be; None asks for none.

    Raises:
        DamagedDocumentError: it is missing, cannot be read, or is not what its digest says.
        ValueError: it is whole, and of another schema.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_document(Path(folder) / "a.json", {"schema": "a/1", "value": 0.5})
    ...     read_document(Path(folder) / "a.json", "a/1")["value"]
    0.5
    """
    try:
        content: Any = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise DamagedDocumentError(_unreadable(file, f"there is no {file}")) from error
    except OSError as error:
        raise DamagedDocumentError(_unreadable(file, str(error.strerror))) from error
    except (ValueError, RecursionError) as error:
        raise DamagedDocumentError(_unreadable(file, "it is damaged")) from error
    if not is_whole(content):
        raise DamagedDocumentError(_unreadable(file, "it is damaged, or has no digest"))
    if schema is not None and content.get("schema") != schema:
        raise ValueError(_unreadable(file, f"it is of schema {content.get('schema')!r:.60}"))
    return content


def _unreadable(file: Path, why: str) -> str:
    return f"required: a readable {file.name}; {why}: run the command that writes it"


def write_json(document: dict[str, object]) -> None:
    """One JSON document on standard output; raises as :func:`json_text`."""
    sys.stdout.write(json_text(document))


def write_atomically(
    path: Path, write: Callable[[Path], object], *, keep: Path | None = None
) -> None:
    """Let ``write`` fill a temporary file beside ``path``, and rename it into place.

    The file is synced before and its folder after: a power cut leaves the old file or the new one.

    Args:
        path: the file.
        write: is given the temporary file.
        keep: in the same folder, where the old file goes; a kill may leave that one alone.
    """
    if not path.name:  # '' and '.', which have no neighbours to be written first
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    _make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        _sync(temporary)
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_answer(path: Path, content: bytes) -> None:
    """Write a file whose place a user has chosen, all or nothing.

    Raises:
        ValueError: it cannot be written.
    """
    try:
        write_atomically(path, lambda temporary: temporary.write_bytes(content))
    except OSError as error:
        raise ValueError(
            f"required: a file that can be written; {path}: {error.strerror}: choose another --out"
        ) from error


def _make_folder(path: Path) -> None:
    """With its parents, each of which is on the disk once this returns."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(exist_ok=True)
        _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that syncs no folders
            raise
    finally:
        os.close(handle)


def cache_folder() -> Path:
    """``EXPRESSIVITY_CACHE``, or ``expressivity`` in the user's cache folder."""
    chosen = os.environ.get("EXPRESSIVITY_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "expressivity"
