"""Whether the wheel works without the source tree: ``make wheel``.

``python -m tools.wheel [3.11 ..]`` builds the source distribution and from it the wheel, compares
its files with those of the checkout, installs it with the pins into a new environment of every
Python that is asked for, and runs commands there. Exit codes are those of the program: 0 all went
well; 1 a file is missing or a stranger, or a command went wrong; 3 a Python was not found; 4 the
wheel could not be built or installed.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from expressivity.output import ExitCode

ROOT = Path(__file__).parents[1]
PACKAGES = ("expressivity", "proofs", "experiments", "figures")
PICTURES = "figures/paper/"
"""For readers of the repository; of these files the wheel holds one."""
STORED_ATLAS = f"{PICTURES}atlas.json"
PYTHONS = ("3.11", "3.12", "3.13")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command of the program, and what its standard output must have in it."""

    arguments: tuple[str, ...]
    says: str = ""


STEPS = (
    Step(arguments=("--version",), says="expressivity "),
    Step(arguments=("list", "targets"), says="relu(x2)*tanh(2*x1)"),
    Step(arguments=("list", "figures"), says="hierarchy"),
    Step(
        arguments=(
            *("separate", "t2", "--widths", "1", "--restarts", "8", "--compile", "never"),
            *("--out", "separate", "--json"),
        ),
        says='"schema": "expressivity.separate/1"',
    ),
    Step(arguments=("verify", "separate")),
    Step(arguments=("report", "separate"), says="report.html"),
    Step(
        arguments=("classify", "relu(x2)*tanh(x1)", "--family", "la,moa", "--form", "type1"),
        says="non-member",
    ),
    Step(
        arguments=(
            "compare",
            "moa",
            "la",
            "--widths",
            "1",
            "--restarts",
            "4",
            "--compile",
            "never",
        ),
        says="la lies strictly inside moa",
    ),
    Step(arguments=("certify", "t2", "--width", "2", "--out", "la.json"), says="certified"),
    Step(arguments=("check", "la.json"), says="verified"),
    Step(arguments=("prove", "t2"), says="proved"),
    Step(arguments=("explore", "--tier", "smoke", "--out", "page.html"), says="page.html"),
)
"""Each reads files of its own from the package, or is a part of the main job."""


# --- the files -----------------------------------------------------------------------------------


def expected() -> frozenset[str]:
    """Files of the checkout that belong into the wheel: all of the packages, without the pictures.

    Raises:
        CalledProcessError: this is no checkout.
    """
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--", *PACKAGES],
        capture_output=True,
        text=True,
        check=True,
    )
    names = (name for name in listed.stdout.splitlines() if (ROOT / name).is_file())
    return frozenset(n for n in names if n == STORED_ATLAS or not n.startswith(PICTURES))


def compared(wanted: Collection[str], held: Collection[str]) -> list[str]:
    """What is wrong with the files that a wheel holds, a line each.

    >>> compared({"a/b.py"}, {"a/b.py", "c/d.py", "a-0.dist-info/RECORD"})
    ['c/d.py is in the wheel and should not']
    """
    ours = {name for name in held if ".dist-info/" not in name}
    missing = (f"{name} is not in the wheel" for name in sorted(set(wanted) - ours))
    strangers = (f"{name} is in the wheel and should not" for name in sorted(ours - set(wanted)))
    return [*missing, *strangers]


# --- Pythons -------------------------------------------------------------------------------------


def python(version: str) -> Path | None:
    """An interpreter of a version as 3.12: from the path, or an installation of pyenv."""
    on_path = which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    return next((one for one in candidates if _is_python(one, version)), None)


def _is_python(candidate: Path, version: str) -> bool:
    """Whether it runs, which a shim of pyenv need not, and makes environments."""
    asked = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    command = [str(candidate), "-c", asked]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.returncode == 0 and ran.stdout.strip() == version


# --- the test ------------------------------------------------------------------------------------


def built(folder: Path) -> Path:
    """The wheel, made from the source distribution.

    Raises:
        CalledProcessError: it cannot be built.
    """
    _run(folder, sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    return wheel


def faults(interpreter: Path, wheel: Path, folder: Path) -> Iterator[str]:
    """Install the wheel into a new environment and run the steps; what goes wrong, a line each.

    Raises:
        CalledProcessError: it cannot be installed.
    """
    place, work = folder / "environment", folder / "work"
    work.mkdir()
    _run(work, str(interpreter), "-m", "venv", str(place))
    pins = str(ROOT / "constraints.txt")
    _run(work, str(place / "bin/pip"), "install", "--quiet", "-c", pins, str(wheel))
    for step in STEPS:
        command = [str(place / "bin/expressivity"), *step.arguments]
        ran = subprocess.run(
            command, cwd=work, env=_environment(), capture_output=True, text=True, check=False
        )
        if ran.returncode != 0 or step.says not in ran.stdout:
            said = (ran.stderr.strip().splitlines() or ["nothing"])[-1]
            yield f"{' '.join(step.arguments)}: exit code {ran.returncode}, said: {said}"
        else:
            _tell(f"  {' '.join(step.arguments)}")


def _environment() -> dict[str, str]:
    """Of a user: nothing leads to the source tree."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _run(folder: Path, *command: str) -> None:
    """In a folder that holds no packages, for Python may look there first."""
    subprocess.run(command, cwd=folder, env=_environment(), stdout=sys.stderr, check=True)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(versions: Sequence[str]) -> ExitCode:
    """Build the wheel and test it with the Pythons of these versions, by default all."""
    wrong: list[str] = []
    without = []
    try:
        with tempfile.TemporaryDirectory() as name:
            wheel = built(Path(name))
            held = zipfile.ZipFile(wheel).namelist()
            wrong += compared(expected(), held)
            _tell(f"{wheel.name}: {len(held)} files")
            for version in versions or PYTHONS:
                interpreter = python(version)
                if interpreter is None:
                    without.append(version)
                    continue
                _tell(f"Python {version} ({interpreter}):")
                with tempfile.TemporaryDirectory() as folder:
                    wrong += [
                        f"Python {version}: {fault}"
                        for fault in faults(interpreter, wheel, Path(folder))
                    ]
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"wheel: {error}\n")
        return ExitCode.BROKEN
    for line in wrong:
        _tell(f"wrong: {line}")
    if without:
        _tell(f"not tested: no Python {', '.join(without)} was found")
    if wrong:
        return ExitCode.OTHERWISE
    return ExitCode.UNDECIDED if without else ExitCode.AS_EXPECTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
