"""Whether a trained model uses its gates: their statistics, and the loss with gates frozen.

Shape letters: T tokens, C coefficients of one side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.pretraining.data import Corpus, validation_windows
from experiments.pretraining.model import Transformer
from experiments.pretraining.recipes import Recipe
from experiments.pretraining.training import evaluate
from expressivity.layers.auditing import watched
from expressivity.layers.constant import freeze
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.gate_statistics import GateStatistics, gate_statistics

_TEXTS_AT_A_TIME = 32


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What became of the gates of a model, on the windows of the validation.

    Attributes:
        loss: of the model as it is, nats per byte.
        frozen: change in loss when every gate is its mean over tokens.
        frozen_layer: the same, of one layer alone, by its name.
        layers: statistics of every layer, a tuple of its sides, by its name.
    """

    loss: float
    frozen: float
    frozen_layer: Mapping[str, float]
    layers: Mapping[str, tuple[GateStatistics, ...]]

    @property
    def record(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


@torch.no_grad()
def analyse(recipe: Recipe, weights: Mapping[str, Tensor], corpus: Corpus) -> Analysis:
    """Look at the gates of a trained model with LA or MoA layers, in float32 on the CPU."""
    model = Transformer(recipe.model)
    model.load_state_dict(dict(weights))
    _, held_out_N = corpus.tokens()
    coefficients = observe(recipe, model, held_out_N)
    means = {name: [c_TC.mean(0) for c_TC in sides] for name, sides in coefficients.items()}
    loss = evaluate(recipe, model, held_out_N)

    def change(names: Sequence[str]) -> float:
        chosen = {name: means[name] for name in names}
        return evaluate(recipe, freeze(model, chosen), held_out_N) - loss

    return Analysis(
        loss=loss,
        frozen=change(list(means)),
        frozen_layer={name: change([name]) for name in means},
        layers={
            name: tuple(gate_statistics(c_TC) for c_TC in sides)
            for name, sides in coefficients.items()
        },
    )


@torch.no_grad()
def observe(
    recipe: Recipe, model: Transformer, tokens_N: NDArray[np.uint8]
) -> dict[str, list[Tensor]]:
    """Coefficients c_TC of every side of every feed-forward layer that has some, by its name.

    With experts, a layer's tokens are those it was chosen for.
    """
    found: dict[str, list[list[Tensor]]] = {}

    def see(name: str, layer: FeedForward, x: Tensor) -> None:
        if layer.family.mixes:
            sides = layer.coefficients(x)
            found.setdefault(name, []).append([c.flatten(0, -2) for c in sides])

    with watched(model, see):
        inputs_BT, _ = validation_windows(tokens_N, recipe.training.windows, recipe.model.context)
        for inputs in inputs_BT.split(_TEXTS_AT_A_TIME):
            model.logits(inputs)
    every = {
        name: [torch.cat(side) for side in zip(*parts, strict=True)]
        for name, parts in found.items()
    }
    # An expert that no token has chosen has no statistics.
    return {name: sides for name, sides in every.items() if len(sides[0])}
