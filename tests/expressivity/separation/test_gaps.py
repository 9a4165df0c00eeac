"""What results say about two classes.

Kinds: reference (the rules of docs/theory.md, sections 2 and 3, written out again), negative
(nothing is claimed where the larger class does not reach or the smaller one does), property
(evidence is never rounded up). Results are made by hand; nothing is fitted.
"""

import dataclasses
import itertools

import pytest

from expressivity.bounds import Bound
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GateSpec
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.fitting.errors import TargetNorm
from expressivity.membership.inclusions import la_in_moa
from expressivity.separation.claims import CLAIMS
from expressivity.separation.gaps import Gap, find_gaps
from expressivity.separation.unit import Result
from expressivity.targets.builtin import t1, t2, t3, t4

PAIR = ("relu", "tanh")
MEMBER = Membership(verdict=Verdict.MEMBER, evidence=Evidence.PROVED, reason="a witness")
NON_MEMBER = Membership(verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason="a pole")


def family(kind: Kind, *, width: int = 1, gate: GateSpec | None = None, **changes) -> Family:
    if kind is Kind.MOA:
        gate = gate or GateSpec(name="tanh")
    described = {"form": "type1", "dimension": 2, "dictionary": PAIR, **changes}
    return Family(kind=kind, width=width, gate=gate, **described)


def result(
    of: Family,
    l2: float | None = None,
    *,
    membership: Membership = UNDECIDED,
    bounds: tuple[Bound, ...] = (),
    witness_l2: float | None = None,
    target: str = "t2",
    norm: TargetNorm | None = None,
    **errors: float,
) -> Result:
    by_norm = {bound.norm: bound for bound in bounds}
    error = {"l2": l2, "sup": l2, "w1inf": l2, **errors}
    return Result(
        target=target,
        lambda_=2.0,
        family=of.json(),
        parameters=of.parameter_count,
        restarts=2,
        failed_lanes=0,
        error=error,
        seeds=[error],
        lower_bound={norm: by_norm.get(norm) for norm in ("l2", "sup", "w1inf")},
        membership=membership,
        witness_l2=witness_l2,
        norm=norm,
    )


def bound(norm: str, value: float, evidence: Evidence = Evidence.NUMERICAL) -> Bound:
    return Bound(norm=norm, value=value, evidence=evidence, method="ridge-rank", every_width=False)


LA, WIDE_LA, MOA = family(Kind.LA), family(Kind.LA, width=4), family(Kind.MOA)


def only_gap(*rows: tuple[Family, Result], target=None) -> Gap:
    families, results = zip(*rows, strict=True)
    (gap,) = find_gaps(results, families, target or t2())
    return gap


def between(smaller: Result, larger: Result) -> Gap:
    return only_gap((LA, smaller), (MOA, larger))


REACHES = result(MOA, 1e-15, membership=MEMBER)


# --- confirmed -----------------------------------------------------------------------------------


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


def test_what_is_measured_without_a_norm_is_unknown():
    of = dataclasses.replace(result(LA, 1e-10, bounds=(bound("l2", 0.5),)), norm=UNKNOWN_NORM)
    assert {figure["evidence"] for figure in of.json()["error"].values()} == {"unknown"}
    assert of.json()["target_norm"] == {
        "l2": 0.8, "relative_error": 0.7, "known": False, "doubt": "two rules differ",
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


# --- expected ------------------------------------------------------------------------------------


def test_a_claim_is_expected_only_as_it_is_stated():
    assert between(result(LA, 0.5), REACHES).expected is True
    # Not proved to contain it, other biases, another form, no claim about the pair, no target.
    assert between(result(LA, 0.5), result(MOA, 1e-15)).expected is None
    plain_la, plain_moa = family(Kind.LA, bias=False), family(Kind.MOA, bias=False)
    rows = ((plain_la, result(plain_la, 0.5)), (plain_moa, result(plain_moa, 0, membership=MEMBER)))
    assert only_gap(*rows).expected is None
    la, moa = family(Kind.LA, form="one_sided"), family(Kind.MOA, form="one_sided")
    rows = ((la, result(la, 0.5)), (moa, result(moa, 1e-15, membership=MEMBER)))
    assert only_gap(*rows).expected is None
    fixed = family(Kind.FIXED, dictionary=("relu",))
    rows = ((fixed, result(fixed, 0.5)), (MOA, REACHES))
    assert only_gap(*rows).expected is None
    unnamed = dataclasses.replace(t2(), name="expr")
    rows = ((LA, result(LA, 0.5)), (MOA, REACHES))
    assert only_gap(*rows, target=unnamed).expected is None


def test_a_negative_control_needs_a_smaller_class_that_contains_the_target():
    la, moa = (family(kind, dimension=1) for kind in (Kind.LA, Kind.MOA))

    def control(membership: Membership) -> Gap:
        rows = ((la, result(la, 1e-15, membership=membership)), (moa, result(moa, 1e-15)))
        return only_gap(*rows, target=t1())

    assert control(MEMBER).expected is False
    assert control(MEMBER).confirmed is False
    assert control(UNDECIDED).expected is None


def test_t3_is_claimed_without_biases():
    def gap(*, bias: bool) -> Gap:
        fixed = family(Kind.FIXED, form="one_sided", dimension=1, dictionary=("relu",), bias=bias)
        la = family(Kind.LA, form="one_sided", dimension=1, bias=bias)
        rows = ((fixed, result(fixed, 0.5)), (la, result(la, 1e-15, membership=MEMBER)))
        return only_gap(*rows, target=t3())

    assert gap(bias=False).expected is True
    assert gap(bias=True).expected is None


@pytest.mark.parametrize(
    ("expected", "confirmed", "surprising"),
    [
        (True, True, False),
        (True, False, True),
        (False, False, False),
        (False, True, True),
        (None, True, False),
        (None, False, False),
    ],
)
def test_only_a_claim_can_be_contradicted(expected, confirmed, surprising):
    gap = between(result(LA, 0.5), REACHES)
    gap = dataclasses.replace(gap, expected=expected, confirmed=confirmed)
    assert gap.surprising is surprising


def test_forms_and_neighbouring_kinds_are_kept_apart():
    kinds = [
        family(kind, form=form, dictionary=("relu",) if kind is Kind.FIXED else PAIR)
        for form in ("one_sided", "type1")
        for kind in Kind
    ]
    gaps = find_gaps([result(each, 0.5) for each in kinds], kinds, t4())
    assert [(gap.form, gap.smaller, gap.larger) for gap in gaps] == [
        ("one_sided", Kind.FIXED, Kind.LA),
        ("one_sided", Kind.LA, Kind.MOA),
        ("type1", Kind.FIXED, Kind.LA),
        ("type1", Kind.LA, Kind.MOA),
    ]
    assert find_gaps([result(LA, 0.5)], [LA], t2()) == []
    assert find_gaps([], [], t2()) == []


# --- strict --------------------------------------------------------------------------------------

# The table of docs/theory.md, section 2, for two or more activations.
PROVED = {
    ("sigmoid", "scale only"),
    ("sigmoid", "both"),
    ("tanh", "bias only"),
    ("tanh", "both"),
    ("softmax", "scale only"),
    ("softmax", "both"),
}
SWITCHES = {
    "none": (False, False),
    "bias only": (False, True),
    "scale only": (True, False),
    "both": (True, True),
}


@pytest.mark.parametrize(
    ("gate", "switches"), list(itertools.product(("sigmoid", "tanh", "softmax"), SWITCHES))
)
def test_strict_is_said_only_where_containment_is_proved(gate, switches):
    scale, bias = SWITCHES[switches]
    spec = GateSpec(name=gate, scale=scale, bias=bias)
    assert la_in_moa(spec, activations=2) is ((gate, switches) in PROVED)
    moa = family(Kind.MOA, gate=spec)
    rows = (
        (LA, result(LA, 0.5, membership=NON_MEMBER)),
        (moa, result(moa, 1e-15, membership=MEMBER)),
    )
    gap = only_gap(*rows)
    assert gap.confirmed
    assert gap.strict is ((gate, switches) in PROVED)


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_softmax_over_one_activation_is_constant(scale, bias):
    assert la_in_moa(GateSpec(name="softmax", scale=scale, bias=bias), activations=1)


def test_a_gate_of_a_third_party_is_not_called_strict():
    class Unknown:
        name, scale, bias = "theirs", True, True

    assert not la_in_moa(Unknown(), activations=2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("smaller", "larger", "strict"),
    [
        (LA, MOA, True),
        (family(Kind.LA, bias=False), MOA, True),
        (LA, family(Kind.MOA, bias=False), False),
        (family(Kind.LA, dictionary=("relu", "silu")), MOA, False),
        (family(Kind.LA, dictionary=("relu",)), MOA, True),
        (family(Kind.FIXED, dictionary=("relu",)), LA, True),
        (family(Kind.FIXED, dictionary=("silu",)), LA, False),
    ],
)
def test_strict_needs_containment_of_dictionary_and_biases(smaller, larger, strict):
    rows = (
        (smaller, result(smaller, 0.5, membership=NON_MEMBER)),
        (larger, result(larger, 1e-15, membership=MEMBER)),
    )
    gap = only_gap(*rows)
    assert gap.confirmed
    assert gap.strict is strict


def test_claims_are_about_neighbours():
    order = list(Kind)
    assert all(order.index(claim.larger) == order.index(claim.smaller) + 1 for claim in CLAIMS)
    keys = [(claim.target, claim.form, claim.smaller) for claim in CLAIMS]
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
