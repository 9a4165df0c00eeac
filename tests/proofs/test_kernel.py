"""The kernel's side of ``prove``: compiling, axioms, statements, what is refused.

Kinds: property (the cache, the order of files), negative (no Coq, admitted lemmas, foreign axioms,
checks switched off, files that do not compile, other statements). Those that run Coq are skipped
where it is not installed; their libraries are small ones, made by hand.
"""

import pytest
from small_libraries import GOOD, STATEMENT, B, beside, library, with_formula

from proofs.kernel import audit, check, find_coq
from proofs.kernel.compilation import OPTIONS, closure
from proofs.kernel.coq import CoqMissingError
from proofs.kernel.library import builtin_library, without_comments

try:
    COQ = find_coq()
except CoqMissingError:
    COQ = None

needs_coq = pytest.mark.skipif(COQ is None, reason="Coq is not installed")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(folder))
    return folder


# Without Coq


def test_without_coq_one_line_says_how_to_install_it(monkeypatch, call, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for extra in ((), ("--json",)):
        answer = call("prove", "T1", "--kernel", *extra)
        assert (answer.code, answer.out) == (3, "")
        (line,) = answer.err.splitlines()
        assert "apt-get install coq libcoq-coquelicot libcoq-interval" in line
    assert call("prove", "C1a").code == 0


def test_coq_without_its_libraries_is_refused(monkeypatch, tmp_path):
    for name in ("coqc", "coqtop", "coqdep", "coqchk"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 8.16.1 4.13\n")
        program.chmod(0o755)
    with pytest.raises(CoqMissingError, match="there without Coquelicot, Interval"):
        find_coq(str(tmp_path))


# What is read of sources and answers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lemma a : 1 = 2. Admitted.", ["Admitted"]),
        ("Proof. admit. Qed.", ["admit"]),
        ("Axiom a : False. Parameters b c : nat.", ["Axiom", "Parameters"]),
        ("Unset  Guard\nChecking.", ["Unset Guard Checking"]),
        ("#[bypass_check(guard)] Fixpoint f (n : nat) := f n.", ["bypass_check"]),
        ("(* Admitted (* nested *) Axiom *) Lemma a : 1 = 1. Proof. auto. Qed.", []),
        ('Definition admitted := 1. Definition s := "(*". Lemma administer : True.', []),
    ],
)
def test_words_that_leave_something_unproved(text, found):
    assert audit.unproved(text) == found


def test_an_open_comment_hides_the_rest():
    assert without_comments("a (* b (* c *) Axiom d.").strip() == "a"


@pytest.mark.parametrize(
    ("text", "axioms", "odd"),
    [
        ("Closed under the global context\n", [], []),
        ("Fetching opaque proofs from disk for A\nAxioms:\na.b : T\nc\n  : long\n    type\n",
         ["a.b", "c"], []),
        ("", [], ["Coq gave no answer"]),
        ("Section Variables:\nx : R\n", [], ["Section Variables:", "x : R"]),
        ("Axioms:\na : T\nf is assumed to be guarded.", ["a"], ["f is assumed to be guarded."]),
    ],
)  # fmt: skip
def test_assumptions_are_read_whole(text, axioms, odd):
    assert audit.assumptions(text) == (axioms, odd)


def test_only_the_axioms_of_the_reals_and_classical_logic_are_allowed():
    assert audit.foreign(audit.AXIOMS) == []
    assert audit.foreign([*audit.AXIOMS, "base.oracle"]) == ["base.oracle"]
    assert audit.foreign(["Other.classic"]) == ["Other.classic"]


def test_files_come_after_those_that_they_need():
    needs = {"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]}
    assert closure(["d"], needs) == ["a", "b", "c", "d"]


def test_the_files_of_the_package_leave_nothing_unproved():
    sources = builtin_library().sources
    assert sources
    assert [name for name, text in sources.items() if audit.unproved(text)] == []


# With Coq


@needs_coq
def test_a_theorem_is_accepted_with_its_axioms_and_its_statement(cache):
    done = []
    found = check(COQ, library(), {"A": STATEMENT, "none": None},
                  on_file=lambda name, count: done.append((name, count)))  # fmt: skip
    (accepted,) = found.values()
    assert accepted.json() == {
        "verdict": "accepted", "reason": None, "axioms": [], "statement": "two = 2%nat",
        "as_generated": True, "formulas": [], "file": "good.v", "coq": COQ.version,
        "seconds": accepted.seconds, "rechecked": None,
    }  # fmt: skip
    assert done == [("base", 2), ("good", 2)]
    compiled = {file: file.stat().st_mtime_ns for file in cache.rglob("*.vo")}
    assert len(compiled) == 2
    assert check(COQ, library(), {"A": STATEMENT}) == {"A": accepted}
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.vo")} == compiled


@needs_coq
@pytest.mark.parametrize(
    ("file", "said"),
    [
        (beside("Theorem B : two = 2. Admitted."), "unproved: Admitted in other.v"),
        (beside(B, "Axiom oracle : 1 = 2."), "unproved: Axiom in other.v"),
        (beside("Theorem B : two = 2. Proof. destruct (oracle 1). exact two_is. Qed.",
                "Variable oracle : forall n : nat, n = n."), "it assumes other.oracle"),
        (beside("Theorem B : two = 3. Proof. exact two_is. Qed."), "other.v does not compile"),
        (beside("Theorem B : two = 1 + 1. Proof. reflexivity. Qed."), "does not say what Python"),
        (beside("Theorem B : True. Proof. exact I. Qed."), "does not say what Python"),
        (beside("(* Theorem B : two = 2. *)"), None),
    ],
)  # fmt: skip
def test_what_is_no_proof_is_refused_and_the_others_stand(file, said):
    found = check(COQ, library(other=file), {"A": STATEMENT, "B": STATEMENT})
    assert found["A"].accepted
    if said is None:
        assert "B" not in found
    else:
        assert said in found["B"].problem and "\n" not in found["B"].problem


TARGET = "Definition t (n : nat) := n + n."
PROVER = {"formulas": "Ltac same_formula := reflexivity."}
"""Stands for the tactic of the package, which is about real functions."""


@needs_coq
def test_a_target_that_is_the_program_s_is_proved_to_be():
    files = {**PROVER, "other": "From Expressivity Require Import formulas.\n" + beside(B, TARGET)}
    formula = "forall n : nat, t n = (n + n)%nat"
    found = check(COQ, library(**files), {"B": with_formula(formula.replace("(n", "(0 + n")),
                                          "A": STATEMENT})  # fmt: skip
    assert found["B"].accepted and found["B"].as_generated
    assert found["B"].formulas == ("forall n : nat, t n = (0 + n + n)%nat",)


@needs_coq
@pytest.mark.parametrize(
    "target", ["Definition t (n : nat) := n + 0.", "Definition other (n : nat) := n + n.",
               "Axiom t : nat -> nat. Axiom is : forall n, t n = n + n."]
)  # fmt: skip
def test_a_target_that_is_another_function_is_refused_by_name(target):
    files = {**PROVER, "other": "From Expressivity Require Import formulas.\n" + beside(B, target)}
    formula = "forall n : nat, t n = (n + n)%nat"
    found = check(COQ, library(**files), {"A": STATEMENT, "B": with_formula(formula)})
    assert found["A"].accepted
    if "Axiom" in target:
        assert "unproved: Axiom in other.v" in found["B"].problem
    else:
        assert f"target is not the program's: Coq does not prove {formula}" in found["B"].problem


@needs_coq
def test_a_proof_of_a_target_may_assume_no_more_than_a_theorem():
    prover = (
        "From Coq Require Import ProofIrrelevance.\nLtac same_formula := "
        "intro; destruct (proof_irrelevance True I I); reflexivity."
    )
    other = "From Expressivity Require Import formulas.\n" + beside(B, TARGET)
    found = check(COQ, library(formulas=prover, other=other),
                  {"B": with_formula("forall n : nat, t n = (n + n)%nat")})  # fmt: skip
    assert "it assumes" in found["B"].problem and "proof_irrelevance" in found["B"].problem


@needs_coq
def test_a_file_that_needs_one_that_failed_says_which():
    broken = library(base="Definition two := one.")
    assert "needs base, which did not compile" in check(COQ, broken, {"A": None})["A"].problem


@needs_coq
def test_files_that_need_each_other_are_refused():
    circle = {"base": "From Expressivity Require Import good.\n" + GOOD["base"]}
    with pytest.raises(ValueError, match="required: files that do not need each other"):
        check(COQ, library(**circle), {"A": None})


@needs_coq
@pytest.mark.parametrize("lost", ["good.json", "good.vo", "base.vo"])
def test_what_is_lost_in_the_cache_is_compiled_again(cache, lost):
    check(COQ, library(), {"A": STATEMENT})
    for file in cache.rglob(lost):
        file.unlink()
    assert check(COQ, library(), {"A": STATEMENT})["A"].accepted


@needs_coq
@pytest.mark.parametrize("damaged", ["good.json", "good.vo", "base.vo", "good.v"])
def test_what_is_damaged_in_the_cache_is_made_again(cache, damaged):
    check(COQ, library(), {"A": STATEMENT})
    for file in cache.rglob(damaged):
        file.write_bytes(b"Axiom planted : False.")
    assert check(COQ, library(), {"A": STATEMENT})["A"].accepted


@needs_coq
def test_a_file_that_was_compiled_from_another_text_is_not_believed(cache):
    check(COQ, library(), {"A": STATEMENT})
    (folder,) = {file.parent for file in cache.rglob("good.vo")}
    source = folder / "good.v"
    source.write_text(source.read_text() + "Axiom planted : False.")
    ran = COQ.run("coqc", *OPTIONS, "good.v", folder=folder)
    assert ran.code == 0
    again = check(COQ, library(), {"A": STATEMENT})["A"]
    assert again.accepted
    assert b"planted" not in (folder / "good.vo").read_bytes()


@needs_coq
@pytest.mark.slow
def test_coqchk_reads_the_files_once_more():
    assert check(COQ, library(), {"A": STATEMENT}, recheck=True)["A"].rechecked is True
