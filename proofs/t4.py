"""T4: MoA is not contained in LA, one_sided (docs/theory.md, section 3, T4).

t4(x) = tanh(lambda x1) ReLU(x2) x1, d = 2, lambda > 0, is a one_sided MoA network of width 1
with tanh gates and no one_sided LA network of any finite width: along {x2 = 0} the gradient of
an LA network jumps by an affine function, and that of t4 by x1 tanh(lambda x1).

Remark: t4 is a two_sided LA network of width 1, and serves there as a negative control.
"""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.generic_neuron import AFFINE_MAP
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from proofs import gated_separation
from proofs.gated_separation import LAMBDA, Setting, constant_gate_mutation, gated_mutation
from proofs.jump_lemma import X1, X2, Neuron
from proofs.networks import network
from proofs.t2 import ASSUMPTIONS, TANH

SOURCE = "docs/theory.md, section 3, T4"
AFFINE = AFFINE_MAP
T4 = sp.tanh(LAMBDA * X1) * ACTIVATIONS["relu"](X2) * X1


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order, and the remark."""
    yield from gated_separation.steps(setting)
    yield Step(
        statement="remark: x tanh(lambda x) = silu(2 lambda x)/lambda - x, so t4 is the "
        "two_sided LA network of width 1 with psi = relu, w = e2, v = 2 lambda e1 and "
        "phi = silu/lambda - id/(2 lambda)",
        source=SOURCE,
        check=lambda: is_identity(as_two_sided(), T4),
    )


def as_two_sided() -> sp.Expr:
    """The network of the remark."""
    phi = {"silu": 1 / LAMBDA, "id": -1 / (2 * LAMBDA)}
    return network(
        Family(kind=Kind.LA, neuron="two_sided", width=1, dimension=2),
        w=[[0, 1, 0]],
        v=[[2 * LAMBDA, 0, 0]],
        a=[[1]],
        scale0=[[int(name == "relu")] for name in FULL_DICTIONARY],
        scale1=[[phi.get(name, 0)] for name in FULL_DICTIONARY],
    )


_SETTING = replace(
    TANH,
    form="one_sided",
    target=T4,
    amplitude=X1 * sp.tanh(LAMBDA * X1),
    neuron=Neuron(second=AFFINE),
)

_TWO_SIDED = Mutation(
    name="form two_sided of the smaller class",
    setting=replace(_SETTING, neuron=Neuron(second=ACTIVATIONS["silu"](AFFINE) - AFFINE / 2)),
    counterexample=Step(
        statement="t4 is the two_sided LA network of the remark",
        source=SOURCE,
        check=lambda: is_identity(as_two_sided(), T4),
    ),
)

THEOREMS.add(
    "T4",
    Theorem(
        name="T4",
        title="MoA is not contained in LA, one_sided, tanh gates",
        statement="t4(x) = tanh(lambda x1) ReLU(x2) x1 is a one_sided MoA network of width 1 "
        "with tanh gates, and no one_sided LA network of any finite width.",
        assumptions=ASSUMPTIONS,
        setting=_SETTING,
        steps=steps,
        mutations=(
            constant_gate_mutation(_SETTING),
            gated_mutation(_SETTING),
            _TWO_SIDED,
        ),
        source=SOURCE,
    ),
)
