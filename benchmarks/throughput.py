"""Tokens a second of whole language models, LA and MoA beside fixed, in training.

``python -m benchmarks.throughput [RECIPE...]`` (by default small and tiny) prints one table. Models
of one recipe take turns, a few steps each, and the least time of several rounds counts: the
machine's other work slows rounds, and never hastens one. A step is what ``pretrain`` does:
gradient, clipping, optimizer.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from experiments.pretraining.data import find_text, join
from experiments.pretraining.model import Transformer
from experiments.pretraining.optimizers import build_optimizers
from experiments.pretraining.products import fast_products
from experiments.pretraining.recipes import RECIPES, Mixing, Recipe, RecipeFactory
from experiments.pretraining.training import compile_parts, gradient, update
from expressivity.classes.kinds import Kind
from expressivity.fitting.memory import keep_freed_memory

_ROUNDS, _STEPS = 8, 2


@dataclass(frozen=True, kw_only=True)
class Row:
    """Tokens a second of one kind of layers, and of the fixed ones in the same run."""

    recipe: str
    form: str
    kind: Kind
    rate: float
    fixed: float

    @property
    def text(self) -> str:
        """A row of the table."""
        ratio = self.rate / self.fixed
        return f"| {self.recipe} | {self.form} | {self.kind} | {self.rate:,.0f} | {ratio:.3f} |"


@dataclass(kw_only=True)
class _Run:
    """A model in training, and the least time of its rounds so far."""

    mixing: Mixing
    recipe: Recipe
    model: Transformer
    optimizers: list[torch.optim.Optimizer]
    seconds: float = float("inf")

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return _STEPS * self.recipe.training.batch * self.recipe.model.context / self.seconds


def _started(mixing: Mixing, factory: RecipeFactory) -> _Run:
    recipe = factory(mixing)
    model = Transformer(recipe.model)
    compile_parts(model, recipe.training.compile)
    optimizers = build_optimizers(model, recipe.training)
    return _Run(mixing=mixing, recipe=recipe, model=model, optimizers=optimizers)


def measure(name: str, form: str = "two_sided") -> Iterator[Row]:
    """Train one model of each kind, in turns."""
    keep_freed_memory()
    with TemporaryDirectory() as folder, fast_products("cpu"):
        tokens_N, _ = join(find_text(None), Path(folder)).tokens()
        torch.compiler.reset()
        runs = [_started(Mixing(kind=kind, form=form), RECIPES[name]) for kind in Kind]
        for number in range(1 + _ROUNDS):
            for run in runs:
                started = time.perf_counter()
                for step in range(number * _STEPS, (number + 1) * _STEPS):
                    gradient(run.recipe, run.model, tokens_N, step)
                    update(run.optimizers, run.recipe.training, step)
                if number:  # the first compiles
                    run.seconds = min(run.seconds, time.perf_counter() - started)
    (fixed,) = (run.rate for run in runs if not run.mixing.kind.mixes)
    for run in runs:
        yield Row(recipe=name, form=form, kind=run.mixing.kind, rate=run.rate, fixed=fixed)


def main() -> None:
    """Print the table."""
    print(f"{torch.get_num_threads()} threads, float32, compiled\n")
    print("| recipe | form | layers | tokens a second | over fixed |\n|---|---|---|---|---|")
    for name in sys.argv[1:] or ("small", "tiny"):
        for row in measure(name):
            print(row.text, flush=True)


if __name__ == "__main__":
    main()
