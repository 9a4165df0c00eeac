"""What several commands read from their arguments, each with its one-line refusal."""

from enum import StrEnum
from typing import TypeVar

from expressivity.activations import ACTIVATIONS
from expressivity.domains import domain_for
from expressivity.expressions import FUNCTIONS, parse
from expressivity.families import Form
from expressivity.finite import require_finite
from expressivity.separation import default_dictionary
from expressivity.targets import TARGETS, Target, to_sympy

Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], name: str, noun: str) -> Choice:
    """A member of an enumeration by its name.

    Raises:
        ValueError: an unknown name; the choices are listed.

    >>> choice(Form, "type1", "form")
    <Form.TYPE1: 'type1'>
    """
    if name not in [str(member) for member in kind]:
        raise ValueError(f"unknown {noun} {name!r}: choose from {', '.join(kind)}")
    return kind(name)


def builtin_target(
    name: str, *, lambda_: float, gate: str, form: Form | None, dictionary: tuple[str, ...] | None
) -> Target:
    """A target of the registry; the softmax gate inside t2 depends on the dictionary's size.

    Raises:
        ValueError: an unknown name or gate, or a lambda that is not finite.
    """
    factory = TARGETS[name]
    shape = form or factory(lambda_, gate, 1).form
    return factory(lambda_, gate, len(dictionary or default_dictionary(shape)))


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
