"""Quadrature: every norm is an integral over a domain (Lebesgue measure).

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
coordinates left, K planes, S planes of one stratum.
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

from expressivity.targets.domains import (
    PARALLEL,
    SMALLEST_PIECE,
    Array,
    Domain,
    Hyperplane,
    check_order,
    distances,
    distinct,
)
from expressivity.targets.sampling import sobol_points

max_product_nodes = 200_000
sobol_batches, sobol_bits = 8, 14  # 8 independent scramblings of 2**14 points: 2**17 nodes
ON_KINK = 1e-15  # the slab within this distance of a kink has a measure of the same order


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """Quadrature nodes (N, D) and positive weights (N,), float64, read-only.

    `order` is the number of Gauss points per piece and coordinate (as asked for, also where the
    kind is "sobol"). A "sobol" rule is `batches` consecutive blocks of equal size, independent
    scramblings of the sequence: `batches` times the sum over one is an unbiased estimate.

    >>> from expressivity.targets.domains import domain_for
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

    >>> from expressivity.targets.domains import domain_for
    >>> kink = Hyperplane(normal=(0.6, 0.8), offset=0.1)
    >>> disk = rule(domain_for(2), order=16, kinks=[kink])
    >>> abs(integrate(np.ones(disk.size), disk) - math.pi) < 1e-13
    True
    """
    check_order(domain, order, kinks)
    orders = (outer_order or order, order)
    capped = domain.dimension >= 3
    for thorough in (True, False) if capped else (True,):
        found = _product(domain, kinks, orders, thorough, max_product_nodes if capped else None)
        if found is not None:
            return Rule(nodes_ND=found[0], weights_N=found[1], kind="gauss", order=order)
    nodes_ND = np.concatenate([
        sobol_points(domain, sobol_bits, np.random.default_rng(child))
        for child in np.random.SeedSequence(seed).spawn(sobol_batches)
    ])  # fmt: skip
    weights_N = np.full(len(nodes_ND), domain.volume / len(nodes_ND))
    return Rule(
        nodes_ND=nodes_ND, weights_N=weights_N, kind="sobol", order=order, batches=sobol_batches
    )


def integrate(values_N: Array, rule: Rule) -> float:
    """The integral of a function from its values at the nodes of `rule`.

    Raises ValueError where there is not exactly one value per node.

    >>> from expressivity.targets.domains import domain_for
    >>> interval = rule(domain_for(1), order=4)
    >>> round(integrate(interval.nodes_ND[:, 0] ** 2, interval), 12)
    0.666666666667
    """
    if values_N.shape != rule.weights_N.shape:
        raise ValueError(
            f"required: one value per node, of shape ({rule.size},); got {values_N.shape}"
        )
    return float(np.sum(values_N * rule.weights_N))


def estimate_error(
    values_coarse_N: Array, rule_coarse: Rule, values_fine_N: Array, rule_fine: Rule
) -> float:
    """The fine rule's own estimate of its error for one function: a number, never a bound.

    Gauss: the distance of the two integrals. Sobol: the standard error over the independent
    scramblings of the fine rule (the coarse one is not used). Raises ValueError as `integrate`.

    >>> from expressivity.targets.domains import domain_for
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


@lru_cache(maxsize=64)
def gauss(order: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    nodes, weights = leggauss(order)
    return (nodes + 1.0) / 2.0, weights / 2.0


def arranged(domain: Domain, kinks: Sequence[Hyperplane]) -> tuple[NDArray[np.intp], Array, Array]:
    """The order in which coordinates are fixed; normals in that order, and offsets, of the kinks.

    The coordinate in the most kinks goes innermost: there a split costs the fewest nodes.
    """
    planes = distinct(kinks)
    normals_KD = np.array([plane.normal for plane in planes]).reshape(-1, domain.dimension)
    offsets_K = np.array([plane.offset for plane in planes])
    axes = np.argsort(np.sum(np.abs(normals_KD) > PARALLEL, axis=0), kind="stable")
    return axes, normals_KD[:, axes], offsets_K


def _product(
    domain: Domain,
    kinks: Sequence[Hyperplane],
    orders: tuple[int, int],
    thorough: bool,
    most: int | None,
) -> tuple[Array, Array] | None:
    """Nodes and weights of the product rule, or None where it takes more than `most` nodes."""
    d = domain.dimension
    axes, normals_KD, offsets_K = arranged(domain, kinks)
    fixed_ML, weights_M, radius_M = np.zeros((1, 0)), np.ones(1), np.ones(1)
    for level in range(d):
        order = orders[level == d - 1]
        unit_nodes, unit_weights = gauss(order)
        gaps_MK = offsets_K - fixed_ML @ normals_KD[:, :level].T
        cuts = cuts_of(domain, normals_KD[:, level:], gaps_MK, radius_M, thorough)
        outer, piece = np.nonzero(np.diff(cuts, axis=1) > SMALLEST_PIECE)
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
    keep = domain.contains(nodes_ND) & (distances(nodes_ND, kinks) > ON_KINK)
    return nodes_ND[keep], weights_M[keep]


def cuts_of(
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
        if chosen[0] >= kinks or np.linalg.matrix_rank(rows_SR, tol=PARALLEL) < len(chosen):
            continue
        inverse_RS = np.linalg.pinv(rows_SR)
        slope = float(np.linalg.norm(np.eye(left)[0] - inverse_RS @ rows_SR[:, 0]))
        constant = slope < PARALLEL
        if not constant and (not thorough or domain.shape == "cube"):
            continue
        nearest_MR = gaps_MK[:, list(chosen)] @ inverse_RS.T
        if domain.shape == "ball":
            room_M = radius_M**2 - np.sum(nearest_MR**2, axis=1)
            misses_M = room_M < 0.0
            spread_M = slope * np.sqrt(np.maximum(room_M, 0.0))
        else:
            is_point = len(chosen) == left
            misses_M = is_point & np.any(np.abs(nearest_MR) > 1.0 + PARALLEL, axis=1)
            spread_M = np.zeros_like(radius_M)
        sides = (1.0,) if constant else (-1.0, 1.0)
        columns += [np.where(misses_M, radius_M, nearest_MR[:, 0] + s * spread_M) for s in sides]
    cuts = np.clip(np.stack(columns, axis=1), -radius_M[:, None], radius_M[:, None])
    return np.sort(cuts, axis=1)
