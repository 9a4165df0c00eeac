"""Which gaps are expected, and which are strict.

Kinds: reference (the table of docs/theory.md, section 2, written out again), negative (only a
claim can be contradicted; strict needs containment).
"""

import dataclasses
import itertools

import pytest
from rows_by_hand import (
    LA,
    MEMBER,
    MOA,
    NON_MEMBER,
    PAIR,
    REACHES,
    between,
    family,
    only_gap,
    result,
)

from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import UNDECIDED, Membership
from expressivity.membership.inclusions import la_in_moa
from expressivity.separation.gaps import Gap, find_gaps
from expressivity.targets.builtin import t1, t2, t3, t4

# --- expected ------------------------------------------------------------------------------------


def test_a_claim_is_expected_only_as_it_is_stated():
    assert between(result(LA, 0.5), REACHES).expected is True
    # Not proved to contain it, other biases, another form, no claim about the pair, no target.
    assert between(result(LA, 0.5), result(MOA, 1e-15)).expected is None
    plain_la, plain_moa = family(Kind.LA, bias=False), family(Kind.MOA, bias=False)
    rows = ((plain_la, result(plain_la, 0.5)), (plain_moa, result(plain_moa, 0, membership=MEMBER)))
    assert only_gap(*rows).expected is None
    la, moa = family(Kind.LA, neuron="one_sided"), family(Kind.MOA, neuron="one_sided")
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
        fixed = family(Kind.FIXED, neuron="one_sided", dimension=1, dictionary=("relu",), bias=bias)
        la = family(Kind.LA, neuron="one_sided", dimension=1, bias=bias)
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
        family(kind, neuron=form, dictionary=("relu",) if kind is Kind.FIXED else PAIR)
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
