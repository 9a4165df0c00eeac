"""Method catalecticant (docs/certificates.md, "Verifying a lower bound on the ball")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, factorial, perm
from typing import Any

from flint import acb_mat, arb, arb_mat, fmpq_poly

from expressivity.checker.ball import Triple, ball_moments
from expressivity.checker.balls import PRECISION, Ball, to_ball, working_precision
from expressivity.checker.certificate import Certificate
from expressivity.checker.findings import UndecidedError
from expressivity.checker.flattenings import Flattening
from expressivity.checker.lower import require_tail
from expressivity.checker.norms import require_positive

Table = dict[Triple, Ball]


def verify_catalecticant(certificate: Certificate, claim: Fraction) -> None:
    """G from the target's moments over the ball, and what shift and factor show of it."""
    hint = certificate.lower_data
    assert isinstance(hint, Flattening)
    with working_precision(PRECISION + 8 * hint.degree):
        moments, norm2 = ball_moments(certificate.expression, hint.degree)
        require_positive(norm2)
        require_tail(_gram(moments, hint), hint, to_ball(claim**2) * norm2, norm2)


def _gram(moments: Table, hint: Flattening) -> Any:
    """L^T (sum of the blocks) L, where L L^T is the row kernel; an acb_mat."""
    k = hint.row_degree
    rows = _kernel(hint.row_weights, k)
    total = arb_mat(len(_triples(k)), len(_triples(k)))
    for n, weights in enumerate(hint.column_weights, k):
        columns = _kernel(weights, n - k)
        part = arb(2 * n + 3) / (4 * arb.pi() * to_ball(_largest_share(rows * columns, n)))
        total += _block(moments, k, n, columns) * part
    root = _root(_row_matrix(rows, k))
    return acb_mat(root.transpose() * total * root)


def _kernel(weights: Sequence[int], degree: int) -> Any:
    """sum_l a_l (2l+1) P_l for l = degree, degree - 2, ..; an fmpq_poly."""
    return sum(
        ((2 * (degree - 2 * i) + 1) * a * _legendre(degree - 2 * i) for i, a in enumerate(weights)),
        fmpq_poly([0]),
    )


def _legendre(degree: int) -> Any:
    """P_l = 2^-l sum_j (-1)^j C(l, j) C(2l - 2j, l) x^(l - 2j)."""
    coefficients = [0] * (degree + 1)
    for j in range(degree // 2 + 1):
        coefficients[degree - 2 * j] = (
            (-1) ** j * comb(degree, j) * comb(2 * degree - 2 * j, degree)
        )
    return fmpq_poly(coefficients, 2**degree)


def _largest_share(product: Any, degree: int) -> Fraction:
    """The largest d_L/(2L+1) of a product sum d_L P_L: half its integral with P_L over [-1, 1]."""

    def half_integral(polynomial: Any) -> Fraction:
        ends = polynomial.integral()
        whole = ends(1) - ends(-1)
        return Fraction(int(whole.p), int(whole.q)) / 2

    return max(half_integral(product * _legendre(n)) for n in range(degree % 2, degree + 1, 2))


def _row_matrix(kernel: Any, k: int) -> list[list[Fraction]]:
    """The row kernel, made homogeneous, by the monomials of degree k in x and in y; exact."""
    places = {alpha: i for i, alpha in enumerate(_triples(k))}
    matrix = [[Fraction(0)] * len(places) for _ in places]
    for power in range(k % 2, k + 1, 2):
        c = Fraction(int(kernel[power].p), int(kernel[power].q))
        lifts = [(tuple(2 * v for v in nu), _count(nu)) for nu in _triples((k - power) // 2)]
        for mu in _triples(power):
            lifted = [(places[_plus(mu, nu)], number) for nu, number in lifts]
            for i, one in lifted:
                for j, other in lifted:
                    matrix[i][j] += c * _count(mu) * one * other
    return matrix


def _root(matrix: list[list[Fraction]]) -> Any:
    """The lower triangular L with L L^T the matrix: pivots exactly, then their roots."""
    size = len(matrix)
    rest = [list(row) for row in matrix]
    lower = [[arb(0)] * size for _ in range(size)]
    for j in range(size):
        pivot = rest[j][j]
        if pivot <= 0:
            raise UndecidedError("the lower bound: the row kernel is not positive definite")
        scale = to_ball(pivot).sqrt()
        for i in range(j, size):
            lower[i][j] = to_ball(rest[i][j] / pivot) * scale
        for i in range(j + 1, size):
            factor = rest[i][j] / pivot
            for other in range(j + 1, size):
                rest[i][other] -= factor * rest[j][other]
    return arb_mat(lower)


def _block(moments: Table, k: int, n: int, kernel: Any) -> Any:
    """F in x and in y of x^alpha y^beta times the kernel, made homogeneous, for all rows."""
    rows = _triples(k)
    table = {gamma: _functional(moments, gamma) for gamma in _triples(n)}
    total = arb_mat(len(rows), len(rows))
    for power in range(n - k, -1, -2):
        mus = _triples(power)
        plain = arb_mat([[table[_plus(row, mu)] for mu in mus] for row in rows])
        counted = arb_mat([[_count(mu) * table[_plus(row, mu)] for mu in mus] for row in rows])
        c = Fraction(int(kernel[power].p), int(kernel[power].q))
        total += counted * plain.transpose() * to_ball(c)
        # Next, F of x^gamma |x|^2, for gamma two degrees lower.
        table = {
            gamma: sum((table[_plus(gamma, axis)] for axis in _SQUARES), arb(0))
            for gamma in (_triples(k + power - 2) if power > 1 else ())
        }
    return total


_SQUARES: tuple[Triple, ...] = ((2, 0, 0), (0, 2, 0), (0, 0, 2))


def _functional(moments: Table, alpha: Triple) -> Ball:
    """The integral of t d^alpha (1 - |x|^2)^n / ((-2)^n n!), n = |alpha|."""
    n = sum(alpha)
    total = arb(0)
    for size in range((n + 1) // 2, n + 1):
        for beta in _triples(size):
            if any(2 * b < a for a, b in zip(alpha, beta, strict=True)):
                continue
            number = (-1) ** size * comb(n, size) * _count(beta)
            for a, b in zip(alpha, beta, strict=True):
                number *= perm(2 * b, a)
            p, q, r = (2 * b - a for a, b in zip(alpha, beta, strict=True))
            total += number * moments[p, q, r]
    return total / ((-2) ** n * factorial(n))


def _triples(degree: int) -> list[Triple]:
    """Exponents, largest power of x1 first, then of x2."""
    return [
        (a, b, degree - a - b) for a in range(degree, -1, -1) for b in range(degree - a, -1, -1)
    ]


def _plus(one: Sequence[int], other: Sequence[int]) -> Triple:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _count(exponents: Sequence[int]) -> int:
    """|mu|!/mu!."""
    return factorial(sum(exponents)) // (
        factorial(exponents[0]) * factorial(exponents[1]) * factorial(exponents[2])
    )
