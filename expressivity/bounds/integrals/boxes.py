"""Legendre coefficients of an analytic function on a rectangle, enclosed.

By a tensor rule of Gauss and Legendre. On the Bernstein ellipse of parameter rho a Legendre
polynomial of degree i is at most rho^i, and at most 1 on [-1, 1]; with a bound of the function on
the ellipse, ``cubature.decay`` says what the rule loses. Here the ellipse is put into one box of
complex numbers: rectangles are small, and a bound that is too large costs a few points.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from expressivity.bounds.integrals.cells import Ball
from expressivity.bounds.integrals.charts import Function
from expressivity.bounds.integrals.cubature import decay, gauss, real_part
from expressivity.symbolic.enclosure import as_ball

_ELLIPSES = tuple(flint.arb(rho) / 4 for rho in (40, 24, 16, 12, 10, 8, 7, 6, 5))
_MAX_POINTS = 64


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """{x : left < x1 < right, bottom < x2 < top}."""

    left: Fraction
    right: Fraction
    bottom: Fraction
    top: Fraction

    @property
    def corners(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The four of them."""
        return tuple((x1, x2) for x1 in (self.left, self.right) for x2 in (self.bottom, self.top))

    def split(self, columns: int, rows: int) -> list["Rectangle"]:
        """Equal rectangles, column by column."""
        wide, high = (self.right - self.left) / columns, (self.top - self.bottom) / rows
        return [
            Rectangle(
                left=self.left + i * wide,
                right=self.left + (i + 1) * wide,
                bottom=self.bottom + j * high,
                top=self.bottom + (j + 1) * high,
            )
            for i in range(columns)
            for j in range(rows)
        ]


def legendre_coefficients(
    f: Function, rectangle: Rectangle, degree: int, *, exponent: int
) -> dict[tuple[int, int], flint.arb] | None:
    """Integrals of f times the orthonormal products P_i(x1) P_j(x2), i + j <= degree.

    Args:
        f: of real and complex balls, NaN where it is not analytic.
        rectangle: that the integrals are over.
        degree: at least 0.
        exponent: they are known to about 2^exponent.

    Returns:
        Enclosures, or None where f is not seen to be analytic near the rectangle.

    >>> box = Rectangle(left=Fraction(0), right=Fraction(1), bottom=Fraction(0), top=Fraction(1))
    >>> found = legendre_coefficients(lambda x1, x2: x1 * x2, box, 2, exponent=-60)
    >>> [found[key].overlaps(flint.arb(1) / size) for key, size in (((0, 0), 4), ((1, 1), 12))]
    [True, True]
    """
    middle1, half1 = _middle(rectangle.left, rectangle.right)
    middle2, half2 = _middle(rectangle.bottom, rectangle.top)
    whole = flint.arb(0, 1)
    goal = flint.arb(2) ** exponent
    along = _rule(lambda u: f(middle1 + half1 * u, middle2 + half2 * whole), degree, goal)
    across = _rule(lambda v: f(middle1 + half1 * whole, middle2 + half2 * v), degree, goal)
    if along is None or across is None:
        return None
    columns = [(u, w, _legendre(u, degree)) for u, w in gauss(along.points)]
    rows = [(v, w, _legendre(v, degree)) for v, w in gauss(across.points)]
    sums = {(i, j): flint.arb(0) for i in range(degree + 1) for j in range(degree + 1 - i)}
    for u, weight, p in columns:
        inner = [flint.arb(0)] * (degree + 1)
        for v, other, q in rows:
            value = real_part(f(middle1 + half1 * u, middle2 + half2 * v)) * other
            for j in range(degree + 1):
                inner[j] += value * q[j]
        for i, j in sums:
            sums[i, j] += weight * p[i] * inner[j]
    root = (half1 * half2).sqrt() / 2
    for i, j in sums:
        lost = along.lost * along.rho**i + across.lost * across.rho**j
        scale = root * flint.arb((2 * i + 1) * (2 * j + 1)).sqrt()
        sums[i, j] = scale * (sums[i, j] + flint.arb(0, lost.upper()))
    return sums


def _middle(start: Fraction, end: Fraction) -> tuple[flint.arb, flint.arb]:
    return as_ball((start + end) / 2), as_ball((end - start) / 2)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """So many points lose ``lost`` rho^i for a polynomial of degree i times the function."""

    points: int
    rho: flint.arb
    lost: flint.arb


def _rule(at: Any, degree: int, goal: flint.arb) -> _Rule | None:
    """The shortest rule found."""
    found: list[_Rule] = []
    for rho in _ELLIPSES:
        width, height = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
        largest = flint.acb(
            at(flint.acb(flint.arb(0, width.upper()), flint.arb(0, height.upper())))
        )
        bound = largest.abs_upper()
        if not bound.is_finite():
            continue
        excess = float((decay(rho, 1) * bound * rho**degree / goal).log() / (2 * rho.log()))
        points = max(1, math.ceil(excess) + 1)
        found.append(_Rule(points=points, rho=rho, lost=decay(rho, points) * bound))
    best = min(found, key=lambda rule: rule.points, default=None)
    return best if best is not None and best.points <= _MAX_POINTS else None


def _legendre(u: Ball, degree: int) -> list[Ball]:
    """P_0(u), .., P_degree(u)."""
    values = [flint.arb(1), u]
    for n in range(1, degree):
        values.append(((2 * n + 1) * u * values[n] - n * values[n - 1]) / (n + 1))
    return values[: degree + 1]
