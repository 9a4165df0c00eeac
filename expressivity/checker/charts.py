"""Boxes of the parameters of y = b + w u, and the curves of ``logistic_tails`` there.

On a box the curves at u are polynomials in (x, y) of [-1, 1]^2, and what these leave out. Divided
differences of order j, of points u, are means of j-th Taylor coefficients of a function of b + w u,
times w^j, over the hull of the points (Hermite-Genocchi): what is left out of them, over w^j, is
bounded by the coefficients of higher orders there, also where w is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb, factorial
from typing import Protocol

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.half_lines import Box, Side
from expressivity.checker.logistic_tails import Pair, Suprema, Terms, curves, ratios


class Chart(Protocol):
    """A box, and enclosures of the curves there."""

    @property
    def box(self) -> Box:
        """Its second side is that of w."""
        ...

    @property
    def degree(self) -> int:
        """Of the polynomials."""
        ...

    def is_one_sided(self, first: Fraction) -> bool:
        """Whether y >= 0 from the first point on, everywhere in the box."""
        ...

    def terms(self, u: Fraction) -> Terms:
        """The polynomials of the two curves at u, in the order of :class:`Model`."""
        ...

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """Bounds of what they leave out, of divided differences over w^order.

        Those of that order, of points from the first to the last.
        """
        ...


def middle(side: Side) -> Pair:
    """The middle and half the length."""
    low, high = side
    return to_ball((low + high) / 2), to_ball((high - low) / 2)


def _products(w: Side, first: Fraction, last: Fraction) -> Side:
    """The least and the greatest w u."""
    return min(w[0] * first, w[1] * first), max(w[0] * last, w[1] * last)


def _powers(base: Ball, degree: int) -> list[Ball]:
    row = [arb(1)]
    for _ in range(degree):
        row.append(row[-1] * base)
    return row


@dataclass(frozen=True)
class Near:
    """A box of (b, w), b = b0 + db x, w = w0 + dw y, and A and B."""

    box: Box
    degree: int
    suprema: Suprema

    def is_one_sided(self, first: Fraction) -> bool:
        """As in :class:`Chart`."""
        return self.box[0][0] + _products(self.box[1], first, first)[0] >= 0

    def terms(self, u: Fraction) -> Terms:
        """As in :class:`Chart`."""
        (b0, db), (w0, dw) = map(middle, self.box)
        place = to_ball(u)
        x, y = _powers(db, self.degree), _powers(place * dw, self.degree)
        a, b = (
            [
                c * comb(total, k) * x[total - k] * y[k]
                for total, c in enumerate(row)
                for k in range(total + 1)
            ]
            for row in curves(b0 + w0 * place, self.degree)
        )
        return a, b

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """As in :class:`Chart`."""
        n = self.degree + 1
        (_, db), (_, dw) = map(middle, self.box)
        step = db + to_ball(max(abs(first), abs(last))) * dw
        factor = comb(order + n, n) * step**n
        low, high = _products(self.box[1], first, last)
        one, two = self.suprema.over(self.box[0][0] + low, self.box[0][1] + high, order + n)
        return one * factor, two * factor


@dataclass(frozen=True)
class Far:
    """A box of (r, w), r = 1/b = r0 + dr x, w = w0 + dw y, and A e^b/b and B e^(2b).

    With t = w u they are (1 + r t) e^-t (1 - L(b + t)) and e^(-2t) (1 - L(2b + 2t)). The
    polynomials are those of L = 0, which is b = oo.
    """

    box: Box
    degree: int

    def is_one_sided(self, first: Fraction) -> bool:
        """As in :class:`Chart`."""
        (_, r), (_, w) = self.box
        return 1 + r * w * min(first, 0) >= 0

    def terms(self, u: Fraction) -> Terms:
        """As in :class:`Chart`."""
        (r0, dr), (w0, dw) = map(middle, self.box)
        t = w0 * to_ball(u)
        y = _powers(to_ball(u) * dw, self.degree)
        fall, double = (-t).exp(), (-2 * t).exp()
        plain = [fall * c for c in _falling(self.degree)]  # of e^-t
        times = [t * c + before for c, before in zip(plain, [arb(0), *plain], strict=False)]
        a: list[Ball] = []
        b: list[Ball] = []
        for total, c in enumerate(_falling(self.degree)):
            a += [arb(0)] * (total - 1)
            if total:
                a.append(dr * times[total - 1] * y[total - 1])
            a.append((plain[total] + r0 * times[total]) * y[total])
            b += [*[arb(0)] * total, double * c * 2**total * y[total]]
        return a, b

    def rests(self, first: Fraction, last: Fraction, order: int) -> Pair:
        """As in :class:`Chart`."""
        n = self.degree + 1
        (_, dr), (_, dw) = map(middle, self.box)
        step = to_ball(max(abs(first), abs(last))) * dw
        least, most = map(to_ball, self.box[0])
        r = least.union(most)
        start, end = _products(self.box[1], first, last)
        low, length = to_ball(start), to_ball(end - start)
        fall, double = (-low).exp(), (-2 * low).exp()
        gain = length.min((-arb(1)).exp())  # (t - low) e^-(t - low) is at most this

        def linear(k: int) -> Ball:
            """Of (1 + r (t - k)) e^-t, which is k! times a coefficient of (1 + r t) e^-t."""
            return fall * (abs(1 + r * (low - k)) + most * gain)

        def times(k: int) -> Ball:
            """Of (t - k) e^-t, which is k! times a coefficient of t e^-t."""
            return fall * (abs(low - k) + gain)

        top = order + n
        one = comb(top, n) * step**n * linear(top) / factorial(top)
        one += comb(top - 1, order) * dr * step ** (n - 1) * times(top - 1) / factorial(top - 1)
        two = comb(top, n) * step**n * double * arb(2) ** top / factorial(top)
        tiny = (-1 / most).exp()  # e^-b is at most this
        logistic, other = arb(0).union(tiny * fall), arb(0).union(tiny**2 * double)
        one += linear(0) * _off(logistic, order)
        if order:
            one += most * fall * _off(logistic, order - 1)
        return one, two + double * 2**order * _off(other, order)


def _off(logistic: Ball, order: int) -> Ball:
    """How far a coefficient of e^b L(b + t), over e^-t, is from where L is 0; L is in the ball."""
    return abs((1 - logistic) * ratios(logistic, order)[order] - _falling(order)[order])


def _falling(order: int) -> list[Ball]:
    """Taylor coefficients of e^-t at 0."""
    return [arb((-1) ** k) / factorial(k) for k in range(order + 1)]
