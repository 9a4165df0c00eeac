"""The script for one accelerator, without one.

Kinds: property (the dry run measures every part; limits, failures and kills cost what they may),
reference (a report of pytest, counted by hand), negative (no device, no rows).
"""

import json

import pytest

from benchmarks.device.__main__ import main, measure
from benchmarks.device.cuda_tests import counted
from benchmarks.device.document import SCHEMA, Document, Measured
from benchmarks.device.parts import (
    PARTS,
    SECONDS,
    PartFailedError,
    PartStoppedError,
    command,
    rows_apart,
)

NAMES = tuple(PARTS)


def test_the_parts_take_eight_minutes_at_most():
    assert SECONDS + 10 <= 8 * 60  # the first process imports torch, too


@pytest.mark.slow
def test_a_dry_run_measures_every_part(tmp_path, capsys):
    out = tmp_path / "device.json"
    assert main(["--dry-run", "--out", str(out)]) == 0
    document = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert (document["schema"], document["dry_run"]) == (SCHEMA, True)
    assert tuple(document["parts"]) == NAMES
    for part in document["parts"].values():
        assert part["status"] == "done" and part["rows"]
        assert all(list(row) == list(part["rows"][0]) for row in part["rows"])
    text = out.with_suffix(".md").read_text()
    assert all(PARTS[name].title in text for name in NAMES)
    assert text.strip() == capsys.readouterr().out.strip()
    rows = {name: part["rows"] for name, part in document["parts"].items()}
    assert [(row["form"], row["layer"]) for row in rows["layers"]] == [
        ("type1", "fixed"), ("type1", "moa"), ("one_sided", "fixed"), ("two_sided", "moa"),
    ]  # fmt: skip
    assert [row["over fixed"] == 1 for row in rows["training"]] == [True, False]
    assert {row["class"] for row in rows["fits"]} == {"moa-tanh 1", "la 4"}
    assert len(rows["recovery"]) == 5
    assert {"test_a_fit_runs_on_an_accelerator", "test_layers_on_a_device"} <= {
        row["test"] for row in rows["tests"]
    }


def test_a_part_in_a_process_of_its_own():
    rows = list(rows_apart(command("layers", "cpu", dry_run=True), 300))
    assert len(rows) == 4 and all(row["milliseconds"] > 0 for row in rows)


def test_a_process_that_takes_too_long_is_stopped_and_its_rows_are_kept():
    script = "import time; print('{\"a\": 1}', 'noise', sep='\\n', flush=True); time.sleep(600)"
    rows = rows_apart(["-c", script], 1.0)
    assert next(rows) == {"a": 1}
    with pytest.raises(PartStoppedError, match="stopped after 1 s"):
        next(rows)


def test_a_process_that_fails_says_why():
    with pytest.raises(PartFailedError, match=r"(?s)exit 1\n.*no such part"):
        list(rows_apart(["-c", "raise SystemExit('no such part')"], 60))


def document_of(*names: str) -> Document:
    return Document(environment={}, dry_run=False, parts={name: Measured() for name in names})


def test_a_part_that_fails_or_is_stopped_costs_itself_alone(tmp_path):
    limits: dict[str, float] = {}

    def rows(name: str, seconds: float):
        limits[name] = seconds
        yield {"value": 1.5}
        if name == "fits":
            raise PartFailedError("no memory")
        if name == "layers":
            raise PartStoppedError("stopped after 1 s")

    document = document_of(*NAMES)
    measure(document, rows, tmp_path / "out.json")
    assert not document.complete
    statuses = [part.status for part in document.parts.values()]
    assert statuses == ["done", "failed", "done", "stopped", "done"]
    assert all(part.rows == [{"value": 1.5}] for part in document.parts.values())
    text = (tmp_path / "out.md").read_text()
    assert "    no memory" in text and "| 1.5 |" in text
    # nothing took any time: each part may take what the earlier ones left
    spent = [SECONDS - sum(PARTS[n].seconds for n in NAMES[i + 1 :]) for i in range(len(NAMES))]
    assert list(limits.values()) == pytest.approx(spent, abs=5)
    assert spent[-1] == SECONDS


def test_a_kill_loses_nothing(tmp_path):
    def rows(name: str, seconds: float):
        yield {"value": 1}
        yield {"value": 2}
        raise KeyboardInterrupt

    out = tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt):
        measure(document_of("fits"), rows, out)
    part = json.loads(out.read_text())["parts"]["fits"]
    assert part["rows"] == [{"value": 1}, {"value": 2}]
    assert part["status"] == "running" and part["seconds"] >= 0


def test_without_a_device_one_line_says_what_to_do(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["--out", str(tmp_path / "out.json")]) == 2
    answer = capsys.readouterr()
    assert answer.out == "" and answer.err.count("\n") == 1
    assert "required: a CUDA device; 'cuda' is none that torch finds here: try" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_tests_are_counted_by_function(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase name="test_a[x]" time="0.5"/><testcase name="test_a[y]" time="1.5">'
        '<failure message="no"/></testcase>'
        '<testcase name="test_b" time="0"><skipped/></testcase>'
        '<testcase name="test_c" time="0"><error/></testcase>'
        "</testsuite></testsuites>"
    )
    assert list(counted(report)) == [
        {"test": "test_a", "passed": 1, "failed": 1, "skipped": 0, "seconds": 2.0},
        {"test": "test_b", "passed": 0, "failed": 0, "skipped": 1, "seconds": 0.0},
        {"test": "test_c", "passed": 0, "failed": 1, "skipped": 0, "seconds": 0.0},
    ]
