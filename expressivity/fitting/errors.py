"""Norms of targets and of network errors, by quadrature split along the target's kinks.

``l2`` and ``sup`` are relative to the target's norm; ``w1inf`` is the essential supremum of
the Euclidean norm of the gradient error, absolute. Suprema run over the nodes of the fine
rule and over pairs of points on either side of the target's kinks, where one-sided gradients
are taken: a network whose kink misses the target's by 1e-16 shows the full jump there, as it
must (docs/theory.md, section 6).

How well the target's norm is known is a finding too: a finer rule, and bounds of the target's
values on boxes (``intervals.py``), may contradict the fine rule. The errors of networks come from
the same nodes, so that nothing is known of them where the target hides between these.

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
from expressivity.fitting.problem import Samples
from expressivity.targets.intervals import bracket
from expressivity.targets.quadrature import Rule, estimate_error, rule
from expressivity.targets.sampling import kink_points, random_points
from expressivity.targets.target import Target

_FIT_ORDERS = {1: (64, 64), 2: (10, 25), 3: (6, 14), 4: (6, 12), 5: (6, 8)}
_FINE_ORDERS = {1: (256, 256), 2: (24, 96), 3: (8, 24), 4: (8, 16), 5: (8, 10)}
"""Gauss points per piece of the innermost coordinate and of the others, by dimension. The
innermost one is split by the kinks, so balance asks for fewer points there."""
_HIGH_DIMENSION_ORDERS = ((4, 6), (6, 8))
_FINEST_ORDERS = {1: (512, 512), 2: (64, 256), 3: (12, 36), 4: (10, 20), 5: (10, 11)}
"""Of the rule that judges the fine one, in the dimensions where that is cheap."""
NORM_TOLERANCE = 1e-3
"""Relative error from which a norm counts as not known."""
_SETTLED = 1e-6  # where the coarse rule is that good, the fine one needs no judge
_HIDDEN_PEAK = 2.0  # of the largest value at the nodes: a supremum is never sampled exactly
_KINK_ORDER = 65
_EVALUATION_LANES = 4
_NEGLIGIBLE = 1e-10
_ROUNDOFF = 256 * torch.finfo(torch.float64).eps


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Errors of one network; the norms of the module docstring."""

    l2: float
    sup: float
    w1inf: float


@dataclass(frozen=True, kw_only=True)
class TargetNorm:
    """The L2 norm of a target as it was found, and how well it is known.

    Attributes:
        l2: by the fine rule.
        relative_error: estimate of its relative error.
        doubt: why it counts as not known, and the supremum and the errors of networks with it;
            None where it does not.
    """

    l2: float
    relative_error: float
    doubt: str | None

    @property
    def known(self) -> bool:
        """Whether verdicts may rest on it."""
        return self.doubt is None

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "l2": self.l2,
            "relative_error": self.relative_error,
            "known": self.known,
            "doubt": self.doubt,
        }


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A target sampled for measuring.

    Attributes:
        nodes_ND, weights_N: the fine rule, with the target's values_N and gradients_ND there.
        sides_ND, side_values_N, side_gradients_ND: the same just beside the kinks.
        l2, sup: the target's norms.
        fit_nodes: size of the rule that fits use.
        rule_error: estimate of the relative error of the fit rule's squared norm.
        norm: how well ``l2`` is known.
    """

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
def fit_samples(target: Target, *, gradient: bool) -> Samples:
    """The target on the rule that fits use, with gradients for fits in the H1 norm."""
    points = _rule(target, fine=False)
    nodes_ND = _tensor(points.nodes_ND)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=_tensor(points.weights_N),
        values_NO=target.values(nodes_ND)[:, None],
        gradients_NOD=target.gradients(nodes_ND)[:, None] if gradient else None,
    )


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


@functools.lru_cache(maxsize=64)
def _rule(target: Target, *, fine: bool) -> Rule:
    orders = _FINE_ORDERS if fine else _FIT_ORDERS
    inner, outer = orders.get(target.dimension, _HIGH_DIMENSION_ORDERS[fine])
    return rule(target.domain, order=inner, outer_order=outer, kinks=target.kinks)


@functools.lru_cache(maxsize=32)
def measuring_grid(target: Target) -> Grid:
    """The fine rule and the points beside the kinks, with the target on both.

    Raises:
        ValueError: the target is not finite there, or vanishes.

    >>> from expressivity.targets.builtin import t1
    >>> round(measuring_grid(t1()).l2 ** 2 * 30, 9)
    31.0
    """
    coarse, fine = _rule(target, fine=False), _rule(target, fine=True)
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
    coarse_values = target.values(_tensor(coarse.nodes_ND)).numpy() ** 2
    rule_error = estimate_error(coarse_values, coarse, values_N.numpy() ** 2, fine) / squared
    sup = float(every.abs().max())
    return Grid(
        nodes_ND=nodes_ND,
        weights_N=weights_N,
        values_N=values_N,
        gradients_ND=gradients_ND,
        sides_ND=sides_ND,
        side_values_N=side_values_N,
        side_gradients_ND=target.gradients(sides_ND),
        l2=squared**0.5,
        sup=sup,
        fit_nodes=coarse.size,
        rule_error=rule_error,
        norm=_judged(target, squared, sup, rule_error),
    )


def _judged(target: Target, squared: float, sup: float, rule_error: float) -> TargetNorm:
    """What a finer rule and bounds on boxes say of the fine rule's squared norm and supremum."""
    error, doubt = rule_error / 2, None
    orders = _FINEST_ORDERS.get(target.dimension)
    if rule_error > _SETTLED and orders is not None:
        points = rule(target.domain, order=orders[0], outer_order=orders[1], kinks=target.kinks)
        values_N = target.values(_tensor(points.nodes_ND))
        finest = float((_tensor(points.weights_N) * values_N**2).sum())
        distance = abs((finest / squared) ** 0.5 - 1) if math.isfinite(finest) else math.inf
        # In many dimensions the finest may be a random one, and the coarse one say more.
        error = min(error, distance) if points.kind == "sobol" else distance
    if not error <= NORM_TOLERANCE:
        doubt = f"two quadrature rules differ by {error:.1e} of it"
    boxes = bracket(target)
    if boxes is not None:
        least, greatest = ((end / squared) ** 0.5 for end in (boxes.least, boxes.greatest))
        outside = max(least - 1, 1 - greatest)
        if outside > NORM_TOLERANCE:
            error = max(error, outside)
            side = f"at least {least:.3g}" if least > 1 else f"at most {greatest:.3g}"
            doubt = f"by bounds on boxes it is {side} times what the quadrature rule gives"
        elif doubt is None and boxes.peak > _HIDDEN_PEAK * sup:
            doubt = (
                f"the target reaches {boxes.peak:.3g} between the nodes of the quadrature rule, "
                f"where it stays below {sup:.3g}"
            )
    return TargetNorm(l2=squared**0.5, relative_error=error, doubt=doubt)


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
    return Errors(
        l2=squared**0.5 / grid.l2,
        sup=float(torch.cat(value_errors).abs().max()) / grid.sup,
        w1inf=float(torch.cat(gradient_errors).max()),
    )
