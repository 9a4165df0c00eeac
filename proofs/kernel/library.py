"""The files of ``proofs/coq/``, and their compilation into the user's cache.

Sources are read from the package and never written beside: compiled files lie in a folder of the
cache whose name is a digest of all sources and of the Coq that compiles them. A file that failed
loses no other, and what was compiled is not compiled again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from expressivity.output import write_atomically
from proofs.kernel.coq import Coq

PREFIX = "Expressivity"
"""The logical name of the folder: ``From Expressivity Require Import networks.``"""

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
    """

    name: str
    problem: str | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Library:
    """Coq files that belong together.

    Attributes:
        sources: their texts by name, without ``.v``.
    """

    sources: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of names and texts.

        >>> Library(sources={"a": ""}).digest == Library(sources={"b": ""}).digest
        False
        """
        parts = [(name, self.sources[name]) for name in sorted(self.sources)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def folder(self, coq: Coq) -> Path:
        """Where it is compiled."""
        key = hashlib.sha256(f"{self.digest} {coq.build}".encode()).hexdigest()[:16]
        return cache_folder() / "kernel" / key

    def code(self, name: str) -> str:
        """The text of a file without its comments."""
        return without_comments(self.sources[name])

    def place_of(self, theorem: str) -> str | None:
        """The file that proves a theorem of this name, or None."""
        stated = re.compile(rf"^\s*Theorem\s+{re.escape(theorem)}\b", re.MULTILINE)
        return next((name for name in self.sources if stated.search(self.code(name))), None)


def builtin_library() -> Library:
    """The files that come with the package."""
    folder = files("proofs") / "coq"
    found = sorted(folder.iterdir(), key=lambda f: f.name) if folder.is_dir() else []
    return Library(
        sources={f.name[:-2]: f.read_text("utf-8") for f in found if f.name.endswith(".v")}
    )


def cache_folder() -> Path:
    """``EXPRESSIVITY_CACHE``, or ``expressivity`` in the user's cache folder."""
    chosen = os.environ.get("EXPRESSIVITY_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "expressivity"


def without_comments(text: str) -> str:
    """Coq text with a space for each comment; they nest, and hide in no string.

    >>> without_comments('a (* b (* c *) d *) "(*" e')
    'a   "(*" e'
    """
    kept: list[str] = []
    depth = 0
    for token in re.findall(r'\(\*|\*\)|"(?:[^"]|"")*"|.', text, re.DOTALL):
        if token == "(*":
            depth += 1
        elif depth == 0:
            kept.append(token)
        elif token == "*)":
            depth -= 1
            kept.append(" " if depth == 0 else "")
    return "".join(kept)


@contextmanager
def unpacked(library: Library, coq: Coq) -> Generator[Path]:
    """The folder with the sources in it, held for this process; another one's waits.

    Raises:
        OSError: the cache cannot be written.
    """
    folder = library.folder(coq)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for name, text in library.sources.items():
            file = folder / f"{name}.v"
            if not file.exists():
                write_atomically(file, lambda path, text=text: path.write_text(text, "utf-8"))
        yield folder
    finally:
        os.close(handle)


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
                settle(name, _outcome(folder, name, *running.pop(name)))
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


def _settled(folder: Path, name: str, needed: Iterable[Compiled]) -> Compiled | None:
    """A file that is compiled already, or cannot be; None for one that is to be compiled."""
    failed = [other.name for other in needed if other.problem is not None]
    if failed:
        problem = f"needs {', '.join(failed)}, which did not compile"
        return Compiled(name=name, problem=problem, seconds=0.0)
    stamp = folder / f"{name}.seconds"
    if not stamp.exists():
        return None
    return Compiled(name=name, problem=None, seconds=float(stamp.read_text()))


def _outcome(folder: Path, name: str, process: subprocess.Popen[bytes], started: float) -> Compiled:
    seconds = round(time.monotonic() - started, 3)
    if process.returncode == 0:
        # Written last: a file without it was interrupted, and is compiled again.
        write_atomically(folder / f"{name}.seconds", lambda path: path.write_text(str(seconds)))
        return Compiled(name=name, problem=None, seconds=seconds)
    message = (folder / f"{name}.log").read_text("utf-8", "replace").strip()
    problem = message or f"coqc ended with status {process.returncode}"
    return Compiled(name=name, problem=problem, seconds=seconds)
