"""What the peers of the fitting benchmark share: arguments, problem, clock and JSON output.

Every peer fits the same model to the same target, in a process of its own. The model is the
width-1 Type-I mixture of the seven activations with tanh gates (scale and bias on),

    f(x) = a * sum_k scale_k * tanh(u_k.x + e_k) * s_k(w.x + b),      k = 1..7.

Shape letters: D input dimension (2), K activations (7), P parameters (32), R restarts,
N nodes of the fitting rule, F nodes of the fine rule that measures the error.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

DIMENSION = 2
ACTIVATIONS = ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")
LEAKY_SLOPE = 0.01
PARAMETERS = 1 + DIMENSION + 1 + (DIMENSION + 2) * len(ACTIVATIONS)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command line of a peer; `steps` and `restarts` bound the work."""

    problem: Path
    seed: int
    threads: int
    restarts: int
    steps: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Two quadrature rules with the target's values, and the parameter starts; all float64."""

    nodes_ND: FloatArray
    weights_N: FloatArray
    values_N: FloatArray
    fine_nodes_FD: FloatArray
    fine_weights_F: FloatArray
    fine_values_F: FloatArray
    starts_RP: FloatArray


class Parameters(NamedTuple):
    """The pieces of one parameter vector, in the order in which they lie in it."""

    w_D: Any
    b: Any
    u_KD: Any
    e_K: Any
    a: Any
    scale_K: Any


def split_parameters(vector_P: Any) -> Parameters:
    """Views of one parameter vector; works on NumPy, torch and JAX arrays alike.

    >>> split_parameters(np.arange(32.0)).u_KD[1].tolist()
    [5.0, 6.0]
    """
    d, k = DIMENSION, len(ACTIVATIONS)
    gates = d + 1
    biases = gates + k * d
    scales = biases + k + 1
    return Parameters(
        w_D=vector_P[:d],
        b=vector_P[d],
        u_KD=vector_P[gates:biases].reshape(k, d),
        e_K=vector_P[biases : biases + k],
        a=vector_P[biases + k],
        scale_K=vector_P[scales : scales + k],
    )


def parse_arguments(
    description: str, *, steps: int, argv: Sequence[str] | None = None
) -> Arguments:
    """Read the command line and limit the threads of whatever library loads after this call.

    `steps` is the peer's default. OpenBLAS and XLA read the limits when they start, which is on
    first use; torch is told by the peer itself.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--problem", type=Path, required=True, help="the .npz file to fit")
    parser.add_argument("--seed", type=int, default=0, help="used only where starts are not shared")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--restarts", type=int, default=0, help="the first n starts; 0 is all")
    parser.add_argument("--steps", type=int, default=steps)
    read = parser.parse_args(argv)
    if read.threads < 1 or read.steps < 1 or read.restarts < 0:
        parser.error("--threads and --steps must be at least 1, --restarts at least 0")
    limit_threads(read.threads)
    return Arguments(**vars(read))


def limit_threads(threads: int) -> None:
    """Set the limits that libraries read from the environment, and hold to `threads` cores."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        os.environ[name] = str(threads)
    # The matrices are small and the restarts many: a second BLAS thread only spins, and would make
    # optimistix about three times slower than it is.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # XLA sizes its pools by NPROC, or failing that by the cores the process may run on.
    eigen = "true" if threads > 1 else "false"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen}"
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def load_problem(arguments: Arguments) -> Problem:
    """Read the problem and keep the first `restarts` starts; `ValueError` on a wrong layout."""
    with np.load(arguments.problem, allow_pickle=False) as file:
        starts_RP = np.asarray(file["starts"], dtype=np.float64)
        if starts_RP.ndim != 2 or starts_RP.shape[1] != PARAMETERS:
            raise ValueError(f"required: starts of shape (R, {PARAMETERS}); got {starts_RP.shape}")
        if arguments.restarts:
            starts_RP = starts_RP[: arguments.restarts]
        return Problem(
            nodes_ND=np.asarray(file["nodes"], dtype=np.float64),
            weights_N=np.asarray(file["weights"], dtype=np.float64),
            values_N=np.asarray(file["values"], dtype=np.float64),
            fine_nodes_FD=np.asarray(file["fine_nodes"], dtype=np.float64),
            fine_weights_F=np.asarray(file["fine_weights"], dtype=np.float64),
            fine_values_F=np.asarray(file["fine_values"], dtype=np.float64),
            starts_RP=starts_RP,
        )


def relative_l2(problem: Problem, predictions_RF: npt.ArrayLike) -> FloatArray:
    """Relative L2 error of each restart on the fine rule, shape (R,)."""
    residual_RF = np.atleast_2d(np.asarray(predictions_RF)) - problem.fine_values_F
    norm = problem.fine_weights_F @ problem.fine_values_F**2
    return np.sqrt(residual_RF**2 @ problem.fine_weights_F / norm)


def sample_iterations(steps: int, count: int = 60) -> list[int]:
    """At most `count` log-spaced iterations from 1 to `steps`, both included.

    >>> sample_iterations(100, count=5)
    [1, 3, 10, 32, 100]
    """
    return sorted({round(i) for i in np.geomspace(1, steps, count).tolist()})


class Trajectory:
    """Best error so far of every restart against a clock that stands still while errors are taken.

    The best so far is the smallest sampled error, so that a method is not charged for an
    iterate that is worse than one it has already visited.
    """

    def __init__(self) -> None:
        self.iterations: list[int] = []
        self.seconds: list[float] = []
        self.errors: list[FloatArray] = []
        self._elapsed = 0.0
        self._resumed: float | None = None

    def resume(self) -> None:
        """Let the clock run."""
        assert self._resumed is None, "the clock runs already"
        self._resumed = time.perf_counter()

    def pause(self) -> float:
        """Stop the clock; the seconds that it has run so far."""
        assert self._resumed is not None, "the clock stands already"
        self._elapsed += time.perf_counter() - self._resumed
        self._resumed = None
        return self._elapsed

    def sample(self, iteration: int, errors: Callable[[], FloatArray]) -> None:
        """Take the errors, shape (R,), off the clock. The computation must have finished."""
        seconds = self.pause()
        errors_R = errors()
        if self.errors:
            # fmin passes over NaN: a diverged restart keeps what it had reached
            errors_R = np.fmin(self.errors[-1], errors_R)
        self.iterations.append(iteration)
        self.seconds.append(seconds)
        self.errors.append(errors_R)
        self.resume()


def joint_trajectory(trajectory: Trajectory) -> list[dict[str, Any]]:
    """The samples of restarts that run together, one clock for all."""
    samples = zip(trajectory.iterations, trajectory.seconds, trajectory.errors, strict=True)
    return [
        {"iteration": iteration, "seconds": seconds, "errors": finite_or_null(errors_R)}
        for iteration, seconds, errors_R in samples
    ]


def single_trajectory(trajectory: Trajectory) -> dict[str, Any]:
    """The samples of one restart, with the clock starting when the restart starts."""
    return {
        "iterations": trajectory.iterations,
        "seconds": trajectory.seconds,
        "errors": finite_or_null(np.concatenate(trajectory.errors)),
    }


def finite_or_null(values: npt.ArrayLike) -> list[float | None]:
    """Numbers that JSON can hold; NaN and infinity become null.

    >>> finite_or_null([0.5, float("nan")])
    [0.5, None]
    """
    return [x if math.isfinite(x) else None for x in np.asarray(values, dtype=float).tolist()]


def print_result(
    arguments: Arguments,
    *,
    peer: str,
    version: str,
    mode: str,
    iterations: int,
    cold_seconds: float,
    together: Trajectory | None = None,
    one_by_one: Sequence[Trajectory] = (),
) -> None:
    """Print the peer's one JSON document.

    Restarts that ran `together` share one clock (`trajectory`); restarts that ran `one_by_one`
    have a clock each (`per_restart`) and are laid one after another by the reader.
    """
    trajectories = [together] if together is not None else list(one_by_one)
    final_R = np.concatenate([trajectory.errors[-1] for trajectory in trajectories])
    document = {
        "schema": "expressivity.peer/1",
        "peer": peer,
        "version": version,
        "mode": mode,
        "seed": arguments.seed,
        "threads": arguments.threads,
        "restarts": len(final_R),
        "iterations": iterations,
        "cold_seconds": cold_seconds,
        "warm_seconds": math.fsum(trajectory.seconds[-1] for trajectory in trajectories),
        "trajectory": None if together is None else joint_trajectory(together),
        "per_restart": [single_trajectory(trajectory) for trajectory in one_by_one] or None,
        "final": finite_or_null(final_R),
    }
    print(json.dumps(document, allow_nan=False))
