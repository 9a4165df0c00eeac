"""What theorems assume of activations, as steps check it.

Kinds: reference (the seven, and activations whose kinks and jumps are known), negative (B1, L1
and C2 are refuted where an assumption fails), property (what is not known is not judged).
"""

from dataclasses import replace

import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import Z
from proofs.hypotheses import REGULAR, has_sign_of_argument, is_regular

RELU, ID = ACTIVATIONS["relu"], ACTIVATIONS["id"]


def step(on_positive, elsewhere=0, place=0):
    return sp.Piecewise((sp.sympify(on_positive), Z - place > 0), (sp.sympify(elsewhere), True))


IRREGULAR = {
    "step": step(1),
    "step of z - 1": step(1, place=1),
    "hard clip": sp.Piecewise((1, Z > 1), (Z, Z > -1), (-1, True)),
    "difference of relu": RELU(Z) - RELU(Z - 1),
    "relu of z - 1/2": RELU(Z - sp.Rational(1, 2)),
    "root": step(sp.sqrt(Z)),
    "pole": step(1 / Z),
    "jump of a quotient": step(Z / sp.tanh(Z)),
    "value at 0 alone": sp.Piecewise((1, sp.Eq(Z, 0)), (Z, True)),
}
UNKNOWN = {
    "cusp": sp.Pow(Z**2, sp.Rational(1, 3)),
    "quotient": Z**2 / sp.tanh(Z),
    "curved": RELU(Z**2 - 1),
}


@pytest.mark.parametrize("name", FULL_DICTIONARY)
def test_the_seven_have_every_property(name):
    assert is_regular(ACTIVATIONS[name].expression) is True
    assert is_regular(sp.Abs(ACTIVATIONS["id"].expression)) is True
    assert has_sign_of_argument(ACTIVATIONS[name]) is True


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_fails_is_shown(name):
    assert is_regular(IRREGULAR[name]) is False


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_not_judged(name):
    assert is_regular(UNKNOWN[name]) is None


def test_signs():
    def sign(expression):
        return has_sign_of_argument(replace(RELU, expression=expression))

    assert sign(-Z) is False
    assert sign(Z**2) is False
    assert sign(step(Z, -Z)) is False
    assert sign(sp.sin(Z)) is False
    assert sign(Z**3) is True
    assert sign(sp.S.Zero) is True
    assert sign(Z - sp.sin(Z)) is None


@pytest.mark.parametrize("name", sorted(IRREGULAR))
def test_l1_is_refuted_over_an_irregular_activation(name):
    theorem = THEOREMS["L1"]
    odd = replace(RELU, name=name, expression=IRREGULAR[name])
    neuron = replace(theorem.setting.neuron, dictionary=(RELU, odd), coefficients=sp.symbols("a b"))
    assert prove(theorem, setting=replace(theorem.setting, neuron=neuron)).verdict == "refuted"


@pytest.mark.parametrize("place", ["dictionary", "smooth", "affine"])
@pytest.mark.parametrize("name", ["step", "hard clip"])
def test_b1_is_refuted_over_an_irregular_activation(place, name):
    theorem = THEOREMS["B1"]
    mutated = replace(theorem.setting, **{place: {"it": IRREGULAR[name]}})
    proof = prove(theorem, setting=mutated)
    assert proof.verdict is ProofVerdict.REFUTED
    first = next(o for o in proof.outcomes if REGULAR in o.step.statement)
    assert first.verdict is ProofVerdict.REFUTED


@pytest.mark.parametrize("name", ["C1a", "C2", "L1", "T2", "T4", "B1"])
def test_assumptions_are_named_and_checked(name):
    theorem = THEOREMS[name]
    named = " ".join([theorem.statement, *theorem.assumptions])
    assert any(word in named for word in ("seven", "continuous", "relu, relu2"))
    checked = [s for s in theorem.steps(theorem.setting) if s.check is not None]
    assert any(REGULAR in s.statement or "sign of its argument" in s.statement for s in checked)
