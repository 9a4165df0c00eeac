"""Method ridge-search: docs/certificates.md, "Verifying a lower bound by search".

The file has a tree of boxes that cover all directions, and every box is verified on its own. Files
of the schemas before the third have none: their boxes are found here.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from expressivity.checker.balls import (
    PRECISION,
    Ball,
    power_of_two_above,
    share_of_norm,
    to_ball,
    working_precision,
)
from expressivity.checker.boxes import Distance, Side
from expressivity.checker.certificate import Certificate
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.moments import disk_moments, zernike_moments
from expressivity.checker.ridges import RidgeSearch
from expressivity.checker.work import MAX_WORK, Work

MAX_BOXES = 20_000  # where there is no tree; genuine claims need 20 to 300
MAX_CORNERS = 3_000_000  # of the boxes of a tree
_SEARCH_PRECISION = 96  # bits
# Operations, as they are counted; together the boxes of such a tree may take all that is allowed.
_CORNER = MAX_WORK // MAX_CORNERS
_FEW = 50  # what a box takes beside its corners is as much as for so many

_Box = tuple[Side, ...]


def verify_ridge_search(certificate: Certificate, claim: Fraction) -> None:
    """Bound the distance on every box of a tree, or of one that is made here."""
    data = certificate.lower_data
    assert isinstance(data, RidgeSearch)
    boxes = None if data.tree is None else leaves(data.tree, data.width)
    if boxes is not None and len(boxes) * 3**data.width > MAX_CORNERS:
        raise UndecidedError("the lower bound: the tree has too many boxes for this width")
    with working_precision(PRECISION + 4 * data.degree):
        moments, norm2 = disk_moments(certificate.expression, data.degree)
        zernike = zernike_moments(moments, data.degree)
    with working_precision(_SEARCH_PRECISION):
        size = power_of_two_above(zernike.values())
        rows = [
            [zernike[n, k] / size * (arb.pi() / (n + 1)).sqrt() for k in range(-n, n + 1, 2)]
            for n in range(data.degree + 1)
        ]
        distance = Distance(moments=rows, squares=data.rank > data.width)
        norm2 = norm2 / size**2
        needed = to_ball(claim**2) * norm2
        work = Work()
        if boxes is None:
            _search(distance, needed, data.width, work)
            return
        for box in boxes:
            work.spend(_cost(box))
            lower = distance.lower(box, needed)
            if lower >= needed:
                continue
            _refute(distance, box, needed)
            if lower < needed:
                share = share_of_norm(lower, norm2)
                reject(f"the lower bound: a box of the tree supports {share} of the norm at most")
            raise UndecidedError("the lower bound: the enclosures are too wide for this claim")


def leaves(tree: str, width: int) -> list[_Box]:
    """The boxes that a tree leaves uncut, which cover all directions.

    The cuts are in preorder, "1" for a box that is cut and "0" for another; zeros fill up the last
    four.
    """
    found: list[_Box] = []
    pending: list[_Box] = [((0, 0),) * width]
    read = 0
    while pending:
        if read == len(tree):
            reject("the lower bound: the tree ends before all directions are covered")
        box = pending.pop()
        if tree[read] == "1":
            pending.extend(reversed(_halves(box)))
        else:
            found.append(box)
        read += 1
    if len(tree) - read > 3 or "1" in tree[read:]:
        reject("the lower bound: the tree goes on after all directions are covered")
    return found


def _cost(box: _Box) -> int:
    return _CORNER * max(3 ** len(box), _FEW)


def _search(distance: Distance, needed: Ball, width: int, work: Work) -> None:
    pending: list[_Box] = [((0, 0),) * width]
    boxes = 0
    while pending:
        boxes += len(pending)
        if boxes > MAX_BOXES:
            raise UndecidedError("the lower bound: the search needs too many boxes")
        # Level by level, so that a violation near a shallow minimum is met early.
        open_boxes: list[_Box] = []
        for box in pending:
            work.spend(_cost(box))
            if not distance.lower(box, needed) >= needed:
                open_boxes.append(box)
        for box in open_boxes:
            _refute(distance, box, needed)
        pending = [half for box in open_boxes for half in _halves(box)]


def _refute(distance: Distance, box: _Box, needed: Ball) -> None:
    """Reject a claim that is false for the directions in the middle of a box."""
    if distance.at([Fraction(2 * place + 1, 2 ** (level + 1)) for level, place in box]) < needed:
        reject("the lower bound: ridges in some directions may come closer than is claimed")


def _halves(box: _Box) -> list[_Box]:
    """The box cut across its first widest side, without halves that hold no increasing angles.

    The angles of a box are at least the low end of their arc and below the high end.
    """
    side = min(range(len(box)), key=lambda i: box[i][0])
    level, place = box[side]
    halves = [(*box[:side], (level + 1, 2 * place + half), *box[side + 1 :]) for half in (0, 1)]
    return [half for half in halves if _holds_increasing(half)]


def _holds_increasing(box: _Box) -> bool:
    low = Fraction(0)
    for level, place in box:
        low = max(low, Fraction(place, 2**level))
        if low >= Fraction(place + 1, 2**level):
            return False
    return True
