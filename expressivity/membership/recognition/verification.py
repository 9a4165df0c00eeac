"""Whether a network found by a search is the function it was found for.

The last word on every witness. Small differences are reduced cell by cell
(``identities.is_identity``), in one variable also between algebraic points (``pieces``). One
fraction over all exponentials of a large network would take minutes; there, and where no cell
decides, equality of normal forms does:

1. The normal form of the difference is reached by identities that hold off finitely many
   hyperplanes (``normal_form``), and a polynomial that is 0 is 0 whatever its generators are.
   So the difference is 0 on a dense open set. That other differences keep a nonzero form
   says nothing: generators may be dependent.
2. The difference is continuous: built by sums, products, powers, exp, tanh, erf and Abs from
   coordinates, with positive denominators (the normal form knows no others), and from
   Piecewise parts whose values agree where their condition changes, which is checked part by
   part. A continuous function that is 0 on a dense set is 0.
"""

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.pieces import same_pieces
from expressivity.symbolic.budget import OutOfBudgetError, expanded
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import split_level

MAX_EXPONENTIALS = 6
MAX_OPERATIONS = 500
"""Up to both of these a difference is reduced cell by cell first."""


def same_function(left: sp.Expr, right: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> bool:
    """Whether two expressions are certainly equal everywhere; False decides nothing.

    >>> x = sp.Symbol("x1", real=True)
    >>> same_function(x * sp.tanh(x), 2 * x / (1 + sp.exp(-2 * x)) - x, (x,))
    True
    """
    difference = left - right
    if difference == 0:
        return True
    exponentials = difference.atoms(sp.exp, sp.tanh)
    if len(exponentials) <= MAX_EXPONENTIALS and difference.count_ops() <= MAX_OPERATIONS:
        same = is_identity(left, right)
        if same is not None:
            return same
        if len(symbols) == 1 and same_pieces(difference, symbols[0]):
            return True
    try:
        if Ring(symbols).parse(difference):
            return False
        return all(_is_continuous(part, symbols) for part in difference.atoms(sp.Piecewise))
    except OutOfBudgetError:
        return False
    except UnrecognisedError:  # other quotients than of exponentials
        return not exponentials and is_identity(left, right) is True


def _is_continuous(part: Any, symbols: tuple[sp.Symbol, ...]) -> bool:
    """Whether the two values of a Piecewise certainly agree where its affine condition changes."""
    if len(part.args) != 2:
        return False
    (value, condition), (otherwise, rest) = (pair.args for pair in part.args)
    if not isinstance(condition, Relational) or rest != sp.true:
        return False
    level = split_level(condition)[0]
    slopes: list[Any] = [sp.diff(level, s) for s in symbols]
    if any(slope.free_symbols for slope in slopes):
        return False
    pivot = next((s for s, slope in zip(symbols, slopes, strict=True) if slope != 0), None)
    if pivot is None:
        return False
    on_plane = sp.expand(pivot - level / sp.diff(level, pivot))
    return sp.expand(expanded((value - otherwise).subs(pivot, on_plane))) == 0
