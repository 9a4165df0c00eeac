"""Witnesses.

Negative: perturbed witnesses are rejected. Property: a start from a witness reaches the target.
"""

import sympy as sp
import torch
from verdicts import X, Y, family_of

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import evaluate
from expressivity.membership.witnesses import (
    Weights,
    builtin_witness,
    is_identity,
    network_expression,
    start_from,
)
from expressivity.targets.builtin import t1, t4, t5

torch.set_num_threads(1)


def test_start_from_reaches_the_target():
    for target, family in (
        (t1(), family_of(t1(), Kind.MOA, "type1", "tanh", width=2)),
        (t4(), family_of(t4(), Kind.LA, "two_sided", width=3)),
        (t5(), family_of(t5(), Kind.MOA, "two_sided", "tanh")),
    ):
        theta_P = start_from(family, builtin_witness(target, family))
        nodes_ND = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(-1, target.dimension)
        values = evaluate(family, theta_P[None], nodes_ND)[0, 0]
        torch.testing.assert_close(values, target.values(nodes_ND), rtol=1e-13, atol=1e-14)


# Negative


def test_perturbed_witnesses_are_rejected():
    family = family_of(t4(), Kind.LA, "two_sided")
    weights = builtin_witness(t4(), family)
    for name, block in weights.blocks.items():
        for index in range(len(block)):
            moved = sp.Matrix(block)
            moved[index] += sp.Rational(1, 10**12)
            changed = Weights(blocks={**weights.blocks, name: moved.as_immutable()})
            expression = network_expression(family, changed)
            assert is_identity(expression, t4().expression) is False


def test_is_identity_on_cells():
    relu = ACTIVATIONS["relu"]
    assert is_identity(relu(X) - relu(-X), X) is True
    assert is_identity(relu(relu(X) - 1), relu(X - 1)) is True
    assert is_identity(relu(X - Y) + Y, relu(Y - X) + X) is True
    assert is_identity(relu(X) * relu(-X - sp.Rational(1, 9)), sp.S.Zero) is True
    assert is_identity(relu(X) * relu(sp.Rational(1, 10**6) - X), sp.S.Zero) is False
    assert is_identity(sp.exp(X) * sp.exp(Y), sp.exp(X + Y)) is True


def test_is_identity_undecided():
    step, closed_step = (sp.Piecewise((1, condition), (0, True)) for condition in (X > 0, X >= 0))
    assert is_identity(step, closed_step) is False  # they differ at 0 alone
    softplus, mirrored = sp.log(1 + sp.exp(X)), sp.log(1 + sp.exp(-X))
    assert is_identity(softplus, mirrored + X) is None  # equal, by a rule that is not known here
    assert is_identity(softplus, mirrored) is False
