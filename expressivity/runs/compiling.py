"""Whether the units of a run compile their programs: one answer for all of them.

Compiled and uncompiled programs round differently, so the answer is part of what a unit is. It is
given once, before any work, kept in the run's manifest, and holds wherever its units run; a run
that is taken up again goes on as it began.
"""

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from expressivity.fitting.program import compiler_problem, missing_compiler
from expressivity.output import notice
from expressivity.runs.manifest import FILE_NAME, read_manifest
from expressivity.runs.units import Unit

COMPILED = "compiled"
"""Name of the answer in a manifest."""

BREAK_EVEN = 2e7
"""Lanes times iterations times weights, for each program, from which compiling pays on a CPU.

Measured (docs/performance.md): two graphs of some 15 s of processor time each, against 10 ns for
each number that an evaluation need not wait for, of which an iteration has 2 * 512 nodes * weights.
That breaks even at 3e6; lanes end early, and the other cores wait for a compiler.
"""


class Compile(StrEnum):
    """What may be asked for: by the rule of :func:`worthwhile`, or one of the two in any case."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a unit is going to evaluate.

    Attributes:
        program: equal for units that share a compiled program.
        device: where.
        steps: lanes times iterations, at most, times the weights of a lane.
    """

    program: Hashable
    device: str
    steps: float


@dataclass(frozen=True, kw_only=True)
class CompilingUnit(Unit):
    """A unit whose programs can be compiled.

    Attributes:
        compiled: whether they are; part of the unit's identity.
    """

    compiled: bool = False

    @property
    @abstractmethod
    def planned(self) -> Planned:
        """What it is going to evaluate."""


def worthwhile(planned: Iterable[Planned]) -> bool:
    """Whether compiling pays, by a rule that knows the device and the work and no machine.

    On an accelerator always; on a CPU where the programs have :data:`BREAK_EVEN` steps on average.

    >>> worthwhile([Planned(program="a", device="cpu", steps=1e6)] * 20)
    True
    >>> worthwhile([Planned(program=name, device="cpu", steps=1e6) for name in range(20)])
    False
    """
    listed = list(planned)
    if any(each.device != "cpu" for each in listed):
        return True
    programs = {each.program for each in listed}
    return bool(programs) and sum(each.steps for each in listed) >= BREAK_EVEN * len(programs)


def wanted(units: Sequence[Unit], asked: str = Compile.AUTO) -> bool:
    """What is asked for, before anybody has looked for a compiler or a run that has begun.

    Raises:
        ValueError: another word than those of :class:`Compile`.
    """
    if asked not in list(Compile):
        raise ValueError(f"unknown mode {asked!r} of compile: choose from {', '.join(Compile)}")
    if asked == Compile.AUTO:
        return worthwhile(unit.planned for unit in units if isinstance(unit, CompilingUnit))
    return asked == Compile.ALWAYS


def in_one_mode(
    units: Sequence[Unit], asked: str = Compile.AUTO, *, folder: Path | None = None
) -> list[Unit]:
    """The units as their run computes them, all compiled or none.

    The compiler is tried only where something is to be compiled. One that is not there or does not
    work is told once, and ``auto`` does without it.

    Args:
        units: of one run.
        asked: one of :class:`Compile`.
        folder: the run's, which ``auto`` asks how it began; it need not exist.

    Raises:
        ValueError: no such mode, or no working compiler for ``always`` or for a run that began
            compiled.
    """
    compiling = [unit for unit in units if isinstance(unit, CompilingUnit)]
    compiled = wanted(units, asked)
    begun = _begun(folder) if asked == Compile.AUTO and compiling else None
    if begun is not None:
        compiled = begun
    on_cpu = any(unit.planned.device == "cpu" for unit in compiling)
    if on_cpu and asked != Compile.NEVER:
        problem = compiler_problem() if compiled else missing_compiler()
        if problem and compiled and (begun or asked == Compile.ALWAYS):
            what = f"to go on with {folder}, which began compiled" if begun else "to compile always"
            raise ValueError(
                f"required: a C++ compiler that works, {what}; {problem}: "
                f"{'choose another --out' if begun else 'use auto or never'}"
            )
        if problem:
            notice(f"{problem}: fits run uncompiled")
            compiled = False
    return [
        replace(unit, compiled=compiled) if isinstance(unit, CompilingUnit) else unit
        for unit in units
    ]


def is_compiled(units: Iterable[Unit]) -> bool:
    """The answer for units of one run."""
    return any(isinstance(unit, CompilingUnit) and unit.compiled for unit in units)


def _begun(folder: Path | None) -> bool | None:
    """How a run began; None for one that has not, or that no longer says so."""
    if folder is None or not (folder / FILE_NAME).is_file():
        return None
    try:
        begun = read_manifest(folder).get(COMPILED)
    except ValueError:  # told by whoever opens the folder
        return None
    return begun if isinstance(begun, bool) else None
