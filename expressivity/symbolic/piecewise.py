"""Where a formula changes: its levels, its sides and its cells.

A *level* is the g of a condition g > 0, g >= 0, g = 0 and so on; where it has a sign, the
condition has a truth value. On a *side* of a level, or where every level has a sign, the expression
is a plainer formula; the cells are the sets of points on which all levels keep their signs. A
level that holds a Piecewise waits until those inside are decided: ``innermost_levels`` come first.

Everyone who asks where a formula changes asks here. Only the checker of certificates reads
conditions by itself, and ``conditions.py`` composes them.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import sympy as sp
from sympy.core.relational import Relational

from expressivity.symbolic.budget import MAX_EXPANDED, expanded_terms, tree_size
from expressivity.symbolic.points import Point, affine_form, ball_sign, interior_points

_MAX_LEVELS = 6  # 3^6 cells
_MAX_OPERATIONS = 3000
MAX_NODES = 20_000
"""Of the tree: nested conditions share parts, and a tree has each many times."""
_BY_CASES = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside)


def kink_levels(expression: sp.Expr) -> list[sp.Expr]:
    """The g of every condition g > 0 in the expression's Piecewise parts."""
    conditions: set[Any] = {
        relation
        for part in expression.atoms(sp.Piecewise)
        for pair in part.args
        for relation in cast(Any, pair).args[1].atoms(Relational)
    }
    return sorted({c.lhs - c.rhs for c in conditions}, key=str)


@functools.lru_cache(maxsize=4096)
def split_level(relation: Any) -> tuple[sp.Expr, int]:
    """A relation's level g, sign-normalised and primitive, and the sign of lhs - rhs over g.

    >>> x = sp.Symbol("x", real=True)
    >>> split_level(4 - 2 * x > 0)
    (x - 2, -1)
    """
    level = relation.lhs - relation.rhs
    if expanded_terms(level) <= MAX_EXPANDED:
        level = sp.expand(level)
    level = level.as_content_primitive()[1]
    return (-level, -1) if level.could_extract_minus_sign() else (level, 1)


def innermost_levels(expression: sp.Expr) -> list[sp.Expr]:
    """Levels of the conditions that contain no Piecewise themselves, in a fixed order."""
    return sorted(_innermost(expression), key=str)


def _innermost(expression: sp.Expr) -> set[sp.Expr]:
    return {level for level in all_levels(expression) if not level.has(sp.Piecewise)}


def all_levels(expression: sp.Expr) -> set[sp.Expr]:
    """The level of every condition, normalised by :func:`split_level`."""
    return {split_level(relation)[0] for relation in expression.atoms(Relational)}


def assume_sign(expression: sp.Expr, level: sp.Expr, sign: int) -> sp.Expr:
    """The expression where the level g of :func:`split_level` has the given sign, -1, 0 or 1."""
    return _assume_signs(expression, {level: sign})


def _assume_signs(expression: sp.Expr, signs: Mapping[sp.Expr, int]) -> sp.Expr:
    replaced: Any = expression.xreplace({
        relation: sp.true if _holds(relation, orientation * signs[level]) else sp.false
        for relation in expression.atoms(Relational)
        for level, orientation in [split_level(relation)]
        if level in signs
    })  # fmt: skip
    return replaced


def formula_where(expression: sp.Expr, sign_of: Callable[[sp.Expr], int | None]) -> sp.Expr | None:
    """The formula where each level, innermost first, has the sign that is given for it.

    None where no sign is given for a level that is left.

    >>> x = sp.Symbol("x", real=True)
    >>> formula_where(sp.Piecewise((x, x > 1), (0, True)), lambda level: 1)
    x
    """
    while levels := _innermost(expression):
        signs = {level: sign for level in levels if (sign := sign_of(level)) is not None}
        if not signs:
            return None
        expression = _assume_signs(expression, signs)
    return None if expression.atoms(Relational) else expression


def formula_at(expression: sp.Expr, point: Point) -> sp.Expr | None:
    """The formula near a point, or None where a level may vanish at the point.

    >>> x = sp.Symbol("x", real=True)
    >>> relu = sp.Piecewise((x, x > 0), (0, True))
    >>> formula_at(relu, {x: sp.Integer(2)}), formula_at(relu, {x: sp.Integer(0)})
    (x, None)
    """
    return formula_where(expression, lambda level: ball_sign(level, point))


def by_conditions(expression: sp.Expr) -> sp.Expr:
    """Abs, sign, Max, Min and Heaviside of real arguments by cases, unless these are too many.

    >>> by_conditions(sp.Abs(sp.Symbol("x", real=True)))
    Piecewise((x, x >= 0), (-x, True))
    """
    if tree_size(expression) > MAX_NODES:
        return expression
    cases: set[Any] = expression.atoms(*_BY_CASES)
    if not cases or sum(len(case.args) for case in cases) > _MAX_LEVELS:
        return expression
    found: Any = expression.replace(
        lambda node: isinstance(node, _BY_CASES) and all(a.is_extended_real for a in node.args),
        _by_cases,
    )
    return found if is_manageable(found) else expression


def _by_cases(node: Any) -> sp.Expr:
    """The node as a Piecewise; of three arguments and more with conditions g >= 0.

    sympy turns a >= b into b <= a and back without end where both vary inside an And.
    """
    if len(node.args) < 3:
        return node.rewrite(sp.Piecewise)
    arguments: dict[Any, Any] = {sp.Dummy(f"a{i}", real=True): a for i, a in enumerate(node.args)}
    cases = node.func(*arguments).rewrite(sp.Piecewise)
    levels: dict[Any, Any] = {r: r.func(r.lhs - r.rhs, 0) for r in cases.atoms(Relational)}
    return cases.xreplace(levels).xreplace(arguments)


def is_manageable(expression: sp.Expr) -> bool:
    """Whether it is short, and has few enough levels for all its cells to be looked at."""
    return (
        tree_size(expression) <= MAX_NODES
        and expression.count_ops() <= _MAX_OPERATIONS
        and len(all_levels(expression)) <= _MAX_LEVELS
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A nonempty set of points on which every condition keeps its truth value.

    Attributes:
        formula: the expression there, without Piecewise parts.
        points: rational points inside, as far as its conditions are affine and rational.
    """

    formula: sp.Expr
    points: tuple[Point, ...]


def split_cells(expression: sp.Expr) -> Iterator[Cell]:
    """The cells of an expression, by the sign -1, 0 or 1 of every level.

    A level 0 is eliminated where it is affine. Cells that a non-affine condition leaves empty
    may be among them.
    """
    symbols = symbols_of(expression)
    yield from _split(expression, (), symbols, ())


def _split(
    expression: sp.Expr,
    forms: tuple[sp.Expr, ...],
    symbols: tuple[sp.Symbol, ...],
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...],
) -> Iterator[Cell]:
    points = interior_points([_fractions(form, symbols) for form in forms], symbols)
    if not points:
        return
    levels = innermost_levels(expression)
    if not levels:
        yield Cell(formula=expression, points=tuple(_complete(p, solved) for p in points))
        return
    level = levels[0]
    form = affine_form(level, symbols)
    for sign in (1, -1, 0):
        piece = assume_sign(expression, level, sign)
        if form is None:
            yield from _split(piece, forms, symbols, solved)
        elif sign:
            yield from _split(piece, (*forms, sign * level), symbols, solved)
        else:
            pivot = next((s for s, c in zip(symbols, form[:-1], strict=True) if c), None)
            if pivot is None:  # a constant level, not 0 since Piecewise decides such conditions
                continue
            value = sp.expand(pivot - level / sp.diff(level, pivot))
            kept = tuple(s for s in symbols if s != pivot)
            inside = tuple(f.subs(pivot, value) for f in forms)
            yield from _split(piece.subs(pivot, value), inside, kept, ((pivot, value), *solved))


def _fractions(form: sp.Expr, symbols: Sequence[sp.Symbol]) -> tuple[Fraction, ...]:
    found = affine_form(form, symbols)
    if found is None:
        raise ValueError(f"required: an affine form with rational coefficients; got {form}")
    return found


def _complete(point: Point, solved: Sequence[tuple[sp.Symbol, sp.Expr]]) -> Point:
    values: dict[Any, Any] = dict(point)
    for symbol, value in solved:
        values[symbol] = value.subs(values)
    return values


def symbols_of(expression: Any) -> tuple[sp.Symbol, ...]:
    """The free symbols in a fixed order."""
    return tuple(sorted(expression.free_symbols, key=str))


def _holds(relation: Relational, sign: int) -> bool:
    """Truth of a relation whose lhs - rhs has the given sign."""
    match relation:
        case sp.StrictGreaterThan():
            return sign > 0
        case sp.GreaterThan():
            return sign >= 0
        case sp.StrictLessThan():
            return sign < 0
        case sp.LessThan():
            return sign <= 0
        case sp.Equality():
            return sign == 0
        case sp.Unequality():
            return sign != 0
        case _:
            raise ValueError(f"required: a comparison of two numbers; got {relation}")
