"""Tests of what recognition knows beyond affine conditions and rational weights.

Reference: members that were called unknown, with the widths that their formulas have. Negative:
functions near them that are no members have no witness, and what only looks like 0 is not called
0. Property: a function and its sum over affine conditions are equal.
"""

from dataclasses import replace

import pytest
import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.weights import network_expression
from expressivity.membership.recognition import recognise
from expressivity.membership.recognition.normal_form import Ring
from expressivity.membership.recognition.pieces import flattened, same_pieces
from expressivity.symbolic.budget import Budget
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.points import is_nonzero
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.user import user_target

X, Y, Z = COORDINATES[:3]


def fixed(name, dimension=1, form="type1"):
    return Family(neuron=form, kind="fixed", width=1, dimension=dimension, dictionary=(name,))


def moa(gate, dimension, **changes):
    family = Family(neuron="type1", kind="moa", width=1, dimension=dimension, gate=gate)
    return replace(family, **changes)


LA = Family(neuron="type1", kind="la", width=1, dimension=1)
SQUARES = replace(LA, dimension=2, dictionary=("square", "cube"))


def width_of(text, family):
    expression = user_target(text).expression
    found = recognise(expression, family)
    if found is None:
        return 0
    network = network_expression(found.family, found.weights)
    points = [dict(zip((X, Y, Z), p, strict=True)) for p in ((3, -2, 5), (-7, 1, 2), (1, 4, -3))]
    for point in points:
        at = {s: sp.Rational(v, 11) for s, v in point.items()}
        assert not is_nonzero(network - expression, at)
    return found.family.width


@pytest.mark.parametrize(
    ("text", "family", "width"),
    [
        ("x**2", fixed("relu2"), 2),
        ("x**2", fixed("relu2", form="one_sided"), 2),
        ("x**3", fixed("relu2", form="one_sided"), 2),
        ("x**3", fixed("relu3"), 2),
        ("x**2 + relu2(x-1)", fixed("relu2"), 3),
        ("3*x - 1", fixed("silu"), 2),
        ("3*x - 1", fixed("gelu"), 2),
        ("3*x - 1", fixed("leaky_relu"), 2),
        ("relu(2**0.5*x)", fixed("relu"), 1),
        ("relu(x - 2**0.5/2)", fixed("relu"), 1),
        ("silu(2**0.5*x)", fixed("silu"), 1),
        ("tanh(2**0.5*x1 - x2)", fixed("tanh", 2), 1),
        ("(x**2)**0.5", fixed("relu"), 2),
        ("abs(abs(x) - 1/2)", fixed("relu"), 4),
        ("relu(relu(x) + relu(-x) - 1/2)", fixed("relu"), 2),
        ("abs(abs(x1 - x2) - 1/2)", fixed("relu", 2), 5),
        ("relu(x**2 - 2)", LA, 2),
        ("cos(x)**2 + sin(x)**2 - 1 + relu(x)", fixed("relu"), 1),
        ("exp(x)/(1 + exp(x))", fixed("tanh"), 2),
        ("(tanh(x1) + tanh(2*x1))*relu(x2)", moa("tanh", 2), 1),
        ("tanh(x1)*relu(x2) + tanh(x1)*relu(x3)", moa("tanh", 3), 2),
        ("tanh(x1)*relu(x2) + tanh(x1 - 1)*silu(x2) + 2*tanh(x1)*relu(x1 + x2)"
         " + 2*tanh(x1 - 1)*silu(x1 + x2)", moa("tanh", 2), 2),
        ("sigmoid(x1)*x2**2", moa("sigmoid", 2), 2),
        ("elu(x - 1) - 2*tanh(x - 1)", replace(LA, dictionary=("tanh", "elu")), 1),
        ("(x1 - 2*x2)**3 + (x1 - 2*x2)**2", SQUARES, 1),
    ],
)  # fmt: skip
def test_members_that_were_called_unknown(text, family, width):
    assert width_of(text, family) == width


def test_a_swiglu_neuron_is_a_network_with_common_gates():
    """T9 of docs/theory.md: width 4, and at that width alone."""
    assert width_of("silu(x1)*x2", moa("sigmoid", 2)) == 4
    text = "sigmoid(x1)*(x1*x2 + x2*x3)"  # a form of rank 2, too
    assert width_of(text, moa("sigmoid", 3)) == 4


@pytest.mark.parametrize(
    ("text", "squares"),
    [
        ("x1*x2", 2),
        ("x1**2 + x1*x2 + x2**2", 2),
        ("x1*x2 + x2*x3 + x3*x1", 3),
        ("(x1 - 2*x2 + 1)**2 - 3*(x2 + x3)**2", 2),
        ("(x1 + 1)*(x2 - 3)", 2),
        ("x1*x2 - x2**2/3 + x1 - 7", 3),  # and a constant
    ],
)
def test_quadratic_polynomials_by_few_squares(text, squares):
    dimension = user_target(text).dimension
    assert width_of(text, fixed("relu2", dimension)) == 2 * squares - (text[-1] == "7")


def test_gates_of_their_own():
    text = "tanh(x1)*relu(x2) + tanh(2*x1)*silu(x2 - 1) + tanh(3*x1)*relu(x2 - 1)"
    assert width_of(text, moa("tanh", 2)) == 0
    own = moa("tanh", 2, groups="neuron")
    assert width_of(text, own) == 3  # one for each summand, which is sought first
    assert recognise(user_target(text).expression, own, width=2) is not None
    assert recognise(user_target(text).expression, own, width=1) is None
    softmax = "exp(x1)/(1 + exp(x1))*relu(x2) + exp(2*x1)/(1 + exp(2*x1))*relu(x2 - 1)"
    family = moa("softmax", 2, groups="neuron", dictionary=("relu", "id"))
    assert width_of(softmax, family) == 2


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("x**3", fixed("relu2")),
        ("x**2", fixed("relu")),
        ("relu(relu(x1) - relu(x2))", fixed("relu", 2)),  # kinks on parts of lines
        ("relu(x**2 - 2)", fixed("relu")),
        ("cos(x)**2 + relu(x)", fixed("relu")),
        ("tanh(x1)*relu(x2) + tanh(2*x1)*relu(x1 - x2)", moa("tanh", 2, dictionary=("relu", "id"))),
        ("tanh(x1)*relu(x2) + relu(x3)", moa("tanh", 3, dictionary=("tanh", "relu"))),
    ],
)
def test_others_have_no_witness(text, family):
    assert width_of(text, family) == 0


def test_without_biases_polynomials_are_homogeneous():
    family = replace(fixed("relu2"), bias=False)
    assert width_of("x**2", family) == 2
    assert width_of("x**2 + x", family) == 0


# One sum over affine conditions


@pytest.mark.parametrize(
    "text", ["abs(abs(x) - 1)", "relu(relu(x) - abs(x - 1))", "abs(x**2 - 1)*x", "abs(x**3 - x)"]
)
def test_a_function_of_one_variable_is_its_sum(text):
    expression = user_target(text).expression
    flat = flattened(expression, (X,))
    assert is_identity(flat, expression) is True or same_pieces(flat - expression, X)
    for place in (-3, -1, 2, 7):
        assert (flat - expression).subs(X, sp.Rational(place, 3)) == 0


def test_what_is_not_0_everywhere_is_not_called_0():
    root = sp.sqrt(2)
    assert same_pieces(sp.Abs(X**2 - 2) - sp.Abs(X - root) * sp.Abs(X + root), X)
    assert not same_pieces(sp.Abs(X**2 - 2) - X**2 + 2, X)
    assert not same_pieces(sp.Piecewise((1, sp.Eq(X, root)), (0, True)), X)
    one = sp.S.One
    closed = sp.Piecewise((one, root - X <= 0), (0, True))
    assert not same_pieces(closed - sp.Piecewise((one, root - X < 0), (0, True)), X)
    assert flattened(sp.Abs(sp.sin(X)), (X,)) is None
    assert flattened(sp.Abs(X**2 + Y**2 - 1), (X, Y)) is None


def test_square_roots_are_coefficients():
    ring = Ring((X,), Budget(10**6))
    relu = sp.Piecewise((X - sp.sqrt(2), sp.sqrt(2) < X), (0, True))
    longer = sp.Piecewise((sp.sqrt(2) * X - 2, sp.sqrt(2) * X > 2), (0, True))
    assert {g.data for g in ring.used(ring.parse(relu)) if g.sort == "step"} == {
        g.data for g in ring.used(ring.parse(longer)) if g.sort == "step"
    }
