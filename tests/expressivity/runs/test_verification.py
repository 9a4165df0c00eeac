"""Whether a run folder is whole.

Kinds: soundness (a flipped bit is told, or changes nothing that is read), negative (every kind of
fault under its name), property (nothing is changed; a rerun makes it whole again).
"""

import json
import random
from pathlib import Path

import cheap_units as cheap
import pytest
import torch

from expressivity.output import write_document
from expressivity.runs.folder import RunFolder
from expressivity.runs.tensors import write_sealed
from expressivity.runs.units import Failure, run
from expressivity.runs.verification import Fault, Verification, lines, verify

torch.set_num_threads(1)

UNITS = cheap.make(4)
KEYS = [unit.key for unit in UNITS]
CONFIGURATION: dict[str, object] = {"command": "cheap", "units": KEYS[:3]}


def finished(path: Path, configuration: dict[str, object] = CONFIGURATION, units=UNITS[:3]):
    """A folder with a document and a checkpoint, both whole."""
    folder = RunFolder(path, configuration=configuration, facts={"arguments": ["cheap", "a b"]})
    assert run(units, folder) == []
    write_document(path / "cheap.json", {"schema": "cheap/1", "value": 0.5})
    write_sealed(path / "checkpoints" / "k.safetensors", "{}", {"w": torch.arange(9.0)})
    return folder


@pytest.fixture
def path(tmp_path) -> Path:
    return finished(tmp_path / "run").path


def contents(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*")) if file.is_file()}  # fmt: skip


def told(found: Verification) -> dict[str, object]:
    """All that is not empty, without the folder and the reasons."""
    kept = {"damaged": [fault.file for fault in found.damaged]}
    kept |= {name: list(getattr(found, name) or ())
             for name in ("foreign", "missing", "failed", "unfinished")}  # fmt: skip
    return {name: value for name, value in kept.items() if value}


def test_a_finished_folder_is_whole_and_stays_as_it_is(path):
    before = contents(path)
    found = verify(path)
    assert found.whole and (found.units, told(found)) == (3, {})
    assert list(lines(found)) == [f"{path}: whole, 3 units"]
    assert contents(path) == before
    assert found.command == ("cheap", "a b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"units/{KEYS[1]}.parquet", f"units/{KEYS[1]}.parquet"),
        (f"weights/{KEYS[1]}.safetensors", f"units/{KEYS[1]}.parquet"),
        ("manifest.json", "manifest.json"),
        ("cheap.json", "cheap.json"),
        ("checkpoints/k.safetensors", "checkpoints/k.safetensors"),
    ],
)
def test_a_file_that_is_cut_off_is_named(path, name, expected):
    file = path / name
    for length in (0, 20, len(file.read_bytes()) - 2):
        file.write_bytes(file.read_bytes()[:length])
        found = verify(path)
        assert not found.whole
        assert told(found) == {"damaged": [expected]}
        assert found.units == (2 if name.startswith(("units", "weights")) else 3)
        assert all("\n" not in line for line in lines(found))


def test_what_is_missing_failed_foreign_and_unfinished_has_its_own_name(path, tmp_path):
    there = finished(tmp_path / "there", {"units": KEYS[3:]}, UNITS[3:])
    there.fail(UNITS[3], Failure(error="of the other run"))
    stranger, note = f"units/{KEYS[3]}.parquet", f"failures/{KEYS[3]}.json"
    (path / "failures").mkdir()
    for name in (stranger, note, f"weights/{KEYS[3]}.safetensors"):
        (path / name).write_bytes((there.path / name).read_bytes())
    (path / "units" / "notes.txt").write_text("mine")
    (path / f"units/{KEYS[0]}.parquet").unlink()  # its weights are left
    (path / f"units/.{KEYS[0]}.parquet.123").write_bytes(b"PAR1")
    (path / ".manifest.json.7").write_text("{")
    RunFolder(path, configuration=CONFIGURATION, facts={}).fail(UNITS[1], Failure(error="none"))
    found = verify(path)
    assert not found.whole and found.units == 2
    assert told(found) == {
        "foreign": [stranger, note, "units/notes.txt"],
        "missing": [KEYS[0]],
        "failed": [KEYS[1]],
        "unfinished": [".manifest.json.7", f"units/.{KEYS[0]}.parquet.123",
                       f"weights/{KEYS[0]}.safetensors"],
    }  # fmt: skip
    told_lines = list(lines(found))
    assert told_lines[0] == f"{path}: not whole, 2 units"
    assert f"missing: units/{KEYS[0]}.parquet" in told_lines


def test_a_folder_that_lost_its_manifest_says_so_and_others_are_no_run_folders(path, tmp_path):
    (path / "manifest.json").unlink()
    found = verify(path)
    assert told(found) == {"damaged": ["manifest.json"]} and found.missing is None
    (tmp_path / "empty").mkdir()
    for none in (tmp_path / "empty", tmp_path / "nowhere", path / "manifest.json"):
        with pytest.raises(ValueError, match="required: a run folder"):
            verify(none)


def test_runs_inside_are_parts_of_it(path, tmp_path):
    finished(path / "inner")
    assert verify(path).whole
    (path / "inner" / "cheap.json").write_text("{}")
    found = verify(path)
    assert not found.whole and told(found) == {}
    assert found.json()["parts"][0]["damaged"][0]["file"] == "cheap.json"
    assert any("cheap.json" in line for line in lines(found))


def test_a_joined_text_is_compared_with_the_manifest(tmp_path):
    digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    path = finished(tmp_path / "run", {**CONFIGURATION, "text": digest}).path
    (path / "corpus.bin").write_bytes(b"foo")
    assert verify(path).whole
    (path / "corpus.bin").write_bytes(b"fog")
    (fault,) = verify(path).damaged
    assert isinstance(fault, Fault) and fault.file == "corpus.bin"


def test_a_rerun_makes_it_whole_again(path):
    for name in (f"units/{KEYS[0]}.parquet", f"weights/{KEYS[1]}.safetensors", "manifest.json"):
        (path / name).write_bytes(b"damaged")
    assert len(verify(path).damaged) == 3
    finished(path)
    assert verify(path).whole


def used(path: Path) -> object:
    """All that readers take from a folder."""
    manifest = json.loads((path / "manifest.json").read_bytes())
    return manifest, cheap.content(path)


@pytest.mark.parametrize("flips", [5, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("room", ["manifest.json", "cheap.json", "units", "weights", "checkpoints"])
def test_flipped_bits_are_told_or_change_nothing(path, room, flips):
    """Seeded; of Parquet, bits that nobody reads (statistics, padding) may pass."""
    expected, silent = used(path), 0
    files = [path / room] if (path / room).is_file() else sorted((path / room).iterdir())
    draw = random.Random(room)
    for _ in range(flips):
        file = draw.choice(files)
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        file.write_bytes(bytes(damaged))
        if verify(path).whole:
            silent += 1
            assert used(path) == expected
        file.write_bytes(whole)
    assert silent <= (0.7 * flips if room == "units" else 0.05 * flips + 1)
    assert verify(path).whole
