"""T5, T5q and the pole order obstruction.

Kinds: reference (known orders of poles), negative (mutated settings and falsified lemma variants
are not proved), metamorphic (affine arguments keep the order of a pole).
"""

from dataclasses import replace

import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.membership.obstructions.pole_order import (
    common_kink_leaves_no_jump,
    has_simple_poles,
    higher_pole,
    jump_is_other_factor,
    pole_order_obstruction,
    vanishes_at_zero,
)
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t4, t5, t5q
from proofs import t5 as proof_of_t5

X1 = COORDINATES[0]


def analytic(expression):
    return replace(ACTIVATIONS["tanh"], name="it", expression=expression)


def piecewise(positive, negative):
    expression = sp.Piecewise((sp.sympify(positive), Z > 0), (sp.sympify(negative), True))
    return replace(ACTIVATIONS["relu"], name="it", expression=expression)


@pytest.mark.parametrize("name", ["T5", "T5q"])
def test_every_step_is_proved_or_stated(name):
    proof = prove(THEOREMS[name])
    assert proof.verdict is ProofVerdict.PROVED
    kinds = {outcome.verdict for outcome in proof.outcomes}
    assert kinds <= {ProofVerdict.PROVED, ProofVerdict.STATED}


@pytest.mark.parametrize("name", FULL_DICTIONARY)
def test_the_seven_have_simple_poles_and_vanish_at_zero(name):
    assert has_simple_poles(ACTIVATIONS[name]) is True
    assert vanishes_at_zero(ACTIVATIONS[name]) is True


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        (sp.tanh(Z) ** 2, False),
        (1 - sp.tanh(Z) ** 2, False),
        (Z / (1 + sp.exp(-Z)) ** 2, False),
        (sp.tanh(Z) + sp.tanh(2 * Z), True),
        (sp.tanh(Z) * sp.tanh(2 * Z), True),  # poles at different places
        (sp.tanh(sp.tanh(Z)), None),  # essential singularities
        (sp.sqrt(1 + Z**2), None),  # branch points
        (1 / (1 + Z**2), None),  # simple poles, but not known to the check
        (sp.tanh(Z**2), None),
    ],
)
def test_orders_of_poles(expression, answer):
    assert has_simple_poles(analytic(expression)) is answer


def test_roots_are_not_taken_for_entire_functions():
    assert has_simple_poles(analytic(sp.sqrt(1 + Z**2) * sp.tanh(Z))) is None


@pytest.mark.parametrize("shift", [0, 1])
def test_affine_arguments_keep_the_order(shift):
    rate = sp.Symbol("r", positive=True)
    argument = rate * X1 + shift
    pole = higher_pole(sp.tanh(argument) ** 2, X1)
    assert sp.expand(pole - (sp.I * sp.pi / 2 - shift) / rate) == 0
    assert higher_pole(sp.tanh(argument), X1) is None
    assert higher_pole(sp.tanh(argument) ** 2 * (1 + sp.exp(2 * argument)), X1) is None


def test_generic_neurons_with_a_value_jump_or_another_kink_fail():
    assert jump_is_other_factor(ACTIVATIONS["relu"]) is True
    assert jump_is_other_factor(piecewise(Z + 1, 0)) is None
    relu = ACTIVATIONS["relu"]
    shifted = replace(relu, expression=relu(Z - 1))
    assert jump_is_other_factor(shifted) is None


def test_two_kinks_on_one_plane_need_values_zero():
    relu = ACTIVATIONS["relu"]
    assert common_kink_leaves_no_jump(relu, ACTIVATIONS["leaky_relu"]) is True
    assert common_kink_leaves_no_jump(relu, piecewise(Z + 1, 1)) is False
    assert vanishes_at_zero(piecewise(Z + 1, 1)) is False


def test_targets_with_simple_poles_do_not_pass_the_last_steps():
    setting = THEOREMS["T5"].setting
    simple = replace(setting.target, expression=t4().expression)
    outcomes = [step.check() for step in proof_of_t5.target_steps(simple) if step.check]
    assert outcomes == [True, None]


@pytest.mark.parametrize("form", ["two_sided", "quadratic"])
def test_membership_uses_the_same_checks(form):
    family = Family(kind=Kind.LA, neuron=form, width=4, dimension=2)
    assert "higher one at x1 = I*pi/4" in str(pole_order_obstruction(t5(), family))
    assert "higher one at x1 = I*pi/4" in str(pole_order_obstruction(t5q(), family))
    assert pole_order_obstruction(t4(), family) is None
