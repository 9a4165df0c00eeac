"""The lanes of a generation, and which of them are its parents.

Shape letters: L lanes, P packed parameters.
"""

from dataclasses import dataclass, field, fields

import numpy as np
import torch
from torch import Tensor

from expressivity.fitting.driver import FitResult

_PROMISING_SHARE = 4
_ALIKE = 1e-2  # errors of lanes that count as one network
_AGREEMENT = 8  # one lane in so many with the least error: it is no accident


@dataclass(frozen=True, kw_only=True)
class Population:
    """Lanes, the best first; of errors on the coarse rule, and which are finished in full."""

    theta_LP: Tensor
    error_L: Tensor
    status_L: Tensor
    iterations_L: Tensor
    full_L: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.bool))

    def __len__(self) -> int:
        return self.theta_LP.shape[0]

    def lanes(self, index_L: Tensor) -> "Population":
        """Some lanes, in the order of the index."""
        return Population(**{name: value[index_L] for name, value in vars(self).items()})

    def beside(self, other: "Population") -> "Population":
        """These lanes, then others."""
        both = vars(self), vars(other)
        return Population(**{name: torch.cat([of[name] for of in both]) for name in both[0]})

    @property
    def sorted(self) -> "Population":
        """By ascending error; the first of equals stays the first."""
        return self.lanes(numbers(self.error_L).argsort(stable=True))

    @property
    def agrees(self) -> bool:
        """Whether many lanes have the least error."""
        alike = int((self.error_L <= (1 + _ALIKE) * self.error_L[0]).sum())
        return alike * _AGREEMENT > len(self)

    @property
    def result(self) -> FitResult:
        """The lanes as a fit returns them."""
        return FitResult(**{each.name: getattr(self, each.name) for each in fields(FitResult)})

    def parents(self, most: int, *, promising: float) -> "Population":
        """At most so many lanes, no two of them alike; the first where none is finite.

        Of promising ones, whose error is below that, few: what is nearly there and does not arrive
        is often on its way to infinity, and must not take the room of others.
        """
        kept: list[int] = []
        last, near = -np.inf, 0
        for place, error in enumerate(numbers(self.error_L).tolist()):
            if not np.isfinite(error) or len(kept) == max(1, most):
                break
            if kept and error - last <= _ALIKE * error:
                continue
            if error < promising:
                near += 1
                if near > max(1, most // _PROMISING_SHARE):
                    continue
            kept.append(place)
            last = error
        return self.lanes(torch.tensor(kept or [0]))


def of_result(result: FitResult) -> Population:
    """Lanes that a fit on the coarse rule has ended with."""
    return Population(**vars(result), full_L=torch.zeros(result.error_L.shape[0], dtype=torch.bool))


def of_starts(theta_LP: Tensor) -> Population:
    """Lanes that are yet to be fitted, with errors of 0."""
    zeros_L = torch.zeros(theta_LP.shape[0], dtype=torch.int64)
    return Population(
        theta_LP=theta_LP,
        error_L=zeros_L.to(torch.float64),
        status_L=zeros_L,
        iterations_L=zeros_L,
        full_L=zeros_L.bool(),
    )


def numbers(error: Tensor) -> Tensor:
    """Errors that can be compared: infinity where one is not a number."""
    return torch.nan_to_num(error, nan=torch.inf)
