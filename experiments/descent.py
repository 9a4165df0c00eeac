"""Gradient descent of small networks, each neuron on its own clock (``condensation``).

Shape letters: L lanes, M neurons, E = d + 1 coordinates (w_j, b_j), P packed parameters, R rows.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.networks import pack, unpack
from expressivity.fitting import Problem


@dataclass(frozen=True, kw_only=True)
class Descent:
    """How small networks descend.

    Attributes:
        width: neurons.
        scale: standard deviation of all weights and biases at the start.
        interaction: a network stops once the gradient of its neurons differs by more than this
            share from what it would be beside the target alone ..
        length: .. and a neuron once its length, (w_j, b_j, a_j) together, is no smaller.
        rate: fraction of its length by which a neuron moves in a step.
        steps: at most so many.
        points: samples of the target, uniform in the domain.
        seeds: starts for each sample.
    """

    width: int = 50
    scale: float = 1e-4
    interaction: float = 0.1
    length: float = 0.1
    rate: float = 0.02
    steps: int = 2000
    points: int = 80
    seeds: int = 5


@dataclass(frozen=True, kw_only=True)
class Path:
    """Where neurons came to: growth of their length, and whether nothing moves them."""

    theta_LP: Tensor
    growth_LM: Tensor
    idle_LM: Tensor
    interaction_L: Tensor
    drift_L: Tensor
    steps: int


def descend(problem: Problem, start_LP: Tensor, descent: Descent) -> Path:
    """Gradient descent, each neuron on its own clock, to the end of the initial stage."""
    family = problem.family
    theta_LP, drift_L = start_LP, torch.zeros(start_LP.shape[0], dtype=start_LP.dtype)
    length_LM = _lengths(family, start_LP)
    steps = 0
    while True:
        gradient_LP, own_LP = _gradients(problem, theta_LP)
        pull_LM, own_LM = _lengths(family, gradient_LP), _lengths(family, own_LP)
        interaction_L = torch.linalg.vector_norm(own_LM, dim=1) / torch.linalg.vector_norm(
            _lengths(family, gradient_LP - own_LP), dim=1
        )
        idle_LM = pull_LM == 0
        early_L1 = (interaction_L <= descent.interaction)[:, None]
        moving_LM = early_L1 & ~idle_LM & (length_LM < descent.length)
        if steps == descent.steps or not bool(moving_LM.any()):
            break
        steps += 1
        clock_LM = descent.rate * length_LM / torch.where(idle_LM, 1.0, pull_LM)
        step_LM = torch.where(moving_LM, clock_LM, 0.0)
        blocks, held = unpack(family, gradient_LP), unpack(family, theta_LP)
        shared = [name for name in blocks if name not in ("w", "a")]
        pull_L, size_L = (
            torch.linalg.vector_norm(torch.cat([b[name].flatten(1) for name in shared], 1), dim=1)
            for b in (blocks, held)
        )
        drift_L = drift_L + step_LM.median(1).values * pull_L / size_L
        moves = {name: torch.zeros_like(blocks[name]) for name in shared}
        moves |= {"w": step_LM[..., None] * blocks["w"], "a": step_LM[:, None] * blocks["a"]}
        theta_LP = theta_LP - pack(family, moves)
        length_LM = _lengths(family, theta_LP)
    return Path(
        theta_LP=theta_LP,
        growth_LM=length_LM / _lengths(family, start_LP),
        idle_LM=idle_LM,
        interaction_L=interaction_L,
        drift_L=drift_L,
        steps=steps,
    )


def _gradients(problem: Problem, theta_LP: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of half the squared error, and the part of it that is due to the network itself."""
    gradient_LP, own_LP = torch.zeros_like(theta_LP), torch.zeros_like(theta_LP)
    for rows_LSR in problem.blocks(theta_LP):
        J_LPR, residual_LR, target_LR = (
            rows_LSR[:, : problem.parameters],
            rows_LSR[:, problem.parameters],
            rows_LSR[:, problem.parameters + 1],
        )
        gradient_LP += (J_LPR * residual_LR[:, None]).sum(2)
        own_LP += (J_LPR * (residual_LR + target_LR)[:, None]).sum(2)
    return gradient_LP, own_LP


def _lengths(family: Family, theta_LP: Tensor) -> Tensor:
    """Length of every neuron's own weights (w_j, b_j, a_j)."""
    blocks = unpack(family, theta_LP)
    return torch.linalg.vector_norm(torch.cat([blocks["w"], blocks["a"].mT], 2), dim=2)
