"""Jump amplitude: along a hyperplane, the gradient of an LA network jumps by simple functions.

docs/theory.md, L1, T2 and T4: by a constant for type1, by an affine function for one_sided.
"""

from itertools import combinations_with_replacement

import sympy as sp

from expressivity.families import Family, Form, Kind
from expressivity.identities import is_identity
from expressivity.obstructions.jumps import crossings
from expressivity.targets import Target

_ORDERS = {Form.TYPE1: 1, Form.ONE_SIDED: 2}
_AMPLITUDES = {Form.TYPE1: "constant", Form.ONE_SIDED: "affine"}


def jump_amplitude_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network is the target, at any width, or None.

    Off a set of lower dimension the jump of the normal derivative across a hyperplane H is
    constant (type1) or affine (one_sided) along H; the target's jump is analytic along H, so it
    would be constant or affine everywhere on H.

    Assumes activations that are continuous, and C^1 off 0, as all registered ones declare. It
    does not decide about gates or the other two forms, nor about d = 1, where H is a point.

    >>> from expressivity.targets import t2
    >>> jump_amplitude_obstruction(
    ...     t2(), Family(kind=Kind.LA, form=Form.TYPE1, width=9, dimension=2))
    'the gradient jump of every network is constant along x2 = 0, that of t2 is not'
    """
    if family.kind is Kind.MOA or family.form not in _ORDERS:
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is not True:
            continue
        for along in combinations_with_replacement(crossing.tangents, _ORDERS[family.form]):
            if is_identity(sp.diff(crossing.slope_jump, *along), sp.S.Zero) is False:
                return (
                    f"the gradient jump of every network is {_AMPLITUDES[family.form]} "
                    f"along {crossing.level} = 0, that of {target.name} is not"
                )
    return None
