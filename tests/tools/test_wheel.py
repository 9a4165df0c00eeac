"""What belongs into the wheel, and what the test of it says; building one is ``make wheel``.

Kinds: property (every file that the packages open is in the wheel), reference, negative.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from expressivity.output import ExitCode
from tools import wheel
from tools.wheel import PACKAGES, PYTHONS, ROOT, STORED_ATLAS, compared, expected, python

OPENED = {
    "expressivity/commands/names.py": ("expressivity/commands/names.json",),
    "expressivity/report/inline.py": (
        "expressivity/report/templates/*.css",
        "expressivity/report/templates/*.js",
        "figures/explorer/templates/*.css",
        "figures/explorer/templates/*.js",
    ),
    "expressivity/report/section.py": (
        "expressivity/report/templates/*.j2",
        "experiments/pretraining/templates/*.j2",
        "figures/explorer/templates/*.j2",
        "figures/templates/*.j2",
        "proofs/templates/*.j2",
    ),
    "figures/agreement.py": ("figures/reference.json",),
    "figures/explorer/atlas.py": (STORED_ATLAS,),
    "proofs/kernel/library.py": ("proofs/coq/*.v", "proofs/coq/_CoqProject"),
}
"""Modules that open files of the packages, and the files."""
OF_THE_CHECKOUT = {
    "expressivity/__main__.py",  # looks where it is itself
    "expressivity/runs/provenance.py",  # asks git
    "experiments/pretraining/evidence/session.py",
    "figures/checklist.py",
    "figures/evidence.py",
    "figures/published.py",
}
"""Modules that look beside the packages; without a checkout they say so."""
PLACES = re.compile(r"__file__|importlib\.resources|PackageLoader|import PAPER\b")

checkout = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asks git for the files")


def test_every_module_that_opens_files_of_the_packages_is_known():
    sources = (path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    found = {
        path.relative_to(ROOT).as_posix() for path in sources if PLACES.search(path.read_text())
    }
    assert found == OPENED.keys() | OF_THE_CHECKOUT


@checkout
@pytest.mark.parametrize("module", OPENED)
def test_what_a_module_opens_is_in_the_wheel(module):
    for pattern in OPENED[module]:
        files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)}
        assert files and files <= expected(), pattern


@checkout
def test_the_wheel_has_no_tests_pictures_or_records():
    names = expected()
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)
    assert [name for name in names if name.startswith("figures/paper/")] == [STORED_ATLAS]
    assert not [name for name in names if re.search(r"\.(png|pdf|parquet|jsonl)$", name)]


def test_the_build_is_told_the_same():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]
    told = options["build"]["targets"]["wheel"]
    assert told == {
        "packages": list(PACKAGES),
        "exclude": ["figures/paper/*", f"!{STORED_ATLAS}"],
    }


def test_missing_files_and_strangers_are_named():
    assert compared({"a/b.py"}, {"a/b.py", "expressivity-0.1.0.dist-info/WHEEL"}) == []
    assert compared({"a/b.py", "a/c.json"}, {"a/b.py", "c/d.py"}) == [
        "a/c.json is not in the wheel",
        "c/d.py is in the wheel and should not",
    ]


def test_a_python_is_one_that_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert python("3.12") is None
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert python("3.12") is None
    there = tmp_path / "versions" / "3.12.1" / "bin" / "python3.12"
    there.parent.mkdir(parents=True)
    there.write_text("#!/bin/sh\necho 3.12\n")
    there.chmod(0o755)
    assert python("3.12") == there


@pytest.mark.parametrize(
    ("found", "faults", "code"),
    [
        (PYTHONS, [], ExitCode.AS_EXPECTED),
        (PYTHONS[:2], [], ExitCode.UNDECIDED),
        (PYTHONS[:2], ["prove t2: exit code 4, said: nothing"], ExitCode.OTHERWISE),
    ],
)
def test_exit_codes(tmp_path, monkeypatch, capsys, found, faults, code):
    _built(monkeypatch, tmp_path)
    here = Path(sys.executable)
    monkeypatch.setattr(wheel, "python", lambda version: here if version in found else None)
    monkeypatch.setattr(wheel, "faults", lambda *_: iter(faults))
    assert wheel.main([]) == code
    said = capsys.readouterr().out
    assert ("not tested: no Python 3.13 was found" in said) == (found != PYTHONS)
    assert said.count("wrong: Python") == len(found) * len(faults)


def test_what_cannot_be_built_is_no_success(monkeypatch, capsys):
    def failing(*_):
        raise subprocess.CalledProcessError(1, ["build"])

    monkeypatch.setattr(wheel, "built", failing)
    assert wheel.main([]) == ExitCode.BROKEN
    assert capsys.readouterr().err.startswith("wheel: ")


def _built(monkeypatch, tmp_path) -> None:
    """A wheel of one file, which is all that belongs there."""
    made = tmp_path / "made.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a/b.py", "")
    monkeypatch.setattr(wheel, "built", lambda _: made)
    monkeypatch.setattr(wheel, "expected", lambda: frozenset({"a/b.py"}))
