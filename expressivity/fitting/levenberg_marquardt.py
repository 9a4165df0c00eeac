"""Levenberg-Marquardt over all learned parameters (Marquardt 1963, doi:10.1137/0111030)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from expressivity.fitting.gauss_newton import DampedGaussNewton, Linearisation
from expressivity.fitting.linear_algebra import padding, sanitised
from expressivity.fitting.problem import Problem, columns, system_factor


@dataclass(frozen=True, kw_only=True)
class LevenbergMarquardt(DampedGaussNewton):
    """Damped Gauss-Newton on the full Jacobian.

    >>> LevenbergMarquardt().initial_damping
    0.01
    """

    def moved(self, problem: Problem) -> Tensor:
        """All learned parameters."""
        return columns(problem.family, None, problem.x_BEN.device).moved

    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """R and Q^T r of the Jacobian, node block by node block."""
        system = columns(problem.family, None, problem.x_BEN.device).full_system
        factor_LCC, finite_L = sanitised(system_factor(problem, theta_LP, system))
        error_L = torch.linalg.vector_norm(factor_LCC[:, :, -1], dim=1)
        return Linearisation(
            theta_LP=theta_LP,
            error_L=torch.where(finite_L, error_L, torch.inf),
            model_LCR=pad(factor_LCC.mT, (0, padding(factor_LCC.shape[1]))),
        )
