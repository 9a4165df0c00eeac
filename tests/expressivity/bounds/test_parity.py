"""The parity bound.

Reference: exact distances. Soundness: nothing for members; below fits without biases.
"""

import itertools

import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import LINEAR_ODD_PART, _relative_error, found, network, norms_of, user

from expressivity.bounds.bound import round_down
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.evidence import Evidence
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1, t2, t3, t4
from expressivity.targets.quadrature import rule

torch.set_num_threads(1)
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


_QUICK = ("relu",)  # of those in two dimensions, which take seconds
MEMBERS = [
    pytest.param(*case, marks=pytest.mark.slow if case[0] == 2 and case[2] not in _QUICK else ())
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
