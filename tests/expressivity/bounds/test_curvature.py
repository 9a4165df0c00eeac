"""B6, error against curvature.

Kinds: reference (docs/theory.md, section 4, with the weaker form that asks for a bound of t''),
soundness (random networks against a quadrature of their own), metamorphic (scale, reflection),
property (monotone), negative (classes and targets of which nothing is said).
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from expressivity.bounds.curvature import (
    AREA,
    STIFFNESS,
    Bump,
    curvature_bound,
    needed_curvature,
    positive_decimal,
    require_curvature,
    squared_bound,
)
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.curvature import curvature_of
from expressivity.classes.families import Family
from expressivity.targets.builtin import t1, t2
from expressivity.targets.user import user_target

SMOOTH = {
    "relu2": lambda z: np.maximum(z, 0) ** 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "tanh": np.tanh,
}


def gauss(*ends):
    """Nodes and weights, 64 between any two of the ends."""
    rule, weights = np.polynomial.legendre.leggauss(64)
    parts = [((a + b) / 2, (b - a) / 2) for a, b in pairwise(ends)]
    return (
        np.concatenate([middle + half * rule for middle, half in parts]),
        np.concatenate([half * weights for _, half in parts]),
    )


def value(target, curvature):
    bound = curvature_bound(target, str(curvature))
    return 0.0 if bound is None else float(bound.error.lower_decimal())


def test_the_test_function_has_these_integrals():
    u = sp.Symbol("u", positive=True)
    bump = (1 - u) ** 3 * (1 + 3 * u)
    assert 2 * sp.integrate(bump, (u, 0, 1)) == sp.Rational(str(AREA))
    assert 2 * sp.integrate(sp.diff(bump, u, 2) ** 2, (u, 0, 1)) == sp.Rational(str(STIFFNESS))
    assert bump.subs(u, 0) == 1 and sp.diff(bump, u).subs(u, 0) == 0
    assert all(sp.diff(bump, u, k).subs(u, 1) == 0 for k in range(3))


@pytest.mark.parametrize(
    ("error", "least"), [(1e-2, 0.572), (1e-3, 9.94), (1e-4, 53.4), (1e-6, 1192)]
)
def test_t1_needs_what_the_best_radius_says(error, least):
    """c J^(5/2) K^(-3/2), c = 3 sqrt(5)/160, with K = B + 2 from abs(t'') <= 2, and here B - 1."""
    c, norm = 3 * math.sqrt(5) / 160, math.sqrt(31 / 30)
    K = (c / (error * norm)) ** (2 / 3)
    assert pytest.approx(least, rel=1e-3) == K - 2
    found = needed_curvature(t1(), str(error))
    assert found is not None
    assert float(found.curvature) == pytest.approx(K + 1, rel=1e-5)
    assert float(found.curvature) <= K + 1
    assert error <= float(found.error.lower_decimal()) <= error * (1 + 1e-7)


def test_the_two_neuron_quotient_is_within_a_third_of_the_bound():
    h = 3.45e-4
    left, right = 1 / (4 * h) + 0.5, 1 / (4 * h) - 0.5

    x, q = gauss(-1, -h, 0, h, 1)
    f = left * np.maximum(x + h, 0) ** 2 - right * np.maximum(x - h, 0) ** 2
    error = math.sqrt((q * (f - (x + x * x) * (x > 0)) ** 2).sum() / (31 / 30))
    assert error == pytest.approx(1.005e-6, rel=2e-3)
    assert value(t1(), 2 * left) <= error <= 1.4 * value(t1(), 2 * left)


@pytest.mark.parametrize("text", ["relu(x)+relu2(x)", "abs(x-1/4)-abs(x+1/2)", "tanh(6*x)"])
@pytest.mark.parametrize("name", list(SMOOTH))
def test_no_random_network_lies_below(text, name):
    """Random w and b, the best coefficients by least squares, errors by another Gauss rule."""
    draw = np.random.default_rng(len(text) + len(name))
    target, sup = user_target(text), float(curvature_of(ACTIVATIONS[name].expression))
    x, q = gauss(-1, -0.5, 0, 0.25, 1)
    t = sp.lambdify(sp.Symbol("x1", real=True), target.expression, "numpy")(x)
    tightest = math.inf
    for width in (1, 2, 4, 8, 16, 32):
        w, b = draw.normal(scale=width, size=width), draw.normal(scale=width, size=width)
        features = SMOOTH[name](np.outer(x, w) + b)
        a = np.linalg.lstsq(features * np.sqrt(q)[:, None], t * np.sqrt(q), rcond=1e-6)[0]
        error = math.sqrt((q * (t - features @ a) ** 2).sum() / (q * t * t).sum())
        bound = value(target, f"{sup * (abs(a) * w * w).sum():.6f}")
        assert bound <= error
        tightest = min(tightest, error / bound if bound else math.inf)
    assert tightest < 1e4


def test_larger_curvatures_leave_smaller_errors():
    found = [value(t1(), curvature) for curvature in (0.5, 1, 2, 5, 20, 100, 1e4, 1e8)]
    assert found == sorted(found, reverse=True) and found[-1] > 0


def test_scale_and_reflection():
    plain, mirrored = user_target("relu(x-1/4)+tanh(x)"), user_target("relu(-x-1/4)-tanh(x)")
    assert value(plain, 20) == pytest.approx(value(mirrored, 20), rel=1e-9)
    for exponent in (-200, 200):
        scaled = user_target(f"1e{exponent}*(relu(x-1/4)+tanh(x))")
        assert value(scaled, f"20e{exponent}") == pytest.approx(value(plain, 20), rel=1e-9)


def test_disjoint_kinks_add_up_and_a_weak_one_does_not_hide_the_rest():
    two = curvature_bound(user_target("abs(x-1/2)+abs(x+1/2)"), "100")
    one = curvature_bound(user_target("abs(x-1/2)"), "100")
    assert two is not None and one is not None
    assert len(two.bumps) == 2
    squares = [sum(squared_bound(user_target(t), Fraction(100), b) for b in found.bumps)
               for t, found in (("abs(x-1/2)+abs(x+1/2)", two), ("abs(x-1/2)", one))]  # fmt: skip
    assert float(squares[0] / squares[1]) == pytest.approx(2, rel=1e-9)
    assert value(user_target("relu(x)/1000000+tanh(3*x)"), 1) > 0.1


def test_any_bump_shows_something_true():
    """A bump beside the kink still proves a bound, below the best."""
    best = squared_bound(t1(), Fraction(10), curvature_bound(t1(), "10").bumps[0])
    beside = squared_bound(t1(), Fraction(10), Bump(place=Fraction(1, 64), radius=Fraction(1, 8)))
    assert 0 < float(beside) < float(best)


@pytest.mark.parametrize("text", ["3*x", "x**2", "tanh(x)"])
def test_what_bends_less_than_the_curvature_gets_no_bound(text):
    assert curvature_bound(user_target(text), "2") is None
    assert needed_curvature(user_target(text), "0.9999") is None


@pytest.mark.parametrize(
    "text", ["0", "-1", "nan", "inf", "x", "", "1e9999", "1/2", ".5", "1450\n"]
)
def test_curvatures_and_errors_are_positive_decimals(text):
    with pytest.raises(ValueError, match="required: a positive curvature"):
        positive_decimal(text, "curvature")


def test_classes_and_targets_of_which_nothing_is_said_are_refused():
    def family(dictionary, dimension=1, kind="la", **more):
        return Family(neuron="type1", kind=kind, dictionary=dictionary, width=1,
                      dimension=dimension, **more)  # fmt: skip

    with pytest.raises(ValueError, match=r"required: C\^1 activations"):
        require_curvature(t1(), family("relu,tanh"))
    with pytest.raises(ValueError, match=r"required: C\^1 activations"):
        require_curvature(t1(), family("tanh", kind="moa", gate="tanh"))
    with pytest.raises(ValueError, match="of one variable for a curvature; got 2"):
        require_curvature(t2(), family("tanh", dimension=2))
    with pytest.raises(ValueError, match=r"straight lines; got one at x1\*\*2"):
        curvature_bound(user_target("abs(x**2-1/2)"), "1")


def test_a_kink_at_an_irrational_place():
    for place, text in (("2**(1/2)/2", "abs(x-2**(1/2)/2)"), ("exp(-1)", "abs(x-exp(-1))")):
        at = 2**0.5 / 2 if place.startswith("2") else math.exp(-1)
        found = curvature_bound(user_target(text), "10")
        near = curvature_bound(user_target(f"abs(x-{at:.12f})"), "10")
        assert found is not None and near is not None
        assert float(found.error.ball) == pytest.approx(float(near.error.ball), rel=1e-9)
