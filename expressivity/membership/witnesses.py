"""Witnesses: exact weights of a network that is a given target.

Every witness comes from the structure of the target's expression (``recognition``), built-in
targets included, and has been compared with the target exactly: nothing is taken on trust.
"""

import functools

from expressivity.classes.families import Family
from expressivity.classes.weights import Weights, lift, network_expression, start_from
from expressivity.membership.recognition import recognise
from expressivity.symbolic.identities import is_identity
from expressivity.targets.target import Target

__all__ = [
    "Weights",
    "builtin_witness",
    "find_witness",
    "is_identity",
    "lift",
    "network_expression",
    "start_from",
]


@functools.lru_cache(maxsize=1024)
def find_witness(target: Target, family: Family) -> Weights | None:
    """Exact weights of a target in a family, at its width, or None where none is found.

    Neurons beyond those needed have a_j = 0.

    >>> from expressivity.targets.builtin import t1
    >>> family = Family(kind="la", neuron="type1", width=1, dimension=1)
    >>> network_expression(family, find_witness(t1(), family)) == t1().expression
    True
    """
    if family.dimension != target.dimension or family.outputs != 1:
        return None
    found = recognise(target.expression, family, width=family.width)
    return None if found is None else found.weights


builtin_witness = find_witness
