"""Who else has a block: its numbers, or the block itself, beside the places that the model names.

What takes a block's place is another object with other parameters. Whoever kept the old one goes
on with it in silence: a compiled wrapper or a list that a forward reads calls the old block, and
a wrapper for several processes sums the gradients of the old parameters.
"""

import functools
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from torch import nn

_REGISTERED = ("_modules", "_parameters", "_buffers")
_DEPTH = 6


def held_beside(model: nn.Module) -> dict[int, str]:
    """Modules and parameters that attributes of modules lead to, by identity, and by which.

    Attributes are looked through as far as containers, bound methods, closures and partial
    functions go. What a module reaches of itself, as its own compiled forward does, is left out.

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
        for key, value in vars(module).items():
            if key in _REGISTERED:
                continue
            seen = {id(module)}
            for held in _reached(value, seen, _DEPTH):
                found.setdefault(id(held), ".".join(filter(None, (name, key))))
    return found


def _reached(value: Any, seen: set[int], depth: int) -> Iterator[nn.Module | nn.Parameter]:
    if id(value) in seen or depth == 0:
        return
    seen.add(id(value))
    if isinstance(value, nn.Module | nn.Parameter):
        yield value
        return
    for inner in _parts(value):
        yield from _reached(inner, seen, depth - 1)


def _parts(value: Any) -> Iterable[Any]:
    """What a container, a method or a function holds."""
    if isinstance(value, Mapping):
        return list(cast(Mapping[Any, Any], value).values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(cast(Iterable[Any], value))
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, types.FunctionType):
        return [_content(cell) for cell in value.__closure__ or ()] + list(value.__defaults__ or ())
    return []


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a function that is not yet there
        return None


def sharing(model: nn.Module) -> set[int]:
    """Parameters whose numbers another module has too, wholly or in part, by identity.

    >>> one, other = nn.Linear(3, 2), nn.Linear(3, 4)
    >>> one.weight.data = other.weight.data[1:3]
    >>> sharing(nn.ModuleList([one, other])) == {id(one.weight), id(other.weight)}
    True
    """
    spans = sorted(
        (*_span(parameter), id(module), id(parameter))
        for module in model.modules()
        for parameter in module.parameters(recurse=False)
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


def _span(parameter: nn.Parameter) -> tuple[str, int, int]:
    """Where a parameter's numbers are: the device, the first byte and the one after the last."""
    plain = type(parameter) is nn.Parameter and parameter.device.type != "meta"
    if not plain or not parameter.numel():
        return "object", id(parameter), id(parameter) + 1
    start, size = parameter.data_ptr(), parameter.element_size()
    steps = zip(parameter.shape, parameter.stride(), strict=True)
    return str(parameter.device), start, start + size * (1 + sum((n - 1) * s for n, s in steps))
