"""Run folders.

Kinds: property (what is stored is read back to the bit), soundness (a kill, a failed write or
damage never yields a wrong or half result), negative (foreign, damaged and busy folders are
refused and left as they were). Outcomes are made by hand; nothing is fitted.
"""

import dataclasses
import fcntl
import json
import os
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from expressivity.classes.families import Family, Kind
from expressivity.output import is_whole, write_atomically
from expressivity.runs import folder as store
from expressivity.runs import manifest
from expressivity.runs.folder import Entry, RunFolder, read_lanes, read_run
from expressivity.runs.manifest import Members
from expressivity.runs.units import Failure, Outcome
from expressivity.separation.unit import FitUnit, Settings
from expressivity.targets.builtin import t1

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=10)
CONFIGURATION: dict[str, object] = {"command": "separate", "units": [{"target": "t1", "seed": 0}]}
UNITS = [
    FitUnit(
        target=t1(),
        family=Family(kind=Kind.LA, neuron="type1", width=width, dimension=1),
        settings=Settings(restarts=2),
    )
    for width in (1, 2)
]
UNIT = UNITS[0]
LANES: dict[str, list[int] | list[float]] = {
    "lane": [0, 1],
    "l2": [1 / 3, float("inf")],
    "fit_error": [5e-324, float("nan")],
}
THETA = torch.tensor([[1 / 3, -0.0], [float("nan"), 5e-324]], dtype=torch.float64)
OUTCOME = Outcome(
    record={"error": {"l2": 0.1 + 0.2, "sup": 5e-324, "w1inf": None}, "reason": "Straße"},
    lanes=LANES,
    tensors={"theta": THETA},
    seconds=0.25,
)


def as_json(value: object) -> object:
    return json.loads(json.dumps(value))


def entry_of(unit: FitUnit = UNIT, outcome: Outcome = OUTCOME) -> Entry:
    return Entry(
        key=unit.key,
        identity=as_json(unit.identity),
        record=outcome.record,
        seconds=outcome.seconds,
        stamp=Members(CONFIGURATION).stamp,
    )


def bits(values) -> list[int]:
    return torch.tensor(values, dtype=torch.float64).view(torch.int64).tolist()


def open_folder(path: Path, configuration: dict[str, object] = CONFIGURATION) -> RunFolder:
    return RunFolder(path, configuration=configuration, facts={"host": "here"})


def files(path: Path) -> dict[str, bytes]:
    return {
        str(entry.relative_to(path)): entry.read_bytes()
        for entry in sorted(path.rglob("*"))
        if entry.is_file()
    }


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return open_folder(tmp_path / "deep" / "run")


def shard_of(folder: RunFolder, unit: FitUnit = UNIT) -> Path:
    return folder.path / "units" / f"{unit.key}.parquet"


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
        # How long it took is no result, and not protected.
        assert found is None or dataclasses.replace(found, seconds=0.25) == entry_of()
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


def test_a_shard_of_another_unit_or_program_is_not_trusted(folder):
    folder.save(UNITS[1], OUTCOME)
    shard_of(folder, UNITS[1]).rename(shard_of(folder))
    assert folder.load(UNIT) is None
    assert not folder.has(UNIT)
    pq.write_table(pq.read_table(shard_of(folder)).replace_schema_metadata(None), shard_of(folder))
    assert folder.load(UNIT) is None
    assert not folder.has(UNIT)
    assert folder.recomputed == [shard_of(folder).name] * 2


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
                       "traceback": "somewhere"}  # fmt: skip
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
    assert message.endswith("choose another --out")
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
