"""One search: the expression, its generators and the steps that are left."""

from dataclasses import dataclass

import sympy as sp

from expressivity.membership.recognition.normal_form import Ring
from expressivity.symbolic.budget import Budget


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, and what it may cost: candidates, and entries of linear systems."""

    expression: sp.Expr
    ring: Ring
    budget: Budget

    def check(self) -> None:
        """Count one more candidate.

        Raises:
            OutOfBudgetError: it is one too many.
        """
        self.budget.spend(CANDIDATE)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What a search for several neurons with one psi looks for: sum_j psi(z_j) y_j.

    Attributes:
        names: activations that psi mixes.
        product: whether the y_j are affine functions, not numbers.
        bias: whether the affine functions may have constants.
    """

    names: tuple[str, ...]
    product: bool
    bias: bool


CANDIDATE = 100
"""Steps that a candidate costs beside its linear systems."""
