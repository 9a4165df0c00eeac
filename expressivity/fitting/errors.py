"""Norms of targets and of network errors, by quadrature split along the target's kinks.

``l2`` and ``sup`` are relative to the target's norm; ``w1inf`` is the essential supremum of
the Euclidean norm of the gradient error, absolute. Suprema run over the nodes of the fine
rule and over pairs of points on either side of the target's kinks, where one-sided gradients
are taken: a network whose kink misses the target's by 1e-16 shows the full jump there, as it
must (docs/theory.md, section 10).

How well the target's norm is known is a finding too (``norms.py``), and so is each reported l2
error: it has an estimate of its own, since a network may be steeper than the target. Where the
measuring rule does not resolve a difference, cells adapt to it, steered to the hyperplanes at
which neurons and gates change.

Shape letters: L lanes, N nodes, D input dimension, O outputs.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate, evaluate_with_gradient, pack, unpack
from expressivity.fitting.known_errors import known_error
from expressivity.fitting.norms import (
    TargetNorm,
    cells_of,
    judged,
    normed,
    on_arrays,
    plain_rule,
)
from expressivity.fitting.problem import Samples
from expressivity.targets.quadrature import Rule, estimate_error
from expressivity.targets.sampling import kink_points, random_points
from expressivity.targets.target import Target

_KINK_ORDER = 65
_EVALUATION_LANES = 4
_NEGLIGIBLE = 1e-10
_ROUNDOFF = 256 * torch.finfo(torch.float64).eps


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Errors of one network; the norms of the module docstring.

    Attributes:
        l2_estimate: by how much ``l2`` may be off: an estimate, never a bound.
    """

    l2: float
    l2_estimate: float
    sup: float
    w1inf: float


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A target sampled for measuring.

    Attributes:
        target: what was sampled.
        nodes_ND, weights_N: the fine rule, with the target's values_N and gradients_ND there.
        sides_ND, side_values_N, side_gradients_ND: the same just beside the kinks.
        l2, sup: the target's norms.
        fit_nodes: size of the rule that fits use.
        rule_error: estimate of the relative error of the fit rule's squared norm.
        norm: how well ``l2`` is known.
    """

    target: Target
    nodes_ND: Tensor
    weights_N: Tensor
    values_N: Tensor
    gradients_ND: Tensor
    sides_ND: Tensor
    side_values_N: Tensor
    side_gradients_ND: Tensor
    l2: float
    sup: float
    fit_nodes: int
    rule_error: float
    norm: TargetNorm

    def json(self) -> dict[str, object]:
        """What the manifest records of the rules."""
        return {
            "fit_nodes": self.fit_nodes,
            "fine_nodes": self.nodes_ND.shape[0],
            "kink_points": self.sides_ND.shape[0],
            "target_l2": self.l2,
            "target_sup": self.sup,
            "relative_rule_error": self.rule_error,
            "relative_norm_error": self.norm.relative_error,
            "norm_doubt": self.norm.doubt,
        }


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float64))


@functools.lru_cache(maxsize=32)
def fit_samples(target: Target, *, gradient: bool, coarse: bool = False) -> Samples:
    """The target on the rule that fits use, with gradients for fits in the H1 norm.

    ``coarse`` takes about a quarter of the nodes (in one dimension half): a rule for the first
    steps of a search.

    >>> from expressivity.targets.builtin import t2
    >>> [fit_samples(t2(), gradient=False, coarse=c).nodes_ND.shape[0] for c in (False, True)]
    [500, 192]
    """
    points = _fit_rule(target, coarse=coarse)
    nodes_ND = _tensor(points.nodes_ND)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=_tensor(points.weights_N),
        values_NO=target.values(nodes_ND)[:, None],
        gradients_NOD=target.gradients(nodes_ND)[:, None] if gradient else None,
    )


def _fit_rule(target: Target, *, coarse: bool) -> Rule:
    if judged(target).cells is None:
        return plain_rule(target, "coarse" if coarse else "fit")
    cells = cells_of(target, fit=True)
    assert cells is not None
    return cells.rule(max(2, cells.order // 2) if coarse else None)


def noisy_samples(target: Target, *, size: float, points: int, seed: int) -> Samples:
    """The target at random points of its domain, with Gaussian noise.

    Args:
        target: what is measured.
        size: standard deviation of the noise, relative to the target's root mean square.
        points: how many, uniform and independent, of equal weight.
        seed: of points and noise; they are drawn from independent streams.

    >>> from expressivity.targets.builtin import t1
    >>> noisy_samples(t1(), size=0.1, points=5, seed=0).values_NO.shape
    torch.Size([5, 1])
    """
    domain = target.domain
    nodes_ND = _tensor(random_points(domain, points, seed=seed))
    deviation = size * measuring_grid(target).l2 / domain.volume**0.5
    noise_N = np.random.default_rng([seed, 1]).normal(scale=deviation, size=points)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=torch.full((points,), domain.volume / points, dtype=torch.float64),
        values_NO=(target.values(nodes_ND) + _tensor(noise_N))[:, None],
    )


@functools.lru_cache(maxsize=32)
def measuring_grid(target: Target) -> Grid:
    """The fine rule and the points beside the kinks, with the target on both.

    Raises:
        ValueError: the target is not finite there, or vanishes.

    >>> from expressivity.targets.builtin import t1
    >>> round(measuring_grid(t1()).l2 ** 2 * 30, 9)
    31.0
    """
    fine, cells = plain_rule(target, "fine"), None
    if bool(torch.isfinite(target.values(_tensor(fine.nodes_ND))).all()):
        cells = judged(target).cells
        fine = fine if cells is None else cells.rule()
    nodes_ND, weights_N = _tensor(fine.nodes_ND), _tensor(fine.weights_N)
    values_N, gradients_ND = target.values(nodes_ND), target.gradients(nodes_ND)
    sides_ND = _beside_kinks(target)
    side_values_N = target.values(sides_ND)
    every = torch.cat([values_N, side_values_N])
    if not bool(torch.isfinite(every).all() and torch.isfinite(gradients_ND).all()):
        raise ValueError(
            f"required: a target that is finite with its gradient on {target.domain.name}; "
            f"{target.name} is not: change the expression"
        )
    squared = float((weights_N * values_N**2).sum())
    if not 0 < squared < math.inf:
        came = "vanishes" if squared == 0 else "overflows"
        raise ValueError(
            f"required: a target with a positive finite norm; {target.name} {came}: rescale it"
        )
    sup = float(every.abs().max())
    if cells is not None:
        sup = _climbed(target, torch.cat([nodes_ND, sides_ND]), every, max(sup, cells.largest))
    fit = _fit_rule(target, coarse=False)
    fit_squares, squares = on_arrays(target, fit.nodes_ND) ** 2, values_N.numpy() ** 2
    return Grid(
        target=target,
        nodes_ND=nodes_ND,
        weights_N=weights_N,
        values_N=values_N,
        gradients_ND=gradients_ND,
        sides_ND=sides_ND,
        side_values_N=side_values_N,
        side_gradients_ND=target.gradients(sides_ND),
        l2=squared**0.5,
        sup=sup,
        fit_nodes=fit.size,
        rule_error=estimate_error(fit_squares, fit, squares, fine) / squared,
        norm=normed(target, squared, sup),
    )


_CLIMBERS = 8
_FIRST_STEP, _MOST_STEPS = 1e-2, 100


def _climbed(target: Target, points_ND: Tensor, values_N: Tensor, least: float) -> float:
    """The supremum of the modulus, by a compass search from the points where it is largest."""
    at_ND = points_ND[values_N.abs().topk(min(_CLIMBERS, len(values_N))).indices]
    steps = torch.cat([torch.eye(target.dimension), -torch.eye(target.dimension)]).double()
    step = _FIRST_STEP
    best_N = target.values(at_ND).abs()
    for _ in range(_MOST_STEPS):
        tried_NSD = at_ND[:, None] + step * steps
        tried_ND = tried_NSD.reshape(-1, target.dimension)
        values_N = target.values(tried_ND).abs().nan_to_num(nan=0.0)
        values_N[torch.from_numpy(~target.domain.contains(tried_ND.numpy()))] = 0.0
        value_N, chosen_N = values_N.reshape(len(at_ND), -1).max(1)
        better_N = value_N > best_N
        at_ND = torch.where(better_N[:, None], tried_NSD[range(len(at_ND)), chosen_N], at_ND)
        best_N = torch.maximum(best_N, value_N)
        step = step if bool(better_N.any()) else step / 4
    return max(least, float(best_N.max()))


def _beside_kinks(target: Target) -> Tensor:
    """Points as close as floats allow to either side of each kink, first all on one side."""
    points, normals = kink_points(target.domain, target.kinks, order=_KINK_ORDER)
    points_ND, normals_ND = _tensor(points), _tensor(normals)
    pairs: list[Tensor] = []
    for sign in (-1.0, 1.0):
        # On a coordinate hyperplane through 0 the gap can be far below rounding error.
        tiny_ND = points_ND + sign * 1e-200 * normals_ND
        moved_N = ((tiny_ND != points_ND) | (normals_ND == 0)).all(1)
        apart_ND = points_ND + sign * 4 * torch.finfo(torch.float64).eps * normals_ND
        pairs.append(torch.where(moved_N[:, None], tiny_ND, apart_ND))
    return torch.cat(pairs)


def l2_errors(family: Family, theta_LP: Tensor, grid: Grid) -> Tensor:
    """Relative l2 errors of packed lanes on the fine rule, shape L."""
    errors: list[Tensor] = []
    for lanes in theta_LP.split(_EVALUATION_LANES):
        difference_LN = evaluate(family, lanes, grid.nodes_ND)[:, 0] - grid.values_N
        errors.append((grid.weights_N * difference_LN**2).sum(1).sqrt() / grid.l2)
    return torch.cat(errors)


def snapped(family: Family, theta_P: Tensor, grid: Grid) -> Tensor:
    """The network with negligible weights of the linear maps set to zero, if that costs nothing.

    A fit that ends at round-off leaves weights of 1e-17 where zeros belong, and with them
    kinks beside the target's. The tidied network is another network, measured for itself: it
    is taken only where its relative l2 error is at most twice the fitted one's, or round-off.
    """
    blocks = {name: block.clone() for name, block in unpack(family, theta_P[None]).items()}
    for name in ("w", "v"):
        if name in blocks:
            size = blocks[name].abs().amax(-1, keepdim=True)
            blocks[name][blocks[name].abs() <= _NEGLIGIBLE * size] = 0.0
    candidate_P = pack(family, blocks)[0]
    before, after = l2_errors(family, torch.stack([theta_P, candidate_P]), grid).tolist()
    return candidate_P if after <= max(2 * before, _ROUNDOFF) else theta_P


def measure(family: Family, theta_P: Tensor, grid: Grid) -> Errors:
    """All three errors of one packed network."""
    value_errors: list[Tensor] = []
    gradient_errors: list[Tensor] = []
    for points, values, gradients in (
        (grid.nodes_ND, grid.values_N, grid.gradients_ND),
        (grid.sides_ND, grid.side_values_N, grid.side_gradients_ND),
    ):
        if points.shape[0]:
            f_LON, g_LOND = evaluate_with_gradient(family, theta_P[None], points)
            value_errors.append(f_LON[0, 0] - values)
            gradient_errors.append(torch.linalg.vector_norm(g_LOND[0, 0] - gradients, dim=1))
    squared = float((grid.weights_N * value_errors[0] ** 2).sum())
    l2, estimate = known_error(family, theta_P, grid.target, squared**0.5 / grid.l2, grid.l2)
    return Errors(
        l2=l2,
        l2_estimate=estimate,
        sup=float(torch.cat(value_errors).abs().max()) / grid.sup,
        w1inf=float(torch.cat(gradient_errors).max()),
    )
