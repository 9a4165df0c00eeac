"""What a certificate says, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from expressivity.checker.families import Family
from expressivity.symbolic.expressions import Expression


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A well-formed certificate: claims, and the data of those that are there."""

    expression: Expression
    family: Family
    lower: Fraction | None
    method: str  # of the lower bound
    lower_data: object
    upper: dict[str, Fraction]  # by norms
    place: tuple[Fraction, Fraction] | None  # where the target is large
    network: dict[str, list[list[Fraction]]]

    @property
    def dimension(self) -> int:
        """The number of variables."""
        return self.expression.dimension
