"""Exact equality of two functions given by piecewise expressions.

The conditions of all Piecewise parts cut space into cells. On a cell both functions are plain
formulas, and their difference is reduced to 0 exactly or not at all; a rational point where a
ball excludes 0 shows that they differ. No floating point number takes part in an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import sympy as sp
from sympy.core.relational import Relational

from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import (
    MAX_EXPANDED,
    Budget,
    OutOfBudgetError,
    expanded_terms,
    tree_size,
)
from expressivity.symbolic.interpret import BALL, interpret

Point = Mapping[sp.Symbol, sp.Rational]

_MAX_LEVELS = 6  # 3^6 cells
_MAX_OPERATIONS = 3000
_MAX_NODES = 20_000  # of the tree: nested conditions share parts, and a tree has each many times
IDENTITY_STEPS = 1_000_000
"""Of one question: terms of products, nodes of what is evaluated."""
_PRECISIONS = (128, 512)
_VARIANTS = (1, 2, 5)
_SIZES = tuple(Fraction(n, 11) for n in (5, 3, 9, 14, 2, 21, 37, 8))
_BY_CASES = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A nonempty set of points on which every condition keeps its truth value.

    Attributes:
        formula: the expression there, without Piecewise parts.
        points: rational points inside, as far as its conditions are affine and rational.
    """

    formula: sp.Expr
    points: tuple[Point, ...]


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
    if not _is_manageable(difference):
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
    if difference == 0 or tree_size(difference) > _MAX_NODES:
        return False
    if any(is_nonzero(difference, p) for p in spread_points(_symbols(difference))):
        return True
    conditions = by_conditions(difference)
    if not _is_manageable(conditions):
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


def is_nonzero(expression: sp.Expr, point: Point) -> bool:
    """Whether ball arithmetic shows that the value at a rational point is not 0.

    >>> x = sp.Symbol("x")
    >>> is_nonzero(sp.exp(x) - 3, {x: sp.Integer(1)})
    True
    """
    return ball_sign(expression, point) is not None


def ball_sign(expression: sp.Expr, point: Point) -> int | None:
    """Sign of the value at a rational point where a ball excludes 0, else None."""
    for precision in _PRECISIONS:
        with flint.ctx.workprec(precision):
            values = {s: flint.arb(flint.fmpq(int(v.p), int(v.q))) for s, v in point.items()}
            try:
                ball = flint.arb(interpret(expression, values, BALL))
            except (ValueError, ZeroDivisionError):
                return None  # a function without ball arithmetic, or a pole
            if ball.is_finite() and not ball.contains(0):
                return 1 if ball > 0 else -1
    return None


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


def assume_sign(expression: sp.Expr, level: sp.Expr, sign: int) -> sp.Expr:
    """The expression where the level g of :func:`split_level` has the given sign, -1, 0 or 1."""
    replaced: Any = expression.xreplace({
        relation: sp.true if _holds(relation, orientation * sign) else sp.false
        for relation in expression.atoms(Relational)
        for found, orientation in [split_level(relation)]
        if found == level
    })  # fmt: skip
    return replaced


def innermost_levels(expression: sp.Expr) -> list[sp.Expr]:
    """Levels of the conditions that contain no Piecewise themselves, in a fixed order."""
    return sorted((g for g in _levels(expression) if not g.has(sp.Piecewise)), key=str)


def affine_form(level: sp.Expr, symbols: Sequence[sp.Symbol]) -> tuple[Fraction, ...] | None:
    """Coefficients of the symbols and the constant, or None where not affine and rational.

    >>> x, y = sp.symbols("x y")
    >>> affine_form(2 * x - 1, (x, y))
    (Fraction(2, 1), Fraction(0, 1), Fraction(-1, 1))
    """
    slopes: list[Any] = [sp.diff(level, symbol) for symbol in symbols]
    if not all(slope.is_Rational for slope in slopes):
        return None
    rest = sp.expand(level - sp.Add(*[c * s for c, s in zip(slopes, symbols, strict=True)]))
    if not rest.is_Rational:
        return None
    return tuple(Fraction(int(number.p), int(number.q)) for number in (*slopes, rest))


def interior_points(
    forms: Sequence[tuple[Fraction, ...]], symbols: Sequence[sp.Symbol]
) -> tuple[Point, ...]:
    """Some rational points with every affine form positive; none where there is no such point.

    Fourier-Motzkin elimination (Schrijver, "Theory of Linear and Integer Programming", 1986,
    section 12.2).
    """
    found = [_interior(list(forms), len(symbols), variant) for variant in _VARIANTS]
    return tuple(
        {s: as_rational(v) for s, v in zip(symbols, point, strict=True)}
        for point in found
        if point is not None
    )


def spread_points(symbols: Sequence[sp.Symbol]) -> Iterator[Point]:
    """Rational points of both signs and several sizes, without symmetries.

    >>> x = sp.Symbol("x")
    >>> [point[x] for point in spread_points((x,))][:3]
    [5/11, -3/11, 9/11]
    """
    for k, size in enumerate(_SIZES):
        signs = [(-1) ** (k >> (axis % 3)) for axis in range(len(symbols))]
        yield {
            s: as_rational(sign * size * Fraction(7 + 3 * axis, 7 + 2 * axis))
            for axis, (s, sign) in enumerate(zip(symbols, signs, strict=True))
        }


def as_rational(value: Fraction) -> sp.Rational:
    """The same number in sympy."""
    number: Any = sp.Rational(value.numerator, value.denominator)
    return number


def _interior(forms: list[tuple[Fraction, ...]], count: int, variant: int) -> list[Fraction] | None:
    if count == 0:
        return [] if all(form[0] > 0 for form in forms) else None
    last = count - 1
    lower = [f for f in forms if f[last] > 0]
    upper = [f for f in forms if f[last] < 0]
    combined = [
        tuple(-u[last] * a + f[last] * b for a, b in zip(f, u, strict=True))
        for f in lower
        for u in upper
    ]
    reduced = [
        (*f[:last], f[-1]) for f in [*(f for f in forms if f[last] == 0), *combined]
    ]  # fmt: skip
    point = _interior(reduced, last, variant)
    if point is None:
        return None

    def root(form: tuple[Fraction, ...]) -> Fraction:
        rest = sum((c * v for c, v in zip(form[:last], point, strict=True)), form[-1])
        return -rest / form[last]

    part = Fraction(variant, variant + count + 1)  # no symmetric point: those are often zeros
    low, high = max(map(root, lower), default=None), min(map(root, upper), default=None)
    if low is not None and high is not None:
        return [*point, low + part * (high - low)]
    if low is not None:
        return [*point, low + part]
    return [*point, (Fraction(0) if high is None else high) - part]


def split_cells(expression: sp.Expr) -> Iterator[Cell]:
    """The cells of an expression, by the sign -1, 0 or 1 of every level.

    A level 0 is eliminated where it is affine. Cells that a non-affine condition leaves empty
    may be among them.
    """
    symbols = _symbols(expression)
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


def _is_manageable(expression: sp.Expr) -> bool:
    return (
        tree_size(expression) <= _MAX_NODES
        and expression.count_ops() <= _MAX_OPERATIONS
        and len(_levels(expression)) <= _MAX_LEVELS
    )


def by_conditions(expression: sp.Expr) -> sp.Expr:
    """Abs, sign, Max, Min and Heaviside of real arguments by cases, unless these are too many.

    >>> by_conditions(sp.Abs(sp.Symbol("x", real=True)))
    Piecewise((x, x >= 0), (-x, True))
    """
    if tree_size(expression) > _MAX_NODES:
        return expression
    cases: set[Any] = expression.atoms(*_BY_CASES)
    if not cases or sum(len(case.args) for case in cases) > _MAX_LEVELS:
        return expression
    found: Any = expression.replace(
        lambda node: isinstance(node, _BY_CASES) and all(a.is_extended_real for a in node.args),
        _by_cases,
    )
    return found if _is_manageable(found) else expression


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


def _symbols(expression: Any) -> tuple[sp.Symbol, ...]:
    return tuple(sorted(expression.free_symbols, key=str))


def _levels(expression: sp.Expr) -> set[sp.Expr]:
    return {split_level(relation)[0] for relation in expression.atoms(Relational)}


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
