"""Affine maps that stand in an expression, or that its pieces are."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp

from expressivity.membership.recognition.terms import Affine, line_of, scaled
from expressivity.symbolic.budget import tree_size
from expressivity.symbolic.piecewise import by_conditions, innermost_levels, split_cells
from expressivity.symbolic.points import affine_form, as_rational

_MAX_LEVELS, _MAX_NODES = 4, 600
_MAX_DIFFERENCES = 12


def affine_maps(
    expression: sp.Expr, symbols: Sequence[sp.Symbol], *, bias: bool = True
) -> list[Affine]:
    """Candidate maps, likely ones first, each with its negative.

    Formulas of pieces, the constants 0 and 1, affine expressions and affine parts of sums, these up
    to scale, coordinates, and differences of formulas of pieces; without ``bias`` those that are
    linear.

    >>> x = sp.Symbol("x1", real=True)
    >>> affine_maps(abs(x - 1), (x,))[:3]
    [(1, -1), (-1, 1), (0, 0)]
    """
    expression = by_conditions(expression)
    first = dict.fromkeys(_affine(_formulas(expression), symbols))
    second = dict.fromkeys(_affine(_parts(expression, symbols), symbols))
    lines = [line for z in (*first, *second) for line in [line_of(z)[1]] if line is not None]
    pairs = itertools.combinations(list(first)[:_MAX_DIFFERENCES], 2)
    differences = [tuple(a - b for a, b in zip(y, z, strict=True)) for y, z in pairs]
    zero: Affine = (sp.S.Zero,) * (len(symbols) + 1)
    ordered = [*first, zero, (*zero[:-1], sp.S.One), *second, *lines, *_affine(symbols, symbols)]
    found = dict.fromkeys(scaled(z, sign) for z in (*ordered, *differences) for sign in (1, -1))
    return [z for z in found if bias or z[-1] == 0]


def _affine(expressions: Any, symbols: Sequence[sp.Symbol]) -> Iterator[Affine]:
    """Those that are affine with rational coefficients, and not constant."""
    for expression in expressions:
        form = affine_form(expression, symbols)
        if form is not None and any(form[:-1]):
            yield tuple(as_rational(c) for c in form)


def _formulas(expression: sp.Expr) -> Iterator[sp.Expr]:
    """Formulas of the pieces, as long as there are few."""
    if len(innermost_levels(expression)) <= _MAX_LEVELS and tree_size(expression) <= _MAX_NODES:
        for cell in split_cells(expression):
            if cell.formula.is_polynomial():
                yield cell.formula


def _parts(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """Polynomials of degree 1 inside, affine parts of sums, levels of conditions."""
    nodes: list[Any] = list(itertools.islice(sp.preorder_traversal(expression), _MAX_NODES))
    yield from innermost_levels(expression)
    for node in dict.fromkeys(nodes):
        if not isinstance(node, sp.Expr) or not node.free_symbols & set(symbols):
            continue
        if _is_affine(node, symbols):
            yield node
        elif node.is_Add:
            terms: tuple[Any, ...] = node.args
            yield sp.Add(*[term for term in terms if _is_affine(term, symbols)])


def _is_affine(node: Any, symbols: Sequence[sp.Symbol]) -> bool:
    return bool(node.is_polynomial(*symbols)) and sp.Poly(node, *symbols).total_degree() <= 1
