"""Claims between any two classes, and the ladders above MoA.

Kinds: reference (what ``separate --all`` adds, written out by hand), property (sides, widths),
negative (claims are silent beyond what theorems say).
"""

import dataclasses

import pytest
from default_ladder import DEFAULTS
from rows_by_hand import MEMBER, NON_MEMBER, result

from expressivity.classes.catalogue import family_named, family_of
from expressivity.classes.families import Family
from expressivity.commands.separate import understand
from expressivity.separation.claims import CLAIMS, Side, claims_on, side
from expressivity.separation.gaps import find_gaps
from expressivity.targets.builtin import FURTHER, TARGETS, t2, t6, t7c, t11

DEFAULT = {"t1", "t2", "t3", "t3b", "t4", "t5", "t5q"}

# (class, width) of every unit that --all adds with tanh gates.
ADDED = {
    "t2": [("relu one_sided", 1), ("relu one_sided", 2), ("moa tanh groups=2 type1", 2)],
    "t6": [("moa tanh type1", 1), ("moa tanh type1", 2), ("moa tanh groups=2 type1", 2)],
    "t7": [("moa tanh type1", 1), ("moa tanh type1", 2), ("relu one_sided", 2)],
    "t7b": [("moa tanh type1", 1), ("moa tanh type1", 2), ("relu one_sided", 3)],
    "t7c": [
        ("moa tanh type1", 1),
        ("moa tanh type1", 2),
        ("relu one_sided", 1),
        ("moa tanh groups=2 type1", 2),
        ("la one_sided", 1),
    ],
    "t8": [("moa tanh type1", 1), ("moa tanh type1", 2), ("moa tanh quadratic", 1)],
    "t9": [
        ("la type1", 1),
        ("la type1", 2),
        ("silu one_sided", 1),
        ("moa sigmoid type1", 4),
    ],
    "t10": [
        ("moa tanh type1", 1),
        ("maxout3", 1),
        ("moa tanh one_sided", 1),
        ("moa tanh two_sided", 1),
        ("moa tanh quadratic", 1),
    ],
    "t11": [("moa tanh quadratic", 1), ("moa tanh two_sided", 1)],
}


def rungs(**changes: object) -> dict[str, list[tuple[str, int]]]:
    job = understand(dataclasses.replace(DEFAULTS, **changes))  # type: ignore[arg-type]
    return {t.name: [(f.class_label, f.width) for f in families] for t, families in job.rungs}


@pytest.mark.slow
def test_all_adds_the_ladders_above_moa_and_changes_no_other():
    default, everything = rungs(), rungs(every=True)
    assert set(default) == DEFAULT and set(everything) == DEFAULT | set(FURTHER)
    for name, families in everything.items():
        assert families == [*default.get(name, []), *ADDED.get(name, [])]


def test_all_is_brief_where_proofs_and_witnesses_decide():
    job = understand(dataclasses.replace(DEFAULTS, targets=("t2", "t7c"), every=True))
    restarts = {unit.target.name: unit.settings.restarts for unit in job.units}
    assert restarts == {"t2": 32, "t7c": 4}
    (alone,) = {
        u.settings for u in understand(dataclasses.replace(DEFAULTS, targets=("t7c",))).units
    }
    assert alone.restarts == 32


def test_a_target_by_name_has_its_claims():
    assert rungs(targets=("t6",)) == {"t6": ADDED["t6"]}
    assert rungs(targets=("t2",)) == {"t2": rungs()["t2"]}


def test_softmax_turns_the_claim_on_t11_into_a_control():
    (control,) = [c for c in claims_on(t11("softmax"), further=True) if "softmax" in c.gates]
    assert not control.separates
    assert rungs(targets=("t11",), gate="softmax") == {
        "t11": [("moa softmax quadratic", 1), ("moa softmax two_sided", 1)]
    }


def test_claims_name_classes_that_exist():
    for claim in CLAIMS:
        assert claim.target in TARGETS
        for of in (claim.smaller, claim.larger):
            assert of.form is not None or family_named(of.name, 2, 2)
        assert claim.separates or not claim.between_kinds or claim.smaller_widths == (1,)


def test_sides_have_the_families_of_their_class():
    one, two = (family_of("moa", gate="tanh", groups=g)(2, 3) for g in (1, 2))
    reglu = family_named("reglu", 2, 3)
    assert [side("moa type1").has(f) for f in (one, two, reglu)] == [True, False, False]
    assert [side("moa type1", groups=2).has(f) for f in (one, two, reglu)] == [False, True, False]
    assert [side("reglu").has(f) for f in (one, two, reglu)] == [False, False, True]
    assert side("moa type1") == Side(name="moa", form="type1")


def test_what_theorems_speak_of():
    stated = family_of("moa", gate="tanh")(1, 2)
    moa = side("moa type1")
    assert moa.is_as_stated(stated, t2())
    for change in ({"bias": False}, {"dictionary": ("relu", "elu")}):
        assert not moa.is_as_stated(dataclasses.replace(stated, **change), t2())


MOA = family_of("moa", gate="tanh")(1, 2)
REGLU = family_named("reglu", 1, 2)


def gap(smaller: Family, larger: Family, target, *, contains=False):
    rows = [
        result(smaller, 0.5, membership=MEMBER if contains else NON_MEMBER, target=target.name),
        result(larger, 1e-15, membership=MEMBER, target=target.name),
    ]
    return find_gaps(rows, [smaller, larger], target)


def test_a_gap_between_two_forms_is_expected_as_claimed():
    (found,) = gap(MOA, REGLU, t7c())
    assert (found.smaller, found.larger, found.form) == ("moa type1", "reglu", "one_sided")
    assert found.expected is True and found.confirmed and not found.strict and not found.surprising
    assert found.json()["larger"] == "reglu"


def test_a_contradicted_claim_is_a_surprise():
    (found,) = gap(MOA, REGLU, t7c(), contains=True)
    assert found.expected is True and not found.confirmed and found.surprising


def test_one_group_lies_in_two_strictly():
    one, two = (family_of("moa", gate="tanh", groups=g)(2, 3) for g in (1, 2))
    (found,) = gap(one, two, t6())
    assert (found.smaller, found.larger) == ("moa type1", "moa groups=2 type1")
    assert found.confirmed and found.strict and found.expected is True


def test_a_gate_of_a_third_party_is_not_spoken_of(monkeypatch):
    from expressivity.classes.gates import GATES

    theirs = dataclasses.replace(GATES["tanh"], name="theirs")
    monkeypatch.setitem(GATES._entries, "theirs", theirs)
    assert gap(family_of("moa", gate="theirs")(1, 2), REGLU, t7c()) == []


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softmax"])
def test_t11_is_claimed_for_gates_whose_products_are_no_gates(name):
    quadratic, two_sided = (
        family_of("moa", f, gate=name)(1, 1) for f in ("quadratic", "two_sided")
    )
    contains = name == "softmax"
    (found,) = gap(quadratic, two_sided, t11(name), contains=contains)
    assert found.expected is (not contains) and found.confirmed is (not contains)
