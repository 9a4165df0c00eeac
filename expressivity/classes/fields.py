"""Fields of a description: coerced where a person may write them differently, or refused.

Each function returns the field's value or raises a ValueError of one line.
"""

import operator
from enum import StrEnum
from typing import Any, TypeVar, cast

from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.names import canonical

_E = TypeVar("_E", bound=StrEnum)


def as_name(field: str, value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"required: the name of a {field}; got {value!r}")
    return str(value)


def as_member(choices: type[_E], name: str, value: Any) -> _E:
    """A member of an enumeration, or its name."""
    found = canonical(value, choices) if isinstance(value, str) else None
    if found is None:
        listed = ", ".join(choices)
        raise ValueError(f"required: a {name} among {listed}; got {value!r}")
    return choices(found)


def as_names(value: Any) -> tuple[str, ...]:
    """Names, listed or with commas between them.

    >>> as_names("relu,tanh")
    ('relu', 'tanh')
    """
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) for name in cast(Any, names)
    ):
        raise ValueError(f"required: a dictionary of names of activations; got {value!r}")
    return tuple(cast(Any, names))


def as_gate(value: Any) -> GateSpec | None:
    """A gate with its switches; a name means both on."""
    if value is None or isinstance(value, GateSpec):
        return value
    if isinstance(value, str):
        return GateSpec(name=value)
    raise ValueError(f"required: a GateSpec, the name of a gate or None; got {value!r}")


def require_gate(gate: GateSpec | None, kind: Kind) -> None:
    """A gate where the kind has gates, and none elsewhere."""
    if (gate is not None) == kind.gated:
        return
    got, advice = "none", "name one, as gate='sigmoid'"
    if gate is not None:
        got, advice = gate.name, "leave it out, or choose kind='moa'"
    raise ValueError(f"required: a gate for moa and none otherwise; got {got} for {kind}: {advice}")


def as_switch(name: str, value: Any) -> bool:
    """True or False, and nothing that Python takes for one of them."""
    if not isinstance(value, bool):
        raise ValueError(f"required: True or False for {name}; got {value!r}")
    return value


def as_count(name: str, value: Any) -> int:
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
