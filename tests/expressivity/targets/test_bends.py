"""Kinks that are no rational hyperplanes.

Reference: curves by hand. Soundness: a jump that is claimed is one, by exact derivatives at a known
root. Negative: levels that touch 0, jumps that are none, straight kinks.
"""

import pytest
import sympy as sp

from expressivity.targets.bends import bends
from expressivity.targets.nearby import interior_points, local_formulas
from expressivity.targets.user import user_target


@pytest.mark.parametrize(
    ("text", "orders", "curved"),
    [
        ("relu(sin(x))", (1, 3), False),
        ("relu(tanh(x))**2", (2, 4), False),
        ("relu(exp(x)-3/2)", (1, 2, 3, 4), False),
        ("abs(x1**2+x2**2-1/2)", (1, 2), True),
        ("relu(x1-x2**3-1/9)", (1, 2, 3), True),
        ("relu(x1**2+x2**2+x3**2-1/2)**2", (2, 3, 4), True),
    ],
)
def test_kinks_by_hand(text, orders, curved):
    (found,) = bends(user_target(text))
    assert (found.orders, found.curved) == (orders, curved)


@pytest.mark.parametrize(
    "text",
    [
        "relu(x1**2+x2**2)",
        "relu(x1**2)",
        "relu(sin(x))+relu(-sin(x))-abs(sin(x))",
        "abs(sin(x))**2",
        "relu(x1-x2)",
        "relu(x1**2+x2**2-2)",
        "sin(x1)*x2",
    ],
)
def test_no_kink_is_claimed_where_there_is_none(text):
    assert bends(user_target(text)) == ()


@pytest.mark.parametrize("text", ["relu(x1**3+x2*0)", "relu((x1+x2)**3+x1+x2-1/9)", "abs(x1*x2)"])
def test_straight_kinks_do_not_bend(text):
    assert not any(bend.curved for bend in bends(user_target(text)))


def test_claimed_orders_are_those_of_the_jump_at_the_root():
    x = sp.Symbol("x1", real=True)
    for jump, text in ((sp.sin(x) ** 2, "relu(sin(x))**2"), (sp.tanh(x), "relu(tanh(x))")):
        (found,) = bends(user_target(text))
        exact = [n for n in range(5) if sp.diff(jump, x, n).subs(x, 0) != 0]
        assert list(found.orders) == exact


@pytest.mark.parametrize("text", ["x1", "x1+x2", "x1+x3", "x1+x5"])
def test_points_are_inside(text):
    target = user_target(text)
    points = list(interior_points(target))
    assert points
    assert all(sum(value**2 for value in point.values()) < 1 for point in points)


def test_local_formulas_hold_beside_curved_kinks():
    x, y = sp.symbols("x1 x2", real=True)
    found = local_formulas(user_target("abs(x1**2+x2**2-1/2)"))
    level = x**2 + y**2 - sp.Rational(1, 2)
    assert {sp.expand(f) for f in found} == {sp.expand(level), sp.expand(-level)}
