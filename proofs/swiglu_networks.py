"""SwiGLU neurons as type1 MoA networks (docs/theory.md, section 8, T9).

SiLU(z) y = sigmoid(z) (R(z + y) + R(-z - y) - R(z - y) - R(y - z))/4 with R = ReLU^2: four neurons
of one group, whose gate of relu2 is sigmoid(z).
"""

from collections.abc import Sequence
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from proofs.jump_lemma import X1, X2
from proofs.networks import network

SIGNS = ((1, 1), (-1, -1), (1, -1), (-1, 1))
_relu2, _silu = ACTIVATIONS["relu2"], ACTIVATIONS["silu"]
_E1, _E2, _ZERO = (1, 0, 0), (0, 1, 0), (0, 0, 0)

Row = tuple[Any, Any, Any]
"""An affine map of x1 and x2: two weights and a bias."""


def moa(
    neurons: Sequence[tuple[Row, Row]],
    dictionary: tuple[str, ...] = ("relu2",),
    gates: Sequence[tuple[Row, Any]] | None = None,
) -> sp.Expr:
    """A type1 MoA network, d = 2, sigmoid gates: four neurons for each pair of maps (z, y).

    Args:
        neurons: the pairs; each is a group of its own.
        dictionary: the activations.
        gates: logit and scale for each activation, group after group; by default the logit of
            relu2 is z.
    """
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=4 * len(neurons),
        dimension=2,
        groups=len(neurons),
        dictionary=dictionary,
        gate=GateSpec(name="sigmoid"),
    )
    if gates is None:
        gates = [(z, 1) if s == "relu2" else (_ZERO, 0) for z, _ in neurons for s in dictionary]
    return network(
        family,
        w=[_sum(row, pair) for pair in neurons for row in SIGNS],
        u0=[logit for logit, _ in gates],
        a=[[sp.Rational(s * t, 4) for _ in neurons for s, t in SIGNS]],
        scale0=[[scale] for _, scale in gates],
    )


def _sum(signs: tuple[int, int], pair: tuple[Row, Row]) -> list[Any]:
    return [signs[0] * one + signs[1] * two for one, two in zip(*pair, strict=True)]


def _value(row: Sequence[Any]) -> sp.Expr:
    return row[0] * X1 + row[1] * X2 + row[2]


def silu_identity() -> bool | None:
    """The identity, for all real z and y."""
    z, y = sp.symbols("z y", real=True)
    squares = sp.Add(*[s * t * _relu2(s * z + t * y) for s, t in SIGNS])
    return is_identity(_silu(z) * y, GATES["sigmoid"].expression([z], 0) * squares / 4)


def neuron_is_moa() -> bool:
    """The network over relu2 and id has the terms of the identity at z = w.x + b, y = v.x + c."""
    pair = (sp.symbols("w1 w2 b", real=True), sp.symbols("v1 v2 c", real=True))
    z, y = map(_value, pair)
    gate = GATES["sigmoid"].expression([z], 0)
    rows = {signs: _value(_sum(signs, pair)) for signs in SIGNS}
    claimed = gate * sp.Add(*[s * t * _relu2(row) for (s, t), row in rows.items()]) / 4
    return sp.expand(moa([pair], ("relu2", "id")) - claimed) == 0 and all(
        sp.expand(row - s * z - t * y) == 0 for (s, t), row in rows.items()
    )


def one_neuron() -> sp.Expr:
    """SiLU(x1) x2: width 4, one group."""
    return moa([(_E1, _E2)])


def two_groups() -> sp.Expr:
    """SiLU(x1) x2 + SiLU(x2) x1: width 8, two groups."""
    return moa([(_E1, _E2), (_E2, _E1)])


def one_group_with_square() -> sp.Expr:
    """The same of width 4 with one group, over relu2 and z^2."""
    return moa([(_E1, _E2)], ("relu2", "square"), [(_E1, 1), (_E2, sp.S.Half)])


def glu() -> sp.Expr:
    """SiLU(x1) x2, a fixed one_sided network of width 1."""
    family = Family(kind=Kind.FIXED, neuron="one_sided", width=1, dimension=2, dictionary=("silu",))
    return network(
        family,
        w=[_E1],
        v=[_E2],
        a=[[1]],
        scale0=[[int(name == "silu")] for name in family.basis],
    )
