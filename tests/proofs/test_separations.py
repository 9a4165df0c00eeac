"""L1, T1 to T4, and the properties of generic neurons they rest on.

Kinds: reference (every theorem is proved, the program's own targets are those of the theorems),
negative (falsified variants of the statements fail), soundness (jumps of random exact networks
against the lemma).
"""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.generic_neuron import (
    AFFINE_FACTOR,
    AFFINE_MAP,
    SLOPE,
    TANGENT,
    has_amplitude_of_degree,
    neuron_degree,
    neuron_is_analytic,
    neuron_is_c1,
    neuron_jumps,
)
from expressivity.classes.kinds import Kind
from expressivity.membership.obstructions.jump_amplitude import jump_amplitude_obstruction
from expressivity.membership.obstructions.smoothness import smoothness_obstruction
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import Z
from expressivity.targets.builtin import TARGETS, t1, t2
from proofs import gated_separation, jump_lemma, networks, smoothness_classes, t3, t4
from proofs import t1 as proof_of_t1
from proofs import t2 as proof_of_t2

NAMES = (
    "L1",
    "T1",
    "T2",
    "T2-sigmoid",
    "T2-softmax",
    "T2-sigmoid-unscaled",
    "T2-softmax-unscaled",
    "T3",
    "T3b",
    "T4",
)
X1, X2 = jump_lemma.X1, jump_lemma.X2
LAMBDA = gated_separation.LAMBDA


@pytest.mark.parametrize("name", NAMES)
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    assert proof.verdict is ProofVerdict.PROVED
    checked = [o for o in proof.outcomes if o.step.check is not None]
    assert len(checked) >= 4
    assert all(outcome.verdict is ProofVerdict.PROVED for outcome in checked)


@pytest.mark.parametrize("name", NAMES)
def test_statements_are_complete(name):
    theorem = THEOREMS[name]
    assert theorem.name == name
    assert theorem.title and theorem.statement and theorem.assumptions and theorem.source
    assert all(step.statement and step.source for step in theorem.steps(theorem.setting))


# Reference: the program's targets


@pytest.mark.parametrize("gate", ["tanh", "sigmoid", "softmax"])
def test_t2_is_the_target_of_the_program(gate):
    name = "T2" if gate == "tanh" else f"T2-{gate}"
    expression = THEOREMS[name].setting.target.subs(LAMBDA, 3)
    assert is_identity(expression, TARGETS["t2"](3.0, gate, 7).expression) is True


def test_t4_is_the_target_of_the_program():
    assert is_identity(t4.T4.subs(LAMBDA, 3), TARGETS["t4"](3.0, "tanh", 7).expression) is True


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("T2", False),
        ("T2-sigmoid", True),
        ("T2-softmax", True),
        ("T2-sigmoid-unscaled", False),
        ("T2-softmax-unscaled", False),
    ],
)
def test_t2_uses_the_switches_it_names(name, scale):
    setting = THEOREMS[name].setting
    assert setting.gate.scale is scale and setting.gate.bias is False


def test_the_classes_cover_the_dictionary_once():
    for classes in (THEOREMS["T1"].setting.classes, THEOREMS["T3b"].setting.classes):
        listed = (*classes.affine, *classes.smooth, *classes.analytic)
        assert sorted(s.name for s in listed) == sorted(FULL_DICTIONARY)


# Negative: variants of the statements


def verdict_in(name, **changes):
    theorem = THEOREMS[name]
    return prove(theorem, setting=replace(theorem.setting, **changes)).verdict


def test_jump_lemma_fails_with_another_amplitude():
    assert verdict_in("L1", amplitude=lambda s: 2 * sp.Abs(s)) is ProofVerdict.REFUTED
    assert verdict_in("L1", amplitude=lambda s: sp.Abs(s) ** 2) is ProofVerdict.REFUTED
    assert verdict_in("L1", amplitude=lambda s: sp.S.One) is ProofVerdict.REFUTED


def test_jump_lemma_fails_with_a_wrong_kink():
    wrong = tuple(
        replace(s, kink=sp.Integer(1)) if s.name == "leaky_relu" else s for s in jump_lemma.SEVEN
    )
    neuron = replace(THEOREMS["L1"].setting.neuron, dictionary=wrong)
    assert verdict_in("L1", neuron=neuron) is ProofVerdict.REFUTED


@pytest.mark.parametrize("name", ["T2", "T2-sigmoid", "T2-softmax-unscaled", "T4"])
def test_t2_fails_with_another_amplitude_or_target(name):
    setting = THEOREMS[name].setting
    assert verdict_in(name, amplitude=setting.amplitude + 1) is ProofVerdict.REFUTED
    assert verdict_in(name, target=2 * setting.target) is ProofVerdict.REFUTED


def test_t2_fails_for_a_class_whose_amplitudes_are_affine():
    neuron = jump_lemma.Neuron(second=AFFINE_MAP)
    assert verdict_in("T2", neuron=neuron) is ProofVerdict.REFUTED


def test_t1_fails_where_an_activation_is_taken_for_smoother_than_it_is():
    seven = smoothness_classes.SEVEN
    for name, place in (("relu", "smooth"), ("relu2", "affine"), ("gelu", "affine")):
        classes = replace(seven, **{place: (ACTIVATIONS[name],)})
        assert verdict_in("T1", classes=classes) is not ProofVerdict.PROVED
    classes = replace(seven, analytic=(ACTIVATIONS["relu2"],))
    assert verdict_in("T1", classes=classes) is not ProofVerdict.PROVED


def test_t1_fails_with_another_mixture():
    mixture = {"relu": sp.S.One, "relu2": sp.Integer(2)}
    assert verdict_in("T1", mixture=mixture) is ProofVerdict.REFUTED


def test_t3_needs_c_off_and_t3b_does_not():
    assert THEOREMS["T3"].setting.second == t3.LINEAR_FACTOR
    assert THEOREMS["T3b"].setting.second == AFFINE_FACTOR
    assert verdict_in("T3", second=AFFINE_FACTOR) is ProofVerdict.REFUTED
    assert verdict_in("T3b", second=AFFINE_FACTOR**2) is not ProofVerdict.PROVED


def test_degrees_are_compared_on_every_side():
    parabola = replace(t1(), expression=X1**2)
    assert smoothness_classes.exceeds(parabola, 1) is True
    assert smoothness_classes.exceeds(parabola, 2) is False
    assert smoothness_classes.exceeds(t1(), 1) is True
    assert smoothness_classes.exceeds(t1(), 2) is False
    undecided = replace(t1(), expression=sp.Abs(X1))
    assert smoothness_classes.exceeds(undecided, 5) is None


def test_a_target_on_the_line_jumps_or_is_c1():
    smooth = replace(t1(), expression=ACTIVATIONS["relu2"](X1 - 1))
    assert smoothness_classes.jumps(t1()) is True
    assert smoothness_classes.jumps(replace(t1(), expression=ACTIVATIONS["relu2"](X1))) is False
    assert smoothness_classes.jumps(smooth) is None  # a kink elsewhere is not looked at
    assert smoothness_classes.jumps(replace(t2(), expression=X1 * X2)) is None


def test_positive_is_three_valued():
    free = sp.Symbol("free", real=True)
    assert jump_lemma.positive(LAMBDA / 4) is True
    assert jump_lemma.positive(-LAMBDA) is False
    assert jump_lemma.positive(sp.S.Zero) is False
    assert jump_lemma.positive(free) is None


def test_the_remark_under_t4_is_no_one_sided_network():
    assert is_identity(t4.as_two_sided(), t4.T4) is True
    assert is_identity(t4.as_two_sided(), 2 * t4.T4) is False


def test_witnesses_are_networks_of_the_program():
    with pytest.raises(ValueError, match="required: weights of a network"):
        networks.network(
            Family(kind=Kind.LA, neuron="type1", width=1, dimension=2), w=[[0, 1]], a=[[1]]
        )
    assert is_identity(networks.fixed_network("relu2", [(1, 1, (1, 1))]),
                       proof_of_t1.X * t1().expression) is True  # fmt: skip
    assert proof_of_t2.TANH.gate == GateSpec(name="tanh", scale=False, bias=False)


# Generic neurons

STEP = sp.Piecewise((sp.S.One, Z > 0), (sp.S.Zero, True))
CLIP = ACTIVATIONS["relu"](Z) - ACTIVATIONS["relu"](Z - 1)
ROOT = sp.Piecewise((sp.sqrt(Z), Z > 0), (sp.S.Zero, True))


def test_properties_of_the_seven():
    found = {
        name: (
            neuron_is_analytic(ACTIVATIONS[name].expression),
            neuron_is_c1(ACTIVATIONS[name].expression),
            neuron_degree(ACTIVATIONS[name].expression),
        )
        for name in FULL_DICTIONARY
    }
    assert found == {
        "id": (True, True, 1),
        "relu": (False, False, 1),
        "relu2": (False, True, 2),
        "leaky_relu": (False, False, 1),
        "gelu": (True, True, None),
        "silu": (True, True, None),
        "tanh": (True, True, None),
    }


def test_neurons_that_are_not_known_are_not_judged():
    for expression in (CLIP, ROOT, sp.Abs(Z - 1), 1 / Z):
        assert pieces(expression) is None
        assert neuron_jumps(expression) is None
        assert neuron_is_c1(expression) is None
        assert neuron_degree(expression) is None
        assert not neuron_is_analytic(expression)


def test_a_discontinuous_activation_is_not_c1_and_not_covered():
    assert neuron_is_c1(STEP) is False
    first, *_ = neuron_jumps(STEP)
    assert first.value == 1
    assert has_amplitude_of_degree(first, 0) is False


def test_every_sign_case_of_leaky_relu():
    kink = sp.Rational(99, 100)
    jumps = neuron_jumps(ACTIVATIONS["leaky_relu"].expression)
    assert [jump.slope for jump in jumps] == [SLOPE, -SLOPE, None, None, None]
    expected = (kink * SLOPE, kink * SLOPE, 0, 0, 0)
    pairs = zip(jumps, expected, strict=True)
    assert all(is_identity(jump.gradient, sp.sympify(value)) is True for jump, value in pairs)


def test_amplitudes_along_the_hyperplane():
    relu = ACTIVATIONS["relu"].expression
    first, *_ = neuron_jumps(relu, AFFINE_MAP)
    assert has_amplitude_of_degree(first, 0) is False
    assert has_amplitude_of_degree(first, 1) is True
    gated, *_ = neuron_jumps(sp.tanh(TANGENT) * relu)
    assert has_amplitude_of_degree(gated, 1) is False


def test_obstructions_keep_off_activations_they_do_not_know(monkeypatch):
    late = sp.Piecewise((sp.tanh(Z - 1), Z > 1), (0, True))
    entry = replace(ACTIVATIONS["relu"], name="clip", expression=late, kink=sp.Integer(0))
    monkeypatch.setitem(ACTIVATIONS._entries, "clip", entry)
    type1 = Family(kind=Kind.LA, neuron="type1", width=2, dimension=2, dictionary=("clip",))
    assert jump_amplitude_obstruction(t2(), type1) is None
    line = replace(type1, kind=Kind.FIXED, dimension=1)
    assert smoothness_obstruction(t1(), line) is None


# Soundness: the lemma on random exact networks

_NUMBERS = st.fractions(min_value=-3, max_value=3, max_denominator=4)
_SLOPES = _NUMBERS.filter(bool)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(
    st.lists(st.tuples(_NUMBERS, _SLOPES), min_size=1, max_size=4),
    st.lists(_NUMBERS, min_size=2, max_size=2),
)
def test_random_networks_jump_as_the_lemma_says(neurons, alpha):
    family = Family(
        kind=Kind.LA,
        neuron="type1",
        width=len(neurons) + 1,
        dimension=2,
        dictionary=("relu", "leaky_relu"),
    )

    def exact(value: Fraction):
        return sp.Rational(value.numerator, value.denominator)

    network = networks.network(
        family,
        w=[*[[0, exact(s), 0] for _, s in neurons], [1, 2, 1]],  # the last one kinks elsewhere
        a=[[*[exact(a) for a, _ in neurons], 1]],
        scale0=[[exact(value)] for value in alpha],
    )
    kappa = exact(alpha[0]) + exact(alpha[1]) * sp.Rational(99, 100)
    expected = kappa * sum(exact(a) * abs(exact(s)) for a, s in neurons)
    crossing = jump_lemma.crossing(network)
    assert is_identity(crossing.slope_jump.subs(X1, 2), expected) is True
