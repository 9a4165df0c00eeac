"""What this machine offers, and the audit of its activations: ``expressivity doctor``."""

import importlib.metadata
import os
import platform
import sys
from dataclasses import asdict, dataclass

import torch

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.audit import (
    THRESHOLD,
    Evaluator,
    Finding,
    audit,
    compile_together,
    eager,
    evaluable,
    evaluable_on_a_line,
)
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.limits import physical_memory
from expressivity.fitting.program import compiler_available


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What this machine offers.

    Attributes:
        cores: cores this process may run on.
        threads: threads torch uses inside one operation.
        memory_gib: physical memory, or None where the system does not tell.
        compiler: whether a C++ compiler is found, which ``torch.compile`` needs on the CPU.
        cuda: names of the CUDA devices.
        packages: versions by distribution name.
    """

    platform: str
    python: str
    cores: int
    threads: int
    memory_gib: float | None
    compiler: bool
    cuda: tuple[str, ...]
    packages: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The machine, the audit, and what the audit left out and why."""

    machine: Machine
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...]

    @property
    def poor(self) -> tuple[Finding, ...]:
        """The findings that are not ok."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def json(self) -> dict[str, object]:
        """JSON form."""
        return {
            "schema": "expressivity.doctor/1",
            "machine": asdict(self.machine),
            "threshold": THRESHOLD,
            "findings": [finding.json() for finding in self.findings],
            "skipped": list(self.skipped),
        }


def examine(*, compiled: bool = True) -> Report:
    """Describe the machine and audit every registered activation and neuron, in half a minute.

    Args:
        compiled: also audit them compiled: one compilation for each dtype.
    """
    activations = [
        *ACTIVATIONS.each(evaluable).values(),
        *(line for line in NEURONS.each(evaluable_on_a_line).values() if line is not None),
    ]
    machine = describe_machine()
    skipped: list[str] = []
    modes: dict[str, Evaluator] = {"eager": eager(activations)}
    if not compiled:
        skipped.append("compiled: not asked for")
    elif not machine.compiler:
        skipped.append("compiled: no C++ compiler found; install g++ or clang++")
    else:
        modes["compiled"] = compile_together(activations)
    audited = audit(modes, activations)
    return Report(machine=machine, findings=audited.findings, skipped=(*skipped, *audited.skipped))


def describe_machine() -> Machine:
    """What this machine offers.

    >>> describe_machine().cores >= 1
    True
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # outside Linux
        cores = os.cpu_count() or 1
    memory = physical_memory()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else range(0)
    names = ("torch", "sympy", "numpy", "scipy", "python-flint")
    return Machine(
        platform=platform.platform(),
        python=sys.version.split()[0],
        cores=cores,
        threads=torch.get_num_threads(),
        memory_gib=None if memory is None else memory / 2**30,
        compiler=compiler_available(),
        cuda=tuple(torch.cuda.get_device_name(device) for device in devices),
        # torch says more of itself than its wheel does: which accelerator it was built for.
        packages={
            name: torch.__version__ if name == "torch" else importlib.metadata.version(name)
            for name in names
        },
    )
