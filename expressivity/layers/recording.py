"""What a module computes of its parts, recorded while it runs.

Calls of parts (modules without children) and of torch functions are noted as nodes, with the
nodes of their arguments. Questions that code asks about tensors (their shape, their dtype, whether
one is positive) are nodes as well: values that no other node uses. So a recording shows all that
the run depended on, except numbers that the module keeps, its mode, and further inputs; what its
code reads beside these has a name (``code_reads``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils.hooks import RemovableHandle

from expressivity.layers.code_reads import read_outside, watched

_DEPTH = 8
"""Of formulas that are written: those of blocks are shorter, those of whole layers have no end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One value of a run.

    Attributes:
        op: ``input``; ``module``, a part's output; ``function``, that of a torch function; ``item``
            of several outputs; ``held``, a parameter or another tensor that was there before.
        name: of the part, the function or the parameter.
        arguments, options: nodes and constants; of an item its whole and its place.
    """

    op: str
    name: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        """As a formula; deep ones end in dots."""
        return self.written(_DEPTH)

    def written(self, depth: int) -> str:
        """As a formula of at most some depth."""
        if self.op == "input":
            return "x"
        if self.op == "held":
            return self.name
        if depth == 0:
            return "..."
        shown = [_shown(argument, depth - 1) for argument in self.arguments]
        if self.op == "item":
            return f"{shown[0]}[{shown[1]}]"
        if self.name == "mul" and not self.options:
            return f"({' * '.join(shown)})"
        shown += [f"{name}={_shown(option, depth - 1)}" for name, option in self.options.items()]
        return f"{self.name}({', '.join(shown)})"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One run.

    Attributes:
        nodes: in their order.
        output: the module's: nodes in the structure that it returned.
        outside: a name by which its code reads something beside the module, or None.
    """

    nodes: Sequence[Node]
    output: Any
    outside: str | None

    def users(self, node: Node) -> int:
        """How often a value is used, as the output too."""
        used = [n for other in self.nodes for n in _nodes((other.arguments, other.options))]
        return sum(n is node for n in [*used, *_nodes(self.output)])

    @property
    def unused(self) -> list[Node]:
        """Values that were computed or asked for and are no part of the output's formula."""
        used = {id(n) for other in self.nodes for n in _nodes((other.arguments, other.options))}
        used |= {id(n) for n in _nodes(self.output)}
        return [node for node in self.nodes if id(node) not in used and node.op != "item"]

    def __str__(self) -> str:
        """All values that no other one is computed from."""
        return "; ".join([*map(str, self.unused), _shown(self.output, _DEPTH)])


def record(module: nn.Module, x_TD: Tensor, *others: Any) -> Recording:
    """Run a module at tokens; what it raises is raised.

    >>> from torch import ones
    >>> str(record(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), ones(1, 2)))
    '1(0(x))'
    """
    recorder = _Recorder(module, x_TD)
    try:
        with recorder, watched() as ran:
            output = module(x_TD, *others)
    finally:
        recorder.remove()
    output = recorder.noted(output)
    return Recording(nodes=recorder.nodes, output=output, outside=read_outside(ran))


class _Recorder(TorchFunctionMode):
    def __init__(self, module: nn.Module, x_TD: Tensor) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self._by_id: dict[int, Node] = {id(x_TD): Node(op="input", name="x")}
        self._alive: list[Any] = [x_TD]  # an identity must not be given twice
        self._depth = 0
        self._handles: list[RemovableHandle] = []
        tensors = [*module.named_parameters(), *module.named_buffers()]
        self._held = {id(tensor): f"self.{name}" for name, tensor in tensors}
        for name, part in module.named_modules():
            if not any(True for _ in part.children()) and part is not module:
                self._handles += [
                    part.register_forward_pre_hook(self._enter),
                    part.register_forward_hook(self._leave(name), with_kwargs=True),
                ]

    def remove(self) -> None:
        """Take the hooks away that note the parts."""
        for handle in self._handles:
            handle.remove()

    def _enter(self, part: nn.Module, arguments: Any) -> None:
        self._depth += 1

    def _leave(self, name: str) -> Any:
        def hook(part: nn.Module, arguments: Any, options: Any, output: Any) -> Any:
            # An output of its own: what Identity returns is its input, and would be one node.
            own = output.view_as(output) if isinstance(output, Tensor) else output
            self._depth -= 1
            if self._depth == 0:
                self._note("module", name, arguments, options, own)
            return own

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self._depth == 0:
            self._note("function", _name(func), args, kwargs or {}, result)
        return result

    def _note(self, op: str, name: str, args: Any, kwargs: Any, result: Any) -> None:
        node = Node(
            op=op, name=name, arguments=self.noted(tuple(args)), options=self.noted(dict(kwargs))
        )
        self.nodes.append(node)
        if isinstance(result, Tensor):
            self._know(result, node)
        elif isinstance(result, tuple | list):
            for place, part in enumerate(cast(Sequence[Any], result)):
                if isinstance(part, Tensor):
                    item = Node(op="item", name=name, arguments=(node, place))
                    self.nodes.append(item)
                    self._know(part, item)

    def _know(self, tensor: Tensor, node: Node) -> None:
        self._by_id[id(tensor)] = node
        self._alive.append(tensor)

    def noted(self, value: Any) -> Any:
        """A structure with nodes for tensors."""
        if isinstance(value, Tensor):
            if id(value) not in self._by_id:
                name = self._held.get(id(value), "a tensor from elsewhere")
                self._know(value, Node(op="held", name=name))
            return self._by_id[id(value)]
        if isinstance(value, tuple | list):
            return tuple(self.noted(part) for part in cast(Sequence[Any], value))
        if isinstance(value, Mapping):
            return {k: self.noted(v) for k, v in cast(Mapping[Any, Any], value).items()}
        return value


def _name(func: Any) -> str:
    """Of a function: bare for those of torch, as others may call theirs the same."""
    if func.__name__ == "__get__":
        return func.__self__.__name__
    home = getattr(func, "__module__", None)
    own = resolve_name(func) or home in (None, "torch._C")
    return func.__name__ if own else f"{home}.{func.__name__}"


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in cast(tuple[Any, ...], value):
            yield from _nodes(part)
    elif isinstance(value, Mapping):
        for part in cast(Mapping[Any, Any], value).values():
            yield from _nodes(part)


def _shown(value: Any, depth: int) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_shown(part, depth) for part in cast(tuple[Any, ...], value))})"
    return value.written(depth) if isinstance(value, Node) else str(value)
