"""Fields of a family from what a person may write; each refuses the rest in one line."""

import operator
from enum import StrEnum
from typing import Any, TypeVar, cast

from expressivity.classes.gates import GateSpec

_E = TypeVar("_E", bound=StrEnum)


def a_name(field: str, value: Any) -> str:
    """A name, as text."""
    if not isinstance(value, str):
        raise ValueError(f"required: the name of a {field}; got {value!r}")
    return str(value)


def a_member(choices: type[_E], name: str, value: Any) -> _E:
    """A member of an enumeration, or its text."""
    try:
        return choices(value)
    except ValueError:
        listed = ", ".join(choices)
        raise ValueError(f"required: a {name} among {listed}; got {value!r}") from None


def names(value: Any) -> tuple[str, ...]:
    """Names, in a list or separated by commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) for name in cast(Any, names)
    ):
        raise ValueError(f"required: a dictionary of names of activations; got {value!r}")
    return tuple(cast(Any, names))


def a_gate(value: Any) -> GateSpec | None:
    """A gate, its name, or none."""
    if value is None or isinstance(value, GateSpec):
        return value
    if isinstance(value, str):
        return GateSpec(name=value)
    raise ValueError(f"required: a GateSpec, the name of a gate or None; got {value!r}")


def a_switch(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"required: True or False for {name}; got {value!r}")
    return value


def a_count(name: str, value: Any) -> int:
    """A whole number of at least 1."""
    try:
        count = operator.index(value)
    except TypeError:
        count = None
    if count is None or isinstance(value, bool):
        raise ValueError(f"required: {name} as a whole number; got {value!r}")
    if count < 1:
        raise ValueError(f"required: {name} of at least 1; got {count}")
    return count
