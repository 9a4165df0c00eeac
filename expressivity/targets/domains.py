"""Domains and quadrature: every norm is an integral over one of these sets (Lebesgue measure).

A target is piecewise analytic, and its pieces meet along hyperplanes (kinks). The product rule is
iterated Gauss-Legendre quadrature, split so that each one-dimensional integrand is analytic on each
of its pieces. The split points of a coordinate are its critical values on the strata that the kinks
and the boundary form (intersections of kinks, each with and without the sphere): between two
critical values the arrangement seen by the inner coordinates does not change.

In dimensions 1 and 2 this gives spectral convergence for any arrangement of lines. From dimension 3
on a slice can vanish like a power 3/2 or higher of the distance to a critical value (a plane
touching a sphere), the convergence there is algebraic, and a rule over `max_product_nodes` nodes
first loses its outer splits and then gives way to randomised quasi-Monte Carlo.

Array suffixes: N nodes, D coordinates, M outer nodes, L coordinates already fixed, R = D - L
coordinates left, K planes, S planes of one stratum, P points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations
from typing import Literal

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import gammainc, ndtri
from scipy.stats import qmc

Array = NDArray[np.float64]

max_product_nodes = 200_000
sobol_batches, sobol_bits = 8, 14  # 8 independent scramblings of 2**14 points: 2**17 nodes

_smallest_piece = 1e-14
_on_kink = 1e-15  # the slab within this distance of a kink has a measure of the same order
_parallel = 1e-12


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
            raise ValueError(f"normal must have length 1, got {length!r}: divide it by its length")
        if not math.isfinite(self.offset):
            raise ValueError(f"offset must be finite, got {self.offset!r}: pass a real number")


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
            raise ValueError(f"dimension must be at least 1, got {self.dimension}: pass 1, 2, ...")
        if self.shape not in ("ball", "cube"):
            raise ValueError(
                f"shape must be 'ball' or 'cube', got {self.shape!r}: pass one of them"
            )

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """Quadrature nodes (N, D) and positive weights (N,), float64, read-only.

    `order` is the number of Gauss points per piece and coordinate (as asked for, also where the
    kind is "sobol"). A "sobol" rule is `batches` consecutive blocks of equal size, independent
    scramblings of the sequence: `batches` times the sum over one is an unbiased estimate.

    >>> rule(domain_for(1), order=3).size
    3
    """

    nodes_ND: Array
    weights_N: Array
    kind: Literal["gauss", "sobol"]
    order: int
    batches: int = 1

    def __post_init__(self) -> None:
        assert self.nodes_ND.shape[:1] == self.weights_N.shape
        assert self.size % self.batches == 0
        self.nodes_ND.setflags(write=False)
        self.weights_N.setflags(write=False)

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.weights_N.size


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


def rule(
    domain: Domain,
    *,
    order: int,
    outer_order: int | None = None,
    kinks: Sequence[Hyperplane] = (),
    seed: int = 0,
) -> Rule:
    """Quadrature on `domain` for a function that is analytic off the hyperplanes `kinks`.

    A Gauss product rule with no node on a kink and `order` points per piece of the innermost
    coordinate, the one in the most kinks, and `outer_order` (`order`) of the others; in
    dimensions from 3 on, where that takes more than `max_product_nodes` nodes, scrambled Sobol
    points from `seed`, off the kinks with probability 1 only (a Gauss rule ignores the seed).

    Raises ValueError for order < 1 and for a kink of another dimension.
    Source: Gauss-Legendre in nested coordinates, x = h sin(phi) on all levels of the ball but the
    innermost; scrambled Sobol points after Owen (1995) doi:10.1007/978-1-4612-2552-2_19.

    >>> kink = Hyperplane(normal=(0.6, 0.8), offset=0.1)
    >>> disk = rule(domain_for(2), order=16, kinks=[kink])
    >>> abs(integrate(np.ones(disk.size), disk) - math.pi) < 1e-13
    True
    """
    _check(domain, order, kinks)
    orders = (outer_order or order, order)
    capped = domain.dimension >= 3
    for thorough in (True, False) if capped else (True,):
        found = _product(domain, kinks, orders, thorough, max_product_nodes if capped else None)
        if found is not None:
            return Rule(nodes_ND=found[0], weights_N=found[1], kind="gauss", order=order)
    nodes_ND = np.concatenate([
        _sobol(domain, np.random.default_rng(child))
        for child in np.random.SeedSequence(seed).spawn(sobol_batches)
    ])  # fmt: skip
    weights_N = np.full(len(nodes_ND), domain.volume / len(nodes_ND))
    return Rule(
        nodes_ND=nodes_ND, weights_N=weights_N, kind="sobol", order=order, batches=sobol_batches
    )


def integrate(values_N: Array, rule: Rule) -> float:
    """The integral of a function from its values at the nodes of `rule`.

    Raises ValueError where there is not exactly one value per node.

    >>> interval = rule(domain_for(1), order=4)
    >>> round(integrate(interval.nodes_ND[:, 0] ** 2, interval), 12)
    0.666666666667
    """
    if values_N.shape != rule.weights_N.shape:
        raise ValueError(
            f"values must have shape ({rule.size},), got {values_N.shape}: pass one value per node"
        )
    return float(np.sum(values_N * rule.weights_N))


def estimate_error(
    values_coarse_N: Array, rule_coarse: Rule, values_fine_N: Array, rule_fine: Rule
) -> float:
    """The fine rule's own estimate of its error for one function: a number, never a bound.

    Gauss: the distance of the two integrals. Sobol: the standard error over the independent
    scramblings of the fine rule (the coarse one is not used). Raises ValueError as `integrate`.

    >>> coarse, fine = (rule(domain_for(1), order=n) for n in (2, 4))
    >>> x, y = coarse.nodes_ND[:, 0], fine.nodes_ND[:, 0]
    >>> round(estimate_error(x**4, coarse, y**4, fine), 6)  # 2/5 - 2/9
    0.177778
    """
    distance = abs(integrate(values_coarse_N, rule_coarse) - integrate(values_fine_N, rule_fine))
    if rule_fine.kind == "gauss":
        return distance
    blocks = (values_fine_N * rule_fine.weights_N).reshape(rule_fine.batches, -1)
    estimates = rule_fine.batches * blocks.sum(axis=1)
    return float(np.std(estimates, ddof=1)) / math.sqrt(rule_fine.batches)


def kink_points(domain: Domain, kinks: Sequence[Hyperplane], *, order: int) -> tuple[Array, Array]:
    """Points (P, D) of the kinks inside the domain, and the unit normal (P, D) at each of them.

    For one-sided limits at x -+ tiny * normal. d = 1: the kink itself. d = 2: max(order, 2)
    Chebyshev-Lobatto points of the chord, with its two ends. d >= 3: the same on d + order chords
    through one point of the kink. Points on two kinks are left out: they have no two sides.

    Raises ValueError for order < 1 and for a kink of another dimension.

    >>> diameter = Hyperplane(normal=(0.0, 1.0), offset=0.0)
    >>> points, normals = kink_points(domain_for(2), [diameter], order=2)
    >>> points.tolist(), normals[0].tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [0.0, 1.0])
    """
    _check(domain, order, kinks)
    planes = _distinct(kinks)
    points: list[Array] = [np.empty((0, domain.dimension))]
    normals: list[Array] = [np.empty((0, domain.dimension))]
    for plane in planes:
        others = [other for other in planes if other is not plane]
        points_PD = _on_chords(domain, plane, order)
        points_PD = points_PD[_distances(points_PD, others) > _parallel]
        points.append(points_PD)
        normals.append(np.tile(np.array(plane.normal), (len(points_PD), 1)))
    return np.concatenate(points), np.concatenate(normals)


def _check(domain: Domain, order: int, kinks: Sequence[Hyperplane]) -> None:
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order}: pass the points per piece")
    for kink in kinks:
        if len(kink.normal) != domain.dimension:
            raise ValueError(
                f"a kink of the {domain.name} must have {domain.dimension} coordinates, "
                f"got {len(kink.normal)}: pass a normal of that length"
            )


def _distinct(kinks: Sequence[Hyperplane]) -> list[Hyperplane]:
    """The kinks as sets, each once: (n, t) and (-n, -t) are the same hyperplane."""
    rows: list[Array] = []
    kept: list[Hyperplane] = []
    for kink in kinks:
        row = np.array([*kink.normal, kink.offset])
        if all(min(np.abs(row - r).max(), np.abs(row + r).max()) > _smallest_piece for r in rows):
            rows.append(row)
            kept.append(kink)
    return kept


def _distances(points_ND: Array, planes: Sequence[Hyperplane]) -> Array:
    """Distance of each point to the nearest of the planes (inf where there are none)."""
    nearest_N = np.full(len(points_ND), np.inf)
    for plane in planes:
        np.minimum(nearest_N, np.abs(points_ND @ plane.normal - plane.offset), out=nearest_N)
    return nearest_N


@lru_cache(maxsize=64)
def _gauss(order: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    nodes, weights = leggauss(order)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _product(
    domain: Domain,
    kinks: Sequence[Hyperplane],
    orders: tuple[int, int],
    thorough: bool,
    most: int | None,
) -> tuple[Array, Array] | None:
    """Nodes and weights of the product rule, or None where it takes more than `most` nodes."""
    d = domain.dimension
    planes = _distinct(kinks)
    normals_KD = np.array([plane.normal for plane in planes]).reshape(len(planes), d)
    offsets_K = np.array([plane.offset for plane in planes])
    # The coordinate in the most kinks goes innermost: there a split costs the fewest nodes.
    axes = np.argsort(np.sum(np.abs(normals_KD) > _parallel, axis=0), kind="stable")
    normals_KD = normals_KD[:, axes]
    fixed_ML, weights_M, radius_M = np.zeros((1, 0)), np.ones(1), np.ones(1)
    for level in range(d):
        order = orders[level == d - 1]
        unit_nodes, unit_weights = _gauss(order)
        gaps_MK = offsets_K - fixed_ML @ normals_KD[:, :level].T
        cuts = _cuts(domain, normals_KD[:, level:], gaps_MK, radius_M, thorough)
        outer, piece = np.nonzero(np.diff(cuts, axis=1) > _smallest_piece)
        if most is not None and outer.size * orders[0] ** (d - 1 - level) * orders[1] > most:
            return None
        left, right, radius = cuts[outer, piece], cuts[outer, piece + 1], radius_M[outer]
        curved = domain.shape == "ball" and level < d - 1
        if curved:  # x = h sin(phi) makes the inner half-width h cos(phi) analytic at the ends
            left, right = np.arcsin(left / radius), np.arcsin(right / radius)
        at = (left[:, None] + (right - left)[:, None] * unit_nodes).ravel()
        steps = ((right - left)[:, None] * unit_weights).ravel()
        radius = np.repeat(radius, order)
        outer = np.repeat(outer, order)
        if curved:
            at, radius = radius * np.sin(at), radius * np.cos(at)
            steps = steps * radius
        fixed_ML = np.column_stack((fixed_ML[outer], at))
        weights_M, radius_M = weights_M[outer] * steps, radius
    nodes_ND = np.empty_like(fixed_ML)
    nodes_ND[:, axes] = fixed_ML
    # Rounding can put a node of a tiny piece on its end: its weight is as small as the piece.
    keep = domain.contains(nodes_ND) & (_distances(nodes_ND, kinks) > _on_kink)
    return nodes_ND[keep], weights_M[keep]


def _cuts(
    domain: Domain, normals_KR: Array, gaps_MK: Array, radius_M: Array, thorough: bool
) -> Array:
    """Sorted split points of the first coordinate left, one row per outer node.

    The planes are {y : normals y = gaps} in the R coordinates left, which fill the ball of
    `radius` or the cube. On the flat with nearest point p to 0 the first coordinate is constant
    (split there) or, on its intersection with the sphere, ranges over p_1 -+ s sqrt(radius^2 -
    |p|^2), s the length of e_1 projected on the flat. Not `thorough`: constant ones alone.
    """
    kinks, left = normals_KR.shape
    if domain.shape == "cube" and thorough and kinks:
        faces = np.eye(left)[1:]  # where a kink leaves the cube is its intersection with a face
        normals_KR = np.concatenate((normals_KR, faces, faces))
        ends = np.repeat([1.0, -1.0], left - 1)
        gaps_MK = np.column_stack((gaps_MK, np.tile(ends, (len(gaps_MK), 1))))
    columns = [-radius_M, radius_M]
    largest = min(left, 3) if thorough else 1  # more than 3 at once: too many, and too rare
    sizes = (combinations(range(len(normals_KR)), size) for size in range(1, largest + 1))
    for chosen in chain.from_iterable(sizes):
        rows_SR = normals_KR[list(chosen)]
        if chosen[0] >= kinks or np.linalg.matrix_rank(rows_SR, tol=_parallel) < len(chosen):
            continue
        inverse_RS = np.linalg.pinv(rows_SR)
        slope = float(np.linalg.norm(np.eye(left)[0] - inverse_RS @ rows_SR[:, 0]))
        constant = slope < _parallel
        if not constant and (not thorough or domain.shape == "cube"):
            continue
        nearest_MR = gaps_MK[:, list(chosen)] @ inverse_RS.T
        if domain.shape == "ball":
            room_M = radius_M**2 - np.sum(nearest_MR**2, axis=1)
            misses_M = room_M < 0.0
            spread_M = slope * np.sqrt(np.maximum(room_M, 0.0))
        else:
            is_point = len(chosen) == left
            misses_M = is_point & np.any(np.abs(nearest_MR) > 1.0 + _parallel, axis=1)
            spread_M = np.zeros_like(radius_M)
        sides = (1.0,) if constant else (-1.0, 1.0)
        columns += [np.where(misses_M, radius_M, nearest_MR[:, 0] + s * spread_M) for s in sides]
    cuts = np.clip(np.stack(columns, axis=1), -radius_M[:, None], radius_M[:, None])
    return np.sort(cuts, axis=1)


def _sobol(domain: Domain, rng: np.random.Generator) -> Array:
    """One scrambling of 2**sobol_bits points, uniform on the domain."""
    d = domain.dimension
    points_ND: Array = qmc.Sobol(d, scramble=True, rng=rng).random_base2(sobol_bits)
    # Middles of the cells of side 2^-30: never 0 or 1.
    return _onto(domain, points_ND + 2.0**-31)


def random_points(domain: Domain, count: int, *, seed: int) -> Array:
    """Independent uniform points of a domain, shape count x d; the seed decides them.

    >>> disk = domain_for(2)
    >>> bool(disk.contains(random_points(disk, 100, seed=0)).all())
    True
    """
    rng = np.random.default_rng(seed)
    return _onto(domain, rng.uniform(2.0**-53, 1.0, size=(count, domain.dimension)))


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
        directions = (rays / np.maximum(lengths, _parallel))[lengths[:, 0] > 1e-6]
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
