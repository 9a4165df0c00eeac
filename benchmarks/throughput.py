"""Tokens a second of whole language models, LA and MoA beside fixed, in training.

``python -m benchmarks.throughput [RECIPE...]`` (by default small and tiny) prints one table; with
``--dictionary id,silu`` the mixtures are of these activations, else of all seven. Models
of one recipe take turns, a few steps each, and the least time of several rounds counts: the
machine's other work slows rounds, and never hastens one. A step is what ``pretrain`` does:
gradient, clipping, optimizer.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.device.memory import peak_memory
from experiments.pretraining.data import find_text, join
from experiments.pretraining.distributed import ALONE, Place
from experiments.pretraining.model import Transformer
from experiments.pretraining.optimizers import build_optimizers
from experiments.pretraining.products import fast_products
from experiments.pretraining.recipes import RECIPES, Mixing, Recipe, RecipeFactory
from experiments.pretraining.training import compile_parts, gradient, update
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.kinds import Kind
from expressivity.fitting.memory import keep_freed_memory
from expressivity.layers.overhead import synchronize

_ROUNDS, _STEPS = 24, 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """Tokens a second of one kind of layers, and of the fixed ones in the same run.

    Attributes:
        loss: of the last update.
        peak_mib: most memory of a device beyond weights and moments; None on a CPU.
    """

    recipe: str
    form: str
    kind: Kind
    rate: float
    fixed: float
    loss: float
    peak_mib: float | None

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
    loss: float = float("nan")
    peak_mib: float | None = None

    def rate(self, steps: int) -> float:
        """Tokens a second, of so many updates in a round."""
        return steps * self.recipe.training.batch * self.recipe.model.context / self.seconds

    def round(self, tokens_N: NDArray[np.uint8], steps: range, place: Place) -> float:
        """Seconds of some updates."""
        config = self.recipe.training
        with peak_memory(place.device) as peak:
            started = time.perf_counter()
            for step in steps:
                self.loss, _ = gradient(self.recipe, self.model, tokens_N, step, place)
                update(self.optimizers, config, step)
            synchronize(place.device)
            seconds = time.perf_counter() - started
        self.peak_mib = peak.mib
        return seconds


def _started(mixing: Mixing, factory: RecipeFactory, place: Place) -> _Run:
    recipe = factory(mixing)
    model = Transformer(recipe.model).to(place.device)
    compile_parts(model, recipe.training.compile)
    optimizers = build_optimizers(model, recipe.training)
    return _Run(mixing=mixing, recipe=recipe, model=model, optimizers=optimizers)


def measure(
    factory: RecipeFactory,
    form: str = "two_sided",
    *,
    dictionary: tuple[str, ...] = FULL_DICTIONARY,
    learned: bool = True,
    rounds: int = _ROUNDS,
    steps: int = _STEPS,
    text: Path | None = None,
    place: Place = ALONE,
) -> Iterator[Row]:
    """Train one model of each kind, in turns.

    Args:
        factory: the recipe.
        form: of the neurons.
        dictionary: of the mixtures.
        learned: whether LA is trained, beside fixed and MoA.
        rounds: the least time of so many counts.
        steps: updates of a round.
        text: that is trained on, by default what ``pretrain`` takes.
        place: the device.
    """
    keep_freed_memory()
    kinds = [kind for kind in Kind if learned or not kind.learned]
    with TemporaryDirectory() as folder, fast_products(place.device):
        tokens_N, _ = join(find_text(text), Path(folder)).tokens()
        torch.compiler.reset()
        mixings = [Mixing(kind=kind, form=form, dictionary=dictionary) for kind in kinds]
        runs = [_started(mixing, factory, place) for mixing in mixings]
        for number in range(1 + rounds):
            for run in runs:
                seconds = run.round(tokens_N, range(number * steps, (number + 1) * steps), place)
                if number:  # the first compiles
                    run.seconds = min(run.seconds, seconds)
    (fixed,) = (run.rate(steps) for run in runs if not run.mixing.kind.mixes)
    for run in runs:
        yield Row(
            recipe=run.recipe.name,
            form=form,
            kind=run.mixing.kind,
            rate=run.rate(steps),
            fixed=fixed,
            loss=run.loss,
            peak_mib=run.peak_mib,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput")
    parser.add_argument("recipes", nargs="*", default=["small", "tiny"], choices=list(RECIPES))
    parser.add_argument("--dictionary", default=",".join(FULL_DICTIONARY))
    given = parser.parse_args()
    dictionary = tuple(given.dictionary.split(","))
    print(f"{torch.get_num_threads()} threads, float32, compiled; mixtures of {given.dictionary}\n")
    print("| recipe | form | layers | tokens a second | over fixed |\n|---|---|---|---|---|")
    for name in given.recipes:
        for row in measure(RECIPES[name], dictionary=dictionary):
            print(row.text, flush=True)


if __name__ == "__main__":
    main()
