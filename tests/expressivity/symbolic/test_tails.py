"""Expansions of formulas far out.

Reference: known limits. Soundness: an expansion against 60-digit values, on random formulas.
Negative: what oscillates, grows or decays otherwise is no polynomial, and no polynomial tail is
denied; formulas without an expansion have none.
"""

import random

import pytest
import sympy as sp

from expressivity.symbolic.asymptotics import exceeds_growth, growth_degree
from expressivity.symbolic.tails import (
    T,
    by_power,
    exceeds_tails,
    expansion,
    polynomial_tail,
    tail,
)

X = sp.Symbol("x", real=True)
ATOMS = (
    X,
    sp.tanh(X - 1),
    sp.tanh(sp.sqrt(3) * X / 2),
    sp.exp(-X / 2),
    sp.exp(X / 3),
    sp.sin(2 * X),
    sp.cos(X + 1),
    1 / (1 + sp.exp(-X)),
    sp.erf(X / sp.sqrt(2)),
    sp.log(1 + sp.exp(X)),
    sp.Rational(3, 7),
    1 / (1 + X**2),
    sp.cosh(X / 2),
    1 / (sp.exp(X) + 2 * sp.exp(-X)),
)


def formula(draw: random.Random) -> sp.Expr:
    terms = [
        draw.choice((-2, 1, 3)) * sp.Mul(*draw.choices(ATOMS, k=draw.choice((1, 2, 3))))
        for _ in range(draw.choice((1, 2, 3)))
    ]
    return sp.Add(*terms)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("seed", range(12))
def test_an_expansion_is_as_near_as_it_says(seed, sign):
    drawn = formula(random.Random(seed))
    found = expansion(drawn, X, sign)
    assert found is not None
    total = sp.Add(*[c * sp.exp(p + sp.I * q) for (p, q), c in found.terms.items()])
    for far in (40, 80):
        error = abs((drawn.subs(X, sign * far) - total.subs(T, far)).evalf(80, maxn=400))
        rest = sp.Integer(0) if found.rest is None else sp.exp(found.rest.subs(T, far))
        assert error <= 10**6 * sp.Integer(far) ** 6 * rest + sp.Float("1e-30")


@pytest.mark.parametrize(
    ("function", "right", "left"),
    [
        (sp.tanh(X), 1, -1),
        (X / (1 + sp.exp(-X)), T, 0),
        (X * (1 + sp.erf(X / sp.sqrt(2))) / 2, T, 0),
        (sp.log(1 + sp.exp(X)), T, 0),
        (X * sp.tanh(sp.log(1 + sp.exp(X))), T, 0),
        (sp.exp(-(X**2)) + X**2, T**2, T**2),
        (sp.tanh(X**3 - X), 1, -1),
        (sp.sinh(X) / sp.cosh(X), 1, -1),
    ],
)
def test_polynomial_tails(function, right, left):
    for sign, expected in ((1, right), (-1, left)):
        assert polynomial_tail(expansion(function, X, sign)) == expected
        assert not exceeds_tails(expansion(function, X, sign), 3)


@pytest.mark.parametrize(
    "function",
    [
        sp.sin(X),
        sp.sin(X) / X**3 * (1 - sp.exp(-X)),
        sp.cos(X**2) + X,
        sp.exp(X),
        sp.exp(X / 9) - X,
        sp.exp(X**2),
        1 / (1 + X**2),
        X + 1 / (2 + X**4),
        X**4,
        sp.sqrt(2) * X**4 + sp.tanh(X),
        sp.exp(X) * sp.tanh(X) ** 2 - sp.exp(X / 2),
    ],
)
def test_what_is_no_polynomial_far_out(function):
    found = expansion(function, X)
    assert exceeds_tails(found, 3)
    assert polynomial_tail(found) is None or sp.degree(polynomial_tail(found), T) > 3


@pytest.mark.parametrize(
    "function",
    [
        sp.cos(X) ** 2 + sp.sin(X) ** 2,
        sp.exp(X) - sp.exp(X),
        sp.sinh(X) + sp.cosh(X) - sp.exp(X),
        (1 - sp.tanh(X)) * sp.exp(X),
        (X**4 - 1) / (X**2 + 1),
        sp.tanh(X) * sp.exp(X) - sp.exp(X),
    ],
)
def test_cancellation_is_no_growth(function):
    assert not exceeds_tails(expansion(function, X), 2)


@pytest.mark.parametrize(
    "function",
    [
        sp.exp(sp.exp(X)),
        sp.atan(X),
        sp.sqrt(1 + X**2),
        1 / (2 + sp.sin(X)),
        sp.tanh(sp.exp(X)),
        sp.exp(sp.sqrt(2) * X),
        sp.Piecewise((X, X > 3), (0, True)),
        sp.sin(X) ** 60 * sp.cos(3 * X) ** 60,
    ],
)
def test_formulas_without_an_expansion(function):
    assert expansion(function, X) is None


@pytest.mark.parametrize(
    ("function", "degree"),
    [
        (X * sp.tanh(sp.sqrt(2) * X) + sp.exp(-sp.pi * X**2), 1),
        (sp.erf(X * sp.log(2)) - sp.sqrt(2), 0),
        (sp.log(1 + sp.exp(X)) ** 2, 2),
        (sp.S.Zero, 0),
        (sp.exp(X / 9), None),
    ],
)
def test_degrees_of_growth(function, degree):
    assert growth_degree(function, X) == degree
    for below in range(3):
        assert exceeds_growth(function, X, below) is (degree is not None and degree > below)


def test_exponentials_may_be_allowed():
    for function in (sp.exp(X), X * sp.exp(X / 3) + sp.exp(2 * X), sp.cosh(X) + sp.tanh(X)):
        found = expansion(function, X)
        assert exceeds_tails(found, 1)
        assert not exceeds_tails(found, 1, exponentials=True)
        assert tail(found) is not None
    for function in (
        sp.exp(X**2),
        X**2 * sp.exp(X),
        sp.exp(X) / X,
        sp.sin(X),
        sp.exp(X) * sp.sin(X),
    ):
        assert exceeds_tails(expansion(function, X), 1, exponentials=True)


def test_coefficients_are_quotients_of_exponentials_of_numbers():
    """As those of softmax gates; brought to one denominator they have thousands of terms."""
    weights = [sp.exp(sp.Rational(k, 7)) for k in (1, 3, 8, 15, 22, 37)]
    total = sum(weights)
    cube = sp.Mul(*(w * T / total + w / (total + i) for i, w in enumerate(weights[:3], 1)))
    assert list(by_power(cube)) == [0, 1, 2, 3]
    found = expansion(cube.subs(T, X), X)
    assert [exceeds_tails(found, k) for k in (2, 3)] == [True, False]
    assert by_power(cube)[3].equals(weights[0] * weights[1] * weights[2] / total**3)


def test_a_quotient_with_irrational_coefficients_is_not_decided():
    found = expansion((X + sp.exp(2)) / (X**2 + 1), X)
    assert found is not None and not exceeds_tails(found, 3)
