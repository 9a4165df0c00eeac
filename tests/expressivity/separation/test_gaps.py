"""What results say about two classes.

Kinds: reference (the rules of docs/theory.md, section 3, written out again), negative (nothing is
claimed where the larger class does not reach or the smaller one does), property (evidence is never
rounded up). Results are made by hand; nothing is fitted.
"""

import dataclasses
import itertools

import pytest
from rows_by_hand import (
    LA,
    MEMBER,
    MOA,
    NON_MEMBER,
    REACHES,
    WIDE_LA,
    between,
    bound,
    family,
    only_gap,
    result,
)

from expressivity.classes.kinds import Kind
from expressivity.evidence import UNDECIDED, Evidence
from expressivity.fitting.norms import TargetNorm
from expressivity.separation.claims import CLAIMS


def test_a_proof_confirms_a_gap_whatever_the_smaller_fits_reach():
    gap = between(result(LA, 1e-14, membership=NON_MEMBER), REACHES)
    assert (gap.confirmed, gap.strict, gap.evidence) == (True, True, Evidence.PROVED)
    assert "a pole" in gap.reason
    assert gap.expected is True and not gap.surprising


def test_a_bound_counts_in_its_own_norm_only():
    above = bound("l2", 1e-3)
    assert between(result(LA, 2e-3, bounds=(above,)), REACHES).confirmed
    # 2e-15 is above the larger's l2 error and below its w1inf error.
    close = result(MOA, 1e-15, membership=MEMBER, w1inf=0.5)
    fitted = result(LA, 4e-15, bounds=(bound("l2", 2e-15),))
    assert between(fitted, close).confirmed
    moved = result(LA, 4e-15, bounds=(bound("w1inf", 2e-15),))
    assert not between(moved, close).confirmed
    assert between(result(LA, 4e-15, bounds=(bound("w1inf", 0.6),)), close).confirmed


@pytest.mark.parametrize("evidence", [Evidence.PROVED, Evidence.CERTIFIED, Evidence.NUMERICAL])
def test_a_bound_against_a_measured_error_is_numerical(evidence):
    gap = between(result(LA, 2e-3, bounds=(bound("l2", 1e-3, evidence),)), REACHES)
    assert gap.confirmed
    assert gap.evidence is Evidence.NUMERICAL


@pytest.mark.parametrize(
    ("smaller", "larger", "confirmed"),
    [
        (1e-2, 1e-15, True),
        (1.001e-7, 1e-10, True),
        (0.999e-7, 1e-10, False),
        (1e-2, 1.1e-10, False),
        (1e-12, 1e-16, False),
        (1e-10, 0.0, False),
        (1.1e-10, 0.0, True),
        (0.0, 0.0, False),
        (None, 1e-15, False),
        (1e-2, None, False),
    ],
)
def test_ratios_are_numerical_evidence(smaller, larger, confirmed):
    gap = between(result(LA, smaller), result(MOA, larger))
    assert gap.confirmed is confirmed
    assert gap.evidence is Evidence.NUMERICAL


def test_a_class_that_contains_the_target_does_not_miss_it():
    gap = between(result(LA, 0.5, membership=MEMBER), REACHES)
    assert (gap.confirmed, gap.strict) == (False, False)
    assert gap.reason.endswith("contains the target")
    assert gap.evidence is Evidence.PROVED


def test_a_class_without_the_target_does_not_reach_it():
    for fitted, came in ((3e-11, "fitted to 3.0e-11"), (None, "failed in every lane")):
        larger = result(MOA, fitted, membership=NON_MEMBER)
        for smaller in (result(LA, 0.5), result(LA, 0.5, membership=NON_MEMBER)):
            gap = between(smaller, larger)
            assert (gap.confirmed, gap.strict) == (False, False)
            assert gap.reason == f"moa tanh type1 m=1 {came}, but proved not to contain the target"
            assert gap.evidence is Evidence.PROVED
    # a witness of another class does not count either
    odd = result(MOA, 0.5, membership=NON_MEMBER, witness_l2=1e-15)
    assert not between(result(LA, 0.5), odd).confirmed


def test_another_width_may_reach_where_one_is_proved_not_to():
    lacks = result(MOA, 1e-14, membership=NON_MEMBER)
    wide = family(Kind.MOA, width=4)
    rows = [(LA, result(LA, 0.5)), (MOA, lacks), (wide, result(wide, 1e-12, membership=MEMBER))]
    gap = only_gap(*rows)
    assert gap.confirmed and "m=4 reaches" in gap.reason


UNKNOWN_NORM = TargetNorm(l2=0.8, relative_error=0.7, doubt="two rules differ")
KNOWN_NORM = TargetNorm(l2=0.8, relative_error=1e-4, doubt=None)


def test_no_verdict_rests_on_a_norm_that_is_not_known():
    for smaller in (result(LA, 0.5), result(LA, 0.5, membership=NON_MEMBER)):
        for norms in itertools.product((KNOWN_NORM, UNKNOWN_NORM), repeat=2):
            rows = (
                dataclasses.replace(row, norm=norm)
                for row, norm in zip((smaller, REACHES), norms, strict=True)
            )
            gap = between(*rows)
            assert gap.confirmed is (UNKNOWN_NORM not in norms)
            if not gap.confirmed:
                assert gap.evidence is Evidence.UNKNOWN
                assert gap.reason == "the norm of the target is not known: two rules differ"
            assert gap.undecided is not gap.confirmed and not gap.surprising


def test_what_is_measured_without_a_norm_is_unknown():
    of = dataclasses.replace(result(LA, 1e-10, bounds=(bound("l2", 0.5),)), norm=UNKNOWN_NORM)
    assert {figure["evidence"] for figure in of.json()["error"].values()} == {"unknown"}
    assert of.json()["target_norm"] == {
        "l2": 0.8, "relative_error": 0.7, "known": False, "doubt": "two rules differ",
        "evidence": "unknown",
    }  # fmt: skip
    # the fit is below a bound because it is measured where the target is not
    assert of.contradictions == []
    known = dataclasses.replace(of, norm=KNOWN_NORM)
    assert {figure["evidence"] for figure in known.json()["error"].values()} == {"numerical"}
    assert len(known.contradictions) == 1
    assert result(LA, 1e-10).json()["target_norm"] is None


def test_nothing_is_claimed_where_the_larger_class_does_not_reach():
    gap = between(result(LA, 0.5, membership=NON_MEMBER), result(MOA, 1e-4))
    assert (gap.confirmed, gap.strict, gap.evidence) == (False, False, Evidence.NUMERICAL)
    failed = between(result(LA, 0.5, membership=NON_MEMBER), result(MOA, None))
    assert not failed.confirmed
    assert "failed in every lane" in failed.reason


def test_an_exact_witness_reaches_where_random_starts_do_not():
    larger = result(MOA, 1e-3, membership=MEMBER, witness_l2=1e-16)
    gap = between(result(LA, 0.5, membership=NON_MEMBER), larger)
    assert gap.confirmed and gap.evidence is Evidence.PROVED
    assert "random starts reached 1.0e-03, its exact witness 1.0e-16" in gap.reason
    inexact = result(MOA, 1e-3, membership=MEMBER, witness_l2=1e-9)
    assert not between(result(LA, 0.5, membership=NON_MEMBER), inexact).confirmed


def test_every_row_of_the_smaller_kind_must_miss():
    narrow, wide = result(LA, 0.5), result(WIDE_LA, 1e-12)
    gap = only_gap((LA, narrow), (WIDE_LA, wide), (MOA, REACHES))
    assert not gap.confirmed
    assert "m=4" in gap.reason
    assert only_gap((LA, narrow), (WIDE_LA, result(WIDE_LA, 0.1)), (MOA, REACHES)).confirmed


def test_one_row_of_the_larger_kind_may_reach():
    wide_moa = family(Kind.MOA, width=2)
    rows = ((LA, result(LA, 0.5)), (MOA, result(MOA, 0.1)), (wide_moa, result(wide_moa, 1e-14)))
    gap = only_gap(*rows)
    assert gap.confirmed
    assert "m=2 reaches" in gap.reason


@pytest.mark.parametrize(
    ("membership", "reach", "expected"),
    [
        (NON_MEMBER, MEMBER, Evidence.PROVED),
        (dataclasses.replace(NON_MEMBER, evidence=Evidence.CERTIFIED), MEMBER, Evidence.CERTIFIED),
        (NON_MEMBER, UNDECIDED, Evidence.NUMERICAL),
        (UNDECIDED, MEMBER, Evidence.NUMERICAL),
    ],
)
def test_evidence_is_the_weakest_of_both_sides(membership, reach, expected):
    gap = between(result(LA, 0.5, membership=membership), result(MOA, 1e-15, membership=reach))
    assert gap.confirmed
    assert gap.evidence is expected


def test_the_weakest_row_decides_the_evidence():
    rows = (
        (LA, result(LA, 0.5, membership=NON_MEMBER)),
        (WIDE_LA, result(WIDE_LA, 0.1)),
        (MOA, REACHES),
    )
    gap = only_gap(*rows)
    assert gap.evidence is Evidence.NUMERICAL
    assert gap.reason.endswith("m=4 fitted to 1.0e-01 (and 1 more)")


def test_claims_between_kinds_are_about_neighbours():
    order, claims = list(Kind), [claim for claim in CLAIMS if claim.between_kinds]
    ranks = [(order.index(c.smaller.name), order.index(c.larger.name)) for c in claims]
    assert all(larger == smaller + 1 for smaller, larger in ranks)
    keys = [(claim.target, claim.smaller) for claim in claims]
    assert len(set(keys)) == len(keys)


def test_json_has_the_agreed_keys():
    gap = between(result(LA, 0.5, membership=NON_MEMBER), REACHES)
    document = gap.json()
    assert list(document) == [
        "target",
        "form",
        "smaller",
        "larger",
        "expected",
        "confirmed",
        "strict",
        "evidence",
        "reason",
    ]
    assert (document["smaller"], document["larger"], document["form"]) == ("la", "moa", "type1")
    assert type(document["evidence"]) is str


def resolved_to(row, estimate):
    return dataclasses.replace(row, l2_estimate=estimate, seed_estimates=(estimate,))


@pytest.mark.parametrize("estimate", [1e-3, None])
def test_an_error_that_is_not_resolved_is_no_hit(estimate):
    gap = between(result(LA, 0.5), resolved_to(REACHES, estimate))
    assert not gap.confirmed and gap.evidence is Evidence.UNKNOWN
    assert between(result(LA, 0.5), resolved_to(REACHES, 1e-12)).confirmed


def test_an_error_shows_a_miss_by_what_is_sure_of_it():
    assert between(resolved_to(result(LA, 0.5), 0.1), REACHES).confirmed
    assert not between(resolved_to(result(LA, 0.5), 0.5), REACHES).confirmed


def test_an_error_below_a_bound_by_less_than_its_estimate_contradicts_nothing():
    row = result(LA, 0.4, bounds=(bound("l2", 0.5),))
    assert resolved_to(row, 1e-7).contradictions
    assert not resolved_to(row, 0.2).contradictions
