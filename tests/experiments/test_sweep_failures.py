"""Sweeps that fail, are killed, or run twice at once.

Kinds: metamorphic (processes and interruptions change no bit), soundness (failures are loud and
lose nothing). Fits are tiny and uncompiled.
"""

import json
import os
import shlex
import signal
import subprocess

import cheap_units as cheap
import pytest
import torch
from cheap_units import content
from sweeps import COUNT, SMALL, eventually, in_shell, shards

from experiments import command
from expressivity.runs import folder as store
from expressivity.runs.folder import RunFolder
from expressivity.separation import unit as separation

torch.set_num_threads(1)


# --- failures ------------------------------------------------------------------------------------


def test_a_failing_unit_is_named_kept_from_harm_and_tried_by_the_next_run(
    call, file, out, monkeypatch
):
    plain, tried = separation.run_unit, []

    def fails_on_la(unit, *, on_finished=None):
        if unit.family.kind == "la" and unit.settings.seed == 1:
            tried.append(unit)
            raise ValueError("no\nluck")
        return plain(unit, on_finished=on_finished)

    with monkeypatch.context() as patch:
        patch.setattr(separation, "run_unit", fails_on_la)
        answer = call("sweep", file, "--out", out)
    assert answer.code == 1
    assert len(tried) == 2
    (note,) = (out / "failures").iterdir()
    assert answer.err == f"failed twice: la type1 m=1: ValueError: no luck (see {note})\n".replace(
        "la type1", "t1 la type1"
    )
    assert f"{COUNT - 1} computed, 0 skipped because stored, 1 failed" in answer.out
    written = json.loads(note.read_text())
    assert written["error"] == "ValueError: no luck" and "Traceback" in written["traceback"]
    assert written["identity"]["settings"]["seed"] == 1
    assert note.stem == tried[0].key
    again = call("sweep", file, "--out", out, "--json")
    assert again.code == 0
    assert (again.document["computed"], again.document["skipped"]) == (1, COUNT - 1)
    assert list((out / "failures").iterdir()) == []


def test_a_damaged_shard_or_weights_file_is_named_and_computed_again(call, file, out, undisturbed):
    call("sweep", file, "--out", out)
    truncated, flipped, unweighted = shards(out)[:3]
    truncated.write_bytes(truncated.read_bytes()[:-9])
    data = bytearray(flipped.read_bytes())
    data[30:60] = bytes(30)
    flipped.write_bytes(bytes(data))
    (out / "weights" / f"{unweighted.stem}.safetensors").unlink()
    answer = call("sweep", file, "--out", out, "--json")
    assert answer.code == 0
    names = sorted(shard.name for shard in (truncated, flipped, unweighted))
    assert sorted(answer.document["recomputed"]) == names
    for name in names:
        assert f"unreadable shard {name}: computed again" in answer.err
    assert content(out) == undisturbed
    assert call("sweep", file, "--out", out).err == ""


def test_a_full_disk_ends_with_four_and_finished_units_are_safe(
    call, file, out, monkeypatch, undisturbed
):
    plain, saved = RunFolder.save, []

    def fills(self, unit, outcome):
        if len(saved) == 3:
            raise OSError(28, "No space left on device")
        plain(self, unit, outcome)
        saved.append(unit.key)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", fills)
        answer = call("sweep", file, "--out", out)
    assert answer.code == 4 and answer.out == ""
    assert "the machine failed: [Errno 28] No space left on device" in answer.err
    assert answer.err.count("\n") == 1
    assert content(out) == {key: undisturbed[key] for key in saved}
    again = call("sweep", file, "--out", out, "--json").document
    assert (again["skipped"], again["computed"]) == (3, COUNT - 3)
    assert content(out) == undisturbed


def test_a_disk_that_is_really_full(call, file, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here; the test above stands in for it")
    try:
        file.write_text(SMALL.replace("[0, 1]", str(list(range(12)))))
        answer = call("sweep", file, "--out", disk / "run")
        assert answer.code == 4
        assert "No space left on device" in answer.err and answer.err.count("\n") == 1
        assert 1 <= len(store.read_run(disk / "run").entries) < 36
        assert store.read_run(disk / "run").damaged == ()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_fit_below_a_bound_is_a_contradiction(call, file, out, monkeypatch):
    plain = separation.run_unit

    def too_good(unit, *, on_finished=None):
        result, lanes = plain(unit, on_finished=on_finished)
        result.error["w1inf"] = 0.0  # below the proved 1/2 of fixed families that are smooth
        return result, lanes

    monkeypatch.setattr(separation, "run_unit", too_good)
    answer = call("sweep", file, "--out", out, "--json")
    assert answer.code == 4
    assert "expressivity: contradiction: t1, relu2 type1 m=1: fitted w1inf" in answer.err


# --- processes, kills, two at once ---------------------------------------------------------------


def test_a_kill_changes_nothing(call, file, out, undisturbed):
    killed = in_shell(file, "--out", out)
    eventually(lambda: len(shards(out)) >= 2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    document = call("sweep", file, "--out", out, "--json").document
    assert document["skipped"] >= 2 and document["skipped"] + document["computed"] == COUNT
    assert content(out) == undisturbed


@pytest.mark.slow
def test_workers_change_nothing(file, out, undisturbed):
    process = in_shell(file, "--workers", "2", "--out", out)
    process.communicate()
    assert process.returncode == 0
    assert content(out) == undisturbed


def test_two_processes_on_one_folder(file, out, undisturbed):
    file.write_text(SMALL)
    first = in_shell(file, "--out", out)
    eventually(lambda: len(shards(out)) >= 1)
    second = in_shell(file, "--out", out)
    _, errors = second.communicate(timeout=300)
    if first.poll() is None:  # else the machine was too slow to start the second in time
        assert second.returncode == 2
        last = errors.splitlines()[-1]
        assert last.startswith("expressivity: required: a run folder that no other process uses")
    first.communicate(timeout=300)
    assert first.returncode == 0
    assert content(out) == undisturbed


def test_ctrl_c_says_one_line_and_keeps_finished_units(call, file, out, monkeypatch, undisturbed):
    plain, calls = separation.run_unit, []

    def interrupted(unit, *, on_finished=None):
        calls.append(unit)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return plain(unit, on_finished=on_finished)

    with monkeypatch.context() as patch:
        patch.setattr(separation, "run_unit", interrupted)
        answer = call("sweep", file, "--out", out)
    assert answer.code == 4
    command = shlex.join(["expressivity", "sweep", str(file), "--out", str(out)])
    assert answer.err == (
        f"expressivity: interrupted; finished units in {out}: 3; go on with: {command}\n"
    )
    assert len(shards(out)) == 3
    assert call("sweep", file, "--out", out, "--json").document["skipped"] == 3
    assert content(out) == undisturbed


@pytest.mark.slow
def test_dask_changes_nothing_with_a_worker_killed_on_the_way(
    call, file, out, tmp_path, undisturbed, monkeypatch
):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("PATH", "")  # workers fit uncompiled too
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        local_directory=str(tmp_path / "dask"), silence_logs=50,
    ) as local:  # fmt: skip
        plain = RunFolder.save

        def save(self, unit, outcome):
            if not shards(out):
                os.kill(next(iter(local.workers.values())).pid, signal.SIGKILL)
            plain(self, unit, outcome)

        monkeypatch.setattr(RunFolder, "save", save)
        answer = call("sweep", file, "--scheduler", local.scheduler_address, "--out", out, "--json")
    assert (answer.code, answer.document["computed"]) == (0, COUNT)
    assert content(out) == undisturbed


def test_an_experiment_runs_in_its_own_folder(call, file, out, monkeypatch):
    experiments = pytest.importorskip("experiments.experiment")
    experiment = experiments.Experiment(
        name="tiny", tier=experiments.Tier.SMOKE, title="", claim="", falsified_by="", cost="",
        units=tuple(cheap.make(3)), headlines=lambda run: {"units there": float(len(run.entries))},
    )  # fmt: skip
    asked = command.plan(file)
    monkeypatch.setattr(
        command, "plan",
        lambda path: command.Plan(
            name="tiny", units=experiment.units, compile="auto",
            text=asked.text, combinations=None, left_out={}, experiment=experiment,
        ),
    )  # fmt: skip
    document = call("sweep", file, "--out", out, "--json").document
    assert document["headlines"] == {"units there": 3.0}
    assert (document["best"], document["computed"]) == ([], 3)
    assert "units there: 3" in call("sweep", file, "--out", out).out
