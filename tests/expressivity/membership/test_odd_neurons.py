"""No member of a class of odd neurons is called a non-member, and no bound exceeds its error 0.

Kinds: soundness (networks with random rational weights, zeros and ties among them; known sums),
negative (targets that the classes do lack are found).
"""

import random
from typing import Any

import pytest
import sympy as sp
from odd_neurons import ODD, odd_neurons

from expressivity.bounds import TargetNorms, free_knots, gradient_jump, parity
from expressivity.bounds.ridge_rank import rank_of, tail_bound, zernike_moments
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions import (
    OBSTRUCTIONS,
    homogeneity_obstruction,
    jump_amplitude_obstruction,
    parity_obstruction,
    smoothness_obstruction,
    vanishing_order_obstruction,
)
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1, t2, t4
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

X1, X2 = COORDINATES[:2]
UNIT = TargetNorms(l2=1.0, sup=1.0)
GATES = ({"name": "tanh", "bias": False}, {"name": "sigmoid", "scale": False, "bias": True})


@pytest.fixture(autouse=True, scope="module")
def registered_neurons():
    with odd_neurons():
        yield


def target_from(expression: Any, dimension: int) -> Target:
    return Target(
        name="expr", expression=expression, domain=domain_for(dimension), source="odd neurons"
    )


def families(name: str, draw: random.Random) -> list[Family]:
    """One of each kind, with and without biases; the rest is drawn."""
    found: list[Family] = []
    for kind in kinds_of(NEURONS[name]):
        for bias in (True, False):
            size = len(NEURONS[name].mixtures) if kind == "fixed" else draw.choice((1, 2))
            fields: dict[str, Any] = {"kind": kind, "bias": bias, "dimension": draw.choice((1, 2))}
            fields["dictionary"] = tuple(draw.sample(("id", "relu", "relu2", "silu", "tanh"), size))
            if kind == "moa":
                fields["gate"] = GateSpec(**draw.choice(GATES))
            width = draw.choice((1, 2))
            groups = draw.choice((1, "neuron")) if kind != "fixed" else 1
            found.append(Family(neuron=name, width=width, groups=groups, **fields))
    return found


def member(family: Family, draw: random.Random) -> Target:
    """A network with small weights, zeros and equal ones among them."""
    blocks: dict[str, sp.ImmutableMatrix] = {}
    for name, shape in family.shapes.items():
        rows, columns = shape if len(shape) == 2 else (*shape, 1)
        entries = [sp.Rational(draw.choice((-2, -1, 0, 1, 1, 2)), draw.choice((1, 2)))
                   for _ in range(rows * columns)]  # fmt: skip
        if name == "p":
            entries = [sp.Rational(draw.choice((-3, -1, 1, 2, 3)), 2) for _ in entries]
        block = sp.Matrix(rows, columns, entries)
        frozen = family.frozen(name)
        if name.startswith("scale") and frozen is not None:
            block = sp.Matrix(rows, 1, [int(s in family.dictionary) for s in family.basis] * (
                rows // len(family.basis)))  # fmt: skip
        elif frozen is not None:
            block[:, -1] = sp.zeros(rows, 1)
        blocks[name] = block.as_immutable()
    expression = network_expression(family, Weights(blocks=blocks))
    return target_from(expression, family.dimension)


def check(name: str, seed: int) -> None:
    draw = random.Random(f"{name} {seed}")
    for family in families(name, draw):
        target = member(family, draw)
        for obstruction in OBSTRUCTIONS:
            assert obstruction(target, family) is None, (family, target.expression)
        for bounds in (gradient_jump.bounds, free_knots.bounds):
            assert bounds(target, family, UNIT) == (), (family, target.expression)
        if family.dimension == 1 and target.expression != 0:
            assert parity.bounds(target, family, UNIT) == (), (family, target.expression)


@pytest.mark.parametrize("name", ODD)
def test_no_member_is_excluded(name):
    check(name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 12))
@pytest.mark.parametrize("name", ODD)
def test_no_member_is_excluded_over_many_seeds(name, seed):
    check(name, seed)


@pytest.mark.parametrize("name", ["bilinear", "shifted_gate", "gated_by_kink", "own_gate"])
def test_a_neuron_has_the_rank_that_it_shows(name):
    """Of its Zernike moments, by quadrature: not more, and not less by one."""
    mixes = bool(NEURONS[name].mixtures)
    fields: dict[str, Any] = {"dictionary": "silu"} if mixes else {}
    family = Family(neuron=name, kind="fixed", width=1, dimension=2, **fields)
    neuron = family.record
    maps = [3 * X1 + X2 + 1, X1 - 2 * X2 + sp.Rational(1, 2)][: neuron.maps]
    silu = ACTIVATIONS["silu"](maps[0])
    target = target_from(neuron(maps, [silu] * len(neuron.mixtures)), 2)
    moments, rank = zernike_moments(target, 8), rank_of(family)
    assert rank is not None
    assert tail_bound(moments, rank) < 1e-8 < 1e-3 < tail_bound(moments, rank - 1)


def test_what_odd_classes_lack_is_found():
    def lacking(name, **fields):
        return Family(neuron=name, kind="fixed", width=9, **fields)

    cubic = target_from(X1**3 + ACTIVATIONS["relu"](X1), 1)
    for name in ("maximum2", "maximum3", "slopes", "level", "switch"):
        assert "degree at most 1" in str(smoothness_obstruction(cubic, lacking(name, dimension=1)))
    assert "analytic" in str(smoothness_obstruction(t1(), lacking("sine", dimension=1)))
    assert "constant" in str(jump_amplitude_obstruction(t2(), lacking("slopes", dimension=2)))
    assert "affine" in str(jump_amplitude_obstruction(t4(), lacking("gated_by_kink", dimension=2)))
    square = Family(neuron="square_gate", kind="la", width=9, dimension=2)
    assert "polynomial of degree 2" in str(jump_amplitude_obstruction(t2(), square))
    unbiased = lacking("maximum2", dimension=1, bias=False)
    assert "degree 1" in str(homogeneity_obstruction(t1(), unbiased))
    assert "odd part" in str(parity_obstruction(t1(), lacking("slopes", dimension=1, bias=False)))
    for name, order in (("square_gate", 4), ("shifted_gate", 2)):
        flat = Family(neuron=name, kind="moa", width=9, dimension=1, bias=False,
                      dictionary="relu", gate=GateSpec(name="tanh", bias=False))  # fmt: skip
        assert f"O(|x|^{order})" in str(vanishing_order_obstruction(t1(), flat))


@pytest.mark.parametrize("name", ["maximum2", "side_branch", "switch", "slopes"])
def test_absolute_values_are_not_excluded(name):
    """abs(x1) = max(x1, -x1): the false verdict that a closed list of forms led to."""
    fields: dict[str, Any] = (
        {"kind": "la", "dictionary": "tanh"} if NEURONS[name].mixtures else {"kind": "fixed"}
    )
    family = Family(neuron=name, width=2, dimension=1, bias=False, **fields)
    target = target_from(by_conditions(sp.Abs(X1)), 1)
    assert [o(target, family) for o in OBSTRUCTIONS] == [None] * len(OBSTRUCTIONS)
