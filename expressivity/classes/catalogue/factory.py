"""What an entry of the catalogue is: a family of any width and dimension."""

from collections.abc import Callable
from typing import Any

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Constraint, Kind, default_dictionary

FamilyFactory = Callable[[int, int], Family]
"""(width, dimension) -> the family."""


def family_of(
    kind: Kind | str,
    neuron: str = "type1",
    *,
    dictionary: tuple[str, ...] | None = None,
    gate: GateSpec | str | None = None,
    constraint: Constraint | str = Constraint.FREE,
    groups: int | str = 1,
    bias: bool = True,
) -> FamilyFactory:
    """An entry of ``FAMILIES``: everything but width and dimension.

    >>> family_of("fixed", dictionary=("gelu",))(3, 2).parameter_count
    12
    >>> family_of("la", dictionary=("id", "relu"), groups="neuron")(3, 2).parameter_count
    18
    """
    coerced: dict[str, Any] = {"kind": kind, "gate": gate, "constraint": constraint}

    def family(width: int, dimension: int) -> Family:
        return Family(
            neuron=neuron,
            width=width,
            dimension=dimension,
            dictionary=dictionary or default_dictionary(neuron),
            groups=groups,
            bias=bias,
            **coerced,
        )

    return family
