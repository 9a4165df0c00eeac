"""Files that one process at a time may write."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(lock: Path, *, busy: str, unwritable: Callable[[OSError], str]) -> Generator[None]:
    """Hold a lock file for this process; it is made where there is none.

    Args:
        lock: the file.
        busy: what to say where another process holds it.
        unwritable: what to say where it cannot be opened.

    Raises:
        ValueError: one of the two, or the file system has no locks.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with held(Path(folder) / ".lock", busy="in use", unwritable=str):
    ...         (Path(folder) / ".lock").is_file()
    True
    """
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise ValueError(unwritable(error)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(busy) from error
        except OSError as error:
            raise ValueError(
                f"required: a file system with locks, which keep two processes from writing the "
                f"same files; {lock.parent}: {error.strerror}: choose a folder on a local disk"
            ) from error
        yield
    finally:
        os.close(handle)
