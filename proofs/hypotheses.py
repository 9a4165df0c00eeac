"""What theorems assume of activations, each decided by a step of its own.

True by the symbolic form, False where a place shows that the assumption fails, None where neither
is found.
"""

from collections.abc import Iterable, Iterator

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import is_continuous, settle
from expressivity.classes.neurons import NEURONS
from expressivity.membership.obstructions.sign_definite import vanishes_with_an_argument_only
from expressivity.symbolic.identities import differs
from expressivity.symbolic.piecewise import formula_where, innermost_levels
from expressivity.symbolic.points import ball_sign
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import Z

REGULAR = "continuous, C^1 on either side of 0 up to 0, with a kink nowhere but at 0"
_TRIED = tuple(sp.Rational(p, q) for p, q in ((1, 1), (1, 4), (4, 1)))


def regularity_step(activations: Iterable[sp.Expr], source: str) -> Step:
    """The assumption :data:`REGULAR`, on expressions in ``Z``."""
    return Step(
        statement=f"every activation is {REGULAR}",
        source=source,
        check=lambda: settle(is_regular(s) for s in activations),
    )


def is_regular(activation: sp.Expr) -> bool | None:
    """Whether an activation, in ``Z``, is :data:`REGULAR`.

    True where both sides follow formulas that are real-analytic on the whole line; False where
    exact one-sided limits of the value, or of the slope, show a jump or a pole.

    >>> relu = ACTIVATIONS["relu"]
    >>> is_regular(relu.expression), is_regular(relu(Z) - relu(Z - 1))
    (True, False)
    """
    known = is_continuous(activation)
    if known is None and any(_breaks(activation, place) for place in _places(activation)):
        return False
    return known


def has_sign_of_argument(activation: Activation) -> bool | None:
    """Whether z s(z) >= 0 for all z != 0, for an activation s.

    >>> has_sign_of_argument(ACTIVATIONS["gelu"])
    True
    """
    # With id beside it a positive combination vanishes nowhere but at 0 if s has the sign of z.
    if vanishes_with_an_argument_only((activation, ACTIVATIONS["id"]), NEURONS["type1"]):
        return True
    places = [sign * size for size in _TRIED for sign in (1, -1)]
    return False if any(ball_sign(z * activation(z), {}) == -1 for z in places) else None


def _places(activation: sp.Expr) -> Iterator[sp.Expr]:
    """Where a condition of the activation changes, as far as its level is affine in ``Z``."""
    for level in innermost_levels(activation):
        slope = sp.diff(level, Z)
        if slope.is_Rational:
            yield -level.subs(Z, 0) / slope


def _breaks(activation: sp.Expr, place: sp.Expr) -> bool:
    """Whether the value or, off 0, the slope jumps at a place, or has no limit from a side."""
    limits: list[list[sp.Expr]] = []
    for side in (1, -1):
        formula = _beside(activation, place, side)
        if formula is None:
            return False
        direction = "+" if side == 1 else "-"
        limits.append([sp.limit(sp.diff(formula, Z, n), Z, place, direction) for n in (0, 1)])
    (value, slope), (other_value, other_slope) = limits
    if any(limit.is_finite is False for limit in (value, slope, other_value, other_slope)):
        return True
    return differs(value, other_value) or (place != 0 and differs(slope, other_slope))


def _beside(activation: sp.Expr, place: sp.Expr, side: int) -> sp.Expr | None:
    """The formula on one side of a place, near it; None where a level is not affine."""

    def sign_of(level: sp.Expr) -> int | None:
        slope, value = sp.diff(level, Z), level.subs(Z, place)
        if not slope.is_Rational:
            return None
        return int(sp.sign(value) if value != 0 else sp.sign(slope) * side)

    return formula_where(activation, sign_of)
