"""What the code of classes says of their parts: one run of a module takes one branch of it."""

import dis
import functools
import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any

from torch import nn

from expressivity.layers.blocks import UnreadableError

_CONSTRUCTORS = ("__init__", "_init_weights")
_SEARCHES = ("_modules", "children", "get_submodule", "modules", "named_children", "named_modules")
"""What finds parts without their names."""


def require_used_once(module: nn.Module, path: str) -> None:
    """Refuse a part of a layer that its code names in several places, or searches for.

    Raises:
        UnreadableError: the code of the layer, or of a part on the way, names the next part
            more than once, or not at all.
    """
    owner = module
    for name in path.split("."):
        if type(owner) is not nn.Sequential:
            count = _loads(type(owner), name)
            if count != 1:
                raise UnreadableError(f"whose code uses {name} in {count} places")
            found = next((other for other in _SEARCHES if _loads(type(owner), other)), None)
            if found is not None:
                raise UnreadableError(f"whose code looks for parts with {found}")
        owner = owner.get_submodule(name)


def looks_into(owner: nn.Module, path: str) -> bool:
    """Whether the code of a module names a part that is further inside.

    >>> looks_into(nn.TransformerEncoderLayer(2, 1, 2), "linear1")
    True
    """
    return all(_loads(type(owner), name) for name in path.split("."))


def asks_for(owner: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether the code of a module names a class, as ``isinstance(part, kind)`` does.

    ``nn.Sequential`` does so where two of them are added; its forward asks for nothing.

    >>> asks_for(nn.Sequential(), nn.Sequential)
    False
    """
    return type(owner) is not nn.Sequential and bool(
        _loads(type(owner), kind.__name__, ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME"))
    )


@functools.cache
def _loads(
    kind: type[nn.Module], name: str, steps: tuple[str, ...] = ("LOAD_ATTR", "LOAD_METHOD")
) -> int:
    """How often the code of a class, its constructors aside, loads a name, or has it as text."""
    own = [base for base in kind.__mro__ if base not in nn.Module.__mro__]
    members = [value for base in own for n, value in vars(base).items() if n not in _CONSTRUCTORS]
    return sum(_loads_of(code, name, steps) for member in members for code in _codes(member))


def _codes(member: Any) -> Iterator[CodeType]:
    """The code of a method, a property or whatever else a class holds."""
    if inspect.isfunction(member):
        yield inspect.unwrap(member).__code__
    for attribute in ("fget", "fset", "func", "__func__"):
        inner = inspect.getattr_static(member, attribute, None)
        if inner is not None and not inspect.isfunction(member):
            yield from _codes(getattr(member, attribute))


def _loads_of(code: CodeType, name: str, steps: tuple[str, ...]) -> int:
    here = 0
    for step in dis.get_instructions(code):
        text = step.opname == "LOAD_CONST" and _holds(step.argval, name)
        here += text or (step.opname in steps and step.argval == name)
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return here + sum(_loads_of(constant, name, steps) for constant in inner)


def _holds(constant: Any, name: str) -> bool:
    if isinstance(constant, tuple | frozenset):
        return any(_holds(part, name) for part in constant)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return isinstance(constant, str) and constant == name
