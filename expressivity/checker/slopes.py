"""The jump of the target's normal derivative across a plane, exact but for balls.

On either side the formula near the point is known from the signs of the arguments of kinked
functions: exactly where these are affine, from a ball that excludes 0 otherwise. Derivatives are
those of the formulas, in jets of which the first derivative is that along the normal.
"""

from __future__ import annotations

from flint import arb

from expressivity.checker.balls import Ball, real_part, to_ball
from expressivity.checker.evaluation import Function, compile_target
from expressivity.checker.findings import UndecidedError
from expressivity.checker.jets import Jet, gradient
from expressivity.checker.jumps import Limit, is_multiple
from expressivity.checker.lines import BAND, Line, inner
from expressivity.symbolic.expressions import Node


def unit_jump(root: Node, limit: Limit) -> Ball:
    """The jump of the derivative along the unit normal, from one side of the plane to the other."""
    function = Function(root=root, dimension=len(limit.point))
    target = compile_target(function)
    rows = zip(limit.point, limit.plane, strict=False)
    x = [Jet(to_ball(place), to_ball(slope), arb(0)) for place, slope in rows]
    neighbours = set(function.neighbours)

    def slope(side: int) -> Ball:
        signs = [_sign(line, limit, side, exact=line not in neighbours) for line in function.lines]
        return real_part(gradient(target(x, signs, False))[0])

    length = to_ball(inner(limit.plane[:-1], limit.plane[:-1])).sqrt()
    jump = (slope(1) - slope(-1)) / length
    if not jump.is_finite():
        raise UndecidedError("the target could not be enclosed at a point of its kinks")
    return jump


def _sign(line: Line, limit: Limit, side: int, *, exact: bool) -> int:
    """Of an affine form near the point, in the direction along the plane, on one of its sides."""
    value = inner(line, limit.point) + line[-1]
    if not exact and abs(value) <= BAND:
        raise UndecidedError("a kink of the target has irrational coefficients")
    first = value or inner(line[:-1], limit.direction)
    if not first:
        if not is_multiple(line, limit.plane):
            raise UndecidedError("a direction lies in another kink of the target")
        first = side * inner(line[:-1], limit.plane[:-1])
    return (first > 0) - (first < 0)
