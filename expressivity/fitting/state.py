"""What every algorithm keeps per lane, and the statuses a lane can end in."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Protocol, Self

import torch
from torch import Tensor

from expressivity.fitting.problem import Problem


class Status(IntEnum):
    """Why a lane stopped; RUNNING while it has not. A search gives lanes up for better ones."""

    RUNNING = 0
    CONVERGED = 1
    STALLED = 2
    ITERATION_LIMIT = 3
    NON_FINITE = 4
    GIVEN_UP = 5


@dataclass(frozen=True, kw_only=True)
class LaneState:
    """Tensors with a leading lane axis; algorithms extend it.

    Attributes:
        theta_LP: packed parameters.
        error_L: relative error of ``theta_LP`` on the fit's own rule.
        iteration_L: iterations done, int64.
        status_L: a :class:`Status`, int64.
        best_L, idle_L: the error at the last sufficient progress, and iterations since.
    """

    theta_LP: Tensor
    error_L: Tensor
    iteration_L: Tensor
    status_L: Tensor
    best_L: Tensor
    idle_L: Tensor

    def lanes(self, index: Tensor) -> Self:
        """The state of some lanes, in the order of ``index``."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """When a lane ends.

    Attributes:
        error: CONVERGED at or below this relative error.
        iterations: ITERATION_LIMIT after so many.
        progress, patience: STALLED once the error has not fallen by the fraction
            ``progress`` over ``patience`` iterations.
    """

    error: float = 4e-15
    iterations: int = 200
    progress: float = 0.01
    patience: int = 20

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"required: at least 1 iteration; got {self.iterations}")

    def advance(self, state: LaneState, error_L: Tensor) -> dict[str, Tensor]:
        """Counters and statuses after an iteration that ended with ``error_L``."""
        iteration_L = state.iteration_L + 1
        progressed_L = error_L < (1 - self.progress) * state.best_L
        idle_L = (state.idle_L + 1) * ~progressed_L
        status_L = torch.where(iteration_L >= self.iterations, Status.ITERATION_LIMIT, 0)
        status_L = torch.where(idle_L >= self.patience, Status.STALLED, status_L)
        status_L = torch.where(error_L <= self.error, Status.CONVERGED, status_L)
        status_L = torch.where(torch.isfinite(error_L), status_L, Status.NON_FINITE)
        return {
            "error_L": error_L,
            "iteration_L": iteration_L,
            "status_L": status_L,
            "best_L": torch.where(progressed_L, error_L, state.best_L),
            "idle_L": idle_L,
        }


def fresh_counters(error_L: Tensor) -> dict[str, Tensor]:
    """Counters of lanes that have not iterated yet."""
    zeros = torch.zeros_like(error_L, dtype=torch.int64)
    status = torch.where(torch.isfinite(error_L), zeros, int(Status.NON_FINITE))
    return {
        "error_L": error_L,
        "iteration_L": zeros,
        "status_L": status,
        "best_L": error_L,
        "idle_L": zeros,
    }


class Algorithm(Protocol):
    """An optimiser as the driver sees it: two pure hooks on batches of lanes."""

    @property
    def stopping(self) -> Stopping:
        """When its lanes end."""
        ...

    def start(self, problem: Problem, theta_LP: Tensor) -> LaneState:
        """State before the first iteration."""
        ...

    def step(self, problem: Problem, state: LaneState) -> LaneState:
        """State after one more iteration of every lane, finished or not."""
        ...
