"""What run folders are of: damaged and foreign manifests, shards, lanes, documents.

Kinds: soundness (flipped bits, cuts and foreign files are never read as a run's own), property (no
finished unit is lost), negative (each is named in one line), metamorphic (folders of former
versions are read and gone on with). Units cost nothing; every flip is a fixed one.
"""

import dataclasses
import json
from pathlib import Path

import cheap_units as cheap
import pyarrow.parquet as pq
import pytest
import sample_run as sample
import torch

from experiments.reading import health
from expressivity import output
from expressivity.classes.kinds import Kind
from expressivity.output import sealed
from expressivity.report import render
from expressivity.report.results import gaps
from expressivity.runs import shards as store
from expressivity.runs.folder import RunFolder, read_lanes, read_run, read_tensors
from expressivity.runs.manifest import PART_OF, DamagedManifestError
from expressivity.runs.units import Failure, run
from expressivity.separation.ladder import DOCUMENT
from figures.agreement import Row, read_rows, write_rows
from figures.runs import Runs

torch.set_num_threads(1)


UNITS = cheap.make(3)
CONFIGURATION: dict[str, object] = {"command": "cheap", "units": [unit.key for unit in UNITS[:2]]}
OTHER: dict[str, object] = {"command": "other", "units": [UNITS[2].key]}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Notices of other tests do not count."""
    monkeypatch.setattr(output, "_noticed", set())


def open_folder(path: Path, configuration: dict[str, object] = CONFIGURATION) -> RunFolder:
    return RunFolder(path, configuration=configuration, facts={"host": "here"})


def finished(path: Path, configuration: dict[str, object] = CONFIGURATION, units=UNITS[:2]):
    folder = open_folder(path, configuration)
    assert run(units, folder) == []
    return folder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return finished(tmp_path / "run")


def content(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*.*")
            if file.is_file()}  # fmt: skip


def flips(whole: bytes, step: int = 1):
    for position in range(0, len(whole), step):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        yield bytes(damaged)


def refused_by(action) -> str | None:
    try:
        action()
    except ValueError as error:
        return str(error)
    return None


def messages(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "expressivity"]


# --- manifests ------------------------------------------------------------------------------------


def test_no_flipped_bit_of_a_manifest_is_accepted_and_none_costs_the_folder(folder, caplog):
    file = folder.path / "manifest.json"
    whole, before = file.read_bytes(), content(folder.path / "units")
    refused = restored = 0
    for damaged in flips(whole):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^required: a (readable )?manifest[^\n]*$"):
            read_run(folder.path)
        refusal = refused_by(lambda: open_folder(folder.path))
        if refusal is not None:  # a later schema is no damage: nothing is written
            assert "a manifest of schema" in refusal and file.read_bytes() == damaged
            refused += 1
            continue
        assert file.read_bytes() == whole
        restored += 1
    assert run(UNITS[:2], (again := open_folder(folder.path))) == []
    assert (again.skipped, again.recomputed) == (2, [])
    assert restored > 0.99 * len(whole) and refused <= 1
    assert content(folder.path / "units") == before
    assert messages(caplog) == [
        f"{file} was damaged, and is written again; finished units are kept"
    ]


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_manifest_that_is_cut_off_costs_no_finished_unit(folder, length):
    file = folder.path / "manifest.json"
    whole, before = file.read_bytes(), content(folder.path / "units")
    cut = whole.rstrip()[:length]
    file.write_bytes(cut)
    with pytest.raises(DamagedManifestError, match="run the command that made this folder again"):
        read_run(folder.path)
    with pytest.raises(
        ValueError, match=r"^required: [^\n]* no finished units show [^\n]* another folder$"
    ):
        open_folder(folder.path, OTHER)
    assert file.read_bytes() == cut
    again = open_folder(folder.path)
    assert [again.has(unit) for unit in UNITS[:2]] == [True, True]
    assert file.read_bytes() == whole
    assert content(folder.path / "units") == before


def test_a_lost_manifest_is_written_again_where_the_units_are_this_runs(folder):
    (folder.path / "manifest.json").unlink()
    with pytest.raises(ValueError, match="holds other files"):
        open_folder(folder.path, OTHER)
    assert open_folder(folder.path).has(UNITS[0])


@pytest.mark.parametrize("damage", [b"", b"{", None])
def test_parts_show_whose_a_folder_without_units_is(tmp_path, damage):
    outer = open_folder(tmp_path / "run", {"command": "reproduce"})
    file = outer.path / "manifest.json"
    RunFolder(outer.path / "part", configuration=CONFIGURATION, facts={PART_OF: outer.stamp})
    whole = file.read_bytes()
    file.unlink() if damage is None else file.write_bytes(damage)
    if damage != b"":  # an empty one is nobody's
        with pytest.raises(ValueError, match="choose another folder"):
            open_folder(outer.path, {"command": "reproduce", "tier": "cpu"})
    assert open_folder(outer.path, {"command": "reproduce"}).stamp == outer.stamp
    assert file.read_bytes() == whole
    finished(tmp_path / "run" / "another")
    file.write_bytes(b"{")
    with pytest.raises(ValueError, match="no finished units show"):
        open_folder(outer.path, {"command": "reproduce"})


def test_an_empty_manifest_of_a_folder_without_units_is_no_loss(tmp_path):
    file = open_folder(tmp_path / "run").path / "manifest.json"
    whole = file.read_bytes()
    file.write_bytes(b"")
    assert open_folder(tmp_path / "run").skipped == 0
    assert file.read_bytes() == whole


@pytest.mark.parametrize("schema", [None, "expressivity.run/3", "other/1", 1, "a" * 999])
def test_a_manifest_of_another_schema_is_refused_by_readers_and_writers(folder, schema):
    file = folder.path / "manifest.json"
    text = json.dumps(sealed({"configuration": CONFIGURATION, "schema": schema}))
    file.write_text(text)
    for read in (read_run, open_folder):
        with pytest.raises(ValueError, match=r"^required: a manifest of schema [^\n]+$") as caught:
            read(folder.path)
        assert not isinstance(caught.value, DamagedManifestError)
        assert len(str(caught.value)) < 600
    assert file.read_text() == text


# --- shards of other runs ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "configuration",
    [CONFIGURATION, {"units": [unit.identity for unit in UNITS[:2]]}, {"count": 2}],
    ids=["keys", "identities", "no list"],
)
def test_shards_of_another_run_are_named_and_left_out_by_every_reader(
    tmp_path, caplog, configuration
):
    here = finished(tmp_path / "here", configuration)
    there = finished(tmp_path / "there", OTHER, UNITS[2:])
    expected = render(read_run(here.path))
    name = f"{UNITS[2].key}.parquet"
    foreign = (there.path / "units" / name).read_bytes()
    (here.path / "units" / name).write_bytes(foreign)
    for _ in range(2):
        found = read_run(here.path)
        assert {entry.key for entry in found.entries} == {unit.key for unit in UNITS[:2]}
        assert (found.foreign, found.damaged) == ((name,), ())
    assert messages(caplog) == [f"left out: units of another run in {here.path}: {name}"]
    assert health(found)["failed or damaged units"] == 0
    assert Runs.under(tmp_path)["here"].foreign == (name,)
    page = render(found)
    assert name in page and "Units of another run" in page and name not in expected
    assert run(UNITS[:2], open_folder(here.path, configuration)) == []
    assert (here.path / "units" / name).read_bytes() == foreign


def test_notes_on_failures_of_another_run_are_left_out_and_damaged_ones_are_named(tmp_path):
    here, there = finished(tmp_path / "here"), open_folder(tmp_path / "there", OTHER)
    here.fail(UNITS[0], Failure(error="no luck"))
    there.fail(UNITS[2], Failure(error="of the other run"))
    (own,), (foreign,) = (list((f.path / "failures").iterdir()) for f in (here, there))
    (own.parent / foreign.name).write_bytes(foreign.read_bytes())
    found = read_run(here.path)
    assert [note["error"] for note in found.failures] == ["no luck"]
    assert found.foreign == (foreign.name,)
    whole = own.read_bytes()
    for damaged in flips(whole.rstrip(), 3):
        own.write_bytes(damaged)
        assert [note["error"] for note in read_run(here.path).failures] == [
            f"{own.name} is damaged"
        ]
    former = {"identity": UNITS[0].identity, "error": "of a former version", "traceback": ""}
    own.write_text(json.dumps(former))
    assert [note["error"] for note in read_run(here.path).failures] == ["of a former version"]


def test_many_foreign_shards_are_one_short_line(tmp_path, caplog):
    many = cheap.make(12)
    there = finished(tmp_path / "there", {"units": [unit.key for unit in many]}, many)
    here = finished(tmp_path / "here")
    for unit in many[2:]:
        shard = there.path / "units" / f"{unit.key}.parquet"
        (here.path / "units" / shard.name).write_bytes(shard.read_bytes())
    assert len(read_run(here.path).entries) == 2
    (line,) = messages(caplog)
    assert line.endswith(" and 7 more")


def without_stamp(folder: RunFolder, key: str) -> None:
    """Make a shard what former versions wrote."""
    shard = folder.path / "units" / f"{key}.parquet"
    table = pq.read_table(shard)
    metadata = dict(table.schema.metadata)
    del metadata[store._RUN], metadata[store._SCHEMA]
    metadata[store._DIGEST] = store._digest(key, metadata)
    pq.write_table(table.replace_schema_metadata(metadata), shard)


def test_folders_of_former_versions_are_read_and_gone_on_with(tmp_path):
    folder = finished(tmp_path / "run", CONFIGURATION, UNITS)
    for unit in UNITS:
        without_stamp(folder, unit.key)
    file = folder.path / "manifest.json"
    file.write_text(json.dumps({"schema": "expressivity.run/1", "configuration": CONFIGURATION}))
    assert {entry.key for entry in read_run(folder.path).entries} == {u.key for u in UNITS[:2]}
    again = open_folder(folder.path)
    # The third is not listed: the run that asks for it makes it its own, and computes nothing.
    assert run(UNITS, again) == []
    assert (again.skipped, again.recomputed) == (3, [])
    assert len(read_run(folder.path).entries) == 3
    fresh = finished(tmp_path / "fresh", CONFIGURATION, UNITS)
    assert cheap.content(folder.path) == cheap.content(fresh.path)


# --- lanes and weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("room", ["units", "weights"])
def test_lanes_and_tensors_are_read_whole_or_not_at_all(folder, room):
    key = UNITS[1].key
    (file,) = (folder.path / room).glob(f"{key}.*")
    whole = file.read_bytes()
    lanes, tensors = read_lanes(folder.path, key), read_tensors(folder.path, key)
    assert lanes == UNITS[1].run().lanes
    refused = count = 0
    for damaged in flips(whole, 7):
        count += 1
        file.write_bytes(damaged)
        refusal = refused_by(lambda: read_lanes(folder.path, key))
        if refusal is None:
            assert read_lanes(folder.path, key) == lanes
            assert torch.equal(read_tensors(folder.path, key)["theta"], tensors["theta"])
        else:
            assert "is damaged or missing: run the same command again" in refusal
            assert refused_by(lambda: read_tensors(folder.path, key)) == refusal
            refused += 1
    assert refused == count if room == "weights" else refused > count / 3
    for cut in (b"", whole[:-1]):
        file.write_bytes(cut)
        with pytest.raises(ValueError, match=r"^required: a whole unit; [^\n]+$"):
            read_lanes(folder.path, key)


# --- documents -----------------------------------------------------------------------------------


def test_a_document_with_a_flipped_bit_is_no_verdict(tmp_path):
    path = sample.ordinary(tmp_path / "run")
    assert gaps(read_run(path)) == [sample.gap()]
    file = path / DOCUMENT
    whole, found = file.read_bytes(), read_run(path)
    for damaged in flips(whole, 5):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^required: a readable separate\.json; [^\n]+$"):
            gaps(found)
    assert "required: a readable separate.json" in render(found)


def test_a_document_of_another_run_is_no_verdict(tmp_path):
    path = sample.ordinary(tmp_path / "run")
    one = sample.unit(Kind.LA, 7)
    other = sample.write_run(tmp_path / "other", [(one, sample.result(one))], [sample.gap()])
    (path / DOCUMENT).write_bytes((other / DOCUMENT).read_bytes())
    with pytest.raises(ValueError, match="other results than this run's"):
        gaps(read_run(path))


def test_an_agreement_with_a_flipped_bit_is_refused(folder):
    row = Row(name="e: a", value=1.0, reference=1.0, tolerance=0.1, agrees=True, origin="here")
    write_rows([row], folder.path)
    found = read_run(folder.path)
    assert read_rows(found) == [row]
    file = folder.path / "agreement.json"
    for damaged in flips(file.read_bytes()):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^required: a readable agreement\.json; [^\n]+$"):
            read_rows(found)


def test_entries_are_what_was_stored(folder):
    entries = read_run(folder.path).entries
    expected = {unit.key: json.loads(json.dumps(unit.run().record)) for unit in UNITS[:2]}
    assert {entry.key: entry.record for entry in entries} == expected
    assert all(dataclasses.replace(entry, stamp=None) != entry for entry in entries)
