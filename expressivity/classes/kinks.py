"""Where networks are not smooth, and what changes there: facts of a class beside ``properties.py``.

What cannot be derived is None, or False where the question is whether something is certain.
"""

from collections.abc import Mapping
from itertools import product

import sympy as sp

from expressivity.classes.facts import is_real_analytic, jump_powers, pieces
from expressivity.classes.families import Family
from expressivity.classes.neurons import MIXTURES
from expressivity.classes.properties import expressions, gates_are_analytic, is_composed_of
from expressivity.classes.rational import is_rational
from expressivity.classes.terms import AFFINE, degree_in, formula, is_free, ridge_terms
from expressivity.symbolic.piecewise import all_levels, assume_sign, innermost_levels


def kinks_in_planes(family: Family) -> bool:
    """Whether every network is certainly real-analytic off finitely many hyperplanes.

    >>> kinks_in_planes(Family(neuron="maxout3", kind="fixed", width=4, dimension=2))
    True
    """
    if not gates_are_analytic(family):
        return False
    if is_composed_of(family, lambda s: pieces(s) is not None or is_rational(s)):
        return True
    record = formula(family.record)
    affine = {**AFFINE, **dict.fromkeys(MIXTURES, 2)}
    if any(degree_in(level, affine, is_free) != 1 for level in all_levels(record)):
        return False
    known = all(pieces(s) is not None for s in expressions(family))
    return known and all(is_real_analytic(part) for part in _cases(record))


def _cases(expression: sp.Expr) -> list[sp.Expr]:
    """The formulas of an expression, by every sign of every level; empty cells among them."""
    levels = innermost_levels(expression)
    if not levels:
        return [expression]
    return [part for sign in (1, -1) for part in _cases(assume_sign(expression, levels[0], sign))]


def jump_degrees(family: Family) -> Mapping[int, int] | None:
    """What networks without gates jump by across a hyperplane H, or None if it is not known.

    Near almost every point of H the difference of the formulas on its two sides is a sum of
    y^m p_m, where y is the distance from H and p_m a polynomial along H: the greatest degree of
    p_m, by m (docs/theory.md, section 9).

    >>> dict(jump_degrees(Family(neuron="one_sided", kind="la", width=1, dimension=2)))
    {1: 1, 2: 1, 3: 0}
    """
    terms = ridge_terms(family)
    if family.gate is not None or terms is None:
        return None
    found: dict[int, int] = {}
    for term in terms:
        powers = jump_powers(term.profile)
        if powers is None:
            return None
        for power, order in product(powers, range(term.degree + 1)):
            m = power + order
            found[m] = max(found.get(m, 0), term.degree - order)
    return dict(sorted(found.items()))
