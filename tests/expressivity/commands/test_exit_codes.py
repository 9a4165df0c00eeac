"""Exit codes.

Kinds: reference (the agreed codes), soundness (failures are loud and lose no finished unit).
"""

import resource
from collections.abc import Callable

import pytest
import torch
from command_lines import LA, SMALL, T1, TINY, one_line, shards

from expressivity.bounds import Bound
from expressivity.evidence import Evidence
from expressivity.runs import shards as store
from expressivity.separation import gaps
from expressivity.separation import unit as separation

torch.set_num_threads(1)


def test_one_when_a_claim_turns_out_otherwise(call, t1_folder, monkeypatch):
    monkeypatch.setattr(gaps, "REACHED", -1.0)
    answer = call(*T1, "--json", "--out", t1_folder)
    assert answer.code == 1
    first, second = answer.document["gaps"]
    assert (first["expected"], first["confirmed"]) == (True, False)
    assert (second["expected"], second["confirmed"]) == (False, False)
    table = call(*T1, "--out", t1_folder)
    assert table.code == 1
    assert table.out.startswith("2 gaps: 0 confirmed, of which 0 strict; 1 otherwise than ex")
    assert "not confirmed (numerical) (!)" in table.out


def test_three_when_nothing_is_decided(call, t1_folder, monkeypatch):
    monkeypatch.setattr(gaps, "_reaches", lambda result: (False, Evidence.UNKNOWN, "a coarse rule"))
    assert call(*T1, "--json", "--out", t1_folder).code == 3
    table = call(*T1, "--out", t1_folder)
    assert table.code == 3
    assert table.out.startswith("2 gaps: 0 confirmed, of which 0 strict; 2 not decided (?).")
    assert table.out.count("not confirmed (unknown) (?)") == 2
    assert "0 without a prediction, 2 not decided." in (t1_folder / "report.html").read_text(
        "utf-8"
    )


def huge_bounds(evidence: Evidence) -> Callable[..., tuple[Bound, ...]]:
    bound = Bound(norm="l2", value=1e6, evidence=evidence, method="free-knot", every_width=False)
    return lambda target, family, *, norms: (bound,)


def test_four_when_a_fit_is_below_a_bound_and_the_unit_is_kept(call, out, monkeypatch):
    monkeypatch.setattr(separation, "lower_bounds", huge_bounds(Evidence.NUMERICAL))
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 4
    assert "contradiction: t1, la type1 m=1: fitted l2 error" in one_line(answer)
    assert answer.document["results"][0]["lower_bound"]["l2"]["value"] == 1e6
    assert len(shards(out)) == 1
    # The stored unit is no less contradictory.
    assert call(*LA, "--out", out).code == 4


def test_four_when_a_witness_contradicts_a_rigorous_bound(call, out, monkeypatch):
    monkeypatch.setattr(separation, "lower_bounds", huge_bounds(Evidence.CERTIFIED))
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 4
    unit, command = answer.err.splitlines()
    assert "t1 la type1 m=1: RuntimeError: a contradiction: t1 equals" in unit
    assert command.startswith("expressivity: the machine failed: 1 fits failed")
    assert answer.out == ""
    assert len(list((out / "failures").iterdir())) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("can't allocate memory"), "can't allocate memory"),
    ],
)
def test_four_when_the_machine_fails_and_finished_units_are_kept(
    call, out, monkeypatch, error, told
):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--json", "--out", out)
    plain, calls = store.pq.write_table, []

    def fails_later(table, path, **options):
        calls.append(path)
        if len(calls) == 2:
            path.write_bytes(b"half")
            raise error
        plain(table, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store.pq, "write_table", fails_later)
        answer = call(*arguments)
    assert answer.code == 4
    line = one_line(answer)
    assert "the machine failed" in line and told in line
    assert answer.out == ""
    assert len(shards(out)) == 1
    assert [path.name for path in (out / "units").iterdir()] == [shards(out)[0].name]
    assert call(*arguments).code == 0
    assert len(shards(out)) == 2


def test_four_when_the_file_system_refuses_to_grow_a_file(call, out):
    call(*LA, "--out", out)
    for path in [*shards(out), *(out / "weights").iterdir()]:
        path.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        answer = call(*LA, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert answer.code == 4
    assert "the machine failed" in one_line(answer)
    assert list((out / "weights").iterdir()) == []
    assert call(*LA, "--out", out).code == 0


def test_an_interruption_keeps_finished_units(call, out, monkeypatch):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--out", out)
    plain, calls = separation.run_unit, []

    def interrupted(unit, *, on_finished=None):
        calls.append(unit)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(unit, on_finished=on_finished)

    with monkeypatch.context() as patch:
        patch.setattr(separation, "run_unit", interrupted)
        answer = call(*arguments)
    assert answer.code == 4
    assert "interrupted" in one_line(answer)
    assert len(shards(out)) == 1
    assert call(*arguments).code == 0
