"""Method shared-amplitude (docs/certificates.md, "Verifying a bound of the gradient error")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.jumps import Jumps
from expressivity.checker.slopes import unit_jump


def verify_shared_amplitude(certificate: Certificate, claim: Fraction) -> None:
    """Evaluate the target's jumps, and compare what they show with twice the claim."""
    data = certificate.lower_data
    assert isinstance(data, Jumps)
    root = certificate.expression.root
    jumps = [[unit_jump(root, limit) for limit in row] for row in data.limits]
    allowed = 2 * to_ball(claim)
    if data.weights is None:
        _require_cycle(jumps, allowed)
    else:
        _require_pencil(jumps, data.weights, allowed)


def _require_pencil(
    jumps: Sequence[Sequence[Ball]], weights: list[list[Fraction]], allowed: Ball
) -> None:
    """For every choice of signs of numbers c, sum c_i J_i is as large as claimed at some point."""
    rest = product((1, -1), repeat=len(jumps[0]) - 1)  # c and -c are one case
    for signs, mu in zip(rest, weights, strict=True):
        needed = allowed * to_ball(sum((abs(w) for w in mu), Fraction(0)))
        for i, sign in enumerate((1, *signs)):
            terms = (to_ball(w) * row[i] for w, row in zip(mu, jumps, strict=True))
            shown = sign * sum(terms, arb(0))
            if not any(mu) or shown < needed:
                reject("the lower bound: the weights do not show it")
            if not shown >= needed:
                raise UndecidedError("the lower bound: the jumps are not enclosed well enough")


def _require_cycle(jumps: Sequence[Sequence[Ball]], allowed: Ball) -> None:
    """The products of intervals of this radius around the jumps have nothing in common."""
    ahead, behind = (_range([row[k] for row in jumps], allowed) for k in (0, 1))
    if ahead[1] < behind[0] or behind[1] < ahead[0]:
        return
    if ahead[1] > behind[0] and behind[1] > ahead[0]:
        reject("the lower bound: networks with so small an error are not excluded")
    raise UndecidedError("the lower bound: the jumps are not enclosed well enough")


def _range(jumps: Sequence[Ball], radius: Ball) -> tuple[Ball, Ball]:
    """Ends of the product of intervals: attained where every factor is at an end."""
    ends = [
        prod(chosen, start=arb(1))
        for chosen in product(*([jump - radius, jump + radius] for jump in jumps))
    ]
    low, high = ends[0], ends[0]
    for end in ends[1:]:
        low, high = low.min(end), high.max(end)
    return low, high
