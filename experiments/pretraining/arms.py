"""What is compared: layers, with choices of their start and training, as runs to be made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.pretraining.data import Corpus
from experiments.pretraining.recipes import Mixing, Recipe, RecipeFactory
from experiments.pretraining.runs import TrainingUnit


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Layers, and what is otherwise than by default.

    Attributes:
        mixing: the layers.
        gate: fields of its ``GateSpec`` to replace.
        start: fields of ``Initialisation`` to replace.
        training: fields of ``TrainingConfig`` to replace.

    >>> Arm(mixing=Mixing(), training={"gate_rate": 0.3}).changes
    'gate_rate=0.3'
    """

    mixing: Mixing
    gate: Mapping[str, Any] = field(default_factory=dict[str, Any])
    start: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def changes(self) -> str:
        """What is otherwise; empty for nothing."""
        gate = {f"gate_{name}": value for name, value in self.gate.items()}
        every = {**gate, **self.start, **self.training}
        return " ".join(f"{name}={_text(value)}" for name, value in every.items())

    def units(
        self,
        factory: RecipeFactory,
        rates: Iterable[float] | None,
        seeds: Iterable[int],
        corpus: Corpus,
    ) -> list[TrainingUnit]:
        """A run for every rate and seed; None stands for the recipe's own rate."""
        mixing = replace(self.mixing, gate=replace(self.mixing.gate, **self.gate))
        recipe = self._changed(factory(mixing))
        return [
            TrainingUnit(
                recipe=replace(recipe, training=replace(recipe.training, rate=rate, seed=seed)),
                mixing=mixing,
                changes=self.changes,
                corpus=corpus,
            )
            for rate in rates or (recipe.training.rate,)
            for seed in seeds
        ]

    def _changed(self, recipe: Recipe) -> Recipe:
        start = replace(recipe.model.start, **self.start)
        training = replace(recipe.training, **self.training)
        return replace(recipe, model=replace(recipe.model, start=start), training=training)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
