"""Growth: continued along a line, a network has a polynomial for its tail, or exponentials.

docs/theory.md, section 9.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.tails import Tails, network_tails
from expressivity.symbolic.points import as_rational
from expressivity.symbolic.tails import (
    T,
    by_power,
    exceeds_tails,
    expansion,
    is_certainly_nonzero,
    polynomial_tail,
)
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target

LINE = sp.Symbol("t", real=True)
"""The coordinate on each of ``lines``."""


def growth_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    On an open set without kinks a network is a sum of products of real-analytic pieces and gates,
    and where it equals a formula of the target it does so on the whole space. Along a line it is
    then a polynomial at either end, up to an exponentially small error, and the two polynomials
    agree above a degree (:func:`network_tails`); with ELU, exponentials take part. A formula that
    oscillates, grows or decays otherwise is excluded.

    The pieces' behaviour and the formula's are expanded exactly. It does not decide where one has
    no expansion that ``symbolic/tails.py`` knows, nor about gates or products beside exponentials.

    >>> from expressivity.targets.user import user_target
    >>> growth_obstruction(user_target("sin(x)"), Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=1, dictionary=("tanh",)))
    'far out, networks are polynomials of degree at most 0 on x1 = t, and sin(x1) is not'
    """
    tails = network_tails(family)
    if tails is None:
        return None
    for formula in local_formulas(target):
        for point in lines(target.dimension):
            line: Any = dict(zip(target.coordinates, point, strict=True))
            on_line: Any = formula.xreplace(line)
            lacking = _lacks(on_line, tails)
            if lacking is not None:
                along = ", ".join(f"{x} = {line[x]}" for x in target.coordinates)
                return f"far out, networks are {lacking} on {along}, and {formula} is not"
    return None


def _lacks(formula: sp.Expr, tails: Tails) -> str | None:
    """What a formula in ``LINE`` certainly is not, in words."""
    ends = [expansion(formula, LINE, sign) for sign in (1, -1)]
    for end in ends:
        if end is not None and exceeds_tails(end, tails.degree, exponentials=tails.exponentials):
            kind = "polynomials" if not tails.exponentials else "exponentials times polynomials"
            return f"{kind} of degree at most {tails.degree}"
    if tails.exponentials:
        return None
    right, left = (None if end is None else polynomial_tail(end) for end in ends)
    if right is None or left is None:
        return None
    powers = by_power(right - left.subs(T, -T))
    if any(k > tails.difference and is_certainly_nonzero(c) for k, c in powers.items()):
        apart = tails.difference
        rest = f", up to terms of degree at most {apart}," if apart >= 0 else ""
        return f"the same polynomials at both ends{rest}"
    return None


def lines(dimension: int) -> Iterator[tuple[sp.Expr, ...]]:
    """The axes, then lines in general position, in ``LINE``.

    >>> list(lines(1))
    [(t,)]
    """
    for axis in range(dimension):
        yield tuple(LINE if axis == i else sp.S.Zero for i in range(dimension))
    for sign in (1, -1) if dimension > 1 else ():
        for shift in (0, 1):
            yield tuple(
                sign**i * as_rational(Fraction(2 + i, 2 + 2 * i)) * LINE
                + as_rational(Fraction(shift, 3 + i))
                for i in range(dimension)
            )
