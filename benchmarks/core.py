"""Compiled core against eager, alternating: ``python -m benchmarks.core``.

One JSON document on standard output: milliseconds per lane and iteration of (a) the core proper,
residual and Jacobian rows of all nodes (``Problem.blocks``), (b) a whole step, and (c) whole fits
through the driver, all on one rule: NormalProjection, which a search runs on a coarser one, stands
beside VariableProjection at equal rows. Lanes go in batches of at most 16, as in the driver.

Shape letters: L lanes, P parameters.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.problem import FAMILY, TARGET
from expressivity.fitting import (
    Execution,
    LevenbergMarquardt,
    Problem,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.errors import fit_samples
from expressivity.fitting.gauss_newton import DampedGaussNewton
from expressivity.fitting.memory import keep_freed_memory
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.fitting.program import compiler_available

LANES = (1, 16, 64)
BATCH = 16
ITERATIONS = 16  # a multiple of the driver's interval between checks: none are run in vain
STOPPING = Stopping(error=0.0, iterations=ITERATIONS, patience=10**6)
ALGORITHMS = (
    VariableProjection(stopping=STOPPING),
    NormalProjection(stopping=STOPPING),
    LevenbergMarquardt(stopping=STOPPING),
)

Work = Callable[[Problem], int]
"""Does something and returns how many lane iterations it was."""


def rows_of(theta_LP: Tensor) -> Work:
    """Residual and Jacobian rows of all lanes."""
    batches = theta_LP.split(BATCH)

    def work(problem: Problem) -> int:
        for batch_LP in batches:
            for _ in problem.blocks(batch_LP):
                pass
        return theta_LP.shape[0]

    return work


def step_of(algorithm: DampedGaussNewton, theta_LP: Tensor) -> Work:
    """The first iteration of all lanes, from states computed once a problem."""
    batches = theta_LP.split(BATCH)
    states: dict[int, list[Any]] = {}

    def work(problem: Problem) -> int:
        if id(problem) not in states:
            states[id(problem)] = [algorithm.start(problem, batch) for batch in batches]
        for state in states[id(problem)]:
            algorithm.step(problem, state)
        return theta_LP.shape[0]

    return work


def fit_of(algorithm: DampedGaussNewton, theta_LP: Tensor, threads: int) -> Work:
    """A fit of fixed length through the driver."""
    execution = Execution(lane_chunk=BATCH, threads=threads)

    def work(problem: Problem) -> int:
        return int(fit(problem, algorithm, theta_LP, execution=execution).iterations_L.sum())

    return work


def milliseconds(work: Work, problem: Problem, *, at_least: float) -> float:
    """Time per lane and iteration, over repeats that take at least so many seconds."""
    count, started = 0, time.perf_counter()
    while True:
        count += work(problem)
        seconds = time.perf_counter() - started
        if seconds >= at_least:
            return 1e3 * seconds / count


def compare(
    work: Work, eager: Problem, compiled: Problem, *, rounds: int, at_least: float
) -> dict[str, float]:
    """Medians of alternating measurements, and the median of the ratios of neighbours."""
    for problem in (eager, compiled):
        work(problem)  # compiles, fills caches
    pairs = [
        (
            milliseconds(work, eager, at_least=at_least),
            milliseconds(work, compiled, at_least=at_least),
        )
        for _ in range(rounds)
    ]
    return {
        "eager_ms": median(slow for slow, _ in pairs),
        "compiled_ms": median(fast for _, fast in pairs),
        "ratio": median(slow / fast for slow, fast in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Compiled core against eager.")
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if not compiler_available():
        sys.exit("required: a C++ compiler to compare with; none was found: install g++")
    rounds, at_least = (3, 0.02) if quick else (15, 0.1)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    keep_freed_memory()
    samples = fit_samples(TARGET, gradient=False)
    eager = make_problem(FAMILY, samples, compiled=False)
    compiled = make_problem(FAMILY, samples, compiled=True)
    table: list[tuple[str, int, int, Work]] = []
    for lanes in LANES:
        theta_LP = random_starts(FAMILY, seed=0, restarts=lanes)
        table.append(("rows", lanes, 1, rows_of(theta_LP)))
        for algorithm in ALGORITHMS:
            name = type(algorithm).__name__
            table.append((f"{name}.step", lanes, 1, step_of(algorithm, theta_LP)))
            table.append((f"{name} fit", lanes, 2, fit_of(algorithm, theta_LP, 2)))
    rows = [
        {"work": name, "lanes": lanes, "threads": threads}
        | compare(work, eager, compiled, rounds=rounds, at_least=at_least)
        for name, lanes, threads, work in sorted(table, key=lambda row: row[0], reverse=True)
    ]
    print(json.dumps({"schema": "expressivity.bench.core/1", "rows": rows}, allow_nan=False))


if __name__ == "__main__":
    main()
