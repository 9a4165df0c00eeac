"""What is known of networks far out.

Reference: the seven by hand. Property: products of tails against products of polynomials.
Negative: gates and activations that do not show a tail.
"""

import itertools

import odd_plugins as odd
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.tails import Tails, activation_tails, has_limits, network_tails
from expressivity.symbolic.symbols import Z

SEVEN = {
    "id": (1, -1),
    "relu": (1, -1),
    "relu2": (2, -1),
    "leaky_relu": (1, -1),
    "gelu": (1, 1),
    "silu": (1, 1),
    "tanh": (0, 0),
}


@pytest.mark.parametrize("name", SEVEN)
def test_tails_of_the_seven(name):
    degree, difference = SEVEN[name]
    found = activation_tails(ACTIVATIONS[name].expression)
    assert found == Tails(degree=degree, difference=difference)


def test_pieces_that_are_not_known_have_no_tails():
    assert activation_tails(ACTIVATIONS["softsign"].expression) is None


@pytest.mark.parametrize("neuron", ["type1", "one_sided", "two_sided", "quadratic"])
def test_exponentials_count_alone_only(neuron):
    """A small error times an exponential need not be small."""
    la = Family(neuron=neuron, kind="la", dictionary="elu,tanh", width=1, dimension=1)
    found = network_tails(la)
    expected = neuron in ("type1", "one_sided")
    assert (found is not None and found.exponentials) is expected
    moa = Family(neuron=neuron, kind="moa", gate="tanh", dictionary="elu", width=1, dimension=1)
    assert network_tails(moa) is None


def test_products_of_tails_bound_products_of_polynomials():
    t = sp.Symbol("t")
    pairs = [(t, 0), (1, -1), (t**2, t**2), (3, 3), (t**2 + t, t**2), (0, 0)]

    def tails(right, left):
        degrees = [sp.degree(p, t) if p != 0 else 0 for p in map(sp.sympify, (right, left))]
        gap = sp.expand(right - left)
        return Tails(degree=max(degrees), difference=-1 if gap == 0 else sp.degree(gap, t))

    for one, other in itertools.product(pairs, pairs):
        exact = tails(sp.expand(one[0] * other[0]), sp.expand(one[1] * other[1]))
        bound = tails(*one) * tails(*other)
        assert exact.degree <= bound.degree
        assert exact.difference <= bound.difference


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_three_gates_have_limits(size):
    assert all(has_limits(GATES[name], size) for name in ("tanh", "sigmoid", "softmax"))


@pytest.mark.parametrize(
    "form", [sp.Max(Z, 0), Z, sp.exp(Z), sp.erf(Z), sp.sin(Z), 1 / (1 + Z**2), sp.tanh(Z) + Z]
)
def test_other_gates_are_not_taken_to_have_limits(form):
    assert not has_limits(odd.gate("odd", form), 2)


def test_a_difference_below_is_no_denominator():
    form = sp.exp(Z) / (sp.exp(2 * Z) - sp.exp(Z) + 1)  # bounded, but not shown this way
    assert not has_limits(odd.gate("bump", form), 1)


def test_gated_networks_need_gates_with_limits():
    with odd.registered_gate(odd.gate("ramp", sp.Max(Z, 0))):
        ramp = Family(neuron="type1", kind="moa", gate="ramp", width=1, dimension=1)
        assert network_tails(ramp) is None
    moa = Family(neuron="type1", kind="moa", gate="softmax", width=1, dimension=1)
    assert network_tails(moa) == Tails(degree=2, difference=2)


@pytest.mark.parametrize("neuron", ["swish", "snake", "pau", "apl"])
def test_neurons_that_no_rule_reads_have_no_tails(neuron):
    found = network_tails(Family(neuron=neuron, kind="fixed", width=1, dimension=1))
    assert found == (Tails(degree=1, difference=-1) if neuron == "apl" else None)
