"""Functions that are rational on finitely many pieces, whatever their parameters are.

Sums, products and whole powers of variables, constants and such choices as compare polynomials. On
a line every level is a polynomial, so that it has finitely many roots or none that matters: there
the function is one of finitely many rational functions between finitely many places, and so is a
network (docs/theory.md, section 9). What the form does not show is not claimed.
"""

import functools
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.neurons import MAPS, MIXTURES
from expressivity.classes.terms import formula
from expressivity.symbolic.budget import tree_size
from expressivity.symbolic.piecewise import MAX_NODES, by_conditions, split_level
from expressivity.symbolic.symbols import Z

_MAX_QUOTIENT = 500  # nodes of what is divided by a level


def has_rational_pieces(family: Family) -> bool:
    """Whether every network is certainly rational on pieces, finitely many on every line.

    >>> [has_rational_pieces(Family(neuron=name, kind="fixed", width=1, dimension=1))
    ...     for name in ("pau", "maxout3", "swish")]
    [True, True, False]
    """
    levels_in, own = frozenset(MAPS), frozenset((*MAPS, *MIXTURES))
    return (
        family.gate is None
        and is_rational(formula(family.record), own, levels_in)
        and all(is_rational(ACTIVATIONS[name].expression) for name in family.dictionary)
    )


@functools.lru_cache(maxsize=256)
def is_rational(
    expression: sp.Expr,
    variables: frozenset[sp.Symbol] = frozenset((Z,)),
    levels_in: frozenset[sp.Symbol] = frozenset((Z,)),
) -> bool:
    """Whether it is certainly rational in the variables, on finitely many pieces.

    Args:
        expression: other symbols are constants.
        variables: in which it is rational.
        levels_in: those that conditions may compare, as polynomials.

    >>> is_rational(Z / (1 + sp.Abs(Z**2 - 1))), is_rational(sp.Max(Z, sp.exp(Z)))
    (True, False)
    """
    return tree_size(expression) <= MAX_NODES and _is_rational(
        by_conditions(expression), variables, levels_in
    )


def _is_rational(
    node: Any, variables: frozenset[sp.Symbol], levels_in: frozenset[sp.Symbol]
) -> bool:
    if not node.free_symbols & variables:
        return not node.has(sp.nan, sp.zoo, sp.oo, -sp.oo)
    if isinstance(node, sp.Piecewise):
        pairs: Any = node.args
        return all(
            _is_rational(value, variables, levels_in) and _compares(condition, variables, levels_in)
            for value, condition in pairs
        )
    whole = node.is_Pow and node.exp.is_Integer
    if not (node.is_Symbol or node.is_Add or node.is_Mul or whole):
        return False
    return all(_is_rational(part, variables, levels_in) for part in node.args)


def _compares(
    condition: Any, variables: frozenset[sp.Symbol], levels_in: frozenset[sp.Symbol]
) -> bool:
    """Whether a condition compares polynomials in ``levels_in`` and constants alone."""
    if isinstance(condition, Relational):
        level = split_level(condition)[0]
        others = level.free_symbols & (variables - levels_in)
        return not others and bool(level.is_polynomial(*levels_in))
    if not isinstance(condition, BooleanAtom | sp.And | sp.Or | sp.Not | sp.ITE):
        return False
    return all(_compares(part, variables, levels_in) for part in condition.args)


@functools.lru_cache(maxsize=256)
def is_joined(expression: sp.Expr) -> bool:
    """Whether a function of ``Z`` with rational pieces is certainly continuous, where it is finite.

    At every choice between two values their difference is a multiple of the level. A quotient that
    is finite everywhere has a denominator that is 0 nowhere.

    >>> is_joined(Z / (1 + sp.Abs(Z**2 - 1))), is_joined(sp.Piecewise((1, Z > 2), (0, True)))
    (True, False)
    """
    expression = by_conditions(expression)
    return is_rational(expression) and all(map(_agrees, expression.atoms(sp.Piecewise)))


def _agrees(choice: Any) -> bool:
    if len(choice.args) != 2:
        return False
    (value, condition), (otherwise, rest) = (pair.args for pair in choice.args)
    if not isinstance(condition, Relational) or rest != sp.true:
        return False
    level = split_level(condition)[0]
    if level.has(sp.Piecewise) or tree_size(value - otherwise) > _MAX_QUOTIENT:
        return False
    quotient = sp.cancel((value - otherwise) / level)
    return bool(quotient.is_polynomial(*quotient.free_symbols))
