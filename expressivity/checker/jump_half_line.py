"""Method jump-half-line (docs/certificates.md, "Verifying a bound for one neuron with biases")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.charts import Chart, Far, Near
from expressivity.checker.differences import Differences, divided_difference
from expressivity.checker.findings import UndecidedError, reject, require
from expressivity.checker.half_lines import Box, HalfLines, halves
from expressivity.checker.jumps import Limit
from expressivity.checker.logistic_tails import Suprema
from expressivity.checker.slopes import unit_jump
from expressivity.checker.work import Work

_DEGREE, _MOST_POINTS = 5, 6
_LEVELS = 2  # to which a box of a tree may be cut here, in four
_TRY, _JUMP = 2000, 40_000  # operations, as they are counted

_Charts = Callable[[Box, int], Chart]


def verify_jump_half_line(certificate: Certificate, claim: Fraction) -> None:
    """On every box of the trees, compare what its points show with twice the claim."""
    data = certificate.lower_data
    assert isinstance(data, HalfLines)
    work, needed = Work(), 2 * to_ball(claim)
    suprema = Suprema(_MOST_POINTS + _DEGREE)
    jumps: dict[Fraction, Ball] = {}

    def values(points: Sequence[Fraction], sign: int) -> list[Ball]:
        for u in points:
            if sign * u not in jumps:
                work.spend(_JUMP)
                jumps[sign * u] = _jump(certificate, data, sign * u)
        return [jumps[sign * u] for u in points]

    def near(box: Box, degree: int) -> Chart:
        return Near(box, degree, suprema)

    for sign, part in zip((1, -1), data.orientations, strict=True):
        _verify_steep(part.steep, values(part.steep, sign), data.slope, needed)
        for boxes, chart in ((part.near, near), (part.far, Far)):
            kept: dict[int, Differences] = {}
            for box, index in boxes:
                if index not in kept:
                    points = data.points[index]
                    kept[index] = Differences(points, values(points, sign))
                _verify_box(chart, box, kept[index], needed, work)


def _jump(certificate: Certificate, data: HalfLines, u: Fraction) -> Ball:
    """The jump of the target at u times the point of reach, as a limit from the side of 0."""
    inwards = -1 if u > 0 else 1
    limit = Limit(
        plane=(*data.normal, Fraction(0)),
        point=tuple(u * x for x in data.reach),
        direction=tuple(inwards * x for x in data.reach),
    )
    return unit_jump(certificate.expression.root, limit)


def _verify_box(
    charts: _Charts, whole: Box, differences: Differences, needed: Ball, work: Work
) -> None:
    """Show it on the box, or on parts of it."""
    fits = charts(whole, 0).is_one_sided(differences.points[0])
    require(fits, "the lower bound: the points of a box leave the half-line")
    pending = [(whole, 0)]
    while pending:
        box, level = pending.pop()
        chart = charts(box, _DEGREE)
        for rows in differences.choices(box[1]):
            work.spend(_TRY)
            if differences.margin(chart, rows, needed) > 0:
                break
        else:
            if differences.shown(charts(_centre(box), 0)) < needed:
                reject("the lower bound: the points of a box show less")
            if level == _LEVELS:
                raise UndecidedError("the lower bound: the enclosures are too wide for this claim")
            parts = [part for half in halves(box, 0) for part in halves(half, 1)]
            pending += [(part, level + 1) for part in parts]


def _centre(box: Box) -> Box:
    (b0, b1), (w0, w1) = box
    b, w = (b0 + b1) / 2, (w0 + w1) / 2
    return (b, b), (w, w)


def _verify_steep(
    points: Sequence[Fraction], values: Sequence[Ball], slope: Fraction, needed: Ball
) -> None:
    """For all w from the slope on and all b >= 0, by three second differences.

    Their weights are a cross product; over that of the third, up to the sign, the first is at most
    b31 + a32 b21, the second a12 b31 + a32, and the third is at least 1 - a12 b21.
    """
    triples = [points[k : k + 3] for k in (0, 3, 6)]
    jumps: list[Ball] = []
    sizes: list[Ball] = []
    for k, triple in enumerate(triples):
        row = [to_ball(c) for c in divided_difference(triple)]
        jumps.append(abs(sum((c * v for c, v in zip(row, values[3 * k :], strict=False)), arb(0))))
        sizes.append(sum(map(abs, row), arb(0)))
    if jumps[2] < needed * sizes[2]:
        reject("the lower bound: the steep points show less")
    (l1, _, r1), (l2, _, r2), _ = triples
    apart = 2 * (l2 - r1) > r2 - l1  # so that all four products fall as w grows
    require(apart, "the lower bound: the first steep points are not apart enough")
    a12, a32, b21, b31 = steep_ratios(triples, slope)
    least = (1 - a12 * b21) * (jumps[2] - needed * sizes[2])
    least -= (a12 * b31 + a32) * (jumps[1] + needed * sizes[1])
    least -= (b31 + a32 * b21) * (jumps[0] + needed * sizes[0])
    if not (a12 * b21 < 1 and jumps[2] >= needed * sizes[2] and least >= 0):
        raise UndecidedError("the lower bound: the steep points show too little")


def steep_ratios(
    triples: Sequence[Sequence[Fraction]], slope: Fraction
) -> tuple[Ball, Ball, Ball, Ball]:
    """Bounds of quotients of the second differences, of A (1:2, 3:2) and B (2:1, 3:1).

    For w equal to the slope and all b >= 0. A'' is (y tanh(y/2) - 2) e^-y/(1 + e^-y)^2, of which
    the first factor grows and lies in [share y, y]; B'' is tanh(y) (1 - tanh(y)^2). For larger w
    each bound holds with w in the place of the slope in the exponents.
    """
    (l1, _, r1), (l2, _, r2), (l3, _, r3) = triples
    start = to_ball(slope * l1)
    share = (start / 2).tanh() - 2 / start
    if not share > 0:
        raise UndecidedError("the lower bound: the steep points begin too early")

    def fall(length: Fraction) -> Ball:
        return to_ball(-slope * length).exp()

    one = (1 + (-start).exp()) ** 2
    two = (1 + (-2 * start).exp()) ** 2 / start.tanh()
    return (
        fall(l1 - r2),
        one * fall(l3 - r2) * to_ball(r3 / l2) / share,
        two * fall(2 * (l2 - r1)),
        two * fall(2 * (l3 - r1)),
    )
