"""What the code of modules says of their parts: one run of a module takes one branch of it."""

import functools
import inspect
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, cast

from torch import nn

from expressivity.layers.blocks import UnreadableError
from expressivity.layers.bytecode import ATTRIBUTES, GLOBALS, branches, loads_of

_CONSTRUCTORS = ("__init__", "_init_weights")
_SEARCHES = ("_modules", "children", "get_submodule", "modules", "named_children", "named_modules")
"""What finds parts without their names."""


def require_used_once(module: nn.Module, path: str) -> None:
    """Refuse a part of a layer that its code names in several places, or searches for.

    Raises:
        UnreadableError: the code of the layer, or of a part on the way, names the next part
            more than once, or not at all.
    """
    for owner, name in _steps(module, path):
        count = _loads(owner, name)
        if count != 1:
            raise UnreadableError(f"whose code uses {name} in {count} places")
        found = next((other for other in _SEARCHES if _loads(owner, other)), None)
        if found is not None:
            raise UnreadableError(f"whose code looks for parts with {found}")


def require_one_way(module: nn.Module, paths: Sequence[str]) -> None:
    """Refuse a layer whose code may do something else between the parts of a block.

    A run shows what happens between them in one branch: that there must be no other.

    Args:
        module: the layer.
        paths: of the parts, in the order of the computation, each used once.

    Raises:
        UnreadableError: the code branches between two of them, or names them in several functions.
    """
    used: dict[nn.Module, list[str]] = {}
    for path in paths:
        for owner, name in _steps(module, path):
            names = used.setdefault(owner, [])
            names += [] if name in names else [name]
    for owner, names in used.items():
        homes = [code for code in _codes_of(owner) if any(loads_of(code, n) for n in names)]
        shown = " and ".join((names[0], names[-1])[: len(names)])
        if len(homes) != 1:
            raise UnreadableError(f"whose code uses {shown} in {len(homes)} functions")
        # What is called in the middle must be straight from its first line on.
        if branches(homes[0], names if owner is module else None):
            raise UnreadableError(f"whose code may go other ways at {shown}")


def looks_into(owner: nn.Module, path: str) -> bool:
    """Whether the code of a module names a part that is further inside.

    >>> looks_into(nn.TransformerEncoderLayer(2, 1, 2), "linear1")
    True
    """
    return all(_loads(owner, name) for name in path.split("."))


def asks_for(owner: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether the code of a module names a class, as ``isinstance(part, kind)`` does.

    ``nn.Sequential`` does so where two of them are added; its forward asks for nothing.

    >>> asks_for(nn.Sequential(), nn.Sequential)
    False
    """
    return type(owner) is not nn.Sequential and bool(_loads(owner, kind.__name__, GLOBALS))


def asks_by_name(owner: nn.Module, part: nn.Module) -> Iterator[str]:
    """What a part has, and the code of a module around it uses: its parts, or what has a text.

    What the module has too may be its own. ``getattr(part, "scale", 1)`` asks by a text.

    >>> list(asks_by_name(nn.Identity(), nn.Linear(2, 2)))
    []
    """
    if type(part).__module__.startswith("expressivity."):  # of an expert, which was packed
        return
    own = [base for base in type(part).__mro__ if base not in nn.Module.__mro__]
    others = {*vars(part), *(name for base in own for name in vars(base))} - {*dir(nn.Module())}
    parts = {name for name, _ in (*part.named_children(), *part.named_parameters(recurse=False))}
    for name in sorted(parts | others):
        if not hasattr(owner, name) and _loads(owner, name, ATTRIBUTES if name in parts else ()):
            yield name


def _steps(module: nn.Module, path: str) -> Iterator[tuple[nn.Module, str]]:
    """Whose code names which part, on the way to one; ``nn.Sequential`` names none."""
    owner = module
    for name in path.split("."):
        if type(owner) is not nn.Sequential:
            yield owner, name
        owner = owner.get_submodule(name)


def _loads(owner: nn.Module, name: str, steps: tuple[str, ...] = ATTRIBUTES) -> int:
    """How often the code of a module, its constructors aside, loads a name, or has it as text."""
    return sum(loads_of(code, name, steps) for code in _codes_of(owner))


def _codes_of(owner: nn.Module) -> list[CodeType]:
    """The code of a module's class, and of functions among its attributes."""
    own = [function for value in vars(owner).values() for function in _functions(value)]
    return list(dict.fromkeys([*_codes_of_class(type(owner)), *_reached(own)]))


@functools.cache
def _codes_of_class(kind: type[nn.Module]) -> tuple[CodeType, ...]:
    own = [base for base in kind.__mro__ if base not in nn.Module.__mro__]
    members = [value for base in own for n, value in vars(base).items() if n not in _CONSTRUCTORS]
    return tuple(_reached([f for member in members for f in _functions(member)]))


def _functions(member: Any) -> Iterator[FunctionType]:
    """The functions of a method, a property or whatever else a class or a module holds."""
    if inspect.isfunction(member):
        yield cast(FunctionType, inspect.unwrap(member))
        return
    for attribute in ("fget", "fset", "func", "__func__"):
        if inspect.getattr_static(member, attribute, None) is not None:
            yield from _functions(getattr(member, attribute))


def _reached(functions: Sequence[FunctionType]) -> list[CodeType]:
    """The code of functions, and of those of the same file that they name."""
    found: dict[CodeType, None] = {}
    left = list(functions)
    while left:
        function = left.pop()
        if function.__code__ not in found:
            found[function.__code__] = None
            named = [function.__globals__.get(name) for name in function.__code__.co_names]
            inner = [f for value in named if inspect.isfunction(value) for f in _functions(value)]
            left += [f for f in inner if f.__module__ == function.__module__]
    return list(found)
