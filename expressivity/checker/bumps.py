"""The data of method curvature: test functions, by the places and radii of their supports."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from expressivity.checker.findings import require
from expressivity.checker.reading import fields, items, matrix

MAX_BUMPS = 64


@dataclass(frozen=True, kw_only=True)
class Bumps:
    """The curvature of the claim, and (place, radius) of each test function, from left to right."""

    curvature: Fraction
    supports: list[tuple[Fraction, Fraction]]


def read_bumps(value: object, curvature: Fraction | None) -> Bumps:
    """Supports inside [-1, 1] that do not overlap."""
    assert curvature is not None
    (listed,) = fields(value, "bumps", "curvature")
    count = len(items(listed, "bumps"))
    require(1 <= count <= MAX_BUMPS, f"bumps must have 1 to {MAX_BUMPS} entries")
    supports = [(place, radius) for place, radius in matrix(listed, count, 2, "bumps")]
    require(all(radius > 0 for _, radius in supports), "the radii of bumps must be positive")
    ends = [(place - radius, place + radius) for place, radius in supports]
    require(ends[0][0] >= -1 and ends[-1][1] <= 1, "bumps must lie within [-1, 1]")
    apart = all(left[1] <= right[0] for left, right in pairwise(ends))
    require(apart, "bumps must be in order, and must not overlap")
    return Bumps(curvature=curvature, supports=supports)
