"""The search in generations as a peer: ``python -m benchmarks.ours search``.

It has as long as plain restarts take, which run before it in the same process. It does not end
when it has found the target, as it does elsewhere, but with the first generation beyond that time.

What it has at a moment: *best*, of every iterate so far; the others, of the lanes that live
together at the end of a generation, from the best to the worst, and the best so far of each place
in that order. No network counts twice, and none that a child has replaced. Errors on the fine rule
are computed afterwards.

Shape letters: L lanes of a chunk, R restarts, P parameters, S samples.
"""

import contextlib
import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.common import FloatArray, Trajectory
from benchmarks.problem import FAMILY, TARGET
from expressivity.fitting import FitResult, LaneState, Problem, fit, make_problem, screened_starts
from expressivity.fitting.errors import fit_samples, l2_errors, measuring_grid
from expressivity.fitting.search import Search, search
from expressivity.fitting.state import Algorithm
from expressivity.separation.settings import Settings

CANDIDATES = Settings().candidates
UNENDING = Search(generations=10**4, candidates=CANDIDATES, found=0.0)
"""A search as the main job runs it for what is known to be there, but for its end."""


@dataclass(kw_only=True)
class SearchRecorder:
    """The best lane of every iteration, and the lanes of every generation.

    Attributes:
        limit: seconds after which the next end of a generation is the last.
    """

    limit: float
    started: float = field(default_factory=time.perf_counter)
    lanes: list[tuple[float, Tensor]] = field(default_factory=list)
    generations: list[tuple[float, Tensor]] = field(default_factory=list)

    def iterated(self, lanes_L: Tensor, state: LaneState) -> None:
        """An observer; a list append is safe from several threads."""
        error_L = torch.nan_to_num(state.error_L[: lanes_L.shape[0]], nan=torch.inf)
        seconds = time.perf_counter() - self.started
        self.lanes.append((seconds, state.theta_LP[error_L.argmin()]))

    def generated(self, generation: int, lanes: FitResult) -> None:
        """Called after each generation.

        Raises:
            TimeoutError: this was the last one.
        """
        seconds = time.perf_counter() - self.started
        self.generations.append((seconds, lanes.theta_LP))
        if seconds >= self.limit:
            raise TimeoutError


def coarse_problem(*, compiled: bool) -> Problem:
    """The problem on the rule that generations run on."""
    samples = fit_samples(TARGET, gradient=False, coarse=True)
    return make_problem(FAMILY, samples, compiled=compiled)


def plain_seconds(problem: Problem, algorithm: Algorithm, *, seed: int, restarts: int) -> float:
    """What plain restarts take, screened as the main job screens them."""
    started = time.perf_counter()
    starts_LP = screened_starts(
        problem, algorithm, seed=seed, restarts=restarts, candidates=CANDIDATES
    )
    fit(problem, algorithm, starts_LP)
    return time.perf_counter() - started


def searched(
    problem: Problem, coarse: Problem, *, seed: int, restarts: int, limit: float
) -> SearchRecorder:
    """Search for so many seconds."""
    recorder = SearchRecorder(limit=limit)
    with contextlib.suppress(TimeoutError):
        search(
            problem,
            coarse,
            lanes=restarts,
            seed=seed,
            how=UNENDING,
            on_generation=recorder.generated,
            observer=recorder.iterated,
        )
    return recorder


def search_trajectory(recorder: SearchRecorder, restarts: int) -> Trajectory:
    """What the search had after each iteration that found something better, and each generation."""
    grid = measuring_grid(TARGET)

    def errors(thetas: list[Tensor]) -> FloatArray:
        return l2_errors(FAMILY, torch.stack(thetas), grid).numpy()

    recorded = sorted(recorder.lanes, key=lambda moment: moment[0])
    best_S = np.fmin.accumulate(errors([theta_P for _, theta_P in recorded]))
    samples: list[tuple[float, FloatArray]] = []
    least = np.inf
    for (seconds, _), best in zip(recorded, best_S.tolist(), strict=True):
        if best < least:
            alone_R = np.full(restarts, np.nan)  # the places of others are not touched
            alone_R[0] = least = best
            samples.append((seconds, alone_R))
    for seconds, theta_RP in recorder.generations:
        samples.append((seconds, np.sort(errors(list(theta_RP[:restarts])))))
    trajectory, best_R = Trajectory(), np.full(restarts, np.nan)
    for place, (seconds, errors_R) in enumerate(sorted(samples, key=lambda sample: sample[0])):
        best_R = np.fmin(best_R, errors_R)
        trajectory.iterations.append(place)
        trajectory.seconds.append(seconds)
        trajectory.errors.append(best_R)
    return trajectory
