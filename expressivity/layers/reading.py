"""Feed-forward computations, read from what a module did when it ran.

A block is ``a(s(w(x)))`` or ``a(s(w(x)) * v(x))`` of linear maps w, v, a and an activation s;
dropout may stand before and behind a, and w and v may be the halves of one map. Names are not
looked at.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from expressivity.layers.recording import Node, Recording

_FUNCTIONS = ("gelu", "leaky_relu", "relu", "silu", "tanh")
"""Torch functions that are activations of ours, with these options:"""
_DEFAULTS = {"inplace": False, "negative_slope": 0.01, "approximate": "none"}
_PRODUCTS = ("mul", "multiply", "__mul__", "__rmul__")
_PASSING = (nn.Dropout, nn.Identity)
_HOMES_OF_LINEAR = (
    ("transformers.pytorch_utils", "Conv1D"),
    ("transformers.models.falcon.modeling_falcon", "FalconLinear"),
)


@dataclass(frozen=True, kw_only=True)
class Map:
    """A linear map by its path, or one of the two halves of its outputs."""

    path: str
    half: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a block computes of its parts.

    Attributes:
        w, v, a: the linear maps; no v where there is no product.
        activation: the path of a module, or the name of a torch function.
        is_function: which of the two.
        inner, outer: dropout before and behind a: paths of modules, probabilities of functions.
        casts: whether the arithmetic between the maps is of another dtype.
    """

    w: Map
    v: Map | None
    a: Map
    activation: str
    is_function: bool
    inner: tuple[str | float, ...]
    outer: tuple[str | float, ...]
    casts: bool


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a plain linear map: of torch, or those of GPT-2 and Falcon."""
    return type(module) is nn.Linear or type(module) in _other_linear()


def is_transposed(module: nn.Module) -> bool:
    """Whether it keeps its weight as inputs x outputs, as GPT-2's does."""
    return is_linear(module) and not isinstance(module, nn.Linear)


def linear_maps(module: nn.Module) -> list[nn.Module]:
    """The linear maps inside a module that can be called, those of unknown kinds too."""
    scripted = isinstance(module, torch.jit.ScriptModule)  # has no forward that could be read
    if scripted or type(module).forward is nn.Module.forward:
        return []
    return [part for part in module.modules() if isinstance(part, nn.Linear) or is_linear(part)]


def _other_linear() -> list[Any]:
    # A model can only hold one if this was imported.
    return [getattr(sys.modules.get(home), name, None) for home, name in _HOMES_OF_LINEAR]


def read_whole(module: nn.Module, recording: Recording, training: bool) -> Reading | None:
    """What a module computes, if it is a block from its input to its output."""
    if any(node.name != "dtype" for node in recording.unused):
        return None
    walk = _Walk(module, training)
    reading = walk.block(recording.output, outer=True)
    return reading if reading is not None and walk.start.op == "input" else None


def read_inside(module: nn.Module, recording: Recording, training: bool) -> list[Reading]:
    """The blocks inside a layer of which it uses nothing but the output.

    Dropout behind a block belongs to the layer.
    """
    found: list[Reading] = []
    called = [node.name for node in recording.nodes if node.op == "module"]
    for node in recording.nodes:
        walk = _Walk(module, training)
        reading = walk.block(node, outer=False)
        if reading is None:
            continue
        passed = [n for n in walk.passed if n is not node]
        once = all(called.count(n.name) == 1 for n in walk.passed if n.op == "module")
        if once and all(recording.users(n) == 1 for n in passed):
            found.append(reading)
    return found


class _Walk:
    """Back from an output to the input of its block.

    Attributes:
        passed: the nodes on the way.
        start: the input.
    """

    def __init__(self, module: nn.Module, training: bool) -> None:
        self.passed: list[Node] = []
        self.start = Node(op="none", name="")
        self._module = module
        self._training = training
        self._casts = False

    def block(self, output: Any, *, outer: bool) -> Reading | None:
        """The block that ends in an output, with dropout behind it or without."""
        node, behind = self._dropout(output) if outer else (output, ())
        found = self._map(node)
        if found is None or found[0].half is not None:
            return None
        a, node = found
        node, before = self._dropout(self._uncast(node))
        for s, other in self._factors(self._uncast(node)):
            activation = self._activation(s)
            w = None if activation is None else self._map(self._uncast(activation[2]))
            v = None if other is None else self._map(other)
            if activation is None or w is None or (v is None) != (other is None):
                continue
            self.start = w[1]
            if not _apart(w, v):
                continue
            return Reading(
                w=w[0],
                v=None if v is None else v[0],
                a=a,
                activation=activation[0],
                is_function=activation[1],
                inner=before,
                outer=behind,
                casts=self._casts,
            )
        return None

    def _part(self, node: Any) -> nn.Module | None:
        """The module whose output a node is, if it was called with one tensor alone."""
        if not isinstance(node, Node) or node.op != "module" or len(node.arguments) != 1:
            return None
        alone = not node.options and isinstance(node.arguments[0], Node)
        return self._module.get_submodule(node.name) if alone else None

    def _map(self, node: Any) -> tuple[Map, Any] | None:
        """A linear map, whole or half, and its argument."""
        half = None
        if isinstance(node, Node) and node.op == "item":
            half, whole = node.arguments[1], cast(Node, node.arguments[0])
            self.passed.append(node)
            if not self._halved(whole):
                return None
            self.passed.append(whole)
            node = whole.arguments[0]
        part = self._part(node)
        if part is None or not is_linear(part):
            return None
        self.passed.append(node)
        return Map(path=node.name, half=half), node.arguments[0]

    def _halved(self, node: Node) -> bool:
        """Whether a node is a linear map's outputs, cut into two halves along the last axis."""
        arguments, options = list(node.arguments), dict(node.options)
        dim = options.pop("dim", arguments[2] if len(arguments) == 3 else None)
        part = self._part(arguments[0])
        if node.op != "function" or options or dim != -1 or part is None or not is_linear(part):
            return False
        weight: Any = part.weight
        outputs = weight.shape[1 if is_transposed(part) else 0]
        return (node.name, *arguments[1:2]) in (("chunk", 2), ("split", outputs / 2))

    def _activation(self, node: Any) -> tuple[str, bool, Any] | None:
        """An activation, whether it is a function, and its argument."""
        part = self._part(node)
        if part is not None and not is_linear(part) and type(part) is not nn.Dropout:
            self.passed.append(node)
            return node.name, False, node.arguments[0]
        if isinstance(node, Node) and node.op == "function" and node.name in _FUNCTIONS:
            tanh = node.name == "gelu" and dict(node.options) == {"approximate": "tanh"}
            usual = all(_DEFAULTS.get(k, self) == option for k, option in node.options.items())
            if (usual or tanh) and len(node.arguments) == 1:
                return node.name + "_tanh" * tanh, True, node.arguments[0]
        return None

    def _factors(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """The activated value, and the other factor where there are two: in either order."""
        if isinstance(node, Node) and node.op == "function" and node.name in _PRODUCTS:
            if len(node.arguments) == 2 and not node.options:
                left, right = (self._uncast(argument) for argument in node.arguments)
                yield left, right
                yield right, left
        else:
            yield node, None

    def _dropout(self, node: Any) -> tuple[Any, tuple[str | float, ...]]:
        """The value before dropout, and what drops, in the order of the computation."""
        found: list[str | float] = []
        while isinstance(node, Node):
            part, p = self._part(node), self._probability(node)
            if part is not None and type(part) in _PASSING:
                found.insert(0, node.name)
            elif p is not None:
                found += [p] if p else []
            else:
                break
            self.passed.append(node)
            node = node.arguments[0]
        return node, tuple(found)

    def _probability(self, node: Node) -> float | None:
        """That of a dropout function which follows the module's mode, or None."""
        if node.op != "function" or node.name != "dropout" or len(node.arguments) != 1:
            return None
        p, training = node.options.get("p"), node.options.get("training")
        plain = training is self._training and not node.options.get("inplace")
        return float(p) if plain and isinstance(p, int | float) else None

    def _uncast(self, node: Any) -> Any:
        """The value before it was cast to another dtype."""
        while isinstance(node, Node) and node.op == "function" and not node.options:
            dtypes = [isinstance(other, torch.dtype) for other in node.arguments[1:]]
            if (node.name, dtypes) not in (("float", []), ("to", [True])):
                break
            self._casts = True
            self.passed.append(node)
            node = node.arguments[0]
        return node


def _apart(w: tuple[Map, Any], v: tuple[Map, Any] | None) -> bool:
    """Whether two maps of one input are two modules, or both halves of one."""
    if v is None:
        return w[0].half is None
    halves = {w[0].half, v[0].half}
    same = w[0].path == v[0].path
    return w[1] is v[1] and (halves == {0, 1} if same else halves == {None})
