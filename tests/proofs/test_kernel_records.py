"""Records of what the kernel accepted, and the verdicts that they vouch for.

Kinds: property (which theorem speaks of which class and switches, what Python writes of each),
negative (settings that are no theorem's, records of other files, damaged ones, rejected theorems,
vouchers of other packages, classes that differ in one switch).
"""

from dataclasses import replace

import pytest
from small_libraries import library

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.membership import vouching
from expressivity.membership.decide import classify, decide
from expressivity.plugins import Plugin
from expressivity.registry import Registry
from expressivity.symbolic.proof import THEOREMS
from expressivity.targets.builtin import TARGETS, t1, t2, t3
from expressivity.targets.domains import square
from proofs.kernel import KernelVerdict, builtin_library, vouchers
from proofs.kernel.coq import Coq
from proofs.kernel.records import store, stored
from proofs.kernel.separations import separation
from proofs.kernel.statements import statement
from proofs.kernel.verdicts import coq_name

COQ = Coq(programs={}, version="8.16.1", build="made by hand")
ACCEPTED = KernelVerdict(
    theorem="T2", file="t2.v", coq="8.16.1", problem=None, as_generated=True, statement="said"
)
LA = Family(kind="la", neuron="type1", width=3, dimension=2)
MOA = Family(kind="moa", neuron="type1", gate="tanh", width=1, dimension=2)
NO, YES = Verdict.NON_MEMBER, Verdict.MEMBER


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def own_voucher(monkeypatch):
    """The voucher of this package, in whatever environment the tests run, over a small library."""
    registry = Registry("voucher")
    vouchers.register(registry)
    monkeypatch.setattr(vouching, "VOUCHERS", registry)
    monkeypatch.setattr(vouchers, "_library", library)


# Records


def test_a_record_holds_what_was_accepted_as_generated():
    store(library(), COQ, [ACCEPTED, replace(ACCEPTED, theorem="C2", as_generated=None)])
    assert stored(library()) == {"T2": {"statement": "said", "axioms": [], "coq": "8.16.1"}}


def test_a_theorem_that_is_rejected_later_loses_its_record():
    store(library(), COQ, [ACCEPTED, replace(ACCEPTED, theorem="T1")])
    store(library(), COQ, [replace(ACCEPTED, problem="it assumes magic")])
    assert list(stored(library())) == ["T1"]


def test_a_record_is_of_these_files_alone():
    store(library(), COQ, [ACCEPTED])
    assert stored(library(other="")) == {}


@pytest.mark.parametrize("change", [lambda text: text.replace("T2", "T9"), lambda text: text[:-9]])
def test_a_damaged_record_is_none(cache, change):
    store(library(), COQ, [ACCEPTED])
    (file,) = cache.rglob("*.json")
    file.write_text(change(file.read_text()))
    assert stored(library()) == {}


# Verdicts


def test_a_record_raises_the_verdict_that_it_is_about(own_voucher):
    target = t2(2)
    before = decide(target, LA)
    assert before.evidence is Evidence.PROVED
    store(library(), COQ, [ACCEPTED])
    after = decide(target, LA)
    assert after == replace(
        before, evidence=Evidence.KERNEL, reason=f"{before.reason}; Coq's kernel accepted T2"
    )
    assert classify(target, LA).membership.evidence is Evidence.KERNEL
    assert decide(target, MOA).evidence is Evidence.KERNEL
    assert classify(t1(), replace(LA, dimension=1)).membership.evidence is Evidence.PROVED


def test_what_is_not_rigorous_is_never_raised(own_voucher):
    store(library(), COQ, [ACCEPTED])
    for level in (Evidence.NUMERICAL, Evidence.DECLARED):
        word = Membership(verdict=NO, evidence=level, reason="a word")
        assert vouching.vouched(word, t2(2), LA) == word
    assert vouching.vouched(UNDECIDED, t2(2), LA) == UNDECIDED


def test_vouchers_of_other_packages_are_not_asked(monkeypatch):
    registry = Registry("voucher")
    registry.add("eager", lambda target, family, verdict: "trust me")
    registry._origins["eager"] = Plugin(name="eager", group="g", package="other 1", own=False)
    monkeypatch.setattr(vouching, "VOUCHERS", registry)
    assert decide(t2(2), LA).evidence is Evidence.PROVED


def says(theorem, target, family, verdict):
    return vouchers.says(separation(THEOREMS[theorem]), target, family, verdict)


@pytest.mark.parametrize("change", [
    {"width": 7}, {"bias": False}, {"dictionary": tuple(reversed(LA.dictionary))},
])  # fmt: skip
def test_t2_speaks_of_la_at_every_width_with_and_without_biases(change):
    assert says("T2", t2(2), replace(LA, **change), NO)


@pytest.mark.parametrize("change", [
    {"neuron": "one_sided"}, {"dictionary": ("relu", "tanh")}, {"constraint": "simplex"},
    {"groups": 3}, {"dimension": 3}, {"outputs": 2}, {"kind": "moa", "gate": "tanh"},
])  # fmt: skip
def test_t2_speaks_of_no_other_class(change):
    assert not says("T2", t2(2), replace(LA, **change), NO)


def test_members_are_stated_at_width_1_and_with_their_gate():
    assert says("T2", t2(2), MOA, YES)
    for gate in (GateSpec(name="tanh", scale=False, bias=False), "tanh"):
        assert says("T2", t2(2), replace(MOA, gate=gate), YES)
    assert not says("T2", t2(2), replace(MOA, width=2), YES)
    assert not says("T2", t2(2), replace(MOA, gate="sigmoid"), YES)
    sigmoid = TARGETS["t2"](2.0, "sigmoid", 7)
    assert says("T2-sigmoid", sigmoid, replace(MOA, gate="sigmoid"), YES)
    unscaled = replace(MOA, gate=GateSpec(name="sigmoid", scale=False))
    assert not says("T2-sigmoid", sigmoid, unscaled, YES)
    assert not says("T2", sigmoid, LA, NO) and not says("T2-sigmoid-unscaled", sigmoid, LA, NO)


def test_a_target_is_the_theorem_s_own_at_a_positive_parameter():
    assert says("T2", t2(0.5), LA, NO)
    assert not says("T2", replace(t2(2), lambda_=-2.0), LA, NO)
    assert not says("T2", replace(t2(2), expression=-t2(2).expression), LA, NO)
    assert not says("T2", replace(t2(2), domain=square()), LA, NO)
    assert says("T2", replace(t2(2), name="another"), LA, NO)


@pytest.mark.parametrize("name", ["T2", "T2-sigmoid", "T2-softmax", "T4"])
def test_the_program_s_targets_are_those_of_the_theorems(name):
    separation_ = separation(THEOREMS[name])
    for rate in (0.1, 2.0, 7.0):
        own = TARGETS[name[:2].lower()](rate, separation_.gate, 7)
        assert says(name, own, replace(LA, neuron=separation_.form), NO)
        assert not says(name, replace(own, lambda_=3.0), replace(LA, neuron=separation_.form), NO)


def test_t3_speaks_of_networks_without_biases_of_the_second_factor():
    fixed = Family(kind="fixed", neuron="one_sided", width=2, dimension=1, dictionary="relu")
    assert says("T3", t3(), replace(fixed, bias=False), NO)
    assert not says("T3", t3(), fixed, NO)


# Statements


def as_text(theorem):
    """All that Python writes of a theorem; None where it writes none, or not of this target."""
    found = statement(theorem)
    try:
        return None if found is None else (found.text, *(f.text() for f in found.formulas))
    except ValueError:
        return None


def test_python_writes_a_statement_of_each_theorem_with_a_coq_file():
    library = builtin_library()
    written = {name for name in THEOREMS if statement(THEOREMS[name]) is not None}
    assert written == {name for name in THEOREMS if library.place_of(coq_name(name)) is not None}
    assert len(written) == 22


def test_every_statement_but_the_lemmas_comes_with_its_targets():
    found = {name: statement(THEOREMS[name]) for name in THEOREMS}
    without = {name for name, s in found.items() if s is not None and not s.formulas}
    assert without == {"L1", "L2"}


def test_no_mutated_setting_is_taken_for_the_theorem():
    for name in THEOREMS:
        theorem = THEOREMS[name]
        if statement(theorem) is None:
            continue
        for mutation in theorem.mutations:
            mutated = replace(theorem, setting=mutation.setting)
            assert as_text(mutated) != as_text(theorem), (name, mutation.name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("T6-sigmoid", "with_groups 2 (over_seven (moa Sigmoid true biased) type1 b 3 2)"),
        ("T7", "around P [0; 0; u] -> outside P (over_seven kd type1 b 3 m) t7"),
        ("T7-factors-without-bias", "Forall (fun nu => snd (map_of nu 1) = 0) N"),
        ("T7b", "around P [(1 / 2); 0]"),
        ("T7c", "forall (b : bool), member (reglu b 2 1) t7c"),
        ("T10", "(1 / 4) <= M"),
        ("containment", "forall (scaled : bool), member (with_kind A (moa Tanh scaled true)) f"),
        ("L1", "represents A (constants alpha) N f"),
    ],
)
def test_statements_are_read_off_the_settings(name, text):
    assert text in statement(THEOREMS[name]).text
