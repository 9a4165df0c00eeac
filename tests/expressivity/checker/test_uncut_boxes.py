"""Lower bounds by uncut boxes.

Reference: claims made by float64 quadrature are verified just below what the boxes show and
rejected just above. Soundness: of random claims none is verified that float64 shows to be false.
Negative: every altered field is rejected.
"""

import copy
import math
import random

import numpy as np
import pytest
from certificates_by_hand import certificate, claim, family, seal, to_hex
from tampering import change, drop

from expressivity.checker import check_document

PLANE = ("tanh(2*x1)**2*relu(x2)", lambda x1, x2: np.tanh(2 * x1) ** 2 * np.maximum(x2, 0))
LINE = ("tanh(3*x)*relu(x)", lambda x1, x2: np.tanh(3 * x1) * np.maximum(x1, 0) + 0 * x2)
DEGREE = {"type1": 1, "one_sided": 2, "two_sided": 2, "quadratic": 2}
LINES = {"type1": 1, "one_sided": 1, "two_sided": 2, "quadratic": 2}


def gauss(low, high, parts):
    rule, weights = np.polynomial.legendre.leggauss(24)
    edges = np.linspace(low, high, parts + 1)
    half = (high - low) / parts / 2
    return edges[:-1, None] + half * (1 + rule), half * weights, rule, half


def shown(f, sides, counts, degree, cut, kink):
    """What the boxes show, absolute and squared, in float64."""
    sides, counts = [*sides, (0.0, 2.0)][:2], [*counts, 1][:2]
    plane = len(sides) == 2 and sides[1] != (0.0, 2.0)
    (x1, w1, rule, h1), (x2, w2, _, h2) = (gauss(*s, n) for s, n in zip(sides, counts, strict=True))
    p = np.polynomial.legendre.legvander(rule, degree + 3)
    squares = []
    for a in x1:
        for b in x2:
            ends = (b if plane else a)[[0, -1]]
            if ends[0] < kink < ends[1]:
                squares.append(0.0)
                continue
            values = f(a[:, None], b[None, :]) * w1[:, None] * w2[None, :]
            c = p.T @ values @ p
            i = np.arange(degree + 4)
            c = c**2 * (2 * i[:, None] + 1) * (2 * i + 1) / (4 * h1 * h2)
            total = i[:, None] + i
            squares.append(c[(total > degree) & (total <= degree + 3)].sum())
    if not plane:
        squares = [value / 2 for value in squares]  # the side of length 2 that is not there
    return sum(sorted(squares)[: max(len(squares) - cut, 0)])


def norm2(f, plane):
    if not plane:
        x, w, _, _ = gauss(-1, 1, 4)
        return (f(x, 0 * x) ** 2 * w).sum()
    r, w, _, _ = gauss(0, 1, 2)
    phi, v, _, _ = gauss(0, 2 * math.pi, 8)
    r, w, phi, v = r.ravel(), np.tile(w, 2), phi.ravel(), np.tile(v, 8)
    values = f(np.outer(r, np.cos(phi)), np.outer(r, np.sin(phi)))
    return (values**2 * np.outer(r * w, v)).sum()


def supported(target, sides, counts, form, width):
    plane = len(sides) == 2
    lines = width * LINES[form] * (sum(counts) - 1 if plane else 1)
    square = shown(target[1], sides, counts, DEGREE[form], lines, 0.0)
    return math.sqrt(square / norm2(target[1], plane))


def document(target, value, sides, counts, form="quadratic", width=1, **of):
    of = {"kind": "la", "dictionary": ["id", "relu"]} | of
    return certificate(
        target[0],
        "disk" if len(sides) == 2 else "interval",
        family(form=form, width=width, **of),
        lower=claim(f"{value:.10e}".replace("e+", "e"), "uncut-boxes"),
        schema=3,
        uncut_boxes={"sides": to_hex(sides), "counts": counts},
    )


CASES = [
    (PLANE, [(-0.75, 0.75), (0.0, 0.625)], [3, 8], "quadratic", 1),
    (PLANE, [(-0.75, 0.75), (-0.5, 0.5)], [5, 9], "type1", 1),
    (PLANE, [(0.0, 0.75), (0.0, 0.5)], [4, 4], "one_sided", 1),
    (LINE, [(0.0, 1.0)], [3], "two_sided", 1),
    (LINE, [(-1.0, 1.0)], [7], "type1", 2),
]


@pytest.mark.parametrize("case", CASES)
def test_a_claim_is_verified_below_and_rejected_above(case):
    target, sides, counts, form, width = case
    value = supported(*case)
    assert value > 1e-5
    for factor, outcome in ((1 - 1e-8, "verified"), (1 + 1e-7, "rejected")):
        found = check_document(document(target, value * factor, sides, counts, form, width))
        assert found.outcome == outcome, found.reason


def test_of_random_claims_none_is_verified_that_is_false():
    draw = random.Random(0)
    verified = 0
    for _ in range(12):
        form, width = draw.choice(list(DEGREE)), draw.choice((1, 2))
        low = draw.randrange(-16, 12) / 16
        sides, counts = (
            [(low, low + draw.randrange(1, 17 - int(16 * low)) / 16)],
            [draw.randrange(1, 9)],
        )
        value = supported(LINE, sides, counts, form, width)
        claimed = draw.choice((0.5, 0.999, 1.001, 2)) * max(value, 1e-9)
        if (
            check_document(document(LINE, claimed, sides, counts, form, width)).outcome
            == "verified"
        ):
            verified += 1
            assert claimed < value
    assert verified


BOXES = ("data", "uncut_boxes")
TAMPERS = {
    "a side turned": change(*BOXES, "sides", 0, to=["0x3p-2", "-0x3p-2"]),
    "a side of length 0": change(*BOXES, "sides", 1, to=["0x0p+0", "0x0p+0"]),
    "outside the disk": change(*BOXES, "sides", 1, to=["0x0p+0", "0x3p-2"]),
    "a side too many": change(*BOXES, "sides", to=lambda s: [*s, s[0]]),
    "a count too few": change(*BOXES, "counts", to=[3]),
    "no boxes": change(*BOXES, "counts", 0, to=0),
    "a thousand boxes and more": change(*BOXES, "counts", to=[40, 40]),
    "a count that is true": change(*BOXES, "counts", 0, to=True),
    "fewer boxes": change(*BOXES, "counts", to=[2, 2]),
    "no counts": drop(*BOXES, "counts"),
    "a field more": change(*BOXES, to=lambda b: b | {"lines": 0}),
    "the interval": change("domain", to="interval"),
    "a gate": change("family", to=lambda f: f | {"kind": "moa"}),
    "tanh": change("family", "dictionary", to=["id", "tanh"]),
    "relu2": change("family", "dictionary", to=["id", "relu2"]),
    "a wider network": change("family", "width", to=2),
    "every width": change("family", "width", to=None),
    "groups": change("family", "groups", to=2),
    "a member": change("target", "expression", to="relu(x2)*relu(x1)"),
    "another method": change("lower_bound", "l2", "method", to="ridge-rank"),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "a larger claim": change("lower_bound", "l2", "value", to="0.1"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_what_is_altered_is_rejected(name):
    target, sides, counts, form, width = CASES[0]
    genuine = document(target, supported(*CASES[0]) * 0.999, sides, counts, form, width)
    altered = copy.deepcopy(genuine)
    TAMPERS[name](altered)
    assert check_document(seal(altered)).outcome == "rejected"
