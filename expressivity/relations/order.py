"""What the cells of an atlas say together: relations, equal classes, diagram, open questions."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from expressivity.relations.answers import Answer, Relation, relation_of
from expressivity.relations.closure import Cells


def relation(cells: Cells, first: str, second: str) -> Relation:
    """The relation of two classes; open where one direction is.

    >>> from expressivity.evidence import Evidence
    >>> from expressivity.relations.closure import Containment, close
    >>> def within(a: str, b: str) -> Containment:
    ...     return Containment(smaller=a, larger=b, maps=(), evidence=Evidence.PROVED)
    >>> cells = close(["a", "b", "c"], [within("a", "b"), within("b", "a")], [])
    >>> str(relation(cells, "a", "b")), str(relation(cells, "a", "c"))
    ('equal', 'open')
    """
    return relation_of(cells[first, second].answer, cells[second, first].answer)


def equal_classes(names: Sequence[str], cells: Cells) -> list[tuple[str, ...]]:
    """The classes, those that contain each other together, in the order of the names."""
    found: list[tuple[str, ...]] = []
    for name in names:
        for index, group in enumerate(found):
            if relation(cells, group[0], name) is Relation.EQUAL:
                found[index] = (*group, name)
                break
        else:
            found.append((name,))
    return found


def covers(names: Sequence[str], cells: Cells) -> list[tuple[str, str]]:
    """The edges of the Hasse diagram: containments with no class strictly between.

    Args:
        names: of classes, no two of them equal.
        cells: of these and others.
    """
    inside = [pair for pair in _pairs(names) if cells[pair].answer.contained]
    known = set(inside)
    return [
        (a, b)
        for a, b in inside
        if not any((a, c) in known and (c, b) in known for c in names if c not in (a, b))
    ]


@dataclass(frozen=True, kw_only=True)
class Question:
    """An open pair: does ``smaller`` lie in ``larger``?

    Attributes:
        smaller, larger: names of the classes, of equal ones the first.
        decides: how many open pairs a "no" would decide, itself among them.
    """

    smaller: str
    larger: str
    decides: int


def minimal_open(
    names: Sequence[str], cells: Cells, *, without: Collection[tuple[str, str]] = ()
) -> list[Question]:
    """The open pairs that no other open pair implies: those to ask next, the most decisive first.

    If A is not inside B, no class that contains A is inside a class that B contains. A pair is
    minimal if no other open pair, of classes that are not equal to its own, would answer it in
    this way.

    Args:
        names: of the classes, in the order that breaks ties.
        cells: of these classes.
        without: pairs that have been asked in vain, which are passed over.
    """
    first = [group[0] for group in equal_classes(names, cells)]
    unanswered = [pair for pair in _pairs(first) if cells[pair].answer is Answer.OPEN]
    asked = [pair for pair in unanswered if pair not in without]

    def within(a: str, b: str) -> bool:
        return a == b or cells[a, b].answer.contained

    def implies(pair: tuple[str, str], other: tuple[str, str]) -> bool:
        return within(pair[0], other[0]) and within(other[1], pair[1])

    everyone = [pair for pair in _pairs(names) if cells[pair].answer is Answer.OPEN]
    questions = [
        Question(
            smaller=pair[0],
            larger=pair[1],
            decides=sum(implies(pair, other) for other in everyone),
        )
        for pair in asked
        if not any(implies(other, pair) for other in asked if other != pair)
    ]
    return sorted(questions, key=lambda question: -question.decides)


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((a, b) for a in names for b in names if a != b)
