"""Smoothness: a class of analytic, C^1 or piecewise polynomial functions lacks the target.

Gates are real-analytic (docs/theory.md, section 1), so the first two arguments hold for every
kind and form; docs/theory.md, T1 and T3, are the cases they were written for.
"""

from dataclasses import replace

import sympy as sp

from expressivity.activations import ACTIVATIONS
from expressivity.families import Family, Form, Kind
from expressivity.identities import is_identity
from expressivity.obstructions.jumps import crossings, formulas
from expressivity.targets import Target


def smoothness_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    1. All activations real-analytic: so is every network, and by the identity theorem the
       target's formulas on the two sides of a kink would be one function.
    2. All activations C^1 (kink 0): so is every network, and neither the target nor its
       gradient jumps.
    3. All activations piecewise polynomial, no gates: on some part of every open set a network
       is a polynomial of bounded degree, and then so is each formula of the target.

    One-sided networks without biases in d = 1 are x times a type1 network; there the arguments
    are tried on the quotient as well (docs/theory.md, T3).

    Assumes the declared facts of the activations. It says nothing about classes that mix a
    kink with a transcendental activation, and sees no kinks that ``crossings`` leaves out.

    >>> from expressivity.targets import t1
    >>> smoothness_obstruction(t1(), Family(
    ...     kind=Kind.FIXED, form=Form.TYPE1, width=9, dimension=1, dictionary=("relu2",)))
    'every network is C^1, and the gradient of t1 jumps across x1 = 0'
    """
    for argument in (_analytic, _continuously_differentiable, _piecewise_polynomial):
        reason = argument(target, family)
        if reason is not None:
            return reason
    if family.form is Form.ONE_SIDED and not family.bias and family.dimension == 1:
        (x,) = target.coordinates
        quotient = replace(target, name=f"{target.name}/x1", expression=target.expression / x)
        return smoothness_obstruction(quotient, replace(family, form=Form.TYPE1))
    return None


def _analytic(target: Target, family: Family) -> str | None:
    if not all(ACTIVATIONS[name].analytic for name in family.dictionary):
        return None
    for crossing in crossings(target):
        if is_identity(crossing.above, crossing.below) is False:
            return (
                "every network is real-analytic, and "
                f"{target.name} changes its formula across {crossing.level} = 0"
            )
    return None


def _continuously_differentiable(target: Target, family: Family) -> str | None:
    if any(ACTIVATIONS[name].kink != 0 for name in family.dictionary):
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is False:
            return f"every network is C^1, and {target.name} jumps across {crossing.level} = 0"
        if is_identity(crossing.slope_jump, sp.S.Zero) is False:
            return (
                f"every network is C^1, and the gradient of {target.name} "
                f"jumps across {crossing.level} = 0"
            )
    return None


def _piecewise_polynomial(target: Target, family: Family) -> str | None:
    degrees = [ACTIVATIONS[name].piece_degree for name in family.dictionary]
    known = [degree for degree in degrees if degree is not None]
    if family.kind is Kind.MOA or len(known) < len(degrees):
        return None
    highest = max(known)
    bound = {
        Form.TYPE1: highest,
        Form.ONE_SIDED: highest + 1,
        Form.TWO_SIDED: 2 * highest,
        Form.QUADRATIC: 2 * highest,
    }[family.form]
    for formula in formulas(target):
        if _exceeds_degree(formula, target, bound):
            return (
                f"every network is piecewise a polynomial of degree at most {bound}, and "
                f"{target.name} equals {formula} on an open set"
            )
    return None


def _exceeds_degree(formula: sp.Expr, target: Target, bound: int) -> bool:
    """Whether an analytic formula is certainly no polynomial of degree at most ``bound``."""
    polynomial = sp.expand(formula)
    if polynomial.is_polynomial(*target.coordinates):
        return sp.Poly(polynomial, *target.coordinates).total_degree() > bound
    # The derivative of order bound + 1 along a line is 0 for every such polynomial.
    return any(
        is_identity(sp.diff(formula, x, bound + 1), sp.S.Zero) is False for x in target.coordinates
    )
