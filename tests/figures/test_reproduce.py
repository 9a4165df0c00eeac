"""``reproduce``: the command as a whole, with few and cheap experiments.

Kinds: reference (the numbers of the archive come out), metamorphic (killed and run again: the
same numbers), negative (a number that has moved gives exit code 1; bad arguments are refused).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.experiment import EXPERIMENTS, Tier
from expressivity.runs.folder import read_run
from figures import agreement
from figures.agreement import read_rows
from figures.reproduce import reproduce


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder in which the proofs are done."""
    path = tmp_path_factory.mktemp("reproduce") / "run"
    reproduce([EXPERIMENTS["proofs"](Tier.SMOKE)], Tier.SMOKE, path, quiet=True)
    return path


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


COMMAND = [sys.executable, "-m", "expressivity", "reproduce", "--only", "proofs", "--json"]


def test_the_proofs_agree_and_a_moved_reference_does_not(copied, call, monkeypatch):
    arguments = ["reproduce", "--only", "proofs", "--out", str(copied), "--json"]
    answer = call(*arguments)
    rows = {row["name"]: row for row in answer.document["rows"]}
    assert answer.code == 0
    assert rows["proofs: theorems not proved"]["value"] == 0
    assert rows["proofs: units without a result"]["agrees"] is True
    assert (copied / "report.html").stat().st_size < 5_000_000
    assert (copied / "proofs" / "report.html").exists()

    archived = agreement.references()
    moved = {"theorems not proved": agreement.Reference(value=1, tolerance=0, origin="moved")}
    other = {**archived, "smoke": {**archived["smoke"], "proofs": moved}}
    monkeypatch.setattr(agreement, "references", lambda: other)
    answer = call(*arguments)
    assert answer.code == 1
    assert [row["agrees"] for row in answer.document["rows"]] == [None, False]


def test_finished_units_are_not_computed_again(copied, monkeypatch):
    experiment = EXPERIMENTS["proofs"](Tier.SMOKE)
    first = read_rows(read_run(copied))

    def unexpected(self, on_progress=None):
        raise AssertionError(f"computed again: {self.label}")

    monkeypatch.setattr(type(experiment.units[0]), "run", unexpected)
    assert reproduce([experiment], Tier.SMOKE, copied, quiet=True) == first


@pytest.mark.slow
def test_killed_at_any_point_it_ends_with_the_same_numbers(tmp_path):
    def finish(out: Path) -> list[object]:
        done = subprocess.run([*COMMAND, "--out", str(out)], capture_output=True, check=True)
        return json.loads(done.stdout)["rows"]

    whole = finish(tmp_path / "whole")
    out = tmp_path / "killed"
    for stored in (1, 6, 14):
        process = subprocess.Popen([*COMMAND, "--out", str(out)], stdout=subprocess.DEVNULL)
        while len(list(out.glob("proofs/units/*.parquet"))) < stored:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(read_run(out / "proofs").entries) >= stored
    assert finish(out) == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tier", "huge"], "unknown tier 'huge': choose from smoke, cpu, gpu, atlas"),
        (["--only", "alchemy"], "unknown experiment 'alchemy'"),
        (["--only", ","], "at least one experiment"),
        (["--only", "proofs", "--tier", "atlas"], "an experiment of tier atlas"),
        (["--workers", "0"], "at least one worker"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(tmp_path, call, arguments, message):
    answer = call("reproduce", "--out", str(tmp_path / "run"), *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_of_another_tier_is_refused(copied, call):
    answer = call("reproduce", "--only", "proofs", "--tier", "cpu", "--out", copied)
    assert answer.code == 2
    assert "of another one" in answer.err
