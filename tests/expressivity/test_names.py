"""Spellings and near misses.

Kinds: reference (names of the literature), property (every registered name stands for itself, and
in capitals for itself or nothing), negative (what is close to two is neither).
"""

import pytest

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.catalogue import FAMILIES, class_named
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.commands.names import stored
from expressivity.names import UnknownNameError, canonical, unknown
from expressivity.separation.asked import Request


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("ReLU", "relu"), ("ReLU^2", "relu2"), ("LeakyReLU", "leaky_relu"), ("swish", "silu"),
     ("SiLU", "silu"), ("GELU", "gelu"), ("Identity", "id"), ("SELU", "selu"), ("Tanh", "tanh")],
)  # fmt: skip
def test_activations_by_their_names_in_the_literature(spelled, name):
    assert ACTIVATIONS.canonical(spelled) == name
    family = Family(neuron="Type1", kind="Fixed", dictionary=[spelled], width=1, dimension=1)
    assert family == Family(neuron="type1", kind="fixed", dictionary=[name], width=1, dimension=1)
    assert Request(dictionary=(spelled,)) == Request(dictionary=(name,))


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("SwiGLU", "swiglu"), ("GEGLU", "geglu"), ("MoA", "moa"), ("LA", "la"), ("PReLU", "prelu"),
     ("Swish", "swish"), ("Maxout-2", None), ("MoA-Tanh", "moa-tanh"), ("LeakyReLU", "leaky-relu")],
)  # fmt: skip
def test_classes_by_their_names_in_the_literature(spelled, name):
    if name is None:  # the class maxout-2 and the neuron maxout2
        with pytest.raises(UnknownNameError):
            class_named(spelled)
    else:
        assert class_named(spelled) == name
        assert Request(kinds=(spelled,)).kinds == (name,)


def test_a_gate_keeps_its_own_name():
    assert GateSpec(name="Softmax") == GateSpec(name="softmax")


@pytest.mark.parametrize("what", stored())
def test_every_name_stands_for_itself_in_any_case(what):
    listed = list(stored()[what])
    for name in listed:
        assert canonical(name, listed) == name
        assert canonical(name.upper(), listed) == name


def test_what_is_close_to_two_is_neither():
    assert canonical("Maxout2", ["maxout-2", "maxout_2"]) is None
    assert canonical(2, ["2"]) is None
    assert "did you mean maxout_2?" in str(unknown("class", "maxout 2", ["relu", "maxout_2"]))
    assert "did you mean" not in str(unknown("class", "zzz", FAMILIES))
