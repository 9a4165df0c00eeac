"""pykan: one Kolmogorov-Arnold network, fitted by pykan's own L-BFGS.

Another model, so it cannot use the shared starts, and its `fit` takes no quadrature weights; it
stands here for the time and the error that a user of a spline network gets on the same target.
"""

import io
import time
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import version

import torch
from common import FloatArray, Trajectory, load_problem, parse_arguments, print_result, relative_l2
from kan import KAN


def main() -> None:
    arguments = parse_arguments(__doc__ or "", steps=50)
    torch.set_num_threads(arguments.threads)
    torch.set_default_dtype(torch.float64)
    problem = load_problem(arguments)
    inputs = torch.tensor(problem.nodes_ND)
    labels = torch.tensor(problem.values_N)[:, None]
    fine_inputs = torch.tensor(problem.fine_nodes_FD)
    # pykan measures a test loss at every step whether or not one is wanted
    dataset = {
        "train_input": inputs,
        "train_label": labels,
        "test_input": inputs[:1],
        "test_label": labels[:1],
    }

    def fit(steps: int) -> Trajectory:
        trajectory = Trajectory()
        trajectory.resume()
        model = KAN(width=[2, 4, 1], grid=5, k=3, seed=arguments.seed, auto_save=False)

        @torch.no_grad()
        def errors() -> FloatArray:
            return relative_l2(problem, model(fine_inputs)[:, 0].numpy())

        def fine_error() -> torch.Tensor:
            trajectory.sample(len(trajectory.errors) + 1, errors)
            return torch.tensor(trajectory.errors[-1][0])

        model.fit(dataset, opt="LBFGS", steps=steps, metrics=[fine_error])
        trajectory.pause()
        return trajectory

    # pykan reseeds every generator itself, from the seed it is given
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        begun = time.perf_counter()
        fit(1)
        cold_seconds = time.perf_counter() - begun
        trajectory = fit(arguments.steps)
    print_result(
        arguments,
        peer="pykan_lbfgs",
        version=f"pykan {version('pykan')}, torch {torch.__version__}",
        mode="eager, one fit; width [2, 4, 1], grid 5, k 3; a step is up to 20 L-BFGS iterations",
        iterations=arguments.steps,
        cold_seconds=cold_seconds,
        together=trajectory,
    )


if __name__ == "__main__":
    main()
