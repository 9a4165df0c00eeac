"""Run folders that are opened again.

Kinds: property (finished units are counted), negative (foreign, damaged and busy folders are
refused and left as they were).
"""

import errno
import fcntl
import os
from pathlib import Path

import pytest
import torch
from outcomes_by_hand import (
    CONFIGURATION,
    OUTCOME,
    UNIT,
    UNITS,
    as_json,
    files,
    open_folder,
    shard_of,
)

from expressivity.output import is_whole
from expressivity.runs import manifest
from expressivity.runs.folder import read_lanes, read_run
from expressivity.runs.manifest import Members
from expressivity.runs.units import Failure

torch.set_num_threads(1)


# --- resuming ------------------------------------------------------------------------------------


def test_units_that_are_there_are_counted_and_only_damaged_ones_are_named(folder):
    for unit in UNITS:
        folder.save(unit, OUTCOME)
    shard_of(folder, UNITS[1]).write_bytes(b"PAR1")
    again = open_folder(folder.path)
    assert [again.has(unit) for unit in UNITS] == [True, False]
    assert (again.skipped, again.recomputed) == (1, [shard_of(folder, UNITS[1]).name])
    again.save(UNITS[1], OUTCOME)
    assert again.has(UNITS[1])


def test_a_run_is_read_without_a_lock_and_names_what_is_damaged(folder):
    for unit in UNITS:
        folder.save(unit, OUTCOME)
    folder.fail(UNITS[1], Failure(error="no luck", traceback="somewhere"))
    with folder.locked():
        run = read_run(folder.path)
    assert [entry.key for entry in run.entries] == sorted(unit.key for unit in UNITS)
    assert is_whole(run.manifest)
    assert {name: run.manifest[name] for name in run.manifest if name != "digest"} == {
        "configuration": CONFIGURATION, "host": "here", "schema": "expressivity.run/2"
    }  # fmt: skip
    assert run.damaged == ()
    (failure,) = run.failures
    assert failure == {"identity": as_json(UNITS[1].identity), "error": "no luck",
                       "traceback": "somewhere", "run": Members(CONFIGURATION).stamp}  # fmt: skip
    shard_of(folder).write_bytes(b"")
    run = read_run(folder.path)
    assert run.damaged == (shard_of(folder).name,)
    assert [entry.key for entry in run.entries] == [UNITS[1].key]
    with pytest.raises(ValueError, match="is damaged"):
        read_lanes(folder.path, UNIT.key)
    with pytest.raises(ValueError, match="required: a run folder"):
        read_run(folder.path / "units")


def test_a_failure_is_forgotten_when_the_unit_succeeds(folder):
    folder.fail(UNIT, Failure(error="no luck"))
    assert folder.failure(UNIT).is_file()
    assert not folder.has(UNIT)
    folder.save(UNIT, OUTCOME)
    assert not folder.failure(UNIT).exists()


# --- refusals ------------------------------------------------------------------------------------


def refusal(path: Path, configuration: dict[str, object] = CONFIGURATION) -> str:
    with pytest.raises(ValueError, match="required: ") as caught:
        open_folder(path, configuration)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith("choose another folder")
    assert str(path) in message
    return message


def test_a_folder_belongs_to_one_configuration(folder):
    before = files(folder.path)
    other = {**CONFIGURATION, "units": [{"target": "t1", "seed": 1}]}
    assert "same configuration" in refusal(folder.path, other)
    assert files(folder.path) == before
    assert open_folder(folder.path).path == folder.path
    assert files(folder.path) == before


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "holds other files" in refusal(tmp_path)
    assert files(tmp_path) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("below", ["", "run", "deep/run"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, below):
    file = tmp_path / "file"
    file.write_text("mine")
    assert "can be written" in refusal(file / below)
    assert files(tmp_path) == {"file": b"mine"}


def test_a_name_that_is_too_long_is_refused(tmp_path):
    assert "can be written" in refusal(tmp_path / ("a" * 300))
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"configuration": 5}',
        b'{"configuration": "text"}',
        b'{"configuration": [1]}',
        b'{"configuration": null}',
    ],
)
def test_a_damaged_manifest_is_refused_and_kept(folder, content):
    file = folder.path / "manifest.json"
    file.write_bytes(content)
    refusal(folder.path)
    assert file.read_bytes() == content


def test_a_manifest_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    refusal(tmp_path)


def test_one_process_at_a_time(folder):
    with folder.locked():
        second = open_folder(folder.path)
        with pytest.raises(ValueError, match="no other process uses") as caught, second.locked():
            pass
        assert "\n" not in str(caught.value)
    with open_folder(folder.path).locked():
        pass


def test_the_lock_is_a_file_lock_that_ends_with_its_holder(folder):
    handle = os.open(folder.path / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(ValueError, match="in use"), folder.locked():
        pass
    os.close(handle)
    with folder.locked():
        pass


def test_a_file_system_without_locks_is_explained(folder, monkeypatch):
    def refuse(handle, kind):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(ValueError, match=r"^required: a file system with locks[^\n]*$") as caught,
        folder.locked(),
    ):
        pass
    assert "No locks available" in str(caught.value) and str(folder.path) in str(caught.value)


def test_of_two_that_begin_a_folder_at_once_one_is_refused(tmp_path, monkeypatch):
    """The second looks before the first has written its manifest, and writes after."""
    path, plain, second = tmp_path / "run", manifest.write_atomically, []

    def meanwhile(file: Path, write) -> None:
        if not second:
            second.append(True)
            with pytest.raises(ValueError, match="no other process uses"):
                open_folder(path, {"command": "other"})
        plain(file, write)

    monkeypatch.setattr(manifest, "write_atomically", meanwhile)
    first = open_folder(path)
    assert second
    assert read_run(first.path).manifest["configuration"] == CONFIGURATION
