"""The moments of the target over the disk (docs/certificates.md, "Verifying a lower bound")."""

from __future__ import annotations

from math import factorial

from flint import acb, arb, fmpz_poly

from expressivity.checker.balls import Ball
from expressivity.checker.evaluation import Evaluate, Function, compile_target
from expressivity.checker.integrals import integrate, integrate_monomials
from expressivity.checker.norms import require_positive, size_of, squared
from expressivity.symbolic.expressions import Expression

Moments = dict[tuple[int, int], Ball]  # by two indices: exponents, or n and k

_GOAL = 130  # bits below the size of t to which integrals are known


def disk_moments(expression: Expression, degree: int) -> tuple[Moments, Ball]:
    """Integrals of t x1^a x2^b over the disk for a + b <= degree, and the one of t^2."""
    function = Function(root=expression.root)
    target = compile_target(function)
    norm2 = integrate(function, squared(target), 2, size_of(target, 2) ** 2 * arb(2) ** -_GOAL)
    require_positive(norm2)
    return monomial_moments(function, target, degree), norm2


def monomial_moments(function: Function, target: Evaluate, degree: int) -> Moments:
    """Integrals of t x1^a x2^b over the disk for a + b <= degree."""
    # Of these monomials, sums whose coefficients add up to (2 + sqrt 8)^degree will be taken.
    goal = size_of(target, 2) * arb(2) ** -(_GOAL + 5 * degree // 2)
    return integrate_monomials(function, target, 2, goal, degree)


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
