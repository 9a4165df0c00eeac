"""A function as a gate times a network of one activation: a group of neurons that share one gate.

    silu(z) y = sigmoid(z) (z y),  z y = [R(z+y) + R(-z-y) - R(z-y) - R(y-z)]/4,  R = ReLU^2

so that a SwiGLU neuron is a network of four neurons with sigmoid gates, over a dictionary with
ReLU^2. Each neuron of the larger class has gates of its own here, the same for all four.
"""

import functools
from dataclasses import replace

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, acts_alone, gate_of
from expressivity.classes.kinds import PER_NEURON, Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.inclusions.spans import realised
from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.verification import same_function
from expressivity.membership.shapes import Shape, shape_of
from expressivity.symbolic.symbols import COORDINATES


def takes_gated(family: Family) -> bool:
    """Whether its networks have gates of each neuron, of which all but one can be 0."""
    gate = family.gate
    return (
        gate is not None
        and gate.scale
        and family.groups == PER_NEURON
        and shape_of(family.record) is Shape.MIXTURE
        and acts_alone(GATES[gate.name], family.coefficients)
    )


@functools.lru_cache(maxsize=1024)
def realised_with_gates(function: sp.Expr, family: Family) -> Recognition | None:
    """A network of the family that is the function, all its neurons with one gate, or None.

    Args:
        function: in the coordinates of the family's dimension.
        family: its width does not matter; see :func:`takes_gated`.

    >>> x, y = COORDINATES[:2]
    >>> moa = Family(neuron="type1", kind="moa", gate="sigmoid", dictionary="relu2", width=1,
    ...              dimension=2, groups="neuron")
    >>> realised_with_gates(x * y / (1 + sp.exp(-x)), moa).family.width
    4
    """
    assert family.gate is not None
    gate, d = GATES[family.gate.name], family.dimension
    for place, z in enumerate(COORDINATES[:d]):
        quotient = sp.cancel(function / gate_of(gate, [z], 0))
        for name in family.dictionary:
            alone = replace(
                family, kind=Kind.FIXED, dictionary=(name,), gate=None, groups=1, width=1
            )
            found = realised(quotient, alone)
            if found is None:
                continue
            gated = _gated(found, family, name, place)
            network = network_expression(gated.family, gated.weights)
            if same_function(network, function, COORDINATES[:d]):
                return gated
    return None


def _gated(found: Recognition, family: Family, name: str, place: int) -> Recognition:
    """The neurons of a network of one activation, each with its gate at a coordinate."""
    sized = replace(family, width=found.family.width)
    logit = [int(k == place) for k in range(family.dimension + 1)]
    hot = [int(s == name) for s in family.basis] * sized.width
    blocks = {
        **{block: found.weights[block] for block in sized.shapes if block in found.weights.blocks},
        "u0": sp.ImmutableMatrix([[h * entry for entry in logit] for h in hot]),
        "scale0": sp.ImmutableMatrix(hot),
    }
    return Recognition(family=sized, weights=Weights(blocks=blocks))
