"""Networks of the program with exact weights, for witnesses and counterexamples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights, network_expression


def fixed_network(
    activation: str, neurons: Sequence[tuple[Any, Any, tuple[Any, Any] | None]]
) -> sp.Expr:
    """A fixed network of the program without hidden biases b, from (a_j, w_j, (v_j, c_j)).

    Type1 where the last entries are None, one_sided otherwise.
    """
    one_sided = neurons[0][2] is not None
    family = Family(
        kind=Kind.FIXED,
        neuron="one_sided" if one_sided else "type1",
        width=len(neurons),
        dimension=1,
        dictionary=(activation,),
    )
    blocks: dict[str, Sequence[Any]] = {
        "w": [[w, 0] for _, w, _ in neurons],
        "a": [[a for a, _, _ in neurons]],
        "scale0": [[int(name == activation)] for name in family.basis],
    }
    if one_sided:
        blocks["v"] = [second for _, _, second in neurons]
    return network(family, **blocks)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of the program: its class and its weights."""

    family: Family
    weights: Weights

    @property
    def expression(self) -> sp.Expr:
        """Its function."""
        return network_expression(self.family, self.weights)


def with_rows(family: Family, **rows: Sequence[Any]) -> Network:
    """The network with these blocks, given row by row."""
    blocks = {name: sp.ImmutableMatrix(block) for name, block in rows.items()}
    return Network(family=family, weights=Weights(blocks=blocks))


def network(family: Family, **rows: Sequence[Any]) -> sp.Expr:
    """The function of the network with these blocks, given row by row."""
    return with_rows(family, **rows).expression
