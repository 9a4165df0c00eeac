"""The command ``sweep``: documents, tables, refusals.

Kinds: reference (documented keys), negative (refusals write nothing). Fits are tiny and
uncompiled.
"""

import json
import os
import stat
import time
from pathlib import Path

import pytest
import sample_run as sample
import torch
from cheap_units import content
from sweeps import COUNT, SMALL, shards

from experiments import command
from experiments.sweep_summary import Row
from expressivity.classes.kinds import Kind
from expressivity.fitting.norms import TargetNorm
from expressivity.output import read_document, sealed
from expressivity.runs import folder as store

torch.set_num_threads(1)


# --- what it says --------------------------------------------------------------------------------


def test_the_document_the_folder_and_the_table(call, file):
    answer = call("sweep", file, "--json")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert set(document) == {
        "schema", "run", "name", "environment", "combinations", "left_out", "units", "skipped",
        "computed", "recomputed", "failed", "seconds", "best", "headlines",
    }  # fmt: skip
    assert document["schema"] == "expressivity.sweep/1"
    assert document["run"] == "runs/small"
    assert (document["combinations"], document["units"]) == (4, COUNT)
    assert (document["computed"], document["skipped"]) == (COUNT, 0)
    assert (document["failed"], document["recomputed"], document["left_out"]) == ([], [], {})
    fixed, la = document["best"]
    assert (fixed["target"], fixed["lambda"], fixed["units"], la["units"]) == ("t1", None, 4, 2)
    assert fixed["family"]["activation"] == "relu2"
    assert la["error"]["l2"]["value"] < 1e-12 and la["error"]["l2"]["evidence"] == "numerical"
    run = Path("runs/small")
    assert read_document(run / "sweep.json") == sealed(document)
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["file"] == SMALL
    assert sorted(manifest["configuration"]["units"]) == [path.stem for path in shards(run)]
    table = call("sweep", file)
    assert table.code == 0
    assert f"{COUNT} units: 0 computed, {COUNT} skipped because stored, 0 failed" in table.out
    assert "relu2 type1 m=1" in table.out and "la type1 m=1" in table.out
    assert "Run folder: runs/small" in table.out


@pytest.mark.slow
def test_best_is_the_best_and_targets_that_share_a_name_are_kept_apart(call, file, out):
    file.write_text("""
[grid]
target = ["t2"]
family = ["la"]
width = [1]
dictionary = [["relu"]]
gate = ["tanh", "sigmoid"]
seed = [0, 1]
bias = [true, false]
[settings]
restarts = 2
candidates = 1
""")
    document = call("sweep", file, "--out", out, "--json").document
    assert document["name"] == "other-name"
    assert len(document["best"]) == 4  # two gates of the target, with biases and without
    assert len({row["target"] for row in document["best"]}) == 2
    run = store.read_run(out)
    for row in document["best"]:
        same = [
            entry.record["error"]["l2"] for entry in run.entries
            if entry.identity["expression"] == row["target"]
            and entry.record["family"]["bias"] == row["family"]["bias"]
        ]  # fmt: skip
        assert len(same) == row["units"] == 2
        assert row["error"]["l2"]["value"] == min(same)


def test_left_out_combinations_are_told(call, file, out):
    file.write_text(SMALL.replace('["type1"]', '["type1", "two_sided"]'))
    answer = call("sweep", file, "--out", out)
    assert answer.code == 0
    assert "combinations: 2 left out: fixed does not exist in two_sided" in answer.out


def test_a_long_table_is_cut_and_says_so(call, file, out, monkeypatch):
    monkeypatch.setattr(command, "_ROWS", 1)
    answer = call("sweep", file, "--out", out)
    assert f"and 1 more rows: see {out}/sweep.json" in answer.out
    assert "la type1" not in answer.out


def test_errors_of_a_target_whose_norm_is_not_known_are_unknown():
    unit = sample.unit(Kind.LA)
    hidden = TargetNorm(l2=0.5, relative_error=0.3, doubt="rules disagree")
    for norm, evidence in ((None, "numerical"), (hidden, "unknown")):
        row = Row(target="t2", units=1, key="0", best=sample.result(unit, norm=norm)).json()
        assert {error["evidence"] for error in row["error"].values()} == {evidence}


def test_the_help_lists_everything(call):
    answer = call("sweep", "--help")
    assert answer.code == 0
    for word in ("--workers", "--scheduler", "--out", "--json", "TOML"):
        assert word in answer.out


# --- refusals ------------------------------------------------------------------------------------


def refused(call, *arguments: object) -> str:
    answer = call("sweep", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("expressivity: ") and answer.err.count("\n") == 1
    assert not Path("runs").exists()
    return answer.err


def test_refusals_are_one_line_and_write_nothing(call, file, out, tmp_path):
    both = ("--workers", "2", "--scheduler", "tcp://x:1")
    assert "got both: give one of them" in refused(call, file, *both)
    assert "at least one worker; got 0" in refused(call, file, "--workers", "0")
    assert "workers" in refused(call, file, "--workers", "many")
    assert "No such file" in refused(call, tmp_path / "none.toml")
    assert "file" in refused(call)
    file.write_text(SMALL.replace("width", "widht"))
    assert f"{file}, line 7: grid.widht: unknown key" in refused(call, file, "--out", out)
    assert not out.exists()


def test_an_unreachable_scheduler_is_refused_soon(call, file, out):
    started = time.monotonic()
    message = refused(call, file, "--scheduler", "tcp://127.0.0.1:9", "--out", out)
    assert "tcp://127.0.0.1:9 does not answer" in message
    assert time.monotonic() - started < 30  # 10 s, on an idle machine
    assert not out.exists()


def test_a_changed_file_needs_another_folder(call, file, out):
    call("sweep", file, "--out", out)
    before = content(out)
    file.write_text(SMALL.replace("[0, 1]", "[0, 2]"))
    assert "same configuration" in refused(call, file, "--out", out)
    assert content(out) == before


def test_a_folder_without_permission_is_refused(call, file, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(locked, os.W_OK):  # root may write anywhere but here
        locked = Path("/proc/expressivity")
    assert "can be written" in refused(call, file, "--out", locked / "run")
