"""Lower bounds by uncut disks.

Reference: claims made by float64 quadrature, with the heaviest line found by the common tangents of
disks, are verified just below what the disks show and rejected just above. Soundness: of random
claims none is verified that float64 shows to be false. Negative: every altered field is rejected.
"""

import copy
import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from certificates_by_hand import certificate, claim, family, gram, seal, to_hex, zernike_moments
from flint import arb
from tampering import change, drop

from expressivity.checker import check_document
from expressivity.checker.evaluation import Function, compile_target
from expressivity.checker.uncut_disks import moved
from expressivity.symbolic.parser import parse

BUMP = ("exp(-4*(x1**2+x2**2))", lambda x1, x2: np.exp(-4 * (x1**2 + x2**2)))
KINKED = ("exp(x1*x2)*relu(x2)", lambda x1, x2: np.exp(x1 * x2) * np.maximum(x2, 0))
TANH = {"name": "tanh", "scale": True, "bias": True}
GRID = [(0.375 * p, 0.375 * q, 0.34375) for p in (-1, 1) for q in (-1, 1)]
RING = [*GRID, (0.0, 0.0, 0.171875), (0.8125, 0.0, 0.125)]
UPPER = [(-0.625, 0.3125, 0.15625), (0.0, 0.75, 0.15625), (0.625, 0.3125, 0.15625)]
DEGREE = 5


def weight(f, disk, rank):
    """r^2 times the least eigenvalue, a little less than float64 has it."""
    x1, x2, r = disk
    moments, _ = zernike_moments(lambda p, q: f(x1 + r * p, x2 + r * q), DEGREE)
    least = np.linalg.eigvalsh(gram(moments, DEGREE, rank + 1))[0]
    return max(least * r**2 * (1 - 1e-9) - 1e-15, 0.0)


def heaviest(disks, weights):
    """By lines that almost touch two disks, from inside or outside either."""
    most = max(weights)
    for p, q in itertools.combinations(range(len(disks)), 2):
        (a1, a2, r), (b1, b2, s) = disks[p], disks[q]
        far, along = math.hypot(b1 - a1, b2 - a2), math.atan2(b2 - a2, b1 - a1)
        for one, other in itertools.product((r * (1 - 1e-9), -r * (1 - 1e-9)), (s, -s)):
            other *= 1 - 1e-9
            for turn in (1, -1):
                angle = along + turn * math.acos((other - one) / far)
                # n.a - one = n.b - other
                n1, n2 = math.cos(angle), math.sin(angle)
                offset = n1 * a1 + n2 * a2 - one
                met = sum(
                    w
                    for (x1, x2, radius), w in zip(disks, weights, strict=True)
                    if abs(n1 * x1 + n2 * x2 - offset) < radius
                )
                most = max(most, met)
    return most


def supported(target, disks, width, rank=2):
    """The relative bound, and the weights, in float64."""
    f = target[1]
    weights = [weight(f, disk, rank) for disk in disks]
    _, norm2 = zernike_moments(f, 0)
    left = sum(weights) - width * heaviest(disks, weights)
    return math.sqrt(max(left, 0.0) / norm2), weights


def document(target, value, disks, weights, width=1, degree=DEGREE, **of):
    of = {"kind": "moa", "gate": TANH, "dictionary": ["relu"], "width": width} | of
    return certificate(
        target[0],
        "disk",
        family(**of),
        lower=claim(f"{value:.10e}".replace("e+", "e"), "uncut-disks"),
        schema=3,
        uncut_disks={"degree": degree, "disks": to_hex(disks), "weights": to_hex(weights)},
    )


CASES = [(BUMP, GRID, 1), (BUMP, RING, 1), (KINKED, UPPER, 1)]


@pytest.mark.parametrize("case", CASES)
def test_a_claim_is_verified_below_and_rejected_above(case):
    value, weights = supported(*case)
    assert value > 1e-6
    target, disks, width = case
    for factor, outcome in ((1 - 1e-6, "verified"), (1 + 1e-6, "rejected")):
        found = check_document(document(target, value * factor, disks, weights, width))
        assert found.outcome == outcome, found.reason


def test_weights_that_are_too_large_are_rejected():
    value, weights = supported(*CASES[0])
    raised = [weights[0] * (1 + 1e-6), *weights[1:]]
    found = check_document(document(BUMP, value * 0.9, GRID, raised))
    assert found.outcome == "rejected" and "not positive definite" in found.reason


def test_without_lines_every_weight_counts():
    value, weights = supported(BUMP, [(0.0, 0.0, 1.0)], 0)
    whole = {"disks": [(0.0, 0.0, 1.0)], "weights": weights, "dictionary": ["id"], "width": 9}
    for factor, outcome in ((1 - 1e-6, "verified"), (1 + 1e-6, "rejected")):
        assert check_document(document(BUMP, value * factor, **whole)).outcome == outcome


@pytest.mark.parametrize(
    ("of", "rank"),
    [
        ({"dictionary": ["relu2"]}, 3),
        ({"dictionary": ["id", "relu"], "gate": TANH | {"name": "softmax"}}, 2),
        ({"form": "one_sided"}, 3),
    ],
)
def test_the_rank_follows_from_the_family(of, rank):
    value, weights = supported(BUMP, GRID, 1, rank)
    claimed = document(BUMP, value * 0.999, GRID, weights, **of)
    assert value > 1e-6 and check_document(claimed).outcome == "verified"
    wrong = supported(BUMP, GRID, 1, rank - 1)[1]
    assert max(wrong) > max(weights)
    assert check_document(document(BUMP, 1e-9, GRID, wrong, **of)).outcome == "rejected"


@pytest.mark.parametrize(
    "of",
    [
        {"dictionary": ["id", "relu", "relu2"], "gate": TANH | {"name": "softmax"}},
        {"form": "quadratic", "dictionary": ["id", "relu"], "gate": TANH | {"name": "softmax"}},
        {"form": "two_sided"},
        {"dictionary": ["relu", "tanh"]},
        {"kind": "la", "gate": None},
    ],
)
def test_other_classes_are_refused(of):
    value, weights = supported(*CASES[0])
    assert check_document(document(BUMP, value * 0.5, GRID, weights, **of)).outcome == "rejected"


def test_of_random_claims_none_is_verified_that_is_false():
    draw = random.Random(0)
    verified = 0
    for _ in range(4):
        disks = draw.sample(RING, draw.randrange(3, len(RING) + 1))
        value, weights = supported(BUMP, disks, 1)
        claimed = draw.choice((0.5, 0.999, 1.001, 2)) * max(value, 1e-9)
        answer = check_document(document(BUMP, claimed, disks, weights))
        if answer.outcome == "verified":
            verified += 1
            assert claimed < value
    assert verified


def test_a_moved_expression_has_the_values_of_the_function_there():
    function = Function(root=moved(parse("x1*tanh(2*x2)-x1**3").root, [Fraction(1), Fraction(2)],
                                   Fraction(3)))  # fmt: skip
    value = compile_target(function)((arb(0.5), arb(-0.5)), None, False)
    assert abs(float(value) - (2.5 * math.tanh(1.0) - 2.5**3)) < 1e-12


DISKS = ("data", "uncut_disks")
TAMPERS = {
    "a disk that overlaps": change(*DISKS, "disks", 0, 0, to="-0x1p-2"),
    "outside the disk": change(*DISKS, "disks", 0, 1, to="-0x3p-2"),
    "no radius": change(*DISKS, "disks", 0, 2, to="0x0p+0"),
    "a radius below 0": change(*DISKS, "disks", 0, 2, to="-0x1p-2"),
    "a much larger radius": change(*DISKS, "disks", 0, 2, to="0x7p-4"),
    "a disk twice": change(*DISKS, "disks", 1, to=lambda d: ["-0x3p-3", "-0x3p-3", "0xbp-5"]),
    "a disk too few": change(*DISKS, "disks", to=lambda d: d[:-1]),
    "no disks": change(*DISKS, "disks", to=[]),
    "a weight too few": change(*DISKS, "weights", to=lambda w: w[:-1]),
    "a weight below 0": change(*DISKS, "weights", 0, to="-0x1p-30"),
    "a large weight": change(*DISKS, "weights", 0, to="0x1p+0"),
    "weights of rows": change(*DISKS, "weights", to=lambda w: [[x] for x in w]),
    "a degree below the rank": change(*DISKS, "degree", to=1),
    "a lower degree": change(*DISKS, "degree", to=3),
    "no weights": drop(*DISKS, "weights"),
    "a field more": change(*DISKS, to=lambda d: d | {"rank": 1}),
    "the interval": change("domain", to="interval"),
    "no gate": change("family", "gate", to=None),
    "tanh": change("family", "dictionary", to=["relu", "tanh"]),
    "one more activation": change("family", "dictionary", to=["id", "relu"]),
    "another activation": change("family", "dictionary", to=["relu2"]),
    "a wider network": change("family", "width", to=2),
    "every width": change("family", "width", to=None),
    "groups": change("family", to=lambda f: f | {"width": 2, "groups": 2}),
    "another form": change("family", "form", to="quadratic"),
    "a member": change("target", "expression", to="tanh(x1)*relu(x2)"),
    "another method": change("lower_bound", "l2", "method", to="uncut-boxes"),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "a larger claim": change("lower_bound", "l2", "value", to="0.1"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_what_is_altered_is_rejected(name):
    value, weights = supported(*CASES[0])
    altered = copy.deepcopy(document(BUMP, value * 0.999, GRID, weights))
    TAMPERS[name](altered)
    assert check_document(seal(altered)).outcome == "rejected"
