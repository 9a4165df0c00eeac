"""Cells as images of the square, and what analytic functions reach near it.

On a cell, x1 = sin(theta) and x2 between its edges make a function that is analytic there analytic
on a square [-1, 1]^2 of (u, v). How far it can be continued decides how well few values determine
it: its supremum on a Bernstein ellipse is found by evaluating it on boxes of complex numbers.
"""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

import flint
import sympy as sp

from expressivity.bounds.integrals.cells import Ball, Cell
from expressivity.symbolic.interpret import BALL, Arithmetic, ball_share, compiled
from expressivity.symbolic.symbols import COORDINATES

BITS = 192
ELLIPSES = tuple(flint.arb(rho) / 8 for rho in (64, 40, 28, 22, 18, 15, 13, 12, 11, 10))
"""Parameters rho of the ellipses tried: half axes (rho + 1/rho)/2 and (rho - 1/rho)/2."""

_MAX_BOXES = 1000
_SMALLEST = flint.arb(1) / 16  # side of a box that still meets a pole: the ellipse is too large

Function = Callable[[Ball, Ball], Ball]


def _analytic_power(base: Ball, exponent: sp.Rational) -> Ball:
    if exponent.q == 1:
        return BALL.power(base, exponent)
    return (flint.acb(base).log(analytic=True) * BALL.number(exponent)).exp()


def _refuse(*_: object) -> NoReturn:
    raise ValueError("required: a formula without conditions; got a Piecewise")


@functools.lru_cache(maxsize=4096)
def _number(node: sp.Expr, bits: int) -> flint.arb:
    with flint.ctx.workprec(bits):
        return BALL.number(node)


ANALYTIC = Arithmetic(
    number=lambda node: _number(node, flint.ctx.prec),
    power=_analytic_power,
    functions={
        name: function
        for name, function in BALL.functions.items()
        if name in ("exp", "sin", "cos", "tanh", "erf")
    },
    choose=_refuse,
    share=ball_share(_analytic_power),
)
"""Functions of complex balls that are NaN where they are not analytic."""


def analytic_function(formula: sp.Expr) -> Function:
    """A formula without kinks as a function of two balls, real or complex."""
    return compiled(formula, COORDINATES[:2], ANALYTIC)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """(u, v) in [-1, 1]^2 to a cell: x1 = sin(theta(u)), x2 on the segment between the edges."""

    cell: Cell

    def column(self, u: Ball) -> tuple[Ball, Ball, Ball, Ball]:
        """x1, the middle height, half the height, and the Jacobian of the map."""
        half = (self.cell.end - self.cell.start) / 2
        theta = (self.cell.start + self.cell.end) / 2 + half * u
        sine, cosine = theta.sin(), theta.cos()
        lower, upper = self.cell.heights(sine, cosine)
        rise = (upper - lower) / 2
        return sine, (upper + lower) / 2, rise, half * cosine * rise


Suprema = tuple[flint.arb, flint.arb, flint.arb]
"""Upper bounds of the moduli of a function, of x1 and of x2."""


def cover(at: Callable[[Ball, Ball], Suprema], rho: flint.arb) -> Suprema | None:
    """Suprema over (ellipse of rho) x [-1, 1], or None where the function is not bounded.

    The upper half of the ellipse is enough: functions here are real on the real axis.
    """
    width, height = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
    boxes: list[_Box] = [
        [
            (width * (i - 3) / 3, width * (i - 2) / 3),
            (height * j / 2, height * (j + 1) / 2),
            (flint.arb(k - 1), flint.arb(k)),
        ]
        for i, j, k in itertools.product(range(6), range(2), range(2))
    ]
    found: list[Suprema] = []
    while boxes:
        box = boxes.pop()
        if _outside(box, width, height):
            continue
        if len(found) > _MAX_BOXES:
            return None
        real, imaginary, other = (start.union(end) for start, end in box)
        suprema = at(flint.acb(real, imaginary), other)
        if all(part.is_finite() for part in suprema):
            found.append(suprema)
            continue
        longest = max(range(3), key=lambda axis: float(box[axis][1] - box[axis][0]))
        start, end = box[longest]
        if end - start < _SMALLEST:
            return None
        middle = (start + end) / 2
        boxes += [
            [half if axis == longest else side for axis, side in enumerate(box)]
            for half in ((start, middle), (middle, end))
        ]
    one, two, three = zip(*found, strict=True)
    return _largest(one), _largest(two), _largest(three)


_Box = list[tuple[flint.arb, flint.arb]]
"""Ends of the real and the imaginary part of one variable, and of the other variable."""


def _largest(values: Iterable[flint.arb]) -> flint.arb:
    return functools.reduce(lambda p, q: p.max(q), values)


def _outside(box: _Box, width: flint.arb, height: flint.arb) -> bool:
    """Whether a box above the real axis certainly misses the ellipse."""
    (left, right), (low, _), _ = box
    nearest = left.max(-right).max(flint.arb(0))
    return bool((nearest / width) ** 2 + (low / height) ** 2 > 1)
