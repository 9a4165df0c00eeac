"""What facts about classes imply: the closure of containments and standings.

A *containment* says that one class lies in another. A *standing* says that a target is a network of
a class, or of none of its widths. Four rules draw from them all that they imply:

1. containments compose;
2. a network of a class is one of every class that contains it;
3. what a class cannot represent, no class inside it can;
4. a target in A that is not in B shows that A is not inside B.

Classes are unions over finite widths. All statements are made in one dimension D, the highest that
occurs. Those of a lower dimension d carry over where hidden maps and gates are affine functions of
x, as they are for every class that a neuron describes: weights 0 for the other coordinates carry a
network up, and x_{d+1} = .. = x_D = 0 carries it down, on the whole space and from the unit ball
to the unit ball. So A in B in dimension D holds in every lower one, and a target of dimension d
that separates A from B does so in every higher one. (docs/atlas.md)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from expressivity.evidence import Evidence, weakest
from expressivity.relations.answers import Answer


class ContradictionError(AssertionError):
    """Two facts cannot both hold: one of them, or a rule, is wrong."""


@dataclass(frozen=True, kw_only=True)
class Containment:
    """One class inside another, by maps of weights.

    Attributes:
        smaller, larger: names of the classes.
        maps: the elementary maps in order, each with the theorem that checks it.
        evidence: what it rests on.
        where: ``yes`` for the whole space, ``domain`` for the domain alone.

    Raises:
        ValueError: evidence on which no verdict may rest, or a place that is neither.
    """

    smaller: str
    larger: str
    maps: tuple[str, ...]
    evidence: Evidence
    where: Answer = Answer.YES

    def __post_init__(self) -> None:
        _require_ground(self.evidence)
        if not self.where.contained:
            raise ValueError(f"required: yes or domain; got {self.where}: leave the fact out")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether a target is a network of a class, of any width.

    Attributes:
        target: the target, as text.
        dimension: of the target.
        family: name of the class.
        member: a network of it on the whole space, or none of it on the domain.
        evidence: what it rests on.
        reason: the witness, or the obstruction with its reason.

    Raises:
        ValueError: evidence on which no verdict may rest.
    """

    target: str
    dimension: int
    family: str
    member: bool
    evidence: Evidence
    reason: str

    def __post_init__(self) -> None:
        _require_ground(self.evidence)


Path = tuple[Containment, ...]
"""From a class to one that contains it; empty from a class to itself."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Whether ``smaller`` lies in ``larger``, and why.

    Attributes:
        smaller, larger: names of the classes.
        answer, evidence: the verdict; ``unknown`` where it is open.
        path: of a contained class, the containments that show it.
        member, rises: of a class that is not contained, the class in which the separating target
            has a witness, and the path from there to ``smaller``.
        excluded, falls: the class that is proved not to hold the target, and the path there from
            ``larger``.
    """

    smaller: str
    larger: str
    answer: Answer
    evidence: Evidence
    path: Path = ()
    member: Standing | None = None
    rises: Path = ()
    excluded: Standing | None = None
    falls: Path = ()


Cells = Mapping[tuple[str, str], Cell]
"""A cell for each ordered pair of different classes."""


def close(
    names: Sequence[str], containments: Iterable[Containment], standings: Iterable[Standing]
) -> dict[tuple[str, str], Cell]:
    """Everything that the facts say of each ordered pair of classes.

    Of several reasons a cell keeps the one with the strongest evidence, then the separating target
    of the lowest dimension and the shortest text, then the shortest paths.

    Raises:
        ContradictionError: a target would be in a class and not in it.

    >>> la = Containment(smaller="relu", larger="la", maps=("fixed in la",),
    ...                  evidence=Evidence.PROVED)
    >>> def stands(family: str, member: bool) -> Standing:
    ...     return Standing(target="gelu(x)", dimension=1, family=family, member=member,
    ...                     evidence=Evidence.PROVED, reason="shown")
    >>> cells = close(["relu", "la"], [la], [stands("la", True), stands("relu", False)])
    >>> str(cells["relu", "la"].answer), str(cells["la", "relu"].answer)
    ('yes', 'no')
    """
    paths = _paths(names, list(containments))
    by_target: dict[str, list[Standing]] = {}
    for standing in standings:
        by_target.setdefault(standing.target, []).append(standing)
    separations: dict[tuple[str, str], Cell] = {}
    for target in sorted(by_target):
        _require_consistent(names, paths, by_target[target])
        for pair, cell in _separations(names, paths, by_target[target]).items():
            if pair not in separations or _rank(cell) < _rank(separations[pair]):
                separations[pair] = cell
    return {
        pair: separations.get(pair) or _contained(pair, paths)
        for pair in ((a, b) for a in names for b in names if a != b)
    }


def _contained(pair: tuple[str, str], paths: Mapping[tuple[str, str], Path]) -> Cell:
    smaller, larger = pair
    path = paths.get(pair)
    if path is None:
        return Cell(smaller=smaller, larger=larger, answer=Answer.OPEN, evidence=Evidence.UNKNOWN)
    everywhere = all(step.where is Answer.YES for step in path)
    return Cell(
        smaller=smaller,
        larger=larger,
        answer=Answer.YES if everywhere else Answer.DOMAIN,
        evidence=_strength(path),
        path=path,
    )


def _paths(names: Sequence[str], steps: list[Containment]) -> dict[tuple[str, str], Path]:
    """The shortest path of the strongest kind between any two classes, from each to itself too."""
    found: dict[tuple[str, str], Path] = {}
    for evidence in Evidence:
        for answers in ((Answer.YES,), (Answer.YES, Answer.DOMAIN)):
            allowed = [
                step
                for step in steps
                if weakest([evidence, step.evidence]) is evidence and step.where in answers
            ]
            leads: dict[str, list[Containment]] = {}
            for step in allowed:
                leads.setdefault(step.smaller, []).append(step)
            for name in names:
                for end, path in _shortest(name, leads).items():
                    found.setdefault((name, end), path)
    return {(a, b): path for (a, b), path in found.items() if a in names and b in names}


def _shortest(start: str, leads: Mapping[str, list[Containment]]) -> dict[str, Path]:
    """Breadth first."""
    found: dict[str, Path] = {start: ()}
    waiting = [start]
    for name in waiting:
        for step in leads.get(name, ()):
            if step.larger not in found:
                found[step.larger] = (*found[name], step)
                waiting.append(step.larger)
    return found


_Reasons = dict[str, tuple[Standing, Path]]


def _reasons(
    names: Sequence[str],
    paths: Mapping[tuple[str, str], Path],
    standings: list[Standing],
    *,
    member: bool,
) -> _Reasons:
    """For each class the best standing that decides it, and the path between the two."""
    found: _Reasons = {}
    for name in names:
        for standing in standings:
            ends = (standing.family, name) if member else (name, standing.family)
            path = paths.get(ends)
            if standing.member is not member or path is None:
                continue
            if name not in found or _order(standing, path) < _order(*found[name]):
                found[name] = standing, path
    return found


def _require_consistent(
    names: Sequence[str], paths: Mapping[tuple[str, str], Path], standings: list[Standing]
) -> None:
    inside = _reasons(names, paths, standings, member=True)
    outside = _reasons(names, paths, standings, member=False)
    for name in names:
        if name in inside and name in outside:
            (yes, rises), (no, falls) = inside[name], outside[name]
            raise ContradictionError(
                f"{yes.target} is in {name} ({along(yes.family, rises)}: {yes.reason}) and not in "
                f"it ({along(name, falls)}: {no.reason}); one of the two is wrong: report it"
            )


def _separations(
    names: Sequence[str], paths: Mapping[tuple[str, str], Path], standings: list[Standing]
) -> dict[tuple[str, str], Cell]:
    """The pairs of classes of which one has the target and the other has not."""
    inside = _reasons(names, paths, standings, member=True)
    outside = _reasons(names, paths, standings, member=False)
    return {
        (smaller, larger): Cell(
            smaller=smaller,
            larger=larger,
            answer=Answer.NO,
            evidence=_strength((*rises, *falls), yes, no),
            member=yes,
            rises=rises,
            excluded=no,
            falls=falls,
        )
        for smaller, (yes, rises) in inside.items()
        for larger, (no, falls) in outside.items()
    }


def along(start: str, path: Path) -> str:
    """The classes of a path in words.

    >>> along("relu", (Containment(smaller="relu", larger="la", maps=(),
    ...                            evidence=Evidence.PROVED),))
    'relu in la'
    """
    return " in ".join([start, *(step.larger for step in path)])


def _strength(path: Path, *standings: Standing) -> Evidence:
    return weakest(fact.evidence for fact in (*standings, *path))


def _order(standing: Standing, path: Path) -> tuple[int, int, str]:
    evidence = _strength(path, standing)
    return list(Evidence).index(evidence), len(path), standing.family


def _rank(cell: Cell) -> tuple[int, int, int, str]:
    """The least is the best reason for a separation."""
    assert cell.member is not None
    target = cell.member.target
    return list(Evidence).index(cell.evidence), cell.member.dimension, len(target), target


def _require_ground(evidence: Evidence) -> None:
    if evidence in (Evidence.NUMERICAL, Evidence.UNKNOWN):
        raise ValueError(
            f"required: evidence that a verdict may rest on; got {evidence}: leave the fact out"
        )
