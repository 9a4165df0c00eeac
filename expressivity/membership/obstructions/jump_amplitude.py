"""Jump amplitude: along a hyperplane, the gradient of an LA network jumps by simple functions.

docs/theory.md, L1, T2 and T4: by a constant for type1, by an affine function for one_sided.
"""

from itertools import combinations_with_replacement

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.properties import amplitude_degree
from expressivity.symbolic.identities import differs, is_identity
from expressivity.targets.crossings import crossings
from expressivity.targets.target import Target

_AMPLITUDES = {0: "constant", 1: "affine"}


def jump_amplitude_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network is the target, at any width, or None.

    Off a set of lower dimension the jump of the normal derivative across a hyperplane H is a
    polynomial along H whose degree the neuron shows; the target's jump is analytic along H, so it
    would be such a polynomial everywhere on H.

    It does not decide about classes for which :func:`amplitude_degree` does not show this, gates
    among them, nor about d = 1, where H is a point.

    >>> from expressivity.targets.builtin import t2
    >>> jump_amplitude_obstruction(
    ...     t2(), Family(kind="la", neuron="type1", width=9, dimension=2))
    'the gradient jump of every network is constant along x2 = 0, that of t2 is not'
    """
    degree = amplitude_degree(family)
    if degree is None:
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is not True:
            continue
        for along in combinations_with_replacement(crossing.tangents, degree + 1):
            if differs(sp.diff(crossing.slope_jump, *along), sp.S.Zero):
                shape = _AMPLITUDES.get(degree, f"a polynomial of degree {degree}")
                return (
                    f"the gradient jump of every network is {shape} "
                    f"along {crossing.level} = 0, that of {target.name} is not"
                )
    return None
