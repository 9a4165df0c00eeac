"""Tokens a second of a whole language model in training, MoA beside fixed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.device.parts import Row
from benchmarks.throughput import measure
from experiments.pretraining.distributed import Place
from experiments.pretraining.recipes import RECIPES, Compile, Mixing, Recipe, RecipeFactory, sized

RECIPE = "dense-0.12b"
ROUNDS, STEPS, WINDOWS = 5, 10, 64
"""Sixty updates of each model, the first ten of which compile."""


def shortened(mixing: Mixing) -> Recipe:
    """The recipe with fewer windows an update, as many at a time as it has itself."""
    recipe = RECIPES[RECIPE](mixing)
    config = recipe.training
    at_once = config.batch // config.accumulate
    training = replace(
        config, batch=WINDOWS, accumulate=WINDOWS // at_once, steps=(1 + ROUNDS) * STEPS
    )
    return replace(recipe, training=training)


def minute(mixing: Mixing) -> Recipe:
    """A model of nothing, with the arithmetic of the recipe: a dry run."""
    config = RECIPES[RECIPE](mixing).training
    training = replace(config, batch=2, accumulate=2, steps=2, compile=Compile.NONE)
    return sized("minute", mixing, dimension=8, layers=1, heads=2, context=8, training=training)


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """A row for each kind of layers."""
    factory: RecipeFactory = minute if dry_run else shortened
    rounds, steps = (1, 1) if dry_run else (ROUNDS, STEPS)
    text = Path(__file__) if dry_run else None
    for row in measure(
        factory, learned=False, rounds=rounds, steps=steps, text=text, place=Place(device=device)
    ):
        yield {
            "recipe": row.recipe,
            "form": row.form,
            "layers": str(row.kind),
            "updates": (1 + rounds) * steps,
            "tokens a second": row.rate,
            "over fixed": row.rate / row.fixed,
            "loss": row.loss,
            "peak MiB": row.peak_mib,
        }
