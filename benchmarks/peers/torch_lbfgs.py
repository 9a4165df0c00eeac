"""PyTorch's L-BFGS with a strong Wolfe line search, one restart after another.

Shape letters as in common.py.
"""

import time

import torch
from common import (
    FloatArray,
    Trajectory,
    load_problem,
    parse_arguments,
    print_result,
    sample_iterations,
)
from torch import Tensor
from torch_adam import Data, Mixture

EVALUATIONS_PER_ITERATION = 25  # the longest line search torch.optim.LBFGS makes


def fit(start_P: FloatArray, data: Data, *, steps: int) -> tuple[Trajectory, int]:
    """L-BFGS from one start; the trajectory and the iterations taken.

    One call of `step` runs all iterations, so samples are taken inside the closure, where the
    model holds a trial point of the line search: a point that the method has paid for.
    """
    samples = set(sample_iterations(EVALUATIONS_PER_ITERATION * steps, count=100))
    evaluations = 0
    trajectory = Trajectory()
    trajectory.resume()
    model = Mixture(start_P)
    # Tolerances below rounding: torch's defaults (1e-7, 1e-9) stop at errors near 1e-4.
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=steps,
        max_eval=EVALUATIONS_PER_ITERATION * steps,
        tolerance_grad=1e-15,
        tolerance_change=1e-30,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        nonlocal evaluations
        optimizer.zero_grad()
        loss = data.loss(model)
        loss.backward()
        evaluations += 1
        if evaluations in samples:
            trajectory.sample(evaluations, lambda: data.fine_error(model))
        return loss

    optimizer.step(closure)
    trajectory.sample(evaluations, lambda: data.fine_error(model))
    trajectory.pause()
    state = next(iter(optimizer.state.values()))
    return trajectory, int(state["n_iter"])


def main() -> None:
    arguments = parse_arguments(__doc__ or "", steps=500)
    torch.set_num_threads(arguments.threads)
    problem = load_problem(arguments)
    data = Data(problem)

    begun = time.perf_counter()
    fit(problem.starts_RP[0], data, steps=1)
    cold_seconds = time.perf_counter() - begun

    fits = [fit(start_P, data, steps=arguments.steps) for start_P in problem.starts_RP]
    print_result(
        arguments,
        peer="torch_lbfgs",
        version=f"torch {torch.__version__}",
        mode="eager, one restart after another; samples count evaluations, not iterations",
        iterations=max(iterations for _, iterations in fits),
        cold_seconds=cold_seconds,
        one_by_one=[trajectory for trajectory, _ in fits],
    )


if __name__ == "__main__":
    main()
