"""Smoothness: a class of analytic, C^1 or piecewise polynomial functions lacks the target.

Where the gates are real-analytic, as those of docs/theory.md, section 1, are, the first two
arguments hold for every kind and form; docs/theory.md, T1 and T3, are the cases they were written
for. A plug-in gate counts as analytic only where its own expression shows it.

The neuron functions look at one generic neuron s(w x + b) ``second`` on a line, with symbolic
parameters and both signs of w; finite sums, and products with analytic gates, keep what they
find. The target functions say where a target lacks it. Proofs and membership share both.
"""

import functools
from dataclasses import replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_continuous, is_real_analytic, pieces, settle
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GATES, is_analytic
from expressivity.membership.obstructions.taylor import has_order
from expressivity.symbolic.budget import MAX_EXPANDED, expanded_terms
from expressivity.symbolic.identities import differs, is_identity
from expressivity.symbolic.symbols import Z
from expressivity.targets.crossings import Crossing, crossings, formulas
from expressivity.targets.target import Target

LINE = sp.Symbol("x", real=True)
"""The coordinate along the line on which a generic neuron is looked at."""

AFFINE_FACTOR = sp.Symbol("v", real=True) * LINE + sp.Symbol("c", real=True)
"""The second factor v x + c of a generic one_sided neuron."""

_SIZE = sp.Symbol("s", positive=True)
_BIAS = sp.Symbol("b", real=True)


def smoothness_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    1. All activations and gates real-analytic: so is every network, and by the identity theorem
       the target's formulas on the two sides of a kink would be one function.
    2. All activations C^1 (kink 0), gates real-analytic: so is every network, and neither the
       target nor its gradient jumps.
    3. All activations piecewise polynomial, no gates: on some part of every open set a network
       is a polynomial of bounded degree, and then so is each formula of the target.

    One-sided networks without biases in d = 1 are x times a type1 network; there the arguments
    are tried on the quotient as well (docs/theory.md, T3).

    It says nothing about classes that mix a kink with a transcendental activation, about
    activations that :func:`pieces` does not know, and sees no kinks that ``crossings`` leaves
    out.

    >>> from expressivity.targets.builtin import t1
    >>> smoothness_obstruction(t1(), Family(
    ...     kind=Kind.FIXED, neuron="type1", width=9, dimension=1, dictionary=("relu2",)))
    'every network is C^1, and the gradient of t1 jumps across x1 = 0'
    """
    for argument in (_analytic, _continuously_differentiable, _piecewise_polynomial):
        reason = argument(target, family)
        if reason is not None:
            return reason
    if family.neuron == "one_sided" and not family.bias and family.dimension == 1:
        (x,) = target.coordinates
        quotient = replace(target, name=f"{target.name}/x1", expression=target.expression / x)
        return smoothness_obstruction(quotient, replace(family, neuron="type1"))
    return None


@functools.lru_cache(maxsize=256)
def neuron_is_analytic(expression: sp.Expr, second: sp.Expr = sp.S.One) -> bool:
    """Whether a neuron s(w x + b) ``second`` is certainly real-analytic.

    >>> neuron_is_analytic(ACTIVATIONS["silu"].expression, AFFINE_FACTOR)
    True
    """
    slope = sp.Symbol("w", real=True)
    return is_real_analytic(expression.subs(Z, slope * LINE + _BIAS) * second)


@functools.lru_cache(maxsize=256)
def neuron_is_c1(expression: sp.Expr, second: sp.Expr = sp.S.One) -> bool | None:
    """Whether a neuron s(w x + b) ``second`` is C^1 for every w and b.

    True, False (some neuron is not) or None, as :func:`is_identity` settles the jumps of the
    value and of the derivative at z = 0 for w > 0 and for w < 0.

    >>> neuron_is_c1(ACTIVATIONS["relu2"].expression), neuron_is_c1(ACTIVATIONS["relu"].expression)
    (True, False)
    """
    both = pieces(expression)
    if both is None:
        return None
    right, left = both
    claims = [is_continuous(expression)]
    for slope in (_SIZE, -_SIZE):
        argument = slope * LINE + _BIAS
        jump = ((right - left) * sp.sign(slope)).subs(Z, argument) * second
        for order in (0, 1):
            at_kink = sp.diff(jump, LINE, order).subs(LINE, -_BIAS / slope)
            claims.append(is_identity(at_kink, sp.S.Zero))
    return settle(claims)


@functools.lru_cache(maxsize=256)
def neuron_degree(expression: sp.Expr, second: sp.Expr = sp.S.One) -> int | None:
    """Highest degree in x of the polynomial pieces of s(w x + b) ``second``, or None.

    >>> neuron_degree(ACTIVATIONS["relu"].expression, AFFINE_FACTOR)
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


def gates_are_analytic(family: Family) -> bool:
    """Whether the gates of a family, if it has any, are certainly real-analytic.

    >>> from expressivity.classes.gates import GateSpec
    >>> gates_are_analytic(Family(kind=Kind.MOA, neuron="type1", width=1, dimension=1,
    ...     gate=GateSpec(name="softmax")))
    True
    """
    return family.gate is None or is_analytic(GATES[family.gate.name], family.coefficients)


def formula_change(target: Target) -> Crossing | None:
    """A kink on whose two sides the target certainly follows different analytic functions."""
    changes = (c for c in crossings(target) if differs(c.above, c.below))
    return next(changes, None)


def value_or_gradient_jump(target: Target) -> tuple[str, Crossing] | None:
    """A kink where the target is certainly not C^1, with "value" or "gradient" for what jumps."""
    for crossing in crossings(target):
        if differs(crossing.value_jump, sp.S.Zero):
            return "value", crossing
        if differs(crossing.slope_jump, sp.S.Zero):
            return "gradient", crossing
    return None


def excess_formula(target: Target, degree: int) -> sp.Expr | None:
    """A formula of the target on an open set that is no polynomial of at most this degree."""
    excess = (f for f in formulas(target) if _exceeds_degree(f, target, degree))
    return next(excess, None)


def _analytic(target: Target, family: Family) -> str | None:
    known = all(neuron_is_analytic(ACTIVATIONS[name].expression) for name in family.dictionary)
    if not (known and gates_are_analytic(family)):
        return None
    crossing = formula_change(target)
    if crossing is None:
        return None
    return (
        "every network is real-analytic, and "
        f"{target.name} changes its formula across {crossing.level} = 0"
    )


def _continuously_differentiable(target: Target, family: Family) -> str | None:
    known = all(neuron_is_c1(ACTIVATIONS[name].expression) is True for name in family.dictionary)
    if not (known and gates_are_analytic(family)):
        return None
    found = value_or_gradient_jump(target)
    if found is None:
        return None
    what, crossing = found
    jumps = target.name if what == "value" else f"the gradient of {target.name}"
    return f"every network is C^1, and {jumps} jumps across {crossing.level} = 0"


def _piecewise_polynomial(target: Target, family: Family) -> str | None:
    degrees = [neuron_degree(ACTIVATIONS[name].expression) for name in family.dictionary]
    known = [degree for degree in degrees if degree is not None]
    if family.kind is Kind.MOA or len(known) < len(degrees):
        return None
    highest = max(known)
    bound = {
        "type1": highest,
        "one_sided": highest + 1,
        "two_sided": 2 * highest,
        "quadratic": 2 * highest,
    }[family.neuron]
    formula = excess_formula(target, bound)
    if formula is None:
        return None
    return (
        f"every network is piecewise a polynomial of degree at most {bound}, and "
        f"{target.name} equals {formula} on an open set"
    )


def _exceeds_degree(formula: sp.Expr, target: Target, bound: int) -> bool:
    """Whether an analytic formula is certainly no polynomial of degree at most ``bound``."""
    if formula.is_polynomial(*target.coordinates) and expanded_terms(formula) <= MAX_EXPANDED:
        return sp.Poly(sp.expand(formula), *target.coordinates).total_degree() > bound
    # The derivative of order bound + 1 along a line is 0 for every such polynomial.
    return has_order(formula, target.coordinates, bound + 1)
