"""Boxes that no change of a piecewise polynomial network cuts (docs/theory.md, section 4, B7).

Kinds: reference (coefficients and a distance by hand; a dense quadrature written apart), property
(how many boxes a line meets), metamorphic (scale), soundness (nothing for members, no fit below),
negative (classes that are not piecewise polynomial get nothing).
"""

from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import found, network, user
from random_members import random_members

from expressivity.bounds import TargetNorms, uncut_boxes
from expressivity.bounds.integrals.boxes import Rectangle, legendre_coefficients
from expressivity.bounds.uncut_boxes import _counts, _grids
from expressivity.bounds.uncut_boxes import uncut_boxes as boxes_of
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.properties import change_planes
from expressivity.evidence import Evidence
from expressivity.fitting import Stopping, VariableProjection, fit, make_problem, screened_starts
from expressivity.fitting.errors import fit_samples, l2_errors, measuring_grid
from expressivity.symbolic.enclosure import precision
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.builtin import t1, t2, t5, t5q, t11

torch.set_num_threads(1)
NORMS = TargetNorms(l2=1.0, sup=1.0)
BOX = Rectangle(left=Fraction(-1, 4), right=Fraction(1), bottom=Fraction(1, 8), top=Fraction(1, 2))


def distance(target, degree, lines):
    found_ = boxes_of(target, degree, lines)
    return 0.0 if found_ is None else lower_float(found_.relative.ball)


def test_coefficients_are_those_of_a_dense_rule():
    with precision(128):
        balls = legendre_coefficients(
            lambda x1, x2: (x1 + 2 * x2).tanh() * x2, BOX, 5, exponent=-60
        )
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x1, x2 = 3 / 8 + 5 / 8 * nodes[:, None], 5 / 16 + 3 / 16 * nodes[None, :]
    values = np.tanh(x1 + 2 * x2) * x2 * weights[:, None] * weights[None, :] * 15 / 128
    size = 5 / 4 * 3 / 8
    assert len(balls) == 21
    for (i, j), ball in balls.items():
        p, q = (np.polynomial.legendre.Legendre.basis(n)(nodes) for n in (i, j))
        norm = np.sqrt((2 * i + 1) * (2 * j + 1) / size)
        expected = norm * np.sum(values * p[:, None] * q[None, :])
        assert float(ball.rad()) < 1e-17 and abs(float(ball.mid()) - expected) < 1e-14


def test_a_pole_in_the_way_is_seen():
    assert (
        legendre_coefficients(lambda x1, x2: x2 / (x1 - flint.arb(0.5)), BOX, 2, exponent=-60)
        is None
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_line_meets_no_more_boxes_than_are_counted(seed):
    generator = np.random.default_rng(seed)
    columns, rows = generator.integers(1, 9, 2)
    boxes = Rectangle(
        left=Fraction(-1), right=Fraction(1), bottom=Fraction(-1), top=Fraction(1)
    ).split(int(columns), int(rows))
    for _ in range(100):
        a, b, c = (Fraction(int(k), 7) for k in generator.integers(-9, 10, 3))
        sides = [[a * x1 + b * x2 - c for x1, x2 in box.corners] for box in boxes]
        assert sum(min(side) < 0 < max(side) for side in sides) <= columns + rows - 1


@pytest.mark.parametrize("lines", [1, 2, 4, 8])
def test_some_boxes_are_left_and_all_are_inside(lines):
    for dimension in (1, 2):
        for grid in _grids(dimension, lines):
            assert len(grid.boxes) == grid.columns * grid.rows > grid.cut
            corners = grid.rectangle.corners
            assert dimension == 1 or all(x1**2 + x2**2 <= 1 for x1, x2 in corners)
    assert _counts(lines)


def test_without_lines_it_is_a_distance_to_polynomials():
    square = user("x1**2", 1)
    # Of norm^2 2/5, of which 8/45 is left beside affine functions.
    assert distance(square, 1, 0) == pytest.approx(2 / 3, rel=1e-9)
    assert distance(square, 1, 0) <= 2 / 3 and distance(square, 2, 0) == 0.0
    bound = found(square, network("type1", 5, 1, ("id",)), "uncut-boxes")["l2"]
    assert bound.every_width and bound.evidence is Evidence.CERTIFIED


def test_relative_values_do_not_depend_on_the_scale():
    values = {distance(user(c * t5q().expression, 2), 1, 1) for c in (1, sp.Integer(2) ** -900)}
    assert len(values) == 1 and values.pop() > 0.04


def test_nothing_is_said_of_members():
    asked = 0
    for member in random_members(3, 40, kinds=(Kind.FIXED, Kind.LA), widths=(1, 2)):
        if change_planes(member.family) and member.target.expression != 0:
            asked += 1
            assert uncut_boxes.bounds(member.target, member.family, NORMS) == ()
    assert asked >= 3


@pytest.mark.parametrize(
    ("neuron", "dictionary", "planes"),
    [
        ("type1", "relu,relu2", 1),
        ("one_sided", "relu", 1),
        ("two_sided", "id,leaky_relu", 2),
        ("quadratic", "id", 0),
        ("two_sided", "id,tanh", None),
        ("quadratic", "relu,gelu", None),
    ],
)
def test_planes_of_the_four_forms(neuron, dictionary, planes):
    family = Family(neuron=neuron, kind="la", dictionary=dictionary, width=3, dimension=2)
    assert change_planes(family) == planes
    if planes is None:
        assert found(t5(), family, "uncut-boxes") == {}


@pytest.mark.parametrize(
    ("neuron", "planes"),
    [("prelu", 1), ("apl", 3), ("maxout2", 1), ("maxout3", 3), ("snake", None)],
)
def test_planes_of_neurons_with_conditions_of_their_own(neuron, planes):
    assert change_planes(Family(neuron=neuron, kind="fixed", width=1, dimension=2)) == planes


def test_gates_are_no_polynomials():
    family = Family(
        neuron="type1", kind="moa", gate="tanh", dictionary="relu", width=1, dimension=2
    )
    assert change_planes(family) is None and found(t2(), family, "uncut-boxes") == {}


def test_it_is_positive_where_it_should_be():
    assert found(t1(), network("type1", 1, 1, ("relu",)), "uncut-boxes")["l2"].value > 0.012
    assert (
        found(t11(), network("quadratic", 1, 1, ("id", "relu")), "uncut-boxes")["l2"].value > 0.005
    )
    assert found(t2(), Family(neuron="maxout2", kind="fixed", width=1, dimension=2), "uncut-boxes")


CASES = [
    (t5(), "two_sided", 1, 0.0015),
    (t5q(), "quadratic", 1, 0.00079),
    (t5(), "two_sided", 2, 0.0001),
]


@pytest.mark.slow
@pytest.mark.parametrize(("target", "form", "width", "stated"), CASES)
def test_no_fit_is_below(target, form, width, stated):
    family = network(form, width, 2, ("id", "relu"))
    bound = found(target, family, "uncut-boxes")["l2"].value
    assert bound >= stated
    problem = make_problem(family, fit_samples(target, gradient=False), compiled=False)
    algorithm = VariableProjection(stopping=Stopping(iterations=150))
    starts = screened_starts(problem, algorithm, seed=0, restarts=24, candidates=4)
    fitted = fit(problem, algorithm, starts)
    assert fitted.error_L.min() < 0.35  # it is a fit; 0 has error 1
    errors_L = l2_errors(family, fitted.theta_LP, measuring_grid(target))
    assert errors_L[errors_L.isfinite()].min() >= bound
