"""Verdicts.

Reference: docs/theory.md, sections 2 and 3. Soundness: random networks are never called
non-members of their own class. Negative: obstructions where their assumptions do not hold.
"""

import dataclasses
import itertools

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from verdicts import GATES, SMALL, SWITCHES, X, Y, as_target, family_of, networks, verdict

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence, Verdict
from expressivity.membership.decide import decide
from expressivity.membership.obstructions import (
    jump_amplitude_obstruction,
    pole_order_obstruction,
    sign_definite_obstruction,
    smoothness_obstruction,
)
from expressivity.membership.witnesses import (
    network_expression,
)
from expressivity.symbolic.parser import parse
from expressivity.targets.builtin import t1, t2, t3, t3b, t4, t5, t5q
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=40)


# Reference: section 3


@pytest.mark.parametrize("name", FULL_DICTIONARY)
@pytest.mark.parametrize(
    ("target", "form"), [(t1(), "type1"), (t3(), "one_sided"), (t3b(), "one_sided")]
)
def test_t1_t3_t3b_are_no_fixed_networks(target, form, name):
    family = family_of(target, Kind.FIXED, form, dictionary=(name,), width=64)
    found = decide(target, family)
    assert (found.verdict, found.evidence) == (Verdict.NON_MEMBER, Evidence.PROVED)


@pytest.mark.parametrize(
    ("target", "form"),
    [
        (t1(), "type1"),
        (t1(), "one_sided"),
        (t1(), "two_sided"),
        (t1(), "quadratic"),
        (t3(), "one_sided"),
        (t3(), "quadratic"),
        (t3b(), "one_sided"),
        (t3b(), "two_sided"),
        (t4(), "two_sided"),
        (t4(0.5), "quadratic"),
        (t2(), "two_sided"),
    ],
)
@pytest.mark.parametrize("width", [1, 3])
def test_la_members_and_their_lifts(target, form, width):
    assert verdict(target, family_of(target, Kind.LA, form, width=width)) == "member"
    for gate in GATES:
        moa = family_of(target, Kind.MOA, form, gate, width=width)
        assert verdict(target, moa) == "member"


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("lambda_", [2.0, 0.3])
def test_t2_separates_moa_from_la(gate, lambda_):
    target = t2(lambda_, gate)
    for width in (1, 2):
        moa = family_of(target, Kind.MOA, "type1", gate, width=width, bias=False)
        assert verdict(target, moa) == "member"
        assert verdict(target, family_of(target, Kind.LA, "type1", width=width)) == "non_member"
    two_sided = family_of(target, Kind.LA, "two_sided", width=2)
    assert verdict(target, two_sided) == "member"


@pytest.mark.parametrize(("scale", "bias"), SWITCHES)
def test_t2_needs_no_switch_with_tanh_and_scale_with_positive_gates(scale, bias):
    for gate in GATES:
        target = t2(gate=gate)
        spec = GateSpec(name=gate, scale=scale, bias=bias)
        found = verdict(target, family_of(target, Kind.MOA, "type1", spec))
        assert found == ("member" if scale or gate == "tanh" else "non_member")


def test_softmax_of_another_size_needs_a_gate_bias():
    target = t2(gate="softmax", activations=7)
    for bias in (False, True):
        spec = GateSpec(name="softmax", bias=bias)
        family = family_of(target, Kind.MOA, "type1", spec, dictionary=SMALL)
        assert verdict(target, family) == ("member" if bias else "unknown")


@pytest.mark.parametrize(
    ("target", "form", "lower"),
    [
        (t4(), "one_sided", ("one_sided", "type1")),
        (t5(), "two_sided", ("two_sided", "quadratic")),
        pytest.param(t5(3.0), "quadratic", ("two_sided", "quadratic"), marks=pytest.mark.slow),
        pytest.param(t5q(), "quadratic", ("two_sided", "quadratic"), marks=pytest.mark.slow),
        (t5q(0.7), "two_sided", ("two_sided", "quadratic")),
    ],
)
def test_moa_with_tanh_is_separated_from_la(target, form, lower):
    assert verdict(target, family_of(target, Kind.MOA, form, "tanh")) == "member"
    for dictionary in (SMALL, FULL_DICTIONARY):
        for la_form in lower:
            la = family_of(target, Kind.LA, la_form, dictionary=dictionary, width=9)
            assert verdict(target, la) == "non_member"


def test_t5_in_quadratic_moa_needs_silu_in_this_program():
    family = family_of(t5(), Kind.MOA, "quadratic", "tanh", dictionary=SMALL)
    assert verdict(t5(), family) == "unknown"


def test_relu_is_replaced_where_the_dictionary_lacks_it():
    dictionary = ("id", "leaky_relu", "relu2")
    assert verdict(t1(), family_of(t1(), Kind.LA, "type1", dictionary=dictionary)) == "member"
    for width, expected in ((1, "unknown"), (2, "member")):
        family = family_of(t1(), Kind.FIXED, "one_sided", dictionary=("leaky_relu",), width=width)
        assert verdict(t1(), family) == expected


# Reference: section 2


@pytest.mark.parametrize(("scale", "bias"), SWITCHES)
@pytest.mark.parametrize("gate", GATES)
def test_t1_in_moa_follows_the_table(gate, scale, bias):
    proved = bias if gate == "tanh" else scale
    spec = GateSpec(name=gate, scale=scale, bias=bias)
    found = verdict(t1(), family_of(t1(), Kind.MOA, "type1", spec))
    assert found == ("member" if proved else "non_member")


def test_partial_map_lifts_equal_signs_without_scale():
    for gate, bias in itertools.product(("sigmoid", "softmax"), (False, True)):
        spec = GateSpec(name=gate, scale=False, bias=bias)
        family = family_of(t1(), Kind.MOA, "type1", spec, dictionary=("relu", "relu2"))
        assert verdict(t1(), family) == "member"


def test_sign_obstruction_states_its_limits():
    spec = GateSpec(name="sigmoid", scale=False)
    full = family_of(t1(), Kind.MOA, "type1", spec)
    assert sign_definite_obstruction(t1(), full)
    assert not sign_definite_obstruction(t1(), dataclasses.replace(full, width=2))
    relus = dataclasses.replace(full, dictionary=("relu", "relu2"))
    assert not sign_definite_obstruction(t1(), relus)
    gelu = dataclasses.replace(full, dictionary=("relu", "gelu"))
    assert sign_definite_obstruction(t1(), gelu)
    nowhere_zero = as_target(ACTIVATIONS["leaky_relu"](X), 1)
    assert not sign_definite_obstruction(nowhere_zero, full)


# Obstructions apply on the domain and only where their assumptions hold


def test_kinks_outside_the_domain_do_not_count():
    inside, outside = (as_target(ACTIVATIONS["relu"](X - c), 1) for c in (sp.Rational(1, 2), 3))
    family = family_of(t1(), Kind.FIXED, "type1", dictionary=("gelu",))
    assert smoothness_obstruction(inside, family)
    assert not smoothness_obstruction(outside, family)


def test_oblique_kinks_and_user_expressions():
    la = Family(kind=Kind.LA, neuron="type1", width=5, dimension=2)
    for text, expected in (
        ("tanh(x1 - x2)*relu(x1 + 2*x2 - 0.5)", True),
        ("tanh(x1 + 2*x2)*relu(x1 + 2*x2 - 0.5)", False),  # constant along its kink
        ("tanh(x1)*relu(x1 + 2*x2 - 9)", False),  # misses the disk
    ):
        target = as_target(to_sympy(parse(text)), 2)
        assert (jump_amplitude_obstruction(target, la) is not None) == expected


def test_simple_poles_are_no_obstruction():
    la = Family(kind=Kind.LA, neuron="quadratic", width=1, dimension=2)
    relu = ACTIVATIONS["relu"](Y)
    cancelled = (sp.tanh(X) ** 2 - 1) * (sp.exp(2 * X) + 1) * relu
    for amplitude in (sp.tanh(X) * relu, sp.tanh(X) * sp.tanh(2 * X) * relu, cancelled):
        assert not pole_order_obstruction(as_target(amplitude, 2), la)
    logistic = 1 / (1 + sp.exp(-3 * X - 1))
    assert pole_order_obstruction(as_target(logistic**2 * relu, 2), la)


# Soundness


def assert_no_non_member(pair):
    family, weights = pair
    target = as_target(network_expression(family, weights), family.dimension)
    assert verdict(target, family) != "non_member"


@settings(DETERMINISTIC, max_examples=6)
@given(networks(max_width=2))
def test_a_few_random_members_are_never_called_non_members(pair):
    assert_no_non_member(pair)


@pytest.mark.slow
@DETERMINISTIC
@given(networks(max_width=3))
def test_random_members_are_never_called_non_members(pair):
    assert_no_non_member(pair)


@DETERMINISTIC
@given(
    networks(dictionary=("tanh", "relu", "silu"), kinds=(Kind.LA,)).filter(
        lambda pair: pair[0].neuron != "type1"
    )
)
def test_random_products_are_never_called_non_members(pair):
    family, weights = pair
    target = as_target(network_expression(family, weights), family.dimension)
    assert verdict(target, family) != "non_member"


@dataclasses.dataclass(frozen=True)
class FakeBound:
    """The attributes that membership reads, with values a real bound refuses."""

    value: float | None
    evidence: Evidence
    method: str = "test"
    norm: str = "l2"
    every_width: bool = True


def test_only_positive_rigorous_bounds_exclude():
    target = as_target(sp.atan(X), 1)
    family = family_of(t1(), Kind.LA, "type1")
    for value, evidence, expected in (
        (0.5, Evidence.CERTIFIED, "non_member"),
        (0.5, Evidence.PROVED, "non_member"),
        (0.5, Evidence.NUMERICAL, "unknown"),
        (0.0, Evidence.PROVED, "unknown"),
        (None, Evidence.PROVED, "unknown"),
        (float("nan"), Evidence.PROVED, "unknown"),
    ):
        assert verdict(target, family, [FakeBound(value, evidence)]) == expected
    with pytest.raises(RuntimeError, match="contradiction"):
        decide(t1(), family, [FakeBound(0.5, Evidence.PROVED)])


def test_dimensions_must_agree():
    with pytest.raises(ValueError, match="dimension 1"):
        decide(t1(), Family(kind=Kind.LA, neuron="type1", width=1, dimension=2))
