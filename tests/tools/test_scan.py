"""The scan of the pins, without the network: what is read, said and returned.

Kinds: reference (a document of pip-audit's format, metadata as packages have them), negative.
"""

import subprocess
from types import SimpleNamespace

import pytest

from expressivity.output import ExitCode
from tools import scan
from tools.scan import Audit, Licences, declared, exit_code, licences, pins, read_audit

PINNED = {"jinja2": "3.1.6", "pyyaml": "6.0.3", "six": "1.17.0", "rich": "15.0.0"}
DOCUMENT = {
    "dependencies": [
        {
            "name": "jinja2",
            "version": "3.1.6",
            "vulns": [
                {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3.1.7"]},
                {"id": "PYSEC-2", "aliases": [], "fix_versions": []},
            ],
        },
        {"name": "PyYAML", "version": "6.0.3", "vulns": []},
        {"name": "six", "skip_reason": "Dependency not found on PyPI: six (1.17.0)"},
    ],
    "fixes": [],
}
ALL_KNOWN = Licences(known={"rich": "MIT"}, silent=(), unread={})
NOTHING = Audit(known={}, skipped={})


# --- pins ----------------------------------------------------------------------------------------


def test_the_file_of_this_repository_is_a_list_of_pins():
    found = pins(scan.PINS.read_text("utf-8"))
    assert found["torch"] == "2.13.0" and "pip-audit" in found and len(found) > 100


@pytest.mark.parametrize(
    "line", ["torch", "torch>=2", "torch==2.*", "torch==2,<3", "-r other", "x y"]
)
def test_what_is_no_pin_is_refused(line):
    with pytest.raises(ValueError, match="required: lines NAME==VERSION"):
        pins(f"rich==15.0.0\n{line}\n")


# --- licences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"License-Expression": ["MIT AND Zlib"], "License": ["BSD"]}, "MIT AND Zlib"),
        ({"License": ["BSD"], "Classifier": ["License :: OSI Approved :: MIT License"]}, "BSD"),
        (
            {"License": ["Terms\nof use"], "Classifier": ["License :: Public Domain"]},
            "Public Domain",
        ),
        (
            {
                "Classifier": [
                    "License :: OSI Approved :: A",
                    "License :: OSI Approved",
                    "License :: B",
                ]
            },
            "A, B",
        ),
        ({"License": ["Terms\nof use"]}, "Terms"),
        ({"License": ["UNKNOWN"], "Classifier": ["Typing :: Typed"]}, None),
        ({"License": [" "]}, None),
        ({}, None),
    ],
)
def test_the_licence_is_what_is_declared(fields, answer):
    assert declared(fields) == answer


def test_packages_that_are_not_as_pinned_are_named():
    version = pins(scan.PINS.read_text("utf-8"))["numpy"]
    found = licences({"numpy": version, "rich": "0.0.1", "no-such-package": "1.0"})
    assert found.known["numpy"].startswith("BSD-3-Clause")
    assert found.unread["no-such-package"] == "not installed"
    assert found.unread["rich"].startswith("installed is ")


# --- vulnerabilities -----------------------------------------------------------------------------


def test_a_document_is_read_and_no_pin_is_forgotten():
    audit = read_audit(DOCUMENT, PINNED)
    assert audit.known == {
        "jinja2": ("PYSEC-1, CVE-1 (fixed in: 3.1.7)", "PYSEC-2 (fixed in: no version)")
    }
    assert list(audit.skipped) == ["six", "rich"]
    assert audit.skipped["rich"] == "pip-audit does not name it"


def test_an_answer_about_another_version_is_none():
    answer = {"dependencies": [{"name": "six", "version": "1.0", "vulns": []}]}
    assert list(read_audit(answer, {"six": "1.17.0"}).skipped) == ["six"]


@pytest.mark.parametrize(
    ("found", "audit", "code"),
    [
        (ALL_KNOWN, NOTHING, ExitCode.AS_EXPECTED),
        (ALL_KNOWN, Audit(known={}, skipped={"six": "why"}), ExitCode.UNDECIDED),
        (Licences(known={}, silent=("six",), unread={}), NOTHING, ExitCode.UNDECIDED),
        (Licences(known={}, silent=(), unread={"six": "why"}), NOTHING, ExitCode.UNDECIDED),
        (ALL_KNOWN, Audit(known={"six": ("A",)}, skipped={"rich": "why"}), ExitCode.OTHERWISE),
    ],
)
def test_exit_codes(found, audit, code):
    assert exit_code(found, audit) == code


# --- the command ---------------------------------------------------------------------------------


def scanned(monkeypatch, tmp_path, answer: str, error: str = "") -> int:
    """Of a file of one pin, where pip-audit answers so."""
    file = tmp_path / "pins.txt"
    file.write_text("six==1.17.0\n")
    ran = SimpleNamespace(stdout=answer, stderr=error)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ran)
    return scan.main([str(file)])


def test_pins_that_could_not_be_looked_up_are_named(monkeypatch, tmp_path, capsys):
    answer = '{"dependencies": [{"name": "six", "skip_reason": "not found"}]}'
    assert scanned(monkeypatch, tmp_path, answer) == ExitCode.UNDECIDED
    said = capsys.readouterr().out
    assert "0 of 1 pins looked up; vulnerable: 0" in said
    assert "could not be looked up: six" in said


@pytest.mark.parametrize("answer", ["", "[]", '{"dependencies": [{}]}', "null"])
def test_no_answer_is_no_clean_bill(monkeypatch, tmp_path, capsys, answer):
    assert scanned(monkeypatch, tmp_path, answer, "first\nNo network\n") == ExitCode.BROKEN
    assert capsys.readouterr().err == "scan: pip-audit gave no answer; it said: No network\n"


@pytest.mark.parametrize("content", [None, "", "# nothing\n", "six>1\n"])
def test_files_that_are_no_lists_of_pins_are_refused(tmp_path, capsys, content):
    file = tmp_path / "pins.txt"
    if content is not None:
        file.write_text(content)
    assert scan.main([str(file)]) == ExitCode.UNUSABLE
    assert capsys.readouterr().err.count("\n") == 1
