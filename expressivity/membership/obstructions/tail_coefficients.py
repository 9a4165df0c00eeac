"""Tails on parallel lines: of sums of ridge functions their coefficients are polynomials.

docs/theory.md, section 9.
"""

from collections.abc import Iterator
from itertools import permutations, takewhile
from math import comb
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.tails import ridge_tail_degree
from expressivity.symbolic.tails import T, expansion, is_certainly_nonzero, tail
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target

_LINE = sp.Symbol("t", real=True)


def tail_coefficients_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    Without gates, and where each neuron is a function of one map, a network is on an open set a
    sum of pieces f(w.x + b); if it is a formula of the target there, it is on the whole space. On
    the line x = p + t e a piece tends to a polynomial P(t w.e + w.p + b) of degree at most D,
    perhaps with exponentials of t beside it, or it does not depend on t. So the coefficient of
    t^k, k >= 1, is a polynomial in p of degree at most D - k: its differences of order D - k + 1
    are 0.

    >>> from expressivity.targets.user import user_target
    >>> gelu = Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=2, dictionary=("gelu",))
    >>> print(tail_coefficients_obstruction(user_target("x2*tanh(x1)"), gelu).split(";")[0])
    far out on x2 = t, coefficients of t in networks are of degree at most 0 in x1
    """
    degree = ridge_tail_degree(family)
    if degree is None:
        return None
    for formula in local_formulas(target):
        for along, across in permutations(target.coordinates, 2):
            power = next(_excess(formula, along, across, degree), None)
            if power is not None:
                term = "t" if power == 1 else f"t**{power}"
                return (
                    f"far out on {along} = t, coefficients of {term} in networks are of degree at "
                    f"most {degree - power} in {across}; {formula} is not so"
                )
    return None


def _excess(formula: sp.Expr, along: sp.Symbol, across: sp.Symbol, degree: int) -> Iterator[int]:
    """Powers of t whose coefficient is certainly no polynomial of the degree that is left."""
    for sign in (1, -1):
        found = [_tail(formula, along, across, place, sign) for place in range(degree + 1)]
        known = list(takewhile(lambda polynomial: polynomial is not None, found))
        for power in range(1, degree + 1):
            order = degree - power + 1
            if order >= len(known):
                continue
            terms = [
                (-1) ** n * comb(order, n) * polynomial.coeff_monomial(T**power)
                for n, polynomial in enumerate(known[: order + 1])
            ]
            if is_certainly_nonzero(sp.Add(*terms)):
                yield power


def _tail(formula: sp.Expr, along: sp.Symbol, across: sp.Symbol, place: int, sign: int) -> Any:
    """The polynomial beside exponentials on one of the parallel lines; None if not known.

    The other coordinates are 0.
    """
    line: Any = dict.fromkeys(formula.free_symbols, sp.S.Zero)
    line |= {along: _LINE, across: sp.Integer(place)}
    on_line: Any = formula.xreplace(line)
    found = expansion(on_line, _LINE, sign)
    known = None if found is None else tail(found)
    return None if known is None else sp.Poly(known.get(sp.S.Zero, sp.S.Zero), T)
