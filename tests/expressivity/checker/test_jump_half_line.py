"""The gradient error of one neuron with biases, by functionals on half-lines.

Soundness: enclosures on random boxes hold what mpmath finds at points of them; so do the bounds for
steep neurons. Negative: forged and damaged files are rejected or not decided.
"""

import random
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction as Q
from itertools import product
from math import comb, factorial

import mpmath as mp
import pytest
from certificates_by_hand import certificate, family, seal
from flint import arb
from tampering import change, drop

from expressivity.checker import check_document, jump_half_line, logistic_tails
from expressivity.checker.balls import PRECISION, to_ball, working_precision
from expressivity.checker.charts import Far, Near
from expressivity.checker.differences import Differences
from expressivity.checker.document import read_certificate
from expressivity.checker.findings import RejectedError, UndecidedError
from expressivity.checker.half_lines import Orientation, read_half_lines
from expressivity.checker.jump_half_line import steep_ratios, verify_jump_half_line
from expressivity.checker.logistic_tails import Suprema
from expressivity.checker.taylor_models import Model
from expressivity.checker.work import MAX_WORK, Work

TARGET, DICTIONARY = "x1*tanh(2*x1)**2*relu(x2)", ["id", "relu", "silu", "tanh"]
ONE_SIDED = "relu(x1)*tanh(2*x1)**2*relu(x2)"
CLAIM = "0.0003"
STEEP = [4, 5, 6, 13, 14, 15, 22, 27, 32]
DIGITS = 90


@pytest.fixture(autouse=True)
def _precisions():
    with working_precision(PRECISION), mp.workdps(DIGITS):
        yield


def exact(value):
    return mp.mpf(value.numerator) / value.denominator


def curve_a(y):
    return y / (1 + mp.exp(y))


def curve_b(y):
    return 1 / (1 + mp.exp(2 * y))


def difference(points, values):
    """A divided difference, by its definition."""
    if len(points) == 1:
        return values[0]
    ends = difference(points[1:], values[1:]) - difference(points[:-1], values[:-1])
    return ends / (points[-1] - points[0])


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


def ball(value):
    """A ball around a number of mpmath."""
    return arb(mp.nstr(value, DIGITS - 15))


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


def triples_of(*places, scale=32):
    points = [Q(k, scale) for k in places]
    return [points[k : k + 3] for k in (0, 3, 6)]


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


@pytest.mark.parametrize("k", [0, 1])
def test_steep_points_that_are_too_near_or_too_early(k):
    near = [4, 5, 12, 13, 14, 15, 22, 27, 32]
    with pytest.raises(RejectedError, match="not apart enough"):
        verify(steep=(near, STEEP) if k == 0 else (STEEP, near))
    with pytest.raises(UndecidedError, match="too early"):
        verify(slope=8)


JUMPS = {TARGET: lambda u: u * mp.tanh(2 * u) ** 2, "exp(x1)*relu(x2)": mp.exp}


@pytest.mark.parametrize("target", JUMPS)
def test_what_steep_points_show(target):
    """No more than mpmath finds for some w >= W0 and b >= 0, and not much less."""
    nodes = [list(map(exact, triple)) for triple in triples_of(*STEEP)]
    units = [[mp.mpf(int(i == k)) for i in range(3)] for k in range(3)]
    shown = []
    for w, b, sign in product((32, 33, 200), (0, 1, 20), (1, -1)):
        a, c, jumps = (
            [difference(us, [f(u) for u in us]) for us in nodes]
            for f in (
                lambda u, w=w, b=b: curve_a(b + w * u),
                lambda u, w=w, b=b: curve_b(b + w * u),
                lambda u, sign=sign: JUMPS[target](sign * u),
            )
        )
        parts = [a[k - 2] * c[k - 1] - a[k - 1] * c[k - 2] for k in range(3)]
        top = abs(sum(p * j for p, j in zip(parts, jumps, strict=True)))
        sizes = [sum(abs(difference(us, unit)) for unit in units) for us in nodes]
        shown.append(top / sum(abs(p) * size for p, size in zip(parts, sizes, strict=True)))
    least = min(shown) / 2
    verify(mp.nstr(least * 0.75, 10), target=target)
    with pytest.raises((RejectedError, UndecidedError)):
        verify(mp.nstr(least * 1.001, 10), target=target)


def number(value):
    value = Q(value)
    mantissa, exponent = value.numerator, 1 - value.denominator.bit_length()
    while mantissa and mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    return f"{'-' if mantissa < 0 else ''}{abs(mantissa):#x}p{exponent if mantissa else 0:+d}"


def numbers(*values):
    return [number(Q(value) / 32) for value in values]


def document(target=TARGET, value=CLAIM, **data):
    """A well-formed file, of which the boxes are too large."""
    data = {
        "normal": [number(0), number(1)],
        "reach": [number(1), number(0), number(1)],
        "corner": [number(12), number(32)],
        "points": [numbers(0, 4, 13, 25, 32), numbers(-32, -23, -7, 7, 23, 32)],
        "near": [[-1, 0, -2, 1, 0], [0]],
        "far": [[0], [-2, 0, 0]],
        "steep": [0, 0],
        "steep_points": [numbers(*STEEP)],
    } | data
    lower = {"value": value, "evidence": "certified", "method": "jump-half-line", "relative": False}
    of = family(form="two_sided", dictionary=DICTIONARY)
    return certificate(
        target, "disk", of, lower={"w1inf": lower}, schema=3, jump_half_line=data
    )  # fmt: skip


def boxes(*listed):
    """Leaves whose points are those at the same places."""
    return [(((Q(b), Q(c)), (Q(v), Q(w))), i) for i, (b, c, v, w) in enumerate(listed)]


NEAR = boxes(("3/2", "15/8", "5/2", 3), (0, "3/16", 0, "1/8"), ("21/2", "87/8", "21/2", 11))
FAR = [(box, 3 + i) for box, i in boxes((0, "1/12", 0, "1/2"), (0, "1/12", 4, 5))]
SIX = [(((Q(3, 4), Q(27, 32)), (Q(1, 8), Q(1, 4))), 5)]
POINTS = [
    (0, 4, 13, 25, 32), (0, 3, 10, 21, 31), (-3, -1, 4, 14, 32), (-32, -23, -7, 8, 25),
    (0, 3, 12, 24, 32), (-32, -23, -7, 7, 23, 32),
]  # fmt: skip


def verify(value=CLAIM, target=TARGET, near=((), ()), far=((), ()), slope=32, steep=(STEEP, STEEP)):
    """On some boxes alone, and not on what they would have to cover."""
    read = read_certificate(document(target, value))
    parts = [
        Orientation(near=list(n), far=list(f), steep=[Q(k, 32) for k in s])
        for n, f, s in zip(near, far, steep, strict=True)
    ]
    points = [[Q(k, 32) for k in row] for row in POINTS]
    data = replace(read.lower_data, slope=Q(slope), points=points, orientations=parts)
    verify_jump_half_line(replace(read, lower_data=data), Q(value))


def test_boxes_on_which_points_show_enough():
    verify(near=[NEAR + SIX, NEAR + SIX], far=[FAR, FAR])


@pytest.mark.parametrize("leaf", [*NEAR, *SIX])
def test_a_claim_that_is_raised_is_rejected(leaf):
    with pytest.raises(RejectedError, match="show less"):
        verify("0.01", near=[[leaf], []])


@pytest.mark.parametrize("leaf", FAR)
def test_far_boxes_too(leaf):
    with pytest.raises(RejectedError, match="show less"):
        verify("0.01", far=[[], [leaf]])


@pytest.mark.parametrize("value", ["0.0011", "0.5"])
def test_steep_points_that_show_too_little(value):
    kind = RejectedError if value == "0.5" else UndecidedError
    with pytest.raises(kind, match="the steep points show"):
        verify(value)


def test_jumps_are_limits_from_the_inside_and_taken_once(monkeypatch):
    limits = []
    monkeypatch.setattr(
        jump_half_line, "unit_jump", lambda root, limit: limits.append(limit) or arb(0)
    )
    with pytest.raises(RejectedError):
        verify(near=[NEAR, []])
    places = [limit.point for limit in limits]
    assert len(set(places)) == len(places) > 8
    for limit in limits:
        assert limit.plane == (0, 1, 0) and limit.point[1] == limit.direction[1] == 0
        assert limit.point[0] * limit.direction[0] < 0


def test_each_direction_has_its_own_jumps():
    leaves = [leaf for leaf in NEAR if min(POINTS[leaf[1]]) >= 0]
    with pytest.raises(RejectedError, match="steep points show less"):
        verify(target=ONE_SIDED, near=[leaves, []])
    turned = ONE_SIDED.replace("relu(x1)", "relu(-x1)")
    with pytest.raises(RejectedError, match="steep points show less"):
        verify(target=turned, near=[[], leaves])


def test_boxes_that_are_too_large_are_cut_and_then_given_up(monkeypatch):
    (b, (w0, w1)), index = NEAR[0]
    spent: list[int] = []
    monkeypatch.setattr(Work, "spend", lambda self, operations: spent.append(operations))
    verify(near=[[NEAR[0]], []])
    one = len(spent)
    verify(near=[[((b, (w0, w1 + 1)), index)], []])
    assert len(spent) - one > one + 4
    with pytest.raises(UndecidedError, match="too wide"):
        verify("1e-9", near=[[((b, (w0, Q(32))), index)], []])
    assert sum(spent) < MAX_WORK // 10


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ([[(((Q(0), Q(1)), (Q(0), Q(1, 8))), 2)], []], [[], []]),
        ([[], []], [[(((Q(0), Q(1, 12)), (Q(11), Q(13))), 3)], []]),
    ],
)
def test_points_beyond_the_half_line_are_rejected(near, far):
    with pytest.raises(RejectedError, match="leave the half-line"):
        verify(near=near, far=far)


CLAIMED, DATA = ("lower_bound", "w1inf"), ("data", "jump_half_line")
FAMILY, NUMBERS = "does not hold for such a family", "must have exactly the fields"
TAMPERS = {
    "nothing": (change("schema", to=lambda schema: schema), "the points of a box show less"),
    "another norm": (change("lower_bound", to=lambda b: {
        "l2": b["w1inf"] | {"relative": True}}), "another norm"),
    "claim relative": (change(*CLAIMED, "relative", to=True), "in w1inf absolute"),
    "the second schema": (change("schema", to="expressivity.certificate/2"), "later schema"),
    "width 2": (change("family", "width", to=2), FAMILY),
    "every width": (change("family", "width", to=None), "width must be"),
    "two groups": (change("family", to=lambda f: f | {"width": 2, "groups": 2}), FAMILY),
    "another form": (change("family", "form", to="one_sided"), FAMILY),
    "another kind": (change("family", to=lambda f: f | {
        "kind": "moa", "gate": {"name": "softmax", "scale": False, "bias": True}}), FAMILY),
    "relu2": (change("family", "dictionary", to=[*DICTIONARY, "relu2"]), FAMILY),
    "gelu": (change("family", "dictionary", to=["gelu"]), FAMILY),
    "domain ball": (change("domain", to="ball"), "the domain ball needs"),
    "a smooth target": (change("target", "expression", to="x1*x2"), "show less"),
    "no reach": (drop(*DATA, "reach"), NUMBERS),
    "a field more": (change(*DATA, to=lambda d: d | {"odd": True}), NUMBERS),
}  # fmt: skip
REFUSED = {
    "a normal of 0": ({"normal": [number(0)] * 2}, "reach must lie in the hyperplane"),
    "another normal": ({"normal": [number(1), number(0)]}, "reach must lie in the hyperplane"),
    "a point outside": ({"reach": [number(2), number(0), number(1)]}, "in the unit ball"),
    "a point at infinity": ({"reach": [number(1), number(0), number(0)]}, "must be positive"),
    "a corner of 0": ({"corner": [number(0), number(32)]}, "corner must be positive"),
    "a negative corner": ({"corner": [number(12), number(-32)]}, "corner must be positive"),
    "a corner far away": ({"corner": ["0x1p+4000", number(32)]}, "corner must be positive"),
    "points fall": ({"points": [numbers(32, 25, 13, 4, 0)] * 2}, "must increase"),
    "a point twice": ({"points": [numbers(0, 4, 4, 25, 32)] * 2}, "must increase"),
    "points beyond the end": ({"points": [numbers(0, 4, 13, 25, 33)] * 2}, "must increase"),
    "points before the start": ({"points": [numbers(-33, 4, 13, 25, 32)] * 2}, "must increase"),
    "four points": ({"points": [numbers(0, 4, 13, 25)] * 2}, "must be 5 or 6"),
    "no points": ({"points": []}, "sets of points"),
    "a tree that ends early": ({"near": [[-1, 0], [0]]}, "ends before"),
    "an empty tree": ({"far": [[], [0]]}, "ends before"),
    "a tree that ends late": ({"near": [[0], [0, 0]]}, "goes on"),
    "an unknown cut": ({"near": [[-3, 0, 0, 0], [0]]}, "an entry of a tree"),
    "points that are not there": ({"far": [[2], [0]]}, "an entry of a tree"),
    "a tree of truths": ({"far": [[False], [0]]}, "an entry of a tree"),
    "one tree": ({"near": [[0]]}, "trees must have 2"),
    "many cuts": ({"near": [[-1] * 70, [0]]}, "at most 60"),
    "many entries": ({"near": [[-1] * 60_000, [0]]}, "entries"),
    "eight steep points": ({"steep_points": [numbers(*STEEP[1:])]}, "must be 9"),
    "steep points from 0": ({"steep_points": [numbers(0, *STEEP[1:])]}, "must be positive"),
    "steep points that are not there": ({"steep": [0, 1]}, "steep must lie within"),
    "many sets": ({"points": [numbers(0, 4, 13, 25, 32)] * 5001}, "sets of points"),
    "many points": ({"points": [
        [number(Q(i, 2**14) + Q(k, 8)) for k in range(5)] for i in range(500)
    ]}, "different points"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_rejected(name):
    tamper, reason = TAMPERS[name]
    forged = deepcopy(document())
    tamper(forged)
    answer = check_document(seal(forged))
    assert answer.outcome == "rejected" and reason in answer.reason


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_rejected(name):
    data, reason = REFUSED[name]
    answer = check_document(document(**data))
    assert answer.outcome == "rejected" and reason in answer.reason


def test_trees_cover_all():
    sets = [numbers(*STEEP), numbers(1, *STEEP[1:])]
    far = [[0], [-2, 0, 1]]
    made = document(far=far, steep=[1, 0], steep_points=sets)
    data = read_half_lines(made["data"]["jump_half_line"], 2)
    for part in data.orientations:
        for leaves, size in ((part.near, 12 * 32), (part.far, Q(32, 12))):
            assert sum((c - b) * (w - v) for ((b, c), (v, w)), _ in leaves) == size
    one, two = data.orientations
    assert one.near == [
        (((0, 6), (0, 32)), 0), (((6, 12), (0, 16)), 1), (((6, 12), (16, 32)), 0)
    ]  # fmt: skip
    assert [index for _, index in two.near] == [0]
    assert [index for _, index in one.far] == [0] and [index for _, index in two.far] == [0, 1]
    assert one.steep[0] == Q(1, 32) and two.steep[0] == Q(4, 32)
