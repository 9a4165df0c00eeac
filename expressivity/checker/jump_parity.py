"""Method jump-parity (docs/certificates.md, "Verifying a bound for one neuron without biases")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb, fmpq, fmpq_mat

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.jumps import Limit
from expressivity.checker.parities import Parity
from expressivity.checker.slopes import unit_jump

_Interval = tuple[Fraction, Fraction | None]


def verify_jump_parity(certificate: Certificate, claim: Fraction) -> None:
    """On every interval of w, compare the distance that its points show with twice the claim."""
    data = certificate.lower_data
    assert isinstance(data, Parity)
    needed = 2 * to_ball(claim)
    jumps: dict[Fraction, Ball] = {}
    bounds = [Fraction(0), *data.ends, None]
    clear = True
    for low, high, row in zip(bounds, bounds[1:], data.points, strict=False):
        for u in row:
            if u not in jumps:
                jumps[u] = _part(certificate, data, u)
        values = [jumps[u] for u in row]
        least, most = _distance(data, row, values, (low or Fraction(0), high))
        if least >= needed:
            continue
        if low and high is not None:
            middle = (low + high) / 2
            _, most = _distance(data, row, values, (middle, middle))
        if most < needed:
            reject("the lower bound: the points of an interval show less")
        clear = False
    if not clear:
        raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _part(certificate: Certificate, data: Parity, u: Fraction) -> Ball:
    """The odd or even part of the target's jump at u times the point of reach."""
    root, plane = certificate.expression.root, (*data.normal, Fraction(0))
    ahead, behind = (
        unit_jump(
            root, Limit(plane=plane, point=tuple(s * u * x for x in data.reach), direction=to)
        )
        for s, to in ((1, tuple(-x for x in data.reach)), (-1, data.reach))
    )
    return (ahead - behind if data.odd else ahead + behind) / 2


def _distance(
    data: Parity, points: Sequence[Fraction], values: Sequence[Ball], where: _Interval
) -> tuple[Ball, Ball]:
    """What the points show of the distance of the values to all combinations, for w there.

    The least and the most that it may be.

    The matrix with the powers, the curve and the values at the points as columns is expanded by
    its last two: the determinant is the value of a functional that annihilates all but the last.
    """
    minors = _minors(data, points)
    if not data.curve:
        weights = [to_ball(row[0]) for row in minors]
    else:
        curve = _Curve(data, points, where)
        weights = [curve.sum([to_ball(m) for m in row]) for row in minors]
        # The sum of values[l] weights[l], in the other order: narrower.
        columns = [
            sum((to_ball(row[m]) * v for row, v in zip(minors, values, strict=True)), arb(0))
            for m in range(len(points))
        ]
        return _quotient(curve.sum(columns), weights)
    total = sum((w * v for w, v in zip(weights, values, strict=True)), arb(0))
    return _quotient(total, weights)


def _quotient(top: Ball, weights: Sequence[Ball]) -> tuple[Ball, Ball]:
    """The least and the most that it may be."""
    total = sum((abs(w) for w in weights), arb(0))
    least = abs(top).lower() / total.upper() if total.upper() > 0 else arb(0)
    return least, abs(top).upper() / total.lower() if total > 0 else arb.pos_inf()


def _minors(data: Parity, points: Sequence[Fraction]) -> list[list[Fraction]]:
    """Minors of the powers: without the row i, and with a curve without the rows i and j."""
    count = len(points)

    def minor(*gone: int) -> Fraction:
        rows = [p for i, p in enumerate(points) if i not in gone]
        if not rows:
            return Fraction(1)
        entries = [[fmpq(p.numerator, p.denominator) ** k for k in data.powers] for p in rows]
        value = fmpq_mat(entries).det()
        return Fraction(int(value.p), int(value.q))

    if not data.curve:
        return [[(-1) ** i * minor(i)] for i in range(count)]
    signs = [[(i < j) - (i > j) for j in range(count)] for i in range(count)]
    return [
        [
            sign * (-1) ** (i + j) * minor(i, j) if sign else Fraction(0)
            for j, sign in enumerate(row)
        ]
        for i, row in enumerate(signs)
    ]


class _Curve:
    """Sums of g at w times the points, g = tanh(x) or x tanh(x/2), over an interval of w.

    All are divided by one positive function of w. Weights annihilate the powers.
    """

    def __init__(self, data: Parity, points: Sequence[Fraction], where: _Interval) -> None:
        low, high = where
        taus = [to_ball(p) for p in points]
        powers, odd = data.powers, data.odd
        self.centre: list[Ball]
        self.slopes = [arb(0)] * len(taus)
        self.radius = arb(0)
        if high is None:
            self.centre = _beyond(taus, to_ball(low), odd=odd, powers=powers)
        elif not low:
            order = next(k for k in range(1 if odd else 2, 99, 2) if k not in powers)
            hulls = [arb(0).union(to_ball(high) * tau) for tau in taus]
            self.centre = [
                tau**order * _derivative(hull, order, odd=odd)
                for tau, hull in zip(taus, hulls, strict=True)
            ]
        else:
            w, middle = to_ball(low).union(to_ball(high)), to_ball((low + high) / 2)
            self.radius = to_ball((high - low) / 2)
            self.centre = [_taylor(middle * tau, 0, odd=odd)[0] for tau in taus]
            self.slopes = [tau * _derivative(w * tau, 1, odd=odd) for tau in taus]

    def sum(self, weights: Sequence[Ball]) -> Ball:
        """An enclosure of the sum with these weights."""
        spread = self.radius * _inner(weights, self.slopes)
        return _inner(weights, self.centre) + spread.union(-spread)


def _inner(one: Sequence[Ball], other: Sequence[Ball]) -> Ball:
    return sum((p * q for p, q in zip(one, other, strict=True)), arb(0))


def _derivative(x: Ball, order: int, *, odd: bool) -> Ball:
    """g^(order)/order! on a wide ball: in the middle, and what the next one allows."""
    middle = arb(x.mid())
    spread = (x - middle) * (order + 1) * _taylor(x, order + 1, odd=odd)[-1]
    return _taylor(middle, order, odd=odd)[-1] + spread


def _taylor(x: Ball, order: int, *, odd: bool) -> list[Ball]:
    """Coefficients at x up to the order, of tanh by t' = 1 - t^2."""
    y = x if odd else x / 2
    row = [y.lower().tanh().union(y.upper().tanh())]
    for k in range(order):
        square = sum((row[i] * row[k - i] for i in range(k + 1)), arb(0))
        row.append((int(k == 0) - square) / (k + 1))
    if odd:
        return row
    halves = [c / 2**k for k, c in enumerate(row)]
    return [x * c + before for c, before in zip(halves, [arb(0), *halves], strict=False)]


def _beyond(taus: Sequence[Ball], w: Ball, *, odd: bool, powers: Sequence[int]) -> list[Ball]:
    """For all larger w too: tanh; or 2x/(1 + exp x) = x - x tanh(x/2) by its first value.

    From x = 2 on the latter decreases, and so do the quotients of its values.
    """
    if odd:
        return [(w * tau).tanh().union(arb(1)) for tau in taus]
    if 1 not in powers or not w * taus[0] >= 2:
        raise UndecidedError("the lower bound: the last interval begins too early")
    sizes = [w * tau / (1 + (w * tau).exp()) for tau in taus]
    # The sign of all is that of the difference, which does not matter.
    return [arb(1), *(arb(0).union(size / sizes[0]) for size in sizes[1:])]
