"""Sign: one neuron under positive gates vanishes on no open set unless it vanishes everywhere.

docs/theory.md, section 2, C1 (a).
"""

from collections.abc import Sequence
from itertools import product

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import is_continuous, sign_of
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GATES, is_positive
from expressivity.symbolic.identities import differs, is_identity
from expressivity.targets.crossings import formulas
from expressivity.targets.target import Target

_POSITIVE = sp.Symbol("p", positive=True)


def sign_definite_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no MoA network of width 1 with unscaled positive gates is the target, or None.

    If every activation has the sign of its argument or is 0, and on either side of 0 one is not
    0, then a positive combination vanishes at 0 alone. A network of width 1, in every form,
    then vanishes on an open set only if one of its affine arguments is 0 everywhere, and then
    it is 0 everywhere. A target that is 0 on one side of a kink and not 0 on the other is none.

    Assumes activations that are continuous, hence 0 at 0 (checked); their signs are settled by the
    symbolic assumptions of sympy and -1 < erf < 1, and what these leave open is not decided.
    Nothing is said about width 2 and more, scales, tanh gates, or targets that vanish on no open
    set.


    >>> from expressivity.classes.gates import GateSpec
    >>> from expressivity.targets.builtin import t1
    >>> sign_definite_obstruction(t1(), Family(
    ...     kind=Kind.MOA, neuron="type1", width=1, dimension=1,
    ...     gate=GateSpec(name="sigmoid", scale=False)))
    'one neuron under unscaled positive gates vanishes on no open set, and t1 does'
    """
    gate = family.gate
    if family.kind is not Kind.MOA or gate is None:
        return None
    if family.width != 1 or gate.scale:
        return None
    if not is_positive(GATES[gate.name], family.coefficients):
        return None
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    if vanishes_with_an_argument_only(activations, family.neuron) is not True:
        return None
    parts = formulas(target)
    vanishes = any(is_identity(part, sp.S.Zero) is True for part in parts)
    if vanishes and any(differs(part, sp.S.Zero) for part in parts):
        return (
            "one neuron under unscaled positive gates vanishes on no open set, "
            f"and {target.name} does"
        )
    return None


def vanishes_with_an_argument_only(
    activations: Sequence[Activation], form: str, width: int = 1
) -> bool | None:
    """Whether a network under positive gates is 0 only where some affine argument is.

    The generic network: each gate is a positive symbol, each output weight a nonzero one, each
    value of an activation a positive or nonnegative symbol times the sign of its argument, in
    every combination of signs of the arguments.

    Returns:
        True where the assumptions of sympy show that the sum is not 0; None otherwise, as for
        ``width`` 2 and more, where the neurons may cancel.

    >>> dictionary = [ACTIVATIONS[name] for name in ("relu", "silu")]
    >>> vanishes_with_an_argument_only(dictionary, "type1")
    True
    """
    if not all(is_continuous(a.expression) for a in activations):
        return None
    sides = {1: [sign_of(a(_POSITIVE)) for a in activations]}
    sides[-1] = [sign_of(-a(-_POSITIVE)) for a in activations]
    if any(None in side for side in sides.values()):
        return None
    size = len(activations)
    left = [sp.Dummy(positive=True) for _ in range(size * size)]
    right = [sp.Dummy(positive=True) for _ in range(size)]
    arguments = 1 if form == "type1" else 2
    for signs in product((1, -1), repeat=arguments * width):
        network = sp.S.Zero
        for j in range(width):
            one, *two = signs[arguments * j : arguments * (j + 1)]
            z = _values(sides[one], one)
            match form:
                case "type1":
                    neuron = _mix(left[:size], z)
                case "one_sided":
                    neuron = _mix(left[:size], z) * two[0] * sp.Dummy(positive=True)
                case "two_sided":
                    neuron = _mix(left[:size], z) * _mix(right, _values(sides[two[0]], two[0]))
                case "quadratic":
                    y = _values(sides[two[0]], two[0])
                    neuron = _mix(left, [s * t for s in z for t in y])
                case _:
                    return None
            network += sp.Dummy(real=True, nonzero=True) * sp.factor_terms(neuron, sign=True)
        if not network.is_nonzero:
            return None
    return True


def _values(side: Sequence[str | None], sign: int) -> list[sp.Expr]:
    known = {"+": {"positive": True}, "0": {"nonnegative": True}}
    return [sign * sp.Dummy(**known[str(s)]) for s in side]


def _mix(gates: Sequence[sp.Expr], values: Sequence[sp.Expr]) -> sp.Expr:
    return sp.Add(*[gate * value for gate, value in zip(gates, values, strict=True)])
