"""Feed-forward blocks of other people's models: what they are made of, and what takes their place.

What numbers cannot show (hooks, wrapped maps, exchanged forwards) is an obstacle here; the numbers
are compared in ``agreement``.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_of_torch

from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.linears import bias_of
from expressivity.layers.reading import is_linear, is_transposed

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


class UnreadableError(ValueError):
    """Why a module cannot be read, as what follows its name in a sentence."""


class NotRunError(UnreadableError):
    """It cannot be run by itself, so that nothing more is known of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """A linear map of a block, or the part of one that plays a role of its own.

    Attributes:
        weight: outputs x inputs, the block's own numbers.
        bias: the same of the bias, or None.
        trained: whether weight and bias are trained.
        marks: attributes that others have set on weight and bias, as optimisers read them.
    """

    weight: Tensor
    bias: Tensor | None
    trained: tuple[bool, bool]
    marks: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})

    @staticmethod
    def of(linear: nn.Module, half: int | None = None) -> "Affine":
        """A plain linear map, or one of the two halves of its outputs.

        >>> Affine.of(nn.Linear(3, 4), half=1).weight.shape
        torch.Size([2, 3])
        """
        own = cast(nn.Linear, linear)
        bias = bias_of(own)
        trained = own.weight.requires_grad, bias is not None and bias.requires_grad
        marks = dict(vars(own.weight)), {} if bias is None else dict(vars(bias))
        weight = own.weight.mT if is_transposed(linear) else own.weight
        if half is not None:
            size = weight.shape[0] // 2
            weight, bias = (
                None if t is None else t[half * size : (half + 1) * size] for t in (weight, bias)
            )
        return Affine(weight=cast(Tensor, weight), bias=bias, trained=trained, marks=marks)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """What a block computes: ``outer(a(inner(s(w(x)) * v(x))))``, without v ``a(inner(s(w(x))))``.

    Attributes:
        w, v, a: the linear maps.
        activation: s, the block's own module.
        inner, outer: dropout, the block's own or made for it.
        original: a module that computes the same from x alone: the block, or parts of a layer.
        casts: whether the block computes in float32 whatever it is given.
        place: the path inside the module that the new block takes; empty for the whole module.
        emptied: further paths, which become ``nn.Identity``.
    """

    w: Affine
    v: Affine | None = None
    a: Affine
    activation: nn.Module
    inner: nn.Module = field(default_factory=nn.Identity)
    outer: nn.Module = field(default_factory=nn.Identity)
    original: nn.Module
    casts: bool = False
    place: str = ""
    emptied: tuple[str, ...] = ()


class Block(nn.Module):
    """A layer with what the models put around it: an output bias and dropout.

    Attributes:
        feed_forward: the layer.
        inner: dropout of its neurons.
        bias: added to its outputs, or None.
        dropout: applied last.
    """

    def __init__(
        self,
        feed_forward: FeedForward,
        bias: Tensor | None = None,
        dropout: nn.Module | None = None,
        inner: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.feed_forward = feed_forward
        self.inner = inner or nn.Identity()
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.dropout = dropout or nn.Identity()

    def forward(self, x_TD: Tensor) -> Tensor:
        """Outputs (..., d) at inputs (..., d)."""
        outputs_TD = self.feed_forward(x_TD, self.inner)
        if self.bias is not None:
            # Under autocast outputs are of a narrower dtype than parameters, as those of nn.Linear.
            outputs_TD = outputs_TD + self.bias.to(outputs_TD.dtype)
        return self.dropout(outputs_TD)


def require_plain(module: nn.Module, paths: Sequence[str]) -> None:
    """Refuse a module whose parts numbers do not show: before it is run, as hooks would run too.

    Args:
        module: a block, or a layer with one inside.
        paths: of the parts that a new block takes the place of.

    Raises:
        UnreadableError: what is in the way.
    """
    for path in paths:
        for name, part in module.get_submodule(path).named_modules(prefix=path):
            for problem in _obstacles(part):
                raise UnreadableError(problem.format(at=f" at {name}" if name else "", name=name))


def _obstacles(part: nn.Module) -> Iterator[str]:
    kept = {**vars(module_of_torch), **vars(part)}  # those of all modules first
    hooks = [
        key for key, value in kept.items() if "_hooks" in key and isinstance(value, dict) and value
    ]
    if hooks:
        yield f"with hooks{{at}} ({', '.join(key.strip('_') for key in hooks)})"
    if "forward" in vars(part):
        yield "whose forward was exchanged on the object{at}"
    for name in sorted(_defined(part).intersection(_COPYING)):  # copies are what runs
        yield f"whose class{{at}} defines {name} anew"
    if type(part).get_extra_state is not nn.Module.get_extra_state:
        yield "with a state{at} that is no tensor (get_extra_state)"
    if is_linear(part) and {"weight", "bias"} - vars(part)["_parameters"].keys():
        yield "whose weight or bias{at} is no parameter"
    for name, parameter in part.named_parameters(recurse=False):
        if parameter.is_inference():
            yield f"with a {name}{{at}} that was made in inference mode"
        if type(parameter) is not nn.Parameter or parameter.dtype not in DTYPES:
            yield f"with a {name}{{at}} of type {type(parameter).__name__} and {parameter.dtype}"
        elif parameter.device.type == "meta":
            yield f"with no numbers in the {name}{{at}} (device meta)"
        elif any(getattr(parameter, hooks) for hooks in _TENSOR_HOOKS):
            yield f"with hooks on the {name}{{at}}"
    wrapped = not is_linear(part) and isinstance(getattr(part, "weight", None), Tensor)
    if wrapped and (isinstance(part, nn.Linear) or any(True for _ in part.children())):
        yield f"whose {{name}} is {type(part).__name__}, not a plain linear map"


_TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")


_OWN = {"__init__", "__call__", "__getattr__", "__repr__", "forward", "extra_repr"}
"""What a block's class may define anew, of what every module has: it is run, or only shown."""

_COPYING = ("__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__")


def require_usual_class(module: nn.Module) -> None:
    """Refuse a block whose class is moved, saved or set to a mode in a way of its own.

    What takes its place would not be.

    Raises:
        UnreadableError: the method that it defines.
    """
    for part in module.modules():
        for name in sorted(_defined(part) - _OWN):
            if inspect.isfunction(inspect.getattr_static(nn.Module, name, None)):
                raise UnreadableError(f"whose class defines {name} anew")


def _defined(part: nn.Module) -> set[str]:
    """What the classes of a module define that are neither torch's nor ours."""
    homes = ("torch.", "expressivity.", "builtins")
    foreign = [kind for kind in type(part).__mro__ if not kind.__module__.startswith(homes)]
    return {name for kind in foreign for name in vars(kind)}


def require_one_place(linear: Sequence[nn.Module]) -> None:
    """Refuse linear maps of several dtypes or devices.

    Raises:
        UnreadableError: what they are of.
    """
    places = {(p.dtype, p.device) for part in linear for p in part.parameters()}
    if len(places) > 1:
        shown = " and ".join(sorted(f"{d} on {p}" for d, p in places))
        raise UnreadableError(f"with parameters in {shown}")


def require_nothing_else(module: nn.Module, known: Sequence[nn.Module]) -> None:
    """Refuse a block that holds numbers beside those of its known parts: they would be lost.

    Raises:
        UnreadableError: the first of them.
    """
    inside = {inner for part in known for inner in part.modules()}
    for name, part in module.named_modules():
        own = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
        if is_linear(part) and part in inside:
            own = [(n, tensor) for n, tensor in own if n not in ("weight", "bias")]
        if own and (part not in inside or is_linear(part)):
            raise UnreadableError(f"that also holds {name}.{own[0][0]}".replace(" .", " "))
