"""Damped Gauss-Newton steps on a small model of the residual.

Shared by Levenberg-Marquardt and variable projection, on a triangular factor or on normal
equations. A linearisation at theta holds a model with as many rows as there are moved parameters,
from which a step for any damping follows: one pass over the nodes serves every damping.

Shape letters: L lanes, P packed parameters, C moved parameters (padded), R entries of a column.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from expressivity.fitting.linear_algebra import damped_solution
from expressivity.fitting.problem import Problem
from expressivity.fitting.state import LaneState, Stopping, fresh_counters


@dataclass(frozen=True, kw_only=True)
class Linearisation:
    """Linear model of the residual at ``theta_LP``.

    Attributes:
        theta_LP: the point, with whatever the algorithm solved for exactly filled in.
        error_L: norm of the residual there; infinite where evaluation failed.
        model_LCR: C + 1 columns, padded to aligned length R, of the short matrix [A | b] with
            |A x + b| equal to the model of the residual up to a constant; of [A | b]^T [A | b]
            where an algorithm works on normal equations.
    """

    theta_LP: Tensor
    error_L: Tensor
    model_LCR: Tensor


@dataclass(frozen=True, kw_only=True)
class DampedState(LaneState):
    """A point with its linearisation, the damping and Marquardt's column scales."""

    model_LCR: Tensor
    damping_L: Tensor
    growth_L: Tensor
    scale_LC: Tensor


@dataclass(frozen=True, kw_only=True)
class DampedGaussNewton(Protocol):
    """Levenberg-Marquardt on whatever ``linearise`` returns.

    Damping follows Nielsen (1999, IMM-REP-1999-05): it falls smoothly with the gain ratio
    and grows geometrically after a rejection. Column scales are running maxima (More 1978,
    doi:10.1007/BFb0067700), which makes the path independent of the units of parameters.
    """

    stopping: Stopping = field(default_factory=Stopping)
    initial_damping: float = 1e-2
    least_damping: float = 1e-15

    @abstractmethod
    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """Evaluate residual and Jacobian at theta."""

    @abstractmethod
    def moved(self, problem: Problem) -> Tensor:
        """Indices in a packed lane of the parameters that a step moves."""

    def solved(self, model_LCR: Tensor, damping_LC: Tensor) -> tuple[Tensor, Tensor]:
        """The step x_LC of a model, and the decrease of the squared error that it predicts."""
        return damped_solution(model_LCR, damping_LC)

    def column_norms(self, model_LCR: Tensor) -> Tensor:
        """Norms of A's columns."""
        return torch.linalg.vector_norm(model_LCR[:, :-1], dim=2)

    def start(self, problem: Problem, theta_LP: Tensor) -> DampedState:
        """Linearise at the start."""
        point = self.linearise(problem, theta_LP)
        ones_L = torch.ones_like(point.error_L)
        return DampedState(
            theta_LP=point.theta_LP,
            **fresh_counters(point.error_L),
            model_LCR=point.model_LCR,
            damping_L=self.initial_damping * ones_L,
            growth_L=2 * ones_L,
            scale_LC=self.column_norms(point.model_LCR),
        )

    def step(self, problem: Problem, state: LaneState) -> DampedState:
        """Try one damped step; keep it in the lanes where the error falls."""
        assert isinstance(state, DampedState)
        moved = self.moved(problem)
        scale_LC = torch.where(state.scale_LC > 0, state.scale_LC, 1.0)
        damping_LC = state.damping_L.sqrt()[:, None] * scale_LC
        x_LC, predicted_L = self.solved(state.model_LCR, damping_LC)
        trial_LP = state.theta_LP.index_add(1, moved, x_LC[:, : moved.shape[0]])
        trial = self.linearise(problem, trial_LP)

        actual_L = state.error_L**2 - trial.error_L**2
        accept_L = trial.error_L < state.error_L
        gain_L = torch.where(predicted_L > 0, actual_L / predicted_L, 0.0)
        shrink_L = (1 - (2 * gain_L - 1) ** 3).clamp(1 / 3, 2.0)
        damping_L = state.damping_L * torch.where(accept_L, shrink_L, state.growth_L)
        model_LCR = torch.where(accept_L[:, None, None], trial.model_LCR, state.model_LCR)
        return DampedState(
            theta_LP=torch.where(accept_L[:, None], trial.theta_LP, state.theta_LP),
            **self.stopping.advance(state, torch.where(accept_L, trial.error_L, state.error_L)),
            model_LCR=model_LCR,
            damping_L=damping_L.clamp(self.least_damping, 1e15),
            growth_L=torch.where(accept_L, 2.0, (2 * state.growth_L).clamp(max=1e6)),
            scale_LC=torch.maximum(state.scale_LC, self.column_norms(model_LCR)),
        )
