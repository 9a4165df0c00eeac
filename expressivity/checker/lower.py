"""Method ridge-rank: steps 1 to 6 of docs/certificates.md, "Verifying a lower bound"."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import acb, acb_mat, arb

from expressivity.checker.balls import PRECISION, Ball, share_of_norm, to_ball, working_precision
from expressivity.checker.certificate import Certificate, RidgeRank
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.moments import Moments, disk_moments, zernike_moments


def verify_ridge_rank(certificate: Certificate, claim: Fraction) -> None:
    """Steps 1 to 6 of docs/certificates.md, "Verifying a lower bound"."""
    hint = certificate.lower_data
    assert isinstance(hint, RidgeRank)
    with working_precision(PRECISION + 4 * hint.degree):
        moments, norm2 = disk_moments(certificate.expression, hint.degree)
        rows, shift = len(hint.factor), to_ball(hint.shift)
        gram = _gram(zernike_moments(moments, hint.degree), hint.degree, rows)
        factor = acb_mat([[acb(to_ball(re), to_ball(im)) for re, im in row] for row in hint.factor])
        hinted = factor * factor.conjugate().transpose()
        tau = (gram.trace() - hinted.trace()).real - hint.rank * shift
        needed = to_ball(claim**2) * norm2
        if tau < needed:
            share = share_of_norm(tau, norm2)
            reject(f"the lower bound: the data support {share} of the norm at most")
        _require_positive_definite((hinted - gram).tolist(), shift)
        if not tau >= needed:
            raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _inner(p: Sequence[Ball], q: Sequence[Ball]) -> Ball:
    return sum((a * b.conjugate() for a, b in zip(p, q, strict=True)), acb(0))


def _require_positive_definite(matrix: list[list[Ball]], shift: Ball) -> None:
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
            reject("the lower bound: shift I + factor factor^* - G is not positive definite")
        if not pivot > 0:
            raise UndecidedError("the lower bound: a pivot of the factorisation may be 0")
        lower.append(factors)
        pivots.append(pivot)


def _gram(zernike: Moments, degree: int, rows: int) -> Any:
    """G of step 3, an acb_mat."""
    gram = acb_mat(rows, rows)
    for n in range(rows - 1, degree + 1):
        columns = n + 2 - rows
        sequence = [zernike[n, k] for k in range(-n, n + 1, 2)]
        hankel = acb_mat([sequence[i : i + columns] for i in range(rows)])
        weight = acb(arb.pi() / ((n + 1) * min(rows, columns)))
        gram += hankel * hankel.conjugate().transpose() * weight
    return gram
