"""Gates of a mixture of activations: pi_k(x) = scale_k g_k(u_1.x + e_1, ..., u_K.x + e_K).

``sigmoid`` and ``tanh`` act on each coordinate alone, ``softmax`` on all K jointly. The two
switches of a ``GateSpec`` turn the input-independent ``scale_k`` and the bias ``e_k`` off
(scale_k = 1, e_k = 0): docs/theory.md, section 2, shows what each switch decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp
import torch
from torch import Tensor

from expressivity.registry import Registry, of_type


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate function g: R^K -> R^K.

    Attributes:
        name: its name in commands.
        expression: symbolic g_k, from the K logits and k.
        value: torch form; logits ``[..., K, N]`` with the gate axis at ``-2`` to values of
            the same shape.
        pullback: (values, rows) -> rows times the Jacobian of g: maps dL/dg to dL/dlogits,
            both ``[..., K, N]``.
        positive: whether every g_k is positive everywhere.
        vanishes_at_zero: whether every g_k is 0 where all logits are 0.
    """

    name: str
    expression: Callable[[Sequence[sp.Expr], int], sp.Expr]
    value: Callable[[Tensor], Tensor]
    pullback: Callable[[Tensor, Tensor], Tensor]
    positive: bool
    vanishes_at_zero: bool


@dataclass(frozen=True, kw_only=True)
class GateSpec:
    """A gate with its two switches.

    >>> GateSpec(name="tanh").json()
    {'name': 'tanh', 'scale': True, 'bias': True}
    """

    name: str
    scale: bool = True
    bias: bool = True

    def __post_init__(self) -> None:
        GATES[self.name]

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {"name": self.name, "scale": self.scale, "bias": self.bias}


def _sigmoid(logits: Tensor) -> Tensor:
    # Eager torch.sigmoid rounds differently in a vector's tail; exp and division do not, and
    # a lane's bits must not depend on its neighbours.
    decay = torch.exp(-torch.abs(logits))
    return torch.where(logits >= 0, torch.ones_like(decay), decay) / (1 + decay)


def _softmax_pullback(values: Tensor, rows: Tensor) -> Tensor:
    return values * (rows - (values * rows).sum(-2, keepdim=True))


GATES: Registry[Gate] = Registry("gate", group="expressivity.gates", check=of_type(Gate))

for _gate in (
    Gate(
        name="sigmoid",
        expression=lambda logits, k: 1 / (1 + sp.exp(-logits[k])),
        value=_sigmoid,
        pullback=lambda values, rows: rows * values * (1 - values),
        positive=True,
        vanishes_at_zero=False,
    ),
    Gate(
        name="tanh",
        expression=lambda logits, k: sp.tanh(logits[k]),
        value=torch.tanh,
        pullback=lambda values, rows: rows * (1 - values * values),
        positive=False,
        vanishes_at_zero=True,
    ),
    Gate(
        name="softmax",
        expression=lambda logits, k: sp.exp(logits[k]) / sp.Add(*[sp.exp(h) for h in logits]),
        value=lambda logits: torch.softmax(logits, -2),
        pullback=_softmax_pullback,
        positive=True,
        vanishes_at_zero=False,
    ),
):
    GATES.add(_gate.name, _gate)
