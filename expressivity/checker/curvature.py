"""Method curvature (docs/certificates.md, "Verifying a lower bound by curvature")."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import flint
from flint import acb, arb

from expressivity.checker.balls import PRECISION, Ball, share_of_norm, to_ball, working_precision
from expressivity.checker.bumps import Bumps
from expressivity.checker.cells import ends_and_kinks
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Evaluate, Function, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.integrals import MAX_PIECES, gauss_legendre, gauss_nodes
from expressivity.checker.lines import BAND, signs_at
from expressivity.checker.norms import squared_norm

AREA, STIFFNESS = Fraction(4, 5), Fraction(192, 5)
"""Integrals of p and of p''^2, where p(u) = (1 - |u|)^3 (1 + 3 |u|)."""

MAX_BITS = 1200  # radii from 2^-1200 on


def verify_curvature(certificate: Certificate, claim: Fraction) -> None:
    """Compare the sum of what the test functions show with the claim."""
    bumps = certificate.lower_data
    assert isinstance(bumps, Bumps)
    narrowest = min(radius for _, radius in bumps.supports)
    bits = (narrowest.denominator // narrowest.numerator).bit_length()
    if bits > MAX_BITS:
        raise UndecidedError("the lower bound: a radius is too small for this checker")
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    norm2 = squared_norm(function, target, certificate.dimension)
    # Of t, an affine part may be left out: about radius^2 is what remains of a smooth one.
    with working_precision(PRECISION + 4 * bits):
        shown = arb(0)
        for place, radius in bumps.supports:
            spent = AREA * bumps.curvature * radius
            needed = (to_ball(claim**2 * STIFFNESS / radius**3) * norm2).sqrt() + to_ball(spent)
            goal = (needed * arb(10) ** -18).mid()
            moment = _moment(function, target, (place, radius), goal)
            excess = (abs(moment) - to_ball(spent)).max(arb(0))
            shown += excess**2 * to_ball(radius**3 / STIFFNESS)
        needed2 = to_ball(claim**2) * norm2
        if shown < needed2:
            share = share_of_norm(shown, norm2)
            reject(f"the lower bound: the data support {share} of the norm at most")
        if not shown >= needed2:
            raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _moment(
    function: Function, target: Evaluate, support: tuple[Fraction, Fraction], goal: Ball
) -> Ball:
    """The integral of t(x) p''((x - place)/radius)/radius^2 over the support."""
    place, radius = support
    low, high = place - radius, place + radius
    kinks = {x for x in ends_and_kinks(function.lines) if low < x < high}
    total, pieces = arb(0), 0
    pending = list(pairwise(sorted(kinks | {low, place, high})))
    while pending:
        pieces += 1
        if pieces > MAX_PIECES:
            raise UndecidedError("the lower bound: a moment could not be enclosed")
        start, end = pending.pop()
        middle = (start + end) / 2
        found = _piece(function, target, support, (middle, (end - start) / 2), goal)
        if found is None:
            pending += [(start, middle), (middle, end)]
        else:
            total += found
    return total + arb(0, _beside_neighbours(function, target, support).upper())


def _beside_neighbours(
    function: Function, target: Evaluate, support: tuple[Fraction, Fraction]
) -> Ball:
    """At least what wrong signs beside irrational kinks change; abs(p'') is at most 12."""
    place, radius = support
    total = arb(0)
    for c1, _, c0 in function.neighbours:
        if c1 and abs(-c0 / c1 - place) <= 2 * radius + BAND / abs(c1):
            x = to_ball(-c0 / c1) + arb(0, arb(2) ** -200)
            width = 2 * to_ball(BAND / abs(c1))
            value = acb(target((x, arb(0)), None, False)).abs_upper()
            total += 2 * value * width * 12 / to_ball(radius**2)
    return total


def _piece(
    function: Function,
    target: Evaluate,
    support: tuple[Fraction, Fraction],
    part: tuple[Fraction, Fraction],
    goal: Ball,
) -> Ball | None:
    """The part around a centre, on one side of the place; None where it must be halved."""
    (place, radius), (middle, reach) = support, part
    signs = signs_at(function.lines, middle, Fraction(0))
    turn = to_ball((1 if middle > place else -1) / radius)
    centre, half, origin = to_ball(middle), to_ball(reach), to_ball(place)
    scale = -12 * to_ball(reach / radius**2)
    cost = (function.size + 20) * (flint.ctx.prec // PRECISION + 1)

    def integrand(y: Ball, analytic: bool) -> Ball:
        function.spend(cost)
        x = centre + half * y
        u = turn * (x - origin)
        return scale * target((x, arb(0)), signs, analytic) * (1 - u) * (1 - 3 * u)

    rule = gauss_nodes(lambda box: integrand(box, True), goal)
    if rule is None:
        return None
    count, error = rule
    nodes = gauss_legendre(count, flint.ctx.prec)
    return sum((w * integrand(y, False) for y, w in nodes), arb(0, error))
