"""Obstructions against shared coefficients: edges, pencils, cycles, gates on lines, poles.

Kinds: reference (docs/theory.md, section 6, T6 to T11), negative (sharp cases that are members),
soundness (networks are never excluded from their own class, whatever gate is plugged in).
"""

import random

import pytest
import sympy as sp
from odd_plugins import activation, gate, registered_activation, registered_gate

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.decide import classify
from expressivity.membership.obstructions import (
    gate_lines_obstruction,
    jump_amplitude_obstruction,
    pole_order_obstruction,
    shared_amplitude_obstruction,
)
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

EDGE, SHARED, LINES, POLES = OURS = (
    jump_amplitude_obstruction,
    shared_amplitude_obstruction,
    gate_lines_obstruction,
    pole_order_obstruction,
)
GATES = ("tanh", "sigmoid", "softmax")
T6 = "tanh(2*x3)*relu(x1)+tanh(4*x3)*relu(x2)"
T7 = "x3*relu(x1)+relu(x2)"
T7B = "(1+x1)*relu(x2)+relu(x1)+relu(x1+x2-1/2)"
THREE = "(tanh(x1)+tanh(2*x1)+tanh(3*x1))*relu(x2)"
SQUARE = "tanh(2*x1)**2*relu(x2)"
MAXOUT3 = "relu(x1-relu(x2))+relu(x2)"


def moa(dimension, gate="tanh", form="type1", **fields):
    given = {"neuron": form, "kind": "moa", "width": 12, "dimension": dimension}
    return Family(**given, gate=gate, **fields)


def la(dimension, form="type1", **fields):
    return Family(neuron=form, kind="la", width=12, dimension=dimension, **fields)


def excluded_by(text, family):
    target = user_target(text) if isinstance(text, str) else text
    return {f for f in OURS if f(target, family) is not None}


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(
    ("text", "dimension", "by"),
    [
        (T6, 3, SHARED), (T7, 3, SHARED), (T7B, 2, SHARED), ("x1*relu(x2)+relu(x1)", 2, SHARED),
        ("x1*relu(x2)", 2, LINES), ("relu(x1)*relu(x2)", 2, EDGE), (MAXOUT3, 2, EDGE),
        ("relu(x1)*relu(2**0.5*x1-x2)", 2, EDGE),
        ("relu(2**0.5*x1-x2)*x1+relu(x1)", 2, SHARED),
    ],
)  # fmt: skip
def test_no_type1_moa(gate, text, dimension, by):
    assert by in excluded_by(text, moa(dimension, gate))


@pytest.mark.parametrize("form", ["type1", "one_sided", "two_sided", "quadratic"])
def test_maxout3_is_in_no_class(form):
    target = Target(
        name="t10",
        expression=sp.Max(0, *sp.symbols("x1 x2", real=True)),
        domain=domain_for(2),
        source="test",
    )
    for asked in (la(2, form), *(moa(2, g, form, groups=3) for g in GATES)):
        assert EDGE in excluded_by(target, asked)


def test_groups_form_a_ladder():
    assert SHARED in excluded_by(T6, moa(3))
    assert not excluded_by(T6, moa(3, groups=2))
    three = T6 + "+tanh(6*x3)*relu(x1+x2)"
    assert SHARED in excluded_by(three, moa(3, groups=2))
    assert not excluded_by(three, moa(3, groups=3))
    assert not excluded_by(three, moa(3, groups="neuron"))


def test_polynomial_weights_allow_more():
    assert not excluded_by(T7, moa(3, form="one_sided"))
    assert SHARED in excluded_by("x3**3*relu(x1)+relu(x2)", moa(3, form="one_sided"))
    assert SHARED in excluded_by(T6, moa(3, form="one_sided"))


@pytest.mark.parametrize("text", ["tanh(x1)*relu(x2)", "tanh(x1+x2)*relu(x1)+tanh(x1+x2)*relu(x2)"])
def test_multiples_of_one_function_are_not_excluded(text):
    for name in GATES:
        assert not excluded_by(text, moa(2, name)) & {SHARED, EDGE}
    assert not excluded_by(text, moa(2))


def test_a_cycle_that_agrees_is_not_excluded():
    """(1 + x1)/2 as the shared function, three lines: a plug-in gate makes it a member."""
    text = "(2+x1)*(relu(x2)+relu(x1)+3*relu(x1+x2-1/2))"
    assert not excluded_by(text, moa(2)) & {SHARED}
    assert SHARED in excluded_by("(2+x1)*(relu(x2)+relu(x1))+(3+x1)*relu(x1+x2-1/2)", moa(2))


def test_four_lines_in_a_cycle_with_parallel_pairs():
    text = "(1+x1*x2)*relu(x1)+relu(x1-1/2)+relu(x2)+(2+x1)*relu(x2-1/2)"
    assert SHARED in excluded_by(text, moa(2))
    assert not excluded_by("relu(x1)+relu(x1-1/2)+relu(x2)+relu(x2-1/2)", moa(2))


@pytest.mark.parametrize(
    ("text", "asked", "excluded"),
    [
        (THREE, moa(2), True),
        (THREE, moa(2, "sigmoid"), True),
        (THREE, moa(2, groups=2), False),
        (THREE, moa(2, dictionary="relu,tanh", groups=2), True),
        (THREE, moa(2, "softmax"), False),
        (SQUARE, moa(2, "softmax"), True),
        (SQUARE, moa(2, "softmax", groups=2), False),
        ("x1**2*relu(x2)", moa(2, form="one_sided"), True),
        ("x1**2*relu(x2)", moa(2, form="quadratic", dictionary="relu,relu2"), False),
        ("x1**3*relu(x2)", moa(2, form="quadratic", dictionary="relu,relu2"), True),
        ("x1*relu(x2)", moa(2, "softmax", groups="neuron"), True),
    ],
)
def test_gates_on_lines(text, asked, excluded):
    assert (LINES in excluded_by(text, asked)) is excluded


@pytest.mark.parametrize(
    ("text", "asked", "excluded"),
    [
        (SQUARE, moa(2), True), (SQUARE, moa(2, "sigmoid", groups=4), True),
        (SQUARE, moa(2, form="quadratic"), False), (SQUARE, la(2, "quadratic"), True),
        ("tanh(2*x1)**3*relu(x2)", moa(2, form="quadratic"), True),
        ("tanh(x)**4", moa(1, form="quadratic"), True),
        ("tanh(x)**4", moa(1, form="two_sided"), False),
        ("tanh(x)**4", moa(1, "softmax", form="quadratic"), False),
        ("tanh(x)**2", la(1), True), ("tanh(x)**3", moa(1), True), ("tanh(x)**2", moa(1), False),
        ("tanh(x)**2*relu(x)", moa(1, dictionary="relu,id"), True),
    ],
)  # fmt: skip
def test_orders_of_poles(text, asked, excluded):
    assert (POLES in excluded_by(text, asked)) is excluded


def test_unbounded_and_kinked_gates_are_not_excluded():
    """x1 relu(x2) with a linear gate, relu(x1) relu(x2) with a gate that is a ReLU: members."""
    with registered_gate(gate("linear", Z)), registered_gate(gate("ramping", sp.Max(Z, 0))):
        for text in ("x1*relu(x2)", "relu(x1)*relu(x2)", T7, SQUARE):
            asked = moa(3 if text == T7 else 2, GateSpec(name="ramping"))
            assert not excluded_by(text, asked)
        assert not excluded_by("x1*relu(x2)", moa(2, GateSpec(name="linear")))
        assert SHARED in excluded_by(T7, moa(3, GateSpec(name="linear")))


def test_activations_with_a_step_are_not_excluded():
    with registered_activation(activation("stairs", sp.Piecewise((1, Z > 0), (0, True)))):
        for text in ("relu(x1)*relu(x2)", "x1*relu(x2)", MAXOUT3):
            for asked in (
                la(2, "one_sided", dictionary="stairs"),
                moa(2, dictionary="stairs,relu"),
            ):
                assert not excluded_by(text, asked)


def test_the_verdicts_name_the_obstruction():
    assert classify(user_target(T7), moa(3)).obstruction == "shared_amplitude"
    assert classify(user_target("x1*relu(x2)"), moa(2, "softmax")).obstruction == "gate_lines"


def _member(draw, form, kind, dimension, width=2):
    fields = {"gate": GateSpec(name=draw.choice(GATES))} if kind == "moa" else {}
    asked = Family(
        neuron=form, kind=kind, width=width, dimension=dimension,
        groups=draw.choice((1, 2)), dictionary=draw.choice(("relu,tanh", "relu,leaky_relu")),
        **fields,
    )  # fmt: skip
    blocks = {}
    for name, shape in asked.shapes.items():
        rows, columns = shape if len(shape) == 2 else (*shape, 1)
        pool = (-1, 0, 0, 1, 1, 2) if name[0] in "wv" else (-2, -1, 1, 2, 3)
        blocks[name] = sp.ImmutableMatrix(
            rows, columns, [sp.Integer(draw.choice(pool)) for _ in range(rows * columns)]
        )
    expression = network_expression(asked, Weights(blocks=blocks))
    return asked, Target(
        name="expr", expression=expression, domain=domain_for(dimension), source="random member"
    )


@pytest.mark.parametrize("kind", ["la", "moa"])
@pytest.mark.parametrize("form", ["type1", "one_sided", "two_sided", "quadratic"])
@pytest.mark.parametrize(
    ("dimension", "width", "count"),
    [(2, 2, 1), pytest.param(2, 4, 4, marks=pytest.mark.slow),
     pytest.param(3, 4, 3, marks=pytest.mark.slow)],
)  # fmt: skip
def test_members_are_never_excluded(form, kind, dimension, width, count):
    draw = random.Random(f"{form} {kind}")
    for _ in range(count):
        asked, target = _member(draw, form, kind, dimension, width)
        for obstruction in OURS:
            assert obstruction(target, asked) is None, (obstruction, target.expression)
