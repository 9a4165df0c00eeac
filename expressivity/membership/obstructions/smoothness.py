"""Smoothness: a class of analytic, C^1 or piecewise polynomial functions lacks the target.

docs/theory.md, T1 and T3, are the cases that the arguments were written for. They apply to every
class whose facts show what they need, the gates' included. The functions of a target say where it
lacks a property; proofs use them too.
"""

from dataclasses import replace

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.properties import divided_by_a_map, is_analytic, is_c1, piece_degree
from expressivity.membership.obstructions.taylor import has_order
from expressivity.symbolic.budget import MAX_EXPANDED, expanded_terms
from expressivity.symbolic.identities import differs
from expressivity.targets.crossings import Crossing, crossings, formulas
from expressivity.targets.target import Target


def smoothness_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    1. Every network real-analytic: by the identity theorem the target's formulas on the two sides
       of a kink would be one function.
    2. Every network C^1: neither the target nor its gradient jumps.
    3. Every network piecewise polynomial: on some part of every open set it is a polynomial of
       bounded degree, and then so is each formula of the target.

    Without biases in d = 1, a network of neurons that are a map times another neuron is x times a
    network of those; there the arguments are tried on the quotient as well (docs/theory.md, T3).

    It says nothing about classes that mix a kink with a transcendental activation, about
    functions that ``facts.pieces`` does not know, and sees no kinks that ``crossings`` leaves out.

    >>> from expressivity.targets.builtin import t1
    >>> smoothness_obstruction(t1(), Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=1, dictionary=("relu2",)))
    'every network is C^1, and the gradient of t1 jumps across x1 = 0'
    """
    for argument in (_analytic, _continuously_differentiable, _piecewise_polynomial):
        reason = argument(target, family)
        if reason is not None:
            return reason
    quotients = divided_by_a_map(family)
    if quotients is None:
        return None
    (x,) = target.coordinates
    quotient = replace(target, name=f"{target.name}/x1", expression=target.expression / x)
    return smoothness_obstruction(quotient, quotients)


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
    crossing = formula_change(target) if is_analytic(family) else None
    if crossing is None:
        return None
    return (
        "every network is real-analytic, and "
        f"{target.name} changes its formula across {crossing.level} = 0"
    )


def _continuously_differentiable(target: Target, family: Family) -> str | None:
    found = value_or_gradient_jump(target) if is_c1(family) else None
    if found is None:
        return None
    what, crossing = found
    jumps = target.name if what == "value" else f"the gradient of {target.name}"
    return f"every network is C^1, and {jumps} jumps across {crossing.level} = 0"


def _piecewise_polynomial(target: Target, family: Family) -> str | None:
    bound = piece_degree(family)
    formula = None if bound is None else excess_formula(target, bound)
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
