"""Method ridge-search, one box: a lower bound on distances to sums with directions in given arcs.

Steps 1 to 4 of docs/certificates.md, "Verifying a lower bound by search". T is a product of one
factor for each direction, and the bound for given Q is

    2 Re sum_l conj(T_l) h_l - sum_d a_d r_d,   a_d = sum_l conj(T_l) T_(l+d).

Taking one factor out of T changes h and r linearly, so that all corners are the ends of a tree. The
same code serves complex floats, which choose the Q, and balls, which decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flint import acb, acb_mat, arb

from expressivity.checker.balls import Ball, to_ball

_ROUNDS = 12  # of choosing Q; none is looked for once one is good enough
_STEP, _HEAT = 0.5, 0.15
_RIDGE = 1e-13  # relative; the system may be singular to rounding where many directions meet
_SLACK = 1e-10  # relative; what floats must see above what is needed

Side = tuple[int, int]
"""The angles pi [place, place + 1]/2^level of one direction, as (level, place)."""
_Row = list[Any]


@dataclass(frozen=True)
class _Factor:
    """Coefficients of a factor of T, and of its square's: a_d from the lowest d to the highest."""

    row: _Row
    square: _Row


@dataclass(frozen=True, kw_only=True)
class Distance:
    """The function whose distance is bounded.

    Attributes:
        moments: sqrt(pi/(n+1)) g(n, k), k = -n, -n + 2, .., n, for each n from 0 on; of about the
            size of 1.
        squares: whether T has the squares of its factors.
    """

    moments: list[_Row]
    squares: bool
    _made: dict[Side, tuple[list[_Factor], list[_Factor]]] = field(default_factory=dict[Any, Any])

    def lower(self, sides: Sequence[Side], needed: Ball) -> Ball:
        """A bound over the box; other Q are tried only while it is below what is needed.

        -oo where an arc, its double in the case of squares, is half a turn or more.
        """
        if min(level for level, _ in sides) < (2 if self.squares else 1):
            return arb.neg_inf()
        corners, floats = zip(*map(self._corners, sides), strict=True)
        rows = self._choose(floats, float(needed.upper()))
        exact = [[acb(q.real, q.imag) for q in row] for row in rows]
        terms = len(self.moments) - len(rows) + 1
        least = arb.pos_inf()
        for value in _values(*_linear(exact, self.moments, terms), corners):
            least = least.min(value)
        return least

    def at(self, angles: Sequence[Fraction]) -> Ball:
        """The squared distance to the sums with just these directions, shares of pi, enclosed."""
        turn = 2 if self.squares else 1
        factors = [[self._factor(_turned(turn * arb.pi() * to_ball(angle)))] for angle in angles]
        mean, square = _mixture([acb(1)], factors)
        total, middle = arb(0), len(square) // 2
        for f in self.moments[len(mean) - 1 :]:
            size = len(f) - len(mean) + 1
            matrix = [
                [square[middle + i - j] if abs(i - j) <= middle else 0 for j in range(size)]
                for i in range(size)
            ]
            right = acb_mat([[z] for z in _correlate([t.conjugate() for t in mean], f)])
            found = acb_mat(matrix).solve(right)
            total += (right.conjugate().transpose() * found)[0, 0].real
        return total

    def _corners(self, side: Side) -> tuple[list[_Factor], list[_Factor]]:
        """The factor of T at the corners of the triangle around an arc; the same in floats."""
        if side not in self._made:
            level, place = side
            unit = (2 if self.squares else 1) * arb.pi() / arb(2) ** (level + 1)
            low, middle, high = (_turned(unit * (2 * place + shift)) for shift in (0, 1, 2))
            tip = middle / unit.cos()  # where the tangents at the two ends meet
            balls = [self._factor(point) for point in (low, high, tip)]
            floats = [_Factor(*(list(map(complex, c)) for c in (b.row, b.square))) for b in balls]
            self._made[side] = balls, floats
        return self._made[side]

    def _factor(self, u: Ball) -> _Factor:
        """2i sin(theta - alpha) where u = exp(i alpha), 4 sin^2 where u = exp(2 i alpha)."""
        row = [-u, acb(2), -u.conjugate()] if self.squares else [-u, u.conjugate()]
        # Reversed conjugates: the coefficients of the conjugate function.
        return _Factor(row, _times([c.conjugate() for c in reversed(row)], row))

    def _choose(self, corners: Sequence[list[_Factor]], needed: float) -> list[list[complex]]:
        """Q that are best for a mixture of the corners; moved to where the bound is low."""
        floats = [[complex(g) for g in row] for row in self.moments]
        weights = [1.0]
        for _ in corners:
            weights = [weight * share for weight in weights for share in (0.5, 0.5, 0.0)]
        best, chosen = -math.inf, list[list[complex]]()
        for _ in range(_ROUNDS):
            mean, square = _mixture(weights, corners)
            rows = list(_solutions(mean, square, floats))
            values = list(_values(*_linear(rows, floats, len(mean)), corners))
            least = min(values)
            if least > best or not chosen:
                best, chosen = least, rows
            if best >= needed * (1 + _SLACK):
                break
            spread = _HEAT * (sum(values) / len(values) - least) + 1e-300
            towards = [math.exp((least - value) / spread) for value in values]
            total = sum(towards)
            weights = [
                weight + _STEP * (share / total - weight)
                for weight, share in zip(weights, towards, strict=True)
            ]
        return chosen


def _turned(angle: Ball) -> Ball:
    sine, cosine = angle.sin_cos()
    return acb(cosine, sine)


def _times(p: _Row, q: _Row) -> _Row:
    product = [p[0] * 0] * (len(p) + len(q) - 1)
    for i, x in enumerate(p):
        for j, y in enumerate(q):
            product[i + j] += x * y
    return product


def _correlate(p: _Row, q: _Row) -> _Row:
    """sum_i p_i q_(i+j) for every j that leaves q its indices."""
    return [
        sum((x * y for x, y in zip(p, q[j:], strict=False)), p[0] * 0)
        for j in range(len(q) - len(p) + 1)
    ]


def _mixture(weights: _Row, corners: Sequence[list[_Factor]]) -> tuple[_Row, _Row]:
    """The mean of T over the corners, and of the a_d from the lowest d to the highest."""
    if not corners:
        return list(weights), list(weights)
    share = len(weights) // len(corners[0])
    row: _Row = []
    square: _Row = []
    for i, factor in enumerate(corners[0]):
        part = _mixture(weights[i * share : (i + 1) * share], corners[1:])
        more_row, more_square = _times(part[0], factor.row), _times(part[1], factor.square)
        row = [a + b for a, b in zip(row, more_row, strict=True)] if row else more_row
        square = (
            [a + b for a, b in zip(square, more_square, strict=True)] if square else more_square
        )
    return row, square


def _values(h: _Row, r: _Row, corners: Sequence[list[_Factor]]) -> Iterator[Any]:
    """The bound at every corner, in the order of the weights."""
    if not corners:
        yield 2 * h[0].real - r[0].real
        return
    for factor in corners[0]:
        bars = [c.conjugate() for c in factor.row]
        yield from _values(_correlate(bars, h), _correlate(factor.square, r), corners[1:])


def _linear(rows: list[_Row], moments: list[_Row], terms: int) -> tuple[_Row, _Row]:
    """h_l = sum conj(Q_j) f_(j+l), l = 0, .., and r_d = sum Q_j conj(Q_(j+d)), lowest d first."""
    h: _Row = [0] * terms
    r: _Row = [0] * terms
    for q, f in zip(rows, moments[terms - 1 :], strict=True):
        bars = [z.conjugate() for z in q]
        h = [a + b for a, b in zip(h, _correlate(bars, f), strict=True)]
        for d in range(min(terms, len(q))):
            r[d] += sum((x * y for x, y in zip(q, bars[d:], strict=False)), q[0] * 0)
    return h, [z.conjugate() for z in reversed(r[1:])] + r


def _solutions(mean: _Row, square: _Row, moments: list[_Row]) -> Iterator[list[complex]]:
    """The Q of every degree: the leading sections of one banded Hermitian Toeplitz matrix.

    Its entry (j, j - d) is a_d; it is factorised as L D L^*, and so are its sections.
    """
    middle = len(square) // 2
    lower: list[list[complex]] = []
    pivots: list[float] = []
    for j in range(len(moments) - len(mean) + 1):
        row = [0j] * (middle + 1)
        band = min(middle, j)
        for d in range(band, 0, -1):
            entry = square[middle + d]
            for e in range(d + 1, band + 1):
                entry -= row[e] * pivots[j - e] * lower[j - d][e - d].conjugate()
            row[d] = entry / pivots[j - d]
        pivot = square[middle].real * (1 + _RIDGE)
        pivot -= sum(abs(row[d]) ** 2 * pivots[j - d] for d in range(1, band + 1))
        lower.append(row)
        pivots.append(pivot)
    bars = [t.conjugate() for t in mean]
    for f in moments[len(mean) - 1 :]:
        q = _correlate(bars, f)
        for j in range(len(q)):
            for d in range(1, min(middle, j) + 1):
                q[j] -= lower[j][d] * q[j - d]
        q = [z / pivot for z, pivot in zip(q, pivots, strict=False)]
        for j in reversed(range(len(q))):
            for d in range(1, min(middle, len(q) - 1 - j) + 1):
                q[j] -= lower[j + d][d].conjugate() * q[j + d]
        yield q
