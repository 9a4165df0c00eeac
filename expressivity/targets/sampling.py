"""Points of a domain: independent, quasi-random, and on the kinks inside it.

Array suffixes: N nodes, D coordinates, P points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import gammainc, ndtri

from expressivity.targets.domains import (
    PARALLEL,
    Array,
    Domain,
    Hyperplane,
    check_order,
    distances,
    distinct,
)


def random_points(domain: Domain, count: int, *, seed: int) -> Array:
    """Independent uniform points of a domain, shape count x d; the seed decides them.

    >>> from expressivity.targets.domains import domain_for
    >>> disk = domain_for(2)
    >>> bool(disk.contains(random_points(disk, 100, seed=0)).all())
    True
    """
    rng = np.random.default_rng(seed)
    return _onto(domain, rng.uniform(2.0**-53, 1.0, size=(count, domain.dimension)))


def sobol_points(domain: Domain, bits: int, rng: np.random.Generator) -> Array:
    """One scrambling of 2**bits points, uniform on the domain."""
    from scipy.stats import qmc  # a second to import, and few targets are in so many dimensions

    d = domain.dimension
    points_ND: Array = qmc.Sobol(d, scramble=True, rng=rng).random_base2(bits)
    # Middles of the cells of side 2^-30: never 0 or 1.
    return _onto(domain, points_ND + 2.0**-31)


def _onto(domain: Domain, points_ND: Array) -> Array:
    """Uniform points of the open unit cube as uniform points of a domain."""
    d = domain.dimension
    if domain.shape == "cube" or d == 1:
        return 2.0 * points_ND - 1.0
    # |z|^2 is chi-square for normal z, and independent of z / |z|: its distribution function is
    # uniform, so its d-th root is the radius of a uniform point of the ball.
    normal_ND: Array = ndtri(points_ND)
    square_N = np.sum(normal_ND**2, axis=1)
    radius_N: Array = gammainc(d / 2, square_N / 2) ** (1 / d)
    return normal_ND * (radius_N / np.sqrt(square_N))[:, None]


def kink_points(domain: Domain, kinks: Sequence[Hyperplane], *, order: int) -> tuple[Array, Array]:
    """Points (P, D) of the kinks inside the domain, and the unit normal (P, D) at each of them.

    For one-sided limits at x -+ tiny * normal. d = 1: the kink itself. d = 2: max(order, 2)
    Chebyshev-Lobatto points of the chord, with its two ends. d >= 3: the same on d + order chords
    through one point of the kink. Points on two kinks are left out: they have no two sides.

    Raises ValueError for order < 1 and for a kink of another dimension.

    >>> from expressivity.targets.domains import domain_for
    >>> diameter = Hyperplane(normal=(0.0, 1.0), offset=0.0)
    >>> points, normals = kink_points(domain_for(2), [diameter], order=2)
    >>> points.tolist(), normals[0].tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [0.0, 1.0])
    """
    check_order(domain, order, kinks)
    planes = distinct(kinks)
    points: list[Array] = [np.empty((0, domain.dimension))]
    normals: list[Array] = [np.empty((0, domain.dimension))]
    for plane in planes:
        others = [other for other in planes if other is not plane]
        points_PD = _on_chords(domain, plane, order)
        points_PD = points_PD[distances(points_PD, others) > PARALLEL]
        points.append(points_PD)
        normals.append(np.tile(np.array(plane.normal), (len(points_PD), 1)))
    return np.concatenate(points), np.concatenate(normals)


def _on_chords(domain: Domain, plane: Hyperplane, order: int) -> Array:
    """Chebyshev-Lobatto points on chords of `plane` in the domain, none where it misses it."""
    d, normal = domain.dimension, np.array(plane.normal)
    # The point of the plane nearest to 0, in the norm whose unit ball the domain is.
    ball = domain.shape == "ball"
    middle = plane.offset * (normal if ball else np.sign(normal) / np.abs(normal).sum())
    if np.linalg.norm(middle, ord=2 if ball else np.inf) >= 1.0:
        return np.empty((0, d))
    if d == 1:
        return middle[None, :]
    if d == 2:
        directions = np.array([[normal[1], -normal[0]]])
    else:
        rays = np.concatenate((np.eye(d), np.random.default_rng(0).standard_normal((order, d))))
        rays = rays - np.outer(rays @ normal, normal)
        lengths = np.linalg.norm(rays, axis=1, keepdims=True)
        directions = (rays / np.maximum(lengths, PARALLEL))[lengths[:, 0] > 1e-6]
    if ball:
        high = np.full(len(directions), math.sqrt(1.0 - plane.offset**2))
        low = -high
    else:
        with np.errstate(divide="ignore"):
            ends = (np.array([[[-1.0]], [[1.0]]]) - middle) / directions
        low, high = ends.min(axis=0).max(axis=1), ends.max(axis=0).min(axis=1)
    at = (1.0 - np.cos(np.linspace(0.0, math.pi, max(order, 2)))) / 2.0
    steps = low[:, None] + (high - low)[:, None] * at
    points = middle + steps[:, :, None] * directions[:, None, :]
    return points.reshape(-1, d)
