"""What the atlas asks of every class: the built-in targets and a list of simple functions.

The list is fixed before anything is computed. It holds one neuron of each kind and shape with
weights 0 and 1: each activation, each activation times another coordinate, products of two, and
sums that need two activations or two groups. None is there for the sake of a pair of classes; what
they leave open, a search may decide (``discover``).
"""

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.targets.builtin import TARGETS, made
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

DIMENSION = 3
"""The highest dimension of a target, in which the atlas's statements are made."""

_PRODUCTS = (
    "relu(x1)*relu(x2)",
    "relu(x1)*tanh(x2)",
    "relu(x1)*silu(x2)",
    "tanh(x1)*tanh(x2)",
    "tanh(x1)*silu(x2)",
    "silu(x1)*silu(x2)",
    "sigmoid(x1)*relu(x2)",
    "sigmoid(x1)*relu2(x2)",
    "sigmoid(x1)*tanh(x2)",
    "tanh(x1)*relu2(x2)",
    "tanh(x1)*gelu(x2)",
    "tanh(x1)**2*relu(x2)",
    "tanh(x1)*relu(x2)*x1",
    "tanh(x1)*relu(x2)*x3",
    "relu(x1)*x1*x2",
    "x1*x2*x3",
)
_POWERS = (
    "tanh(x)**2",
    "tanh(x)**3",
    "tanh(x)**4",
    "tanh(x)*sigmoid(x)",
    "x*relu2(x)",
    "x**4",
    "sin(x)**2",
    "cos(x)",
    "exp(x)",
    "abs(x)",
    "x**5",
    "x/(1+abs(x))",
    "1/(1+x**2)",
)
_SUMS = (
    "relu(x)+relu2(x)",
    "relu(x)+tanh(x)",
    "relu(x)+gelu(x)",
    "relu(x)+silu(x)",
    "relu2(x)+tanh(x)",
    "silu(x)+tanh(x)",
    "relu(x)+x**2",
    "relu(x)+relu3(x)",
    "elu(x)+relu(x)",
    "relu(x1)+tanh(x2)",
    "relu(x1)+relu2(x2)",
    "x3*relu(x1)+relu(x2)",
    "tanh(x3)*relu(x1)+relu(x2)",
    "tanh(x3)*relu(x1)+tanh(2*x3)*relu(x2)",
    "sigmoid(x3)*relu(x1)+sigmoid(2*x3)*relu(x2)",
    "silu(x1)*x2+silu(x2)*x1",
)
_NESTED = (
    "relu(x1+relu(x2-x1))",
    "x1+relu(x2-x1)",
    "relu(sin(x))",
    "relu(relu(x1)-relu(x2))",
    "tanh(x1+tanh(x2))",
)


def functions() -> tuple[str, ...]:
    """The targets as texts, each once, in a fixed order.

    >>> functions()[0], "x1*relu(x2)" in functions()
    ('id(x)', True)
    """
    texts = [f"{name}(x)" for name in ACTIVATIONS]
    texts += [f"x1*{name}(x2)" for name in ACTIVATIONS]
    texts += [f"x*{name}(x)" for name in ACTIVATIONS]
    texts += [*_PRODUCTS, *_POWERS, *_SUMS, *_NESTED]
    texts += [target.formula for target in _built_in()]
    return tuple(dict.fromkeys(texts))


def _built_in() -> list[Target]:
    """Those of the registry on their usual domain, as far as the dimension allows."""
    found = TARGETS.each(lambda factory: made(factory, 2.0, "tanh", len(FULL_DICTIONARY)))
    return [
        target
        for target in found.values()
        if target.dimension <= DIMENSION
        and target.domain == domain_for(target.dimension)
        and _is_text(target)
    ]


def _is_text(target: Target) -> bool:
    """Whether the target's formula is one of the grammar."""
    try:
        user_target(target.formula)
    except ValueError:
        return False
    return True
