"""The data of method shared-amplitude: hyperplanes, points of them, and directions there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from expressivity.checker.findings import require
from expressivity.checker.lines import Line, inner
from expressivity.checker.reading import fields, items, matrix

MAX_POINTS, MAX_FUNCTIONS = 64, 5

Vector = tuple[Fraction, ...]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A jump across a plane, at a point of it, as a limit along the plane from a direction."""

    plane: Line
    point: Vector
    direction: Vector


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """For each point its limits: of all planes of a pencil, or of two planes of a cycle.

    ``weights`` has a row for each choice of signs, of a pencil; None means a cycle.
    """

    limits: list[list[Limit]]
    weights: list[list[Fraction]] | None


def read_jumps(value: object, dimension: int, functions: int) -> Jumps:
    """Planes and points that fit, for networks whose jumps share so many functions."""
    names = "planes points directions weights"
    planes_json, points_json, directions_json, listed = fields(value, names, "shared_amplitude")
    require(functions <= MAX_FUNCTIONS, f"groups must be at most {MAX_FUNCTIONS}")
    cycle = listed is None
    require(not cycle or functions == 1, "a cycle needs one group")
    count = len(items(planes_json, "planes"))
    if cycle:
        require(3 <= count <= 4, "a cycle must have 3 or 4 planes")
    else:
        require(count == functions + 1, f"a pencil must have {functions + 1} planes")
    planes = [tuple(row) for row in matrix(planes_json, count, dimension + 1, "planes")]
    require(all(any(plane[:-1]) for plane in planes), "planes must not be empty")
    distinct = all(not is_multiple(p, q) for i, p in enumerate(planes) for q in planes[:i])
    require(distinct, "planes must be different")
    number = len(items(points_json, "points"))
    require(number == count if cycle else 1 <= number <= MAX_POINTS, "the number of points")
    points = [_point(row) for row in matrix(points_json, number, dimension + 1, "points")]
    limits: list[list[Limit]] = []
    rows = items(directions_json, "directions", number)
    for i, (point, row) in enumerate(zip(points, rows, strict=True)):
        met = [planes[i], planes[(i + 1) % count]] if cycle else planes
        directions = [tuple(u) for u in matrix(row, len(met), dimension, "directions")]
        limits.append([_limit(*of) for of in zip(met, [point] * len(met), directions, strict=True)])
    weights = None if cycle else matrix(listed, 2**functions, number, "weights")
    return Jumps(limits=limits, weights=weights)


def is_multiple(one: Line, other: Line) -> bool:
    """Whether two planes are the same."""
    return all(one[i] * other[j] == one[j] * other[i] for i in range(len(one)) for j in range(i))


def _point(row: Sequence[Fraction]) -> Vector:
    """A point from its homogeneous coordinates, in the closed unit ball."""
    require(row[-1] > 0, "the last coordinate of points must be positive")
    point = tuple(c / row[-1] for c in row[:-1])
    require(inner(point, point) <= 1, "points must lie in the unit ball")
    return point


def _limit(plane: Line, point: Vector, direction: Vector) -> Limit:
    """Along the plane, from the inside of the domain."""
    require(inner(plane, point) + plane[-1] == 0, "points must lie on their planes")
    require(any(direction) and inner(plane, direction) == 0, "directions must lie in the planes")
    inside = inner(point, point) < 1 or inner(point, direction) < 0
    require(inside, "directions must lead into the ball")
    return Limit(plane=plane, point=point, direction=direction)
