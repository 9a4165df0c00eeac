"""Exact weights.

Property: the symbolic network agrees with the tensor evaluation; lifts are identities. Negative:
frozen weights that moved.
"""

import dataclasses
import itertools

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from verdicts import GATES, SWITCHES, family_of, networks

from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import evaluate
from expressivity.membership.witnesses import (
    Weights,
    builtin_witness,
    is_identity,
    lift,
    network_expression,
    start_from,
)
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=40)


@DETERMINISTIC
@given(networks())
def test_symbolic_network_agrees_with_evaluation(pair):
    family, weights = pair
    expression = network_expression(family, weights)
    nodes_ND = torch.linspace(-0.9, 0.8, 8 * family.dimension, dtype=torch.float64)
    nodes_ND = nodes_ND.reshape(-1, family.dimension).flip(1) ** 3
    values = evaluate(family, start_from(family, weights)[None], nodes_ND)[0, 0]
    columns = dict(zip(COORDINATES, nodes_ND.unbind(1), strict=False))
    expected = torch.as_tensor(interpret(expression, columns, TORCH), dtype=torch.float64)
    scale = max(1.0, float(values.abs().max()))
    assert (values - expected).abs().max() <= 1e-12 * scale


@DETERMINISTIC
@given(networks(kinds=(Kind.LA,)), st.sampled_from(GATES))
def test_lift_keeps_the_function(pair, gate):
    family, weights = pair
    moa = dataclasses.replace(family, kind=Kind.MOA, gate=GateSpec(name=gate))
    lifted = lift(moa, weights)
    assert is_identity(network_expression(moa, lifted), network_expression(family, weights)) is True


def test_lift_follows_the_table():
    la = family_of(t1(), Kind.LA, "type1")
    weights = builtin_witness(t1(), la)
    for gate, (scale, bias) in itertools.product(GATES, SWITCHES):
        spec = GateSpec(name=gate, scale=scale, bias=bias)
        lifted = lift(dataclasses.replace(la, kind=Kind.MOA, gate=spec), weights)
        assert (lifted is not None) == (bias if gate == "tanh" else scale)


def test_weights_that_move_a_frozen_entry_are_refused():
    biased = family_of(t1(), Kind.LA, "type1")
    weights = builtin_witness(t1(), biased)
    moved = Weights(blocks={**weights.blocks, "w": sp.ImmutableMatrix([[1, 1]])})
    unbiased = dataclasses.replace(biased, bias=False)
    assert network_expression(unbiased, weights) == t1().expression
    with pytest.raises(ValueError, match="bias that is off"):
        network_expression(unbiased, moved)
    fixed = dataclasses.replace(biased, kind=Kind.FIXED, dictionary=("relu",))
    with pytest.raises(ValueError, match="not learned"):
        network_expression(fixed, weights)
    with pytest.raises(ValueError, match="shape"):
        start_from(dataclasses.replace(biased, width=2), weights)
