"""Lower bounds that are genuine.

Reference: the figures of docs/theory.md, section 4, are verified. Soundness: moments against
float64, and small radii.
"""

import json
import math

import flint
import numpy as np
import pytest
from certificates_by_hand import (
    PLAIN,
    TARGET,
    claim,
    half_plane,
    lower_certificate,
    seal,
    to_hex,
    upper_certificate,
    zernike_moments,
)

from expressivity.checker import (
    check_document,
    check_text,
)
from expressivity.checker import moments as checker_moments
from expressivity.checker.moments import disk_moments
from expressivity.checker.reading import hexadecimal
from expressivity.symbolic.parser import parse

FIGURES = {1: 0.43297, 2: 0.05936, 3: 0.03681, 4: 0.00672, 5: 0.00418, 6: 0.00100, 7: 0.00041}


@pytest.mark.parametrize(
    "width",
    [w if w in (1, 2, 4) else pytest.param(w, marks=pytest.mark.slow) for w in (*FIGURES, 8)],
)
def test_lower_bounds_of_the_theory_are_verified(width):
    document = lower_certificate(TARGET, half_plane, width=width)
    figure = (FIGURES | {8: 0.00013})[width]
    assert float(document["lower_bound"]["l2"]["value"]) == pytest.approx(figure, abs=6e-6)
    assert check_text(json.dumps(document)).outcome == "verified"


def test_a_one_sided_bound_is_verified():
    t4 = lower_certificate(f"{TARGET}*x1", lambda x, y: half_plane(x, y) * x, "one_sided")
    assert float(t4["lower_bound"]["l2"]["value"]) == pytest.approx(0.16148, abs=6e-6)
    assert check_document(t4).outcome == "verified"


def test_files_of_version_0_1_leave_three_fields_of_the_family_out(genuine):
    earlier = {k: v for k, v in genuine["family"].items() if k not in PLAIN}
    assert len(earlier) == len(genuine["family"]) - 3
    assert check_document(seal(genuine | {"family": earlier})).outcome == "verified"


@pytest.mark.parametrize(
    ("expression", "f"),
    [
        ("tanh(2*x2)*relu(x1)", lambda x, y: half_plane(y, x)),
        ("sin(3*x1)*abs(x2)**3 + exp(x1)*x2/(2 + x1)", None),
        ("gelu(x1)*silu(x1)*leaky_relu(-3*x2) + relu2(x1)*cos(x1)*sigmoid(x1)*x2", None),
    ],
)
def test_other_targets_are_verified(expression, f):
    def silu(x):
        return x / (1 + np.exp(-x))

    def third(x, y):
        gelu = x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
        second = np.maximum(x, 0) ** 2 * np.cos(x) / (1 + np.exp(-x)) * y
        return gelu * silu(x) * np.where(y < 0, -3 * y, -0.03 * y) + second

    def first(x, y):
        return np.sin(3 * x) * abs(y) ** 3 + np.exp(x) * y / (2 + x)

    f = f or (first if "sin" in expression else third)
    assert check_document(lower_certificate(expression, f, degree=12)).outcome == "verified"


def test_kinks_inside_a_chord_are_found_exactly():
    def f(x, y):
        return np.maximum(2 * x - 1, 0) * y

    # The quadrature here does not know of the kink: the claim is lowered by more than it errs.
    document = lower_certificate("relu(2*x1 - 1)*x2", f, degree=8)
    value = float(document["lower_bound"]["l2"]["value"])
    document["data"]["ridge_rank"]["shift"] = to_hex(
        float(hexadecimal(document["data"]["ridge_rank"]["shift"], "shift")) + 1e-5
    )
    document["lower_bound"]["l2"]["value"] = f"{value * 0.8:.6f}"
    assert check_document(seal(document)).outcome == "verified"


def test_moments_agree_with_float64_and_are_sharp():
    moments, norm2 = zernike_moments(half_plane, 20)
    with flint.ctx.workprec(240):
        balls, norm2_ball = disk_moments(parse(TARGET), 20)
        zernike = checker_moments.zernike_moments(balls, 20)
        assert max(float(abs(ball).rad()) for ball in zernike.values()) < 1e-40
        differences = [abs(complex(zernike[key]) - moments[key]) for key in moments]
    assert max(differences) < 1e-10  # the radial polynomials in float64
    assert float(norm2_ball) == pytest.approx(norm2, rel=1e-13)


def test_a_fixed_family_and_both_bounds_at_once():
    network = {"w": [[0.5, 0]], "a": [2], "scale0": [1]}
    of = {"kind": "fixed", "gate": None, "dictionary": ["tanh"]}
    document = upper_certificate("1e-20", network, "2*tanh(x/2)", "interval", **of)
    assert check_document(document).outcome == "verified"
    both = lower_certificate(TARGET, half_plane)
    both["upper_bound"] = claim("1.1", "network-error")
    both["data"]["network"] = to_hex({"w": [[0, 0, 0]], "a": [0], "scale0": [0] * 7})
    assert check_document(seal(both)).outcome == "verified"
    both["upper_bound"] = claim("0.9", "network-error")
    assert check_document(seal(both)).outcome == "rejected"


def test_weights_are_divided_by_what_they_add_up_to(genuine):
    """Multiples of the weights are the same weights; what they would prove undivided is false."""
    rank = genuine["data"]["ridge_rank"]
    multiples = {
        "row_weights": [2 * a for a in rank["row_weights"]],
        "column_weights": [[6 * b for b in block] for block in rank["column_weights"]],
    }
    same = genuine | {"data": {"ridge_rank": rank | multiples}}
    assert check_document(seal(same)).outcome == "verified"
    shift = float(hexadecimal(rank["shift"], "shift"))
    factor = [[[float(hexadecimal(x, "")) for x in z] for z in row] for row in rank["factor"]]
    undivided = {"shift": to_hex(12 * shift), "factor": to_hex(math.sqrt(12) * np.array(factor))}
    value = math.sqrt(12) * float(genuine["lower_bound"]["l2"]["value"])
    false = genuine | {
        "lower_bound": claim(f"{value:.8f}", "ridge-rank"),
        "data": {"ridge_rank": rank | multiples | undivided},
    }
    assert check_document(seal(false)).outcome == "rejected"
