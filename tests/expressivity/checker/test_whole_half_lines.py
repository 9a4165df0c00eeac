"""A whole file of method jump-half-line, by the writer: slow, as 8,000 boxes are searched.

Reference: it is verified, what is no distance is rejected. Negative: pruned and swapped trees,
other points, another corner and other classes are not verified.
"""

import copy
from functools import cache

import pytest
from certificates_by_hand import seal
from tampering import change, drop

from expressivity.certificates.jump_half_line import half_line_certificate, is_covered
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.targets.builtin import t5q

pytestmark = pytest.mark.slow
CLAIM, DATA = ("lower_bound", "w1inf"), ("data", "jump_half_line")


@cache
def genuine():
    family = Family(
        neuron="quadratic", kind="la", width=1, dimension=2, dictionary="id,relu,silu,tanh"
    )
    assert is_covered(family)
    return half_line_certificate(t5q(), family)


def outcome(document):
    return check_document(seal(document)).outcome


@pytest.mark.parametrize(
    ("claim", "expected"),
    [(None, {"verified"}), ("0.0011", {"rejected", "not decided"}), ("0.03", {"rejected"})],
)
def test_what_is_written_is_verified_and_more_is_not(claim, expected):
    document = copy.deepcopy(genuine())
    if claim is not None:
        document["lower_bound"]["w1inf"]["value"] = claim
    assert outcome(document) in expected


def pruned(trees):
    """The lower half of the first tree becomes one leaf: a box that is a hundred times larger."""
    near, other = trees
    pending, end = 1, 1
    while pending:
        pending += 1 if near[end] < 0 else -1
        end += 1
    return [[near[0], 0, *near[end:]], other]


TAMPERS = {
    "biases do not matter": (change("family", "bias", to=False), {"verified"}),
    "more activations": (change("family", "dictionary", to=lambda d: [*d, "gelu"]), None),
    "another form": (change("family", "form", to="one_sided"), None),
    "width 2": (change("family", "width", to=2), None),
    "every width": (change("family", "width", to=None), None),
    "gates": (change("family", "kind", to="moa"), None),
    "the second schema": (change("schema", to="expressivity.certificate/2"), None),
    "another method": (change(*CLAIM, "method", to="jump-parity"), None),
    "a contained target": (change("target", "expression", to="relu(x2)*tanh(3*x1)"), None),
    "a smooth target": (change("target", "expression", to="x1*x2"), None),
    "another normal": (change(*DATA, "normal", to=["0x1p+0", "0x0p+0"]), None),
    "a smaller corner": (change(*DATA, "corner", to=["0x1p+2", "0x1p+4"]), None),
    "a corner of 0": (change(*DATA, "corner", to=["0x0p+0", "0x5p+3"]), None),
    "a tree is pruned": (change(*DATA, "near", to=pruned), None),
    "a tree ends early": (change(*DATA, "near", to=lambda t: [t[0][:-1], t[1]]), None),
    "a tree goes on": (change(*DATA, "far", to=lambda t: [[*t[0], 0], t[1]]), None),
    "one leaf is all": (change(*DATA, "near", to=lambda t: [[0], t[1]]), None),
    "one set for all": (
        change(*DATA, "near", to=lambda t: [[min(k, 0) for k in tree] for tree in t]),
        None,
    ),
    "near is far": (lambda d: d["data"]["jump_half_line"].update(
        near=d["data"]["jump_half_line"]["far"], far=d["data"]["jump_half_line"]["near"]), None),
    "sets are swapped": (change(*DATA, "points", to=lambda p: p[1:] + p[:1]), None),
    "steep points are close": (change(*DATA, "steep_points", to=lambda p: [
        [f"0x{k}p-6" for k in "123456789"] for _ in p]), None),
    "a field more": (change(*DATA, to=lambda d: d | {"rank": 1}), None),
    "no far boxes": (drop(*DATA, "far"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_not_verified(name):
    tamper, expected = TAMPERS[name]
    document = copy.deepcopy(genuine())
    tamper(document)
    assert outcome(document) in (expected or {"rejected", "not decided"})
