"""The data of method uncut-disks: disjoint disks inside the unit disk, with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from expressivity.checker.families import Family
from expressivity.checker.findings import require
from expressivity.checker.grids import DEGREES
from expressivity.checker.reading import fields, integer, items, matrix

MAX_DISKS, MAX_DEGREE = 100, 40

_MAPS = {"type1": 1, "one_sided": 1, "quadratic": 2}  # that activations look at
_FACTORS = {"one_sided": 1}  # affine factors beside them

Disk = tuple[Fraction, Fraction, Fraction]  # the centre, and the radius


@dataclass(frozen=True, kw_only=True)
class Disks:
    """The disks, what is said of them, the rank on one that is not cut, and the number of lines."""

    degree: int
    disks: list[Disk]
    weights: list[Fraction]
    rank: int
    lines: int


def pieces_are_known(family: Family) -> bool:
    """Whether networks are gates times polynomials between lines, a direction for each gate."""
    if (
        family.kind != "moa"
        or family.form not in _MAPS
        or not set(family.dictionary) <= set(DEGREES)
    ):
        return False
    # Two shares are functions of one difference.
    return family.gate != "softmax" or len(_degrees(family)) <= 2


def _degrees(family: Family) -> list[int]:
    """Of what each gate of one group multiplies."""
    known = [DEGREES[name] for name in family.dictionary]
    factor = _FACTORS.get(family.form, 0)
    return [sum(chosen) + factor for chosen in product(known, repeat=_MAPS[family.form])]


def read_disks(value: object, family: Family) -> Disks:
    """Of a family of which :func:`pieces_are_known`."""
    degree, listed, stated = fields(value, "degree disks weights", "uncut_disks")
    count = integer(len(items(listed, "disks")), 1, MAX_DISKS, "the number of disks")
    disks = [(x1, x2, radius) for x1, x2, radius in matrix(listed, count, 3, "disks")]
    require(all(0 < r <= 1 for _, _, r in disks), "radii must be positive, and at most 1")
    inside = all(x1**2 + x2**2 <= (1 - r) ** 2 for x1, x2, r in disks)
    require(inside, "the disks must lie inside the domain")
    apart = all(
        (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 >= (p[2] + q[2]) ** 2
        for p, q in combinations(disks, 2)
    )
    require(apart, "the disks must not overlap")
    weights = [weight for (weight,) in matrix([[w] for w in items(stated, "weights")], count, 1,
                                              "weights")]  # fmt: skip
    require(all(weight >= 0 for weight in weights), "weights must not be negative")
    degrees = _degrees(family)
    rank = 1 + max(degrees) if family.gate == "softmax" else sum(1 + q for q in degrees)
    kinked = any(name != "id" for name in family.dictionary)
    return Disks(
        degree=integer(degree, family.groups * rank, MAX_DEGREE, "degree"),
        disks=disks,
        weights=weights,
        rank=family.groups * rank,
        lines=family.width * _MAPS[family.form] if kinked else 0,
    )
