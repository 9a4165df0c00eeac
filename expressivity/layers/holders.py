"""Who else has a block: its numbers, or the block itself, beside the places that the model names.

What takes a block's place is another object with other parameters. Whoever kept the old one goes
on with it in silence: a compiled wrapper or a list that a forward reads calls the old block, and
a wrapper for several processes sums the gradients of the old parameters.
"""

import gc
import types
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

_REGISTERED = ("_modules", "_parameters", "_buffers")
_DEPTH = 8


def held_beside(model: nn.Module) -> dict[int, str]:
    """Modules and tensors that attributes of modules lead to, by identity, and by which.

    Attributes, those of classes too, are looked through as far as containers, objects, methods,
    closures and containers that functions name go. What a module reaches of itself, as its own
    compiled forward does, is left out.

    >>> class Own(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.part = nn.Linear(2, 2)
    ...         self.calls = [self.part.forward]
    >>> own = Own()
    >>> list(held_beside(nn.ModuleDict({"own": own})).items()) == [(id(own.part), "own.calls")]
    True
    """
    found: dict[int, str] = {}
    for name, module in model.named_modules():
        for key, value in attributes(module):
            seen = {id(module)}
            for held in _reached(value, seen, _DEPTH):
                found.setdefault(id(held), ".".join(filter(None, (name, key))))
    return found


def attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Attributes of a module's classes, torch's own aside, then its own."""
    for kind in reversed(type(module).__mro__):
        if not kind.__module__.startswith(("torch.", "builtins")):
            yield from vars(kind).items()
    yield from ((key, value) for key, value in vars(module).items() if key not in _REGISTERED)


def _reached(value: Any, seen: set[int], depth: int) -> Iterator[nn.Module | Tensor]:
    if id(value) in seen or depth == 0:
        return
    seen.add(id(value))
    if isinstance(value, nn.Module | Tensor):
        yield value
        return
    for inner in _parts(value):
        yield from _reached(inner, seen, depth - 1)


def _parts(value: Any) -> Iterable[Any]:
    """What a container, an object, a method or a function holds."""
    if isinstance(value, types.FunctionType):  # of what its file holds what it names
        named = [value.__globals__.get(name) for name in value.__code__.co_names]
        held = [one for one in named if isinstance(one, nn.Module | list | dict | tuple | set)]
        return [*held, *map(_content, value.__closure__ or ()), *(value.__defaults__ or ())]
    if isinstance(value, weakref.ref):
        return [cast(Any, value)()]
    return [] if isinstance(value, type | types.ModuleType) else gc.get_referents(value)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a function that is not yet there
        return None


def sharing(model: nn.Module) -> set[int]:
    """Parameters whose numbers something else has too, wholly or in part, by identity.

    Another module, as a parameter or a buffer, or a tensor among the attributes of any.

    >>> one, other = nn.Linear(3, 2), nn.Linear(3, 4)
    >>> one.weight.data = other.weight.data[1:3]
    >>> sharing(nn.ModuleList([one, other])) == {id(one.weight), id(other.weight)}
    True
    """
    spans = sorted(
        (*_span(tensor), id(module), id(tensor))
        for module in model.modules()
        for tensor in _tensors(module)
    )
    found: set[int] = set()
    last: list[tuple[str, int, int, int, int]] = []  # those that may reach further
    for span in spans:
        place, start, _, module, parameter = span
        last = [other for other in last if other[0] == place and other[2] > start]
        for other in last:
            if other[3] != module:
                found |= {other[4], parameter}
        last.append(span)
    return found


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters(recurse=False)
    yield from module.buffers(recurse=False)
    for _, value in attributes(module):
        held = _reached(value, {id(module)}, _DEPTH)
        yield from (one for one in held if type(one) is Tensor)


def _span(tensor: Tensor) -> tuple[str, int, int]:
    """Where a tensor's numbers are: the device, the first byte and the one after the last."""
    plain = type(tensor) in (nn.Parameter, Tensor) and tensor.layout is torch.strided
    if not plain or tensor.device.type == "meta" or not tensor.numel():
        return "object", id(tensor), id(tensor) + 1
    start, size = tensor.data_ptr(), tensor.element_size()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return str(tensor.device), start, start + size * (1 + sum((n - 1) * s for n, s in steps))
