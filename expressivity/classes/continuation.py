"""What networks are on lines, off their kinks: quotients of functions of one kind.

On a part of a line without kinks a network is a sum of products of polynomials, gates and pieces of
activations, all real-analytic on the whole line (``facts.pieces``). Where all of them are quotients
of functions of one kind that sums and products do not leave, so is the network.
"""

from collections.abc import Callable

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.amplitudes import gates_are, profile_terms
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.gates import Gate
from expressivity.symbolic.quotients import is_meromorphic, is_of_exponentials
from expressivity.symbolic.symbols import Z


def is_meromorphic_on_lines(family: Family) -> bool:
    """Whether every network certainly is a quotient of entire functions there.

    >>> [is_meromorphic_on_lines(Family(kind="fixed", neuron="type1", dictionary=name, width=1,
    ...     dimension=1)) for name in ("mish", "softplus")]
    [True, False]
    """
    return _consists_of(family, is_meromorphic, gates.are_meromorphic)


def is_of_exponentials_on_lines(family: Family) -> bool:
    """Whether every network is a quotient of sums of polynomials times exponentials there.

    >>> [is_of_exponentials_on_lines(Family(kind="fixed", neuron="type1", dictionary=name, width=1,
    ...     dimension=1)) for name in ("mish", "gelu")]
    [True, False]
    """
    return _consists_of(family, is_of_exponentials, gates.are_of_exponentials)


def _consists_of(
    family: Family,
    holds: Callable[[sp.Expr, sp.Symbol], bool],
    of_gates: Callable[[Gate, int], bool],
) -> bool:
    terms = profile_terms(family)
    if terms is None or (family.gate is not None and not gates_are(family, of_gates)):
        return False
    sides = [pieces(profile) for term in terms for profile in term.profiles]
    return all(both is not None and all(holds(piece, Z) for piece in both) for both in sides)
