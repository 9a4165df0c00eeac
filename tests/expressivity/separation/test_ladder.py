"""The ladder: which families are fitted to which targets.

Kinds: reference (the default ladder, written out), property (options reach the families).
"""

import dataclasses
import math

import pytest
import torch
from default_ladder import DEFAULTS, TANH, made, user_target

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.commands.separate import understand
from expressivity.separation.asked import Request
from expressivity.targets.builtin import t1, t2, t4, t5
from expressivity.targets.target import Target

torch.set_num_threads(1)
Rung = tuple[str, str, tuple[int, ...]]
LADDER: dict[str, tuple[bool, list[Rung]]] = {
    "t1": (
        True,
        [("fixed", "type1", (1, 2, 4)), ("la", "type1", (1,)), ("moa", "type1", (1,))],
    ),
    "t2": (True, [("la", "type1", (1, 2, 4)), ("moa", "type1", (1,))]),
    "t3": (False, [("fixed", "one_sided", (1, 2, 4)), ("la", "one_sided", (1,))]),
    "t3b": (True, [("fixed", "one_sided", (1, 2, 4)), ("la", "one_sided", (1,))]),
    "t4": (
        True,
        [
            ("la", "one_sided", (1, 2, 4)),
            ("moa", "one_sided", (1,)),
            ("la", "two_sided", (1,)),
            ("moa", "two_sided", (1,)),
        ],
    ),
    "t5": (True, [("la", "two_sided", (1, 2, 4)), ("moa", "two_sided", (1,))]),
    "t5q": (True, [("la", "quadratic", (1, 2, 4)), ("moa", "quadratic", (1,))]),
}


def test_the_default_run_is_the_ladder_of_the_theorems():
    job = understand(DEFAULTS)
    assert [target.name for target, _ in job.rungs] == list(LADDER)
    assert (job.settings.restarts, job.settings.seed) == (32, 0)
    for target, families in job.rungs:
        bias, rungs = LADDER[target.name]
        four = ("id", "relu", "silu", "tanh")
        products = ("two_sided", "quadratic")
        expected = [
            Family(
                kind=Kind(kind),
                neuron=form,
                width=width,
                dimension=target.dimension,
                dictionary=names,
                gate=TANH if kind == "moa" else None,
                bias=bias,
            )
            for kind, form, widths in rungs
            for width in widths
            for dictionary in [four if form in products else FULL_DICTIONARY]
            for names in ([(name,) for name in dictionary] if kind == "fixed" else [dictionary])
        ]
        assert list(families) == expected


def shape(families: list[Family]) -> list[tuple[str, str, int]]:
    return [(str(f.kind), str(f.neuron), f.width) for f in families]


def test_kinds_form_and_widths_replace_the_claims():
    assert shape(Request(gate=TANH, widths=(3, 5)).families(t2())) == [
        ("la", "type1", 3),
        ("la", "type1", 5),
        ("moa", "type1", 3),
        ("moa", "type1", 5),
    ]
    assert shape(Request(gate=TANH, kinds=(Kind.LA,)).families(t4())) == [("la", "one_sided", 1)]
    assert shape(Request(gate=TANH, kinds=(Kind.LA, Kind.MOA)).families(t5())) == [
        ("la", "two_sided", 1),
        ("la", "two_sided", 2),
        ("la", "two_sided", 4),
        ("moa", "two_sided", 1),
    ]
    assert shape(Request(gate=TANH, form="quadratic", widths=(2,)).families(t2())) == [
        ("la", "quadratic", 2),
        ("moa", "quadratic", 2),
    ]
    fixed = Request(gate=TANH, kinds=(Kind.FIXED,), dictionary=("relu", "tanh"), widths=(2,))
    assert [family.activation for family in fixed.families(t1())] == ["relu", "tanh"]
    with pytest.raises(ValueError, match="families that exist in form two_sided"):
        Request(gate=TANH, kinds=(Kind.FIXED,)).families(t5())


def test_a_user_target_gets_every_kind():
    families = Request(gate=TANH, dictionary=("relu",)).families(user_target("relu(x1)*x2"))
    assert shape(families) == [
        *(("fixed", "type1", width) for width in (1, 2, 4)),
        *(("la", "type1", width) for width in (1, 2, 4)),
        ("moa", "type1", 1),
    ]


def test_gate_bias_and_dictionary_reach_the_families():
    gate = GateSpec(name="sigmoid", scale=False, bias=False)
    families = Request(gate=gate, bias=False, dictionary=("relu", "id")).families(t2())
    assert {family.dictionary for family in families} == {("relu", "id")}
    assert {family.bias for family in families} == {False}
    assert [family.gate for family in families] == [None, None, None, gate]
    # By default the biases are the target's own.
    assert {family.bias for family in Request(gate=TANH).families(made("t3"))} == {False}
    assert {family.bias for family in Request(gate=TANH, bias=True).families(made("t3"))} == {True}


@pytest.mark.slow
def test_the_softmax_target_depends_on_the_dictionary():
    def target(**changes) -> Target:
        options = dataclasses.replace(DEFAULTS, targets=("t2",), gate="softmax", **changes)
        ((target, families),) = understand(options).rungs
        assert all(len(family.dictionary) == len(families[0].dictionary) for family in families)
        return target

    node = torch.tensor([[0.25, 1.0]], dtype=torch.float64)
    cases = (
        (7, {}),
        (4, {"form": "two_sided"}),
        (3, {"dictionary": ("id", "relu", "tanh")}),
        (2, {"dictionary": ("id", "relu")}),
    )
    for size, changes in cases:
        # softmax of (2 x1, 0, .., 0), first component.
        expected = math.exp(0.5) / (math.exp(0.5) + size - 1)
        value = target(**changes).values(node).item()
        assert value == pytest.approx(expected, rel=1e-15)
