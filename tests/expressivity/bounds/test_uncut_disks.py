"""Disks that no change of a gated network cuts (docs/theory.md, section 4, B8).

Kinds: reference (ranks and a distance by hand), property (disks are apart, no line is heavier than
is said), metamorphic (scale, rotation), soundness (nothing for members, no fit below), negative
(classes whose gates look in many directions, or that are not piecewise polynomial, get nothing).
"""

import itertools
import math

import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import found, network, user
from odd_plugins import registered

from expressivity.bounds import TargetNorms, lower_bounds, uncut_disks
from expressivity.bounds.disk_layouts import heaviest_line, layouts
from expressivity.bounds.uncut_disks import cuts_of
from expressivity.bounds.uncut_disks import uncut_disks as disks_of
from expressivity.classes import gates
from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.fitting import Stopping, VariableProjection, fit, make_problem, screened_starts
from expressivity.fitting.errors import fit_samples, l2_errors, measuring_grid
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.builtin import t2, t5

torch.set_num_threads(1)
NORMS = TargetNorms(l2=1.0, sup=1.0)
SWIGLU = "silu(x1)*x2+silu(x2)*x1"
BUMP = "exp(-4*(x1**2+x2**2))"


def gated(width=1, dictionary="relu", gate="tanh", neuron="type1", **more):
    return Family(
        neuron=neuron, kind="moa", gate=gate, dictionary=dictionary, width=width,
        dimension=more.pop("dimension", 2), **more,
    )  # fmt: skip


def distance(target, rank, lines):
    uncut = disks_of(target, rank, lines)
    return 0.0 if uncut is None else lower_float(uncut.relative.ball)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (gated(3), (2, 3)),
        (gated(3, "relu2"), (3, 3)),
        (gated(1, "id,relu"), (4, 1)),
        (gated(1, "id,relu", "softmax"), (2, 1)),
        (gated(2, "relu", groups=2), (4, 2)),
        (gated(2, "relu", groups="neuron"), (4, 2)),
        (gated(2, "id"), (2, 0)),
        (gated(2, "relu", neuron="one_sided"), (3, 2)),
        (gated(2, "relu", neuron="quadratic"), (3, 4)),
        (gated(1, "id,relu,relu2", "softmax"), None),
        (gated(1, "relu", neuron="two_sided"), None),
        (gated(1, "relu,tanh"), None),
        (gated(8, "relu", groups="neuron"), None),  # too high a rank
        (gated(1, dimension=3), None),
        (network("type1", 1, 2, ("relu",)), None),
    ],
)
def test_rank_and_lines(family, expected):
    assert cuts_of(family) == expected


def test_gates_with_a_kink_cut_as_well():
    bent = gates.Gate(
        name="bent", expression=lambda logits, k: sp.Max(logits[k], 0),
        value=lambda logits: logits.clamp(min=0), pullback=lambda values, rows: rows * (values > 0),
        positive=False, vanishes_at_zero=True,
    )  # fmt: skip
    with registered(gates.GATES, bent):
        assert cuts_of(gated(gate="bent")) is None


@pytest.mark.parametrize("place", range(0, len(layouts()), 7))
def test_disks_of_a_layout_are_apart_and_inside(place):
    for disk in layouts()[place]:
        assert disk.radius > 0 and disk.x1**2 + disk.x2**2 <= (1 - disk.radius) ** 2
    for p, q in itertools.combinations(layouts()[place], 2):
        assert (p.x1 - q.x1) ** 2 + (p.x2 - q.x2) ** 2 >= (p.radius + q.radius) ** 2


@pytest.mark.parametrize("place", [0, 5, 20, 40])
def test_no_line_meets_more_than_is_said(place):
    disks = layouts()[place]
    generator = np.random.default_rng(place)
    weights = [int(weight) for weight in generator.integers(1, 1000, len(disks))]
    most = heaviest_line(disks, weights)
    centres = np.array([[float(disk.x1), float(disk.x2)] for disk in disks])
    radii = np.array([float(disk.radius) for disk in disks])
    heaviest = 0
    for angle in math.pi * generator.random(2000):
        middles = centres @ [math.cos(angle), math.sin(angle)]
        for offset in (middles + radii) - 1e-6:
            heaviest = max(heaviest, sum(np.compress(abs(middles - offset) < radii, weights)))
    assert 0.9 * most < heaviest <= most


def test_without_lines_it_is_the_tail_of_the_moments():
    # In degree 2 the moments of x1^2 - x2^2 are (1, 0, 1)/2 times a number, of rank 2.
    saddle = user("x1**2-x2**2", 2)
    assert distance(saddle, 2, 0) == 0.0
    # Its norm^2 is pi/6; with one row for rank 0 all of it is left.
    assert distance(saddle, 0, 0) == pytest.approx(1, rel=1e-9)
    # With two rows and equal weights the middle moment of degree 2 counts half in either.
    assert 0 < distance(saddle, 1, 0) <= 1
    bound = found(user(BUMP, 2), gated(3, "id"), "uncut-disks")["l2"]
    assert bound.every_width and bound.evidence is Evidence.CERTIFIED


def test_relative_values_do_not_depend_on_the_scale():
    expression = user(BUMP, 2).expression
    values = {distance(user(c * expression, 2), 2, 1) for c in (1, sp.Integer(2) ** -900)}
    assert len(values) == 1 and values.pop() > 0.012


MEMBERS = [
    ("tanh(2*x1)*relu(x2)", gated()),
    ("tanh(x1-x2/2+1/3)*(relu(x1+x2)-relu(x2-1/4))", gated(2)),
    ("sigmoid(2*x1+x2)*relu2(x1-x2)", gated(1, "relu2", "sigmoid")),
    ("tanh(x1)*relu(x2)+tanh(x2+1/2)*x2", gated(1, "id,relu")),
    ("tanh(x1)*relu(x2)*(x1+x2)", gated(1, neuron="one_sided")),
    ("tanh(x1)*relu(x2)+tanh(3*x2)*relu(x1)", gated(2, groups=2)),
    ("(x1-2*x2)*tanh(x1+x2)", gated(1, "id")),
]


@pytest.mark.parametrize(
    ("expression", "family"),
    [*MEMBERS[:2], *(pytest.param(*member, marks=pytest.mark.slow) for member in MEMBERS[2:])],
)
def test_nothing_is_said_of_members(expression, family):
    assert uncut_disks.bounds(user(expression, 2), family, NORMS) == ()


@pytest.mark.parametrize("target", [t2(), t5()])
def test_nothing_is_said_of_products_with_a_function_of_one_direction(target):
    assert uncut_disks.bounds(target, gated(), NORMS) == ()


def test_it_is_positive_where_it_should_be():
    family = gated()
    (bound,) = uncut_disks.bounds(user(SWIGLU, 2), family, NORMS)
    assert 7.3e-4 < bound.value < 7.4e-4 and not bound.every_width


@pytest.mark.slow
def test_more_groups_have_smaller_bounds_and_kinks_of_the_target_leave_some():
    values = [uncut_disks.bounds(user(BUMP, 2), gated(2, groups=g), NORMS)[0].value for g in (1, 2)]
    assert values[0] > 1e-3 > values[1] > 1e-6
    kinked = user("tanh(2*x1)*relu(x2)+tanh(2*x2)*relu(x1)", 2)
    (bound,) = uncut_disks.bounds(kinked, gated(), NORMS)
    assert bound.value > 3e-5
    assert bound in lower_bounds(kinked, gated(), norms=NORMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "family", "stated"),
    [
        (SWIGLU, gated(1), 7e-4),
        (SWIGLU, gated(2, "id,relu", "softmax"), 3e-5),
        (BUMP, gated(2, gate="sigmoid"), 1.5e-3),
        (BUMP, gated(2, "id"), 0.18),
    ],
)
def test_no_fit_is_below(expression, family, stated):
    target = user(expression, 2)
    (bound,) = uncut_disks.bounds(target, family, NORMS)
    assert bound.value >= stated
    problem = make_problem(family, fit_samples(target, gradient=False), compiled=False)
    algorithm = VariableProjection(stopping=Stopping(iterations=150))
    starts = screened_starts(problem, algorithm, seed=0, restarts=12, candidates=4)
    fitted = fit(problem, algorithm, starts)
    errors_L = l2_errors(family, fitted.theta_LP, measuring_grid(target))
    assert bound.value <= errors_L[errors_L.isfinite()].min() < 0.8  # it is a fit; 0 has error 1
