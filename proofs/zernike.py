"""The part of B4 about the unit disk: U_n(x.theta) in Zernike functions, and moments of ridges.

Zernike functions are R_n^abs(k)(r) exp(i k phi), k = -n, -n+2, .., n, with the radial polynomials
of F. Zernike (doi:10.1016/S0031-8914(34)80259-5), R_n^k(1) = 1. w stands for exp(i (phi - theta)).
The theorem is registered by ``ridge_rank_algebra``.
"""

from collections.abc import Iterator
from math import comb, factorial
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.rings import ring

from expressivity.symbolic.proof import Step

SOURCE = "docs/theory.md, section 4, B4"
LOGAN_SHEPP = "Logan and Shepp 1975, doi:10.1215/S0012-7094-75-04256-8"

# Polynomials in r and w; in the lines x.theta = t with s along them.
_ring_rw, _r, _w = ring("r,w", QQ)
_ring_ts, _t, _s = ring("t,s", QQ)


def disk_steps(degree: int) -> Iterator[Step]:
    """The identities up to a degree, and what follows from them."""
    degrees = range(degree + 1)
    yield Step(
        statement=f"U_n(cos t) = sum of exp(i k t), k = -n, -n+2, .., n, for n <= {degree}",
        source="Chebyshev polynomials of the second kind",
        check=lambda: all(
            _chebyshev_on_disk(n).evaluate(_r, 1) == _exponentials(n) for n in degrees
        ),
        latex=r"U_n(\cos t)=\sum_{k=-n,-n+2,\dots,n}e^{ikt}",
    )
    yield Step(
        statement=f"On the disk U_n(x.theta) = sum of R_n^abs(k)(r) exp(i k (phi - theta)), n <= "
        f"{degree}",
        source=SOURCE,
        check=lambda: all(_chebyshev_on_disk(n) == _zernike_sum(n) for n in degrees),
        latex=r"U_n(r\cos t)=\sum_k R_n^{|k|}(r)e^{ikt}",
    )
    yield Step(
        statement="R_n^k(1) = 1, and the integral of R_n^k R_m^k r over [0, 1] is 0 for n != m and "
        f"1/(2 (n + 1)) for n = m, for n, m <= {degree}: Zernike functions are orthogonal",
        source=SOURCE,
        check=lambda: all(_radial_products_agree(n, degree) for n in degrees),
    )
    yield Step(
        statement="Hence <U_n(x.theta), U_m(x.phi)> = 0 for n != m, and for n = m it is the sum of "
        "2 pi/(2 (n + 1)) exp(i k (theta - phi)), that is pi/(n + 1) U_n(cos(theta - phi))",
        source=LOGAN_SHEPP,
        check=lambda: all(_inner_product_agrees(n) for n in degrees),
        latex=r"\langle U_n(x\cdot\theta),U_n(x\cdot\varphi)\rangle"
        r"=\tfrac{\pi}{n+1}U_n(\cos(\theta-\varphi))",
    )
    yield Step(
        statement="On the line x.theta = t the integral of R_n^abs(k)(r) exp(-i k (phi - theta)) "
        "is 2 sqrt(1 - t^2) U_n(t)/(n + 1), the same for every k, n <= "
        f"{degree}",
        source=LOGAN_SHEPP,
        check=lambda: all(_line_integrals_agree(n) for n in degrees),
    )
    yield Step(
        statement="Hence by Fubini the moments g_k of degree n of a ridge g(x.theta) in L2(D) are "
        "gamma_n exp(-i k theta), gamma_n = (2/pi) times the integral of g(t) U_n(t) sqrt(1 - t^2)",
        source=SOURCE,
    )
    yield Step(
        statement=f"For n > {degree} the last three statements are those of the source",
        source=LOGAN_SHEPP,
    )


def radial(n: int, k: int) -> dict[int, sp.Rational]:
    """Coefficients of R_n^k by power of r, for 0 <= k <= n of equal parity.

    >>> radial(2, 0)
    {2: 2, 0: -1}
    """
    half = (n - k) // 2
    return {
        n - 2 * j: sp.Integer(
            (-1) ** j
            * factorial(n - j)
            // (factorial(j) * factorial(half + k - j) * factorial(half - j))
        )
        for j in range(half + 1)
    }


def _orders(n: int) -> range:
    return range(-n, n + 1, 2)


def _exponentials(n: int) -> Any:
    """w^n times the sum of w^k."""
    return sum((_w ** (n + k) for k in _orders(n)), _ring_rw.zero).evaluate(_r, 1)


def _chebyshev_on_disk(n: int) -> Any:
    """w^n U_n(r (w + 1/w)/2), by U_n = 2 x U_(n-1) - U_(n-2) with 2 x w = r (w^2 + 1)."""
    before, now = _ring_rw.zero, _ring_rw.one
    for _ in range(n):
        before, now = now, _r * (_w**2 + 1) * now - _w**2 * before
    return now


def _zernike_sum(n: int) -> Any:
    terms = (
        QQ(int(c)) * _r**power * _w ** (n + k)
        for k in _orders(n)
        for power, c in radial(n, abs(k)).items()
    )
    return sum(terms, _ring_rw.zero)


def _radial_product(n: int, m: int, k: int) -> sp.Expr:
    """Integral over [0, 1] of R_n^k R_m^k r."""
    return sp.Add(*(
        a * b / sp.Integer(i + j + 2)
        for i, a in radial(n, k).items()
        for j, b in radial(m, k).items()
    ))  # fmt: skip


def _radial_products_agree(n: int, degree: int) -> bool:
    return all(
        sum(radial(n, k).values()) == 1
        and _radial_product(n, m, k) == (sp.Rational(1, 2 * (n + 1)) if m == n else 0)
        for k in range(n % 2, n + 1, 2)
        for m in range(n, degree + 1, 2)
    )


def _inner_product_agrees(n: int) -> bool:
    """Over pi: twice the radial products, with angular integrals 2 pi, against U_n/(n + 1)."""
    found = _ring_rw.zero
    for k in _orders(n):
        c = 2 * _radial_product(n, n, abs(k))
        found += QQ(int(c.p), int(c.q)) * _w ** (n + k)
    return (n + 1) * found.evaluate(_r, 1) == _chebyshev_on_disk(n).evaluate(_r, 1)


def _line_integrals_agree(n: int) -> bool:
    """Both sides over 2 sqrt(1 - t^2), as polynomials in t."""
    before, now = _ring_ts.zero, _ring_ts.one
    for _ in range(n):
        before, now = now, 2 * _t * now - before
    return all((n + 1) * _line_integral(n, k) == now for k in range(n % 2, n + 1, 2))


def _line_integral(n: int, k: int) -> Any:
    """Of R_n^k(r) exp(-i k phi) = (t - i s)^k r^-k R_n^k(r), whose part odd in s drops out."""
    even = sum(
        ((-1) ** j * comb(k, 2 * j) * _t ** (k - 2 * j) * _s ** (2 * j) for j in range(k // 2 + 1)),
        _ring_ts.zero,
    )
    terms = (QQ(int(c)) * (_t**2 + _s**2) ** ((i - k) // 2) for i, c in radial(n, k).items())
    integrand = even * sum(terms, _ring_ts.zero)
    found = _ring_ts.zero
    for (i, j), c in integrand.terms():
        # The integral of s^j over -q < s < q is 2 q^(j + 1)/(j + 1), q^2 = 1 - t^2.
        found += c * _t**i * (1 - _t**2) ** (j // 2) * QQ(1, j + 1)
    return found
