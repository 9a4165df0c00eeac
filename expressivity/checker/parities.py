"""The data of method jump-parity: a line in a hyperplane, and points of it for intervals of w."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from expressivity.checker.families import Family
from expressivity.checker.findings import require
from expressivity.checker.lines import inner
from expressivity.checker.reading import fields, flag, items, matrix

MAX_PIECES = 5000

ODD = {"id": (1,), "relu": (1,), "leaky_relu": (1,), "relu2": (2,), "gelu": (1,), "silu": (1,)}
"""Powers of u > 0 of which the odd part of s(w u) is a multiple, whatever w is."""
EVEN = {"id": (), "relu": (1,), "leaky_relu": (1,), "relu2": (2,), "tanh": ()}
CURVES = {"tanh": True, "silu": False}
"""Activations with another odd part (True) or even part, which is then known to this checker."""


@dataclass(frozen=True, kw_only=True)
class Parity:
    """The data of method jump-parity.

    Attributes:
        normal: of the hyperplane, which goes through 0.
        reach: a point of it in the domain.
        odd: the part of the jump.
        powers: exponents for this part and the family's dictionary.
        curve: whether the part of tanh, or of silu, is there as well.
        ends: of the intervals between 0 and infinity.
        points: for each interval.
    """

    normal: tuple[Fraction, ...]
    reach: tuple[Fraction, ...]
    odd: bool
    powers: list[int]
    curve: bool
    ends: list[Fraction]
    points: list[list[Fraction]]


def read_ray(
    normal: object, reach: object, dimension: int
) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """The normal of a hyperplane through 0, and a point of it in the unit ball that is not 0."""
    (n,) = matrix([normal], 1, dimension, "normal")
    (q,) = matrix([reach], 1, dimension + 1, "reach")
    require(q[-1] > 0, "the last coordinate of reach must be positive")
    place = tuple(c / q[-1] for c in q[:-1])
    require(any(n) and any(place) and inner(n, place) == 0, "reach must lie in the hyperplane")
    require(inner(place, place) <= 1, "reach must lie in the unit ball")
    return tuple(n), place


def read_parity(value: object, family: Family, dimension: int) -> Parity:
    """A line in a hyperplane through 0, and as many points as the family needs."""
    names = "normal reach odd ends points"
    normal, reach, odd, ends, points = fields(value, names, "jump_parity")
    odd = flag(odd, "odd")
    known = ODD if odd else EVEN
    curves = [name for name, part in CURVES.items() if part == odd and name in family.dictionary]
    others = [name for name in family.dictionary if name not in curves]
    require(all(name in known for name in others), "this part of an activation is not known")
    powers = {power for name in others for power in known[name]} | (set() if odd else {0})
    n, place = read_ray(normal, reach, dimension)
    count = len(items(ends, "ends"))
    require(count <= MAX_PIECES and (not curves) == (count == 0), "the number of ends")
    (steps,) = matrix([ends], 1, count, "ends")
    rising = all(p < q for p, q in pairwise([Fraction(0), *steps]))
    require(rising, "ends must be positive and increase")
    size = len(powers) + (2 if curves else 1)
    rows = matrix(points, count + 1, size, "points")
    for row in rows:
        rising = all(p < q for p, q in pairwise([Fraction(0), *row]))
        require(rising and row[-1] <= 1, "points must increase within (0, 1]")
    return Parity(
        normal=n,
        reach=place,
        odd=odd,
        powers=sorted(powers),
        curve=bool(curves),
        ends=steps,
        points=rows,
    )
