"""Feed-forward blocks of other people's models: what they compute, and from which weights.

A block is read from its own forward, traced by ``torch.fx`` in training and in evaluation mode,
and from its own activation; neither its name nor the model's configuration is believed. What
numbers cannot show (hooks, wrapped maps, weights of other places) is an obstacle here; the
numbers are compared in ``agreement``.
"""

import operator
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from expressivity.layers.feed_forward import FeedForward, bias_of

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True, kw_only=True)
class Style:
    """Blocks that are built alike.

    Attributes:
        formulas: what they compute, as :func:`formula` writes it.
        w, v, a: names of the linear maps; no v for type1.
        activation, dropout: names of the other children; no dropout where there is none.
    """

    formulas: tuple[str, ...]
    w: str
    v: str | None
    a: str
    activation: str
    dropout: str | None

    @property
    def maps(self) -> dict[str, str]:
        """Names of the linear maps, by their names in ``FeedForward``."""
        named = {"w": self.w, "v": self.v, "a": self.a}
        return {role: name for role, name in named.items() if name is not None}

    @property
    def children(self) -> set[str]:
        """Names of all children."""
        others = {self.activation} | ({self.dropout} if self.dropout else set())
        return {*self.maps.values(), *others}


LLAMA = Style(
    formulas=(
        "down_proj(act_fn(gate_proj(x)) * up_proj(x))",
        "down_proj(up_proj(x) * act_fn(gate_proj(x)))",
        "down_proj((act_fn(gate_proj(x).float()) * up_proj(x).float()).to(gate_proj(x).dtype))",
    ),
    w="gate_proj",
    v="up_proj",
    a="down_proj",
    activation="act_fn",
    dropout=None,
)
GPT2 = Style(
    formulas=("dropout(c_proj(act(c_fc(x))))",),
    w="c_fc",
    v=None,
    a="c_proj",
    activation="act",
    dropout="dropout",
)


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


def style_of(module: nn.Module) -> Style | None:
    """The style whose linear maps a module has, by name, or None.

    >>> style_of(nn.Linear(2, 2)) is None
    True
    """
    names = {name for name, _ in module.named_children()}
    return next((style for style in (LLAMA, GPT2) if names >= set(style.maps.values())), None)


class _Tracer(fx.Tracer):
    """Every child is a letter of the formula."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def formula(module: nn.Module) -> str:
    """What a module computes of its children, in the mode it is in.

    Calls of children carry the child's name, products a star, everything else its full name, so
    that equal formulas are equal computations. Values computed and not used, and further inputs,
    are part of it. The module's forward is called, with stand-ins for tensors.

    >>> formula(nn.Sequential(nn.Linear(2, 3), nn.Tanh()))
    '1(0(x))'
    """
    try:
        graph = _Tracer().trace(module)
    except Exception as error:  # noqa: BLE001 - of someone else's forward, whatever it does
        return f"what cannot be traced ({type(error).__name__})"
    written: dict[fx.Node, str] = {}
    unused: list[str] = []
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    for node in graph.nodes:
        written[node] = "x" if inputs[:1] == [node] else _written(node, written)
        if not node.users or node in inputs[1:]:
            unused.append(written[node])
    return "; ".join(unused)


def _written(node: fx.Node, written: Mapping[fx.Node, str]) -> str:
    def show(argument: Any) -> str:
        return written[argument] if isinstance(argument, fx.Node) else repr(argument)

    arguments = [show(argument) for argument in node.args]
    named = [f"{name}={show(argument)}" for name, argument in node.kwargs.items()]
    target: Any = node.target
    if node.op == "output":
        return arguments[0]
    if node.op == "placeholder":
        return f"input {target}"
    if node.op == "get_attr":
        return f"self.{target}"
    if _is_product(node):
        return f"({' * '.join(arguments)})"
    if target is getattr:
        return f"{arguments[0]}.{cast(str, node.args[1])}"
    if node.op == "call_method":
        return f"{arguments[0]}.{target}({', '.join([*arguments[1:], *named])})"
    if node.op == "call_function":
        target = f"{target.__module__}.{target.__name__}"
    if [_is_product(argument) for argument in node.args] == [True] and not named:
        return f"{target}{arguments[0]}"
    return f"{target}({', '.join([*arguments, *named])})"


def _is_product(node: Any) -> bool:
    return (
        isinstance(node, fx.Node) and node.target in (operator.mul, torch.mul) and not node.kwargs
    )


def obstacle(module: nn.Module, style: Style) -> str | None:
    """Why a block cannot be read, as what follows its name in a sentence, or None."""
    children = dict(module.named_children())
    unknown = children.keys() - style.children
    own = [name for name, _ in module.named_parameters(recurse=False)]
    own += [name for name, _ in module.named_buffers(recurse=False)]
    if unknown or own:
        return f"that also holds {', '.join(sorted([*unknown, *own]))}"
    for name, part in module.named_modules():
        at = f" at {name}" if name else ""
        hooks = [key for key, value in vars(part).items() if "_hooks" in key and value]
        if hooks:
            return f"with hooks{at} ({', '.join(key.strip('_') for key in hooks)})"
        if "forward" in vars(part):
            return f"whose forward was exchanged on the object{at}"
    for name in style.maps.values():
        problem = _map_obstacle(children[name])
        if problem is not None:
            return f"whose {name} {problem}"
    places = {(p.dtype, p.device) for p in module.parameters()}
    if len(places) > 1:
        return f"with parameters in {' and '.join(sorted(f'{d} on {p}' for d, p in places))}"
    if style.dropout in children and type(children[style.dropout]) is not nn.Dropout:
        return f"whose {style.dropout} is {type(children[style.dropout]).__name__}"
    biased = {
        name: bias_of(cast(nn.Linear, children[name])) is not None for name in style.maps.values()
    }
    if style.v is not None and biased[style.w] != biased[style.v]:
        return f"with a bias in one of {style.w} and {style.v}"
    return None


_TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")


def _map_obstacle(linear: nn.Module) -> str | None:
    """Why a module is no plain linear map whose weights can be read, or None."""
    if type(linear) is not nn.Linear and not _is_conv1d(linear):
        return f"is {type(linear).__name__}, not a plain linear map"
    parameters = dict(linear.named_parameters(recurse=False))
    extra = parameters.keys() - {"weight", "bias"} or {n for n, _ in linear.named_buffers()}
    if extra or "weight" not in parameters:
        return "holds other parameters than weight and bias"
    for name, parameter in parameters.items():
        if type(parameter) is not nn.Parameter or parameter.dtype not in DTYPES:
            return f"has a {name} of type {type(parameter).__name__} and {parameter.dtype}"
        if parameter.device.type == "meta":
            return f"has no numbers in its {name} (device meta)"
        if any(getattr(parameter, hooks) for hooks in _TENSOR_HOOKS):
            return f"has hooks on its {name}"
    return None


def _is_conv1d(linear: nn.Module) -> bool:
    """Whether it is the linear map of GPT-2, which keeps its weight transposed."""
    # A model can only hold one if this was imported.
    home = sys.modules.get("transformers.pytorch_utils")
    return home is not None and type(linear) is home.Conv1D
