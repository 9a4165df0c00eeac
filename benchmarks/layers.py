"""Layers beside a plain SwiGLU block in one run: few activations, all seven, groups.

``python -m benchmarks.layers`` measures uncompiled layers of 128 inputs, 344 hidden neurons and
4,096 tokens, as people meet them first; ``--compiled --inputs 1024 --hidden 4096 --tokens 2048``
others. Forward and backward, and inference without gradients, in float32. Layers take turns, and
the least time of several rounds counts. The last column is bytes kept for the backward pass.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.fitting.memory import keep_freed_memory
from expressivity.layers import FeedForward
from expressivity.layers.overhead import many_programs, saved_bytes

FEW = ("id", "silu")


@dataclass(frozen=True, kw_only=True)
class Size:
    """Inputs, hidden neurons and tokens."""

    inputs: int = 128
    hidden: int = 344
    tokens: int = 4096


class SwiGLU(nn.Module):
    """a(silu(w x) v x), written as most models write it."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.w = nn.Linear(size.inputs, size.hidden, bias=False)
        self.v = nn.Linear(size.inputs, size.hidden, bias=False)
        self.a = nn.Linear(size.hidden, size.inputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs at inputs."""
        return self.a(functional.silu(self.w(x)) * self.v(x))


def layer(
    size: Size, kind: Kind, neuron: str, dictionary: tuple[str, ...], groups: int = 1
) -> FeedForward:
    """One of our layers of that size."""
    return FeedForward(
        Family(
            kind=kind,
            neuron=neuron,
            width=size.hidden,
            dimension=size.inputs,
            outputs=size.inputs,
            dictionary=dictionary,
            gate=GateSpec(name="sigmoid") if kind.gated else None,
            groups=groups,
            bias=False,
        )
    )


def cases(size: Size) -> dict[str, nn.Module]:
    """What is measured, the plain block first."""
    few, seven = FEW, FULL_DICTIONARY
    return {
        "plain SwiGLU": SwiGLU(size),
        "fixed one_sided": layer(size, Kind.FIXED, "one_sided", ("silu",)),
        "MoA one_sided {id, silu}": layer(size, Kind.MOA, "one_sided", few),
        "the same, 8 groups": layer(size, Kind.MOA, "one_sided", few, groups=8),
        "MoA one_sided, seven": layer(size, Kind.MOA, "one_sided", seven),
        "MoA two_sided, seven": layer(size, Kind.MOA, "two_sided", seven),
    }


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of training and of inference, and bytes kept between forward and backward."""

    name: str
    training: float
    inference: float
    saved: int

    def row(self, first: "Cost") -> str:
        """A row of the table, beside the plain block."""
        ratios = self.training / first.training, self.inference / first.inference
        times = 1000 * self.training, 1000 * self.inference
        return (
            f"| {self.name} | {times[0]:.1f} | {ratios[0]:.3f} | {times[1]:.1f} | {ratios[1]:.3f} "
            f"| {self.saved / first.saved:.4f} |"
        )


def measure(size: Size, *, compiled: bool = False, rounds: int = 20) -> Iterator[Cost]:
    """Costs of every case."""
    keep_freed_memory()
    generator = torch.Generator().manual_seed(0)
    shape = size.tokens, size.inputs
    x_TD, gradient_TD = (torch.randn(shape, generator=generator) for _ in range(2))
    x_TD.requires_grad_()
    modules = cases(size)
    if compiled:
        optimised = {name: torch.compile(m, fullgraph=True) for name, m in modules.items()}
        modules = {name: cast(nn.Module, module) for name, module in optimised.items()}

    def training(module: nn.Module) -> None:
        module.zero_grad(set_to_none=True)
        x_TD.grad = None
        module(x_TD).backward(gradient_TD)

    def inference(module: nn.Module) -> None:
        with torch.no_grad():
            module(x_TD)

    with many_programs():
        trained, applied = (_least(modules, step, rounds) for step in (training, inference))
        saved = {name: saved_bytes(module, x_TD) for name, module in modules.items()}
    for name in modules:
        yield Cost(name=name, training=trained[name], inference=applied[name], saved=saved[name])


def _least(
    modules: dict[str, nn.Module], step: Callable[[nn.Module], None], rounds: int
) -> dict[str, float]:
    least = dict.fromkeys(modules, float("inf"))
    for turn in range(1 + rounds):
        for name, module in modules.items():
            started = time.perf_counter()
            step(module)
            if turn:  # the first compiles
                least[name] = min(least[name], time.perf_counter() - started)
    return least


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layers")
    default = Size()
    for name in ("inputs", "hidden", "tokens"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--compiled", action="store_true")
    given = parser.parse_args()
    size = Size(inputs=given.inputs, hidden=given.hidden, tokens=given.tokens)
    how = "compiled" if given.compiled else "uncompiled"
    print(f"{torch.get_num_threads()} threads, float32, {how}\n")
    print("| layer | training, ms | over plain | inference, ms | over plain | saved |")
    print("|---|---|---|---|---|---|")
    costs = list(measure(size, compiled=given.compiled, rounds=given.rounds))
    for cost in costs:
        print(cost.row(costs[0]))


if __name__ == "__main__":
    main()
