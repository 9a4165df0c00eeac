"""Curvature: suprema of second derivatives, and what weights make of them.

Kinds: reference (closed forms), soundness (no sample above, and the bound close to the largest),
negative (kinks, unbounded second derivatives, forms that show nothing, other neurons).
"""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.curvature import curvature_of, curvatures, network_curvature
from expressivity.classes.families import Family
from expressivity.classes.weights import Weights, network_expression
from expressivity.symbolic.symbols import COORDINATES, Z


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("id", sp.S.Zero),
        ("one", sp.S.Zero),
        ("square", sp.Integer(2)),
        ("relu2", sp.Integer(2)),
        ("gelu", sp.sqrt(2 / sp.pi)),
        ("silu", sp.S.Half),
        ("tanh", 4 / (3 * sp.sqrt(3))),
        ("elu", sp.S.One),
        ("softplus", sp.Rational(1, 4)),
        ("sigmoid", 1 / (6 * sp.sqrt(3))),
    ],
)
def test_suprema_are_those_of_closed_forms(name, exact):
    found = curvature_of(ACTIVATIONS[name].expression)
    assert found is not None
    excess = sp.Rational(found.numerator, found.denominator) - exact
    assert excess >= 0
    assert excess <= sp.Rational(1, 10**10) * exact


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh", "softplus"])
def test_no_sample_of_a_second_difference_lies_above(name):
    found = curvature_of(ACTIVATIONS[name].expression)
    second = sp.lambdify(Z, sp.diff(ACTIVATIONS[name].expression, Z, 2), ["scipy", "numpy"])
    samples = np.abs(second(np.linspace(-30, 30, 20001)))
    assert 0.999 * found <= samples.max() <= found * (1 + 1e-12)


@pytest.mark.parametrize(
    "function",
    [
        sp.Max(Z, 0),
        sp.Max(Z, 0) + Z**2,
        Z**3,
        sp.Max(Z, 0) ** 3,
        sp.exp(Z),
        sp.sin(Z),  # bounded, and not of the form that is looked for
        Z / (1 + sp.Abs(Z)),
        sp.sign(Z),
        sp.Max(Z, 1) ** 2,
        sp.Piecewise((Z**2, Z > 0), (1, True)),
        sp.exp(Z**2 * sp.sqrt(2)) * 0 + sp.exp(-sp.sqrt(2) * Z**2),  # irrational rate
    ],
)
def test_what_is_kinked_unbounded_or_of_another_form_has_none(function):
    assert curvature_of(function) is None


def test_products_with_powers_are_bounded_far_out():
    found = curvature_of(Z**3 * sp.exp(-(Z**2)))
    second = sp.lambdify(Z, sp.diff(Z**3 * sp.exp(-(Z**2)), Z, 2), "numpy")
    largest = np.abs(second(np.linspace(-8, 8, 100_001))).max()
    assert largest <= found <= largest * (1 + 1e-6)


@pytest.mark.parametrize(
    "family",
    [
        Family(neuron="type1", kind="moa", gate="tanh", dictionary="tanh", width=1, dimension=1),
        Family(neuron="one_sided", kind="fixed", dictionary="tanh", width=1, dimension=1),
        Family(neuron="quadratic", kind="la", dictionary="tanh", width=1, dimension=1),
        Family(neuron="prelu", kind="fixed", width=1, dimension=1),
        Family(neuron="snake", kind="fixed", width=1, dimension=1),
        Family(neuron="type1", kind="la", dictionary="tanh,relu", width=1, dimension=1),
    ],
    ids=lambda family: family.label,
)
def test_other_neurons_gates_and_kinks_have_none(family):
    assert curvatures(family) is None
    with pytest.raises(ValueError, match="required: one output and C"):
        network_curvature(family, Weights(blocks={}))


@pytest.mark.parametrize("groups", [1, 2, "neuron"])
def test_networks_bend_no_more_than_their_weights_say(groups):
    draw = np.random.default_rng(5)
    family = Family(
        neuron="type1", kind="la", dictionary="id,relu2,gelu,tanh", width=4, dimension=2,
        groups=groups,
    )  # fmt: skip
    blocks = {
        name: sp.ImmutableMatrix(
            np.reshape([sp.Rational(int(n), 4) for n in draw.integers(-9, 9, np.prod(shape))],
                       shape if len(shape) == 2 else (*shape, 1))
        )
        for name, shape in family.shapes.items()
    }  # fmt: skip
    weights = Weights(blocks=blocks)
    bound = network_curvature(family, weights)
    f, (x, y) = network_expression(family, weights), COORDINATES[:2]
    points = draw.uniform(-1, 1, (2, 500))
    turn = sp.Rational(3, 5), sp.Rational(4, 5)
    bent = sum(p * q * sp.diff(f, u, v) for p, u in zip(turn, (x, y), strict=True)
               for q, v in zip(turn, (x, y), strict=True))  # fmt: skip
    values = sp.lambdify((x, y), bent, ["scipy", "numpy"])(*points)
    assert 0 < np.abs(values).max() <= float(bound)


def test_curvature_scales_as_it_must():
    family = Family(neuron="type1", kind="fixed", dictionary="relu2", width=2, dimension=1)
    hot = [[int(name == "relu2")] for name in family.basis]

    def of(w, a):
        rows = {"w": [[w, 1], [2 * w, -1]], "a": [[a, -a]], "scale0": hot}
        return network_curvature(
            family, Weights(blocks={k: sp.ImmutableMatrix(v) for k, v in rows.items()})
        )

    assert of(3, 1) == Fraction(2 * (9 + 36))
    assert of(6, 1) == 4 * of(3, 1)
    assert of(3, 5) == 5 * of(3, 1)
