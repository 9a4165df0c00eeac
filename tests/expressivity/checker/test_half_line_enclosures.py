"""Enclosures of functionals on half-lines, of method jump-half-line.

Soundness: on random boxes they hold what mpmath finds at points of them; so do the bounds for steep
neurons. Reference: not much more than that.
"""

import random
from fractions import Fraction as Q
from itertools import product
from math import comb, factorial

import mpmath as mp
import pytest
from flint import arb
from half_lines_by_mpmath import (
    DIGITS,
    STEEP,
    ball,
    curve_a,
    curve_b,
    difference,
    exact,
    triples_of,
)

from expressivity.checker import logistic_tails
from expressivity.checker.balls import PRECISION, to_ball, working_precision
from expressivity.checker.charts import Far, Near
from expressivity.checker.differences import Differences
from expressivity.checker.jump_half_line import steep_ratios
from expressivity.checker.logistic_tails import Suprema
from expressivity.checker.taylor_models import Model


@pytest.fixture(autouse=True)
def _precisions():
    with working_precision(PRECISION), mp.workdps(DIGITS):
        yield


class Reference:
    """Random points and a box, and the same numbers by mpmath at places of the box."""

    def __init__(self, rng, far, count):
        self.far = far
        low = Q(0) if rng.random() < 0.3 else Q(rng.randrange(96), 4)
        self.w = low, low + Q(1, 2 ** rng.choice([1, 2, 3, 5, 20]))
        start = rng.choice([Q(0), Q(rng.randrange(40), 4)])
        size, scale = Q(1, 2 ** rng.choice([1, 2, 3, 5, 20])), rng.choice([1, 4, 12, 120])
        self.b = (start / scale, (start + size) / scale) if far else (start, start + size)
        least = -1 / (self.b[1] * self.w[1]) if far else -self.b[0] / self.w[1]
        every = [k for k in range(-32, 33) if Q(k, 32) >= least]
        self.points = [Q(k, 32) for k in sorted(rng.sample(every, count))]
        self.values = [rng.uniform(-1, 1) for _ in self.points]
        self.differences = Differences(self.points, [arb(v) for v in self.values])
        self.choices = {rows for s in (0, 9) for rows in self.differences.choices((Q(s), Q(s)))}

    def chart(self, degree):
        box = self.b, self.w
        return Far(box, degree) if self.far else Near(box, degree, Suprema(6 + degree))

    def place(self, x, y):
        (b0, b1), (w0, w1) = self.b, self.w
        return b0 + (b1 - b0) * (1 + x) / 2, w0 + (w1 - w0) * (1 + y) / 2

    def curves(self, b, w, rows):
        """The divided differences of both curves."""
        b, w = exact(b), exact(w)
        scales = mp.mpf(1), mp.mpf(1)
        if self.far:
            b = 1 / b
            scales = mp.exp(b) / b, mp.exp(2 * b)
        points = list(map(exact, self.points))
        found = []
        for first, last in rows[0]:
            nodes = points[first : last + 1]
            by = w ** (last - first) if rows[1] else 1
            found.append([
                scale * difference(nodes, [curve(b + w * u) for u in nodes]) / by
                for scale, curve in zip(scales, (curve_a, curve_b), strict=True)
            ])  # fmt: skip
        return found

    def parts(self, b, w, rows):
        """The weights of the three differences."""
        curves = self.curves(b, w, rows)
        orders = [last - first for first, last in rows[0]]
        found = []
        for k, order in enumerate(orders):
            (a, c), (d, e) = curves[(k + 1) % 3], curves[(k + 2) % 3]
            factor = exact(w) ** (max(orders) - order) if rows[1] else 1
            found.append((a * e - d * c) * factor)
        return found

    def gap(self, b, w, rows, needed):
        """What the functional shows above the needed share of its weights."""
        weights = [mp.mpf(0)] * len(self.points)
        for part, (first, last) in zip(self.parts(b, w, rows), rows[0], strict=True):
            for i in range(first, last + 1):
                unit = [mp.mpf(int(k == i)) for k in range(first, last + 1)]
                nodes = list(map(exact, self.points[first : last + 1]))
                weights[i] += part * difference(nodes, unit)
        top = abs(sum(w * mp.mpf(v) for w, v in zip(weights, self.values, strict=True)))
        return top - needed * sum(map(abs, weights))


def excess(model, x, y, value):
    """How far a value is from the polynomial, over what the model allows."""
    terms = iter(model.terms)
    at = sum(
        next(terms) * to_ball(x ** (d - k) * y**k)
        for d in range(model.degree + 1)
        for k in range(d + 1)
    )
    error = abs(at - ball(value))
    return error.lower() / model.rest.upper()


def sampled(rng):
    """Corners of a box, and a place inside."""
    corners = product((Q(-1), Q(1)), (Q(-1), Q(1)))
    inside = Q(rng.randrange(-99, 100), 100), Q(rng.randrange(-99, 100), 100)
    return [corner for corner in corners if rng.random() < 0.5] + [inside]


def cases(seed, count):
    rng = random.Random(seed)
    for index in range(count):
        yield rng, Reference(rng, far=index % 2 == 1, count=5 + (index % 3 == 2))


def test_what_polynomials_of_the_curves_leave_out_is_bounded():
    ratios = []
    for rng, of in cases(1, 60):
        chart = of.chart(rng.choice([1, 3, 5]))
        for rows in of.choices:
            made = of.differences.over_powers if rows[1] else of.differences.plain
            models = made(chart, rows[0])
            for x, y in sampled(rng):
                b, w = of.place(x, y)
                if (of.far and not b) or not w:
                    continue
                for pair, values in zip(models, of.curves(b, w, rows), strict=True):
                    for model, value in zip(pair, values, strict=True):
                        ratio = excess(model, x, y, value)
                        assert ratio <= 1, (of.far, of.b, of.w, of.points, rows, x, y)
                        ratios.append(float(ratio))
    ratios.sort()
    # Useless enclosures fail too.
    assert ratios[len(ratios) * 7 // 10] > 0.05 and ratios[-1] > 0.8


def test_weights_and_margins_are_enclosed():
    gains = []
    for rng, of in cases(2, 60):
        chart, needed = of.chart(5), rng.choice([0.01, 0.3])
        for rows in of.choices:
            parts = of.differences.parts(chart, rows)
            margin = of.differences.margin(chart, rows, arb(needed))
            for x, y in sampled(rng):
                b, w = of.place(x, y)
                if (of.far and not b) or not w:
                    continue
                for model, value in zip(parts, of.parts(b, w, rows), strict=True):
                    assert excess(model, x, y, value) <= 1
                gap = ball(of.gap(b, w, rows, needed))
                assert margin <= gap
                gains.append(float(margin / abs(gap)))
    assert sum(gain > 0.5 for gain in gains) > len(gains) // 5


def test_weights_that_change_their_sign_count():
    """By hand: weights (8, 8c - 16, 16 - 16c, 8c - 16, 8), c = 0.9 + 1.5 x.

    The gap is 160 + 2 (16 - 16c) less the sum of their sizes; it is least for x = 1.
    """
    differences = Differences([Q(k, 4) for k in range(5)], [arb(v) for v in (20, 0, 2, 0, 0)])
    terms = [[1, 0, 0], [0.9, 1.5, 0], [1, 0, 0]]
    parts = [Model(1, list(map(arb, row)), arb(0)) for row in terms]
    differences.parts = lambda chart, rows: parts
    least = 160 - 2 * 16 * 1.4 - (8 + 3.2 + 22.4 + 3.2 + 8)
    chart = Near(((Q(0), Q(1)), (Q(0), Q(1))), 1, Suprema(7))
    margin = differences.margin(chart, (((0, 2), (1, 3), (2, 4)), False), arb(1))
    assert float(margin) == pytest.approx(least)


@pytest.mark.parametrize("order", [0, 2, 4])
def test_far_derivatives_are_bounded_on_all_of_a_long_hull(order):
    """Also where they vanish at its start; what L adds is small here."""
    degree, n, top = 2, 3, order + 3
    narrow = Q(1, top - 1) - Q(1, 2**20), Q(1, top - 1)
    for r, w, first in (
        ((Q(0), Q(1, 8)), (Q(2), Q(34)), Q(1, 4)),
        (narrow, (Q(2), Q(34)), Q(1, 2)),
        ((Q(1, 100), Q(1, 20)), (8 - Q(1, 64), 8 + Q(1, 64)), Q(top - 1, 8)),
    ):
        bound, _ = Far((r, w), degree).rests(first, Q(1), order)
        size, step = (exact((high - low) / 2) for low, high in (r, w))
        start, end = exact(w[0] * first), exact(w[1])
        for part, high in product(range(41), r):
            t = start + (end - start) * mp.mpf(part) ** 2 / 1600
            one = comb(top, n) * step**n * abs(1 + exact(high) * (t - top)) / factorial(top)
            two = comb(top - 1, order) * size * step ** (n - 1) * abs(t - top + 1)
            value = (one + two / factorial(top - 1)) * mp.exp(-t)
            assert ball(value) <= bound.upper()


def test_suprema_of_coefficients(monkeypatch):
    rng, suprema = random.Random(3), Suprema(11)
    for _ in range(40):
        low = Q(rng.randrange(-1, 1200), 10)
        high = low + rng.choice([Q(1, 1000), Q(1, 7), Q(5)])
        y = exact(low + (high - low) * Q(rng.randrange(101), 100))
        order = rng.randrange(12)
        bounds = suprema.over(low, high, order)
        for curve, bound in zip((curve_a, curve_b), bounds, strict=True):
            value = abs(mp.taylor(curve, y, order)[order])
            assert ball(value).lower() <= bound
    monkeypatch.setattr(logistic_tails, "_MOST", 4)
    bound, _ = Suprema(1).over(Q(13, 10), Q(4), 1)
    assert ball(-mp.diff(curve_a, 2.4)) <= bound
    for order in range(12):
        bounds = suprema.over(Q(3, 4), Q(3, 4), order)
        for curve, bound in zip((curve_a, curve_b), bounds, strict=True):
            value = abs(mp.taylor(curve, mp.mpf(0.75), order)[order])
            assert bound <= 1.5 * ball(value) + 0.1 * 0.7**order


@pytest.mark.parametrize(
    ("triples", "least"),
    [
        (triples_of(*STEEP), 0),
        (triples_of(3, 5, 6, 14, 15, 28, 30, 31, 32), 0),
        (
            triples_of(*(k << 10 | i for k in (700, 1000, 1021) for i in range(3)), scale=1 << 20),
            0.995,
        ),
    ],
)
def test_ratios_of_steep_neurons(triples, least):
    rng = random.Random(4)
    start = Q(5, 2) / triples[0][0]
    tightest = [0.0] * 4
    for k in range(40):
        w = start + rng.choice([0, Q(1, 10), rng.randrange(100)])
        b = rng.choice([0, Q(1, 10), rng.randrange(30)]) if k else 0
        # The bounds at w, but with what W0 = start makes of their factors.
        at, first = steep_ratios(triples, w), steep_ratios(triples, start)
        lengths = steep_lengths(triples)
        bounds = [f * to_ball(-(w - start) * n).exp() for f, n in zip(first, lengths, strict=True)]
        a, c = (
            [
                difference(nodes, [curve(exact(b) + exact(w) * u) for u in nodes])
                for nodes in (list(map(exact, triple)) for triple in triples)
            ]
            for curve in (curve_a, curve_b)
        )
        true = a[0] / a[1], a[2] / a[1], c[1] / c[0], c[2] / c[0]
        for i, (value, *some) in enumerate(zip(true, bounds, at, strict=True)):
            assert value > 0 and all(ball(value) <= bound for bound in some)
            tightest[i] = max(tightest[i], float(ball(value) / some[1]))
    assert tightest[0] >= 0.9 * least and min(tightest[2:]) >= least


def steep_lengths(triples):
    """By which the four ratios fall, in exponents."""
    (l1, _, r1), (l2, _, r2), (l3, _, _) = triples
    return l1 - r2, l3 - r2, 2 * (l2 - r1), 2 * (l3 - r1)
