"""Variable projection with Kaufman's Jacobian.

Golub and Pereyra 1973, doi:10.1137/0710036; Kaufman 1975, doi:10.1007/BF01932995.

One block of parameters enters linearly once the others are given: the coefficients
(la: alpha; moa: the gate scales), or the output weights. It is solved for exactly at every
point, and the step moves the others along the part of the Jacobian that the linear block
cannot undo. Both come from R of one QR of [Phi | J | r]: with Phi = Q1 R11, the rows below
R11 are the projected Jacobian, and the numerically dependent directions of Phi are put back
among them, so that a rank-deficient dictionary loses nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass
from expressivity.fitting.gauss_newton import DampedGaussNewton, Linearisation
from expressivity.fitting.linear_algebra import padding, rank_revealing_solution, sanitised
from expressivity.fitting.problem import Columns, Problem, columns, system_factor


def default_linear_block(family: Family | ModuleClass) -> str:
    """The block to eliminate: at width 1 the coefficients, above it the output weights.

    At width 1 every linear parameter but a redundant factor is eliminated at once.

    Raises:
        ValueError: a user's own module, of which no block is known to be linear.

    >>> default_linear_block(Family(neuron="type1", kind="la", width=1, dimension=1))
    'scale0'
    """
    if not isinstance(family, Family):
        raise ValueError(
            f"required: a class with a linear block; got the module {family.name}: fit it with "
            "LevenbergMarquardt"
        )
    alone = family.width == 1 and family.outputs == 1
    return "scale0" if alone and family.is_linear_in_scales else "a"


@dataclass(frozen=True, kw_only=True)
class VariableProjection(DampedGaussNewton):
    """Damped Gauss-Newton on the residual with one linear block eliminated.

    Attributes:
        linear: the block to eliminate, or None for :func:`default_linear_block`.
        threshold: relative singular value below which a direction of the scaled linear
            block counts as dependent.
    """

    linear: str | None = None
    threshold: float = 1e-13

    def block(self, problem: Problem) -> str:
        """Name of the block that is eliminated."""
        return self.linear or default_linear_block(problem.family)

    def _columns(self, problem: Problem) -> Columns:
        return columns(problem.family, self.block(problem), problem.x_BEN.device)

    def moved(self, problem: Problem) -> Tensor:
        """The learned parameters that are not eliminated."""
        return self._columns(problem).moved

    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """Solve for the linear block, then factor the projected Jacobian."""
        split = self._columns(problem)
        only = self.block(problem)
        factor = system_factor(problem, theta_LP, split.linear_rows, only=only)
        factor, finite_L = sanitised(factor)
        phi_LCC, target_LC = factor[:, :-1, :-1].contiguous(), factor[:, :-1, -1]
        x_LC, _ = rank_revealing_solution(phi_LCC, target_LC, self.threshold)
        theta_LP = theta_LP.index_copy(1, split.linear, x_LC[:, : split.linear.shape[0]])

        factor = system_factor(problem, theta_LP, split.full_system)
        factor, still_finite_L = sanitised(factor)
        error_L = torch.linalg.vector_norm(factor[:, :, -1], dim=1)
        # Of this factorisation: below a dependent column, Q's directions are rounding noise, and
        # another factorisation with the same Phi has others.
        q = phi_LCC.shape[1]
        phi_LCC, right_LC = factor[:, :q, :q].contiguous(), factor[:, :q, -1]
        _, dropped_LCC = rank_revealing_solution(phi_LCC, right_LC, self.threshold)
        # Not a matmul: its path through the library would depend on the lane's alignment.
        top_LRC = (dropped_LCC[..., None] * factor[:, None, :q, q:]).sum(2)
        projected_LRC = torch.cat([top_LRC, factor[:, q:, q:]], 1)
        return Linearisation(
            theta_LP=theta_LP,
            error_L=torch.where(finite_L & still_finite_L, error_L, torch.inf),
            model_LCR=pad(projected_LRC.mT, (0, padding(projected_LRC.shape[1]))),
        )
