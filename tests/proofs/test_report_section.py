"""The proof transcript of a report.

Kinds: reference (which theorems belong to which run, by docs/theory.md), negative (no theorem is
shown for a function that it is not about), property (every step is in the transcript).
"""

import dataclasses
import re
import typing

import pytest
import sample_run as sample
import torch

from expressivity.bounds.bound import Method
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.report.results import fits
from expressivity.runs.folder import read_run
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.targets.builtin import TARGETS, t1, t2
from proofs import report_section
from proofs.report_section import names, section, theorems

torch.set_num_threads(1)


def named(path, *units, **changes):
    """Names of the theorems for a run of these units, without bounds unless given."""
    changes.setdefault("lower_bound", {})
    rows = [(u, dataclasses.replace(sample.result(u), **changes)) for u in units]
    return theorems(fits(read_run(sample.write_run(path / "run", rows))))


def test_every_method_of_a_bound_has_its_theorem():
    with_steps = set(typing.get_args(Method)) - set(report_section._ON_PAPER)
    assert set(report_section._BOUNDS) == with_steps
    assert not set(report_section._BOUNDS) & set(report_section._ON_PAPER)
    assert set(report_section._BOUNDS.values()) <= set(THEOREMS)
    assert set(report_section._LEMMAS) | set(report_section._LEMMAS.values()) <= set(THEOREMS)


@pytest.mark.parametrize("name", ["t1", "t2", "t3", "t3b", "t4", "t5", "t5q"])
def test_every_target_has_its_separation(tmp_path, name):
    unit = sample.unit(Kind.LA, target=TARGETS[name](2.0, "tanh", 3))
    found = named(tmp_path, unit)
    assert name.capitalize() in found
    assert found - {name.capitalize()} == ({"L1"} if name in ("t2", "t4") else set())


@pytest.mark.parametrize("gate", ["sigmoid", "softmax"])
def test_the_gate_inside_the_target_decides_and_not_that_of_the_family(tmp_path, gate):
    unit = sample.unit(Kind.LA, target=t2(2.0, gate, 3))
    assert named(tmp_path, unit) == {f"T2-{gate}", "L1"}


def test_a_theorem_is_not_shown_for_another_function(tmp_path):
    doubled = dataclasses.replace(t2(), expression=2 * t2().expression)
    assert named(tmp_path, sample.unit(Kind.LA, target=doubled)) == set()
    users = dataclasses.replace(t2(), name="expr")
    assert named(tmp_path / "b", sample.unit(Kind.LA, target=users)) == set()
    assert section(read_run(tmp_path / "run")) is None


def test_kinds_side_by_side_need_their_containments(tmp_path):
    one, la, moa = (sample.unit(kind, target=t1()) for kind in Kind)
    assert named(tmp_path / "a", one, la) == {"T1", "inclusions"}
    assert named(tmp_path / "b", la, moa) == {"T1", "containment"}
    for gate, refuting in (
        (GateSpec(name="tanh", bias=False), {"C2"}),
        (GateSpec(name="sigmoid", scale=False), {"C1a", "C1b"}),
        (GateSpec(name="sigmoid", bias=False), set()),
    ):
        family = dataclasses.replace(moa.family, gate=gate)
        other = dataclasses.replace(moa, family=family)
        found = named(tmp_path / f"{gate.name}{gate.scale}", la, other)
        assert found == {"T1", "containment"} | refuting


def test_the_transcript_has_every_step_with_its_verdict(tmp_path):
    unit = sample.unit(Kind.LA)
    run = read_run(sample.write_run(tmp_path / "run", [(unit, sample.result(unit))]))
    body = section(run).body
    proofs = [prove(THEOREMS[name]) for name in ("T2", "L1", "B1")]
    for proof in proofs:
        assert body.count(f'id="theorem-{proof.theorem.name}"') == 1
    outcomes = [outcome for proof in proofs for outcome in proof.outcomes]
    assumptions = sum(len(proof.theorem.assumptions) for proof in proofs)
    assert body.count("<li>") == len(outcomes) + assumptions
    stated = sum(outcome.verdict is ProofVerdict.STATED for outcome in outcomes)
    assert body.count('<span class="badge stated"') == stated
    assert body.count('<span class="badge proved"') == len(outcomes) - stated + len(proofs)
    assert " style=" not in body
    assert "<script" not in body


def test_the_list_of_theorems_claims_no_proof(tmp_path, monkeypatch):
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} was proved")

    monkeypatch.setattr(report_section, "_proof", refuse)
    unit = sample.unit(Kind.LA)
    found = [(unit, sample.result(unit))]
    run = read_run(sample.write_run(tmp_path / "run", found))
    body = names(run).body
    (command,) = re.findall("<code>expressivity prove (.*?)</code>", body)
    assert sorted(command.split()) == ["B1", "L1", "T2"]  # other tests may import one file alone
    assert body.count("<li>") == 3
    assert "badge" not in body
    users = dataclasses.replace(t2(), name="expr")
    other = sample.write_run(
        tmp_path / "other",
        [(u, dataclasses.replace(sample.result(u), lower_bound={}))
         for u in [sample.unit(Kind.LA, target=users)]],
    )  # fmt: skip
    assert names(read_run(other)) is None
