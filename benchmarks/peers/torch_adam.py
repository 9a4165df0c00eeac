"""PyTorch as a user writes it: one module, autograd, Adam, one restart after another.

Shape letters as in common.py.
"""

import time

import torch
from common import (
    LEAKY_SLOPE,
    FloatArray,
    Problem,
    Trajectory,
    load_problem,
    parse_arguments,
    print_result,
    relative_l2,
    sample_iterations,
    split_parameters,
)
from torch import Tensor, nn
from torch.nn import functional as F

LEARNING_RATE = 1e-2


class Mixture(nn.Module):
    """The width-1 mixture of activations of common.py, for one restart."""

    def __init__(self, start_P: FloatArray) -> None:
        super().__init__()
        start = split_parameters(torch.tensor(start_P))
        self.w_D = nn.Parameter(start.w_D.clone())
        self.b = nn.Parameter(start.b.clone())
        self.u_KD = nn.Parameter(start.u_KD.clone())
        self.e_K = nn.Parameter(start.e_K.clone())
        self.a = nn.Parameter(start.a.clone())
        self.scale_K = nn.Parameter(start.scale_K.clone())

    def forward(self, x_ND: Tensor) -> Tensor:
        z_N = x_ND @ self.w_D + self.b
        relu_N = F.relu(z_N)
        s_NK = torch.stack(
            [
                z_N,
                relu_N,
                relu_N.square(),
                F.leaky_relu(z_N, LEAKY_SLOPE),
                F.gelu(z_N),
                F.silu(z_N),
                torch.tanh(z_N),
            ],
            dim=-1,
        )
        gates_NK = self.scale_K * torch.tanh(x_ND @ self.u_KD.T + self.e_K)
        return self.a * (gates_NK * s_NK).sum(dim=-1)


class Data:
    """The problem as torch tensors, with the two measures that a fit needs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.nodes_ND = torch.tensor(problem.nodes_ND)
        self.weights_N = torch.tensor(problem.weights_N / problem.weights_N.sum())
        self.values_N = torch.tensor(problem.values_N)
        self.fine_nodes_FD = torch.tensor(problem.fine_nodes_FD)

    def loss(self, model: nn.Module) -> Tensor:
        """Weighted mean square on the fitting rule."""
        return (self.weights_N * (model(self.nodes_ND) - self.values_N) ** 2).sum()

    @torch.no_grad()
    def fine_error(self, model: nn.Module) -> FloatArray:
        """Relative L2 error on the fine rule, shape (1,)."""
        return relative_l2(self.problem, model(self.fine_nodes_FD).numpy())


def fit(start_P: FloatArray, data: Data, *, steps: int) -> Trajectory:
    """Adam with a cosine schedule from one start."""
    samples = set(sample_iterations(steps))
    trajectory = Trajectory()
    trajectory.resume()
    model = Mixture(start_P)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for iteration in range(1, steps + 1):
        optimizer.zero_grad()
        loss = data.loss(model)
        loss.backward()
        optimizer.step()
        schedule.step()
        if iteration in samples:
            trajectory.sample(iteration, lambda: data.fine_error(model))
    trajectory.pause()
    return trajectory


def main() -> None:
    arguments = parse_arguments(__doc__ or "", steps=3000)
    torch.set_num_threads(arguments.threads)
    problem = load_problem(arguments)
    data = Data(problem)

    # What torch loads and sets up on its first step is no part of any one restart.
    begun = time.perf_counter()
    fit(problem.starts_RP[0], data, steps=1)
    cold_seconds = time.perf_counter() - begun

    print_result(
        arguments,
        peer="torch_adam",
        version=f"torch {torch.__version__}",
        mode="eager, one restart after another",
        iterations=arguments.steps,
        cold_seconds=cold_seconds,
        one_by_one=[fit(start_P, data, steps=arguments.steps) for start_P in problem.starts_RP],
    )


if __name__ == "__main__":
    main()
