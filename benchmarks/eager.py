"""Uncompiled layers beside a plain SwiGLU block, as people meet them first.

``python -m benchmarks.eager [THREADS]`` prints one table: forward and backward, and inference
without gradients. 128 inputs, 344 hidden neurons, 4,096 tokens, float32. Layers take turns, and
the least time of several rounds counts.
"""

import sys
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.layers import FeedForward

INPUTS, HIDDEN, TOKENS, ROUNDS = 128, 344, 4096, 20
FEW = ("id", "silu")


class SwiGLU(nn.Module):
    """a(silu(w x) v x), written as most models write it."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(INPUTS, HIDDEN, bias=False)
        self.v = nn.Linear(INPUTS, HIDDEN, bias=False)
        self.a = nn.Linear(HIDDEN, INPUTS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs at inputs."""
        return self.a(functional.silu(self.w(x)) * self.v(x))


def layer(kind: Kind, neuron: str, dictionary: tuple[str, ...], groups: int = 1) -> FeedForward:
    """One of our layers of the same size."""
    gate = GateSpec(name="sigmoid") if kind.gated else None
    return FeedForward(
        Family(
            kind=kind,
            neuron=neuron,
            width=HIDDEN,
            dimension=INPUTS,
            outputs=INPUTS,
            dictionary=dictionary,
            gate=gate,
            groups=groups,
            bias=False,
        )
    )


def cases() -> dict[str, nn.Module]:
    """What is measured, the plain block first."""
    return {
        "plain SwiGLU": SwiGLU(),
        "fixed one_sided": layer(Kind.FIXED, "one_sided", ("silu",)),
        "MoA one_sided {id, silu}": layer(Kind.MOA, "one_sided", FEW),
        "the same, 8 groups": layer(Kind.MOA, "one_sided", FEW, groups=8),
        "MoA one_sided, seven": layer(Kind.MOA, "one_sided", FULL_DICTIONARY),
        "MoA two_sided, seven": layer(Kind.MOA, "two_sided", FULL_DICTIONARY),
    }


def measure(rounds: int = ROUNDS) -> Iterator[tuple[str, float, float]]:
    """Seconds of training and of inference of every case."""
    generator = torch.Generator().manual_seed(0)
    x_TD, gradient_TD = (torch.randn(TOKENS, INPUTS, generator=generator) for _ in range(2))
    x_TD.requires_grad_()
    modules = cases()

    def training(module: nn.Module) -> None:
        module.zero_grad(set_to_none=True)
        x_TD.grad = None
        module(x_TD).backward(gradient_TD)

    def inference(module: nn.Module) -> None:
        with torch.no_grad():
            module(x_TD)

    trained, applied = (_least(modules, step, rounds) for step in (training, inference))
    for name in modules:
        yield name, trained[name], applied[name]


def _least(
    modules: dict[str, nn.Module], step: Callable[[nn.Module], None], rounds: int
) -> dict[str, float]:
    least = dict.fromkeys(modules, float("inf"))
    for turn in range(1 + rounds):
        for name, module in modules.items():
            started = time.perf_counter()
            step(module)
            if turn:
                least[name] = min(least[name], time.perf_counter() - started)
    return least


def main() -> None:
    """Print the table."""
    if sys.argv[1:]:
        torch.set_num_threads(int(sys.argv[1]))
    print(f"{torch.get_num_threads()} threads, float32, uncompiled\n")
    print("| layer | training, ms | over plain | inference, ms | over plain |")
    print("|---|---|---|---|---|")
    rows = list(measure())
    _, plain, plain_applied = rows[0]
    for name, seconds, applied in rows:
        ratios = seconds / plain, applied / plain_applied
        times = 1000 * seconds, 1000 * applied
        print(f"| {name} | {times[0]:.1f} | {ratios[0]:.2f} | {times[1]:.1f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
