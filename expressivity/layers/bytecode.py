"""Steps of compiled Python code: what it loads by name, and whether it goes one way only."""

import dis
from collections.abc import Sequence
from types import CodeType
from typing import Any

ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
GLOBALS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_NAME")


def loads_of(code: CodeType, name: str, steps: tuple[str, ...] = ATTRIBUTES) -> int:
    """How often code, that of functions inside too, loads a name, or has it as text.

    >>> loads_of((lambda x: x.real + getattr(x, "real")).__code__, "real")
    2
    """
    here = sum(_is_load(step, name, steps) for step in dis.get_instructions(code))
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return here + sum(loads_of(constant, name, steps) for constant in inner)


def _is_load(step: dis.Instruction, name: str, steps: tuple[str, ...]) -> bool:
    if step.opname == "LOAD_CONST":
        return _holds(step.argval, name)
    return step.opname in steps and step.argval == name


def branches(code: CodeType, names: Sequence[str] | None = None) -> bool:
    """Whether code jumps, or is jumped into, between the first and the last load of some names.

    Without names: anywhere.

    >>> branches((lambda x: 1 if x else 2).__code__)
    True
    """
    steps = list(dis.get_instructions(code))
    jumps = [s for s in steps if s.opcode in dis.hasjrel or s.opcode in dis.hasjabs]
    if names is None:
        return bool(jumps)
    loads = [s.offset for s in steps if any(_is_load(s, n, ATTRIBUTES) for n in names)]
    # No load: they are in a function inside, of which it is not known when it is called.
    first, last = (loads[0], loads[-1]) if loads else (0, steps[-1].offset)
    return any(first < s.offset < last or first < int(s.argval) <= last for s in jumps)


def _holds(constant: Any, name: str) -> bool:
    if isinstance(constant, tuple | frozenset):
        return any(_holds(part, name) for part in constant)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return isinstance(constant, str) and constant == name
