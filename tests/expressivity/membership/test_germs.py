"""Inclusions that hold on the unit ball alone, by germs of an activation.

Property: the map keeps the function on the ball, for random exact weights, zero and irrational ones
among them. Reference: modulus and relu are the same functions there, and their answer is `domain`.
Negative: nothing holds on the whole space, without biases, of curved pieces or of a jump.
"""

import random
from dataclasses import replace

import odd_plugins as odd
import pytest
import sympy as sp
from simple_weights import simple_weights

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.inclusions import path, path_at_some_width
from expressivity.membership.inclusions.germs import germs_of
from expressivity.relations.answers import Answer, Relation
from expressivity.relations.compare import related
from expressivity.symbolic.points import is_zero
from expressivity.symbolic.symbols import COORDINATES, Z

MODULUS = sp.Piecewise((Z, Z > 0), (-Z, True))


@pytest.fixture(autouse=True)
def modulus():
    with odd.registered_activation(odd.activation("modulus", MODULUS)):
        yield


def fixed(
    *, names=(), neuron: str = "type1", width: int = 1, dimension: int = 2, **fields
) -> Family:
    fields |= {"dictionary": names} if names else {}
    kind = "fixed" if len(names) < 2 else "la"
    return Family(neuron=neuron, kind=kind, width=width, dimension=dimension, **fields)


PAIRS = {
    "relu": ({"names": ("relu",)}, "modulus"),
    "leaky_relu": ({"names": ("leaky_relu",)}, "modulus"),
    "la": ({"names": ("id", "relu", "leaky_relu")}, "modulus"),
    "prelu": ({"neuron": "prelu"}, "modulus"),
    "maxout": ({"neuron": "maxout2"}, "modulus"),
    "elu": ({"names": ("id",)}, "elu"),
    "outputs": ({"names": ("id",), "outputs": 2}, "selu"),
}


def pair(name: str) -> tuple[Family, Family]:
    """A class of width 2 and the one that it lies in on the ball."""
    fields, goal = PAIRS[name]
    outputs = fields.get("outputs", 1)
    return fixed(**fields, width=2), fixed(names=(goal,), outputs=outputs)


def points(dimension: int, count: int) -> list[list[sp.Rational]]:
    """Rational points of the ball, its centre and a pole among them."""
    draw = random.Random(0)
    found = [[sp.S.Zero] * dimension, [sp.S.One, *[sp.S.Zero] * (dimension - 1)]]
    while len(found) < count:
        point = [sp.Rational(draw.randint(-9, 9), 10) for _ in range(dimension)]
        if sum(x**2 for x in point) <= 1:
            found.append(point)
    return found


def agree(left: sp.Expr, right: sp.Expr, point: list[sp.Rational]) -> bool:
    at = dict(zip(COORDINATES, point, strict=False))
    return is_zero(sp.nsimplify(left.subs(at) - right.subs(at))) is True


def wide_shapes(family: Family) -> dict[str, tuple[int, ...]]:
    """Of the blocks as matrices."""
    return {n: s if len(s) == 2 else (*s, 1) for n, s in family.shapes.items()}


def expressions(family: Family, weights: Weights) -> list[sp.Expr]:
    """One for each output."""
    rows = weights["a"].tolist()
    single = replace(family, outputs=1)
    return [
        network_expression(
            single, Weights(blocks={**weights.blocks, "a": sp.ImmutableMatrix([row])})
        )
        for row in rows
    ]


@pytest.mark.parametrize("name", PAIRS)
def test_the_map_keeps_the_function_on_the_ball(name):
    family, goal = pair(name)
    found = path_at_some_width(family, goal)
    assert found is not None and found.domain
    step, larger = found.steps[-1]
    assert step.name == "germs of an activation"
    wide = larger.at_width(family.width * larger.width)
    for seed in range(3):
        weights = simple_weights(family, seed)
        carried = step.carry(family, wide, weights)
        assert {n: block.shape for n, block in carried.blocks.items()} == wide_shapes(wide)
        pairs = zip(expressions(family, weights), expressions(wide, carried), strict=True)
        assert all(agree(left, right, p) for left, right in pairs for p in points(2, 12))


def test_zero_and_irrational_weights():
    family = fixed(names=("relu",), width=3, dimension=1)
    goal = fixed(names=("modulus",), dimension=1)
    rows = {"w": [[0, 0], [sp.sqrt(2), -1], [0, -3]], "a": [[5, sp.sqrt(3), 1]]}
    blocks = {name: sp.ImmutableMatrix(block) for name, block in rows.items()}
    weights = Weights(blocks={**simple_weights(family, 0).blocks, **blocks})
    step, larger = path_at_some_width(family, goal).steps[-1]
    wide = larger.at_width(3 * larger.width)
    (left,) = expressions(family, weights)
    (right,) = expressions(wide, step.carry(family, wide, weights))
    for x in (-1, sp.Rational(1, 3), sp.sqrt(2) / 2, 1):
        assert sp.simplify(left.subs(COORDINATES[0], x) - right.subs(COORDINATES[0], x)) == 0
    assert sp.simplify(left.subs(COORDINATES[0], -9) - right.subs(COORDINATES[0], -9)) != 0


def test_modulus_and_relu_are_the_same_on_the_ball():
    found = related(fixed(names=("relu",)), fixed(names=("modulus",)), dimension=2)
    assert (found.relation, found.on_space) == (Relation.EQUAL, False)
    assert (found.a_in_b.answer, found.b_in_a.answer) == (Answer.DOMAIN, Answer.YES)
    assert ", on the unit ball, over all widths" in found.sentence


def test_nothing_is_claimed_beyond_the_ball():
    for family, goal in map(pair, PAIRS):
        assert path(family, goal.at_width(40)) is None


@pytest.mark.parametrize(
    ("name", "goal", "bias"),
    [
        ("relu", "elu", True),
        ("relu", "modulus", False),
        ("tanh", "modulus", True),
        ("relu2", "modulus", True),
        ("id", "relu2", True),
    ],
)
def test_what_is_no_sum_of_germs_is_not_carried(name, goal, bias):
    found = path_at_some_width(fixed(names=(name,), bias=bias), fixed(names=(goal,), bias=bias))
    assert found is None or not found.domain


def test_a_jump_and_a_value_at_0_leave_no_germ_there():
    step = sp.Piecewise((Z + 1, Z > 0), (Z, True))
    dent = sp.Piecewise((Z, Z > 0), (1, sp.Eq(Z, 0)), (-Z, True))
    assert [germ.point for germ in germs_of(step)] == [1, -1]
    assert 0 not in [germ.point for germ in germs_of(dent)]
    assert germs_of(ACTIVATIONS["tanh"].expression) == ()
