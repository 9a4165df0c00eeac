"""What several commands read from their arguments, each with its one-line refusal."""

from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], name: str, noun: str) -> Choice:
    """A member of an enumeration by its name.

    Raises:
        ValueError: an unknown name; the choices are listed.

    >>> from expressivity.classes.kinds import Kind
    >>> choice(Kind, "la", "family")
    <Kind.LA: 'la'>
    """
    if name not in [str(member) for member in kind]:
        raise ValueError(f"unknown {noun} {name!r}: choose from {', '.join(kind)}")
    return kind(name)
