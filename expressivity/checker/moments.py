"""The moments of the target over the disk (docs/certificates.md, "Verifying a lower bound")."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import comb, factorial

import flint
from flint import acb, arb, fmpz_poly

from expressivity.checker.balls import Ball, arcsine, power_of_two_above, to_ball
from expressivity.checker.cells import ends_and_kinks
from expressivity.checker.evaluation import (
    Function,
    Polynomial,
    Signs,
    compile_target,
    convolve,
    signs_at,
)
from expressivity.checker.findings import UndecidedError
from expressivity.symbolic.expressions import Expression

Moments = dict[tuple[int, int], Ball]  # by two indices: exponents, or n and k
_Along = Callable[[Ball, bool], Polynomial]


def disk_moments(expression: Expression, degree: int) -> tuple[Moments, Ball]:
    """Integrals of t x1^a x2^b over the disk for a + b <= degree, and the one of t^2.

    Along a chord, x1 = sin(theta) and x2 = sigma y, 0 <= y <= cos(theta), t must be a polynomial
    in y, sum_j t_j(x1) y^j. Then the moments are sums of
    sigma^b/(b+j+1) integral of t_j(sin) sin^a cos^(b+j+2) d theta. Where x2 does not enter in this
    way, x1 may: the two are exchanged.
    """
    try:
        return _chord_moments(expression, degree, swap=False)
    except UndecidedError as first:
        try:
            moments, norm2 = _chord_moments(expression, degree, swap=True)
        except UndecidedError:
            raise first from None
        return {(b, a): moment for (a, b), moment in moments.items()}, norm2


def _chord_moments(expression: Expression, degree: int, *, swap: bool) -> tuple[Moments, Ball]:
    function = Function(root=expression.root)
    target = compile_target(function)
    lines = [(c2, c1, c0) if swap else (c1, c2, c0) for c1, c2, c0 in function.lines]
    if any(c2 and (c1 or c0) for c1, c2, c0 in lines):
        raise UndecidedError("a kink of the target is oblique")
    ends = ends_and_kinks(lines)
    moments = {(a, b): arb(0) for a in range(degree + 1) for b in range(degree + 1 - a)}
    norm2 = arb(0)
    for sigma in (1, -1):
        for start, end in pairwise(ends):
            signs = signs_at(lines, (start + end) / 2, Fraction(sigma))

            def along(x1: Ball, analytic: bool, s: int = sigma, signs: Signs = signs) -> Polynomial:
                function.spend()
                x = ([x1], [arb(0), arb(s)])
                return target(x[::-1] if swap else x, signs, analytic)

            norm2 += _add_chords(moments, along, start, end, sigma, degree)
    return moments, norm2


def _add_chords(
    moments: Moments, along: _Along, start: Fraction, end: Fraction, sigma: int, degree: int
) -> Ball:
    """Add the part between two values of x1 to the moments; returns that of the integral of t^2."""
    # Coefficients that vanish identically are seen on a ball around the whole interval.
    whole = along(acb(to_ball(start).union(to_ball(end))), False)
    arc = arcsine(start), arcsine(end)
    size = _size(along, start, end)

    def integral(integrand: Callable[[Polynomial, Ball, Ball], Ball], size: Ball) -> Ball:
        def at(sin: Ball, cos: Ball, analytic: bool) -> Ball:
            return integrand(along(sin, analytic), sin, cos)

        return integral_over_angles(at, *arc, size)

    norm2 = integral(
        lambda t, _, cos: sum(
            (c * _power(cos, j + 2) / (j + 1) for j, c in enumerate(convolve(t, t))), arb(0)
        ),
        size * size,
    )
    for j in (j for j, c in enumerate(whole) if not c.is_zero()):
        # cos^q is reduced to cos^2 or cos^3 by cos^2 = 1 - sin^2.
        reduced = {
            (a, q): integral(
                lambda t, sin, cos, j=j, a=a, q=q: (
                    (t[j] if j < len(t) else 0) * _power(sin, a) * _power(cos, q)
                ),
                size,
            )
            for a in range(degree + j + 1)
            for q in (2, 3)
        }
        for a, b in moments:
            half, odd = divmod(b + j, 2)
            terms = (
                (-1) ** i * comb(half, i) * reduced[a + 2 * i, 2 + odd] for i in range(half + 1)
            )
            moments[a, b] += sigma**b * sum(terms, arb(0)) / (b + j + 1)
    return norm2


def _size(along: _Along, start: Fraction, end: Fraction) -> Ball:
    """About the largest coefficient of t on an interval of x1, from some points."""
    places = (to_ball(start + (end - start) * k / 9) for k in range(1, 9))
    return power_of_two_above(c for x1 in places for c in along(x1, False))


def _power(z: Ball, exponent: int) -> Ball:
    # arb ** int is not a number where the ball contains 0; acb ** int is a product.
    return acb(z) ** exponent


def integral_over_angles(
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


def zernike_moments(moments: Moments, degree: int) -> Moments:
    """g(n, k) of step 2 from integrals of t x1^a x2^b; z = x1 + i x2, rho^2 = z conj(z)."""
    powers: Moments = {}  # integrals of t z^a conj(z)^b, a <= b
    units = (acb(1), acb(0, 1), acb(-1), acb(0, -1))
    for b in range(degree + 1):
        for a in range(min(b, degree - b) + 1):
            expanded = fmpz_poly([1, 1]) ** a * fmpz_poly([1, -1]) ** b
            terms = (
                units[j % 4] * (int(expanded[j]) * moments[a + b - j, j]) for j in range(a + b + 1)
            )
            powers[a, b] = sum(terms, acb(0))
    result: Moments = {}
    for n in range(degree + 1):
        for k in range(n % 2, n + 1, 2):
            value = acb(0)
            for s in range((n - k) // 2 + 1):
                down, up = (n - k) // 2 - s, (n + k) // 2 - s
                whole = factorial(n - s) // (factorial(s) * factorial(up) * factorial(down))
                value += (-1) ** s * whole * powers[down, up]
            result[n, k] = value * (n + 1) / arb.pi()
            result[n, -k] = result[n, k].conjugate()  # t is real
    return result
