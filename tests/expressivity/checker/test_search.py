"""Lower bounds by search.

Reference: the minimum found by float64. Soundness: claims on both sides of it. Negative: no
positive bound for members, and a bounded search.
"""

import math

import flint
import numpy as np
import pytest
from certificates_by_hand import (
    TARGET,
    half_plane,
    search_certificate,
    search_minimum,
    span_distance,
    zernike_moments,
)

from expressivity.checker import (
    check_document,
    search,
)
from expressivity.checker import moments as checker_moments
from expressivity.checker.balls import PRECISION
from expressivity.checker.moments import disk_moments
from expressivity.symbolic.parser import parse


@pytest.mark.parametrize(
    ("width", "degree", "low", "high"),
    [(1, 5, 0.6634, 0.677145), (1, 12, 0.6765, 0.677145), (2, 6, 0.1293, 0.1325)],
)
def test_searched_bounds_are_verified_below_the_minimum_and_rejected_above(
    width, degree, low, high
):
    found = search_minimum(half_plane, width, degree)
    assert low < found < high
    for share, outcome in ((0.98, "verified"), (1.02, "rejected")):
        document = search_certificate(f"{share * found:.6f}", width, degree)
        assert check_document(document).outcome == outcome


@pytest.mark.parametrize(
    ("value", "width", "degree"), [("0.69", 1, 12), ("0.14", 2, 6), ("0.14", 2, 12), ("1.5", 2, 3)]
)
def test_searched_bounds_above_the_truth_are_rejected(value, width, degree):
    answer = check_document(search_certificate(value, width, degree))
    assert answer.outcome == "rejected"
    assert "in some directions" in answer.reason


def test_a_search_covers_fixed_activations_and_higher_degrees():
    document = search_certificate("0.1298", 2, 24, kind="fixed", dictionary=["tanh"])
    assert check_document(document).outcome == "verified"


@pytest.mark.parametrize("expression", ["relu(x1) + tanh(x2)", "relu(x2)**2 - x1", "x1*x2"])
@pytest.mark.parametrize("value", ["0.02", "1e-3"])
def test_no_positive_bound_is_verified_for_two_ridges(expression, value):
    answer = check_document(search_certificate(value, 2, 6, expression))
    assert answer.outcome in ("rejected", "not decided")


def test_the_search_is_bounded(monkeypatch):
    monkeypatch.setattr(search, "MAX_BOXES", 100)
    answer = check_document(search_certificate("0.126", 2, 6))
    assert (answer.outcome, "boxes" in answer.reason) == ("not decided", True)


def test_the_captured_part_agrees_with_least_squares():
    moments, _ = zernike_moments(half_plane, 9)
    with flint.ctx.workprec(PRECISION):
        zernike = checker_moments.zernike_moments(disk_moments(parse(TARGET), 9)[0], 9)
        captured = search.captured_part(zernike, 9, 2)
        energy = sum(math.pi / (n + 1) * abs(g) ** 2 for (n, _), g in moments.items())
        for phi, h in ((0.3, 0.7), (2.9, 0.1), (1.1, 1e-3)):
            point = search.evaluate(captured, flint.arb(phi), flint.arb(h))
            expected = energy - span_distance(moments, 9, np.array([phi + h, phi - h]))
            assert float(point[0]) == pytest.approx(expected, abs=1e-8)
            step = 1e-6
            for order, (a, b) in enumerate(((step, 0), (0, step)), 1):
                ahead, behind = (
                    search.evaluate(captured, flint.arb(phi + s * a), flint.arb(h + s * b))[0]
                    for s in (1, -1)
                )
                slope = float((ahead - behind) / (2 * step))
                assert float(point[order]) == pytest.approx(slope, abs=1e-6)
            box = search.evaluate(captured, flint.arb(phi, 0.01), flint.arb(h, 0.01))
            assert all(wide.contains(narrow) for wide, narrow in zip(box, point, strict=True))
            assert float(box[0].rad()) < 0.1
