"""Sign: one neuron under positive gates vanishes on no open set unless it vanishes everywhere.

docs/theory.md, section 2, C1 (a).
"""

from collections.abc import Sequence
from itertools import product

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import is_continuous, sign_of
from expressivity.classes.families import Family
from expressivity.classes.neurons import Neuron
from expressivity.classes.properties import gates_are_positive, vanishes_with_each_map
from expressivity.symbolic.identities import differs, is_identity
from expressivity.targets.nearby import local_formulas
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
    ...     kind="moa", neuron="type1", width=1, dimension=1,
    ...     gate=GateSpec(name="sigmoid", scale=False)))
    'one neuron under unscaled positive gates vanishes on no open set, and t1 does'
    """
    gate = family.gate
    if gate is None or gate.scale or family.width != 1 or not gates_are_positive(family):
        return None
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    if vanishes_with_an_argument_only(activations, family.record) is not True:
        return None
    parts = local_formulas(target)
    vanishes = any(is_identity(part, sp.S.Zero) is True for part in parts)
    if vanishes and any(differs(part, sp.S.Zero) for part in parts):
        return (
            "one neuron under unscaled positive gates vanishes on no open set, "
            f"and {target.name} does"
        )
    return None


def vanishes_with_an_argument_only(
    activations: Sequence[Activation], neuron: Neuron, width: int = 1
) -> bool | None:
    """Whether a network under positive gates is 0 only where some affine map is, and there.

    The generic network: each gate is a positive symbol, each output weight a nonzero one, each
    value of an activation a positive or nonnegative symbol times the sign of its argument, in
    every combination of signs of the arguments.

    Returns:
        True where the assumptions of sympy show that the sum is not 0; None otherwise, as for
        ``width`` 2 and more, where the neurons may cancel.

    >>> from expressivity.classes.neurons import NEURONS
    >>> dictionary = [ACTIVATIONS[name] for name in ("relu", "silu")]
    >>> vanishes_with_an_argument_only(dictionary, NEURONS["type1"])
    True
    """
    if not vanishes_with_each_map(neuron):
        return None
    if not all(is_continuous(a.expression) for a in activations):
        return None
    sides = {1: [sign_of(a(_POSITIVE)) for a in activations]}
    sides[-1] = [sign_of(-a(-_POSITIVE)) for a in activations]
    if any(None in side for side in sides.values()):
        return None
    for signs in product((1, -1), repeat=neuron.maps * width):
        network = sp.S.Zero
        for j in range(width):
            own = signs[neuron.maps * j : neuron.maps * (j + 1)]
            value = _generic_value(neuron, [(_values(sides[sign], sign), sign) for sign in own])
            network += sp.Dummy(real=True, nonzero=True) * sp.factor_terms(value, sign=True)
        if not network.is_nonzero:
            return None
    return True


def _generic_value(neuron: Neuron, maps: Sequence[tuple[Sequence[sp.Expr], int]]) -> sp.Expr:
    """The neuron under positive gates: for each map the values of the activations, and its sign."""
    mixtures: list[sp.Expr] = []
    for looks in neuron.mixtures:
        chosen = product(*(maps[place][0] for place in looks))
        mixtures.append(sp.Add(*[sp.Dummy(positive=True) * sp.Mul(*values) for values in chosen]))
    arguments = [sign * sp.Dummy(positive=True) for _, sign in maps]
    parameters = [sp.Dummy(real=True) for _ in neuron.parameters]
    return neuron(arguments, mixtures, parameters)


def _values(side: Sequence[str | None], sign: int) -> list[sp.Expr]:
    known = {"+": {"positive": True}, "0": {"nonnegative": True}}
    return [sign * sp.Dummy(**known[str(s)]) for s in side]
