"""Does a class find its own random networks again? ``python -m benchmarks.recovery``.

Teachers are drawn by the law of the fits' starts, from streams of their own; each is sought by
``fitting.search`` until it is found or its time is over. One JSON line for each teacher goes to
``--out`` as soon as it is known: a run that is taken up again skips what is there. The table counts
teachers whose error on a finer rule is at most 1e-12.

Seconds are of the wall; ``--processor`` limits the time of the processor instead, for machines with
other work on them.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch

from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate
from expressivity.fitting import Problem, Samples, make_problem
from expressivity.fitting.search import Search, search
from expressivity.fitting.starts import random_start
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import rule

FOUND = 1e-12
DIMENSION = 2
LANES = 128
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
        error: relative l2 error on the fine rule of the best network, of the last generation's
            best on the rule it was on where time was over.
        generations: after the first.
        seconds, processor_seconds: what it took.
        limit: seconds that it might take, of the clock that ``clock`` names.
        clock: ``wall`` or ``processor``.
        threads: of the fits.
    """

    name: str
    teacher: int
    error: float
    generations: int
    seconds: float
    processor_seconds: float
    limit: float
    clock: str
    threads: int

    @property
    def found(self) -> bool:
        """Whether the class has found its network."""
        return self.error <= FOUND


def learned(name: str, teacher: int, limit: float, *, clock: str = "wall") -> Lesson:
    """Seek one teacher until it is found or the time is over."""
    label, width = name.split(":")
    family = family_named(label, int(width), DIMENSION)
    theta_P = random_start(family, seed=_STREAM + teacher, lane=0)
    full, coarse = (_problem(family, theta_P, order) for order in (_FULL, _COARSE))
    wall, processor = time.perf_counter(), time.process_time()
    best, generations = float("inf"), 0

    def tick(generation: int, error: float) -> None:
        nonlocal best, generations
        best, generations = min(best, error), generation
        spent = time.perf_counter() - wall if clock == "wall" else time.process_time() - processor
        if spent > limit and error > FOUND:
            raise TimeoutError

    how = Search(generations=10**4)
    try:
        found = search(full, coarse, lanes=LANES, seed=teacher, how=how, on_generation=tick)
        best = _error(family, found.theta_LP[found.best], theta_P)
    except TimeoutError:
        pass
    return Lesson(
        name=name,
        teacher=teacher,
        error=best,
        generations=generations,
        seconds=time.perf_counter() - wall,
        processor_seconds=time.process_time() - processor,
        limit=limit,
        clock=clock,
        threads=torch.get_num_threads(),
    )


def _samples(family: Family, theta_P: torch.Tensor, order: tuple[int, int]) -> Samples:
    points = rule(domain_for(DIMENSION), order=order[0], outer_order=order[1])
    nodes_ND = torch.tensor(points.nodes_ND)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=torch.tensor(points.weights_N),
        values_NO=evaluate(family, theta_P[None], nodes_ND)[0].mT,
    )


def _problem(family: Family, theta_P: torch.Tensor, order: tuple[int, int]) -> Problem:
    return make_problem(family, _samples(family, theta_P, order), compiled=False)


def _error(family: Family, found_P: torch.Tensor, theta_P: torch.Tensor) -> float:
    """Relative l2 distance of two networks on the fine rule."""
    fine = _samples(family, theta_P, _FINE)
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
    yield "| class | limit s | found | seconds, median (worst) | generations, median | not found |"
    yield "|---|---|---|---|---|---|"
    for name in dict.fromkeys(lesson.name for lesson in lessons):
        own = [lesson for lesson in lessons if lesson.name == name]
        clock = [
            lesson.seconds if lesson.clock == "wall" else lesson.processor_seconds for lesson in own
        ]
        missed = ", ".join(f"{lesson.teacher}: {lesson.error:.1e}" for lesson in own
                           if not lesson.found)  # fmt: skip
        yield (
            f"| {name} | {own[0].limit:.0f} {own[0].clock} | {sum(x.found for x in own)} of "
            f"{len(own)} | {median(clock):.1f} ({max(clock):.1f}) | "
            f"{median(lesson.generations for lesson in own):.0f} | {missed} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Own-class recovery by the search.")
    parser.add_argument("--classes", help="as la:4,moa-tanh:2; by default all rows")
    parser.add_argument("--teachers", type=int, default=TEACHERS)
    parser.add_argument("--factor", type=float, default=1.0, help="times the limits of the rows")
    parser.add_argument("--processor", action="store_true", help="limit processor time instead")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path("benchmarks/recovery.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    asked = None if options.classes is None else options.classes.split(",")
    limits = {name: limit for limit, names in ROWS.items() for name in names}
    names = [name for name in limits if asked is None or name in asked]
    known = [name for name in asked or [] if name not in limits]
    if known:
        parser.error(f"required: classes of {', '.join(limits)}; got {', '.join(known)}")
    done = {(lesson.name, lesson.teacher) for lesson in read(options.out)}
    clock = "processor" if options.processor else "wall"
    for name in names:
        for teacher in range(options.teachers):
            if (name, teacher) in done:
                continue
            lesson = learned(name, teacher, options.factor * limits[name], clock=clock)
            with options.out.open("a") as file:
                file.write(json.dumps(asdict(lesson)) + "\n")
    print("\n".join(table(read(options.out))))


if __name__ == "__main__":
    main()
