"""Lower bounds by curvature.

Reference: claims made by float64 quadrature are verified just below the truth and rejected just
above. Soundness: of random claims none is verified that float64 shows to be false. Negative: every
altered field is rejected; what cannot be enclosed is not decided.
"""

import copy
import math
import random

import numpy as np
import pytest
from certificates_by_hand import certificate, claim, family, seal, to_hex
from tampering import change, drop

from expressivity.checker import check_document

T1 = ("relu(x)+relu(x)**2", lambda x: np.maximum(x, 0) + np.maximum(x, 0) ** 2, (0,))
TARGETS = {
    "t1": T1,
    "two kinks": ("abs(x-1/2)-abs(x+1/4)", lambda x: abs(x - 0.5) - abs(x + 0.25), (-0.25, 0.5)),
    "smooth": ("tanh(5*x)+exp(x)", lambda x: np.tanh(5 * x) + np.exp(x), ()),
}


def gauss(ends):
    rule, weights = np.polynomial.legendre.leggauss(80)
    ends = sorted(ends)
    middles, halves = np.add(ends[1:], ends[:-1]) / 2, np.subtract(ends[1:], ends[:-1]) / 2
    x = (middles[:, None] + halves[:, None] * rule).ravel()
    return x, (halves[:, None] * weights).ravel()


def supported(target, curvature, bumps):
    """What bumps show of a target, relative to its norm, in float64."""
    _, f, kinks = TARGETS[target]
    total = 0.0
    for place, radius in bumps:
        inside = [k for k in kinks if abs(k - place) < radius]
        x, q = gauss({place - radius, place, place + radius, *inside})
        u = abs(x - place) / radius
        moment = (q * f(x) * -12 * (1 - u) * (1 - 3 * u)).sum() / radius**2
        excess = max(abs(moment) - 0.8 * curvature * radius, 0)
        total += excess**2 * radius**3 / 38.4
    x, q = gauss({-1, *kinks, 1})
    return math.sqrt(total / (q * f(x) ** 2).sum())


def curved(target, value, curvature, bumps, **of):
    of = {"kind": "fixed", "dictionary": ["relu2"], "width": None} | of
    lower = claim(value, "curvature")
    lower["l2"]["curvature"] = curvature
    document = certificate(
        TARGETS[target][0], "interval", family(**of), lower=lower,
        curvature={"bumps": to_hex(bumps)},
    )  # fmt: skip
    return seal(document | {"schema": "expressivity.certificate/2"})


@pytest.mark.parametrize(
    ("target", "curvature", "bumps"),
    [
        ("t1", 1450, [(0, 2.0**-11)]),
        ("t1", 4, [(0.0625, 0.25)]),
        ("two kinks", 50, [(-0.25, 0.03125), (0.5, 0.03125)]),
        ("two kinks", 1, [(-0.25, 0.375), (0.5, 0.375)]),
        ("smooth", 2, [(0.25, 0.5)]),
    ],
)
def test_claims_are_verified_below_what_the_bumps_show_and_rejected_above(target, curvature, bumps):
    shown = supported(target, curvature, bumps)
    for factor, outcome in ((1 - 1e-7, "verified"), (1 + 1e-7, "rejected")):
        document = curved(
            target, f"{shown * factor:.12e}".replace("e-0", "e-"), str(curvature), bumps
        )
        answer = check_document(document)
        assert answer.outcome == outcome, answer.reason


@pytest.mark.parametrize("dictionary", [["tanh"], ["gelu"], ["silu"], ["id"]])
def test_other_smooth_activations_and_learned_ones(dictionary):
    for kind in ("fixed", "la"):
        document = curved("t1", "7e-7", "1450", [(0, 2.0**-11)], dictionary=dictionary, kind=kind)
        assert check_document(document).outcome == "verified"


def test_no_random_claim_is_verified_that_is_false():
    draw, counts = random.Random(3), {"verified": 0, "rejected": 0}
    for _ in range(60):
        target = draw.choice(list(TARGETS))
        place, radius = draw.randrange(-32, 33) / 64, 2.0 ** -draw.randrange(1, 8)
        curvature = draw.choice([0.5, 2, 10, 100])
        shown = supported(target, curvature, [(place, radius)])
        value = max(shown, 1e-9) * 2 ** draw.uniform(-2, 2)
        stated = f"{value:.15f}"
        answer = check_document(curved(target, stated, str(curvature), [(place, radius)]))
        counts[answer.outcome] += 1
        assert (answer.outcome == "verified") == (float(stated) <= shown)
    assert min(counts.values()) >= 10


def genuine():
    return curved("t1", "7e-7", "1450", [(0, 2.0**-11), (0.5, 0.25)])


CLAIM, BUMPS = ("lower_bound", "l2"), ("data", "curvature", "bumps")
GATE = {"name": "tanh", "scale": True, "bias": True}
TAMPERS = {
    "value raised": change(*CLAIM, "value", to="8e-7"),
    "value a number": change(*CLAIM, "value", to=1),
    "curvature raised": change(*CLAIM, "curvature", to="1600"),
    "curvature zero": change(*CLAIM, "curvature", to="0"),
    "curvature negative": change(*CLAIM, "curvature", to="-1450"),
    "curvature infinite": change(*CLAIM, "curvature", to="inf"),
    "curvature a number": change(*CLAIM, "curvature", to=1450),
    "curvature absent": drop(*CLAIM, "curvature"),
    "another method with a curvature": change(*CLAIM, "method", to="ridge-rank"),
    "another norm": change("lower_bound", to=lambda b: {"sup": b["l2"]}),
    "claim absolute": change(*CLAIM, "relative", to=False),
    "claim proved": change(*CLAIM, "evidence", to="proved"),
    "the first schema": change("schema", to="expressivity.certificate/1"),
    "a schema to come": change("schema", to="expressivity.certificate/9"),
    "domain disk": change("domain", to="disk"),
    "another target": change("target", "expression", to="relu(x)**2"),
    "a weaker kink": change("target", "expression", to="relu(x)/2+relu(x)**2+1"),
    "a target of the plane": change("target", "expression", to="relu(x1)*x2"),
    "width 1": change("family", "width", to=1),
    "width 0": change("family", "width", to=0),
    "kinked": change("family", to=lambda f: f | {"activation": "relu", "dictionary": ["relu"]}),
    "kinked among others": change(
        "family", to=lambda f: f | {"kind": "la", "activation": None, "dictionary": ["id", "relu"]}
    ),
    "leaky": change(
        "family", to=lambda f: f | {"activation": "leaky_relu", "dictionary": ["leaky_relu"]}
    ),
    "one_sided": change("family", "form", to="one_sided"),
    "moa": change(
        "family", to=lambda f: f | {"kind": "moa", "gate": GATE, "activation": None}
    ),
    "gated": change("family", "gate", to=GATE),
    "an upper bound too": lambda d: d.update(
        upper_bound={"l2": claim("1", "network-error")["l2"]}, data=d["data"] | {"network": {}}
    ),
    "no bumps": change(*BUMPS, to=[]),
    "bumps absent": drop(*BUMPS),
    "data absent": drop("data", "curvature"),
    "data of another method": change("data", to=lambda d: {"ridge_search": d["curvature"]}),
    "an unknown field": change("data", "curvature", "width", to=3),
    "a radius of zero": change(*BUMPS, 0, 1, to="0x0p+0"),
    "a negative radius": change(*BUMPS, 0, 1, to="-0x1p-11"),
    "a radius as a decimal": change(*BUMPS, 0, 1, to="0.5"),
    "a bump of one number": change(*BUMPS, 0, to=lambda b: b[:1]),
    "a bump beyond the domain": change(*BUMPS, 1, to=["0x1p-1", "0x3p-2"]),
    "a place beyond the domain": change(*BUMPS, 0, 0, to="-0x3p+0"),
    "the same bump twice": change(*BUMPS, to=lambda b: [b[0], *b]),
    "overlapping bumps": change(*BUMPS, to=lambda b: [b[0], ["0x1p-12", "0x1p-12"], b[1]]),
    "bumps out of order": change(*BUMPS, to=lambda b: b[::-1]),
    "many bumps": change(
        *BUMPS, to=lambda b: [[f"{2 * k + 1:#x}p-9", "0x1p-10"] for k in range(65)]
    ),
    "the kink left out": change(*BUMPS, to=lambda b: b[1:]),
}  # fmt: skip


def test_the_genuine_one_is_verified():
    assert check_document(genuine()).outcome == "verified"


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_claims_are_rejected(name):
    document = copy.deepcopy(genuine())
    TAMPERS[name](document)
    assert check_document(document).outcome == "rejected"  # by the digest alone
    answer = check_document(seal(document))
    assert answer.outcome == "rejected"
    assert "digest" not in answer.reason and "\n" not in answer.reason


def test_what_cannot_be_enclosed_is_not_decided():
    tiny = curved("t1", "1e-900", "1e900", [(0, 1.0)])
    tiny["data"]["curvature"]["bumps"] = [["0x0p+0", "0x1p-3000"]]
    assert check_document(seal(tiny)).outcome == "not decided"
    document = genuine()
    document["target"]["expression"] = "abs(x**2-1/3)"
    assert check_document(seal(document)).outcome == "not decided"
