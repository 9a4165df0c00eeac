"""Activations of other people's models: which of ours a module is, by its own type.

A type is a claim; that the module computes what it says is checked in ``agreement``.
"""

import sys
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from expressivity.classes.activations import ACTIVATIONS

ACTIVATION_NAMES: Mapping[str, str] = {
    "gelu": "gelu",
    "gelu_accurate": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_python": "gelu",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "leaky_relu": "leaky_relu",
    "linear": "id",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "relu2": "relu2",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""Names in ``transformers`` of functions of ours. ``gelu_fast`` is none of them: its constant
sqrt(2/pi) is cut off after ten digits, which shows in float64."""

_TORCH_NAMES: dict[type[nn.Module], str] = {
    nn.GELU: "gelu",
    nn.Identity: "linear",
    nn.LeakyReLU: "leaky_relu",
    nn.ReLU: "relu",
    nn.SiLU: "silu",
    nn.Tanh: "tanh",
}


class Pointwise(nn.Module):
    """One of our activations as a module.

    Attributes:
        name: of the activation.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, z_TM: Tensor) -> Tensor:
        """Values s(z), elementwise."""
        return ACTIVATIONS[self.name].value_and_derivative(z_TM)[0]


def activation_names(activation: nn.Module) -> tuple[str, ...]:
    """Names of an activation: those in ``transformers``, then that of its class.

    >>> activation_names(nn.Softplus())
    ('Softplus',)
    """
    own = type(activation)
    names = [name for name, known in _transformers_names().items() if known is own]
    if isinstance(activation, nn.GELU) and activation.approximate == "tanh":
        names.append("gelu_pytorch_tanh")
    elif own in _TORCH_NAMES:
        names.append(_TORCH_NAMES[own])
    return (*names, own.__name__)


def check_substitute(substitute: Mapping[str, str], found: set[str]) -> None:
    """Refuse substitutes by or for activations that do not exist.

    Args:
        substitute: names in ``transformers``, or of classes, to ours.
        found: names of the activations of the model at hand.

    Raises:
        ValueError: an unknown name, on either side.
    """
    for theirs, ours in substitute.items():
        if theirs not in {*ACTIVATION_NAMES, *_transformers_names(), *found}:
            raise ValueError(
                f"required: substitutes for activations of the model ({', '.join(sorted(found))}) "
                f"or of transformers; got one for {theirs!r}"
            )
        ACTIVATIONS[ours]


def _transformers_names() -> Mapping[str, type[nn.Module]]:
    # A model can only hold such an activation if the module was imported.
    home: Any = sys.modules.get("transformers.activations")
    entries: Mapping[str, Any] = {} if home is None else home.ACT2CLS
    return {name: e[0] if isinstance(e, tuple) else e for name, e in entries.items()}
