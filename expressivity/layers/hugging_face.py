"""Feed-forward layers of Hugging Face models, replaced by ours.

Llama-style blocks hold ``gate_proj``, ``up_proj``, ``down_proj`` and ``act_fn`` (also Mistral,
Qwen2 and others); GPT-2-style ones ``c_fc``, ``c_proj``, ``act`` and ``dropout``.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from expressivity.families import Family, Form, Kind
from expressivity.layers.conversion import convert
from expressivity.layers.feed_forward import FeedForward, bias_of

ACTIVATION_NAMES: Mapping[str, str] = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "leaky_relu": "leaky_relu",
    "linear": "id",
    "relu": "relu",
    "relu2": "relu2",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""Names in ``transformers`` of functions of our dictionary. ``gelu_new`` is none of them: it
replaces the normal distribution function by a tanh, and differs from gelu by up to 4.8e-4."""

_LLAMA = ("gate_proj", "up_proj", "down_proj", "act_fn")
_GPT2 = ("c_fc", "c_proj", "act", "dropout")


class Block(nn.Module):
    """A layer with what the models put behind it: an output bias and dropout.

    Attributes:
        feed_forward: the layer.
        bias: added to its outputs, or None.
        dropout: applied last.
    """

    def __init__(self, feed_forward: FeedForward, bias: Tensor | None, dropout: nn.Module) -> None:
        super().__init__()
        self.feed_forward = feed_forward
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.dropout = dropout

    def forward(self, x_TD: Tensor) -> Tensor:
        """Outputs (..., d) at inputs (..., d)."""
        outputs_TD = self.feed_forward(x_TD)
        return self.dropout(outputs_TD if self.bias is None else outputs_TD + self.bias)


def replace_feedforward(
    model: nn.Module,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str] | None = None,
) -> int:
    """Replace every feed-forward block of a model, keeping the model's function.

    Args:
        model: a ``transformers.PreTrainedModel`` with Llama- or GPT-2-style blocks; changed in
            place.
        family_of: the fixed family that a block is (SwiGLU: one_sided over silu) to the family
            that it shall be, as ``lambda fixed: replace(fixed, kind=Kind.LA, ...)``.
        substitute: activations of the model that are none of ours, to ours, as
            ``{"gelu_new": "gelu"}``. This changes the function.

    Returns:
        The number of blocks replaced.

    Raises:
        ValueError: transformers is not installed, not such a model, no such block, an activation
            that is none of ours, or a family that does not hold the block's function. The model
            is then as it was.
    """
    activation = _activation(model, substitute or {})
    found = [
        (n, m) for n, m in model.named_modules() if _is_style(m, _LLAMA) or _is_style(m, _GPT2)
    ]
    if not found:
        raise ValueError(
            f"required: Llama- or GPT-2-style feed-forward blocks; got {type(model).__name__} "
            "with none: replace them by hand with convert"
        )
    blocks = {name: _block(module, activation, family_of) for name, module in found}
    for name, block in blocks.items():
        model.set_submodule(name, block)
    return len(blocks)


def _activation(model: nn.Module, substitute: Mapping[str, str]) -> str:
    try:
        transformers: Any = importlib.import_module("transformers")
    except ImportError as error:
        raise ValueError(
            "required: the package transformers; got none: pip install 'expressivity[hf]'"
        ) from error
    if not isinstance(model, transformers.PreTrainedModel):
        raise ValueError(f"required: a transformers model; got {type(model).__name__}")
    config = cast(Any, model).config
    name = getattr(config, "hidden_act", None) or getattr(config, "activation_function", None)
    ours = {**ACTIVATION_NAMES, **substitute}.get(str(name))
    if ours is None:
        raise ValueError(
            f"required: one of the activations {', '.join(ACTIVATION_NAMES)}; got {name}: "
            "to accept another function, name its substitute, as {'gelu_new': 'gelu'}"
        )
    return ours


def _is_style(module: nn.Module, names: tuple[str, ...]) -> bool:
    return all(name in dict(module.named_children()) for name in names)


def _block(module: Any, activation: str, family_of: Callable[[Family], Family]) -> Block:
    if _is_style(module, _LLAMA):
        maps = {"w": module.gate_proj, "v": module.up_proj, "a": module.down_proj}
        weights = {name: linear.weight for name, linear in maps.items()}
        dropout: nn.Module = nn.Identity()
    else:
        maps = {"w": module.c_fc, "a": module.c_proj}
        weights = {name: linear.weight.mT for name, linear in maps.items()}
        dropout = module.dropout
    biases = {name: linear.bias for name, linear in maps.items()}
    width, dimension = weights["w"].shape
    family = Family(
        kind=Kind.FIXED,
        form=Form.ONE_SIDED if "v" in maps else Form.TYPE1,
        width=width,
        dimension=dimension,
        outputs=weights["a"].shape[0],
        dictionary=(activation,),
        bias=biases["w"] is not None,
    )
    place = {"device": weights["w"].device, "dtype": weights["w"].dtype}
    fixed = FeedForward(family, initialisation=None, **place).train(module.training)
    with torch.no_grad():
        for name, weight in weights.items():
            linear = fixed.get_submodule(name)
            assert isinstance(linear, nn.Linear)
            linear.weight.copy_(weight)
            bias = bias_of(linear)
            if bias is not None:
                bias.copy_(biases[name])
    return Block(convert(fixed, family_of(family)), biases["a"], dropout)
