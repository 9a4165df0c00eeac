"""B9: one neuron of two-sided or quadratic LA without biases.

Soundness: no amplitude of the class comes closer than the bound, for slopes on a fine grid, by
linear programs over many points; no fitted network has a smaller gradient error. Tightness: some
amplitude is within a third of it. Negative: classes and targets that it does not cover.
"""

import numpy as np
import pytest
import torch
from scipy.special import erf, expit
from uniform_distance import distance

from expressivity.bounds.bound import TargetNorms
from expressivity.bounds.jump_parity import best_parity, bounds
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import jump_parts
from expressivity.fitting import Stopping, VariableProjection, fit, make_problem, screened_starts
from expressivity.fitting.errors import fit_samples, measure, measuring_grid
from expressivity.targets.builtin import t2, t5, t5q
from expressivity.targets.user import user_target

NORMS = TargetNorms(l2=1.0, sup=1.0)
FOUR = "id,relu,silu,tanh"
SEVEN = "id,relu,relu2,leaky_relu,gelu,silu,tanh"
VALUES = {
    "id": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
    "leaky_relu": lambda x: np.maximum(x, x / 100),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "tanh": np.tanh,
}
CASES = [
    (t5(), "two_sided", FOUR, 0.00308),
    (t5(), "two_sided", SEVEN, 0.000281),
    pytest.param(t5q(), "quadratic", FOUR, 0.0241, marks=pytest.mark.slow),
]


def neuron(form, dictionary=FOUR, **others):
    options = {"kind": "la", "width": 1, "dimension": 2, "bias": False} | others
    return Family(neuron=form, dictionary=dictionary, **options)


def value(target, family):
    return max((bound.value for bound in bounds(target, family, NORMS)), default=0.0)


@pytest.mark.parametrize(("target", "form", "dictionary", "least"), CASES)
def test_no_amplitude_is_closer_and_one_is_nearly_as_close(target, form, dictionary, least):
    bound = value(target, neuron(form, dictionary))
    assert bound >= least
    u_U = np.linspace(-1, 1, 101)
    jump_U = np.tanh(2 * u_U) ** 2 * (u_U if target.name == "t5" else 1)
    found = []
    for w in (0.02, 0.3, *np.linspace(0.8, 4.4, 37), 9.0, 40.0):
        columns = [VALUES[name](w * u_U) for name in dictionary.split(",")]
        found.append(distance(jump_U, np.stack([np.ones_like(u_U), *columns], axis=1)) / 2)
    assert min(found) >= bound
    if dictionary == FOUR:
        assert min(found) <= bound * 4 / 3


@pytest.mark.parametrize(
    ("target", "form"),
    [
        (t5(), "two_sided"),
        pytest.param(t5q(), "quadratic", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("loss", ["l2", pytest.param("h1", marks=pytest.mark.slow)])
def test_no_fit_is_below_the_bound(target, form, loss):
    torch.set_num_threads(1)
    family = neuron(form)
    samples = fit_samples(target, gradient=loss == "h1", coarse=True)
    problem = make_problem(family, samples, compiled=False)
    algorithm = VariableProjection(stopping=Stopping(iterations=40))
    starts = screened_starts(problem, algorithm, seed=0, restarts=2, candidates=4)
    found = fit(problem, algorithm, starts)
    assert found.error_L.min() < 0.6  # it is a fit; 0 has error 1
    grid = measuring_grid(target)
    for theta_P in found.theta_LP:
        assert measure(family, theta_P, grid).w1inf >= value(target, family)


def test_a_dictionary_of_powers_alone_needs_no_slope():
    family = neuron("two_sided", "id,relu")
    proof = best_parity(t5(), family)
    assert len(proof.pieces) == 1
    assert proof.odd
    # The distance of u tanh(2u)^2 to multiples of u, on a fine grid.
    u_U = np.linspace(0, 1, 2001)
    shown = distance(u_U * np.tanh(2 * u_U) ** 2, u_U[:, None]) / 2
    assert 0.99 * shown <= proof.value <= shown


def test_a_turned_target_has_the_same_bound():
    turned = user_target("(3/5*x1+4/5*x2)*tanh(6/5*x1+8/5*x2)**2*relu(4/5*x1-3/5*x2)")
    same = value(t5(), neuron("two_sided"))
    assert value(turned, neuron("two_sided")) == pytest.approx(same, rel=1e-3)


@pytest.mark.parametrize("factor", ["1e-290", "1e290"])
def test_a_target_of_any_size_has_the_same_relative_bound(factor):
    scaled = user_target(f"{factor}*x1*tanh(2*x1)**2*relu(x2)")
    one, same = value(scaled, neuron("two_sided")), value(t5(), neuron("two_sided"))
    assert one / float(factor) == pytest.approx(same, rel=1e-3)


@pytest.mark.parametrize(
    ("target", "family"),
    [
        (t5(), neuron("two_sided", bias=True)),
        (t5(), neuron("two_sided", width=2)),
        (t5(), neuron("two_sided", kind="moa", gate="tanh")),
        (t5(), neuron("one_sided")),
        (t5(), neuron("two_sided", "relu,elu")),  # not an affine function and a tail
        (t5q(), neuron("quadratic", SEVEN)),  # two functions in the even part
        (t2(), neuron("two_sided")),  # contained
        (user_target("relu(x2-1/2)*tanh(2*x1)**2"), neuron("two_sided")),  # no kink through 0
    ],
)
def test_what_it_does_not_cover_has_no_bound(target, family):
    assert bounds(target, family, NORMS) == ()


def test_two_odd_parts_that_are_no_powers_are_refused():
    odd, even = jump_parts(neuron("two_sided", "relu,tanh,sigmoid"))
    assert odd is None
    assert even.powers == (0, 1)
