"""The data of method uncut-boxes: a rectangle inside the domain, cut into equal boxes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import prod

from expressivity.checker.families import Family
from expressivity.checker.findings import require
from expressivity.checker.reading import fields, integer, items, matrix

MAX_BOXES = 1000
DEGREES = {"id": 1, "relu": 1, "leaky_relu": 1, "relu2": 2}
"""Activations that are polynomials on either side of 0, with their degrees."""

_MAPS = {"type1": 1, "one_sided": 1, "two_sided": 2, "quadratic": 2}  # that activations look at
_FACTORS = {"one_sided": 1}  # affine factors beside them

Box = list[tuple[Fraction, Fraction]]  # the ends of its sides


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """All boxes, how many of them lines of a network may cut, and the degree of its pieces."""

    boxes: list[Box]
    cut: int
    degree: int


def read_boxes(value: object, family: Family, dimension: int) -> Boxes:
    """Of a family whose activations are in ``DEGREES``."""
    sides, counts = fields(value, "sides counts", "uncut_boxes")
    ends = matrix(sides, dimension, 2, "sides")
    require(all(low < high for low, high in ends), "sides must have a positive length")
    corners = product(*ends)
    inside = all(sum(x * x for x in corner) <= 1 for corner in corners)
    require(inside, "the rectangle must lie inside the domain")
    numbers = [integer(n, 1, MAX_BOXES, "counts") for n in items(counts, "counts", dimension)]
    require(prod(numbers) <= MAX_BOXES, f"there may be at most {MAX_BOXES} boxes")
    cuts = [
        list(pairwise(low + (high - low) * k / n for k in range(n + 1)))
        for (low, high), n in zip(ends, numbers, strict=True)
    ]
    kinked = any(name != "id" for name in family.dictionary)
    lines = family.width * _MAPS[family.form] if kinked else 0
    highest = max(DEGREES[name] for name in family.dictionary)
    return Boxes(
        boxes=[list(box) for box in product(*cuts)],
        cut=lines * (sum(numbers) - 1 if dimension == 2 else 1),
        degree=highest * _MAPS[family.form] + _FACTORS.get(family.form, 0),
    )
