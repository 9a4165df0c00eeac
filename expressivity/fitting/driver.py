"""The one batched driver: lanes in, results out, whatever the algorithm.

Lanes are cut into chunks of bounded size. A chunk runs in lockstep on one thread; every few
iterations the driver reads the statuses (the only host reads of a fit), stores the finished
lanes and compacts the rest, padding to a multiple of ``LANE_PAD`` with copies. No lane's
arithmetic involves another lane or its place in the chunk, so a lane's result is the same
bits alone, among many, and on any number of threads.

Shape letters: L lanes of a chunk, P packed parameters.
"""

import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from expressivity.fitting.memory import keep_freed_memory
from expressivity.fitting.problem import Problem
from expressivity.fitting.state import Algorithm, LaneState, Status

LANE_PAD = 4
_WHOLE = 0.5
_CACHED = 8192
"""Lanes times nodes of a chunk: its rows stay in the cache, and its calls are worth their cost."""

_SHARED = 64
"""Weights of a network from which threads gain; below, they wait for the interpreter."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How lanes are scheduled; none of it changes a result.

    Attributes:
        lane_chunk: lanes that run in lockstep; sized for the cache on a CPU.
        threads: chunks that run at once (CPU).
        check_every: iterations between two reads of the statuses.
    """

    lane_chunk: int = 16
    threads: int = 2
    check_every: int = 4

    def __post_init__(self) -> None:
        if self.lane_chunk % LANE_PAD or self.lane_chunk < LANE_PAD:
            raise ValueError(f"required: a lane chunk that is a multiple of {LANE_PAD}")
        if self.threads < 1 or self.check_every < 1:
            raise ValueError("required: at least one thread and one iteration between checks")

    def at_once(self, lanes: int) -> int:
        """How many of so many lanes run at the same time."""
        return min(self.lane_chunk * self.threads, -(-lanes // LANE_PAD) * LANE_PAD)

    @staticmethod
    def for_device(device: str, nodes: int = _CACHED // 16) -> "Execution":
        """Chunks sized for the cache on a CPU, large ones on an accelerator."""
        if device != "cpu":
            return Execution(lane_chunk=1024, threads=1, check_every=8)
        lanes = min(max(_CACHED // nodes // LANE_PAD * LANE_PAD, 16), 64)
        return Execution(lane_chunk=lanes, threads=torch.get_num_threads())

    @staticmethod
    def of(problem: Problem) -> "Execution":
        """The default for a problem: on one thread where its networks are small."""
        nodes = problem.x_BEN[:, 0].numel()
        execution = Execution.for_device(problem.x_BEN.device.type, nodes)
        return execution if problem.parameters >= _SHARED else replace(execution, threads=1)


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """Final lanes, on the CPU, in the order of the starts.

    Attributes:
        theta_LP: packed parameters.
        error_L: relative error on the fit's own rule.
        status_L: a :class:`Status` each.
        iterations_L: iterations done.
    """

    theta_LP: Tensor
    error_L: Tensor
    status_L: Tensor
    iterations_L: Tensor

    @property
    def best(self) -> int:
        """The lane with the least error (the first of equals; non-finite lanes last)."""
        return int(torch.nan_to_num(self.error_L, nan=torch.inf).argmin())

    @property
    def failed(self) -> int:
        """Number of quarantined lanes."""
        return int((self.status_L == Status.NON_FINITE).sum())


Observer = Callable[[Tensor, LaneState], None]
"""Called with (lane numbers, state) after every iteration of a chunk, from its thread."""


def fit(
    problem: Problem,
    algorithm: Algorithm,
    starts_LP: Tensor,
    *,
    execution: Execution | None = None,
    observer: Observer | None = None,
    on_finished: Callable[[int], None] | None = None,
) -> FitResult:
    """Run every start to its end.

    Args:
        problem: what to fit.
        algorithm: how.
        starts_LP: packed starts, float64 on the CPU (``starts.random_starts``).
        execution: scheduling; by default chosen for the problem's device.
        observer: sees every iteration; for benchmarks and traces.
        on_finished: called with the number of lanes that have just ended, for progress bars.

    Raises:
        ValueError: no starts, or of another length than the family's packed lanes.
    """
    shape = tuple(starts_LP.shape)
    if len(shape) != 2 or shape[0] < 1 or shape[1] != problem.parameters:
        raise ValueError(
            f"required: starts of shape (at least 1, {problem.parameters}); got {shape}"
        )
    execution = execution or Execution.of(problem)
    lanes = starts_LP.shape[0]
    result = FitResult(
        theta_LP=starts_LP.clone(),
        error_L=torch.full((lanes,), torch.inf, dtype=torch.float64),
        status_L=torch.zeros(lanes, dtype=torch.int64),
        iterations_L=torch.zeros(lanes, dtype=torch.int64),
    )

    def run(chunk_L: Tensor, slots_L: Tensor) -> None:
        start_LP = starts_LP[chunk_L][slots_L]
        _run_chunk(problem, algorithm, result, chunk_L, start_LP, execution, observer, on_finished)

    over_chunks(run, lanes, execution)
    return result


def over_chunks(work: Callable[[Tensor, Tensor], None], lanes: int, execution: Execution) -> None:
    """Call ``work`` with each chunk's lane numbers and its slots, on the execution's threads.

    The slots are indices into the numbers, padded with copies of the first to ``LANE_PAD``.
    """
    keep_freed_memory()
    chunks = torch.arange(lanes).split(_even_chunk(lanes, execution))

    def without_gradients(chunk_L: Tensor) -> None:
        with torch.no_grad():  # the grad mode is a property of the thread
            work(chunk_L, _padded_slots(chunk_L.shape[0]))

    with single_threaded_kernels():
        if execution.threads == 1 or len(chunks) == 1:
            for chunk_L in chunks:
                without_gradients(chunk_L)
        else:
            with ThreadPoolExecutor(execution.threads) as pool:
                list(pool.map(without_gradients, chunks))


def _even_chunk(lanes: int, execution: Execution) -> int:
    if lanes <= _WHOLE * execution.lane_chunk:  # several small chunks cost more than they gain
        return -(-lanes // LANE_PAD) * LANE_PAD
    rounds = -(-lanes // (execution.lane_chunk * execution.threads))
    size = -(-lanes // (rounds * execution.threads))
    return min(execution.lane_chunk, -(-size // LANE_PAD) * LANE_PAD)


@contextlib.contextmanager
def single_threaded_kernels() -> Generator[None]:
    """One intra-op thread for the duration: parallelism is over chunks of lanes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run_chunk(
    problem: Problem,
    algorithm: Algorithm,
    result: FitResult,
    lanes_L: Tensor,
    start_LP: Tensor,
    execution: Execution,
    observer: Observer | None,
    on_finished: Callable[[int], None] | None,
) -> None:
    device, dtype = problem.x_BEN.device, problem.x_BEN.dtype
    state = algorithm.start(problem, start_LP.to(device, dtype))
    while True:
        status_L = state.status_L[: lanes_L.shape[0]].cpu()
        ended = (status_L != Status.RUNNING).nonzero()[:, 0]
        if ended.shape[0]:
            _store(result, lanes_L[ended], state.lanes(ended.to(device)))
            if on_finished is not None:
                on_finished(ended.shape[0])
            running = (status_L == Status.RUNNING).nonzero()[:, 0]
            if not running.shape[0]:
                return
            lanes_L = lanes_L[running]
            state = state.lanes(running[_padded_slots(running.shape[0])].to(device))
        for _ in range(execution.check_every):
            state = _keep_finished(state, algorithm.step(problem, state))
            if observer is not None:
                observer(lanes_L, state)


def _keep_finished(old: LaneState, new: LaneState) -> LaneState:
    """Lanes that had ended before a step keep the state they ended in."""
    running_L = old.status_L == Status.RUNNING

    def merged(name: str) -> Tensor:
        before, after = getattr(old, name), getattr(new, name)
        return torch.where(running_L.reshape(-1, *[1] * (after.dim() - 1)), after, before)

    names = ("theta_LP", "error_L", "iteration_L", "status_L", "best_L", "idle_L")
    return type(new)(**(vars(new) | {name: merged(name) for name in names}))


def _padded_slots(live: int) -> Tensor:
    """Indices 0..live-1, then copies of 0 up to a multiple of ``LANE_PAD``."""
    slots = torch.arange(-(-live // LANE_PAD) * LANE_PAD)
    return torch.where(slots < live, slots, 0)


def _store(result: FitResult, lanes: Tensor, state: LaneState) -> None:
    result.theta_LP[lanes] = state.theta_LP.cpu().to(torch.float64)
    result.error_L[lanes] = state.error_L.cpu().to(torch.float64)
    result.status_L[lanes] = state.status_L.cpu()
    result.iterations_L[lanes] = state.iteration_L.cpu()
