"""What a network's program depends on apart from sizes."""

from dataclasses import dataclass

from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What a program depends on apart from sizes: families with equal structure share it.

    Attributes:
        neuron, gate, basis, constraint, groups: see :class:`Family`.
        only: the one activation that is evaluated, whose coefficient is the only one that is not
            zero; None for all of ``basis``.
    """

    neuron: str
    gate: str | None
    basis: tuple[str, ...]
    constraint: Constraint
    groups: int | str
    only: str | None = None

    @staticmethod
    def of(family: Family, *, shared: bool = False) -> "Structure":
        """Structure of a family.

        Args:
            family: of any kind.
            shared: whether fixed and la over the same basis are to coincide, so that one compiled
                program serves both; a fixed family by itself evaluates its one activation.
        """
        gate = None if family.gate is None else family.gate.name
        alone = not shared and len(family.basis) > len(family.dictionary)
        return Structure(
            neuron=family.neuron,
            gate=gate,
            basis=family.basis,
            constraint=family.constraint,
            groups=family.groups,
            only=family.activation if alone else None,
        )

    @property
    def label(self) -> str:
        """A valid identifier, unique to the structure."""
        parts = ["network", self.neuron, self.gate or "ungated", *self.basis]
        parts += [] if self.only is None else ["only", self.only]
        parts += [] if self.constraint is Constraint.FREE else [str(self.constraint)]
        parts += [] if self.groups == 1 else ["groups", str(self.groups)]
        return "_".join(parts)
