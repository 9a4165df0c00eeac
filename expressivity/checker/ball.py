"""Moments of the target over the unit ball of R^3.

Along a ray of the plane of two coordinates, (x_i, x_j) = r (u, v), with x_k = sin(theta) fixed, t
must be a polynomial in r, sum_m t_m r^m, whose kinks are at 0 alone. Its coefficients are evaluated
for a ball of directions as well: where a function that is no polynomial had an argument that
depends on the direction or on r, its coefficients would not all be 0 there. So t_m is a
homogeneous polynomial of degree m in (u, v) on each quarter of the plane; values in m + 1
directions determine it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from math import comb

import flint
from flint import acb, arb, fmpq_mat

from expressivity.checker.balls import Ball, arcsine, power_of_two_above, to_ball
from expressivity.checker.evaluation import Evaluate, Function, compile_target
from expressivity.checker.findings import UndecidedError
from expressivity.checker.lines import Line, signs_at
from expressivity.checker.polynomials import Polynomial, coefficients
from expressivity.symbolic.expressions import Expression

Triple = tuple[int, int, int]
Pair = tuple[int, int]
Pairs = dict[Pair, Ball]
MAX_TOGETHER = 8  # degree of t in two coordinates


def ball_moments(expression: Expression, degree: int) -> tuple[dict[Triple, Ball], Ball]:
    """Integrals of t x1^a x2^b x3^c over the ball for a + b + c <= degree, and the one of t^2."""
    first: UndecidedError | None = None
    for axis in (2, 1, 0):
        try:
            return _along_axis(expression, degree, axis)
        except UndecidedError as error:
            first = first or error
    assert first is not None
    raise first


def _along_axis(expression: Expression, degree: int, axis: int) -> tuple[dict[Triple, Ball], Ball]:
    function = Function(root=expression.root, dimension=3)
    target = compile_target(function)
    if function.neighbours:
        raise UndecidedError("a kink of the target on the ball has irrational coefficients")
    ends = _ends(function.lines, axis)
    sums = {
        (a, b, c): arb(0)
        for a in range(degree + 1)
        for b in range(degree + 1 - a)
        for c in range(degree + 1 - a - b)
    }
    norm2 = arb(0)
    for start, end in pairwise(ends):
        for signs in product((1, -1), (1, -1)):
            part = _Quarter(function, target, axis, signs, (start + end) / 2)
            norm2 += part.add_to(sums, start, end, degree)
    return {_placed(key, axis): value for key, value in sums.items()}, norm2


def _placed(key: Triple, axis: int) -> Triple:
    """Exponents of the two coordinates and of the third one, in the order of the coordinates."""
    exponents = list(key[:2])
    exponents.insert(axis, key[2])
    return exponents[0], exponents[1], exponents[2]


def _ends(lines: Sequence[Line], axis: int) -> list[Fraction]:
    """-1, 1, and the kinks in between along one axis; the others must be where another is 0."""
    found = {Fraction(-1), Fraction(1)}
    for *slopes, constant in lines:
        across = slopes[:axis] + slopes[axis + 1 :]
        if slopes[axis] and not any(across):
            place = -constant / slopes[axis]
            found |= {place} if abs(place) < 1 else set()
        elif slopes[axis] or (any(across) and (all(across) or constant)):
            raise UndecidedError("a kink of the target on the ball is oblique")
    return sorted(found)


class _Quarter:
    """t where the first two coordinates have given signs, between two values of the third."""

    def __init__(
        self,
        function: Function,
        target: Evaluate,
        axis: int,
        signs: tuple[int, int],
        height: Fraction,
    ) -> None:
        self.function, self.target, self.axis, self.signs = function, target, axis, signs
        place = [Fraction(sign) for sign in signs]
        place.insert(axis, height)
        self.line_signs = signs_at(function.lines, *place)

    def along_ray(self, height: Ball, slope: Ball, analytic: bool) -> list[Ball]:
        """t at |x_i| = r, |x_j| = slope r, by its coefficients as a polynomial in r."""
        self.function.spend()
        steps = arb(self.signs[0]), self.signs[1] * slope
        x: list[Ball] = [Polynomial([arb(0), step], self.function.spend) for step in steps]
        x.insert(self.axis, height)
        return coefficients(self.target(x, self.line_signs, analytic))

    def terms(self, height: Ball, degrees: Sequence[int], analytic: bool) -> Pairs:
        """c_pq of t = sum c_pq |x_i|^p |x_j|^q, for p + q among the degrees."""
        rays = [
            self.along_ray(height, arb(s), analytic) for s in range(1, max(degrees, default=0) + 2)
        ]
        found: Pairs = {}
        for m in degrees:
            values = [ray[m] if m < len(ray) else arb(0) for ray in rays[: m + 1]]
            for q, row in enumerate(_interpolation(m)):
                weighted = (to_ball(w) * v for w, v in zip(row, values, strict=True))
                found[m - q, q] = sum(weighted, arb(0))
        return found

    def add_to(self, sums: dict[Triple, Ball], start: Fraction, end: Fraction, degree: int) -> Ball:
        """Add this part to the moments; returns that of the integral of t^2."""
        hull = acb(to_ball(start).union(to_ball(end)))
        whole = self.along_ray(hull, arb(1.25, 0.75), False)
        degrees = [m for m, c in enumerate(whole) if not c.is_zero()]
        if max(degrees, default=0) > MAX_TOGETHER:
            raise UndecidedError("the target's degree is too high for this checker")
        arc = arcsine(start), arcsine(end)
        heights = [to_ball(start + (end - start) * k / 9) for k in range(1, 9)]
        size = power_of_two_above(
            c for height in heights for c in self.terms(height, degrees, False).values()
        )

        def integral(value: Callable[[Pairs, Ball, Ball], Ball], size: Ball) -> Ball:
            def at(sin: Ball, cos: Ball, analytic: bool) -> Ball:
                return value(self.terms(sin, degrees, analytic), sin, cos)

            return _over_angles(at, *arc, size)

        for pair in [(m - q, q) for m in degrees for q in range(m + 1)]:
            # cos^e is reduced to cos^2 or cos^3 by cos^2 = 1 - sin^2.
            most = degree + sum(pair) + 1
            reduced = {
                (c, e): integral(
                    lambda t, sin, cos, c=c, e=e, pair=pair: (
                        t[pair] * acb(sin) ** c * acb(cos) ** e
                    ),
                    size,
                )
                for c in range(most + 1)
                for e in (2, 3)
            }
            for a, b, c in sums:
                half, odd = divmod(a + b + sum(pair) + 1, 2)
                terms = (
                    (-1) ** i * comb(half, i) * reduced[c + 2 * i, 2 + odd] for i in range(half + 1)
                )
                sign = self.signs[0] ** a * self.signs[1] ** b
                around = _over_quarter(pair[0] + a, pair[1] + b)
                sums[a, b, c] += sign * around * sum(terms, arb(0))
        return integral(_square, size * size)


def _over_angles(
    integrand: Callable[[Ball, Ball, bool], Ball], start: Ball, end: Ball, size: Ball
) -> Ball:
    """Integral over theta by acb.integral; errors cannot cross the C code and are kept aside.

    Integrands of about this size: the tolerance of values that cancel is relative to it.
    """
    errors: list[UndecidedError] = []
    length = end - start

    def at(s: Ball, analytic: bool) -> Ball:
        if not errors:
            try:
                sin, cos = (start + s * length).sin_cos()
                return acb(integrand(sin, cos, analytic))
            except UndecidedError as error:
                errors.append(error)
        return acb(arb.nan())

    # The path is exact, [0, 1].
    result = length * acb.integral(
        at, acb(0), acb(1), abs_tol=size * arb(2) ** -flint.ctx.prec, eval_limit=20_000
    )
    if errors:
        raise errors[0]
    if not result.is_finite():
        raise UndecidedError("an integral of the target along a line could not be enclosed")
    return result.real


def _square(t: Pairs, _: Ball, cos: Ball) -> Ball:
    """The integral of t^2 over a quarter of a disk of radius cos(theta), times d x_k / d theta."""
    total = acb(0)
    for (p, q), one in t.items():
        for (r, s), other in t.items():
            power = acb(cos) ** (p + q + r + s + 3)
            total += one * other * power * _over_quarter(p + r, q + s)
    return total


def _over_quarter(p: int, q: int) -> Ball:
    """The integral of x^p y^q over the first quarter of the unit disk."""
    return _over_quarter_at(p, q, flint.ctx.prec)


@cache
def _over_quarter_at(p: int, q: int, precision: int) -> Ball:
    assert precision == flint.ctx.prec
    one, other, both = ((arb(n) / 2).gamma() for n in (p + 1, q + 1, p + q + 4))
    # B((p+1)/2, (q+1)/2) / (2 (p+q+2)), and Gamma(z + 1) = z Gamma(z).
    return one * other / both / 4


@cache
def _interpolation(degree: int) -> list[list[Fraction]]:
    """The coefficients of the polynomial with values v_0, v_1, .. at 1, 2, ..: rows of weights."""
    powers = fmpq_mat([[s**q for q in range(degree + 1)] for s in range(1, degree + 2)])
    return [[Fraction(int(w.p), int(w.q)) for w in row] for row in powers.inv().tolist()]
