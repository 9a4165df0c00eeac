"""Method ridge-search: branch and bound over the directions of one or two ridges.

With M the moments, phi and h as in docs/certificates.md ("Verifying a lower bound by search"), let
``c_n = (cos(kh) e^(-ik phi))_k`` and ``s_n = (sin(kh)/sin(h) e^(-ik phi))_k``. They are orthogonal,
as k and -k occur together, and the part of norm(t)^2 that ridges of these directions capture is

    S(phi, h) = sum_n pi/(n+1) (<f_n, c_n>^2 / norm(c_n)^2 + <f_n, s_n>^2 / norm(s_n)^2).

(<f_n, s_n> is imaginary: i times the real number used here.) One ridge is the first term at h = 0.
A bound of S below ``E - value^2 norm(t)^2``, E the sum of pi/(n+1) norm(f_n)^2, proves the claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from expressivity.checker.balls import (
    PRECISION,
    Ball,
    to_ball,
    working_precision,
)
from expressivity.checker.certificate import Certificate, RidgeSearch
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.moments import Moments, disk_moments, zernike_moments

MAX_BOXES = 20_000  # genuine claims need 1000 to 3000
_SEARCH_PRECISION = 96  # bits
_LOW_DEGREES = (6, 12)

_Jet = tuple[Ball, Ball]  # a function of h with its derivative
_Side = tuple[Fraction, Fraction]  # as shares of pi


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What S is made of, for 1 or 2 ridges: products of rows of ``moments`` with vectors.

    ``moments[n, k]`` is 2 Re g(n, k), or g(n, 0), and ``moments[n, degree + 1 + k]`` 2 Im g(n, k).
    """

    degree: int
    rank: int
    moments: Any


def verify_ridge_search(certificate: Certificate, claim: Fraction) -> None:
    """Enclose the captured part on boxes of directions, halved until the claim is decided."""
    search = certificate.lower_data
    assert isinstance(search, RidgeSearch)
    with working_precision(PRECISION + 4 * search.degree):
        moments, norm2 = disk_moments(certificate.expression, search.degree)
        zernike = zernike_moments(moments, search.degree)
        # Degrees above any d may be left out of the minimum; low ones suffice for most boxes.
        degrees = sorted({min(d, search.degree) for d in (*_LOW_DEGREES, search.degree)})
        allowed = [_energy(zernike, d) - to_ball(claim**2) * norm2 for d in degrees]
    with working_precision(_SEARCH_PRECISION):
        parts = [captured_part(zernike, d, search.rank) for d in degrees]
        levels = list(zip(parts, allowed, strict=True))
        pending: list[tuple[_Side, _Side]] = [
            ((Fraction(0), Fraction(1)), (Fraction(0), Fraction(search.rank - 1, 4)))
        ]
        boxes = 0
        while pending:
            boxes += len(pending)
            if boxes > MAX_BOXES:
                raise UndecidedError("the lower bound: the search needs too many boxes")
            # Level by level, so that a violation near a shallow maximum is met early.
            pending = [half for box in pending for half in _undecided_halves(levels, *box)]


def _energy(zernike: Moments, degree: int) -> Ball:
    squares = (
        arb.pi() / (n + 1) * (g * g.conjugate()).real
        for (n, _), g in zernike.items()
        if n <= degree
    )
    return sum(squares, arb(0))


def _undecided_halves(
    levels: list[tuple[Captured, Ball]], phi: _Side, h: _Side
) -> list[tuple[_Side, _Side]]:
    """No box where S is as small as it must be, by the mean value theorem; else the two halves.

    A level is S up to some degree, and what it may reach. One is enough to settle a box; the last,
    of full degree, refutes the claim where its S is larger.
    """
    centre = spread_phi = spread_h = arb.nan()
    for captured, allowed in levels:
        around, by_phi, by_h = evaluate(captured, _hull(phi), _hull(h))
        if around <= allowed:
            return []
        centre = evaluate(captured, _middle(phi), _middle(h))[0]
        spread_phi = (abs(by_phi) * _half_length(phi)).upper()
        spread_h = (abs(by_h) * _half_length(h)).upper()
        if centre + spread_phi + spread_h <= allowed:
            return []
    if centre > levels[-1][1]:
        reject("the lower bound: ridges in some directions may come closer than is claimed")
    if not (spread_phi.is_finite() and spread_h.is_finite()):
        spread_phi, spread_h = _half_length(phi), _half_length(h)
    if spread_h > spread_phi:
        return [(phi, half) for half in _halves(h)]
    return [(half, h) for half in _halves(phi)]


def _hull(side: _Side) -> Ball:
    return arb.pi() * to_ball(side[0]).union(to_ball(side[1]))


def _middle(side: _Side) -> Ball:
    return arb.pi() * to_ball((side[0] + side[1]) / 2)


def _half_length(side: _Side) -> Ball:
    return arb.pi() * to_ball((side[1] - side[0]) / 2)


def _halves(side: _Side) -> tuple[_Side, _Side]:
    middle = (side[0] + side[1]) / 2
    return (side[0], middle), (middle, side[1])


def captured_part(zernike: Moments, degree: int, rank: int) -> Captured:
    """S for one or two ridges, from the moments g(n, k) up to a degree."""
    rows = [[arb(0)] * (2 * degree + 2) for _ in range(degree + 1)]
    for (n, k), g in zernike.items():
        if k >= 0 and n <= degree:
            both = 2 if k else 1  # k and -k
            rows[n][k], rows[n][degree + 1 + k] = both * g.real, both * g.imag
    return Captured(degree=degree, rank=rank, moments=arb_mat(rows))


def evaluate(captured: Captured, phi: Ball, h: Ball) -> tuple[Ball, Ball, Ball]:
    """S and its derivatives by phi and h on a box, or at a point."""
    cosines, sines = _profiles(captured.degree, h)
    angles = [(k * phi).sin_cos() for k in range(captured.degree + 1)]
    columns = [
        *_columns([(cos, -sin) for sin, cos in angles], cosines),
        *_columns([(sin, cos) for sin, cos in angles], sines),
    ][: 3 * captured.rank]
    products = (captured.moments * arb_mat(columns).transpose()).tolist()
    squares = [_square_norms(cosines), _square_norms(sines)][: captured.rank]
    value, by_phi, by_h = arb(0), arb(0), arb(0)
    for n, row in enumerate(products):
        weight = arb.pi() / (n + 1)
        for part, norms in enumerate(squares):
            if part == 1 and n == 0:
                continue  # s_0 = 0: constants are ridges of one direction
            product, product_phi, product_h = row[3 * part : 3 * part + 3]
            square, square_h = norms[n]
            share = product / square
            value += weight * share * product
            by_phi += weight * share * 2 * product_phi
            by_h += weight * share * (2 * product_h - share * square_h)
    return value, by_phi, by_h


def _profiles(degree: int, h: Ball) -> tuple[list[_Jet], list[_Jet]]:
    """cos(kh) and sin(kh)/sin(h) = sin((k-2)h)/sin(h) + 2 cos((k-1)h) for k = 0..degree."""
    waves = [(k * h).sin_cos() for k in range(degree + 1)]
    cosines = [(cos, -k * sin) for k, (sin, cos) in enumerate(waves)]
    sines = [(arb(0), arb(0)), (arb(1), arb(0))]
    for cos, slope in cosines[1:degree]:
        sines.append((sines[-2][0] + 2 * cos, sines[-2][1] + 2 * slope))
    return cosines, sines[: degree + 1]


def _columns(pairs: list[tuple[Ball, Ball]], profile: list[_Jet]) -> list[list[Ball]]:
    """The vectors whose products with ``moments`` are one product and its derivatives."""
    turned = [(k * q, -k * p) for k, (p, q) in enumerate(pairs)]
    return [
        [pair[side] * u[order] for side in (0, 1) for pair, u in zip(rows, profile, strict=True)]
        for rows, order in ((pairs, 0), (turned, 0), (pairs, 1))
    ]


def _square_norms(profile: list[_Jet]) -> list[_Jet]:
    """sum over k = -n, -n + 2, ..., n of u_k^2, for every n."""
    norms: list[_Jet] = []
    for n, (u, slope) in enumerate(profile):
        before = norms[n - 2] if n > 1 else (arb(0), arb(0))
        both = 2 if n else 1
        norms.append((before[0] + both * u * u, before[1] + 2 * both * u * slope))
    return norms
