"""Where Coq is, and how its programs are run.

Coq is no dependency of the Python package: whoever asks for it and lacks it is told how to
install it, in one line.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = ("Coquelicot", "Interval")
"""Coq libraries that the theorems use, beside Coq's own."""

_INSTALL = "install it (Debian: apt-get install coq libcoq-coquelicot libcoq-interval)"
_PROGRAMS = ("coqc", "coqtop", "coqdep", "coqchk")


class CoqMissingError(Exception):
    """Coq or one of the libraries is not installed; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a program of Coq answered.

    Attributes:
        code: its exit status.
        output: all that it said.
    """

    code: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Coq:
    """An installation.

    Attributes:
        programs: paths of coqc, coqtop, coqdep and coqchk.
        version: as ``8.16.1``.
        build: of which files the libraries consist, as a digest: compiled files fit no others.
    """

    programs: dict[str, str]
    version: str
    build: str

    def start(
        self, program: str, *arguments: str, folder: Path, log: Path, script: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one of the programs in a folder; all that it says goes to the file ``log``.

        Whoever starts it ends it, too. ``script`` is its standard input.
        """
        with log.open("wb") as said, Path(script or os.devnull).open("rb") as read:
            return subprocess.Popen(
                [self.programs[program], *arguments],
                cwd=folder, stdin=read, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def run(self, program: str, *arguments: str, folder: Path) -> Ran:
        """Run one of the programs in a folder, to its end or that of this process."""
        log = folder / f"{program}.log"
        process = self.start(program, *arguments, folder=folder, log=log)
        with ended(process):
            code = process.wait()
        return Ran(code=code, output=log.read_text("utf-8", "replace"))


@contextmanager
def ended(*processes: subprocess.Popen[bytes]) -> Generator[None]:
    """Processes end with the block, however it is left."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def find_coq(path: str | None = None) -> Coq:
    """The installation on the search path.

    Args:
        path: folders to search, as in ``PATH``, which it is by default.

    Raises:
        CoqMissingError: a program or a library is not there.

    >>> find_coq("")
    Traceback (most recent call last):
    proofs.kernel.coq.CoqMissingError: required: Coq for --kernel; not on the PATH: coqc, ...
    """
    found = {name: shutil.which(name, path=path) for name in _PROGRAMS}
    programs = {name: place for name, place in found.items() if place is not None}
    if missing := [name for name in _PROGRAMS if name not in programs]:
        raise CoqMissingError(_refusal(f"not on the PATH: {', '.join(missing)}"))
    version = _answer([programs["coqc"], "--print-version"]).split(" ")[0]
    places = _library_folders(_answer([programs["coqc"], "-where"]))
    files = {name: [f for p in places for f in sorted((p / name).rglob("*.vo"))]
             for name in LIBRARIES}  # fmt: skip
    if lacking := [name for name in LIBRARIES if not files[name]]:
        raise CoqMissingError(_refusal(f"Coq {version} is there without {', '.join(lacking)}"))
    stats = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for n in LIBRARIES for f in files[n]]
    build = hashlib.sha256(repr((version, stats)).encode()).hexdigest()
    return Coq(programs=programs, version=version, build=build)


def _refusal(what: str) -> str:
    return f"required: Coq for --kernel; {what}; {_INSTALL}"


def _answer(command: Sequence[str]) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        reason = " ".join((ran.stderr or ran.stdout).split())[:200]
        raise CoqMissingError(_refusal(f"{' '.join(command)} failed ({reason})"))
    return ran.stdout.strip()


def _library_folders(where: str) -> list[Path]:
    """Where Coq itself looks for libraries: its own folder and ``COQPATH``."""
    extra = [Path(part) for part in os.environ.get("COQPATH", "").split(os.pathsep) if part]
    return [Path(where) / "user-contrib", *extra]
