"""T11 and the poles of gates.

Kinds: reference (known orders of poles), negative (falsified settings are not proved), metamorphic
(an affine argument keeps an order), soundness (no quadratic term has a pole of order 4).
"""

from dataclasses import replace
from random import Random

import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from proofs import gate_poles
from proofs.t11 import POLE, X


@pytest.mark.parametrize("name", ["T11", "T11-sigmoid"])
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    unsettled = [o.step.statement for o in proof.outcomes if o.verdict not in ("proved", "stated")]
    assert proof.verdict is ProofVerdict.PROVED, unsettled


@pytest.mark.parametrize(
    "changes",
    [
        {"target": sp.tanh(X) ** 3},
        {"target": sp.tanh(X) ** 4 * (1 + sp.exp(2 * X))},
        {"form": "two_sided"},
        {"gates": (GATES["softmax"],)},
    ],
    ids=["power", "factor", "form", "gates"],
)
def test_falsified_settings_are_refuted(changes):
    setting = replace(THEOREMS["T11"].setting, **changes)
    assert prove(THEOREMS["T11"], setting=setting).verdict is ProofVerdict.REFUTED


def test_factors_are_those_of_the_records():
    settings = [
        replace(THEOREMS["T11"].setting, form=form) for form in ("type1", "two_sided", "quadratic")
    ]
    assert [setting.factors for setting in settings] == [2, 4, 3]
    assert [setting.gate_count for setting in settings] == [7, 7, 49]


def test_orders_of_products():
    assert gate_poles.products_have_order(3) is True
    h = sp.Symbol("h")
    assert not sp.expand(h**2 * (1 / h + 1) ** 3).is_polynomial(h)  # what the check excludes


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders_of_poles_are_those_of_powers(order):
    rate, shift = sp.Rational(3, 2), sp.Rational(1, 3)
    moved = sp.tanh(rate * X + shift) ** order
    for function, pole in ((sp.tanh(X) ** order, POLE), (moved, (POLE - shift) / rate)):
        assert gate_poles.pole_has_order_above(function, X, pole, order - 1) is True
        assert gate_poles.pole_has_order_above(function, X, pole, order) is False
    assert gate_poles.pole_has_order_above(sp.tanh(X) ** order, X, sp.I * sp.pi, 0) is False


def test_gates_of_which_poles_are_not_simple_are_shown():
    squared = replace(GATES["tanh"], expression=lambda logits, k: sp.tanh(logits[k]) ** 2)
    mixed = replace(GATES["tanh"], expression=lambda logits, k: sp.tanh(logits[0] + logits[k]))
    kinked = replace(GATES["tanh"], expression=lambda logits, k: sp.Max(logits[k], 0))
    assert gate_poles.has_simple_poles_on_lines(squared, 3) is False
    assert gate_poles.has_simple_poles_on_lines(mixed, 3) is None
    # Each side of max(z, 0) has no pole: that gates are C^1 is another matter (T8).
    assert gate_poles.has_simple_poles_on_lines(kinked, 3) is True
    assert gate_poles.has_simple_poles_on_lines(GATES["softmax"], 2) is None


def test_random_quadratic_terms_have_no_pole_of_order_4():
    random = Random(11)
    names = ("id", "silu", "tanh", "gelu")
    for _ in range(6):
        rates = [sp.Rational(random.choice((1, 3, -1)), random.choice((1, 2))) for _ in range(3)]
        chosen = [ACTIVATIONS[random.choice(names)] for _ in range(2)]
        gate = GATES[random.choice(("tanh", "sigmoid"))].expression([rates[2] * X], 0)
        term = gate * chosen[0](rates[0] * X) * chosen[1](rates[1] * X)
        assert gate_poles.pole_has_order_above(term, X, POLE, 3) is not True
