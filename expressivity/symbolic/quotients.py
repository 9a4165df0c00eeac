"""Quotients of entire functions, and of sums of exponentials, by the structure of formulas."""

from collections.abc import Callable
from typing import Any

import sympy as sp

_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.erf, sp.erfc)
_EXPONENTIAL = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh)


def is_meromorphic(formula: sp.Expr, *variables: sp.Symbol) -> bool:
    """Whether a formula certainly continues to a quotient of entire functions, in each variable.

    It is rational in the variables and in tanh and entire functions of entire arguments.

    >>> x = sp.Symbol("x", real=True)
    >>> is_meromorphic(x / (1 + sp.exp(-x)), x), is_meromorphic(sp.log(1 + sp.exp(x)), x)
    (True, False)
    """

    def admits(node: Any) -> bool:
        return isinstance(node, (sp.tanh, *_ENTIRE)) and is_entire(node.args[0], *variables)

    return _is_rational(formula, variables, admits)


def is_of_exponentials(formula: sp.Expr, *variables: sp.Symbol) -> bool:
    """Whether a formula is a quotient of sums of polynomials times exponentials of affine forms.

    The rates may be complex numbers, or depend on parameters.

    >>> x = sp.Symbol("x", real=True)
    >>> is_of_exponentials(x * sp.tanh(2 * x + 1), x), is_of_exponentials(sp.erf(x), x)
    (True, False)
    """

    def admits(node: Any) -> bool:
        return isinstance(node, (sp.tanh, *_EXPONENTIAL)) and _is_affine(node.args[0], variables)

    return _is_rational(formula, variables, admits)


def is_entire(formula: Any, *variables: sp.Symbol) -> bool:
    """Whether it is built from the variables by sums, products, whole powers and entire functions.

    >>> x = sp.Symbol("x", real=True)
    >>> is_entire(x * sp.exp(x**2), x), is_entire(1 / x, x)
    (True, False)
    """
    nodes: list[Any] = [n for n in sp.preorder_traversal(formula) if n.has(*variables)]
    return all(
        n in variables
        or n.is_Add
        or n.is_Mul
        or (n.is_Pow and n.exp.is_Integer and n.exp.is_nonnegative)
        or isinstance(n, _ENTIRE)
        for n in nodes
    )


def _is_rational(
    node: Any, variables: tuple[sp.Symbol, ...], admits: Callable[[Any], bool]
) -> bool:
    """Whether it is rational in the variables and in what is admitted."""
    if not node.has(*variables) or node in variables or admits(node):
        return True
    if not (node.is_Add or node.is_Mul or (node.is_Pow and node.exp.is_Integer)):
        return False
    return all(_is_rational(part, variables, admits) for part in node.args)


def _is_affine(argument: Any, variables: tuple[sp.Symbol, ...]) -> bool:
    polynomial = argument.is_polynomial(*variables)
    return polynomial and sp.Poly(argument, *variables).total_degree() <= 1
