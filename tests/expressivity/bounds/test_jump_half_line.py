"""B10: one neuron of two-sided or quadratic LA with biases.

Soundness: what functionals show for a box, or for all large slopes, is no more than a linear
program finds anywhere in it; no amplitude of the class, with its kink, comes closer than the
bound; no fitted network has a smaller gradient error. Negative: classes and targets that it does
not cover. Metamorphic: a turned target has the same bound.
"""

import itertools
from fractions import Fraction
from functools import cache

import flint
import numpy as np
import pytest
import torch
from scipy.special import expit
from uniform_distance import distance

from expressivity.bounds.half_line_functionals import Box, Functional
from expressivity.bounds.jump_half_line import CORNER, Cut, best_half_line
from expressivity.bounds.logistic_tails import Far, Near
from expressivity.bounds.steep_functionals import best_steep
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import has_logistic_half_lines
from expressivity.fitting import Stopping, VariableProjection, fit, make_problem, screened_starts
from expressivity.fitting.errors import fit_samples, measure, measuring_grid
from expressivity.symbolic.enclosure import as_ball
from expressivity.targets.builtin import t2, t5, t5q
from expressivity.targets.user import user_target

FOUR = "id,relu,silu,tanh"
PLACES = [Fraction(k, 64) for k in range(-64, 65)]


def neuron(form, dictionary=FOUR, **others):
    options = {"kind": "la", "width": 1, "dimension": 2} | others
    return Family(neuron=form, dictionary=dictionary, **options)


@cache
def proof(name):
    target, form = {"t5": (t5(), "two_sided"), "t5q": (t5q(), "quadratic")}[name]
    return best_half_line(target, neuron(form))


def jump(u_U, name="t5"):
    return np.tanh(2 * u_U) ** 2 * (u_U if name == "t5" else 1)


def tails(b, w, u_U):
    """1, u and both tails, each of size 1 or so."""
    decay_U = np.exp(-w * u_U)
    first_U = (1 + w * u_U / b if b else w * u_U) * decay_U / (1 + np.exp(-b) * decay_U)
    second_U = decay_U**2 / (1 + np.exp(-2 * b) * decay_U**2)
    return np.stack([np.ones_like(u_U), u_U, first_U, second_U], axis=1)


def most(functional, values):
    """The largest claim that is shown, to a tenth of a percent; None where there is none."""
    low, high = 0, 12_000

    def claim(k):
        return Fraction(0.999**k)

    if not functional.shows(values, claim(high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if functional.shows(values, claim(middle)) else (middle, high)
    return claim(high)


BOXES = [
    (Near(), (0, 0.25), (0, 0.125), (0, 0.2, 0.5, 0.8, 1)),
    (Near(), (1, 1.0625), (0, 0.0625), (-1, -0.75, -0.25, 0.25, 0.75, 1)),
    (Near(), (1.5, 1.5625), (0.5, 0.5625), (-1, -0.5, 0, 0.5, 1)),
    (Near(), (0.5, 0.75), (3, 3.25), (0, 0.125, 0.375, 0.75, 1)),
    (Near(), (4, 4.25), (16, 16.5), (-0.2, 0, 0.25, 0.5, 1)),
    (Far(Fraction(8)), (0, 0.0625), (0, 0.5), (-1, -0.5, 0, 0.5, 1)),
    (Far(Fraction(8)), (0.0625, 0.125), (4, 4.5), (-0.5, 0, 0.25, 0.75, 1)),
    (Far(Fraction(8)), (0, 0.125), (20, 20.5), (0, 0.0625, 0.25, 0.75, 1)),
]


@pytest.mark.parametrize("number", range(len(BOXES)))
def test_in_a_box_no_combination_is_closer_than_what_is_shown(number):
    chart, b, w, points = BOXES[number]
    b, w = (tuple(Fraction(end) for end in side) for side in (b, w))
    points = [Fraction(round(64 * u), 64) for u in points]
    u_P = np.array([float(u) for u in points])
    random, shown = np.random.default_rng(number), 0
    with flint.ctx.workprec(160):
        functional = Functional(chart, Box(b=b, w=w), points)
        for _ in range(3):
            value_P = random.normal(size=len(points))
            claim = most(functional, [flint.arb(v) for v in value_P])
            if claim is None:
                continue
            shown += 1
            for b_here, w_here in itertools.product(map(float, b), map(float, w)):
                b_here = 1 / max(b_here, 1e-9) if isinstance(chart, Far) else b_here
                assert distance(value_P, tails(b_here, max(w_here, 0.02), u_P)) >= claim
    assert shown


def test_for_all_large_slopes_no_combination_is_closer_than_what_is_shown():
    with flint.ctx.workprec(160):
        squares = {u: (2 * as_ball(u)).tanh() ** 2 for u in PLACES}
        steep = best_steep(squares, CORNER[1], 64)
    assert steep.shown > 0.01
    points = [u for triple in steep.triples for u in triple]
    u_P = np.array([float(u) for u in points])
    for b in (0.0, 1.0, 1.05, 3.0, 30.0):
        for w in (40.0, 44.0, 80.0, 400.0):
            assert distance(jump(u_P, "t5q"), tails(b, w, u_P)) >= steep.shown


@pytest.mark.parametrize(
    "family",
    [
        neuron("two_sided", "relu,gelu"),
        neuron("two_sided", "relu2,tanh"),
        neuron("two_sided", "relu,sigmoid"),
        neuron("two_sided", kind="moa", gate="tanh"),
        neuron("one_sided"),
        neuron("type1"),
    ],
)
def test_classes_with_other_functions_have_none(family):
    assert not has_logistic_half_lines(family)
    assert best_half_line(t5(), family) is None


def test_neither_have_wider_networks_and_targets_without_a_kink_through_0():
    assert best_half_line(t5(), neuron("two_sided", width=2)) is None
    assert best_half_line(user_target("relu(x2-1/2)*tanh(2*x1)**2"), neuron("two_sided")) is None
    assert best_half_line(user_target("x1*x2"), neuron("two_sided")) is None


@pytest.mark.slow
def test_of_a_contained_target_nothing_is_shown():
    assert best_half_line(t2(), neuron("two_sided")) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("t5", 0.00149), ("t5q", 0.00077)])
def test_no_amplitude_is_closer(name, least):
    value = proof(name).value
    assert value >= least
    u_U = np.linspace(-1, 1, 101)
    for b in (0.0, 0.3, 0.6, 0.9, 1.05, 1.2, 2.0, 5.0, 12.0):
        for w in (0.05, 0.3, 0.65, 1.0, 1.5, 2.4, 3.2, 4.6, 9.0, 30.0, 90.0):
            y_U = w * u_U + b
            columns = [np.maximum(y_U, 0), y_U * expit(y_U), np.tanh(y_U)]
            columns = [np.ones_like(u_U), u_U, *columns]
            assert distance(jump(u_U, name), np.stack(columns, axis=1)) / 2 >= value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["t5", "t5q"])
@pytest.mark.parametrize("loss", ["l2", "h1"])
def test_no_fit_is_below_the_bound(name, loss):
    torch.set_num_threads(1)
    target, form = {"t5": (t5(), "two_sided"), "t5q": (t5q(), "quadratic")}[name]
    family = neuron(form)
    samples = fit_samples(target, gradient=loss == "h1", coarse=True)
    problem = make_problem(family, samples, compiled=False)
    algorithm = VariableProjection(stopping=Stopping(iterations=60))
    starts = screened_starts(problem, algorithm, seed=0, restarts=8, candidates=4)
    found = fit(problem, algorithm, starts)
    assert found.error_L.min() < 0.6  # it is a fit; 0 has error 1
    grid = measuring_grid(target)
    for theta_P in found.theta_LP:
        assert measure(family, theta_P, grid).w1inf >= proof(name).value


@pytest.mark.slow
def test_the_trees_are_whole():
    for side in proof("t5").sides:
        for tree in (side.near, side.far):
            cuts = sum(isinstance(part, Cut) for part in tree)
            assert len(tree) == 2 * cuts + 1


@pytest.mark.slow
def test_a_turned_target_has_the_same_bound():
    turned = user_target("tanh(6/5*x1+8/5*x2)**2*relu(4/5*x1-3/5*x2)")
    same = proof("t5q").value
    assert best_half_line(turned, neuron("quadratic")).value == pytest.approx(same, rel=0.05)
