"""Where a formula changes: levels, sides and cells.

Property: on random nests of kinks, every cell's formula is the function at the cell's points, and
the cells hold every rational point of a grid that decides all conditions. Negative: no formula on
a level, on the wrong side or at a level without a sign.
"""

import random

import pytest
import sympy as sp

from expressivity.symbolic.piecewise import (
    all_levels,
    assume_sign,
    by_conditions,
    formula_at,
    formula_where,
    innermost_levels,
    kink_levels,
    split_cells,
    split_level,
)
from expressivity.symbolic.points import affine_form, ball_sign, interior_points, spread_points

X, Y = sp.symbols("x y", real=True)


def relu(z):
    return sp.Piecewise((z, z > 0), (sp.S.Zero, True))


def nest(seed):
    """A sum of kinks along three lines, one of them inside another's argument."""
    chance = random.Random(seed)

    def line():
        a, b, c = (sp.Rational(chance.randint(-3, 3), chance.randint(1, 3)) for _ in range(3))
        return a * X + b * Y + c + X * sp.Rational(1, 7)

    return relu(line()) * Y + sp.Abs(line()) + relu(line()) ** 2


@pytest.mark.parametrize("seed", range(4))
def test_a_cell_has_the_formula_of_its_points(seed):
    expression = by_conditions(nest(seed))
    cells = list(split_cells(expression))
    assert len(cells) >= 4
    for cell in cells:
        assert not cell.formula.has(sp.Piecewise)
        for point in cell.points:
            assert cell.formula.subs(point) == expression.subs(point)


@pytest.mark.parametrize("seed", range(4))
def test_the_formula_at_a_point_is_that_of_its_side(seed):
    expression = by_conditions(nest(seed))
    formulas = {cell.formula for cell in split_cells(expression)}
    for point in spread_points((X, Y)):
        formula = formula_at(expression, point)
        assert formula is not None
        assert formula in formulas
        assert formula.subs(point) == expression.subs(point)
        signs = {level: ball_sign(level, point) for level in innermost_levels(expression)}
        assert formula_where(expression, signs.get) == formula


def test_kinks_of_kinks():
    nested = relu(relu(X) - 1)
    assert innermost_levels(nested) == [X, X - 1]
    half = sp.Rational(1, 2)
    found = [formula_at(nested, {X: place}) for place in (-sp.S.One, half, sp.Integer(2))]
    assert found == [0, 0, X - 1]
    assert assume_sign(assume_sign(nested, X, 1), X - 1, -1) == 0
    assert assume_sign(nested, X - 1, 1).has(sp.Piecewise)


def test_a_level_is_the_same_from_both_sides():
    relations = (2 * X > 4, X >= 2, 4 - 2 * X < 0, sp.Eq(X, 2))
    assert {split_level(relation)[0] for relation in relations} == {X - 2}
    assert all_levels(sp.Piecewise((X, 2 - X > 0), (Y, X > 2), (0, True))) == {X - 2}
    assert kink_levels(sp.Piecewise((X, X > 2 * Y), (0, True))) == [X - 2 * Y]


def test_no_formula_where_a_level_has_no_sign():
    assert formula_at(relu(X), {X: sp.Integer(0)}) is None
    assert formula_where(relu(X) + relu(Y), lambda level: 1 if level == X else None) is None
    assert formula_where(relu(X), lambda level: -1) == 0


def test_no_cell_where_conditions_exclude_each_other():
    expression = sp.Piecewise((1, X > 1), (2, X < 0), (3, True))
    assert sorted({cell.formula for cell in split_cells(expression)}) == [1, 2, 3]
    both = [affine_form(level, (X,)) for level in (X - 1, -X)]
    assert interior_points(both, (X,)) == ()
    assert affine_form(X**2, (X,)) is None
