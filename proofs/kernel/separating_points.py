"""Rational points at which the jumps of a target show that it is in no class of a kind.

What is found here proves nothing: Coq computes the jumps again. docs/theory.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations, product
from math import isqrt
from typing import TypeVar

import flint

from proofs.kernel.written import Ball, Plane, Vector, Written, dot, plane_of

_PARTS = 4  # of the way from the middle of a plane to the boundary of the ball
CYCLES = (2, 3, 4)
"""Numbers of planes in a cycle."""

Place = tuple[Plane, Vector]
T = TypeVar("T")


def planes_of(target: Written) -> list[Plane]:
    """The hyperplanes where it kinks, each once."""
    found = (plane_of(affine) for affine in target.kinks)
    return list(dict.fromkeys(plane for plane in found if plane is not None))


def two_points(target: Written) -> tuple[Plane, Vector, Vector] | None:
    """A plane and two points of it at which the jumps differ most, or None."""
    found: list[tuple[Ball, tuple[Plane, Vector, Vector]]] = []
    for plane in planes_of(target):
        jumps = [(p, _jump(target, plane, p)) for p in _points([plane])]
        for (p, one), (q, other) in combinations(jumps, 2):
            found.append((one - other, (plane, p, q)))
    return _largest(found)


def three_points(target: Written) -> tuple[Plane, Vector, Vector] | None:
    """A plane, a point q of it and a step t such that the jumps at q - t, q, q + t bend most."""
    found: list[tuple[Ball, tuple[Plane, Vector, Vector]]] = []
    for plane in planes_of(target):
        jumps = {p: _jump(target, plane, p) for p in _points([plane])}
        for p, r in combinations(jumps, 2):
            middle = tuple((a + b) / 2 for a, b in zip(p, r, strict=True))
            if middle in jumps:
                step = tuple(b - a for a, b in zip(middle, r, strict=True))
                found.append((jumps[p] + jumps[r] - 2 * jumps[middle], (plane, middle, step)))
    return _largest(found)


def cycle(target: Written) -> tuple[Place, ...] | None:
    """Planes and points in turn, each point on the planes before and after it, or None.

    The products of the jumps across the planes before and of those after the points differ.
    """
    planes = planes_of(target)
    for length in CYCLES:
        found: list[tuple[Ball, tuple[Place, ...]]] = []
        for chosen in combinations(planes, length):
            for rest in permutations(chosen[1:]):
                order = (chosen[0], *rest)
                if rest[0].normal <= rest[-1].normal:
                    found += _around(target, order)
        best = _largest(found)
        if best is not None:
            return best
    return None


def _around(target: Written, order: Sequence[Plane]) -> Iterator[tuple[Ball, tuple[Place, ...]]]:
    pairs = list(zip(order, (*order[1:], order[0]), strict=True))
    meeting = [list(_points(pair)) for pair in pairs]
    for points in product(*meeting):
        ahead, behind = flint.arb(1), flint.arb(1)
        for (here, there), point in zip(pairs, points, strict=True):
            ahead *= _jump(target, here, point)
            behind *= _jump(target, there, point)
        yield ahead - behind, tuple(zip(order, points, strict=True))


def _largest(found: Sequence[tuple[Ball, T]]) -> T | None:
    """What goes with the number that is farthest from 0, if it is certainly not 0."""
    sure = [(abs(float(number.mid())), what) for number, what in found if 0 not in number]
    return max(sure, key=lambda pair: pair[0])[1] if sure else None


def _jump(target: Written, plane: Plane, point: Vector) -> Ball:
    return target.at(plane, point)[1]


def _points(planes: Sequence[Plane]) -> Iterator[Vector]:
    """Points that the planes have in common, inside the unit ball; none where they are parallel."""
    flat = _common(planes)
    if flat is None:
        return
    middle, directions = flat
    room = 1 - dot(middle, middle)
    if room <= 0:
        return
    steps: list[Vector] = []
    for direction in directions:
        size = _root(room / dot(direction, direction) / len(directions)) / _PARTS
        steps.append(tuple(size * a for a in direction))
    for place in product(range(-_PARTS + 1, _PARTS), repeat=len(steps)):
        point = middle
        for times, step in zip(place, steps, strict=True):
            point = tuple(a + times * b for a, b in zip(point, step, strict=True))
        yield point


def _root(number: Fraction) -> Fraction:
    """A rational number with a small denominator, not above the square root."""
    return Fraction(isqrt(int(number * 16 * 16)), 16)


def _common(planes: Sequence[Plane]) -> tuple[Vector, list[Vector]] | None:
    """The point nearest to 0, and orthogonal directions along the common part."""
    dimension = len(planes[0].normal)
    middle: Vector = (Fraction(0),) * dimension
    normals: list[Vector] = []
    for plane in planes:
        new = _without(plane.normal, normals)
        if not any(new):
            return None
        lack = (plane.level - dot(plane.normal, middle)) / dot(plane.normal, new)
        middle = tuple(a + lack * b for a, b in zip(middle, new, strict=True))
        normals.append(new)
    directions: list[Vector] = []
    for k in range(dimension):
        unit = tuple(Fraction(int(i == k)) for i in range(dimension))
        along = _without(unit, [*normals, *directions])
        if any(along) and len(normals) + len(directions) < dimension:
            directions.append(along)
    return middle, directions


def _without(vector: Vector, orthogonal: Sequence[Vector]) -> Vector:
    """What is left of a vector without its parts along vectors that are orthogonal."""
    for other in orthogonal:
        part = dot(vector, other) / dot(other, other)
        vector = tuple(a - part * b for a, b in zip(vector, other, strict=True))
    return vector
