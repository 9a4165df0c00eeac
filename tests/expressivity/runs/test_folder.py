"""Run folders.

Kinds: property (what is stored is read back to the bit), soundness (a kill, a failed write or
damage never yields a wrong or half result). Outcomes are made by hand; nothing is fitted.
"""

import dataclasses
import json
import os
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from outcomes_by_hand import (
    LANES,
    OUTCOME,
    THETA,
    UNIT,
    UNITS,
    as_json,
    bits,
    entry_of,
    files,
    open_folder,
    shard_of,
)
from safetensors.torch import load_file

from expressivity.output import write_atomically
from expressivity.runs import shards as store
from expressivity.runs.folder import read_lanes
from expressivity.runs.units import Outcome

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=10)


# --- what is stored ------------------------------------------------------------------------------


def test_a_unit_is_read_back_as_it_was_and_its_neighbour_is_not(folder):
    folder.save(UNIT, OUTCOME)
    assert folder.load(UNIT) == entry_of()
    assert folder.has(UNIT)
    assert folder.load(UNITS[1]) is None
    assert not folder.has(UNITS[1])
    assert (folder.skipped, folder.recomputed) == (1, [])


@DETERMINISTIC
@given(
    error=st.none() | st.floats(allow_infinity=False, allow_nan=False),
    column=st.lists(st.floats(), max_size=4),
    seconds=st.floats(min_value=0, allow_infinity=False, allow_nan=False),
    reason=st.text(max_size=20),
)
def test_numbers_and_text_survive_to_the_bit(error, column, seconds, reason):
    outcome = Outcome(
        record={"error": error, "reason": reason}, lanes={"value": column}, seconds=seconds
    )
    with tempfile.TemporaryDirectory() as place:
        folder = open_folder(Path(place) / "run")
        folder.save(UNIT, outcome)
        assert folder.load(UNIT) == entry_of(UNIT, outcome)
        assert folder.has(UNIT)
        assert bits(read_lanes(folder.path, UNIT.key)["value"]) == bits(column)


def test_an_outcome_may_be_a_record_alone(folder):
    folder.save(UNIT, Outcome(record={}))
    assert folder.has(UNIT)
    assert read_lanes(folder.path, UNIT.key) == {}
    assert not (folder.path / "weights").exists()


def test_records_without_a_json_form_are_refused(folder):
    with pytest.raises(ValueError, match="JSON"):
        folder.save(UNIT, Outcome(record={"error": float("nan")}))
    assert not folder.has(UNIT)


def test_lanes_and_weights_are_in_open_formats(folder):
    folder.save(UNIT, OUTCOME)
    table = pq.read_table(shard_of(folder)).to_pydict()
    assert list(table) == list(LANES) and table["lane"] == [0, 1]
    assert bits(table["l2"]) == bits(LANES["l2"])
    assert bits(table["fit_error"]) == bits(LANES["fit_error"])
    metadata = pq.read_schema(shard_of(folder)).metadata
    assert json.loads(metadata[b"expressivity.record"]) == OUTCOME.record
    assert json.loads(metadata[b"expressivity.identity"]) == as_json(UNIT.identity)
    assert float(metadata[b"expressivity.seconds"]) == 0.25
    weights = load_file(folder.path / "weights" / f"{UNIT.key}.safetensors")
    assert weights["theta"].dtype == torch.float64
    assert torch.equal(weights["theta"].view(torch.int64), THETA.view(torch.int64))


def test_files_can_be_read_by_whom_the_umask_allows(folder):
    folder.save(UNIT, OUTCOME)
    mask = os.umask(0)
    os.umask(mask)
    assert shard_of(folder).stat().st_mode & 0o777 == 0o666 & ~mask


# --- all or nothing ------------------------------------------------------------------------------


def test_a_failed_write_leaves_neither_the_file_nor_a_temporary(tmp_path):
    path = tmp_path / "new" / "file"

    def fails(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fails)
    assert list(path.parent.iterdir()) == []
    path.write_text("old")
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fails)
    assert files(tmp_path) == {"new/file": b"old"}


def test_the_file_appears_at_once_and_complete(tmp_path):
    path = tmp_path / "file"

    def write(temporary: Path) -> None:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent

    write_atomically(path, write)
    assert files(tmp_path) == {"file": b"new"}


def test_weights_without_a_shard_are_an_unfinished_unit(folder, monkeypatch):
    def fails(table, path, **options) -> None:
        path.write_bytes(b"PAR1half")
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(store.pq, "write_table", fails)
        with pytest.raises(OSError, match="no space left"):
            folder.save(UNIT, OUTCOME)
    assert list((folder.path / "units").iterdir()) == []
    assert folder.load(UNIT) is None
    folder.save(UNIT, OUTCOME)
    assert folder.load(UNIT) == entry_of()


def test_what_a_kill_leaves_behind_is_ignored(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    (path / ".manifest.json.123").write_text('{"configur')
    folder = open_folder(path)
    half = folder.path / "units" / f".{UNIT.key}.parquet.123"
    half.parent.mkdir()
    half.write_bytes(b"PAR1")
    assert folder.load(UNIT) is None
    assert folder.recomputed == []
    folder.save(UNIT, OUTCOME)
    assert open_folder(path).load(UNIT) == entry_of()


# --- damage --------------------------------------------------------------------------------------


def test_a_truncated_shard_is_named_and_read_as_missing(folder):
    folder.save(UNIT, OUTCOME)
    shard = shard_of(folder)
    whole = shard.read_bytes()
    lengths = [*range(0, len(whole), 97), len(whole) - 1]
    for length in lengths:
        shard.write_bytes(whole[:length])
        assert folder.load(UNIT) is None
        assert not folder.has(UNIT)
    assert folder.recomputed == [shard.name] * len(lengths)


def test_a_flipped_bit_never_yields_other_numbers(folder):
    folder.save(UNIT, OUTCOME)
    shard = shard_of(folder)
    whole = shard.read_bytes()
    refused = 0
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        shard.write_bytes(bytes(damaged))
        found = folder.load(UNIT)
        assert found is None or found == entry_of()
        if folder.has(UNIT):
            lanes = read_lanes(folder.path, UNIT.key)
            assert {name: bits(column) for name, column in lanes.items()} == {
                name: bits(column) for name, column in LANES.items()
            }
        else:
            refused += 1
    assert refused > len(whole) / 7 / 3
    assert folder.recomputed == [shard.name] * refused


@pytest.mark.parametrize("damage", ["missing", "flipped", "truncated", "foreign"])
def test_weights_that_are_not_the_units_own_count_as_damage(folder, damage):
    for number, unit in enumerate(UNITS):
        theta = THETA + number
        folder.save(unit, dataclasses.replace(OUTCOME, tensors={"theta": theta}))
    weights, other = (folder.path / "weights" / f"{unit.key}.safetensors" for unit in UNITS)
    whole = weights.read_bytes()
    if damage == "missing":
        weights.unlink()
    else:
        flipped = whole[:-1] + bytes([whole[-1] ^ 1])
        wrong = {"flipped": flipped, "truncated": whole[:-1], "foreign": other.read_bytes()}
        weights.write_bytes(wrong[damage])
    assert not folder.has(UNIT)
    assert folder.recomputed == [shard_of(folder).name]
    assert folder.has(UNITS[1])


def test_weights_of_a_unit_that_has_none_are_cleared_away(folder):
    weights = folder.path / "weights" / f"{UNIT.key}.safetensors"
    folder.save(UNIT, dataclasses.replace(OUTCOME, tensors={}))
    weights.parent.mkdir()
    weights.write_bytes(b"of somebody else")
    assert not folder.has(UNIT)
    folder.save(UNIT, dataclasses.replace(OUTCOME, tensors={}))
    assert folder.has(UNIT) and not weights.exists()


def test_a_shard_of_another_schema_is_not_trusted(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store, "SCHEMA", b"expressivity.shard/9")
        folder.save(UNIT, OUTCOME)
        assert folder.has(UNIT)
    assert folder.load(UNIT) is None
    assert not folder.has(UNIT)


def test_a_shard_of_another_unit_or_program_is_not_trusted(folder):
    folder.save(UNITS[1], OUTCOME)
    shard_of(folder, UNITS[1]).rename(shard_of(folder))
    assert folder.load(UNIT) is None
    assert not folder.has(UNIT)
    pq.write_table(pq.read_table(shard_of(folder)).replace_schema_metadata(None), shard_of(folder))
    assert folder.load(UNIT) is None
    assert not folder.has(UNIT)
    assert folder.recomputed == [shard_of(folder).name] * 2
