"""One generic neuron s(w.x + b) times a second factor, on a line and across a hyperplane.

Symbolic weights, every sign of the slope: what is shown of this neuron holds for all of them, and
sums keep it. The facts of a family (``properties.py``) and the proofs share these functions. An
activation, or any function of one affine map, is written in ``Z`` and changes its formula at 0
alone (``facts.pieces``); where that is not known, nothing is claimed.

On a line the coordinate is ``LINE``. Across H = {n.x = h}: y = n.x - h, and t along a line in H;
restricted to the plane of the two, the neurons of a class are neurons of the same class with d = 2.
"""

import functools
from dataclasses import dataclass

import sympy as sp

from expressivity.classes.facts import is_continuous, is_real_analytic, pieces, settle
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign, by_conditions
from expressivity.symbolic.symbols import Z

LINE = sp.Symbol("x", real=True)
"""The coordinate along the line on which a generic neuron is looked at."""

AFFINE_FACTOR = sp.Symbol("v", real=True) * LINE + sp.Symbol("c", real=True)
"""A second affine map v x + c on that line."""

NORMAL = sp.Symbol("y", real=True)
TANGENT = sp.Symbol("t", real=True)

SLOPE = sp.Symbol("s", positive=True)
"""The size of a neuron's slope across H where its kink set is H."""

_BIAS = sp.Symbol("b", real=True)
_R, _P, _Q = sp.symbols("r p q", real=True)


def affine_map(index: int = 1) -> sp.Expr:
    """A generic affine map in the coordinates across and along H, one for each index.

    >>> affine_map(), affine_map(2)
    (c + t*v2 + v1*y, c_2 + t*v2_2 + v1_2*y)
    """
    end = "" if index == 1 else f"_{index}"
    v1, v2, c = (sp.Symbol(name + end, real=True) for name in ("v1", "v2", "c"))
    return v1 * NORMAL + v2 * TANGENT + c


AFFINE_MAP = affine_map()
"""The second factor of a gated linear unit."""


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

    >>> [jump.gradient for jump in neuron_jumps(sp.Max(Z, 0))]
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

    >>> (jump, *_) = neuron_jumps(sp.Max(Z, 0), AFFINE_MAP)
    >>> has_amplitude_of_degree(jump, 0), has_amplitude_of_degree(jump, 1)
    (False, True)
    """
    claims = (
        is_identity(jump.value, sp.S.Zero),
        is_identity(sp.diff(jump.gradient, TANGENT, degree + 1), sp.S.Zero),
    )
    return settle(claims)


@functools.lru_cache(maxsize=256)
def neuron_is_analytic(expression: sp.Expr, second: sp.Expr = sp.S.One) -> bool:
    """Whether a neuron s(w x + b) ``second`` is certainly real-analytic.

    >>> neuron_is_analytic(Z / (1 + sp.exp(-Z)), AFFINE_FACTOR)
    True
    """
    slope = sp.Symbol("w", real=True)
    return is_real_analytic(expression.subs(Z, slope * LINE + _BIAS) * second)


@functools.lru_cache(maxsize=256)
def neuron_is_c1(expression: sp.Expr, second: sp.Expr = sp.S.One) -> bool | None:
    """Whether a neuron s(w x + b) ``second`` is C^1 for every w and b.

    True, False (some neuron is not) or None, as :func:`is_identity` settles the jumps of the
    value and of the derivative at z = 0 for w > 0 and for w < 0.

    >>> neuron_is_c1(sp.Max(Z, 0) ** 2), neuron_is_c1(sp.Max(Z, 0))
    (True, False)
    """
    both = pieces(expression)
    if both is None:
        return None
    right, left = both
    claims = [is_continuous(expression)]
    for slope in (SLOPE, -SLOPE):
        argument = slope * LINE + _BIAS
        jump = ((right - left) * sp.sign(slope)).subs(Z, argument) * second
        for order in (0, 1):
            at_kink = sp.diff(jump, LINE, order).subs(LINE, -_BIAS / slope)
            claims.append(is_identity(at_kink, sp.S.Zero))
    return settle(claims)


@functools.lru_cache(maxsize=256)
def neuron_degree(expression: sp.Expr, second: sp.Expr = sp.S.One) -> int | None:
    """Highest degree in x of the polynomial pieces of s(w x + b) ``second``, or None.

    >>> neuron_degree(sp.Max(Z, 0), AFFINE_FACTOR)
    2
    """
    both = pieces(expression)
    if both is None:
        return None
    slope = sp.Symbol("w", real=True, nonzero=True)
    degrees: list[int] = []
    for piece in both:
        formula = sp.expand(piece.subs(Z, slope * LINE + _BIAS) * second)
        if not formula.is_polynomial(LINE):
            return None
        degrees.append(max(0, int(sp.Poly(formula, LINE).degree())) if formula != 0 else 0)
    return max(degrees)
