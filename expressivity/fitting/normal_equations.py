"""Variable projection on normal equations: the quick one, for the early part of a search.

The same elimination and the same steps as :class:`VariableProjection`, from the inner products of
the rows instead of their QR factorisation: three to four times as fast to form, and a step takes
two thirds to five sixths of the time, at half the digits (errors below about 1e-8 are not told
apart, nor directions of the linear block below 3e-7 used). What it finds is finished by
:class:`VariableProjection` (docs/performance.md).

Shape letters: L lanes, P packed parameters, Q eliminated and C moved parameters (padded).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from expressivity.fitting.gauss_newton import Linearisation
from expressivity.fitting.linear_algebra import cholesky_of
from expressivity.fitting.problem import Problem, inner_products
from expressivity.fitting.variable_projection import VariableProjection


@dataclass(frozen=True, kw_only=True)
class NormalProjection(VariableProjection):
    """Variable projection whose models are [A | b]^T [A | b].

    Attributes:
        ridge: in units of rounding, added to the unit diagonal of the scaled inner products of
            the linear block.

    >>> NormalProjection().ridge
    500.0
    """

    ridge: float = 500.0
    least_damping: float = 1e-13  # below it rounding decides whether a factor exists

    def solve(self, problem: Problem, theta_LP: Tensor) -> "Solved":
        """The linear block solved for, without derivatives by the others."""
        split = self._columns(problem)
        products = inner_products(problem, theta_LP, split.linear_rows, only=self.block(problem))
        finite_L = torch.isfinite(products.sum((1, 2)))
        products = torch.where(finite_L[:, None, None], products, 0.0)
        q = products.shape[1] - 1
        factor_LQQ, scale_LQ, factored_L = cholesky_of(products[:, :q, :q], self.ridge)
        right_LQ1 = (scale_LQ * products[:, :q, q])[..., None]
        along_LQ1 = torch.linalg.solve_triangular(factor_LQQ, right_LQ1, upper=False)
        x_LQ1 = torch.linalg.solve_triangular(factor_LQQ.mT, along_LQ1, upper=True)
        x_LQ = scale_LQ * x_LQ1[..., 0]
        left_L = (products[:, q, q] - (along_LQ1**2).sum((1, 2))).clamp(min=0)
        fine_L = finite_L & factored_L
        return Solved(
            theta_LP=theta_LP.index_copy(1, split.linear, x_LQ[:, : split.linear.shape[0]]),
            error_L=torch.where(fine_L, left_L.sqrt(), torch.inf),
            factor_LQQ=factor_LQQ,
            scale_LQ=scale_LQ,
        )

    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """Solve for the linear block, then project the inner products of the Jacobian."""
        solved = self.solve(problem, theta_LP)
        products = inner_products(problem, solved.theta_LP, self._columns(problem).full_system)
        finite_L = torch.isfinite(solved.error_L) & torch.isfinite(products.sum((1, 2)))
        products = torch.where(finite_L[:, None, None], products, 0.0)
        q = solved.scale_LQ.shape[1]
        beside_LQC = products[:, :q, q:] * solved.scale_LQ[..., None]
        within_LQC = torch.linalg.solve_triangular(solved.factor_LQQ, beside_LQC, upper=False)
        return Linearisation(
            theta_LP=solved.theta_LP,
            error_L=torch.where(finite_L, products[:, -1, -1].sqrt(), torch.inf),
            model_LCR=products[:, q:, q:] - within_LQC.mT @ within_LQC,
        )

    def solved(self, model_LCR: Tensor, damping_LC: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`DampedGaussNewton`; a step of 0 where rounding leaves no factor."""
        slope_LC = model_LCR[:, :-1, -1]
        weight_LC = damping_LC**2
        damped_LCC = model_LCR[:, :-1, :-1] + torch.diag_embed(weight_LC)
        factor_LCC, info_L = torch.linalg.cholesky_ex(damped_LCC)
        fine_L1 = (info_L == 0)[:, None]
        factor_LCC = torch.where(fine_L1[..., None], factor_LCC, torch.ones_like(factor_LCC).tril())
        x_LC = -torch.cholesky_solve(slope_LC[..., None], factor_LCC)[..., 0]
        x_LC = torch.where(fine_L1, x_LC, 0.0)
        return x_LC, (x_LC * (weight_LC * x_LC - slope_LC)).sum(1)

    def column_norms(self, model_LCR: Tensor) -> Tensor:
        """See :class:`DampedGaussNewton`."""
        return model_LCR[:, :-1, :-1].diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Lanes with their linear block solved for.

    Attributes:
        theta_LP: with the solution.
        error_L: relative error, to half the digits; infinite where there is none.
        factor_LQQ, scale_LQ: Cholesky factor of the block's inner products, scaled from both sides.
    """

    theta_LP: Tensor
    error_L: Tensor
    factor_LQQ: Tensor
    scale_LQ: Tensor
