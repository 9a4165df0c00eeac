"""A user's own expression as a target."""

from expressivity.symbolic.parser import parse
from expressivity.targets.domains import domain_for
from expressivity.targets.finite import require_finite
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy
from expressivity.targets.writing import readable


def user_target(text: str) -> Target:
    """A user's expression as a target on its default domain.

    Raises:
        ValueError: a text outside the grammar, or a function that is not finite on the domain.

    >>> user_target("relu(x)").domain.name
    'interval'
    """
    expression = parse(text, functions=readable())
    domain = domain_for(expression.dimension)
    require_finite(expression, domain)
    return Target(
        name="expr", expression=to_sympy(expression), domain=domain, source=expression.text
    )
