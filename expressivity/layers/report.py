"""What a conversion of a model did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expressivity.classes.families import Family
from expressivity.layers.saved import written


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """One block that was replaced.

    Attributes:
        names: of all places where it stood.
        adapter: what read it.
        before, after: the fixed family that it was, and what it is now.
        saved: what builds it anew, as JSON.
    """

    names: tuple[str, ...]
    adapter: str
    before: Family
    after: Family
    saved: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of every feed-forward block of a model.

    Attributes:
        replaced: the blocks that were replaced, one that stands in several places once.
        kept: names of feed-forward blocks that were to stay as they are, and by which option.
        skipped: names of blocks that are not to be replaced, and why.
        unpacked: names of modules that packed several blocks into one tensor, and are lists now.
    """

    replaced: tuple[Replaced, ...]
    kept: Mapping[str, str]
    skipped: Mapping[str, str]
    unpacked: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """What ``rebuild`` makes the same layers of in a model that was not converted."""
        return written([block.saved for block in self.replaced], self.unpacked)

    def __str__(self) -> str:
        """One line a block."""
        lines = [
            f"{', '.join(block.names)}: {block.before.kind} {block.before.neuron} to "
            f"{block.after.kind} {block.after.neuron} ({block.adapter})"
            for block in self.replaced
        ]
        lines += [f"{name}: kept, {why}" for name, why in self.kept.items()]
        lines += [f"{name}: skipped, {why}" for name, why in self.skipped.items()]
        return "\n".join(lines)
