"""Kinks that are none, since what they are kinks of is never negative.

Kinds: property (the same values), reference (what is left, by hand), negative (a real kink stays).
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressivity.certificates.writer import certify_class
from expressivity.checker import check_document
from expressivity.checker.signs import without_idle_kinks
from expressivity.classes.families import Family
from expressivity.symbolic.expressions import fold
from expressivity.symbolic.parser import parse
from expressivity.targets.user import user_target

VALUES = {
    "abs": abs,
    "relu": lambda z: max(z, 0.0),
    "relu2": lambda z: max(z, 0.0) ** 2,
    "leaky_relu": lambda z: max(z, 0.0) + min(z, 0.0) / 100,
    "exp": math.exp,
    "tanh": math.tanh,
    "id": float,
}


def value(node, x: float) -> float:
    return fold(
        node,
        number=float,
        variable=lambda _: x,
        add=sum,
        multiply=math.prod,
        power=lambda base, exponent: base ** float(exponent),
        call=lambda name, argument: VALUES[name](argument),
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("abs(abs(x))", "abs(x)"),
        ("leaky_relu(relu(x) + x**2)", "relu(x) + x**2"),
        ("abs(exp(x)*relu(x))", "exp(x)*relu(x)"),
        ("relu2(exp(x))", "exp(x)**2"),
        ("relu(abs(x) - 1)", "relu(abs(x) - 1)"),
        ("abs(x**3)", "abs(x**3)"),
        ("abs(tanh(abs(x)))", "abs(tanh(abs(x)))"),
    ],
)
def test_what_is_left(text, left):
    assert without_idle_kinks(parse(text).root) == parse(left).root


@given(
    st.recursive(
        st.sampled_from(["x", "2", "-1", "x**2"]),
        lambda inner: (
            st.tuples(st.sampled_from(sorted(VALUES)), inner).map(lambda p: f"{p[0]}(tanh({p[1]}))")
            | st.tuples(st.sampled_from(["abs", "relu", "relu2"]), inner).map(
                "{0[0]}({0[1]})".format
            )
            | st.tuples(inner, st.sampled_from("+*"), inner).map("({0[0]}){0[1]}({0[2]})".format)
        ),
        max_leaves=5,
    ),
    st.floats(-1, 1),
)
def test_values_stay(text, x):
    root = parse(f"{text} + 0*x").root
    assert value(without_idle_kinks(root), x) == pytest.approx(value(root, x), rel=1e-12, abs=1e-12)


def test_a_certificate_about_a_double_absolute_value_is_decided():
    family = Family(neuron="type1", kind="la", width=1, dimension=2)
    document = certify_class(user_target("abs(abs(x1))*tanh(x2)"), family, degree=8)
    assert document is not None
    assert document["target"]["expression"] == "abs(abs(x1))*tanh(x2)"
    assert check_document(document).outcome == "verified"
