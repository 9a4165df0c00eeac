"""Compilation of a library into the user's cache.

Sources are read from the package and never written beside: compiled files lie in a folder of the
cache whose name is a digest of all sources and of the Coq that compiles them. A file that failed
loses no other, and what was compiled is not compiled again, as long as its stamp fits what lies
there: the source, the compiled file, and the compiled files that it needs. Damage is thereby
mended; who may write in the cache can forge a stamp too, and ``afresh`` looks at no cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from expressivity.output import read_document, write_atomically, write_document
from proofs.kernel.coq import Coq
from proofs.kernel.library import PREFIX, Library

OPTIONS = ("-q", "-w", "none", "-Q", ".", PREFIX)
AT_ONCE = 2
"""Processes of Coq, at most."""

_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What became of one file.

    Attributes:
        name: of the file, without ``.v``.
        problem: coqc's message, or which file that it needs failed; None where it compiled.
        seconds: of coqc when it was compiled.
        digest: SHA-256 of the compiled file; empty where there is none.
    """

    name: str
    problem: str | None
    seconds: float
    digest: str = ""


@contextmanager
def unpacked(library: Library, coq: Coq, *, afresh: bool = False) -> Generator[Path]:
    """The folder with the sources in it, held for this process; another one's waits.

    Args:
        library: the files.
        coq: the installation that is to compile them.
        afresh: in an empty folder, which goes with the block.

    Raises:
        OSError: the cache cannot be written.
    """
    folder = library.folder(coq)
    folder.mkdir(parents=True, exist_ok=True)
    if afresh:
        with TemporaryDirectory(dir=folder.parent) as empty:
            _write(library, Path(empty))
            yield Path(empty)
        return
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _write(library, folder)
        yield folder
    finally:
        os.close(handle)


def _write(library: Library, folder: Path) -> None:
    """The sources, where they are not as they should be."""
    for name, text in library.sources.items():
        file, content = folder / f"{name}.v", text.encode()
        if not file.exists() or file.read_bytes() != content:
            write_atomically(file, lambda path, content=content: path.write_bytes(content))


def needs(library: Library, coq: Coq, folder: Path) -> dict[str, list[str]]:
    """Which other files each file needs, as coqdep finds them."""
    ran = coq.run("coqdep", *OPTIONS[3:], *(f"{n}.v" for n in library.sources), folder=folder)
    found: dict[str, list[str]] = {name: [] for name in library.sources}
    for line in ran.output.splitlines():
        made, _, required = line.partition(":")
        name = made.split(".vo")[0]
        if name in found and f"{name}.vo" in made.split():
            words = [Path(word) for word in required.split() if word.endswith(".vo")]
            found[name] = [word.stem for word in words if word.stem in found]
    return found


def closure(wanted: Iterable[str], required: Mapping[str, list[str]]) -> list[str]:
    """Files with all that they need, what is needed first.

    >>> closure(["c"], {"a": [], "b": ["a"], "c": ["b", "a"], "d": []})
    ['a', 'b', 'c']
    """
    order: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name not in order and name not in path:  # coqc itself refuses a circle
            for other in required[name]:
                visit(other, (*path, name))
            order[name] = None

    for name in wanted:
        visit(name, ())
    return list(order)


def compile_files(
    coq: Coq,
    folder: Path,
    order: Iterable[str],
    required: Mapping[str, list[str]],
    on_file: Callable[[str], None] = lambda _: None,
) -> dict[str, Compiled]:
    """Compile files of an unpacked library, two at once, each after those that it needs.

    Raises:
        ValueError: two files need each other.
    """
    done: dict[str, Compiled] = {}
    waiting = list(order)
    running: dict[str, tuple[subprocess.Popen[bytes], float]] = {}

    def settle(name: str, outcome: Compiled) -> None:
        done[name] = outcome
        on_file(name)

    try:
        while waiting or running:
            for name in _ended(running):
                needed = [done[other] for other in required[name]]
                settle(name, _outcome(folder, name, needed, *running.pop(name)))
            ready = [name for name in waiting if all(other in done for other in required[name])]
            if waiting and not ready and not running:
                raise ValueError(f"required: files that do not need each other; got {waiting}")
            for name in ready:
                known = _settled(folder, name, [done[other] for other in required[name]])
                if known is not None:
                    settle(name, known)
                elif len(running) < AT_ONCE:
                    running[name] = (
                        coq.start(
                            "coqc", *OPTIONS, f"{name}.v", folder=folder, log=folder / f"{name}.log"
                        ),
                        time.monotonic(),
                    )
                else:
                    continue
                waiting.remove(name)
            time.sleep(_POLL_SECONDS if running else 0)
    finally:
        for process, _ in running.values():
            process.kill()
            process.wait()
    return done


def _ended(running: Mapping[str, tuple[subprocess.Popen[bytes], float]]) -> list[str]:
    return [name for name, (process, _) in running.items() if process.poll() is not None]


def _settled(folder: Path, name: str, needed: Sequence[Compiled]) -> Compiled | None:
    """A file that is compiled already, or cannot be; None for one that is to be compiled."""
    failed = [other.name for other in needed if other.problem is not None]
    if failed:
        problem = f"needs {', '.join(failed)}, which did not compile"
        return Compiled(name=name, problem=problem, seconds=0.0)
    try:
        stamp = read_document(folder / f"{name}.json")
        digest = _digest(folder / f"{name}.vo")
    except (OSError, ValueError):
        return None
    if stamp["of"] != _state(folder, name, needed, digest):
        return None
    return Compiled(name=name, problem=None, seconds=stamp["seconds"], digest=digest)


def _outcome(
    folder: Path,
    name: str,
    needed: Sequence[Compiled],
    process: subprocess.Popen[bytes],
    started: float,
) -> Compiled:
    seconds = round(time.monotonic() - started, 3)
    if process.returncode == 0:
        digest = _digest(folder / f"{name}.vo")
        stamp = {"of": _state(folder, name, needed, digest), "seconds": seconds}
        # Written last: a file without it was interrupted, and is compiled again.
        write_document(folder / f"{name}.json", stamp)
        return Compiled(name=name, problem=None, seconds=seconds, digest=digest)
    message = (folder / f"{name}.log").read_text("utf-8", "replace").strip()
    problem = message or f"coqc ended with status {process.returncode}"
    return Compiled(name=name, problem=problem, seconds=seconds)


def _state(folder: Path, name: str, needed: Iterable[Compiled], digest: str) -> dict[str, str]:
    """Digests of a file, its source and the compiled files that it needs."""
    state = {f"{name}.v": _digest(folder / f"{name}.v"), f"{name}.vo": digest}
    return state | {f"{other.name}.vo": other.digest for other in needed}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
