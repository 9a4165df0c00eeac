"""Words for what is known of two classes: whether one lies in another, and how both relate."""

from enum import StrEnum


class Answer(StrEnum):
    """Whether one class lies in another.

    ``yes`` on the whole space; ``domain`` on the domain, and not known to on the whole space;
    ``no`` already on the domain; ``open`` where nothing is known.
    """

    YES = "yes"
    DOMAIN = "domain"
    NO = "no"
    OPEN = "open"

    @property
    def contained(self) -> bool:
        """Whether the class lies in the other, at least on the domain."""
        return self in (Answer.YES, Answer.DOMAIN)


class Relation(StrEnum):
    """How the first of two classes lies to the second, by what holds on the domain."""

    EQUAL = "equal"
    INSIDE = "inside"
    CONTAINS = "contains"
    INCOMPARABLE = "incomparable"
    OPEN = "open"


def relation_of(there: Answer, back: Answer) -> Relation:
    """The relation of two classes; open where one direction is.

    >>> str(relation_of(Answer.YES, Answer.NO)), str(relation_of(Answer.NO, Answer.OPEN))
    ('inside', 'open')
    """
    if Answer.OPEN in (there, back):
        return Relation.OPEN
    if there.contained:
        return Relation.EQUAL if back.contained else Relation.INSIDE
    return Relation.CONTAINS if back.contained else Relation.INCOMPARABLE
