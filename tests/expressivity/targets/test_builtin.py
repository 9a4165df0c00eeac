"""The built-in targets.

Kinds: reference (values by hand formulas), negative (lambda).
"""

import math
import re

import pytest
import sympy as sp
import torch
from hand_formulas import HAND, LAMBDA, every_target, nodes
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.classes.catalogue import family_named, family_of
from expressivity.classes.gates import GATES
from expressivity.evidence import Verdict
from expressivity.membership.decide import decide
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import TARGETS, t1, t2, t3, t3b, t4, t5, t5q, t6, t8
from expressivity.targets.target import exact

torch.set_num_threads(1)


@every_target
def test_values_are_the_hand_formula(name):
    target, formula = HAND[name]
    x_ND = nodes(target.dimension)
    expected = torch.tensor([formula(*x) for x in x_ND.tolist()], dtype=torch.float64)
    torch.testing.assert_close(target.values(x_ND), expected, rtol=1e-13, atol=1e-15)


def test_facts_of_the_built_in_targets():
    assert [t.form for t in (t1(), t2(), t4(), t5(), t5q())] == [
        "type1",
        "type1",
        "one_sided",
        "two_sided",
        "quadratic",
    ]
    assert (t3().bias, t3b().bias) == (False, True)
    assert (t2().lambda_, t2().gate) == (2.0, "tanh")
    assert t1().lambda_ is None


# Each target of section 7 in a class of its theorem, at the width of the witness.
MEMBERS = (
    ("t6", "moa-{gate}-2-groups", 2),
    ("t6", "moa-{gate}-neuron", 2),
    ("t7", "reglu", 2),
    ("t7b", "reglu", 3),
    ("t7c", "reglu", 1),
    ("t8", "moa-quadratic", 1),
    ("t9", "swiglu", 1),
    ("t10", "maxout-3", 1),
)


@pytest.mark.parametrize("gate", list(GATES))
@pytest.mark.parametrize(("name", "of", "width"), MEMBERS, ids=str)
def test_targets_are_in_the_classes_of_their_theorems(name, of, width, gate):
    target = TARGETS[name](2.0, gate, 7)
    family = family_named(of.format(gate=gate), width, target.dimension)
    assert decide(target, family, ()).verdict is Verdict.MEMBER


@pytest.mark.parametrize("gate", list(GATES))
def test_t11_is_two_sided_of_width_1(gate):
    family = family_of("moa", "two_sided", gate=gate)(1, 1)
    assert decide(TARGETS["t11"](2.0, gate, 4), family, ()).verdict is Verdict.MEMBER


def test_t8_is_t5q_in_another_form():
    assert t8(3.0).expression == t5q(3.0).expression
    assert (t8().form, t5q().form) == ("type1", "quadratic")


def test_factories_pass_on_what_the_target_depends_on():
    for name in TARGETS:
        target = TARGETS[name](LAMBDA, "sigmoid", 3)
        assert target.name == name
        assert target.lambda_ in (None, LAMBDA)
    assert TARGETS["t2"](LAMBDA, "softmax", 3) == t2(LAMBDA, "softmax", 3)
    assert {t2(gate=gate).gate for gate in GATES} == set(GATES)


@pytest.mark.parametrize("factory", [t2, t4, t5, t5q, t6, t8])
@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, math.inf, -math.inf, math.nan])
def test_lambda_is_positive_and_finite(factory, value):
    message = "lambda above 0" if math.isfinite(value) else "a finite lambda"
    with pytest.raises(ValueError, match=re.escape(f"{message}; got {value}")) as caught:
        factory(value)
    assert "\n" not in str(caught.value)


@given(st.floats(min_value=1e-300, max_value=1e300))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_exact_is_the_rational_that_is_printed(value):
    assert exact(value) == sp.Rational(repr(value))
    assert float(exact(value)) == value


def test_exact_means_decimals():
    assert exact(0.1) == sp.Rational(1, 10)
    assert t2(0.1).expression == sp.tanh(COORDINATES[0] / 10) * t2(1.0).expression.subs(
        COORDINATES[0], sp.oo
    )
