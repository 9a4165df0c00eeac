"""Rational pieces: what is no rational function on any open set is no network of such pieces.

docs/theory.md, section 9.
"""

from typing import Any

from expressivity.classes.families import Family
from expressivity.classes.rational import has_rational_pieces
from expressivity.membership.obstructions.growth import LINE, lines
from expressivity.symbolic.asymptotics import has_exponentials, rational_part
from expressivity.symbolic.identities import differs
from expressivity.symbolic.tails import T, expansion
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target


def rational_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    On some part of every open set a network with rational pieces is one rational function. Where
    it equals a formula of the target, real-analytic on the whole space, the formula is rational on
    every line. Far out a rational function has no exponentials in its expansion, and it is equal to
    another one from which it differs by an exponentially small error alone.

    It does not decide where a formula has no expansion that ``symbolic/tails.py`` knows.

    >>> from expressivity.targets.user import user_target
    >>> pau = Family(kind="fixed", neuron="pau", width=9, dimension=1)
    >>> rational_obstruction(user_target("tanh(x)"), pau)
    'every network is rational on pieces, and tanh(x1) is not on x1 = t'
    """
    if not has_rational_pieces(family):
        return None
    for formula in local_formulas(target):
        for point in lines(target.dimension):
            line: Any = dict(zip(target.coordinates, point, strict=True))
            if _is_not_rational(formula.xreplace(line)):
                along = ", ".join(f"{x} = {line[x]}" for x in target.coordinates)
                return f"every network is rational on pieces, and {formula} is not on {along}"
    return None


def _is_not_rational(formula: Any) -> bool:
    """Whether a formula in ``LINE`` is certainly no rational function, by either end."""
    if formula.is_rational_function(LINE):
        return False
    for sign in (1, -1):
        end = expansion(formula, LINE, sign)
        if end is None:
            continue
        if has_exponentials(end):
            return True
        known = rational_part(end)
        if known is not None and differs(formula, known.subs(T, sign * LINE)):
            return True
    return False
