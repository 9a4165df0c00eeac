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

from expressivity.classes.gates import GATES
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import TARGETS, t1, t2, t3, t3b, t4, t5, t5q
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


def test_factories_pass_on_what_the_target_depends_on():
    for name in TARGETS:
        target = TARGETS[name](LAMBDA, "sigmoid", 3)
        assert target.name == name
        assert target.lambda_ in (None, LAMBDA)
    assert TARGETS["t2"](LAMBDA, "softmax", 3) == t2(LAMBDA, "softmax", 3)
    assert {t2(gate=gate).gate for gate in GATES} == set(GATES)


@pytest.mark.parametrize("factory", [t2, t4, t5, t5q])
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
