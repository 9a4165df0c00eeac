"""Method uncut-boxes (docs/certificates.md, "Verifying a lower bound by uncut boxes")."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import flint
from flint import acb, arb

from expressivity.checker.balls import Ball, real_part, share_of_norm, to_ball, working_precision
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Evaluate, Function, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.grids import Box, Boxes
from expressivity.checker.integrals import gauss_legendre, gauss_nodes
from expressivity.checker.lines import BAND, inner, signs_at
from expressivity.checker.norms import squared_norm

ABOVE = 3  # degrees above that of the pieces
_PRECISION = 128  # bits


def verify_uncut_boxes(certificate: Certificate, claim: Fraction) -> None:
    """Compare the claim with what the boxes show that lines of a network leave."""
    data = certificate.lower_data
    assert isinstance(data, Boxes)
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    norm2 = squared_norm(function, target, certificate.dimension)
    needed = to_ball(claim**2) * norm2
    with working_precision(_PRECISION):
        goal = (needed.sqrt() * arb(10) ** -15).mid()
        anything = arb(0).union(norm2)
        squares = [_square(function, target, box, data.degree, goal) for box in data.boxes]
        squares = [anything if square is None else square for square in squares]
        kept = max(len(squares) - data.cut, 0)
        least, most = (
            sum(sorted(ends, key=_exact)[:kept], arb(0))
            for ends in ([s.lower().max(arb(0)) for s in squares], [s.upper() for s in squares])
        )
        if most < needed:
            share = share_of_norm(most, norm2)
            reject(f"the lower bound: the data support {share} of the norm at most")
        if not least >= needed:
            raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _exact(point: Ball) -> Fraction:
    mantissa, exponent = (int(part) for part in point.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _square(function: Function, target: Evaluate, box: Box, degree: int, goal: Ball) -> Ball | None:
    """Part of the squared distance of t to polynomials on a box; 0 where it has a kink there.

    None where it may have one.
    """
    flat: Box = [*box, (Fraction(0), Fraction(0))][:2]
    kinked = _kinks_in(function, flat)
    if kinked is not False:
        return arb(0) if kinked else None
    middles = [(low + high) / 2 for low, high in flat]
    signs = signs_at(function.lines, middles[0], middles[1])
    centre, half = map(to_ball, middles), [to_ball((high - low) / 2) for low, high in flat]
    places = list(zip(centre, half, strict=True))
    top = degree + ABOVE

    def value(u: Ball, s: Ball, analytic: bool) -> Ball:
        function.spend()
        x1, x2 = (c + h * v for (c, h), v in zip(places, (u, s), strict=True))
        return target((x1, x2), signs, analytic)

    def bounded(t: Ball, around: Ball) -> Ball:
        # abs(P_n(z)) <= (abs(z) + sqrt(abs(z)^2 + 1))^n, by the integral of Laplace.
        far = acb(around).abs_upper()
        return acb(t).abs_upper() * (far + (far * far + 1).sqrt()) ** top

    one = arb(0, 1)
    rules = [gauss_nodes(lambda z: bounded(value(z, one, True), z), goal)]
    if len(box) == 2:
        rules.append(gauss_nodes(lambda z: bounded(value(one, z, True), z), goal))
    known = [rule for rule in rules if rule is not None]
    if len(known) < len(rules):
        raise UndecidedError("the lower bound: the target is too steep on a box")
    nodes = [gauss_legendre(count, flint.ctx.prec) for count, _ in known]
    lost = arb(0, (2 * sum((error for _, error in known), arb(0))).upper())
    others = nodes[1] if len(box) == 2 else [(arb(0), arb(1))]
    sums = {key: arb(0) for key in product(range(top + 1), repeat=2) if degree < sum(key) <= top}
    legendre = [_legendre(s, top) for s, _ in others]
    for u, weight in nodes[0]:
        values = [real_part(value(u, s, False)) * w for s, w in others]
        rows = [
            sum((v * p[j] for v, p in zip(values, legendre, strict=True)), arb(0))
            for j in range(top + 1)
        ]
        here = _legendre(u, top)
        for i, j in sums:
            sums[i, j] += weight * here[i] * rows[j]
    if len(box) == 1:  # x2 stands for nothing: P_0 alone
        sums = {(i, j): part for (i, j), part in sums.items() if j == 0}
    total = arb(0)
    for (i, j), part in sums.items():
        scale = half[0] * (2 * i + 1) / 2
        if len(box) == 2:
            scale *= half[1] * (2 * j + 1) / 2
        around = part + lost
        total += scale * (around * around).nonnegative_part()
    return total


def _kinks_in(function: Function, box: Box) -> bool | None:
    """Whether a line runs through a box; None where an irrational one may touch it."""
    neighbours, unclear = set(function.neighbours), False
    for line in function.lines:
        sides = [inner(line, corner) + line[-1] for corner in product(*box)]
        band = BAND if line in neighbours else 0
        if min(sides) < -band and max(sides) > band:
            return True
        unclear |= min(sides) < band and max(sides) > -band
    return None if unclear else False


def _legendre(u: Ball, degree: int) -> list[Ball]:
    """P_0(u), ..., P_degree(u)."""
    values = [arb(1), u]
    for n in range(1, degree):
        values.append(((2 * n + 1) * u * values[n] - n * values[n - 1]) / (n + 1))
    return values[: degree + 1]
