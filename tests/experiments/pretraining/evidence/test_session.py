"""The command: a whole small plan, resumption, refusals (negative)."""

import json
from pathlib import Path

import pytest
from evidence_runs import noise, told

from experiments.pretraining.data import find_text
from experiments.pretraining.evidence import session
from experiments.pretraining.evidence.plan import ARMS
from experiments.pretraining.evidence.records import read_records
from experiments.pretraining.evidence.table import read_table
from experiments.pretraining.evidence.unit import EvidenceUnit


@pytest.fixture
def run_stage(plan, text, tmp_path, capsys):
    """(stage) -> exit code and document of the small plan."""

    def run(stage, **options):
        asked = {"records": tmp_path / "records", "workers": None, "as_json": True, **options}
        code = session.evidence(stage, plan=plan, text=lambda: find_text(text), **asked)
        out = capsys.readouterr().out
        return code, json.loads(out) if asked["as_json"] else out

    return run


@pytest.fixture
def quick(monkeypatch):
    """Runs that take no time; returns the list of those made."""
    made: list[str] = []

    def run(unit, on_progress=None):
        made.append(unit.label)
        arm, _, rate, seed = unit.place
        loss = 1.4 - (0.02 if arm in ("moa", "grouped") else 0.0)
        return told(unit, lambda _: loss + 0.0005 * noise(arm, rate, seed))

    monkeypatch.setattr(EvidenceUnit, "run", run)
    return made


def test_the_stages_follow_one_another(run_stage, quick, tmp_path):
    with pytest.raises(ValueError, match="all 16 runs of the screening; got 0"):
        run_stage("pilot")
    code, document = run_stage("screening")
    assert (code, document["finished"], len(quick)) == (0, 16, 16)
    assert document["findings"] == [f"The schedule is {document['result']['schedule']}."]
    with pytest.raises(ValueError, match="all 36 runs of the pilot; got 8: run expressivity"):
        run_stage("final")
    code, document = run_stage("pilot")
    assert (code, document["runs"], len(quick)) == (0, 36, 16 + 28)
    assert document["result"]["design"]["seeds"] == 16
    code, document = run_stage("final")
    assert (code, document["runs"], len(quick)) == (0, 96, 44 + 96)
    assert document["findings"][-1].startswith("MoA helps at this scale")
    assert document["schema"] == "expressivity.evidence/1"
    assert [row["side"] for row in document["result"]["comparisons"][:3]] == ["lower"] * 3
    assert len(document["result"]["averaged"]) == 8
    table = read_table(tmp_path / "records" / "losses.parquet")
    assert len(table) == len(quick) == 140
    run_stage("final")
    assert len(quick) == 140  # nothing is made twice
    _, shown = run_stage("final", as_json=False)
    for words in ("nats per byte", "MoA - placebo", "96 of 96 runs", "averaged weights"):
        assert words in shown


def test_nothing_is_compared_before_all_runs_are_there(run_stage, quick, monkeypatch):
    run_stage("screening")
    run_stage("pilot")
    whole = EvidenceUnit.run

    def broken(unit, on_progress=None):
        if unit.arm == "placebo" and unit.place[3] == 3016:
            raise MemoryError("no memory")
        return whole(unit, on_progress)

    monkeypatch.setattr(EvidenceUnit, "run", broken)
    code, document = run_stage("final")
    assert code == 4
    assert (document["finished"], document["result"], document["findings"]) == (95, None, [])
    assert len(document["failed"]) == 1
    _, shown = run_stage("final", as_json=False)
    assert "Nothing is compared before all are finished" in shown
    assert "MoA -" not in shown
    monkeypatch.setattr(EvidenceUnit, "run", whole)
    assert run_stage("final")[0] == 0


def test_a_record_says_where_it_is_from(run_stage, quick, tmp_path):
    run_stage("screening")
    first = read_records(tmp_path / "records" / session.FILE)[0]
    found = first["origin"]
    assert set(found) == {"commit", "sources", "python", "torch", "machine"}
    assert found == session.origin()
    assert len(found["sources"]) == 64


def test_every_arm_trains_for_real(plan, corpus):
    """Three steps of each; all begin alike, and end elsewhere."""
    rates = dict.fromkeys(ARMS, 1e-2)
    from experiments.pretraining.recipes import Schedule

    records = [unit.run().record for unit in plan.final(Schedule.WSD, rates, 1, corpus)]
    losses = [record["loss"] for record in records]
    assert len(set(losses)) == len(ARMS)
    assert all(4 < loss < 7 for loss in losses)
    assert all(record["averaged"] != record["loss"] for record in records)


@pytest.mark.slow
def test_two_workers_write_the_same_losses(run_stage, tmp_path):
    run_stage("screening", workers=2)
    run_stage("screening", records=tmp_path / "alone")
    by_place = [
        {tuple(r[k] for k in ("arm", "schedule", "rate", "seed")): r["loss"] for r in found}
        for found in (
            read_records(tmp_path / "records" / session.FILE),
            read_records(tmp_path / "alone" / session.FILE),
        )
    ]
    assert by_place[0].keys() == by_place[1].keys()
    for place, loss in by_place[0].items():
        assert loss == pytest.approx(by_place[1][place], abs=1e-4)


def test_the_command_refuses_in_one_line(call):
    answer = call("evidence", "everything", "--records", "records")
    assert answer.code == 2
    assert "unknown stage 'everything'" in answer.err
    assert answer.err.count("\n") == 1
    assert call("evidence", "final", "--records", "records").code == 2


def test_an_installed_package_keeps_no_records(tmp_path, monkeypatch):
    """It has a folder of pictures, for the sake of one file."""
    (tmp_path / "figures" / "paper").mkdir(parents=True)
    monkeypatch.setattr(session, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="required: --records FOLDER"):
        session._default_folder()


def test_records_of_the_repository_are_whole():
    """Those that are there, and the plan's."""
    path = session.ROOT / "figures" / "paper" / "evidence" / session.FILE
    assert Path(path).parent == session._default_folder()
    for record in read_records(path):
        assert record["arm"] in ARMS
        assert record["options"]["windows"] == 2048
