"""Pade units: what they hold, what they lack, and that no network of theirs is excluded.

Kinds: soundness (random networks in one to three dimensions, kinks that are parallel and shared
among them), reference (functions by hand), metamorphic (maps into the class keep functions),
negative (functions beyond rational pieces, plug-ins that share a name or a look).
"""

import random

import pytest
import sympy as sp
from odd_plugins import activation, registered_activation
from simple_weights import simple_weights

from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.weights import Weights, network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, exclude
from expressivity.membership.inclusions import path_at_some_width
from expressivity.membership.obstructions import (
    jump_amplitude_obstruction,
    rational_obstruction,
    smoothness_obstruction,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

INSIDE = ("relu", "relu2", "leaky-relu", "prelu", "prelu-shared", "apl", "maxout-2", "bilinear",
          "slaf", "polyrelu")  # fmt: skip
OUTSIDE = ("silu", "tanh", "elu", "la", "moa-tanh", "reglu", "swish-beta", "snake", "xielu",
           "maxout-3", "abu", "moa-sigmoid-neuron")  # fmt: skip


def pau(dimension: int) -> Family:
    return family_named("pau", 2, dimension)


def members(seed: int, count: int):
    """Networks with kinks, at rational places often, that neurons share or that are parallel."""
    draw = random.Random(seed)

    def number() -> sp.Rational:
        return sp.Rational(draw.randint(-6, 6), draw.randint(1, 4))

    for _ in range(count):
        family = family_named("pau", draw.choice((1, 2)), draw.choice((1, 2, 3)))
        blocks = {
            name: sp.Matrix(*shape, [number() for _ in range(sp.prod(shape))])
            for name, shape in family.shapes.items()
        }
        q = draw.choice(((1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 1, 0), (-1, 2, 0, 1), (0, 1, 0, 0)))
        blocks["p"][0, 6:] = sp.Matrix([q])
        if family.width == 2 and draw.random() < 0.5:
            blocks["w"][1, :] = blocks["w"][0, :] * draw.choice((1, -1, 2))
        weights = Weights(blocks={name: block.as_immutable() for name, block in blocks.items()})
        yield family, network_expression(family, weights)


def false_alarms(found) -> list[str]:
    alarms: list[str] = []
    for family, expression in found:
        domain = domain_for(family.dimension)
        target = Target(name="expr", expression=expression, domain=domain, source="a network")
        for ask in (jump_amplitude_obstruction, rational_obstruction, smoothness_obstruction):
            reason = ask(target, family)
            alarms += [] if reason is None else [f"{expression}: {reason}"]
    return alarms


def test_no_network_is_excluded():
    assert false_alarms(members(0, 6)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_300_networks_are_not_excluded(seed):
    assert false_alarms(members(seed, 50)) == []


@pytest.mark.parametrize(
    ("text", "width"),
    [("x/(1+abs(x))", 1), ("1/(1+x**2)", 1), ("x**5", 1), ("x**4+x", 1), ("abs(x)", 8),
     ("x**3*abs(x)", 5), ("relu(x)+relu2(x)", 8), ("x1*x2", 2)],
)  # fmt: skip
def test_networks_by_hand(text, width):
    target = user_target(text)
    found = classify(target, pau(target.dimension))
    assert found.membership.verdict is Verdict.MEMBER and found.family.width <= width
    assert found.witness is not None
    network = network_expression(found.family, found.witness)
    assert is_identity(network, target.expression) is True


@pytest.mark.parametrize(
    ("text", "obstruction"),
    [("tanh(x)", "rational"), ("silu(x)", "rational"), ("gelu(x)", "rational"),
     ("elu(x)", "rational"), ("sin(x)", "rational"), ("exp(-x**2)", "rational"),
     ("tanh(x)**2", "rational"), ("relu(x)*tanh(x)", "rational"),
     ("sigmoid(x1)*x2", "rational"), ("x1*relu(x2)", "jump_amplitude"),
     ("relu(x1)*relu(x2)", "jump_amplitude"), ("relu(x1-relu(x2))+relu(x2)", "jump_amplitude"),
     ("abs(x1**2+x2**2-1/2)", "smoothness")],
)  # fmt: skip
def test_what_the_class_lacks(text, obstruction):
    target = user_target(text)
    found = exclude(target, pau(target.dimension))
    assert found is not None and found.obstruction == obstruction


@pytest.mark.parametrize("text", ["1/(1+x**4)", "x/(1+abs(x))", "abs(x-1/3)+x**3", "x1*x2*x3"])
def test_rational_functions_are_not_excluded(text):
    target = user_target(text)
    assert exclude(target, pau(target.dimension)) is None


@pytest.mark.parametrize("name", INSIDE)
def test_smaller_classes_are_carried_into_it(name):
    family = family_named(name, 1, 2)
    way = path_at_some_width(family, pau(2))
    assert way is not None and not way.domain
    start = simple_weights(way.start, 3)
    carried = network_expression(way.end, way.carry(start))
    network = network_expression(way.start, start)
    for point in ((1, 2), (-3, 1), (sp.Rational(1, 3), -2), (0, 0)):
        at = dict(zip(COORDINATES, point, strict=False))
        assert network.subs(at) == carried.subs(at)


@pytest.mark.parametrize("name", OUTSIDE)
def test_other_classes_are_not(name):
    assert path_at_some_width(family_named(name, 2, 3), pau(3)) is None


def test_its_own_simple_functions_are_in_few_classes():
    for text, holds in (("x**5", ()), ("x/(1+abs(x))", ()), ("x**2", ("relu2", "bilinear"))):
        target = user_target(text)
        for name in ("relu", "relu2", "bilinear", "maxout-3", "elu"):
            excluded = exclude(target, family_named(name, 2, 1)) is not None
            assert not (excluded and name in holds)
            assert excluded or name in holds or text == "x/(1+abs(x))"


def test_a_rational_activation_with_gates_or_exponentials_is_not_taken_for_one():
    target = user_target("tanh(x)")
    with registered_activation(activation("quotient", sp.Symbol("z", real=True) ** 2)):
        la = Family(neuron="type1", kind="la", dictionary="quotient,relu", width=1, dimension=1)
        gated = Family(neuron="type1", kind="moa", gate="tanh", dictionary="quotient,relu",
                       width=1, dimension=1)  # fmt: skip
        mixed = Family(neuron="type1", kind="la", dictionary="quotient,tanh", width=1, dimension=1)
        assert rational_obstruction(target, la) is not None
        assert rational_obstruction(target, gated) is None
        assert rational_obstruction(target, mixed) is None
