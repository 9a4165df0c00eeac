"""What several commands read from their arguments, each with its one-line refusal."""

from enum import StrEnum
from typing import TypeVar

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.parser import parse
from expressivity.targets.domains import domain_for
from expressivity.targets.finite import require_finite
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], name: str, noun: str) -> Choice:
    """A member of an enumeration by its name.

    Raises:
        ValueError: an unknown name; the choices are listed.

    >>> from expressivity.classes.families import Kind
    >>> choice(Kind, "la", "family")
    <Kind.LA: 'la'>
    """
    if name not in [str(member) for member in kind]:
        raise ValueError(f"unknown {noun} {name!r}: choose from {', '.join(kind)}")
    return kind(name)


def user_target(text: str) -> Target:
    """A user's expression as a target on its default domain.

    Raises:
        ValueError: a text outside the grammar, or a function that is not finite on the domain.

    >>> user_target("relu(x)").domain.name
    'interval'
    """
    expression = parse(text, functions=tuple(dict.fromkeys([*FUNCTIONS, *ACTIVATIONS])))
    domain = domain_for(expression.dimension)
    require_finite(expression, domain)
    return Target(
        name="expr", expression=to_sympy(expression), domain=domain, source=expression.text
    )
