"""This core as a peer: ``python -m benchmarks.ours ALGORITHM [compiled] --problem problem.npz``.

The fit keeps references to the parameters of every iteration and nothing else; the errors on the
fine rule are computed afterwards, so no clock has to stand still. Lanes run in chunks on several
threads: each sample moves the lanes of its chunk on one clock that all share.
``screened`` is variable projection as the main job runs it: not from the shared starts but each
from the best of several of its own, the choosing on the clock. ``search``: see ours_search.py.

Shape letters: L lanes of a chunk, R restarts, P parameters.
"""

import sys
import time
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from benchmarks.ours_search import (
    CANDIDATES,
    UNENDING,
    coarse_problem,
    plain_seconds,
    search_trajectory,
    searched,
)
from benchmarks.peers.common import (
    Arguments,
    FloatArray,
    Trajectory,
    load_problem,
    parse_arguments,
    print_result,
    sample_iterations,
)
from benchmarks.problem import FAMILY, TARGET, from_peers
from expressivity.fitting import (
    Adam,
    Algorithm,
    LaneState,
    LevenbergMarquardt,
    Problem,
    VariableProjection,
    fit,
    make_problem,
    screened_starts,
)
from expressivity.fitting.errors import fit_samples, l2_errors, measuring_grid
from expressivity.fitting.program import CLOCK, compiler_available
from expressivity.fitting.search import search

ALGORITHMS: dict[str, type[VariableProjection | LevenbergMarquardt | Adam]] = {
    "varpro": VariableProjection,
    "screened": VariableProjection,
    "lm": LevenbergMarquardt,
    "adam": Adam,
}
SEARCH, COMPILED = "search", "compiled"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The lanes of one chunk after one iteration."""

    seconds: float
    iteration: int
    lanes_L: Tensor
    theta_LP: Tensor


@dataclass(kw_only=True)
class Recorder:
    """An observer that keeps every iterate; a list append is safe from several threads."""

    started: float = field(default_factory=time.perf_counter)
    snapshots: list[Snapshot] = field(default_factory=list)

    def __call__(self, lanes_L: Tensor, state: LaneState) -> None:
        live = lanes_L.shape[0]
        self.snapshots.append(
            Snapshot(
                seconds=time.perf_counter() - self.started,
                # the lanes that still run have done the most iterations
                iteration=int(state.iteration_L[:live].max()),
                lanes_L=lanes_L,
                theta_LP=state.theta_LP[:live],
            )
        )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A fit and what it took before its clock ran."""

    iterations: int
    cold_seconds: float
    trajectory: Trajectory


def fine_trajectory(snapshots: list[Snapshot], restarts: int, samples: set[int]) -> Trajectory:
    """Best error so far of every restart, at the sampled iterations and at each restart's end."""
    grid = measuring_grid(TARGET)
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.seconds)
    last = {lane: i for i, snapshot in enumerate(ordered) for lane in snapshot.lanes_L.tolist()}
    ends = set(last.values())
    best_R: FloatArray = np.full(restarts, np.nan)  # until a chunk has made its first iteration
    trajectory = Trajectory()
    for i, snapshot in enumerate(ordered):
        if i in ends or snapshot.iteration in samples:
            lanes_L = snapshot.lanes_L.numpy()
            errors_L = l2_errors(FAMILY, snapshot.theta_LP, grid).numpy()
            best_R[lanes_L] = np.fmin(best_R[lanes_L], errors_L)
            trajectory.iterations.append(snapshot.iteration)
            trajectory.seconds.append(snapshot.seconds)
            trajectory.errors.append(best_R.copy())
    return trajectory


def run(name: str, problem: Problem, arguments: Arguments, starts_RP: Tensor) -> Measured:
    """Compile on a throwaway iteration, fit, measure."""
    begun = time.perf_counter()
    fit(problem, limited(ALGORITHMS[name](), 1), starts_RP)
    cold_seconds = time.perf_counter() - begun
    compile_seconds = CLOCK.seconds

    algorithm = limited(ALGORITHMS[name](), arguments.steps)
    recorder = Recorder()
    if name == "screened":
        starts_RP = screened_starts(
            problem,
            algorithm,
            seed=arguments.seed,
            restarts=len(starts_RP),
            candidates=CANDIDATES,
        )
    result = fit(problem, algorithm, starts_RP, observer=recorder)
    seconds = time.perf_counter() - recorder.started
    assert compile_seconds == CLOCK.seconds, "the measured fit compiled something"

    samples = set(sample_iterations(arguments.steps))
    trajectory = fine_trajectory(recorder.snapshots, len(starts_RP), samples)
    trajectory.seconds[-1] = seconds  # the last chunk ends when the fit returns
    return Measured(
        iterations=int(result.iterations_L.max()), cold_seconds=cold_seconds, trajectory=trajectory
    )


def run_search(
    problem: Problem, arguments: Arguments, restarts: int, *, compiled: bool
) -> Measured:
    """The same for the search; its iterations are generations after the first."""
    coarse = coarse_problem(compiled=compiled)
    algorithm = limited(VariableProjection(), arguments.steps)
    begun = time.perf_counter()
    brief = replace(UNENDING, generations=0, trial=1, iterations=1)
    search(problem, coarse, lanes=restarts, seed=arguments.seed, how=brief)
    cold_seconds = time.perf_counter() - begun
    compile_seconds = CLOCK.seconds

    limit = plain_seconds(problem, algorithm, seed=arguments.seed, restarts=restarts)
    recorder = searched(problem, coarse, seed=arguments.seed, restarts=restarts, limit=limit)
    assert compile_seconds == CLOCK.seconds, "the measured search compiled something"
    return Measured(
        iterations=len(recorder.generations) - 1,
        cold_seconds=cold_seconds,
        trajectory=search_trajectory(recorder, restarts),
    )


def limited(algorithm: Adam | VariableProjection | LevenbergMarquardt, steps: int) -> Algorithm:
    """The algorithm with another limit of iterations; Adam's schedule ends there."""
    return replace(algorithm, stopping=replace(algorithm.stopping, iterations=steps))


def main() -> None:
    name, *rest = sys.argv[1:] or [""]
    if name not in (*ALGORITHMS, SEARCH):
        sys.exit(f"required: an algorithm of {', '.join((*ALGORITHMS, SEARCH))}; got {name!r}")
    compiled = rest[:1] == [COMPILED]
    if compiled and not compiler_available():
        sys.exit("required: a C++ compiler that works; none was found: install g++")
    algorithm = ALGORITHMS.get(name, VariableProjection)()
    arguments = parse_arguments(
        __doc__ or "", steps=algorithm.stopping.iterations, argv=rest[compiled:]
    )
    torch.set_num_threads(arguments.threads)
    starts_RP = from_peers(torch.from_numpy(load_problem(arguments).starts_RP))
    problem = make_problem(FAMILY, fit_samples(TARGET, gradient=False), compiled=compiled)
    if name == SEARCH:
        measured = run_search(problem, arguments, len(starts_RP), compiled=compiled)
    else:
        measured = run(name, problem, arguments, starts_RP)
    print_result(
        arguments,
        peer="_".join(("ours", name, *([COMPILED] if compiled else []))),
        version=f"torch {torch.__version__}",
        mode=f"{COMPILED if compiled else 'eager'}, chunks on {arguments.threads} thread(s)",
        iterations=measured.iterations,
        cold_seconds=measured.cold_seconds,
        together=measured.trajectory,
    )


if __name__ == "__main__":
    main()
