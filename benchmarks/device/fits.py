"""Lanes a second of one fit, CPU against device, from few lanes to many."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks.device.memory import peak_memory
from benchmarks.device.parts import Row, finite
from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.fitting import (
    Execution,
    Samples,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.errors import fit_samples
from expressivity.fitting.program import compiler_available
from expressivity.targets.builtin import t2

CLASSES = (("moa-tanh", 1), ("la", 4))
"""Names as in ``--family``, and widths."""
LANES = (64, 256, 1024, 4096, 16384)
ITERATIONS = 32
LONGEST = 15.0
"""Seconds that a fit may be expected to take; larger ones of the same kind are left out."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a fit runs, and how.

    Attributes:
        whole: all lanes in one chunk, instead of in the chunks that the driver would choose.
    """

    device: str
    compiled: bool
    whole: bool = False

    def execution(self, lanes: int) -> Execution:
        """How lanes are scheduled."""
        chosen = Execution.for_device(torch.device(self.device).type)
        if not self.whole:
            return chosen
        return Execution(lane_chunk=lanes, threads=1, check_every=chosen.check_every)


def ways(device: str) -> Iterator[Way]:
    """The CPU first, which the others are compared with; eager before what may not compile."""
    yield Way(device="cpu", compiled=device != "cpu" and compiler_available())
    if device != "cpu":
        yield Way(device=device, compiled=False)
        yield Way(device=device, compiled=True)
        yield Way(device=device, compiled=True, whole=True)


@dataclass(kw_only=True)
class Contest:
    """One family on one target, whatever the way; remembers what the CPU did."""

    label: str
    family: Family
    samples: Samples
    starts_LP: Tensor
    iterations: int
    cpu_rates: dict[int, float] = field(default_factory=dict)

    def rows(self, way: Way, lanes: tuple[int, ...]) -> Iterator[Row]:
        """A row for each number of lanes."""
        problem = make_problem(self.family, self.samples, device=way.device, compiled=way.compiled)
        stopping = Stopping(error=0.0, iterations=self.iterations, patience=10**6)
        algorithm = VariableProjection(stopping=stopping)
        fit(problem, algorithm, self.starts_LP[: lanes[0]])  # compiles
        seconds = 0.0
        for count in lanes:
            if seconds * 4 > LONGEST:
                return
            execution = way.execution(count)
            with peak_memory(way.device) as peak:
                started = time.perf_counter()
                result = fit(problem, algorithm, self.starts_LP[:count], execution=execution)
                seconds = time.perf_counter() - started
            rate = count / seconds
            if way.device == "cpu":
                self.cpu_rates[count] = rate
            base = self.cpu_rates.get(count)
            yield {
                "class": self.label,
                "device": way.device,
                "mode": "compiled" if way.compiled else "eager",
                "lanes": count,
                "chunk": min(execution.lane_chunk, count),
                "seconds": seconds,
                "lanes a second": rate,
                "over the CPU": None if base is None else rate / base,
                "median error": finite(float(result.error_L.median())),
                "peak MiB": peak.mib,
            }


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """A row for each family, way and number of lanes."""
    lanes = (8, 16) if dry_run else LANES
    samples = fit_samples(t2(), gradient=False)
    contests = [
        Contest(
            label=f"{name} {width}",
            family=family_named(name, width, 2),
            samples=samples,
            starts_LP=random_starts(family_named(name, width, 2), seed=0, restarts=lanes[-1]),
            iterations=2 if dry_run else ITERATIONS,
        )
        for name, width in CLASSES
    ]
    for way in ways(device):
        for contest in contests:
            # in one chunk only where the driver would take several
            several = tuple(n for n in lanes if n > Execution.for_device(device).lane_chunk)
            yield from contest.rows(way, several if way.whole else lanes)
