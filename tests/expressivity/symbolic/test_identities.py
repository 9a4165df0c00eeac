"""Exact equality of expressions.

Reference: known identities, and 500 seeded pairs, half of them equal, against 50-digit evaluation.
Negative: rewritings that lose a sign. Metamorphic: an answer does not depend on the thread, and a
used-up budget is no answer.
"""

import random
import threading

import pytest
import sympy as sp

from expressivity.symbolic import identities
from expressivity.symbolic.algebra import vanishes
from expressivity.symbolic.budget import (
    Budget,
    OutOfBudgetError,
    expanded,
    expanded_terms,
    tree_size,
)
from expressivity.symbolic.identities import differs, is_identity

X, Y = sp.symbols("x y", real=True)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.Abs(sp.cos(2 * X)), sp.cos(2 * X)),
        (sp.sign(sp.cos(2 * X)), sp.Integer(1)),
        (sp.Abs(sp.sin(X)), sp.sin(X)),
        (sp.sqrt(sp.cos(X) ** 2), sp.cos(X)),
        ((sp.sin(X) ** 3) ** sp.Rational(1, 3), sp.sin(X)),
        ((X**3) ** sp.Rational(1, 3), X),
        (sp.sqrt(X**2 * (1 + Y**2)), X * sp.sqrt(1 + Y**2)),
        (sp.Abs(sp.exp(X) - 2), sp.exp(X) - 2),
        (sp.sign(sp.tanh(X)), sp.Integer(1)),
        (sp.Max(sp.sin(X), 0), sp.sin(X)),
        (sp.log(sp.cos(X) ** 2), 2 * sp.log(sp.cos(X))),
    ],
)
def test_no_sign_is_lost(left, right):
    assert is_identity(left, right) is not True
    assert is_identity(left - right, sp.S.Zero) is not True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.Abs(X), sp.Max(X, -X)),
        (sp.Abs(sp.cos(X)) ** 2, sp.cos(X) ** 2),
        (sp.sign(X) * sp.Abs(X), X),
        (sp.cos(X + Y), sp.cos(X) * sp.cos(Y) - sp.sin(X) * sp.sin(Y)),
        (sp.tanh(X) * (1 + sp.exp(2 * X)), sp.exp(2 * X) - 1),
        (sp.exp(sp.log(6) / 2 + X), sp.sqrt(2) * sp.sqrt(3) * sp.exp(X)),
        (1 / (1 + sp.sqrt(2)), sp.sqrt(2) - 1),
        (sp.sqrt(1 + sp.exp(X)) ** 3, (1 + sp.exp(X)) * sp.sqrt(1 + sp.exp(X))),
        (sp.cosh(X) ** 2 - sp.sinh(X) ** 2, sp.Integer(1)),
        (sp.erf(X) + sp.erf(-X), sp.Integer(0)),
    ],
)
def test_identities_are_found(left, right):
    assert is_identity(left, right) is True
    assert not differs(left, right)


LEAVES = (X, Y, sp.Integer(2), sp.Rational(1, 3), X + Y, X - 2 * Y, 1 - X)
UNARY = (
    sp.Abs, sp.sign, sp.exp, sp.sin, sp.cos, sp.tanh,
    lambda u: sp.sqrt(u**2), lambda u: sp.sqrt(1 + u**2), lambda u: (u**2) ** sp.Rational(1, 3),
    lambda u: u**2, lambda u: u**3, lambda u: -u, lambda u: sp.Max(u, 0),
)  # fmt: skip


def grown(draw, depth):
    if depth == 0 or draw.random() < 0.15:
        return draw.choice(LEAVES)
    if draw.random() < 0.55:
        return draw.choice(UNARY)(grown(draw, depth - 1))
    left, right = grown(draw, depth - 1), grown(draw, depth - 1)
    return left + right if draw.random() < 0.5 else left * right


def rewritten(draw, u):
    """The same function, written otherwise."""
    return draw.choice((
        lambda: sp.Abs(u) * sp.sign(u),
        lambda: sp.Max(u, 0) - sp.Max(-u, 0),
        lambda: u * (sp.sin(X) ** 2 + sp.cos(X) ** 2),
        lambda: u * sp.exp(Y) * sp.exp(-Y),
        lambda: sp.expand(u + (X + Y) ** 2) - X**2 - 2 * X * Y - Y**2,
        lambda: (u + 1) / (1 + sp.exp(X)) + (u + 1) / (1 + sp.exp(-X)) - 1,
    ))()  # fmt: skip


def almost(draw, u):
    """Nearly the same: equal on a part of the plane at best."""
    return draw.choice((
        lambda: sp.Abs(u),
        lambda: sp.Max(u, 0),
        lambda: u + sp.Rational(1, 1000) * X,
        lambda: u * sp.sign(sp.cos(X)),
        lambda: -u,
        lambda: sp.sqrt(u**2),
    ))()  # fmt: skip


def unequal_at(left, right):
    """A point at which 50 digits tell two expressions apart, or None."""
    difference = left - right
    for k in range(12):
        point = {X: sp.Rational(17 * k - 91, 23), Y: sp.Rational(29 * k % 41 - 20, 19)}
        value = sp.N(difference.subs(point), 50, maxn=400)
        size = 1 + abs(sp.N(left.subs(point), 50, maxn=400))
        if value.is_number and value.is_finite and abs(value) > sp.Float("1e-40") * size:
            return point
    return None


PARTS = [part if part < 3 else pytest.param(part, marks=pytest.mark.slow) for part in range(10)]


@pytest.mark.parametrize("part", PARTS)
def test_random_pairs_against_50_digits(part):
    draw = random.Random(f"pairs, {part}")
    found = {True: 0, False: 0, None: 0}
    for number in range(50):
        u = grown(draw, 3)
        v = rewritten(draw, u) if number % 2 else almost(draw, u)
        answer = is_identity(u, v)
        found[answer] += 1
        if answer is True:
            assert unequal_at(u, v) is None, (u, v)
        if number % 2:
            assert answer is not False, (u, v)
            assert not differs(u, v), (u, v)
    assert found[True] >= 10
    assert found[False] >= 5


def test_a_thread_of_its_own_answers_alike():
    pairs = [(sp.cos(X) ** 2, 1 - sp.sin(X) ** 2), (sp.Abs(X), X), (sp.erf(X), sp.tanh(X))]
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(is_identity(*p) for p in pairs))
    thread.start()
    thread.join()
    assert answers == [is_identity(*p) for p in pairs] == [True, False, False]


def test_a_used_up_budget_is_no_answer(monkeypatch):
    left, right = (sp.exp(X) + X + Y) ** 9, sp.expand((sp.exp(X) + X + Y) ** 9)
    assert is_identity(left, right) is True
    monkeypatch.setattr(identities, "IDENTITY_STEPS", 100)
    assert is_identity(left, right) is None


def test_budgets_count():
    budget = Budget(5)
    budget.spend(5)
    with pytest.raises(OutOfBudgetError):
        budget.spend()
    with pytest.raises(OutOfBudgetError):
        vanishes(sp.tanh(X) - Y, Budget(3))


@pytest.mark.parametrize(
    "expression",
    [(X + Y + 1) ** 6, (X + 1) ** 3 * (Y + 2) * (X - Y), X * (X + Y) ** 2 + sp.exp((X + 1) ** 2)],
)
def test_expanded_terms_is_a_bound(expression):
    assert expanded_terms(expression) >= len(sp.Add.make_args(sp.expand(expression, deep=False)))


def test_a_tree_is_measured_without_being_walked():
    nested = X
    for _ in range(200):
        nested = sp.Add(nested, sp.exp(nested), evaluate=False)
    assert tree_size(nested) > 2**100
    assert is_identity(nested, X) is not True
    with pytest.raises(OutOfBudgetError):
        expanded((X + Y + sp.exp(X) + 1) ** 40)
