"""Sign: one neuron under positive gates vanishes on no open set unless it vanishes everywhere.

docs/theory.md, section 2, C1 (a).
"""

import sympy as sp

from expressivity.activations import ACTIVATIONS, Activation
from expressivity.families import Family, Kind
from expressivity.gates import GATES
from expressivity.identities import is_identity
from expressivity.obstructions.jumps import formulas
from expressivity.targets import Target

_POSITIVE = sp.Symbol("p", positive=True)


def sign_definite_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no MoA network of width 1 with unscaled positive gates is the target, or None.

    If every activation has the sign of its argument or is 0, and on either side of 0 one is not
    0, then a positive combination vanishes at 0 alone. A network of width 1, in every form,
    then vanishes on an open set only if one of its affine arguments is 0 everywhere, and then
    it is 0 everywhere. A target that is 0 on one side of a kink and not 0 on the other is none.

    Assumes continuous activations; their signs are settled by the symbolic assumptions of
    sympy and -1 < erf < 1, and what these leave open is not decided. Nothing is said about
    width 2 and more, scales, tanh gates, or targets without a zero set of full dimension.

    >>> from expressivity.families import Form
    >>> from expressivity.gates import GateSpec
    >>> from expressivity.targets import t1
    >>> sign_definite_obstruction(t1(), Family(
    ...     kind=Kind.MOA, form=Form.TYPE1, width=1, dimension=1,
    ...     gate=GateSpec(name="sigmoid", scale=False)))
    'one neuron under unscaled positive gates vanishes on no open set, and t1 does'
    """
    gate = family.gate
    if family.kind is not Kind.MOA or gate is None:
        return None
    if family.width != 1 or gate.scale or not GATES[gate.name].positive:
        return None
    if not _has_sign_property(tuple(ACTIVATIONS[name] for name in family.dictionary)):
        return None
    parts = formulas(target)
    vanishes = any(is_identity(part, sp.S.Zero) is True for part in parts)
    if vanishes and any(is_identity(part, sp.S.Zero) is False for part in parts):
        return (
            "one neuron under unscaled positive gates vanishes on no open set, "
            f"and {target.name} does"
        )
    return None


def _has_sign_property(activations: tuple[Activation, ...]) -> bool:
    right = [_sign(a(_POSITIVE)) for a in activations]
    left = [_sign(-a(-_POSITIVE)) for a in activations]
    return all(None not in side and "+" in side for side in (right, left))


def _sign(value: sp.Expr) -> str | None:
    """``+`` if positive, ``0`` if not negative for every p > 0, None where not settled."""
    if value.is_positive:
        return "+"
    if value.is_nonnegative:
        return "0"
    erfs = value.atoms(sp.erf)
    if len(erfs) != 1:
        return None
    # Affine in erf, which lies strictly between -1 and 1: the ends decide.
    (erf,) = erfs
    e = sp.Dummy(real=True)
    affine = value.xreplace({erf: e})
    if sp.diff(affine, e, 2) != 0:
        return None
    ends = [_sign(sp.expand(affine.subs(e, end))) for end in (-1, 1)]
    if None in ends:
        return None
    return "+" if "+" in ends else "0"
