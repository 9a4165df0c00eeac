"""Adam with a cosine schedule (Kingma and Ba 2015, arXiv:1412.6980): the baseline."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from expressivity.fitting.problem import Problem, columns
from expressivity.fitting.state import LaneState, Stopping, fresh_counters


@dataclass(frozen=True, kw_only=True)
class AdamState(LaneState):
    """Parameters with the running moments of the gradient."""

    gradient_LC: Tensor
    mean_LC: Tensor
    square_LC: Tensor


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam on the squared relative error, all learned parameters, one step an iteration.

    >>> Adam(rate=0.01).stopping.iterations
    3000
    """

    rate: float = 1e-2
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    stopping: Stopping = field(default_factory=lambda: Stopping(iterations=3000, patience=3000))

    def _moved(self, problem: Problem) -> Tensor:
        return columns(problem.family, None, problem.x_BEN.device).moved

    def _evaluate(self, problem: Problem, theta_LP: Tensor) -> tuple[Tensor, Tensor]:
        """Relative error and gradient of its square."""
        square_L = theta_LP.new_zeros(theta_LP.shape[0])
        gradient_LP = torch.zeros_like(theta_LP)
        for rows_LSR in problem.blocks(theta_LP):
            J_LPR, residual_LR = rows_LSR[:, : problem.parameters], rows_LSR[:, problem.parameters]
            square_L = square_L + (residual_LR**2).sum(1)
            gradient_LP = gradient_LP + 2 * (J_LPR * residual_LR[:, None]).sum(2)
        return square_L.sqrt(), gradient_LP.index_select(1, self._moved(problem))

    def start(self, problem: Problem, theta_LP: Tensor) -> AdamState:
        """Evaluate at the start."""
        error_L, gradient_LC = self._evaluate(problem, theta_LP)
        return AdamState(
            theta_LP=theta_LP,
            **fresh_counters(error_L),
            gradient_LC=gradient_LC,
            mean_LC=torch.zeros_like(gradient_LC),
            square_LC=torch.zeros_like(gradient_LC),
        )

    def step(self, problem: Problem, state: LaneState) -> AdamState:
        """One Adam step of every lane."""
        assert isinstance(state, AdamState)
        count_L1 = (state.iteration_L + 1).to(state.theta_LP.dtype)[:, None]
        mean_LC = self.beta1 * state.mean_LC + (1 - self.beta1) * state.gradient_LC
        square_LC = self.beta2 * state.square_LC + (1 - self.beta2) * state.gradient_LC**2
        unbiased_LC = mean_LC / (1 - self.beta1**count_L1)
        spread_LC = (square_LC / (1 - self.beta2**count_L1)).sqrt() + self.epsilon
        phase_L1 = torch.pi * (count_L1 - 1) / self.stopping.iterations
        rate_L1 = self.rate * 0.5 * (1 + torch.cos(phase_L1))
        step_LC = -rate_L1 * unbiased_LC / spread_LC
        theta_LP = state.theta_LP.index_add(1, self._moved(problem), step_LC)
        error_L, gradient_LC = self._evaluate(problem, theta_LP)
        return AdamState(
            theta_LP=theta_LP,
            **self.stopping.advance(state, error_L),
            gradient_LC=gradient_LC,
            mean_LC=mean_LC,
            square_LC=square_LC,
        )
