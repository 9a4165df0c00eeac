"""The gradient error of one neuron with biases, by functionals on half-lines.

Soundness: what steep points show, by mpmath. Negative: forged and damaged files are rejected or not
decided. (The enclosures have tests of their own; boxes are verified here without those that they
would cover all with.)
"""

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction as Q
from itertools import product

import mpmath as mp
import pytest
from certificates_by_hand import certificate, family, seal
from flint import arb
from half_lines_by_mpmath import (
    DIGITS,
    STEEP,
    curve_a,
    curve_b,
    difference,
    exact,
    triples_of,
)
from tampering import change, drop

from expressivity.checker import check_document, jump_half_line
from expressivity.checker.balls import PRECISION, working_precision
from expressivity.checker.document import read_certificate
from expressivity.checker.findings import RejectedError, UndecidedError
from expressivity.checker.half_lines import Orientation, read_half_lines
from expressivity.checker.jump_half_line import verify_jump_half_line
from expressivity.checker.work import MAX_WORK, Work

TARGET, DICTIONARY = "x1*tanh(2*x1)**2*relu(x2)", ["id", "relu", "silu", "tanh"]
ONE_SIDED = "relu(x1)*tanh(2*x1)**2*relu(x2)"
CLAIM = "0.0003"


@pytest.fixture(autouse=True)
def _precisions():
    with working_precision(PRECISION), mp.workdps(DIGITS):
        yield


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
