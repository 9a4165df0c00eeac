"""The part of B1 about t1 and piecewise affine activations: staircases for its derivative.

The derivative of a network of width m is constant on at most m + 1 intervals, that of t1 is 0 on
x < 0 and 1 + 2x on x > 0. More generally let it jump by 2g and then rise with slope 2 over the
length r: the least sup error of such a staircase is at least

    r/m if r <= m g,  (r + g)/(m + 1) otherwise.

Its theorem is registered by ``gradient_jump_bound``.
"""

from collections.abc import Mapping

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import settle
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1

SOURCE = "docs/theory.md, section 4, B1"
REACH, HALF_JUMP, WIDTH = sp.symbols("r g m", positive=True)

# Sup errors with and without a breakpoint at 0.
BREAKPOINT_COST = REACH / WIDTH
OTHER_COST = (REACH + HALF_JUMP) / (WIDTH + 1)

TWO_KINKS: sp.Expr = sp.Rational(3, 2) * ACTIVATIONS["relu"](Z) + ACTIVATIONS["relu"](Z - 1)
"""A piecewise affine activation outside the assumptions: see :func:`two_kinks_do_better`."""

_X = COORDINATES[0]
_delta, _start, _length, _d = sp.symbols("delta s h d", nonnegative=True)


def staircase_steps(affine: Mapping[str, sp.Expr]) -> list[Step]:
    """The bound for a class of piecewise affine activations, expressions in ``Z``."""
    return [
        Step(
            statement="t1' is 0 on x < 0 and 1 + 2x on x > 0, and jumps by 1: g = 1/2, and r = R "
            "on [-R, R]",
            source=SOURCE,
            check=_slopes_of_t1,
        ),
        Step(
            statement="Each piecewise affine activation is affine on either side of at most one "
            "kink; so the derivative of m neurons is constant on at most m + 1 intervals",
            source=SOURCE,
            check=lambda: _one_kink(affine),
        ),
        Step(
            statement="A constant misses a slope that rises by 2h by at least h",
            source=SOURCE,
            check=lambda: is_identity((_after(_start + _length) - _after(_start)) / 2, _length),
        ),
        Step(
            statement="If 0 is a breakpoint, at most m pieces cover (0, r), and one of them has "
            "length at least r/m (pigeonhole): error at least r/m",
            source=SOURCE,
        ),
        Step(
            statement="If not, one piece reaches from x < 0 to some delta >= 0 and misses by at "
            "least g + delta, since the slope takes the values 0 and 2g + 2 delta there",
            source=SOURCE,
            check=lambda: is_identity(_after(_delta) / 2, HALF_JUMP + _delta),
        ),
        Step(
            statement="Of the at most m other pieces on (delta, r) one has length at least "
            "(r - delta)/m (pigeonhole); the larger of two numbers is at least their mean with "
            "weights 1 and m, which is (r + g)/(m + 1), whatever delta",
            source=SOURCE,
            check=_balance,
            latex=r"\frac{(g+\delta)+m\,\frac{r-\delta}m}{m+1}=\frac{r+g}{m+1}",
        ),
        Step(
            statement="r/m <= g if r <= m g, and the second case costs at least g; (r + g)/(m + 1) "
            "<= r/m if r >= m g: the smaller of the two costs is as stated",
            source=SOURCE,
            check=_compare,
        ),
    ]


def two_kinks_do_better() -> bool | None:
    """Whether f = s(2x)/2, s with kinks at 0 and 1, misses t1' on [-1, 1] by less than 3/4."""
    error = sp.diff(TWO_KINKS.subs(Z, 2 * _X) / 2 - t1().expression, _X)
    half, one = sp.Rational(1, 2), sp.S.One
    worst = sp.S.Zero
    for left, right in ((-one, sp.S.Zero), (sp.S.Zero, half), (half, one)):
        # Affine between the breakpoints: the limits at the ends follow from three inner values.
        a, b, c = (error.subs(_X, left + (right - left) * sp.Rational(i, 4)) for i in (1, 2, 3))
        if a - 2 * b + c != 0:
            return None
        worst = max(worst, abs(2 * a - b), abs(2 * c - b))
    return bool(worst < OTHER_COST.subs({REACH: 1, HALF_JUMP: half, WIDTH: 1}))


def _after(place: sp.Expr) -> sp.Expr:
    """The slope of the target at x >= 0."""
    return 2 * HALF_JUMP + 2 * place


def _slopes_of_t1() -> bool | None:
    x = sp.Symbol("x", positive=True)
    left, right = (t1().expression.subs(_X, side) for side in (-x, x))
    slope = _after(x).subs(HALF_JUMP, sp.Rational(1, 2))
    return combined(is_identity(left, sp.S.Zero), is_identity(sp.diff(right, x), slope))


def _one_kink(affine: Mapping[str, sp.Expr]) -> bool | None:
    answers: list[bool | None] = []
    for activation in affine.values():
        answers.append(is_identity(sp.diff(activation, Z, 2), sp.S.Zero))
        answers.append(len(kinks(activation)) <= 1)
    return combined(*answers)


def kinks(activation: sp.Expr) -> set[sp.Expr]:
    """Where the conditions of an activation change, its levels being affine in ``Z``.

    >>> sorted(kinks(TWO_KINKS))
    [0, 1]
    """
    levels = kink_levels(activation)
    return {root for level in levels for root in sp.Poly(level, Z).all_roots()}


def _balance() -> bool | None:
    def mean(first: sp.Expr, others: sp.Expr) -> sp.Expr:
        return (first + WIDTH * others) / (WIDTH + 1)

    low, high = _start, _start + _d
    pairs = ((low, high), (high, low))
    return combined(
        *[sp.cancel(high - mean(*pair)).is_nonnegative for pair in pairs],
        is_identity(mean(HALF_JUMP + _delta, (REACH - _delta) / WIDTH), OTHER_COST),
    )


def _compare() -> bool | None:
    short = BREAKPOINT_COST.subs(HALF_JUMP, REACH / WIDTH + _d)  # m g = r + m d >= r
    saved = (BREAKPOINT_COST - OTHER_COST).subs(REACH, WIDTH * HALF_JUMP + _d)
    return combined(
        sp.cancel(REACH / WIDTH + _d - short).is_nonnegative,
        sp.cancel(saved).is_nonnegative,
    )


def combined(*answers: bool | None) -> bool | None:
    """All of several answers.

    >>> combined(True, None), combined(None, False)
    (None, False)
    """
    return settle(answers)
