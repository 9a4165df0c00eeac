"""Lower bounds by search with the tree of boxes in the file.

Reference: least squares in given directions by float64. Soundness: trees that leave something out,
and claims that they do not support. The trees are those of the program for t2 and t4.
"""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from certificates_by_hand import (
    certificate,
    claim,
    family,
    half_plane,
    seal,
    search_certificate,
    span_distance,
    zernike_moments,
)
from tampering import change, drop

from expressivity.checker import check_document, search, work
from expressivity.checker.boxes import Distance
from expressivity.checker.findings import RejectedError
from expressivity.checker.ridges import MAX_TREE
from expressivity.checker.search import leaves

TREE = "fb3cbe9ab1ec388f0f34e6a698fc83f94a"  # t2, width 3, degree 7: 0.05029915898
SQUARES = "e28"  # t4, one_sided of width 1, degree 8: 0.3199927729
BITS = "".join(f"{int(digit, 16):04b}" for digit in TREE)


def tree_certificate(value="0.050299", width=3, degree=7, tree=TREE, **of):
    rank = width * (2 if of.get("form") == "one_sided" else 1)
    expression = of.pop("expression", "tanh(2*x1)*relu(x2)")
    document = certificate(
        expression,
        "disk",
        family(width=width, **of),
        lower=claim(value, "ridge-search"),
        ridge_search={"degree": degree, "rank": rank, "tree": tree},
    )
    return seal(document | {"schema": "expressivity.certificate/3"})


def of_t4(value):
    expression = "tanh(2*x1)*relu(x2)*x1"
    return tree_certificate(value, 1, 8, SQUARES, form="one_sided", expression=expression)


def packed(bits):
    bits += "0" * (-len(bits) % 4)
    return "".join(f"{int(bits[i : i + 4], 2):x}" for i in range(0, len(bits), 4))


def distance(degree, squares=False):
    moments, _ = zernike_moments(half_plane, degree)
    rows = [
        [flint.acb(moments[n, k]) * math.sqrt(math.pi / (n + 1)) for k in range(-n, n + 1, 2)]
        for n in range(degree + 1)
    ]
    return Distance(moments=rows, squares=squares), moments


def test_trees_are_verified():
    assert check_document(tree_certificate()).outcome == "verified"
    assert check_document(tree_certificate(kind="fixed", dictionary=["gelu"])).outcome == "verified"
    # The distance in the best direction is 0.35353.
    assert check_document(of_t4("0.31999")).outcome == "verified"


@pytest.mark.parametrize("value", ["0.0504", "0.06", "0.0777", "0.3", "1.5"])
def test_claims_that_the_tree_does_not_support_are_rejected(value):
    """At degree 7 three ridges leave 0.07763."""
    answer = check_document(tree_certificate(value))
    assert answer.outcome == "rejected"
    assert "a box of the tree supports" in answer.reason or "come closer" in answer.reason
    assert check_document(of_t4("0.355")).outcome == "rejected"


def test_a_verified_claim_at_another_degree_would_be_false():
    """Fewer moments see less; the tree is the same."""
    assert check_document(tree_certificate(degree=3)).outcome == "rejected"
    assert check_document(tree_certificate(degree=2)).outcome == "rejected"


TREES = {
    "truncated": TREE[:-1],
    "truncated in the middle": TREE[:10],
    "longer": TREE + "0",
    "no tree": "0",
    "empty": "",
    "without an end": "f" * 100,
    "too long": "f" * (MAX_TREE // 4 + 1),
    "capitals": TREE.upper(),
    "not hexadecimal": TREE[:-1] + "g",
    "a prefix": "0x" + TREE,
    "not ASCII": TREE[:-1] + "\u0661",
    "a number": 15,
    "bits": [1, 0, 0],
    "null": None,
    "a bit of the filling": packed(BITS + "0001"),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_that_are_none_are_rejected(name):
    answer = check_document(tree_certificate(tree=TREES[name]))
    assert answer.outcome == "rejected"
    assert "tree" in answer.reason


@pytest.mark.parametrize("cut", [i for i, bit in enumerate(BITS) if bit == "1"][::12])
def test_a_box_that_is_not_cut_supports_less(cut):
    """A cut with all that follows from it is left out; the directions are still covered."""
    ends = [i for i in range(cut + 1, len(BITS) + 1) if _covers(BITS[:cut] + "0" + BITS[i:])]
    document = tree_certificate(tree=packed(BITS[:cut] + "0" + BITS[ends[0] :]))
    assert check_document(document).outcome == "rejected"


def _covers(bits):
    try:
        leaves(bits, 3)
    except RejectedError:
        return False
    return True


TAMPERS = {
    "width 2": change("family", "width", to=2),
    "width and rank 2": lambda d: (
        change("family", "width", to=2)(d),
        change("data", "ridge_search", "rank", to=2)(d),
    ),
    "width and rank 4": lambda d: (
        change("family", "width", to=4)(d),
        change("data", "ridge_search", "rank", to=4)(d),
    ),
    "width and rank 7": lambda d: (
        change("family", "width", to=7)(d),
        change("data", "ridge_search", "rank", to=7)(d),
    ),
    "one_sided": change("family", "form", to="one_sided"),
    "one_sided with its rank": lambda d: (
        change("family", "form", to="one_sided")(d),
        change("data", "ridge_search", "rank", to=6)(d),
    ),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "a schema to come": change("schema", to="expressivity.certificate/9"),
    "without the tree": drop("data", "ridge_search", "tree"),
    "another target": change("target", "expression", to="relu(x1)+relu(x2)+tanh(x1+x2)"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_tampered_documents_are_rejected(name):
    document = tree_certificate()
    TAMPERS[name](document)
    answer = check_document(seal(document))
    assert answer.outcome == "rejected"
    assert "digest" not in answer.reason


def test_members_have_no_tree():
    for expression in ("relu(x1)+tanh(x2)", "x1*x2", "relu(x1)**2-x2"):
        document = tree_certificate("1e-6", expression=expression)
        assert check_document(document).outcome in ("rejected", "not decided")


def test_the_work_is_bounded(monkeypatch):
    monkeypatch.setattr(search, "MAX_CORNERS", 27 * 60)
    answer = check_document(tree_certificate())
    assert (answer.outcome, "boxes" in answer.reason) == ("not decided", True)


def told(document):
    steps = []
    assert check_document(document, steps.append).outcome == "verified"
    return sum(steps)


@pytest.mark.parametrize(
    ("document", "boxes"),
    [(tree_certificate(), BITS.count("0")), (search_certificate("0.6", 1, 6), 3)],
)
def test_progress_is_told_box_by_box(monkeypatch, document, boxes):
    monkeypatch.setattr(work, "STEP", 500)
    with_boxes = told(document)
    monkeypatch.setattr(search, "_cost", lambda box: 0)
    assert with_boxes - told(document) >= 2 * boxes


def test_boxes_are_part_of_the_work_that_is_allowed(monkeypatch):
    monkeypatch.setattr(search, "_cost", lambda box: work.MAX_WORK // 2)
    for document in (tree_certificate(), search_certificate("0.6", 1, 6)):
        answer = check_document(document)
        assert (answer.outcome, "work" in answer.reason) == ("not decided", True)


def test_the_leaves_cover_all_directions():
    boxes = leaves(BITS, 3)
    assert len(boxes) == BITS.count("0")
    points = np.sort(np.random.default_rng(0).uniform(size=(2000, 3)), axis=1)
    points[:20] = np.sort(np.random.default_rng(1).integers(0, 32, size=(20, 3)) / 32, axis=1)
    found = np.zeros(len(points), dtype=int)
    for box in boxes:
        low = np.array([place / 2**level for level, place in box])
        size = np.array([0.5**level for level, _ in box])
        found += ((low <= points) & (points < low + size)).all(axis=1)
    assert (found == 1).all()


@pytest.mark.parametrize("squares", [False, True])
def test_bounds_of_boxes_hold_inside_and_are_close_in_small_ones(squares):
    of, moments = distance(7, squares)
    generator = np.random.default_rng(2)
    for level in (2, 3, 5, 9):
        for width in (1, 2, 3):
            places = [int(p) for p in generator.integers(2**level, size=width)]
            places = [places[0]] * width if level == 3 else places
            bound = of.lower([(level, place) for place in places], flint.arb(10))
            inside = [
                [(place + u) / 2**level for place, u in zip(places, row, strict=True)]
                for row in generator.uniform(size=(12, width))
            ]
            exact = [of.at([Fraction(a) for a in angles]) for angles in inside]
            assert all(bound <= value for value in exact)
            assert level < 9 or bound > 0.9 * min(float(value) for value in exact)
            if not squares and level != 3:
                expected = span_distance(moments, 7, np.pi * np.array(inside[0]))
                assert float(exact[0]) == pytest.approx(expected, abs=1e-8)


def test_an_arc_of_half_a_turn_has_no_bound():
    assert distance(5)[0].lower([(0, 0)], flint.arb(1)) == flint.arb.neg_inf()
    assert distance(5, squares=True)[0].lower([(1, 0)], flint.arb(1)) == flint.arb.neg_inf()
