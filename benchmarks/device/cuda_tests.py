"""The tests marked ``cuda``, as a part: every one is to run, and to pass."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.device.parts import ROOT, PartFailedError, Row

MARK = "@pytest.mark.cuda"
"""What a file has that holds such tests; collecting the others would take longer than running."""


def run_tests(report: Path) -> None:
    """Write pytest's own report."""
    files = [str(f) for f in (ROOT / "tests").rglob("test_*.py") if MARK in f.read_text("utf-8")]
    command = [sys.executable, "-m", "pytest", "-m", "cuda", "-q", "-p", "no:cacheprovider"]
    command += [f"--junitxml={report}", *sorted(files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not report.exists():
        raise PartFailedError(f"pytest: exit {done.returncode}\n{done.stdout}{done.stderr}")


def counted(report: Path) -> Iterator[Row]:
    """A row for each test function of a report in JUnit's format."""
    found: dict[str, Row] = {}
    for case in ET.parse(report).iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        row = found.setdefault(
            name, {"test": name, "passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0}
        )
        inside = {child.tag for child in case}
        outcome = "failed" if inside & {"failure", "error"} else "passed"
        outcome = "skipped" if "skipped" in inside else outcome
        row[outcome] = int(row[outcome] or 0) + 1
        row["seconds"] = float(row["seconds"] or 0) + float(case.get("time", "0"))
    yield from found.values()


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """A row for each test function.

    Raises:
        PartFailedError: a test failed, or none ran.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run_tests(report)
        found = list(counted(report))
    yield from found
    failed = [str(row["test"]) for row in found if row["failed"]]
    if failed:
        raise PartFailedError(f"failed: {', '.join(failed)}")
    if not dry_run and not any(row["passed"] for row in found):
        raise PartFailedError("required: tests that run on the device; all were skipped")
