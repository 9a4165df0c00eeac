"""Arms by their names in records: ``fixed``, ``la-matched``, ``moa gate_rate=0.3``."""

from collections.abc import Iterable
from dataclasses import dataclass

from expressivity.classes.kinds import Kind


@dataclass(frozen=True, kw_only=True)
class ArmName:
    """What a name says.

    Attributes:
        kind: of the layers.
        matched: whether the parameters that MoA has more are given to the width.
        changes: what is otherwise than by default; empty for nothing.
    """

    kind: Kind
    matched: bool = False
    changes: str = ""

    @classmethod
    def read(cls, arm: str) -> "ArmName":
        """The parts of a name.

        Raises:
            ValueError: no kind of layers comes first.

        >>> ArmName.read("moa gate_rate=0.3").changes, ArmName.read("la-matched").title
        ('gate_rate=0.3', 'LA with as many parameters')
        """
        layers, _, changes = arm.partition(" ")
        first, _, matched = layers.partition("-")
        return cls(kind=Kind(first), matched=bool(matched), changes=changes)

    @property
    def plain(self) -> bool:
        """Whether the layers are as they are by default."""
        return not self.matched and not self.changes

    @property
    def title(self) -> str:
        """In words."""
        matched = " with as many parameters" if self.matched else ""
        return " ".join(filter(None, (self.kind.prose + matched, self.changes)))


def plain_fixed(arms: Iterable[str]) -> list[str]:
    """The arm that all others are compared with, if it is among these."""
    return [arm for arm in arms if (name := ArmName.read(arm)).plain and not name.kind.mixes]


def plain_gated(arms: Iterable[str]) -> list[str]:
    """MoA as it is by default, if it is among these."""
    return [arm for arm in arms if (name := ArmName.read(arm)).plain and name.kind.gated]
