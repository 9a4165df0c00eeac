"""Does a class find its own random networks again? ``python -m benchmarks.recovery``.

Teachers are drawn by the law of the fits' starts, from streams of their own; each is sought until
it is found or its time is over: by ``fitting.search``, or with ``--how restarts`` by plain restarts
of variable projection, each from the best of several random starts, batch after batch. One JSON
line for each teacher goes to ``--out`` as soon as it is known: a run that is taken up again skips
what is there. The table counts teachers whose error on a finer rule is at most 1e-12.

A search runs on one core. With ``--searches 2`` each teacher is sought by two of them, in processes
of their own and from other seeds, and the first to find it ends both.

Seconds are of the wall; ``--processor`` limits the time of the processor instead, for machines with
other work on them.
"""

import argparse
import contextlib
import itertools
import json
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate
from expressivity.fitting import (
    FitResult,
    Problem,
    Samples,
    VariableProjection,
    fit,
    make_problem,
    screened_starts,
)
from expressivity.fitting.search import Search, search
from expressivity.fitting.starts import random_start
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import rule

FOUND = 1e-12
DIMENSION = 2
LANES = 128
CANDIDATES = 16
"""Random starts that a plain restart is the best of, as in the main job."""
HOW = ("search", "restarts")
TEACHERS = 10
_STREAM = 10**9
"""Teachers come from other streams than starts: no start is the answer."""
_COARSE, _FULL, _FINE = (8, 16), (16, 16), (32, 32)
"""Gauss points of the innermost coordinate and of the other one."""

ROWS: dict[float, tuple[str, ...]] = {
    60.0: ("la:1", "la:2", "la:3", "la:4", "la-one-sided:1", "la-one-sided:2", "moa-tanh:1",
           "moa-sigmoid:1", "la-two-sided:1", "la-two-sided:2"),
    180.0: ("moa-tanh:2", "moa-one-sided:1", "tanh:4", "relu:4"),
    300.0: ("moa-two-sided:1", "moa-quadratic:1"),
}  # fmt: skip
"""Classes as in ``--family`` with their widths, by the seconds that a teacher may take."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What became of one teacher.

    Attributes:
        name: the class with its width.
        teacher: number of its stream.
        how: of ``HOW``.
        error: relative l2 error on the fine rule of the best network, of the last generation's
            best on the rule it was on where time was over.
        rounds: generations, or batches of restarts.
        seconds, processor_seconds: what it took.
        limit: seconds that it might take, of the clock that ``clock`` names.
        clock: ``wall`` or ``processor``.
        threads: of the fits.
        searches: that sought it side by side; the lesson is that of the best of them.
    """

    name: str
    teacher: int
    how: str
    error: float
    rounds: int
    seconds: float
    processor_seconds: float
    limit: float
    clock: str
    threads: int
    searches: int = 1

    @property
    def found(self) -> bool:
        """Whether the class has found its network."""
        return self.error <= FOUND


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Seconds since it was made, of the wall or of the processor."""

    wall: float = field(default_factory=time.perf_counter)
    processor: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> dict[str, float]:
        """By the clock's name."""
        return {
            "wall": time.perf_counter() - self.wall,
            "processor": time.process_time() - self.processor,
        }


OnRound = Callable[[int, FitResult], None]


Stop = Callable[[], bool]
"""Whether another search has found what is sought."""


def learned(
    name: str,
    teacher: int,
    limit: float,
    *,
    clock: str = "wall",
    how: str = "search",
    place: int = 0,
    stop: Stop = lambda: False,
) -> Lesson:
    """Seek one teacher until it is found or the time is over.

    Searches at different places have different seeds.
    """
    label, width = name.split(":")
    family = family_named(label, int(width), DIMENSION)
    theta_P = teacher_of(family, teacher)
    watch, best, rounds = Watch(), float("inf"), 0

    def tick(number: int, lanes: FitResult) -> None:
        nonlocal best, rounds
        error = float(lanes.error_L[lanes.best])
        best, rounds = min(best, error), number + 1
        if error > FOUND and (watch.seconds[clock] > limit or stop()):
            raise TimeoutError

    seek = {"search": _search, "restarts": _restarts}[how]
    with contextlib.suppress(TimeoutError):
        seed = teacher if place == 0 else _drawn(teacher, place)
        best = distance(family, seek(family, theta_P, seed, tick), theta_P)
    spent = watch.seconds
    return Lesson(
        name=name,
        teacher=teacher,
        how=how,
        error=best,
        rounds=rounds,
        seconds=spent["wall"],
        processor_seconds=spent["processor"],
        limit=limit,
        clock=clock,
        threads=torch.get_num_threads(),
    )


def _search(family: Family, theta_P: Tensor, seed: int, tick: OnRound) -> Tensor:
    """The network that a search finds."""
    full, coarse = problems(family, theta_P)
    found = search(
        full, coarse, lanes=LANES, seed=seed, how=Search(generations=10**4), on_generation=tick
    )
    return found.theta_LP[found.best]


def _restarts(family: Family, theta_P: Tensor, seed: int, tick: OnRound) -> Tensor:
    """The network that plain restarts find, as many as a search has lanes in each batch."""
    full, _ = problems(family, theta_P)
    algorithm = VariableProjection()
    for number in itertools.count():
        starts_LP = screened_starts(
            full, algorithm, seed=_drawn(seed, number), restarts=LANES, candidates=CANDIDATES
        )
        found = fit(full, algorithm, starts_LP)
        tick(number, found)
        if found.error_L[found.best] <= FOUND:
            return found.theta_LP[found.best]
    raise AssertionError("batches do not end")


def _drawn(*entropy: int) -> int:
    """A seed from several numbers."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


class SideBySide:
    """Several searches for each teacher, in processes that stay."""

    def __init__(self, searches: int, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.searches, self.found = searches, context.Event()
        self.pool = ProcessPoolExecutor(
            searches, mp_context=context, initializer=_begin, initargs=(self.found, threads)
        )

    def learned(self, name: str, teacher: int, limit: float, **options: str) -> Lesson:
        """The lesson of the search that found the teacher first, else of the best one."""
        self.found.clear()
        running: set[Future[Lesson]] = {
            self.pool.submit(_learned_beside, name, teacher, limit, place, options)
            for place in range(self.searches)
        }
        lessons: list[Lesson] = []
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            lessons += sorted((each.result() for each in done), key=lambda lesson: lesson.error)
            if any(lesson.found for lesson in lessons):
                self.found.set()
        first = next((lesson for lesson in lessons if lesson.found), None)
        best = first or min(lessons, key=lambda lesson: lesson.error)
        return replace(best, searches=self.searches)

    def close(self) -> None:
        """End the processes."""
        self.pool.shutdown()


_found: Any = None
"""In a process of a pool: the event that ends its search."""


def _begin(found: Any, threads: int) -> None:
    global _found
    _found = found
    torch.set_num_threads(threads)


def _learned_beside(
    name: str, teacher: int, limit: float, place: int, options: dict[str, Any]
) -> Lesson:
    return learned(name, teacher, limit, place=place, stop=_found.is_set, **options)


def teacher_of(family: Family, number: int) -> Tensor:
    """A random network theta_P of a class, from a stream that no start comes from."""
    return random_start(family, seed=_STREAM + number, lane=0)


def taught(family: Family, theta_P: Tensor, order: tuple[int, int]) -> Samples:
    """A network on a Gauss rule of its domain."""
    points = rule(domain_for(family.dimension), order=order[0], outer_order=order[1])
    nodes_ND = torch.tensor(points.nodes_ND)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=torch.tensor(points.weights_N),
        values_NO=evaluate(family, theta_P[None], nodes_ND)[0].mT,
    )


def problems(family: Family, theta_P: Tensor, *, device: str = "cpu") -> tuple[Problem, Problem]:
    """The fit of a network on the full rule, and on the coarse one.

    Not compiled: programs of a few fits each would take longer to compile than to run.
    """
    full, coarse = (
        make_problem(family, taught(family, theta_P, order), device=device, compiled=False)
        for order in (_FULL, _COARSE)
    )
    return full, coarse


def distance(family: Family, found_P: Tensor, theta_P: Tensor) -> float:
    """Relative l2 error of a network on the fine rule."""
    fine = taught(family, theta_P, _FINE)
    difference_NO = evaluate(family, found_P[None], fine.nodes_ND)[0].mT - fine.values_NO
    squared, norm = (
        float((fine.weights_N[:, None] * values_NO**2).sum())
        for values_NO in (difference_NO, fine.values_NO)
    )
    return (squared / norm) ** 0.5


def read(path: Path) -> list[Lesson]:
    """The lessons that a file holds."""
    if not path.is_file():
        return []
    return [Lesson(**json.loads(line)) for line in path.read_text().splitlines() if line]


def table(lessons: list[Lesson]) -> Iterator[str]:
    """Markdown: classes in the order they came, failures by name."""
    yield "| class | how | limit s | found | seconds, median (worst) | rounds, median | not found |"
    yield "|---|---|---|---|---|---|---|"
    for name, how in dict.fromkeys((lesson.name, _way(lesson)) for lesson in lessons):
        own = [lesson for lesson in lessons if (lesson.name, _way(lesson)) == (name, how)]
        clock = [
            lesson.seconds if lesson.clock == "wall" else lesson.processor_seconds for lesson in own
        ]
        missed = ", ".join(f"{lesson.teacher}: {lesson.error:.1e}" for lesson in own
                           if not lesson.found)  # fmt: skip
        yield (
            f"| {name} | {how} | {own[0].limit:.0f} {own[0].clock} | {sum(x.found for x in own)} "
            f"of {len(own)} | {median(clock):.1f} ({max(clock):.1f}) | "
            f"{median(lesson.rounds for lesson in own):.0f} | {missed} |"
        )


def _way(lesson: Lesson) -> str:
    return lesson.how if lesson.searches == 1 else f"{lesson.searches} x {lesson.how}"


def parse(argv: list[str] | None = None) -> tuple[argparse.Namespace, dict[str, float]]:
    """The options, and the limits of the classes that are asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery", description="Own-class recovery, by teacher."
    )
    parser.add_argument("--classes", help="as la:4,moa-tanh:2; by default all rows")
    parser.add_argument("--how", choices=HOW, default="search")
    parser.add_argument("--searches", type=int, default=1, help="of each teacher, a process each")
    parser.add_argument("--teachers", type=int, default=TEACHERS)
    parser.add_argument("--factor", type=float, default=1.0, help="times the limits of the rows")
    parser.add_argument("--processor", action="store_true", help="limit processor time instead")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args(argv)
    counts = (options.teachers, options.threads, options.searches)
    if min(counts) < 1 or not 0 < options.factor < math.inf:
        parser.error(
            "required: --teachers, --threads and --searches of at least 1, a positive finite "
            "--factor"
        )
    limits = {name: limit for limit, names in ROWS.items() for name in names}
    asked = list(limits) if options.classes is None else options.classes.split(",")
    unknown = [name for name in asked if name not in limits]
    if unknown:
        parser.error(f"required: classes of {', '.join(limits)}; got {', '.join(unknown)}")
    return options, {name: options.factor * limits[name] for name in asked}


def main(argv: list[str] | None = None) -> None:
    options, limits = parse(argv)
    torch.set_num_threads(options.threads)
    ways = {"clock": "processor" if options.processor else "wall", "how": options.how}
    beside = SideBySide(options.searches, options.threads) if options.searches > 1 else None
    seek: Callable[..., Lesson] = learned if beside is None else beside.learned
    done = {(each.name, each.teacher, each.how, each.searches) for each in read(options.out)}
    for name, limit in limits.items():
        for teacher in range(options.teachers):
            if (name, teacher, options.how, options.searches) in done:
                continue
            lesson = seek(name, teacher, limit, **ways)
            with options.out.open("a") as file:
                file.write(json.dumps(asdict(lesson)) + "\n")
    if beside is not None:
        beside.close()
    print("\n".join(table(read(options.out))))


if __name__ == "__main__":
    main()
