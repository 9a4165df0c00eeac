"""The run folder of a command: written, read back, continued, refused.

Kinds: property (a rerun fits nothing), negative (foreign, damaged and busy folders: code 2 and
nothing changed).
"""

import fcntl
import json
import os
from pathlib import Path

import pytest
import torch
from command_lines import LA, TINY, one_line, shards, tree

from expressivity.separation import unit as separation

torch.set_num_threads(1)


# --- the run folder ------------------------------------------------------------------------------


def test_by_default_the_folder_is_under_runs_and_depends_on_the_configuration(call):
    first, again = call(*LA, "--json").document["run"], call(*LA, "--json").document["run"]
    other = call(*LA, "--seed", "1", "--json").document["run"]
    assert first == again != other
    assert Path(first).parent == Path("runs")
    assert sorted(str(path) for path in Path("runs").iterdir()) == sorted([first, other])


def test_the_manifest_records_what_was_run(call, out):
    call(*LA, "--seed", "7", "--out", out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["schema"] == "expressivity.run/2"
    (unit,) = manifest["configuration"]["units"]
    assert unit["settings"]["seed"] == 7
    assert unit["settings"]["device"] in ("cpu", "cuda")
    assert unit["family"]["dictionary"] == ["relu", "relu2"]
    assert manifest["arguments"][:2] == ["separate", "t1"]
    assert manifest["environment"]["packages"]["torch"] == torch.__version__
    assert manifest["rules"]["t1"]["fine_nodes"] > manifest["rules"]["t1"]["fit_nodes"]
    git = manifest["git"]
    assert git is None or (len(git["commit"]) == 40 and git["changed"] in (True, False))


def test_a_rerun_reads_back_and_fits_nothing(call, out, monkeypatch):
    arguments = (*LA, "--json", "--out", out)
    first = call(*arguments).document
    before = tree(out)

    def unexpected(unit, *, on_finished=None):
        raise AssertionError("fitted again")

    monkeypatch.setattr(separation, "run_unit", unexpected)
    again = call(*arguments)
    assert again.code == 0
    assert again.document["results"] == first["results"]
    assert tree(out) == before


def test_a_damaged_shard_is_named_and_computed_again(call, out):
    arguments = (*LA, "--json", "--out", out)
    first = call(*arguments).document["results"]
    (shard,) = shards(out)
    shard.write_bytes(shard.read_bytes()[:-50])
    answer = call(*arguments)
    assert answer.code == 0
    assert answer.err == f"unreadable shard {shard.name}: computed again\n"
    (old,), (new,) = first, answer.document["results"]
    assert {**old, "seconds": 0} == {**new, "seconds": 0}
    assert call(*arguments).err == ""


# --- folders that are refused --------------------------------------------------------------------


def test_a_folder_below_a_file_is_refused(call, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "run"):
        answer = call(*LA, "--out", folder)
        assert answer.code == 2
        assert "an output folder that can be written" in one_line(answer)
    assert file.read_text() == "mine"


def test_a_folder_with_other_files_is_refused(call, out):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    answer = call(*LA, "--out", out)
    assert answer.code == 2
    assert "holds other files" in one_line(answer)
    assert tree(out) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("change", [["--seed", "1"], ["--widths", "2"], ["--no-bias"]])
def test_a_folder_of_another_configuration_is_refused(call, out, change):
    call(*LA, "--out", out)
    before = tree(out)
    answer = call(*LA, *change, "--out", out)
    assert answer.code == 2
    assert "a run folder of the same configuration" in one_line(answer)
    assert tree(out) == before


def test_a_damaged_manifest_costs_its_own_run_nothing_and_is_kept_from_others(call, out):
    call(*LA, "--out", out)
    (out / "manifest.json").write_text('{"configuration": ')
    before = tree(out)
    for arguments in ((*LA, "--seed", "1", "--out", out), ("separate", "t3", *TINY, "--out", out)):
        answer = call(*arguments)
        assert answer.code == 2
        assert "a readable manifest" in one_line(answer)
    answer = call("report", out)
    assert answer.code == 2
    assert "run the command that made this folder again" in one_line(answer)
    assert tree(out) == before
    answer = call(*LA, "--out", out)
    assert answer.code == 0
    assert "was damaged, and is written again; finished units are kept" in one_line(answer)
    assert {name: tree(out)[name] for name in before if name.startswith("units/")} == {
        name: content for name, content in before.items() if name.startswith("units/")
    }


def test_a_folder_in_use_is_refused(call, out):
    call(*LA, "--out", out)
    before = tree(out)
    handle = os.open(out / ".lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        answer = call(*LA, "--out", out)
    finally:
        os.close(handle)
    assert answer.code == 2
    assert "a run folder that no other process uses" in one_line(answer)
    assert tree(out) == before
