"""Whether a class finds its own random networks again, by a search of very many lanes."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.device.memory import peak_memory
from benchmarks.device.parts import Row, finite
from benchmarks.recovery import distance, problems, teacher_of
from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.fitting import Execution, FitResult, Problem
from expressivity.fitting.search import Search, search

LANES = 16384
CHUNK = 4096
"""Lanes at a time on a device: uncompiled programs are bound by the number of their kernels."""
HOW = Search(generations=40)
DRY = Search(candidates=1, trial=1, iterations=1)
LONGEST = 25.0
"""Seconds after which the next generation of a search is its last."""
TEACHERS = 4
CLASSES = (("moa-tanh", 1), ("la", 4), ("moa-tanh", 2), ("moa-two-sided", 1), ("moa-quadratic", 1))
"""Names as in ``--family``, and widths."""


@dataclass(kw_only=True)
class Sought:
    """The lanes of the last generation of a search, or of its end, and how many there were."""

    lanes: FitResult | None = None
    generations: int = 0


def searched(
    full: Problem, coarse: Problem, *, seed: int, lanes: int, how: Search, longest: float
) -> Sought:
    """Search until the network is found or the time is up."""
    execution = Execution.for_device(full.x_BEN.device.type)
    if full.x_BEN.device.type != "cpu":
        execution = replace(execution, lane_chunk=CHUNK)
    started, sought = time.perf_counter(), Sought()

    def on_generation(generation: int, found: FitResult) -> None:
        sought.lanes, sought.generations = found, generation
        if time.perf_counter() - started > longest and found.error_L[0] > how.found:
            raise TimeoutError

    with contextlib.suppress(TimeoutError):
        sought.lanes = search(
            full,
            coarse,
            lanes=lanes,
            seed=seed,
            how=how,
            execution=execution,
            on_generation=on_generation,
        )
    return sought


def recovered(label: str, family: Family, teacher: int, device: str, *, dry_run: bool) -> Row:
    """One random network, and what its class makes of it."""
    theta_P = teacher_of(family, teacher)
    full, coarse = problems(family, theta_P, device=device)
    lanes, how, longest = (8, DRY, 0.0) if dry_run else (LANES, HOW, LONGEST)
    with peak_memory(device) as peak:
        started = time.perf_counter()
        sought = searched(full, coarse, seed=teacher, lanes=lanes, how=how, longest=longest)
        seconds = time.perf_counter() - started
    found = sought.lanes
    assert found is not None
    best = distance(family, found.theta_LP[found.best], theta_P)
    return {
        "class": label,
        "teacher": teacher,
        "lanes": lanes,
        "best": finite(best),
        "found": "yes" if best <= how.found else "no",
        "generations": sought.generations,
        "seconds": seconds,
        "peak MiB": peak.mib,
    }


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """Every class with its first teacher, then with the second, until the time is up."""
    for teacher in range(1 if dry_run else TEACHERS):
        for name, width in CLASSES:
            family = family_named(name, width, 2)
            yield recovered(f"{name} {width}", family, teacher, device, dry_run=dry_run)
