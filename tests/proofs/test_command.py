"""``expressivity prove``: exit codes, JSON, tables, registration.

Kinds: property (JSON, verdicts without asserts and beside plug-ins), negative (refuted, undecided
and slow theorems, mutations that survive, bad arguments), reference (every module is registered).
"""

import json
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from theorems_by_hand import CAUGHT, REASON, UNDECIDED, call, mutation, step, theorem

import proofs
from experiments import proofs as stored
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.cli import main
from expressivity.evidence import Evidence
from expressivity.output import ExitCode
from expressivity.registry import Registry
from expressivity.runs.units import Failure, attempt
from expressivity.symbolic import proof as schema
from expressivity.symbolic.proof import Mutation, Step, UnfinishedStepError, prove
from expressivity.targets.builtin import t1
from proofs import report_section

# Exit codes


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((True, True), ExitCode.AS_EXPECTED),
        ((True, False), ExitCode.OTHERWISE),
        ((True, None), ExitCode.UNDECIDED),
        ((None, False), ExitCode.OTHERWISE),
    ],
)
def test_exit_code_of_theorems(registered, capsys, answers, code):
    registered(*(theorem(f"T{i}", answer) for i, answer in enumerate(answers)))
    assert call() == code
    capsys.readouterr()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (mutation(False, True), ExitCode.AS_EXPECTED),
        (mutation(UNDECIDED, True, REASON), ExitCode.AS_EXPECTED),
        (mutation(UNDECIDED, True), ExitCode.UNDECIDED),  # and does not say why
        (mutation(True, True), ExitCode.OTHERWISE),  # the proof goes through
        (mutation(False, False), ExitCode.OTHERWISE),  # no counterexample
        (mutation(False, None), ExitCode.UNDECIDED),  # the counterexample is not shown
        (mutation(True, None), ExitCode.OTHERWISE),
    ],
)
def test_exit_code_of_mutations(registered, capsys, changed, code):
    registered(theorem("A", True, changed))
    assert call("--mutate") == code
    assert call() == ExitCode.AS_EXPECTED
    capsys.readouterr()


ENDLESS = Step(statement="0 < 1", source="", check=lambda: time.sleep(600) or True)


def test_a_step_that_does_not_end_is_an_error_and_no_verdict(registered, capsys, monkeypatch):
    endless = replace(theorem("endless", True), steps=lambda _: [step(True), ENDLESS])
    registered(theorem("A", True), endless)
    arguments = ["expressivity", "prove", "--step-seconds", "0.05"]
    for extra in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", [*arguments, *extra])
        assert main() == ExitCode.BROKEN
        shown = capsys.readouterr()
        assert shown.out == "" and len(shown.err.splitlines()) == 1
        assert "theorem endless: the step '0 < 1' did not end" in shown.err


def test_a_mutation_that_does_not_end_is_an_error(registered):
    """Neither its proof nor its counterexample becomes undecided by a clock."""
    endless = Mutation(name="changed", setting=True, counterexample=ENDLESS)
    by_proof = replace(theorem("by_proof", True, mutation("never", True)), steps=lambda setting: [
        ENDLESS if setting == "never" else step(True)
    ])  # fmt: skip
    for entry in (theorem("by_counterexample", True, endless), by_proof):
        registered(entry)
        with pytest.raises(UnfinishedStepError, match=f"theorem {entry.name}: the step '0 < 1'"):
            call("--mutate", "--step-seconds", "0.05")


def test_a_stored_proof_that_does_not_end_is_a_failed_unit(registered, monkeypatch):
    endless = replace(theorem("endless", True), steps=lambda _: [ENDLESS])
    registered(endless)
    monkeypatch.setattr(stored, "THEOREMS", schema.THEOREMS)
    monkeypatch.setattr(stored, "prove", partial(prove, step_seconds=0.05))
    outcome = attempt(stored.ProofUnit(theorem="endless", mutated=False))
    assert isinstance(outcome, Failure)
    assert "UnfinishedStepError: theorem endless: the step '0 < 1'" in outcome.error


def test_a_mutation_has_a_setting_of_its_own():
    with pytest.raises(ValueError, match="required: a setting for the mutation 'changed'"):
        mutation(None, True)


# What verdicts do not depend on


@pytest.mark.slow
def test_no_verdict_rests_on_assert():
    """``python -O`` drops every assert statement."""
    ran = subprocess.run(
        [sys.executable, "-O", "-m", "expressivity", "prove", "C1a", "B1", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)["theorems"]
    for entry, name in zip(found, ("C1a", "B1"), strict=True):
        proof = prove(schema.THEOREMS[name]).json()
        assert {**entry, "seconds": 0.0} == {**proof, "seconds": 0.0}


def test_no_verdict_rests_on_what_plug_ins_register(monkeypatch):
    before = {name: prove(schema.THEOREMS[name]).json()["steps"] for name in ("C1a", "L1", "T2")}
    odd = replace(ACTIVATIONS["relu"], name="odd", kink=-1 * ACTIVATIONS["relu"].kink)
    gate = replace(GATES["tanh"], name="odd", expression=lambda logits, k: 1 / logits[k])
    monkeypatch.setitem(ACTIVATIONS._entries, "odd", odd)
    monkeypatch.setitem(GATES._entries, "odd", gate)
    after = {name: prove(schema.THEOREMS[name]).json()["steps"] for name in before}
    assert after == before
    assert report_section._theorem_on.__wrapped__("t1", None, 7, t1().formula) == "T1"


# Arguments


def test_named_theorems_alone_run_once_and_in_order(registered, capsys):
    call("B", "A", "B", "--json")
    names = [entry["name"] for entry in json.loads(capsys.readouterr().out)["theorems"]]
    assert names == ["B", "A"]


def test_an_unknown_theorem_lists_the_choices(registered):
    with pytest.raises(ValueError, match="unknown theorem 'Z': choose from A, B"):
        call("A", "Z")


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf"])
def test_a_time_limit_must_be_positive_and_finite(registered, limit):
    with pytest.raises(ValueError, match="required: --step-seconds above 0"):
        call("--step-seconds", limit)


def test_a_transcript_needs_a_folder(registered, tmp_path):
    for path in (tmp_path / "none" / "proof.tex", tmp_path):
        with pytest.raises(ValueError, match="required: a file in an existing folder for --latex"):
            call("--latex", str(path))


# What is shown


def test_json_is_one_document_of_the_agreed_form(registered, capsys):
    assert call("--mutate", "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    document = json.loads(shown.out)
    assert list(document) == ["schema", "theorems", "mutations"]
    assert document["schema"] == "expressivity.prove/1"
    first = document["theorems"][0]
    assert list(first) == ["name", "verdict", "seconds", "kernel", "steps"]
    assert first["kernel"] is None
    assert (first["name"], first["verdict"]) == ("A", "proved")
    assert [s["verdict"] for s in first["steps"]] == ["proved", "stated"]
    evidence = [s["evidence"] for s in first["steps"]]
    assert evidence == [str(Evidence.PROVED), str(Evidence.UNKNOWN)]
    assert document["mutations"][0] == {
        "theorem": "A",
        "mutation": "changed",
        "counterexample": "f(1) = 2",
        "caught": True,
        "refuted": True,
    }
    assert [entry["refuted"] for entry in document["mutations"]] == [True, False] * 2


def test_without_mutate_no_mutation_is_run(registered, capsys):
    call("--json")
    assert json.loads(capsys.readouterr().out)["mutations"] == []


def test_the_tables_name_theorems_steps_and_verdicts(registered, capsys):
    registered(theorem("A", True, *CAUGHT, mutation(True, True), mutation(False, None)))
    assert call("--mutate") == ExitCode.OTHERWISE
    shown = " ".join(capsys.readouterr().out.split())
    texts = ("title of A", "50% #~^\\ $|$", "proved", "a sentence", "stated", "SURVIVED",
             "counterexample not shown", f"undecided: {REASON}", "1 of 1 theorems proved",
             "2 of 4 mutations caught: 1 refuted, 1 merely undecided.")  # fmt: skip
    assert [text for text in texts if text not in shown] == []


# Registration


def test_every_proof_module_is_registered():
    folder = Path(proofs.__file__).parent
    found = {f.stem for f in folder.glob("*.py") if "THEOREMS.add(" in f.read_text("utf-8")}
    assert found - {"__init__"} == set(proofs.MODULES)


def test_register_fills_the_registry_once():
    proofs.register(schema.THEOREMS)
    before = list(schema.THEOREMS)
    proofs.register(schema.THEOREMS)
    assert list(schema.THEOREMS) == before
    assert {"L1", "T1", "T2", "T3", "T3b", "T4"} <= set(before)


def test_register_takes_no_other_registry():
    with pytest.raises(ValueError, match="required: the registry"):
        proofs.register(Registry("theorem"))
