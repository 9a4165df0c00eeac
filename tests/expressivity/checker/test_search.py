"""Lower bounds by search in files without a tree, those of the schemas before the third.

Reference: the minimum found by float64. Soundness: claims on both sides of it. Negative: no
positive bound for members, and a bounded search.
"""

import pytest
from certificates_by_hand import (
    half_plane,
    search_certificate,
    search_minimum,
)

from expressivity.checker import (
    check_document,
    search,
)


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
    monkeypatch.setattr(search, "MAX_BOXES", 10)
    answer = check_document(search_certificate("0.126", 2, 6))
    assert (answer.outcome, "boxes" in answer.reason) == ("not decided", True)
