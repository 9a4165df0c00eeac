"""One direction of a comparison: does a class lie in another, and who says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.membership.inclusions import Path, path_at_some_width
from expressivity.relations.answers import Answer
from expressivity.relations.separating import Search, Separating, separating
from expressivity.relations.sides import Side


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Whether one class lies in another.

    Attributes:
        answer: ``yes`` on the whole space, ``domain`` on the unit ball and not shown beyond, ``no``
            on the unit ball already, ``open``.
        paths: for each class of the smaller side the inclusions that lead into the other.
        separating: what is in the smaller side and not in the other.
    """

    answer: Answer
    paths: tuple[Path, ...] = ()
    separating: Separating | None = field(default=None)

    @property
    def evidence(self) -> Evidence:
        """Inclusions are identities that were checked."""
        if self.separating is not None:
            return self.separating.evidence
        return Evidence.UNKNOWN if self.answer is Answer.OPEN else Evidence.PROVED

    @property
    def dimension(self) -> int:
        """The least in which it is shown."""
        return 1 if self.separating is None else self.separating.target.dimension

    @property
    def reason(self) -> str:
        """What it rests on, in a line."""
        if self.separating is not None:
            apart = self.separating
            told = "; ".join(dict.fromkeys(c.membership.reason for c in apart.outside))
            return f"{apart.target.formula}: {told}"
        if self.answer is Answer.OPEN:
            return "no inclusion and no separating function is known to the program"
        return "; ".join(dict.fromkeys(_in_words(path) for path in self.paths))

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        apart = self.separating
        return {
            "verdict": str(self.answer),
            "evidence": str(self.evidence),
            "reason": self.reason,
            "maps": [_path_json(path) for path in self.paths],
            "target": None if apart is None else apart.target.formula,
            "witness": None if apart is None else apart.member.json(),
            "obstruction": None if apart is None else apart.outside[0].obstruction,
        }


def inside(smaller: Side, larger: Side, dimension: int) -> Direction | None:
    """The inclusion of one side in the other, or None where none is proved."""
    paths: list[Path] = []
    for family in smaller.families[dimension]:
        found = [path_at_some_width(family, other) for other in larger.families[dimension]]
        known = [path for path in found if path is not None]
        if not known:
            return None
        paths.append(min(known, key=lambda path: (path.domain, path.end.width, len(path.steps))))
    on_domain = any(path.domain for path in paths)
    return Direction(answer=Answer.DOMAIN if on_domain else Answer.YES, paths=tuple(paths))


def outside(
    smaller: Side, larger: Side, dimensions: Sequence[int], search: Search = separating
) -> Direction | None:
    """What is in one side and not in the other, in the least of the dimensions, or None."""
    for dimension in dimensions:
        found = search(smaller.families[dimension], larger.families[dimension])
        if found is not None:
            return Direction(answer=Answer.NO, separating=found)
    return None


def _in_words(path: Path) -> str:
    steps = ", ".join(step.name for step, _ in path.steps) or "the same class"
    widths = f"width {path.start.width} to {path.end.width}"
    return f"{path.start.class_label} in {path.end.class_label}: {steps} ({widths})"


def _path_json(path: Path) -> Mapping[str, object]:
    def named(family: Family) -> dict[str, object]:
        return family.json()

    return {
        "from": named(path.start),
        "steps": [
            {"name": step.name, "theorem": step.theorem, "family": named(larger)}
            for step, larger in path.steps
        ],
    }
