"""The data of method jump-half-line: a line in a hyperplane, and points of it for boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from expressivity.checker.findings import require
from expressivity.checker.parities import read_ray
from expressivity.checker.reading import fields, integer, items, matrix

MAX_ENTRIES, MAX_SETS = 50_000, 5000
MAX_PLACES = 2000  # different points of all sets
MAX_CORNER = 1 << 20
MAX_CUTS = 60  # one in another

ON_HALF_LINES = ("id", "relu", "leaky_relu", "silu", "tanh")
"""Activations that are affine where the argument has one sign, and the two with curves."""

Side = tuple[Fraction, Fraction]
Box = tuple[Side, Side]
Leaf = tuple[Box, int]
"""A box, and which set of points is for it."""


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """What there is for one of the two directions of the line.

    Attributes:
        near: boxes that cover [0, B0] x [0, W0], of (b, w).
        far: boxes that cover [0, 1/B0] x [0, W0], of (1/b, w).
        steep: nine points for all w >= W0 and b >= 0.
    """

    near: list[Leaf]
    far: list[Leaf]
    steep: list[Fraction]


@dataclass(frozen=True, kw_only=True)
class HalfLines:
    """The data of method jump-half-line.

    Attributes:
        normal: of the hyperplane, which goes through 0.
        reach: a point of it in the domain.
        slope: W0.
        points: sets of five or six.
        orientations: for the direction of reach, and for the other.
    """

    normal: tuple[Fraction, ...]
    reach: tuple[Fraction, ...]
    slope: Fraction
    points: list[list[Fraction]]
    orientations: list[Orientation]


def read_half_lines(value: object, dimension: int) -> HalfLines:
    """A line in a hyperplane through 0, and boxes that cover what they have to."""
    names = "normal reach corner points near far steep steep_points"
    normal, reach, corner, points, near, far, steep, nines = fields(value, names, "jump_half_line")
    n, place = read_ray(normal, reach, dimension)
    ((offset, slope),) = matrix([corner], 1, 2, "corner")
    fits = min(offset, slope) > 0 and max(offset, slope) <= MAX_CORNER
    require(fits, f"corner must be positive and at most {MAX_CORNER}")
    sets = items(points, "points")
    require(1 <= len(sets) <= MAX_SETS, f"there must be 1 to {MAX_SETS} sets of points")
    rows = [_increasing(row, (5, 6), Fraction(-1), "points") for row in sets]
    sets = items(nines, "steep_points")
    require(1 <= len(sets) <= 2, "there must be 1 or 2 sets of steep points")
    ends = [_increasing(row, (9,), Fraction(0), "steep_points") for row in sets]
    require(all(row[0] > 0 for row in ends), "steep_points must be positive")
    places = {abs(u) for row in [*rows, *ends] for u in row}
    require(len(places) <= MAX_PLACES, f"there must be at most {MAX_PLACES} different points")
    trees = [items(tree, "a tree") for part in (near, far) for tree in items(part, "trees", 2)]
    few = sum(map(len, trees)) <= MAX_ENTRIES
    require(few, f"trees must have at most {MAX_ENTRIES} entries")
    top = Fraction(0), slope
    boxes = [
        _leaves(tree, ((Fraction(0), most), top), len(rows))
        for tree, most in zip(trees, [offset] * 2 + [1 / offset] * 2, strict=True)
    ]
    chosen = [integer(k, 0, len(ends) - 1, "steep") for k in items(steep, "steep", 2)]
    return HalfLines(
        normal=n,
        reach=place,
        slope=slope,
        points=rows,
        orientations=[
            Orientation(near=boxes[k], far=boxes[2 + k], steep=ends[chosen[k]]) for k in (0, 1)
        ],
    )


def _increasing(
    value: object, counts: Sequence[int], least: Fraction, where: str
) -> list[Fraction]:
    """So many increasing points from the least possible one to 1."""
    count = len(items(value, where))
    require(count in counts, f"{where} must be {' or '.join(map(str, counts))} in a set")
    (row,) = matrix([value], 1, count, where)
    rising = all(p < q for p, q in pairwise(row))
    require(rising and least <= row[0] and row[-1] <= 1, f"{where} must increase, up to 1")
    return row


def _leaves(tree: Sequence[object], whole: Box, sets: int) -> list[Leaf]:
    """The boxes that a tree leaves uncut, with their sets; together they are the whole.

    The tree is in preorder: -1 halves a box across its first side, -2 across its second.
    """
    found: list[Leaf] = []
    pending: list[tuple[Box, int]] = [(whole, 0)]
    for entry in tree:
        require(bool(pending), "a tree goes on after all is covered")
        box, cuts = pending.pop()
        code = integer(entry, -2, sets - 1, "an entry of a tree")
        if code >= 0:
            found.append((box, code))
            continue
        require(cuts < MAX_CUTS, f"a tree must cut at most {MAX_CUTS} times")
        pending += [(half, cuts + 1) for half in reversed(halves(box, -1 - code))]
    require(not pending, "a tree ends before all is covered")
    return found


def halves(box: Box, side: int) -> list[Box]:
    """A box cut in half across one of its sides, the lower half first."""
    low, high = box[side]
    middle = (low + high) / 2
    parts = (low, middle), (middle, high)
    return [(part, box[1]) if side == 0 else (box[0], part) for part in parts]
