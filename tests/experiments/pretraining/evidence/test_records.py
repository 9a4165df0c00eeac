"""Records: property (read back as written), negative (damage, doubles, other options)."""

import json
import random
from dataclasses import replace

import pytest
from evidence_runs import at_steps, told

from experiments.pretraining.evidence.records import Records, kept_apart, place_of, read_records
from experiments.pretraining.evidence.table import read_table, write_table
from experiments.pretraining.evidence.unit import EvidenceUnit
from expressivity.output import sealed
from expressivity.runs.units import Failure

ORIGIN = {"commit": "0" * 40, "sources": "0" * 64}


@pytest.fixture
def units(plan, corpus):
    return plan.screening(corpus)


@pytest.fixture
def kept(units, tmp_path):
    """Three finished runs, the last of which diverged."""
    records = Records(tmp_path / "records" / "losses.jsonl", ORIGIN)
    for unit, value in zip(units, (1.25, 1.5, None), strict=False):
        records.save(unit, told(unit, lambda _, value=value: value))
    return records


def test_records_are_read_back_as_they_were_written(kept, units):
    again = Records(kept.path, ORIGIN)
    assert list(again.records) == list(kept.records)
    assert [again.has(unit) for unit in units[:4]] == [True, True, True, False]
    first, _, last = read_records(kept.path)
    assert place_of(first) == units[0].place == ("fixed", "cosine", 2e-3, 2001)
    assert (first["loss"], first["averaged"], first["diverged"]) == (1.25, 1.24, None)
    assert (last["loss"], last["diverged"]) == (None, "at step 3")
    assert first["origin"] == ORIGIN
    assert first["options"] == json.loads(json.dumps(units[0].options))
    assert first["options"]["text"] == units[0].corpus.sha256


def test_without_a_file_there_are_none(tmp_path):
    assert read_records(tmp_path / "nothing.jsonl") == []


def test_every_changed_character_of_a_number_is_damage(kept):
    whole = kept.path.read_text()
    for old, new in (
        ("1.25", "1.26"),
        ('"seed": 2001', '"seed": 2003'),
        ("2, ", "3, "),
        ("\n", ""),
        ("{", "["),
    ):
        kept.path.write_text(whole.replace(old, new, 1))
        with pytest.raises(ValueError, match=r"line 1 of .* is damaged: restore") as refusal:
            read_records(kept.path)
        assert "\n" not in str(refusal.value)


def test_a_torn_last_line_is_damage(kept):
    kept.path.write_text(kept.path.read_text()[:-40])
    with pytest.raises(ValueError, match=r"line 3 of .* is damaged"):
        Records(kept.path, ORIGIN)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": None},
        {"loss": float("inf")},
        {"averaged": "1.0"},
        {"diverged": "though it has a loss"},
        {"more": 1},
    ],
)
def test_a_sealed_line_that_is_no_record_is_refused(kept, change):
    record = {**kept.records[0], **change}
    del record["digest"]
    kept.path.write_text(json.dumps(sealed(record)) + "\n")
    with pytest.raises(ValueError, match="line 1 of"):
        read_records(kept.path)


def test_a_second_record_of_a_run_is_refused(kept):
    first, *_ = kept.path.read_text().splitlines(keepends=True)
    kept.path.write_text(kept.path.read_text() + first)
    with pytest.raises(ValueError, match=r"line 4 of .* is a second one of fixed cosine 0"):
        read_records(kept.path)


def test_a_run_with_other_options_is_not_the_plans(kept, units):
    longer = at_steps(units[0], 7)
    with pytest.raises(ValueError, match=r"has other options \(steps\): choose another --records"):
        kept.has(longer)
    other = replace(units[0], corpus=replace(units[0].corpus, sha256="0"))
    with pytest.raises(ValueError, match=r"other options \(text\)"):
        kept.has(other)


def test_a_failure_is_noted_and_no_record(kept, units):
    kept.fail(units[5], Failure(error="the worker process died"))
    assert kept.failed == {units[5].label: "the worker process died"}
    assert not kept.has(units[5])


def test_two_processes_do_not_write_one_file(kept):
    with kept_apart(kept.path), pytest.raises(ValueError, match="is in use"), kept_apart(kept.path):
        pass
    with kept_apart(kept.path):
        pass


def test_a_kill_while_writing_leaves_the_records_before(kept, units, monkeypatch):
    from experiments.pretraining.evidence import records

    def full(path, write):
        path.with_name("half").write_text("{")
        raise OSError("no space left")

    monkeypatch.setattr(records, "write_atomically", full)
    with pytest.raises(OSError, match="no space"):
        kept.save(units[4], told(units[4], lambda _: 1.0))
    assert len(read_records(kept.path)) == 3


def test_records_that_were_merged_in_the_meantime_stay(kept, units):
    other = Records(kept.path, ORIGIN)
    other.save(units[6], told(units[6], lambda _: 1.0))
    other.save(units[7], told(units[7], lambda _: 1.0))
    kept.save(units[6], told(units[6], lambda _: 2.0))
    kept.save(units[8], told(units[8], lambda _: 2.0))
    assert [record["loss"] for record in read_records(kept.path)[3:]] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("flips", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["losses.jsonl", "losses.parquet"])
def test_no_flipped_bit_is_taken_for_a_loss(kept, tmp_path, name, flips):
    """Seeded; of Parquet, bits that nobody reads may pass, and the white space between lines."""
    file, read = kept.path, read_records
    if name == "losses.parquet":
        file, read = tmp_path / name, read_table
        write_table(file, kept.records)
    whole, expected = file.read_bytes(), read(file)
    draw, refused = random.Random(name), 0
    for _ in range(flips):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        file.write_bytes(bytes(damaged))
        try:
            assert read(file) == expected
        except ValueError:
            refused += 1
    assert refused > flips * (0.9 if name == "losses.jsonl" else 0.3)


def test_the_table_has_every_record(kept, tmp_path):
    write_table(tmp_path / "losses.parquet", kept.records)
    found = read_table(tmp_path / "losses.parquet")
    assert found == sorted(kept.records, key=place_of)


def test_a_run_gives_a_record(units, tmp_path):
    """A whole one, of three steps."""
    records = Records(tmp_path / "losses.jsonl", ORIGIN)
    unit: EvidenceUnit = units[1]
    records.save(unit, unit.run())
    (record,) = read_records(records.path)
    assert 4 < record["loss"] < 7
    assert record["loss"] != record["averaged"]
    assert record["parameters"] == unit.recipe.model.parameter_count


def test_a_run_that_diverges_is_a_record(units):
    training = replace(units[0].recipe.training, rate=1e30)
    unit = replace(units[0], recipe=replace(units[0].recipe, training=training))
    record = unit.run().record
    assert record["loss"] is record["averaged"] is None
    assert "a finite loss" in record["diverged"]
