"""The gradient-jump bound.

Reference: closed forms, and the kinks declared by the activations. Soundness: below fits of the
gradient. Negative: nothing is claimed without a known jump.
"""

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import SMOOTH, found, is_just_below, network, user
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.bounds import (
    TargetNorms,
    gradient_jump,
)
from expressivity.bounds.integrals.chords import Plane, chords
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.evidence import Evidence
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1, t2, t3b, t4, t5
from expressivity.targets.domains import domain_for, square
from expressivity.targets.sampling import kink_points

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=20)


@pytest.mark.parametrize("name", FULL_DICTIONARY)
def test_declared_kink_is_the_jump_of_the_derivative(name):
    size = sp.Symbol("p", positive=True)
    activation = ACTIVATIONS[name]
    right = sp.diff(activation.expression.subs(Z, size), size)
    left = -sp.diff(activation.expression.subs(Z, -size), size)
    assert sp.limit(right, size, 0) - sp.limit(left, size, 0) == activation.kink


@pytest.mark.parametrize(
    ("target", "form", "dictionary", "exact"),
    [
        (t2(), "type1", FULL_DICTIONARY, sp.tanh(2) / 2),
        (t2(), "type1", ("relu",), sp.tanh(2) / 2),
        (t2(4.5), "type1", FULL_DICTIONARY, sp.tanh(sp.Rational(9, 2)) / 2),
        (
            t2(2.0, "sigmoid"),
            "type1",
            FULL_DICTIONARY,
            (1 / (1 + sp.exp(-2)) - 1 / (1 + sp.exp(2))) / 4,
        ),
        (t4(), "one_sided", FULL_DICTIONARY, sp.tanh(2) / 4),
        (t1(), "type1", ("silu", "tanh"), sp.Rational(1, 2)),
        (t3b(), "one_sided", SMOOTH, sp.Rational(1, 2)),
        (t2(), "quadratic", SMOOTH, sp.tanh(2) / 2),
        (t5(), "two_sided", ("id", "tanh"), sp.tanh(2) ** 2 / 2),
        (user("relu(x1)*relu(x2)", 2), "type1", FULL_DICTIONARY, sp.Rational(1, 4)),
        (user("relu(2*x2)+relu(-2*x2)", 2), "type1", SMOOTH, sp.Integer(2)),
        (user("relu(3*x1+4*x2)", 2), "type1", SMOOTH, sp.Rational(5, 2)),
        (user("relu(x-0.5)", 1), "type1", ("gelu",), sp.Rational(1, 2)),
    ],
)
def test_gradient_jump_reproduces_closed_forms(target, form, dictionary, exact):
    for width in (1, 7):
        family = network(form, width, target.dimension, dictionary)
        bound = found(target, family, "gradient-jump")["w1inf"]
        assert is_just_below(bound.value, exact)
        assert bound.evidence is Evidence.PROVED and bound.every_width


def test_gradient_jump_knows_that_kinks_without_biases_meet_the_origin():
    target = user("relu(x-0.5)", 1)
    assert found(target, network("type1", 3, 1, ("relu",), bias=False), "gradient-jump")
    assert not found(target, network("type1", 3, 1, ("relu",)), "gradient-jump")


def test_gradient_jump_in_three_dimensions_and_on_the_cube():
    ball = user("sin(x1)*exp(x3)*relu(3*x1+4*x2-1)", 3)
    cube = user("x1*relu(x2-0.5)", 2, cube=True)
    for target, exact_below in ((ball, 2.0), (cube, 0.5)):
        bound = found(target, network("type1", 2, target.dimension), "gradient-jump")["w1inf"]
        assert 0.9 * exact_below - 0.1 < bound.value <= exact_below


@pytest.mark.parametrize(
    "text",
    [
        "relu(x1*x2)",  # the level vanishes on two lines but is not affine
        "relu(x1)-relu(-x1)+x2",  # kinks that cancel
        "relu2(x2)*x1",  # C^1
        "relu(x2)*abs(x2)",  # C^1, two kinks on one line
        "(x2**2)**0.5+x1",  # abs in disguise: no condition, nothing claimed
    ],
)
def test_gradient_jump_claims_nothing_without_a_known_jump(text):
    assert not found(user(text, 2), network("type1", 2, 2, SMOOTH), "gradient-jump")


@pytest.mark.parametrize(
    ("factor", "left_out"),
    [("abs(x1)", {4}), ("(x1**2)**0.25", {4}), ("(x1+1)**0.5", {0}), ("(x1-1)**-1", {8})],
)
def test_gradient_jump_leaves_out_points_where_the_target_is_not_analytic(factor, left_out):
    [crossed] = [j for j in gradient_jump.jumps(user(f"relu(x2)*{factor}", 2)) if _known(j, 1)]
    assert {place for place, value in enumerate(crossed.chords[0]) if value is None} == left_out


def _known(jump, place):
    value = jump.chords[0][place]
    return value is not None and not value.contains(0)


def test_gradient_jump_decides_nested_conditions():
    relu = ACTIVATIONS["relu"]
    target = user(relu(relu(COORDINATES[0])), 1)
    bounds = gradient_jump.bounds(
        target, network("type1", 1, 1, ("tanh",)), TargetNorms(l2=1.0, sup=1.0)
    )
    assert [is_just_below(bound.value, sp.Rational(1, 2)) for bound in bounds] == [True]


def test_precision_of_balls_is_scoped():
    before = flint.ctx.prec
    gradient_jump.jumps.cache_clear()
    found(t2(3.0), network("type1", 1, 2), "gradient-jump")
    assert flint.ctx.prec == before


@given(
    slopes=st.tuples(st.integers(-4, 4), st.integers(-4, 4), st.integers(-4, 4)).filter(any),
    constant=st.fractions(-2, 2, max_denominator=7),
    shape=st.sampled_from([domain_for, square]),
)
@DETERMINISTIC
def test_chords_lie_on_the_plane_and_in_the_domain(slopes, constant, shape):
    plane = Plane(slopes=tuple(Fraction(slope) for slope in slopes), constant=constant)
    for chord in chords(plane, shape(3)):
        steps = [tuple(b - a for a, b in zip(*pair, strict=True)) for pair in pairwise(chord)]
        assert len(set(steps)) == 1 and any(steps[0])
        for point in chord:
            assert sum(n * x for n, x in zip(slopes, point, strict=True)) == -constant
            if shape is domain_for:
                assert sum(x**2 for x in point) <= 1
            else:
                assert all(abs(x) <= 1 for x in point)


def test_gradient_jump_is_below_fits_of_the_gradient_and_near_the_best():
    """Least squares over random LA neurons, on both sides of the kink of t2, with its own kink."""
    generator = np.random.default_rng(0)
    points, normals = kink_points(domain_for(2), t2().kinks, order=65)
    sides = np.concatenate([points + 1e-13 * normals, points - 1e-13 * normals])
    sides = sides / np.maximum(1.0, np.linalg.norm(sides, axis=1, keepdims=True))
    nodes = torch.tensor(sides)
    w, b = 3 * generator.standard_normal((60, 2)), generator.standard_normal(60)
    w[0], b[0] = (0.0, 1.0), 0.0
    z = nodes @ torch.tensor(w).T + torch.tensor(b)
    columns = []
    for name in ("relu", "silu", "tanh"):
        slope = ACTIVATIONS[name].value_and_derivative(z)[1].numpy()
        columns.append((slope[:, None, :] * w.T).reshape(-1, 60))
    A, g = np.concatenate(columns, axis=1), t2().gradients(nodes).numpy()
    fit = (
        A @ np.linalg.lstsq(A, g.ravel(), rcond=1e-9)[0]
    )  # cannot tell the sides apart but by kinks
    error = np.linalg.norm(fit.reshape(g.shape) - g, axis=1).max()
    bound = found(t2(), network("type1", 60, 2), "gradient-jump")["w1inf"]
    assert bound.value <= error < 1.2 * bound.value
