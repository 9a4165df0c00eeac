"""Which random starts are worth a fit: those with the least error before the first iteration.

Shape letters: L lanes, P packed parameters.
"""

import torch
from torch import Tensor

from expressivity.fitting.driver import Execution, over_chunks
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.fitting.problem import Problem
from expressivity.fitting.starts import random_starts
from expressivity.fitting.state import Algorithm
from expressivity.fitting.variable_projection import VariableProjection


def first_errors(
    problem: Problem,
    algorithm: Algorithm,
    theta_LP: Tensor,
    *,
    execution: Execution | None = None,
) -> Tensor:
    """Relative error of every lane before an algorithm's first iteration, float64 on the CPU.

    With variable projection that is the error after the linear solve, here by normal equations and
    without derivatives.
    """
    error_L = torch.full((theta_LP.shape[0],), torch.inf, dtype=torch.float64)
    device, dtype = problem.x_BEN.device, problem.x_BEN.dtype

    def evaluate(chunk_L: Tensor, slots_L: Tensor) -> None:
        lanes_LP = theta_LP[chunk_L][slots_L].to(device, dtype)
        if isinstance(algorithm, VariableProjection):
            found_L = NormalProjection(linear=algorithm.linear).solve(problem, lanes_LP).error_L
        else:
            found_L = algorithm.start(problem, lanes_LP).error_L
        error_L[chunk_L] = found_L[: chunk_L.shape[0]].cpu().to(torch.float64)

    over_chunks(evaluate, theta_LP.shape[0], execution or Execution.of(problem))
    return error_L


def best_of(theta_LP: Tensor, error_L: Tensor, candidates: int) -> Tensor:
    """Of every ``candidates`` neighbouring lanes the one with the least error.

    >>> best_of(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), torch.tensor([2.0, 1, 0, 3]), 2)
    tensor([[2.],
            [3.]])
    """
    number_LC = torch.nan_to_num(error_L, nan=torch.inf).unflatten(0, (-1, candidates))
    return theta_LP.unflatten(0, (-1, candidates))[
        torch.arange(number_LC.shape[0]), number_LC.argmin(1)
    ]


def screened_starts(
    problem: Problem,
    algorithm: Algorithm,
    *,
    seed: int,
    restarts: int,
    candidates: int,
    execution: Execution | None = None,
) -> Tensor:
    """Starts theta_LP, each the best of ``candidates`` random ones by :func:`first_errors`.

    Measured on t4, t5 and t5q this doubles the share of restarts that reach round-off
    (docs/performance.md). Lane i's candidates depend on (seed, i) alone.
    """
    drawn_LP = random_starts(problem.family, seed=seed, restarts=restarts * candidates)
    if candidates == 1:
        return drawn_LP
    error_L = first_errors(problem, algorithm, drawn_LP, execution=execution)
    return best_of(drawn_LP, error_L, candidates)
