"""Cost against lanes, nodes and width, and peak memory: ``python -m benchmarks.growth``.

One JSON document on standard output. Every fit has a fixed number of iterations; its cost is
wall time divided by the lane iterations done. Sizes take turns, so that drift of the machine
meets all of them, and a cost is a median over the turns. ``cost`` and ``growth`` of a row are its
milliseconds and its size, relative to the first row: where they agree the cost is linear.

Shape letters: L lanes, N nodes, D input dimension.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

import torch

from benchmarks.problem import FAMILY, TARGET
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.fitting import (
    LevenbergMarquardt,
    Problem,
    Samples,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.errors import fit_samples
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.fitting.program import compiler_available

# 30 in round numbers; a multiple of the driver's interval between checks, so none are run in vain
ITERATIONS = 32
STOPPING = Stopping(error=0.0, iterations=ITERATIONS, patience=10**6)
ALGORITHMS = {
    "VariableProjection": VariableProjection(stopping=STOPPING),
    "NormalProjection": NormalProjection(stopping=STOPPING),
    "LevenbergMarquardt": LevenbergMarquardt(stopping=STOPPING),
}
LANES = (16, 64, 256, 1024)
NODES = (512, 1024, 2048, 4096)
WIDTHS = (1, 2, 4, 8, 16)
FIXED_LANES = 64
MEMORY_LANES = 4096
THREADS = 2

Measure = Callable[[], float]


def samples_at(nodes: int) -> Samples:
    """The target at seeded points of the unit disk with equal weights."""
    generator = torch.Generator().manual_seed(0)
    drawn_ND = torch.rand(2 * nodes, 2, generator=generator, dtype=torch.float64) * 2 - 1
    nodes_ND = drawn_ND[drawn_ND.norm(dim=1) < 1][:nodes]
    assert nodes_ND.shape[0] == nodes, "two points in the square for each in the disk are enough"
    weights_N = torch.full((nodes,), torch.pi / nodes, dtype=torch.float64)
    return Samples(
        nodes_ND=nodes_ND, weights_N=weights_N, values_NO=TARGET.values(nodes_ND)[:, None]
    )


def problem_of(family: Family, samples: Samples) -> Problem:
    """The problem, compiled where that can be done."""
    return make_problem(family, samples, compiled=compiler_available())


def measure_of(problem: Problem, algorithm: str, lanes: int, *, least: int = 1) -> Measure:
    """Milliseconds per lane and iteration, of as many fits as make ``least`` lanes."""
    starts_LP = random_starts(problem.family, seed=0, restarts=lanes)
    repeats = -(-least // lanes)

    def measure() -> float:
        started = time.perf_counter()
        count = sum(
            int(fit(problem, ALGORITHMS[algorithm], starts_LP).iterations_L.sum())
            for _ in range(repeats)
        )
        return 1e3 * (time.perf_counter() - started) / count

    return measure


def alternating(cases: Iterable[tuple[int, str, Measure]], *, turns: int) -> list[dict[str, Any]]:
    """Rows of one table: every case once a turn, after a first turn that compiles."""
    cases = list(cases)
    times: list[list[float]] = [[] for _ in cases]
    for turn in range(turns + 1):
        for found, (_, _, measure) in zip(times, cases, strict=True):
            value = measure()
            if turn:
                found.append(value)
    first: dict[str, tuple[float, int]] = {}
    rows: list[dict[str, Any]] = []
    for (size, algorithm, _), found in zip(cases, times, strict=True):
        ms = median(found)
        base_ms, base_size = first.setdefault(algorithm, (ms, size))
        rows.append(
            {"size": size, "algorithm": algorithm, "ms": ms, "cost": ms / base_ms}
            | {"growth": size / base_size, "turns_ms": found}
        )
    return rows


def lanes_rows(turns: int, largest: int) -> list[dict[str, Any]]:
    """Cost per lane and iteration should not depend on the number of lanes."""
    problem = problem_of(FAMILY, fit_samples(TARGET, gradient=False))
    sizes = [lanes for lanes in LANES if lanes <= largest]
    return alternating(
        [
            (lanes, name, measure_of(problem, name, lanes, least=min(256, largest)))
            for name in ALGORITHMS
            for lanes in sizes
        ],
        turns=turns,
    )


def nodes_rows(turns: int, largest: int) -> list[dict[str, Any]]:
    """Cost against nodes."""
    problems = {nodes: problem_of(FAMILY, samples_at(nodes)) for nodes in NODES if nodes <= largest}
    return alternating(
        [
            (nodes, name, measure_of(problem, name, FIXED_LANES))
            for name in ALGORITHMS
            for nodes, problem in problems.items()
        ],
        turns=turns,
    )


def width_rows(turns: int, largest: int) -> list[dict[str, Any]]:
    """Cost against the width of LA networks."""
    samples = fit_samples(TARGET, gradient=False)
    problems = {
        width: problem_of(Family(kind=Kind.LA, neuron="type1", width=width, dimension=2), samples)
        for width in WIDTHS
        if width <= largest
    }
    return alternating(
        [
            (width, name, measure_of(problem, name, FIXED_LANES))
            for name in ALGORITHMS
            for width, problem in problems.items()
        ],
        turns=turns,
    )


def peak_memory(lanes: int) -> dict[str, Any]:
    """Peak memory of a process that fits so many lanes, compilation included."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", "--memory", str(lanes)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def fit_and_report_memory(lanes: int) -> dict[str, Any]:
    """What the process of :func:`peak_memory` does."""
    problem = problem_of(FAMILY, fit_samples(TARGET, gradient=False))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measure_of(problem, "VariableProjection", lanes)()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"lanes": lanes, "before_mib": before / 1024, "peak_mib": peak / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost against lanes, nodes and width; memory.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", type=int, metavar="LANES", help="measure only this")
    read = parser.parse_args()
    torch.set_num_threads(THREADS)
    if read.memory:
        print(json.dumps(fit_and_report_memory(read.memory)))
        return
    turns, lanes, nodes, width = (2, 64, 1024, 4) if read.quick else (7, 1024, 4096, 16)
    document = {
        "schema": "expressivity.bench.growth/1",
        "iterations": ITERATIONS,
        "threads": THREADS,
        # first: a child's peak counts from its parent's
        "memory": peak_memory(512 if read.quick else MEMORY_LANES),
        "lanes": lanes_rows(turns, lanes),
        "nodes": nodes_rows(turns, nodes),
        "width": width_rows(turns, width),
    }
    print(json.dumps(document, allow_nan=False))


if __name__ == "__main__":
    main()
