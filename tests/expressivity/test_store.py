"""Run folders.

Kinds: property (what is stored is read back to the bit), soundness (a kill, a failed write or
damage never yields a wrong or half result), negative (foreign, damaged and busy folders are
refused and left as they were). Results are made by hand; nothing is fitted.
"""

import dataclasses
import fcntl
import os
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from expressivity import separation, store
from expressivity.bounds import Bound
from expressivity.evidence import UNDECIDED, Evidence
from expressivity.families import Family, Form, Kind
from expressivity.output import write_atomically
from expressivity.separation import Lanes, Result, Settings, Unit
from expressivity.store import RunFolder
from expressivity.targets import t1

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=10)
CONFIGURATION: dict[str, object] = {"command": "separate", "units": [{"target": "t1", "seed": 0}]}
UNITS = [
    Unit(
        target=t1(),
        family=Family(kind=Kind.LA, form=Form.TYPE1, width=width, dimension=1),
        settings=Settings(restarts=2),
    )
    for width in (1, 2)
]
UNIT = UNITS[0]


def make_result(unit: Unit = UNIT, **changes) -> Result:
    bound = Bound(
        norm="w1inf",
        value=0.1 + 0.2,
        evidence=Evidence.PROVED,
        method="gradient-jump",
        every_width=True,
    )
    plain = Result(
        target=unit.target.name,
        lambda_=None,
        family=unit.family.json(),
        parameters=unit.family.parameter_count,
        restarts=2,
        failed_lanes=1,
        error={"l2": 1 / 3, "sup": 5e-324, "w1inf": None},
        lower_bound={"l2": None, "sup": None, "w1inf": bound},
        membership=UNDECIDED,
        witness_l2=None,
        seconds=0.25,
    )
    return dataclasses.replace(plain, **changes)


def make_lanes() -> Lanes:
    theta = torch.tensor([[1 / 3, -0.0], [float("nan"), 5e-324]], dtype=torch.float64)
    return Lanes(
        fit_error=[1 / 3, float("inf")],
        l2=[0.5, float("inf")],
        status=[1, 4],
        iterations=[7, 0],
        theta=theta,
    )


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


def shard_of(folder: RunFolder, unit: Unit = UNIT) -> Path:
    return folder.path / "units" / f"{unit.key}.parquet"


# --- what is stored ------------------------------------------------------------------------------


def test_a_unit_is_read_back_as_it_was_and_its_neighbour_is_not(folder):
    folder.save(UNIT, make_result(), make_lanes())
    assert folder.load(UNIT) == make_result()
    assert folder.load(UNITS[1]) is None
    assert folder.recomputed == []


@DETERMINISTIC
@given(
    error=st.none() | st.floats(min_value=0, allow_infinity=False, allow_nan=False),
    seconds=st.floats(min_value=0, allow_infinity=False, allow_nan=False),
    reason=st.text(max_size=20),
)
def test_numbers_and_text_survive_to_the_bit(error, seconds, reason):
    result = make_result(
        error={"l2": error, "sup": error, "w1inf": None},
        witness_l2=error,
        seconds=seconds,
        membership=dataclasses.replace(UNDECIDED, reason=reason),
    )
    with tempfile.TemporaryDirectory() as place:
        folder = open_folder(Path(place) / "run")
        folder.save(UNIT, result, make_lanes())
        assert folder.load(UNIT) == result


def test_lanes_and_weights_are_in_open_formats(folder):
    folder.save(UNIT, make_result(), make_lanes())
    table = pq.read_table(shard_of(folder)).to_pydict()
    assert table == {
        "lane": [0, 1],
        "fit_error": [1 / 3, float("inf")],
        "l2": [0.5, float("inf")],
        "status": [1, 4],
        "iterations": [7, 0],
    }
    weights = load_file(folder.path / "weights" / f"{UNIT.key}.safetensors")
    assert weights["theta"].dtype == torch.float64
    stored, given_ = (t.view(torch.int64) for t in (weights["theta"], make_lanes().theta))
    assert torch.equal(stored, given_)


def test_files_can_be_read_by_whom_the_umask_allows(folder):
    folder.save(UNIT, make_result(), make_lanes())
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
    def fails(table, path) -> None:
        path.write_bytes(b"PAR1half")
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(store.pq, "write_table", fails)
        with pytest.raises(OSError, match="no space left"):
            folder.save(UNIT, make_result(), make_lanes())
    assert list((folder.path / "units").iterdir()) == []
    assert folder.load(UNIT) is None
    folder.save(UNIT, make_result(), make_lanes())
    assert folder.load(UNIT) == make_result()


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
    folder.save(UNIT, make_result(), make_lanes())
    assert open_folder(path).load(UNIT) == make_result()


# --- damage --------------------------------------------------------------------------------------


def test_a_truncated_shard_is_named_and_read_as_missing(folder):
    folder.save(UNIT, make_result(), make_lanes())
    shard = shard_of(folder)
    whole = shard.read_bytes()
    lengths = [*range(0, len(whole), 97), len(whole) - 1]
    for length in lengths:
        shard.write_bytes(whole[:length])
        assert folder.load(UNIT) is None
    assert folder.recomputed == [shard.name] * len(lengths)


def test_a_flipped_bit_never_yields_another_result(folder):
    folder.save(UNIT, make_result(), make_lanes())
    shard = shard_of(folder)
    whole = shard.read_bytes()
    refused = 0
    for position in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        shard.write_bytes(bytes(damaged))
        found = folder.load(UNIT)
        assert found in (None, make_result())
        refused += found is None
    assert refused > 0
    assert folder.recomputed == [shard.name] * refused


def test_a_shard_of_another_unit_or_program_is_not_trusted(folder):
    folder.save(UNITS[1], make_result(UNITS[1]), make_lanes())
    shard_of(folder, UNITS[1]).rename(shard_of(folder))
    assert folder.load(UNIT) is None
    pq.write_table(pq.read_table(shard_of(folder)).replace_schema_metadata(None), shard_of(folder))
    assert folder.load(UNIT) is None
    assert folder.recomputed == [shard_of(folder).name] * 2


# --- resuming ------------------------------------------------------------------------------------


def test_a_second_run_reads_everything_back(folder, monkeypatch):
    calls: list[Unit] = []

    def run_unit(unit: Unit, *, on_finished=None) -> tuple[Result, Lanes]:
        calls.append(unit)
        return make_result(unit), make_lanes()

    monkeypatch.setattr(separation, "run_unit", run_unit)
    first = separation.run(UNITS, folder)
    assert calls == UNITS

    def unexpected(unit: Unit, *, on_finished=None) -> tuple[Result, Lanes]:
        raise AssertionError(f"fitted again: {unit.key}")

    monkeypatch.setattr(separation, "run_unit", unexpected)
    lanes: list[int] = []
    seen: list[str] = []
    again = separation.run(
        UNITS,
        open_folder(folder.path),
        on_unit=lambda unit, result: seen.append(unit.key),
        on_lanes=lanes.append,
    )
    assert again == first
    assert (lanes, seen) == ([2, 2], [unit.key for unit in UNITS])


def test_only_a_damaged_unit_is_computed_again(folder, monkeypatch):
    for unit in UNITS:
        folder.save(unit, make_result(unit), make_lanes())
    shard_of(folder, UNITS[1]).write_bytes(b"PAR1")
    calls: list[Unit] = []

    def run_unit(unit: Unit, *, on_finished=None) -> tuple[Result, Lanes]:
        calls.append(unit)
        return make_result(unit), make_lanes()

    monkeypatch.setattr(separation, "run_unit", run_unit)
    assert separation.run(UNITS, folder) == [make_result(unit) for unit in UNITS]
    assert calls == [UNITS[1]]
    assert folder.recomputed == [shard_of(folder, UNITS[1]).name]
    assert folder.load(UNITS[1]) == make_result(UNITS[1])


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
        b"",
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
    manifest = folder.path / "manifest.json"
    manifest.write_bytes(content)
    refusal(folder.path)
    assert manifest.read_bytes() == content


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
