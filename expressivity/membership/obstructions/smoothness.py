"""Smoothness: a class of analytic, C^r or piecewise polynomial functions lacks the target.

docs/theory.md, T1 and T3, are the cases that the arguments were written for. They apply to every
class whose facts show what they need, the gates' included. The functions of a target say where it
lacks a property; proofs use them too.
"""

from dataclasses import replace

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.kinks import kinks_in_planes
from expressivity.classes.properties import (
    differentiability,
    divided_by_a_map,
    is_analytic,
    piece_degree,
)
from expressivity.membership.obstructions.taylor import has_order
from expressivity.symbolic.budget import MAX_EXPANDED, expanded_terms
from expressivity.symbolic.identities import differs
from expressivity.targets.bends import bends
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target


def smoothness_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    1. Every network real-analytic: by the identity theorem the target's formulas on different
       open sets would be one function.
    2. Every network C^r: no derivative of the target up to order r jumps.
    3. Every network piecewise polynomial: on some part of every open set it is a polynomial of
       bounded degree, and then so is each formula of the target.
    4. Every network real-analytic off finitely many hyperplanes: no kink of the target bends.

    Without biases in d = 1, a network of neurons that are a map times another neuron is x times a
    network of those; there the arguments are tried on the quotient as well (docs/theory.md, T3).

    It says nothing about functions that ``facts.pieces`` does not know, and sees no kinks that
    ``crossings`` and ``bends`` leave out. Classes that mix a kink with a transcendental activation
    meet the last argument alone; ``jump_powers`` and ``growth`` say more of them.

    >>> from expressivity.targets.builtin import t1
    >>> smoothness_obstruction(t1(), Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=1, dictionary=("relu2",)))
    'every network is C^1, and the gradient of t1 jumps across x1 = 0'
    """
    for argument in (_analytic, _differentiable, _piecewise_polynomial, _kinked_in_planes):
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


def first_jump(target: Target, highest: int) -> tuple[int, sp.Expr] | None:
    """The least order, at most ``highest``, of a derivative that certainly jumps, and a level.

    >>> from expressivity.targets.builtin import t1
    >>> first_jump(t1(), 3)
    (1, x1)
    """
    for order in range(highest + 1):
        for crossing in crossings(target):
            jump = sp.diff(crossing.above - crossing.below, crossing.pivot, order)
            if differs(crossing.on_plane(jump), sp.S.Zero):
                return order, crossing.level
    least = [(min(bend.orders), bend.level) for bend in bends(target)]
    found = [(order, level) for order, level in least if order <= highest]
    return min(found, key=lambda pair: pair[0], default=None)


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
    excess = (f for f in local_formulas(target) if _exceeds_degree(f, target, degree))
    return next(excess, None)


def _analytic(target: Target, family: Family) -> str | None:
    if not is_analytic(family):
        return None
    crossing = formula_change(target)
    if crossing is not None:
        what = f"changes its formula across {crossing.level} = 0"
        return f"every network is real-analytic, and {target.name} {what}"
    first, *others = local_formulas(target) or (sp.S.Zero,)
    other = next((f for f in others if differs(first, f)), None)
    if other is None:
        return None
    what = f"equals {first} on one open set and {other} on another"
    return f"every network is real-analytic, and {target.name} {what}"


def _differentiable(target: Target, family: Family) -> str | None:
    order = differentiability(family)
    found = None if order is None else first_jump(target, order)
    if found is None:
        return None
    jumping, level = found
    return f"every network is C^{order}, and {derivative(jumping, target)} jumps across {level} = 0"


def derivative(order: int, target: Target) -> str:
    """What jumps, in words."""
    named = {0: target.name, 1: f"the gradient of {target.name}"}
    return named.get(order, f"a derivative of order {order} of {target.name}")


def _kinked_in_planes(target: Target, family: Family) -> str | None:
    bend = next((b for b in bends(target) if b.curved), None)
    if bend is None or not kinks_in_planes(family):
        return None
    return (
        "every network is real-analytic off finitely many hyperplanes, and the kink "
        f"{bend.level} = 0 of {target.name} bends"
    )


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
