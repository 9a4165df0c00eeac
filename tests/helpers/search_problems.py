"""Problems of a search: random networks of a class, and what no small network is.

Shape letters: N nodes, D coordinates, O outputs, L lanes, P packed parameters.
"""

import numpy as np
import torch
from fit_problems import relative_residual
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate
from expressivity.fitting import FitResult, Problem, Samples, make_problem
from expressivity.fitting.starts import drawn


def nodes_of(count: int, dimension: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(count, dimension, dtype=torch.float64, generator=generator) - 1


def sampled_at(nodes_ND: Tensor, values_NO: Tensor) -> Samples:
    weights_N = torch.full((nodes_ND.shape[0],), 1 / nodes_ND.shape[0], dtype=torch.float64)
    return Samples(nodes_ND=nodes_ND, weights_N=weights_N, values_NO=values_NO)


def taught(family: Family, *, seed: int = 0, nodes: int = 192) -> Samples:
    """A random network of the class on random nodes."""
    theta_LP = drawn(family, np.random.default_rng((seed, 1)), 1)
    nodes_ND = nodes_of(nodes, family.dimension)
    return sampled_at(nodes_ND, evaluate(family, theta_LP, nodes_ND)[0].mT.contiguous())


def waves(family: Family, *, nodes: int = 96) -> Samples:
    """What no small network is."""
    nodes_ND = nodes_of(nodes, family.dimension)
    phases_NO = nodes_ND[:, :1] * torch.arange(1, family.outputs + 1)
    return sampled_at(nodes_ND, torch.sin(5 * phases_NO) + nodes_ND[:, -1:] ** 2)


def problems(family: Family, samples: Samples, *, coarse: int = 64, **options) -> list[Problem]:
    """The full problem, and that on the first nodes."""
    fewer = sampled_at(samples.nodes_ND[:coarse], samples.values_NO[:coarse])
    return [
        make_problem(family, each, **{"compiled": False} | options) for each in (samples, fewer)
    ]


def errors(problem: Problem, samples: Samples, result: FitResult) -> list[float]:
    """Relative errors, from the networks alone."""
    return [
        float(np.linalg.norm(relative_residual(problem, samples, theta_P.numpy())))
        for theta_P in result.theta_LP
    ]
