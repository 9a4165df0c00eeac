"""Domains, and the hyperplanes (kinks) along which the pieces of a target meet in them.

Array suffixes: N nodes, D coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SMALLEST_PIECE = 1e-14
PARALLEL = 1e-12


@dataclass(frozen=True, kw_only=True)
class Hyperplane:
    """The set {x : normal . x = offset}; `normal` is a unit vector.

    Raises ValueError for an empty, non-finite or non-unit normal and a non-finite offset.

    >>> Hyperplane(normal=(0.0, 1.0), offset=0.5).offset
    0.5
    """

    normal: tuple[float, ...]
    offset: float

    def __post_init__(self) -> None:
        length = math.hypot(*self.normal)
        if not abs(length - 1.0) <= 1e-12:
            raise ValueError(f"required: a normal of length 1; got {length!r}: divide it by that")
        if not math.isfinite(self.offset):
            raise ValueError(f"required: a finite offset; got {self.offset!r}")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The unit ball or the cube [-1, 1]^d with Lebesgue measure.

    Raises ValueError for a dimension below 1 and an unknown shape.

    >>> Domain(name="disk", dimension=2, shape="ball").volume == math.pi
    True
    """

    name: str
    dimension: int
    shape: Literal["ball", "cube"]

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise ValueError(f"required: a dimension of at least 1; got {self.dimension}")
        if self.shape not in ("ball", "cube"):
            raise ValueError(f"required: shape 'ball' or 'cube'; got {self.shape!r}")

    @property
    def volume(self) -> float:
        """2^d for the cube, pi^(d/2) / Gamma(d/2 + 1) for the ball."""
        if self.shape == "cube":
            return 2.0**self.dimension
        if self.dimension == 1:
            return 2.0
        return math.pi ** (self.dimension / 2) / math.gamma(self.dimension / 2 + 1)

    def contains(self, points_ND: Array) -> NDArray[np.bool_]:
        """Whether each point (row) lies in the closed domain."""
        if self.shape == "cube":
            return np.all(np.abs(points_ND) <= 1.0, axis=1)
        return np.sum(points_ND**2, axis=1) <= 1.0


def domain_for(dimension: int) -> Domain:
    """The default domain: [-1, 1] for d = 1, the unit disk for d = 2, the unit ball beyond.

    >>> [domain_for(d).name for d in (1, 2, 3)]
    ['interval', 'disk', 'ball']
    """
    name = {1: "interval", 2: "disk"}.get(dimension, "ball")
    return Domain(name=name, dimension=dimension, shape="ball")


def square(dimension: int = 2) -> Domain:
    """The cube [-1, 1]^d, called "square" for d = 2.

    >>> square().name, square(3).volume
    ('square', 8.0)
    """
    return Domain(name="square" if dimension == 2 else "cube", dimension=dimension, shape="cube")


def check_order(domain: Domain, order: int, kinks: Sequence[Hyperplane]) -> None:
    """Raises ValueError for order < 1 and for a kink of another dimension than the domain's."""
    if order < 1:
        raise ValueError(f"required: an order (points per piece) of at least 1; got {order}")
    for kink in kinks:
        if len(kink.normal) != domain.dimension:
            raise ValueError(
                f"required: a kink of the {domain.name} with a normal of {domain.dimension} "
                f"coordinates; got {len(kink.normal)}"
            )


def distinct(kinks: Sequence[Hyperplane]) -> list[Hyperplane]:
    """The kinks as sets, each once: (n, t) and (-n, -t) are the same hyperplane."""
    rows: list[Array] = []
    kept: list[Hyperplane] = []
    for kink in kinks:
        row = np.array([*kink.normal, kink.offset])
        if all(min(np.abs(row - r).max(), np.abs(row + r).max()) > SMALLEST_PIECE for r in rows):
            rows.append(row)
            kept.append(kink)
    return kept


def distances(points_ND: Array, planes: Sequence[Hyperplane]) -> Array:
    """Distance of each point to the nearest of the planes (inf where there are none)."""
    nearest_N = np.full(len(points_ND), np.inf)
    for plane in planes:
        np.minimum(nearest_N, np.abs(points_ND @ plane.normal - plane.offset), out=nearest_N)
    return nearest_N
