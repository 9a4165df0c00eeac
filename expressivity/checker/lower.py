"""Method ridge-rank: steps 1 to 6 of docs/certificates.md, "Verifying a lower bound"."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

from flint import acb, acb_mat, arb, fmpz_poly

from expressivity.checker.balls import PRECISION, Ball, share_of_norm, to_ball, working_precision
from expressivity.checker.certificate import Certificate
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.moments import Moments, disk_moments, zernike_moments
from expressivity.checker.ridges import RidgeRank


def verify_ridge_rank(certificate: Certificate, claim: Fraction) -> None:
    """Steps 1 to 6 of docs/certificates.md, "Verifying a lower bound"."""
    hint = certificate.lower_data
    assert isinstance(hint, RidgeRank)
    with working_precision(PRECISION + 4 * hint.degree):
        moments, norm2 = disk_moments(certificate.expression, hint.degree)
        zernike = zernike_moments(moments, hint.degree)
        gram = gram_of(zernike, hint.row_weights, hint.column_weights)
        require_tail(gram, hint, to_ball(claim**2) * norm2, norm2)


class _Hint(Protocol):
    """Rank, shift and factor of step 5."""

    @property
    def rank(self) -> int: ...
    @property
    def shift(self) -> Fraction: ...
    @property
    def factor(self) -> list[list[tuple[Fraction, Fraction]]]: ...


def require_tail(gram: Any, hint: _Hint, needed: Ball, norm2: Ball) -> None:
    """Steps 5 and 6: all but the largest eigenvalues of G add up to what is needed."""
    shift = to_ball(hint.shift)
    factor = acb_mat([[acb(to_ball(re), to_ball(im)) for re, im in row] for row in hint.factor])
    hinted = factor * factor.conjugate().transpose()
    tau = (gram.trace() - hinted.trace()).real - hint.rank * shift
    if tau < needed:
        share = share_of_norm(tau, norm2)
        reject(f"the lower bound: the data support {share} of the norm at most")
    what = "shift I + factor factor^* - G"
    require_positive_definite((hinted - gram).tolist(), shift, what)
    if not tau >= needed:
        raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _inner(p: Sequence[Ball], q: Sequence[Ball]) -> Ball:
    return sum((a * b.conjugate() for a, b in zip(p, q, strict=True)), acb(0))


def require_positive_definite(matrix: list[list[Ball]], shift: Ball, what: str) -> None:
    """Factorise the Hermitian ``matrix + shift I`` as L D L^*: all pivots must be positive."""
    lower: list[list[Ball]] = []
    pivots: list[Ball] = []
    for i, row in enumerate(matrix):
        scaled: list[Ball] = []  # row i of L D
        for k in range(i):
            scaled.append(row[k] - _inner(scaled, lower[k]))
        factors = [s / d for s, d in zip(scaled, pivots, strict=True)]
        pivot = shift + (row[i] - _inner(scaled, factors)).real
        if pivot <= 0:
            reject(f"the lower bound: {what} is not positive definite")
        if not pivot > 0:
            raise UndecidedError("the lower bound: a pivot of the factorisation may be 0")
        lower.append(factors)
        pivots.append(pivot)


def gram_of(
    zernike: Moments, row_weights: Sequence[int], column_weights: Sequence[Sequence[int]]
) -> Any:
    """G of step 3, an acb_mat."""
    rows = len(row_weights)
    gram = acb_mat(rows, rows)
    for n, weights in enumerate(column_weights, rows - 1):
        columns = len(weights)
        sequence = [zernike[n, k] for k in range(-n, n + 1, 2)]
        hankel = acb_mat([sequence[i : i + columns] for i in range(rows)])
        weighted = acb_mat([
            [b * entry for b, entry in zip(weights, row, strict=True)] for row in hankel.tolist()
        ])  # fmt: skip
        # The coefficients of the product are the sums over i + j of a_i b_j.
        largest = max((fmpz_poly(list(row_weights)) * fmpz_poly(list(weights))).coeffs())
        part = acb(arb.pi() / ((n + 1) * arb(largest)))
        gram += weighted * hankel.conjugate().transpose() * part
    roots = [arb(a).sqrt() for a in row_weights]
    return acb_mat([
        [p * q * entry for q, entry in zip(roots, row, strict=True)]
        for p, row in zip(roots, gram.tolist(), strict=True)
    ])  # fmt: skip
