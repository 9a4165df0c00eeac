"""Exact equality of two functions given by piecewise expressions.

The conditions of all Piecewise parts cut space into cells. On a cell both functions are plain
formulas, and their difference is reduced to 0 exactly or not at all; a rational point where a
ball excludes 0 shows that they differ. No floating point number takes part in an answer.
"""

import sympy as sp

from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import Budget, OutOfBudgetError, tree_size
from expressivity.symbolic.piecewise import (
    MAX_NODES,
    by_conditions,
    is_manageable,
    split_cells,
    symbols_of,
)
from expressivity.symbolic.points import is_nonzero, spread_points

IDENTITY_STEPS = 1_000_000
"""Of one question: terms of products, nodes of what is evaluated."""


def is_identity(left: sp.Expr, right: sp.Expr) -> bool | None:
    """Whether two expressions in real symbols are equal wherever both are defined.

    Returns:
        True where the difference reduces to 0 on every cell, lower-dimensional cells included;
        False where a rational point and a ball of at least 128 bits exclude equality; None
        otherwise: the reduction (``algebra.vanishes``) knows rational functions of the symbols,
        of exponentials and of roots, and takes everything else (erf, logarithms) for independent
        variables; expressions of more than some thousand nodes or 6 levels are not tried.

    >>> x = sp.Symbol("x", real=True)
    >>> is_identity(x * sp.tanh(x), 2 * x / (1 + sp.exp(-2 * x)) - x)
    True
    >>> is_identity(sp.tanh(x), x)
    False
    """
    difference = left - right
    if difference == 0:
        return True
    if differs(left, right):
        return False
    difference = by_conditions(difference)
    if not is_manageable(difference):
        return None
    budget = Budget(IDENTITY_STEPS)
    try:
        every = all(vanishes(cell.formula, budget) for cell in split_cells(difference))
    except OutOfBudgetError:
        return None
    return True if every else None


def differs(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether ball arithmetic at a rational point shows that two expressions are not equal.

    The same as ``is_identity(..) is False``, at a fraction of the cost where they are equal: no
    reduction is tried. False decides nothing.

    >>> x = sp.Symbol("x", real=True)
    >>> differs(sp.tanh(x), x), differs(sp.tanh(x), -sp.tanh(-x))
    (True, False)
    """
    difference = left - right
    if difference == 0 or tree_size(difference) > MAX_NODES:
        return False
    if any(is_nonzero(difference, p) for p in spread_points(symbols_of(difference))):
        return True
    conditions = by_conditions(difference)
    if not is_manageable(conditions):
        return False
    budget, nodes = Budget(IDENTITY_STEPS), tree_size(difference)
    try:
        for cell in split_cells(conditions):
            for point in cell.points:
                budget.spend(nodes)
                if is_nonzero(difference, point):
                    return True
    except OutOfBudgetError:
        pass
    return False
