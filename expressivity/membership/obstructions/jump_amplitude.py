"""Jump amplitude: along a hyperplane, the gradient of an LA network jumps by simple functions.

docs/theory.md, L1, T2 and T4: by a constant for type1, by an affine function for one_sided.

``neuron_jumps`` is the lemma for one generic neuron, shared with the proofs. Coordinates there:
y = n.x - h across the hyperplane H = {n.x = h}, and t along a line in H. Restricted to the plane
of the two, the neurons of a class are neurons of the same class with d = 2.
"""

import functools
from dataclasses import dataclass
from itertools import combinations_with_replacement

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import pieces, settle
from expressivity.classes.families import Family, Kind
from expressivity.symbolic.identities import differs, is_identity
from expressivity.symbolic.piecewise import assume_sign, by_conditions
from expressivity.symbolic.symbols import Z
from expressivity.targets.crossings import crossings
from expressivity.targets.target import Target

NORMAL = sp.Symbol("y", real=True)
TANGENT = sp.Symbol("t", real=True)

SLOPE = sp.Symbol("s", positive=True)
"""The size of a neuron's slope across H where its kink set is H."""

_V1, _V2, _C = sp.symbols("v1 v2 c", real=True)
_R, _P, _Q = sp.symbols("r p q", real=True)

SECOND_FACTORS: dict[str, sp.Expr] = {
    "type1": sp.S.One,
    "one_sided": _V1 * NORMAL + _V2 * TANGENT + _C,
}
"""What multiplies the activation in one neuron, in the coordinates across and along H."""

AMPLITUDE_DEGREES: dict[str, int] = {"type1": 0, "one_sided": 1}
"""The jump of n.grad is a polynomial of this degree along H."""

_AMPLITUDES = ("constant", "affine")


@dataclass(frozen=True, kw_only=True)
class NeuronJump:
    """What one sign case of a generic neuron does across H.

    Attributes:
        case: the case in words.
        slope: of the neuron's argument across H, where its kink set is H, else None.
        value: jump of the neuron, in TANGENT.
        gradient: jump of its derivative along NORMAL, in TANGENT.
    """

    case: str
    slope: sp.Expr | None
    value: sp.Expr
    gradient: sp.Expr


@functools.lru_cache(maxsize=256)
def neuron_jumps(activation: sp.Expr, second: sp.Expr = sp.S.One) -> tuple[NeuronJump, ...] | None:
    """Jumps across H of the neuron activation(w.x + b) ``second``, in every sign case.

    Args:
        activation: in ``Z``, with a change of formula at 0 alone; symbolic coefficients, also
            such that depend on TANGENT, may take part.
        second: the other factor, smooth, in NORMAL and TANGENT.

    Returns:
        The cases: kink set H with either sign of the slope, a point of H with w.x + b > 0 or
        < 0 (all of H but a set of lower dimension, or all, where the kink set is not H), and
        w = 0, b = 0. None where ``pieces`` does not know the activation.

    >>> [jump.gradient for jump in neuron_jumps(ACTIVATIONS["relu"].expression)]
    [s, s, 0, 0, 0]
    """
    both = pieces(activation)
    if both is None:
        return None
    right, left = both
    elsewhere = _R * NORMAL + _P * TANGENT + _Q
    zero = assume_sign(by_conditions(activation), Z, 0)
    cases = (
        ("kink set H, positive slope", SLOPE, SLOPE * NORMAL, right, left),
        ("kink set H, negative slope", -SLOPE, -SLOPE * NORMAL, left, right),
        ("point of H where w.x + b > 0", None, elsewhere, right, right),
        ("point of H where w.x + b < 0", None, elsewhere, left, left),
        ("w = 0 and b = 0", None, sp.S.Zero, zero, zero),
    )
    found: list[NeuronJump] = []
    for case, slope, argument, above, below in cases:
        jump = (above.subs(Z, argument) - below.subs(Z, argument)) * second
        found.append(
            NeuronJump(
                case=case,
                slope=slope,
                value=jump.subs(NORMAL, 0),
                gradient=sp.diff(jump, NORMAL).subs(NORMAL, 0),
            )
        )
    return tuple(found)


def has_amplitude_of_degree(jump: NeuronJump, degree: int) -> bool | None:
    """Whether the neuron is continuous across H and its gradient jumps by such a polynomial.

    >>> (jump, *_) = neuron_jumps(ACTIVATIONS["relu"].expression, SECOND_FACTORS["one_sided"])
    >>> has_amplitude_of_degree(jump, 0), has_amplitude_of_degree(jump, 1)
    (False, True)
    """
    claims = (
        is_identity(jump.value, sp.S.Zero),
        is_identity(sp.diff(jump.gradient, TANGENT, degree + 1), sp.S.Zero),
    )
    return settle(claims)


def jump_amplitude_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network is the target, at any width, or None.

    Off a set of lower dimension the jump of the normal derivative across a hyperplane H is
    constant (type1) or affine (one_sided) along H; the target's jump is analytic along H, so it
    would be constant or affine everywhere on H.

    It does not decide about activations for which :func:`neuron_jumps` does not show this,
    about gates or the other two forms, nor about d = 1, where H is a point.

    >>> from expressivity.targets.builtin import t2
    >>> jump_amplitude_obstruction(
    ...     t2(), Family(kind=Kind.LA, neuron="type1", width=9, dimension=2))
    'the gradient jump of every network is constant along x2 = 0, that of t2 is not'
    """
    if family.kind is Kind.MOA or family.neuron not in AMPLITUDE_DEGREES:
        return None
    degree = AMPLITUDE_DEGREES[family.neuron]
    if not all(_is_covered(ACTIVATIONS[n].expression, family.neuron) for n in family.dictionary):
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is not True:
            continue
        for along in combinations_with_replacement(crossing.tangents, degree + 1):
            if differs(sp.diff(crossing.slope_jump, *along), sp.S.Zero):
                return (
                    f"the gradient jump of every network is {_AMPLITUDES[degree]} "
                    f"along {crossing.level} = 0, that of {target.name} is not"
                )
    return None


@functools.lru_cache(maxsize=256)
def _is_covered(activation: sp.Expr, form: str) -> bool:
    jumps = neuron_jumps(activation, SECOND_FACTORS[form])
    degree = AMPLITUDE_DEGREES[form]
    return jumps is not None and all(has_amplitude_of_degree(j, degree) is True for j in jumps)
