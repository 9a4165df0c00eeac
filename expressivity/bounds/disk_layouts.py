"""Disjoint disks inside the unit disk, and how much of their weight lines can cut.

A line with unit normal n meets a disk where n.x is between n.c - r and n.c + r: for each direction
the heaviest line is found by a sweep over such intervals. Here the directions come in small arcs,
over each of which the intervals are made wide enough: what is found is an upper bound.

Arrays: A arcs of directions, D disks.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from expressivity.symbolic.enclosure import as_ball, precision

Array = NDArray[np.float64]

MAX_DISKS = 48
ARCS = 1024  # that half a turn is cut into
_FEW_ARCS = 256

_UNITS = 4096  # to the unit, of centres and radii
_RINGS = (3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24)
_SHRUNK = (1.0, 0.85)  # gaps, through which a line may leave disks out
_POSITION_BITS, _SWEEP_PRECISION = 60, 96


@dataclass(frozen=True, kw_only=True)
class Disk:
    """{x : abs(x - (x1, x2)) < radius}."""

    x1: Fraction
    x2: Fraction
    radius: Fraction


WHOLE = (Disk(x1=Fraction(0), x2=Fraction(0), radius=Fraction(1)),)
"""The unit disk itself."""

_Circle = tuple[float, float, float]


@functools.cache
def layouts() -> tuple[tuple[Disk, ...], ...]:
    """Rings of disks within rings, and square grids; disjoint, inside the unit disk.

    >>> all(len(layout) <= MAX_DISKS for layout in layouts())
    True
    """
    found: list[list[_Circle]] = [
        _rings(count, shrunk, depth)
        for count, shrunk, depth in itertools.product(_RINGS, _SHRUNK, (1, 2, 3))
    ]
    found += [_grid(count, half) for count in range(2, 10) for half in (math.sqrt(0.5), 0.8, 0.9)]
    exact = dict.fromkeys(tuple(map(_rounded, circles)) for circles in found)
    return tuple(layout for layout in exact if 0 < len(layout) <= MAX_DISKS)


def _rounded(circle: _Circle) -> Disk:
    """With a radius that is smaller by more than the centre moves."""
    x1, x2, radius = circle
    return Disk(
        x1=Fraction(round(x1 * _UNITS), _UNITS),
        x2=Fraction(round(x2 * _UNITS), _UNITS),
        radius=Fraction(math.floor(radius * _UNITS) - 1, _UNITS),
    )


def _rings(count: int, shrunk: float, depth: int) -> list[_Circle]:
    """So many disks along the edge, disks of about their size inside, and so on."""
    circles: list[_Circle] = []
    outer = 1.0
    for _ in range(depth):
        sine = math.sin(math.pi / count)
        radius = outer * sine / (1 + sine)
        circles += [(*_polar(outer - radius, k / count), radius * shrunk) for k in range(count)]
        outer -= 2 * radius
        if outer < 1.5 * radius:
            return [*circles, (0.0, 0.0, outer * shrunk)]
        count = max(3, math.floor(math.pi / math.asin(min(1.0, radius / (outer - radius)))))
    return circles


def _polar(radius: float, turn: float) -> tuple[float, float]:
    return radius * math.cos(2 * math.pi * turn), radius * math.sin(2 * math.pi * turn)


def _grid(count: int, half: float) -> list[_Circle]:
    """Those of the disks in the boxes of a square that are inside."""
    radius = half / count
    middles = [(2 * k + 1) * radius - half for k in range(count)]
    return [
        (x1, x2, radius)
        for x1, x2 in itertools.product(middles, repeat=2)
        if math.hypot(x1, x2) + radius <= 1
    ]


# --- lines


def heaviest_line(disks: Sequence[Disk], weights: Sequence[int]) -> int:
    """At least the weight of the disks that any one line meets.

    >>> corners = [Disk(x1=Fraction(x), x2=Fraction(y), radius=Fraction(1, 4)) for x in (0, 1)
    ...     for y in (0, 1)]
    >>> heaviest_line(corners, [1, 2, 3, 4])
    7
    """
    heaviest = 0
    with precision(_SWEEP_PRECISION):
        centres = [(as_ball(disk.x1), as_ball(disk.x2), as_ball(disk.radius)) for disk in disks]
        for k in range(ARCS):
            angle = flint.arb.pi() * flint.arb(k + 0.5, 0.5) / ARCS
            sine, cosine = angle.sin_cos()
            events: list[tuple[int, int, int]] = []
            for (x1, x2, radius), weight in zip(centres, weights, strict=True):
                middle = (x1 * cosine + x2 * sine) * 2**_POSITION_BITS
                reach = radius * 2**_POSITION_BITS
                # At one position what begins comes before what ends.
                events.append((_whole((middle - reach).lower().floor()), -1, weight))
                events.append((_whole((middle + reach).upper().ceil()), 1, weight))
            met = 0
            for _, end, weight in sorted(events):
                met -= end * weight
                heaviest = max(heaviest, met)
    return heaviest


def _whole(point: flint.arb) -> int:
    found = point.unique_fmpz()
    assert found is not None
    return int(found)


def estimated_line(disks: Sequence[Disk], weights_D: Array) -> float:
    """About what :func:`heaviest_line` gives: floats, and fewer directions."""
    x1_D, x2_D, radius_D = (
        np.array([float(getattr(disk, name)) for disk in disks]) for name in ("x1", "x2", "radius")
    )
    angle_A1 = math.pi * (np.arange(_FEW_ARCS)[:, None] + 0.5) / _FEW_ARCS
    middle_AD = x1_D * np.cos(angle_A1) + x2_D * np.sin(angle_A1)
    reach_D = radius_D + np.hypot(x1_D, x2_D) * math.pi / (2 * ARCS)
    low_AD, high_AD = middle_AD - reach_D, middle_AD + reach_D
    # The heaviest line begins to meet some disk.
    place_AD1 = low_AD[:, :, None]
    met_ADD = (low_AD[:, None, :] <= place_AD1) & (place_AD1 <= high_AD[:, None, :])
    return float((met_ADD @ weights_D).max())
