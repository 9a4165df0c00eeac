"""Small inputs that were called unknown, or wrongly, and what is right; through one door.

Kinds: reference (verdicts and least widths derived by hand), negative (functions next to the
members are none), soundness (the right answer of a member is never an obstruction's).
"""

import time

import pytest

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.membership.decide import classify, decide, exclude
from expressivity.targets.builtin import t9
from expressivity.targets.user import user_target

FORMS = ("type1", "one_sided", "two_sided", "quadratic")
ONE, TWO = {"dimension": 1}, {"dimension": 2}


def fixed(name, form="type1", **changes):
    return Family(neuron=form, kind="fixed", width=1, dictionary=(name,), **{**ONE, **changes})


def la(form="type1", **changes):
    return Family(neuron=form, kind="la", width=1, **{**ONE, **changes})


def moa(gate, **changes):
    return Family(neuron="type1", kind="moa", width=1, gate=gate, **{**TWO, **changes})


MEMBERS = [
    ("x**2", fixed("relu2"), 2),
    ("x**2", fixed("relu2", "one_sided"), 2),
    ("x**3", fixed("relu2", "one_sided"), 2),
    ("3*x-1", fixed("silu"), 2),
    ("relu(2**0.5*x)", fixed("relu"), 1),
    ("relu(x-2**0.5/2)", fixed("relu"), 1),
    ("(x**2)**0.5", fixed("relu"), 2),
    ("abs(abs(x)-1/2)", fixed("relu"), 4),
    ("relu(relu(x)+relu(-x)-1/2)", fixed("relu"), 2),
    ("cos(x)**2+sin(x)**2-1+relu(x)", fixed("relu"), 1),
    ("(tanh(x1)+tanh(2*x1))*relu(x2)", moa("tanh"), 1),
    ("relu(x-1)", fixed("relu"), 1),  # 0 on the domain: member means the whole space
    ("silu(x1)*x2", moa("sigmoid"), 4),
]
NON_MEMBERS = [
    ("relu(x1)*relu(x2)", la("one_sided", **TWO)),
    ("tanh(x)**2", la()),
    ("relu(x)**3", la()),
    ("sin(x)", fixed("tanh")),
    ("sin(x)", la()),
    ("exp(x)", fixed("tanh")),
    ("exp(x)", la()),
    ("relu(sin(x))", fixed("gelu")),
    ("tanh(2*x1)**2*relu(x2)", moa("tanh")),
    ("silu(x1)*x2", la(**TWO)),
    ("x**2", fixed("relu")),
    ("x**4", fixed("relu2", "one_sided")),
    ("cos(x)**2+relu(x)", fixed("relu")),
    *(("0*x+3", fixed(name, bias=False)) for name in FULL_DICTIONARY),
    *(("0*x+3", la(form, bias=False)) for form in FORMS),
]


def named(cases):
    return [f"{case[0]} in {case[1].class_label}" for case in cases]


@pytest.mark.parametrize(("text", "family", "width"), MEMBERS, ids=named(MEMBERS))
def test_members(text, family, width):
    target = user_target(text)
    found = classify(target, family)
    assert str(found.membership.verdict) == "member"
    assert found.membership.evidence is Evidence.PROVED
    assert found.family.width == width
    assert exclude(target, family) is None


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("x**2*" * 1500 + "x", la(dictionary=("relu", "id"))),
        ("(x1 + x2)**64", la(dictionary=("relu2", "id"), **TWO)),
        ("(" * 60 + "x" + ")**2" * 60, la(dictionary=("relu", "id"))),
        ("tanh(2*x)*" * 999 + "x", fixed("tanh")),
        ("sin(256*x1)*x2", la("one_sided", dictionary=("tanh", "relu2"), **TWO)),
        ("sin(10**64*x1)*x2", la(dictionary=("relu", "id"), **TWO)),
        ("exp(exp(exp(9*(sin(9*x) + 0.999999999999))))", la(dictionary=("relu", "id"))),
    ],
    ids=(
        "x**3001",
        "64th power",
        "2**60th power",
        "999 factors",
        "256 waves",
        "1e64 waves",
        "a denominator of 1e12",
    ),
)
def test_what_took_minutes_or_the_stack_is_answered_at_once(text, family):
    """Thousands of directions, dense polynomials, matches, multiples that are halved."""
    begun = time.process_time()
    assert str(classify(user_target(text), family).membership.verdict) != "member"
    assert time.process_time() - begun < 30


@pytest.mark.parametrize(("text", "family"), NON_MEMBERS, ids=named(NON_MEMBERS))
def test_non_members(text, family):
    found = classify(user_target(text), family)
    assert str(found.membership.verdict) == "non_member"
    assert found.membership.evidence is Evidence.PROVED
    assert found.obstruction is not None


def test_the_control_of_t9_is_a_member_at_its_width():
    """T9: width 4 and no less is found, so that no gap is seen where there is none."""
    assert str(decide(t9(), moa("sigmoid").at_width(4)).verdict) == "member"
    assert str(decide(t9(), moa("sigmoid").at_width(3)).verdict) == "unknown"
