"""Families: shapes, switches and parameter counts.

Kinds: property (the count formula against counting the learned entries one by one), reference
(counts by hand), negative (combinations that do not exist).
"""

import itertools
import re

import pytest
import torch

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS

torch.set_num_threads(1)

SWITCHES = [False, True]


def every_family() -> list[Family]:
    families = []
    for form, bias, outputs, (width, dimension) in itertools.product(
        FORMS, SWITCHES, (1, 3), ((1, 1), (4, 2))
    ):
        sizes = {"neuron": form, "bias": bias, "outputs": outputs}
        sizes |= {"width": width, "dimension": dimension}
        if form in FIXED_FORMS:
            families.append(Family(kind=Kind.FIXED, dictionary=("gelu",), **sizes))
        for dictionary in (FULL_DICTIONARY, ("relu", "tanh")):
            families.append(Family(kind=Kind.LA, dictionary=dictionary, **sizes))
            families += [
                Family(
                    kind=Kind.MOA,
                    dictionary=dictionary,
                    gate=GateSpec(name=name, scale=scale, bias=gate_bias),
                    **sizes,
                )
                for name, scale, gate_bias in itertools.product(GATES, SWITCHES, SWITCHES)
            ]
    return families


def learned_entries(family: Family) -> int:
    count = 0
    for block, shape in family.shapes.items():
        learned = torch.ones(shape, dtype=torch.bool)
        held = family.frozen(block)
        if held is not None:
            learned[..., held] = False
        count += int(learned.sum())
    return count


def test_parameter_count_is_the_number_of_learned_entries():
    families = every_family()
    assert len(families) > 400
    for family in families:
        assert family.parameter_count == learned_entries(family), family


def la(**changes: object) -> Family:
    return Family(**{"kind": Kind.LA, "neuron": "type1", "width": 4, "dimension": 2, **changes})


def test_counts_by_hand():
    gate = GateSpec(name="sigmoid")
    # neurons 4 x 3, outputs 4, coefficients 7
    assert la().parameter_count == 12 + 4 + 7
    assert la(kind=Kind.FIXED, dictionary=("relu",)).parameter_count == 16
    # two maps, 49 coefficients
    assert la(neuron="quadratic").parameter_count == 24 + 4 + 49
    # two sides of 7 gates, each with two weights, a bias and a scale
    assert la(neuron="two_sided", kind=Kind.MOA, gate=gate).parameter_count == 24 + 4 + 56


def test_blocks_come_in_one_order_whatever_the_switches():
    gate = GateSpec(name="tanh", scale=False, bias=False)
    family = la(neuron="two_sided", kind=Kind.MOA, gate=gate, dictionary=("id", "relu"))
    assert dict(family.shapes) == {
        "w": (4, 3),
        "v": (4, 3),
        "u0": (2, 3),
        "u1": (2, 3),
        "a": (1, 4),
        "scale0": (2,),
        "scale1": (2,),
    }
    assert list(family.shapes) == ["w", "v", "u0", "u1", "a", "scale0", "scale1"]
    default = la(neuron="two_sided", kind=Kind.MOA, gate=GateSpec(name="tanh"), bias=False)
    assert list(default.shapes) == list(family.shapes)


def test_fixed_shares_the_program_of_the_full_dictionary():
    family = la(kind=Kind.FIXED, dictionary=("silu",))
    assert family.activation == "silu"
    assert family.basis == FULL_DICTIONARY
    assert family.frozen("scale0") == slice(None)
    assert la().activation is None
    assert la(dictionary=("tanh", "id")).basis == ("tanh", "id")


def test_json():
    family = la(kind=Kind.FIXED, dictionary=("relu",), neuron="one_sided", bias=False)
    assert family.json() == {
        "kind": "fixed",
        "form": "one_sided",
        "width": 4,
        "gate": None,
        "activation": "relu",
        "dictionary": ["relu"],
        "bias": False,
        "constraint": "free",
        "groups": 1,
        "outputs": 1,
    }
    gated = la(kind=Kind.MOA, gate=GateSpec(name="tanh")).json()
    assert gated["gate"] == {"name": "tanh", "scale": True, "bias": True}
    assert gated["activation"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width of at least 1; got 0"),
        ({"dimension": -1}, "dimension of at least 1; got -1"),
        ({"outputs": 0}, "outputs of at least 1; got 0"),
        ({"dictionary": ()}, "at least one activation"),
        ({"dictionary": ("relu", "relu")}, "each activation once in the dictionary; got relu,relu"),
        ({"dictionary": ("sine",)}, "unknown activation 'sine'"),
        ({"kind": Kind.FIXED}, "exactly one activation"),
        (
            {"kind": Kind.FIXED, "dictionary": ("id",), "neuron": "quadratic"},
            "kind la or moa for form quadratic; got fixed",
        ),
        (
            {"kind": Kind.FIXED, "dictionary": ("id",), "neuron": "two_sided"},
            "kind la or moa for form two_sided; got fixed",
        ),
        ({"kind": Kind.MOA}, "a gate for moa and none otherwise; got none for moa: name one"),
        (
            {"gate": GateSpec(name="tanh")},
            "a gate for moa and none otherwise; got tanh for la: leave it out",
        ),
    ],
)
def test_combinations_that_do_not_exist(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        la(**changes)
    assert "\n" not in str(caught.value)
