"""What the code that ran in a block depends on beside the block: flags, clocks, counters.

A run shows one branch of the code. Where the branch may depend on something outside, as on a
number that stands in the file, another run may take another.
"""

import builtins
import dis
import gc
import math
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import get_ignored_functions, resolve_name

from expressivity.layers.bytecode import ATTRIBUTES, GLOBALS, branches

_TRUSTED = {"torch", "expressivity", "abc", "contextlib", "functools", "typing"}
"""Packages whose code is not looked at; questions to torch are seen where they are asked."""

_WORLD = {"__import__", "eval", "exec", "globals", "id", "input", "next", "open"}
"""Builtin functions whose value is not that of their arguments alone."""


@dataclass(kw_only=True)
class Ran:
    """The Python code that a run executed, that of torch aside, with what its names stand for."""

    codes: dict[CodeType, Mapping[str, Any]] = field(
        default_factory=dict[CodeType, Mapping[str, Any]]
    )

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        """Called by Python for every function."""
        if event == "call" and frame.f_code not in self.codes and not self._trusted(frame):
            local = frame.f_locals
            free = {name: local[name] for name in frame.f_code.co_freevars if name in local}
            self.codes[frame.f_code] = {**vars(builtins), **frame.f_globals, **free}

    def _trusted(self, frame: FrameType) -> bool:
        """Whether code is of a package to trust, or of Python's own library and called by one."""
        home = str(frame.f_globals.get("__name__")).partition(".")[0]
        caller = frame.f_back
        within = caller is None or caller.f_code not in self.codes
        return home in _TRUSTED or (home in sys.stdlib_module_names and within)


@contextmanager
def watched() -> Generator[Ran]:
    """A context that notes the code that runs in it.

    Garbage is collected afterwards: what others have asked to be called then is not the block's.

    >>> with watched() as ran:
    ...     abs(-1)
    1
    >>> ran.codes
    {}
    """
    ran, before, collecting = Ran(), sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(ran.note)
    try:
        yield ran
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()


def read_outside(ran: Ran) -> str | None:
    """A name by which some code reads what is neither its block's nor its arguments', or None."""
    inner = {c for code in ran.codes for c in code.co_consts if isinstance(c, CodeType)}
    for code, names in ran.codes.items():
        for name, value in _named(code, names):
            own = code in inner and name in code.co_freevars  # of the function around it
            # Where there is one way, a number only matters as a part of the formula.
            constant = type(value) in (int, float, str) and not branches(code)
            if not (own or constant or _is_fixed(value)):
                return f"{name} (in {code.co_name})"
    return None


def _named(code: CodeType, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names that code reads, and what they stand for; attributes of modules and classes too."""
    steps = list(dis.get_instructions(code))
    for place, step in enumerate(steps):
        if step.opname in ("IMPORT_NAME", "STORE_GLOBAL"):
            yield str(step.argval), None
        if step.opname not in GLOBALS:
            continue
        if step.argval not in names:  # a cell of its own, or not there
            continue
        name, value = str(step.argval), names[step.argval]
        for after in steps[place + 1 :]:
            scope = isinstance(value, ModuleType) or (isinstance(value, type) and _foreign(value))
            if not scope or after.opname not in ATTRIBUTES:
                break
            name, value = f"{name}.{after.argval}", getattr(value, str(after.argval), None)
        yield name, value


def _foreign(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] not in ("torch", "builtins")


def _is_fixed(value: Any) -> bool:
    """Whether a value is what it is for good: code, or a kind of something."""
    if isinstance(value, FunctionType) and _foreign(value):
        return True  # it was watched as well
    home = getattr(value, "__module__", None)
    if isinstance(value, FunctionType | BuiltinFunctionType) or hasattr(value, "__objclass__"):
        if home == "builtins":
            return value.__name__ not in _WORLD
        # Calls of torch are recorded, except those that it leaves alone, as questions for modes.
        recorded = resolve_name(value) and value not in get_ignored_functions()
        return home in (math.__name__, "_operator") or bool(recorded)
    if isinstance(value, type):
        return home != "torch._C"  # which turns recording off
    kinds = ModuleType, nn.Module, Tensor, torch.dtype, torch.layout, torch.memory_format
    return isinstance(value, kinds) or value in (math.pi, math.e)
