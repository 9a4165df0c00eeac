"""Tests of the lower bounds.

Reference: the constants of docs/theory.md, section 4, and the kinks declared by the activations.
Soundness: members of a class get no bound; least-squares fits of random networks never fall below
one. Property and metamorphic: monotone in the width, invariant under scaling and reflection of the
target. Negative: classes outside a theorem get nothing from it, bad arguments are refused.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity import bounds as package
from expressivity.bounds import (
    Bound,
    TargetNorms,
    best,
    free_knots,
    gradient_jump,
    lower_bounds,
    tail_bound,
    zernike_moments,
)
from expressivity.bounds.bound import round_down
from expressivity.bounds.integrals.chords import Plane, chords
from expressivity.bounds.integrals.polynomial_pieces import split, sup_above
from expressivity.bounds.ridge_rank import moments_of
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GateSpec
from expressivity.classes.neurons import FORMS
from expressivity.evidence import Evidence
from expressivity.symbolic.expressions import parse
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import TARGETS, t1, t2, t3, t3b, t4, t5, t5q
from expressivity.targets.domains import domain_for, kink_points, rule, square
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=20)
SMOOTH = ("relu2", "gelu", "silu", "tanh")
LINEAR_ODD_PART = ("id", "relu", "leaky_relu", "gelu", "silu")


def network(
    form: str,
    width: int,
    dimension: int,
    dictionary: Sequence[str] = FULL_DICTIONARY,
    *,
    bias: bool = True,
) -> Family:
    kind = Kind.FIXED if len(dictionary) == 1 and form in ("type1", "one_sided") else Kind.LA
    return Family(
        kind=kind,
        neuron=form,
        width=width,
        dimension=dimension,
        dictionary=tuple(dictionary),
        bias=bias,
    )


def user(expression: str | sp.Expr, dimension: int, *, cube: bool = False) -> Target:
    if isinstance(expression, str):
        expression = to_sympy(parse(expression))
    domain = square(dimension) if cube else domain_for(dimension)
    return Target(name="expr", expression=expression, domain=domain, source="test")


@functools.cache
def norms_of(target: Target) -> TargetNorms:
    quadrature = rule(target.domain, order=40, kinks=target.kinks)
    values = np.abs(target.values(torch.tensor(quadrature.nodes_ND)).numpy())
    l2 = math.sqrt(float(np.sum(values**2 * quadrature.weights_N)))
    return TargetNorms(l2=l2, sup=float(values.max()))


def found(target: Target, family: Family, method: str) -> dict[str, Bound]:
    bounds = lower_bounds(target, family, norms=norms_of(target))
    return {bound.norm: bound for bound in bounds if bound.method == method}


def is_just_below(value: float, exact: sp.Expr) -> bool:
    below = sp.Rational(value) <= exact.evalf(60)
    return bool(below) and float(exact) - value <= 2.5e-16 * max(1.0, float(exact))


# --- B1 -----------------------------------------------------------------------------------------


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


# --- B2 -----------------------------------------------------------------------------------------

T1_DISTANCES = {
    "id": "251/480", "relu": "1/80", "leaky_relu": "1/80", "relu2": "1/48",
    "tanh": "31/60", "silu": "1/160", "gelu": "1/160",
}  # fmt: skip
T3_DISTANCES = {
    "id": "857/2520", "relu": "1/252", "leaky_relu": "1/252", "relu2": "1/180",
    "tanh": "71/210", "silu": "1/504", "gelu": "1/504",
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "form", "square_norm", "name", "distance"),
    [(t1(), "type1", "31/30", name, distance) for name, distance in T1_DISTANCES.items()]
    + [(t3(), "one_sided", "71/105", name, distance) for name, distance in T3_DISTANCES.items()],
)
def test_parity_reproduces_exact_distances(target, form, square_norm, name, distance):
    bound = found(target, network(form, 3, 1, (name,), bias=False), "parity")["l2"]
    assert bound.value == round_down(sp.sqrt(sp.Rational(distance) / sp.Rational(square_norm)))
    assert bound.evidence is Evidence.PROVED and bound.every_width


@pytest.mark.parametrize(
    ("lambda_", "on_square", "on_disk"),
    [(1.0, 0.0201632, 0.0086983), (2.0, 0.0474799, 0.0255469), (4.0, 0.0812699, 0.0534211)],
)
def test_parity_of_t2_on_square_and_disk(lambda_, on_square, on_disk):
    cases = (
        (True, on_square, Evidence.NUMERICAL),
        (False, on_disk, Evidence.CERTIFIED),
    )
    for cube, distance, evidence in cases:
        target = user(t2(lambda_).expression, 2, cube=cube)
        bound = found(target, network("type1", 5, 2, LINEAR_ODD_PART, bias=False), "parity")["l2"]
        assert (bound.value * norms_of(target).l2) ** 2 == pytest.approx(distance, abs=6e-8)
        assert bound.evidence is evidence and bound.every_width


MEMBERS = [
    pytest.param(*case, marks=pytest.mark.slow if case == (2, "one_sided", "silu") else ())
    for case in itertools.product((1, 2), ("type1", "one_sided"), FULL_DICTIONARY)
]


@pytest.mark.parametrize(("dimension", "form", "name"), MEMBERS)
def test_parity_gives_nothing_for_members(name, form, dimension):
    generator = np.random.default_rng(1)
    x = sp.Matrix(COORDINATES[:dimension])

    def draw() -> sp.Expr:
        weights = [sp.Rational(int(n), 8) for n in generator.integers(-7, 8, dimension) * 2 + 1]
        return (sp.Matrix([weights]) * x)[0]

    expression = sp.Integer(0)
    for a in (sp.Rational(3, 4), sp.Rational(-5, 4)):
        neuron = a * ACTIVATIONS[name](draw())
        expression += neuron if form == "type1" else neuron * draw()
    assert not found(
        user(expression, dimension), network(form, 1, dimension, (name,), bias=False), "parity"
    )


@pytest.mark.parametrize("target", [t1(), t2(), t3(), t4()], ids=lambda target: target.name)
@pytest.mark.parametrize("form", ["type1", "one_sided"])
def test_parity_is_below_fits_without_biases(target, form):
    generator = np.random.default_rng(2)
    quadrature = rule(target.domain, order=40, kinks=target.kinks)
    for name in FULL_DICTIONARY:
        bound = found(target, network(form, 40, target.dimension, (name,), bias=False), "parity")
        w, v = generator.standard_normal((2, 40, target.dimension)) * 2
        z = torch.tensor(quadrature.nodes_ND @ w.T)
        columns = ACTIVATIONS[name].value_and_derivative(z)[0].numpy()
        if form == "one_sided":
            columns = columns * (quadrature.nodes_ND @ v.T)
        assert (
            not bound or bound["l2"].value <= _relative_error(target, quadrature, columns) + 1e-12
        )


def _relative_error(target, quadrature, columns) -> float:
    """Relative L2 error of the best combination: SVD, and no credit for near-null directions."""
    roots = np.sqrt(quadrature.weights_N)
    b = target.values(torch.tensor(quadrature.nodes_ND)).numpy() * roots
    A = columns * roots[:, None]
    residual = b - A @ np.linalg.lstsq(A, b, rcond=1e-13)[0]
    return float(np.linalg.norm(residual) / np.linalg.norm(b))


# --- B3 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 9])
def test_free_knots_of_t1(name, width):
    bounds = found(t1(), network("type1", width, 1, (name,)), "free-knot")
    exact = {
        "l2": sp.sqrt(sp.Rational(30, 31) / 180) / (width + 1) ** 2,
        "sup": sp.Rational(1, 16 * (width + 1) ** 2),
        "w1inf": sp.Rational(3, 4) if width == 1 else sp.Rational(1, width),
    }
    assert bounds.keys() == exact.keys()
    for norm, bound in bounds.items():
        assert is_just_below(bound.value, exact[norm])
        assert bound.evidence is Evidence.PROVED and not bound.every_width


@pytest.mark.parametrize("reach", [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(7, 3)])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_slope_cost_is_the_formula_of_t1(reach, width):
    exact = reach / width if reach <= Fraction(width, 2) else (reach + Fraction(1, 2)) / (width + 1)
    assert free_knots.slope_cost(reach, Fraction(1, 2), width) == exact


@given(st.fractions(Fraction(1, 9), 4), st.fractions(0, 2), st.integers(0, 8))
@DETERMINISTIC
def test_slope_cost_falls_with_knots_and_grows_with_the_jump(reach, half_jump, knots):
    cost = free_knots.slope_cost(reach, half_jump, knots)
    assert free_knots.slope_cost(reach, half_jump, knots + 1) <= cost
    assert free_knots.slope_cost(reach, half_jump + 1, knots) >= cost


def test_free_knots_of_affine_networks_hold_at_every_width():
    bounds = found(t1(), network("type1", 5, 1, ("id",)), "free-knot")
    assert is_just_below(bounds["w1inf"].value, sp.Rational(3, 2))
    assert all(bound.every_width for bound in bounds.values())


def test_free_knots_use_any_interval_coefficient_and_mirror_image():
    family = network("type1", 2, 1, ("id", "relu"))
    mirrored = user("relu(-x)+relu2(-x)", 1)
    values = {n: b.value for n, b in found(t1(), family, "free-knot").items()}
    assert {n: b.value for n, b in found(mirrored, family, "free-knot").items()} == values
    shifted = user("3*relu2(x-0.5)-relu2(x-0.75)*3", 1)  # 3 (x - 1/2)^2 on a quarter, then affine
    bound = found(shifted, network("type1", 1, 1, ("relu",)), "free-knot")["w1inf"]
    assert is_just_below(bound.value, sp.Rational(3, 8))


def test_free_knots_relative_to_an_enclosed_norm_are_certified():
    target = user("relu2(x)+tanh(2*x)*relu(-x)", 1)
    bounds = found(target, network("type1", 2, 1, ("relu",)), "free-knot")
    kinds = {norm: bound.evidence for norm, bound in bounds.items()}
    assert kinds == {
        "l2": Evidence.CERTIFIED, "sup": Evidence.NUMERICAL, "w1inf": Evidence.PROVED
    }  # fmt: skip


def test_free_knots_are_below_fits_with_equal_knots():
    for width in (2, 4, 8):
        quadrature = rule(
            domain_for(1), order=40, kinks=user_kinks([j / width for j in range(width)])
        )
        x = quadrature.nodes_ND[:, 0]
        columns = np.maximum(x[:, None] - np.arange(width) / width, 0.0)
        bound = found(t1(), network("type1", width, 1, ("relu",)), "free-knot")["l2"]
        error = _relative_error(t1(), quadrature, columns)
        assert bound.value <= error < 4 * bound.value


def user_kinks(places):
    return [kink for place in places for kink in user(f"relu(x-{place!r})", 1).kinks]


def test_exact_sup_norm_is_above_and_tight():
    x = COORDINATES[0]
    pieces = split(to_sympy(parse("x**3-x/2+relu(x-0.5)")), x, sp.Integer(-1), sp.Integer(1))
    grid = np.linspace(-1, 1, 20001)
    values = np.abs(grid**3 - grid / 2 + np.maximum(grid - 0.5, 0))
    assert values.max() <= float(sup_above(pieces)) <= values.max() + 1e-12
    hill = split(x - x**3, x, sp.Integer(-1), sp.Integer(1))
    assert float(sup_above(hill)) == pytest.approx(2 / math.sqrt(27), abs=1e-15)


# --- B4 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "form", "values"),
    [
        (
            t2(),
            "type1",
            [0.43297, 0.05936, 0.03681, 0.00672, 0.00418, 0.00100, 0.00041, 0.00013],
        ),
        (t4(), "one_sided", [0.16148, 0.01588, 0.00232]),
    ],
)
def test_ridge_rank_reproduces_reference_values(target, form, values):
    for width, value in enumerate(values, 1):
        bound = found(target, network(form, width, 2), "ridge-rank")["l2"]
        assert bound.value == pytest.approx(value, abs=5.1e-6)
        assert bound.evidence is Evidence.CERTIFIED and not bound.every_width


def test_ridge_rank_converges_from_below_in_the_degree():
    quadrature = rule(domain_for(2), order=80, kinks=t2().kinks)
    values = t2().values(torch.tensor(quadrature.nodes_ND)).numpy()
    moments = moments_of(values, quadrature, 60)
    tails = [tail_bound(moments, width) / norms_of(t2()).l2 for width in range(1, 6)]
    assert tails == pytest.approx([0.43306, 0.05984, 0.03681, 0.00681, 0.00418], abs=5.1e-6)
    assert tail_bound(zernike_moments(t2()), 1) <= tails[0] * norms_of(t2()).l2


@pytest.mark.parametrize("form", ["type1", "one_sided"])
@pytest.mark.parametrize("width", [1, 3])
def test_ridge_rank_vanishes_for_members(form, width):
    generator = np.random.default_rng(width)
    names = ("relu", "tanh", "silu")
    x = sp.Matrix([*COORDINATES[:2], 1])
    expression = sp.Integer(0 if form == "one_sided" else 2)  # a constant is part of a ridge
    for j in range(width):
        w, v = (
            (sp.Matrix([[sp.Rational(int(n), 8) for n in generator.integers(-9, 10, 3)]]) * x)[0]
            for _ in range(2)
        )
        expression += ACTIVATIONS[names[j % 3]](w) * (v if form == "one_sided" else 1)
    target = user(expression, 2)
    per_neuron = 2 if form == "one_sided" else 1
    moments = zernike_moments(target)
    assert tail_bound(moments, per_neuron * width) < 1e-9
    assert not found(target, network(form, width, 2), "ridge-rank")
    assert tail_bound(moments, 0) == pytest.approx(norms_of(target).l2, rel=0.02)
    if width > 1:
        assert tail_bound(moments, 1) > 1e-4


def test_ridge_rank_is_below_fits_by_sums_of_ridges():
    """Many neurons for each direction: still one ridge for each, whatever its profile."""
    generator = np.random.default_rng(4)
    quadrature = rule(domain_for(2), order=30, kinks=t2().kinks)
    for width in (1, 2, 3, 4):
        bound = found(t2(), network("type1", width, 2), "ridge-rank")["l2"].value
        errors = []
        for _ in range(8):
            angles = generator.uniform(0, math.pi, width)
            along = quadrature.nodes_ND @ np.stack([np.cos(angles), np.sin(angles)])
            columns = np.concatenate(
                [np.polynomial.chebyshev.chebvander(ridge, 16) for ridge in along.T], axis=1
            )
            errors.append(_relative_error(t2(), quadrature, columns))
        assert bound <= min(errors) < 1.0


@given(
    lambda_=st.sampled_from([0.5, 1.0, 3.0, 8.0]),
    gate=st.sampled_from(["tanh", "sigmoid", "softmax"]),
)
@DETERMINISTIC
def test_ridge_rank_does_not_increase_with_the_width(lambda_, gate):
    moments = zernike_moments(t2(lambda_, gate))
    tails = [tail_bound(moments, rank) for rank in range(23)]
    assert all(a >= b for a, b in pairwise(tails))
    assert tails[21] == tails[22] == 0.0  # a degree of 20 says nothing about rank 21


def test_moments_of_a_ridge_are_geometric():
    """T_n maps U_n(x.theta) to exp(-i k theta): a ridge with moments in closed form."""
    direction = (sp.Rational(3, 5), sp.Rational(4, 5))
    t = sum(n * x for n, x in zip(direction, COORDINATES[:2], strict=True))
    moments = zernike_moments(user(sp.expand(16 * t**4 - 12 * t**2 + 1), 2), 5)  # U_4
    expected = np.exp(-1j * np.arange(-4, 5, 2) * math.atan2(4, 3))
    for degree, sequence in enumerate(moments.sequences):
        assert np.allclose(sequence, expected if degree == 4 else 0.0, atol=1e-12)


# --- all mechanisms -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", [t1(), t2(), t3(), t4()], ids=lambda target: target.name)
@pytest.mark.parametrize("bias", [True, False])
def test_relative_bounds_are_invariant_under_scaling_and_reflection(target, bias):
    minus = {x: -x for x in target.coordinates}
    for dictionary in (("relu",), ("silu",), ("id", "relu", "gelu")):
        family = network(target.form, 2, target.dimension, dictionary, bias=bias)
        base = lower_bounds(target, family, norms=norms_of(target))
        for factor, expression in (
            (sp.Rational(-7, 3), target.expression),
            (sp.Integer(1), target.expression.xreplace(minus)),
        ):
            other = user(factor * expression, target.dimension)
            changed = lower_bounds(other, family, norms=norms_of(other))
            assert [(b.norm, b.method, b.evidence) for b in changed] == [
                (b.norm, b.method, b.evidence) for b in base
            ]
            for a, b in zip(base, changed, strict=True):
                scale = float(abs(factor)) if a.norm == "w1inf" else 1.0
                assert b.value == pytest.approx(scale * a.value, rel=1e-8)


@pytest.mark.parametrize("name", list(TARGETS))
@pytest.mark.parametrize("bias", [True, False])
def test_nothing_is_claimed_for_mixtures(name, bias):
    target = TARGETS[name](2.0, "tanh", 7)
    gate = GateSpec(name="tanh", scale=True, bias=True)
    for form in FORMS:
        for dictionary in (("silu",), ("id", "relu", "tanh"), FULL_DICTIONARY):
            family = Family(
                kind=Kind.MOA,
                neuron=form,
                width=1,
                dimension=target.dimension,
                dictionary=dictionary,
                gate=gate,
                bias=bias,
            )
            assert lower_bounds(target, family, norms=norms_of(target)) == ()


@pytest.mark.parametrize("form", ["two_sided", "quadratic"])
@pytest.mark.parametrize("target", [t2(), t4(), t5(), t5q()], ids=lambda target: target.name)
def test_nothing_is_claimed_for_products_of_kinked_activations(form, target):
    family = network(form, 1, 2, ("id", "relu", "tanh"))
    assert lower_bounds(target, family, norms=norms_of(target)) == ()


def test_nothing_is_claimed_for_a_member():
    for target, form, bias in (
        (t1(), "type1", True),
        (t1(), "type1", False),
        (t3(), "one_sided", False),
        (t3b(), "one_sided", True),
        (user("relu(x1-2*x2+0.5)", 2), "type1", True),
    ):
        family = network(form, 1, target.dimension, bias=bias)
        assert lower_bounds(target, family, norms=norms_of(target)) == ()


def test_parity_needs_biases_off():
    for target in (t1(), t2(), t3()):
        for name in FULL_DICTIONARY:
            assert not found(target, network(target.form, 2, target.dimension, (name,)), "parity")


def test_best_takes_the_largest_and_then_the_strongest():
    def bound(value: float, evidence: Evidence, norm: str = "l2") -> Bound:
        return Bound(norm=norm, value=value, evidence=evidence, method="parity", every_width=True)

    weak, strong = bound(0.5, Evidence.NUMERICAL), bound(0.5, Evidence.PROVED)
    assert best([weak, strong, bound(0.4, Evidence.PROVED)], "l2") is strong
    assert best([strong, weak], "l2") is strong
    assert best([bound(0.6, Evidence.NUMERICAL), strong], "l2").value == 0.6
    assert best([strong], "sup") is None


def test_bad_arguments_are_refused_in_one_line():
    norms = TargetNorms(l2=1.0, sup=1.0)
    with pytest.raises(ValueError, match=r"^required: .* dimension 2; got 1$"):
        lower_bounds(t2(), network("type1", 1, 1), norms=norms)
    for value in (0.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="positive finite l2 norm"):
            TargetNorms(l2=value, sup=1.0)
    with pytest.raises(ValueError, match="unit disk"):
        zernike_moments(user("x1*x2", 2, cube=True))
    with pytest.raises(ValueError, match="rank of at least 0"):
        tail_bound(zernike_moments(t2()), -1)
    assert not found(user("x1*x2", 2, cube=True), network("type1", 1, 2), "ridge-rank")


def test_public_names_exist():
    assert all(hasattr(package, name) for name in package.__all__)
