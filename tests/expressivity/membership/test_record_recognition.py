"""Tests of recognition for any record: groups, constraints, and neurons that mix nothing.

Reference: known identities. Property: witnesses of random members of each record, few of which are
missed. Metamorphic: the same expression written otherwise, wider,
with more groups. Negative: functions outside a class, coefficients that no constraint admits,
budgets that are used up.
"""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
import torch
from simple_weights import simple_weights
from small_records import RECORDS, registered

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.neurons import MAPS, MIXTURES, Neuron, Parameter
from expressivity.classes.weights import defect, network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, decide
from expressivity.membership.recognition import recognise
from expressivity.membership.recognition.sparse import combinations
from expressivity.membership.witnesses import find_witness
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

torch.set_num_threads(1)
X, Y, Z = COORDINATES[:3]
RELU, SILU, LEAKY = (ACTIVATIONS[name] for name in ("relu", "silu", "leaky_relu"))
HALF = sp.Rational(1, 2)


@pytest.fixture(autouse=True)
def records():
    with registered(*RECORDS):
        yield


def plain(name: str, dimension: int = 1, **changes) -> Family:
    return Family(neuron=f"test_{name}", kind="fixed", width=1, dimension=dimension, **changes)


def target_of(expression: sp.Expr, dimension: int) -> Target:
    domain = domain_for(dimension)
    return Target(name="expr", expression=expression, domain=domain, source="a test")


def width_of(expression: sp.Expr, family: Family, width: int | None = None) -> int:
    """Width of the witness found, 0 for none; the witness is checked once more."""
    found = recognise(expression, family, width=width)
    if found is None:
        return 0
    assert defect(found.family, found.weights) is None
    network = network_expression(found.family, found.weights)
    assert is_identity(network, expression) is True
    assert replace(found.family, width=family.width) == family
    return found.family.width


# Neurons that mix nothing


@pytest.mark.parametrize(
    ("expression", "name", "width"),
    [
        (sp.Abs(X), "maxout2", 1),
        (RELU(X), "maxout2", 1),
        (RELU(X - Y) + Y, "maxout2", 1),
        (2 * X + 1, "maxout2", 1),
        (sp.Max(X, 2 * Y - 1) - 3 * RELU(X), "maxout2", 2),
        (sp.Abs(X) + sp.Abs(Y) - sp.Abs(X - Y), "maxout2", 3),
        (sp.Max(0, X, Y), "maxout3", 1),
        (LEAKY(X), "prelu", 1),
        (sp.Abs(X), "prelu", 1),
        (3 * X + 1, "prelu", 1),
        (sp.Abs(X) - 2 * RELU(Y - 1), "prelu", 2),
        (X / (1 + sp.exp(-2 * X)), "swish", 1),
        (SILU(X) - 3 * SILU(2 * X + 1), "swish", 2),
        (X + sp.sin(X) ** 2, "snake", 1),
        (X + sp.sin(2 * X) ** 2 / 2, "snake", 1),
        (X, "snake", 2),
        (X * Y, "bilinear", 1),
        (X**2 - Y + 1, "bilinear", 2),
        (sp.S.Zero, "snake", 1),
    ],
)
def test_known_networks_of_any_record(expression, name, width):
    dimension = 2 if Y in expression.free_symbols else 1
    assert width_of(expression, plain(name, dimension)) == width


def test_a_piecewise_linear_function_is_a_sum_of_maxima():
    folded = sp.Abs(sp.Abs(X) - HALF)
    assert 3 <= width_of(folded, plain("maxout2")) <= 6
    assert width_of(folded, plain("maxout2"), width=8) == 8


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (sp.Max(0, X, Y), "maxout2"),  # its kinks end where they meet: docs/theory.md
        (sp.sin(X), "maxout2"),
        (sp.exp(X), "prelu"),
        (X**2, "swish"),
        (sp.Abs(X), "snake"),
        (X * Y * (X + Y), "bilinear"),
    ],
)
def test_no_witness_outside_the_class(expression, name):
    dimension = 2 if Y in expression.free_symbols else 1
    assert width_of(expression, plain(name, dimension)) == 0


def test_switches_and_widths_hold():
    assert width_of(sp.Abs(X - 1), plain("maxout2", bias=False)) == 0
    assert width_of(sp.Abs(X), plain("maxout2", bias=False)) == 1
    assert width_of(SILU(X) - 3 * SILU(2 * X + 1), plain("swish"), width=1) == 0
    assert width_of(SILU(X) - 3 * SILU(2 * X + 1), plain("swish"), width=3) == 3


def test_a_parameter_that_the_layer_shares_is_one():
    shared = Neuron(
        name="test_shared",
        title="",
        latex="",
        maps=1,
        expression=RECORDS[2].expression,
        parameters=(Parameter(name="p", initial=0.25, spread=(0.0, 1.0)),),
        shared=True,
    )
    with registered(shared):
        family = plain("shared")
        assert width_of(LEAKY(X) - 2 * LEAKY(X - 1), family) == 2
        found = recognise(LEAKY(X) - 2 * LEAKY(X - 1), family)
        assert found.weights["p"].shape == (1, 1)


def test_a_fixed_family_of_an_activation_without_normal_form():
    """The record z + psi(z) is no product; its fixed family mixes nothing."""
    residual = Neuron(
        name="test_residual",
        title="",
        latex="",
        maps=1,
        mixtures=((0,),),
        expression=MIXTURES[0] + MAPS[0],
    )
    with registered(residual):
        fixed = plain("residual", dictionary=("tanh",))
        assert width_of(3 * X + 3 * sp.tanh(X), fixed) == 1
        assert width_of(sp.tanh(X), fixed) == 0
        la = replace(fixed, kind="la", dictionary=("tanh", "relu"))
        assert recognise(X + sp.tanh(X), la) is None


def test_the_same_function_written_otherwise():
    family = plain("maxout2")
    forms = (sp.Abs(X), sp.Max(X, -X), RELU(X) + RELU(-X), 2 * RELU(X) - X)
    assert [width_of(form, family) for form in forms] == [1, 1, 1, 1]
    assert width_of(X * sp.tanh(X) / 2 + X / 2, plain("swish")) == 1


def test_abs_is_a_member_of_maxout():
    found = classify(target_of(sp.Abs(X), 1), plain("maxout2"))
    assert (found.membership.verdict, found.family.width) == (Verdict.MEMBER, 1)
    assert decide(target_of(sp.Abs(X), 1), plain("maxout2")).verdict is Verdict.MEMBER


def test_a_budget_that_is_used_up_finds_nothing():
    assert recognise(sp.Abs(X), plain("maxout2"), steps=0) is None
    assert recognise(sp.Abs(X), replace(plain("maxout2"), outputs=2)) is None


MEMBERS = 8


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_most_random_members_of_width_1_are_found(record):
    """A witness is verified where there is one; some constants and many pieces are missed."""
    found = 0
    for seed in range(MEMBERS):
        family = plain(record.name.removeprefix("test_"), 1 + seed % 2)
        family = replace(family, bias=seed % 4 < 2)
        expression = network_expression(family, simple_weights(family, seed))
        found += width_of(expression, family) > 0
    assert found >= MEMBERS - 2


# Groups and constraints

LA = Family(neuron="type1", kind="la", width=1, dimension=2)
MOA = Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=3)
OWN = RELU(X) + sp.tanh(Y)
T6 = sp.tanh(Z) * RELU(X) + sp.tanh(2 * Z) * RELU(Y)


@pytest.mark.parametrize(
    ("expression", "constraint", "width"),
    [
        (RELU(X) + sp.tanh(X), "simplex", 1),
        (-RELU(X) - 3 * sp.tanh(X), "simplex", 1),
        (RELU(X) - 3 * sp.tanh(X), "affine", 1),
        (RELU(X) - 3 * sp.tanh(X), "simplex", 0),
        (RELU(X) - sp.tanh(X), "affine", 0),
        (sp.S.Zero, "simplex", 1),
    ],
)
def test_coefficients_are_scaled_into_the_constraint(expression, constraint, width):
    family = replace(LA, constraint=constraint, dictionary=("relu", "tanh"))
    assert width_of(expression, family) == width


@pytest.mark.parametrize(
    ("family", "width"),
    [
        (LA, 0),
        (replace(LA, groups=2, width=2), 2),
        (replace(LA, groups=3, width=3), 3),
        (replace(LA, groups="neuron"), 2),
        (replace(LA, groups="neuron", constraint="simplex"), 2),
    ],
    ids=["one group", "two", "three", "each", "simplex"],
)
def test_groups_have_coefficients_of_their_own(family, width):
    assert width_of(OWN, family) == width
    assert width_of(OWN, family, width=6) == (6 if width else 0)


def test_a_network_of_one_group_is_one_of_several():
    expression = RELU(X) + sp.tanh(X) - 2 * RELU(Y) - 2 * sp.tanh(Y)
    assert width_of(expression, LA) == 2
    assert width_of(expression, replace(LA, groups=2, width=2)) == 2
    assert width_of(expression, replace(LA, groups=3, width=3)) == 3
    assert width_of(expression, replace(LA, groups="neuron")) == 2


@pytest.mark.parametrize(
    ("form", "expression"),
    [
        ("one_sided", RELU(X) * Y + sp.tanh(Y) * (X - 2)),
        ("two_sided", RELU(X) * sp.tanh(Y) + sp.tanh(X) * SILU(X + Y)),
        ("quadratic", RELU(X) * Y + sp.tanh(Y) * (X - 2)),
    ],
)
def test_products_with_coefficients_of_their_own(form, expression):
    names = ("id", "relu", "silu", "tanh")
    family = replace(LA, neuron=form, dictionary=names)
    assert width_of(expression, replace(family, groups="neuron")) == 2
    assert width_of(expression, replace(family, groups=2, width=2)) == 2


def test_gates_of_two_groups():
    """T6 of docs/theory.md: two groups of gates, and no single one."""
    assert width_of(T6, MOA) == 0
    assert width_of(T6, replace(MOA, groups=2, width=2)) == 2
    assert width_of(T6, replace(MOA, groups="neuron"), width=3) == 3
    assert width_of(T6 + sp.tanh(Z) * sp.tanh(X), replace(MOA, groups=2, width=2)) == 2


def test_classes_with_groups_are_asked_at_widths_that_these_divide():
    target = target_of(T6, 3)
    for groups, width in ((2, 2), (3, 3), ("neuron", 2)):
        family = replace(MOA, groups=groups, width=6)
        found = classify(target, family)
        assert (found.membership.verdict, found.family.width) == (Verdict.MEMBER, width)
        weights = find_witness(target, family)
        assert defect(family, weights) is None
    unknown = classify(target_of(sp.exp(X * Y * Z), 3), replace(MOA, groups=2, width=2))
    assert unknown.membership.verdict is not Verdict.MEMBER


@pytest.mark.parametrize("constraint", ["free", "affine", "simplex"])
@pytest.mark.parametrize("form", ["type1", "one_sided"])
def test_random_members_with_groups_have_a_witness(form, constraint):
    for seed in range(3):
        family = Family(
            neuron=form,
            kind="la",
            width=2,
            dimension=2,
            dictionary=("relu", "tanh"),
            constraint=constraint,
            groups="neuron",
        )
        expression = network_expression(family, simple_weights(family, seed))
        found = width_of(expression, family)
        assert found or constraint != "free"


# Sparse combinations


def test_combinations_are_few_and_exact():
    draw = np.random.default_rng(3)
    columns = draw.normal(size=(40, 25))
    target = 2 * columns[:, 3] - columns[:, 7] + columns[:, 20] / 4
    found = list(combinations(columns, target))
    assert sorted(i for i, _ in found[0]) == [3, 7, 20]
    assert dict(found[0])[20] == pytest.approx(0.25, abs=1e-12)
    assert not list(combinations(columns, target, most=2))
    assert not list(combinations(columns, draw.normal(size=40)))
    assert list(combinations(columns, 0 * target)) == [[]]
    assert not list(combinations(columns, np.full(40, np.nan)))
