"""One training run as a unit of work."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from experiments.pretraining.analysis import analyse
from experiments.pretraining.data import Corpus
from experiments.pretraining.distributed import ALONE, Place
from experiments.pretraining.recipes import Mixing, Recipe
from experiments.pretraining.training import train
from expressivity.runs.units import OnProgress, Outcome, Unit

_TAIL = 0.1


@dataclass(frozen=True, kw_only=True)
class TrainingUnit(Unit):
    """Train one model and look at its gates.

    The record holds ``arm``, ``rate``, ``seed``, ``dimension``, ``dictionary``, ``parameters``,
    ``flops`` (6 N D, an estimate), ``validation`` (after the last step) and ``training_tail``
    (mean over the last tenth of the steps), both nats per byte, ``evaluations``, and ``gates``
    (None for fixed). The lanes are the loss log, the tensors the weights.

    Attributes:
        recipe: all of the training; its layers are those of ``mixing``.
        mixing: names the arm.
        changes: named beside it; what is otherwise stands in the recipe.
        corpus: the text.
        checkpoints: folder of the checkpoint, or None; no part of the identity.
        place: of this process among others; how many they are, and how they share the model,
            changes the last bits.
    """

    recipe: Recipe
    mixing: Mixing
    corpus: Corpus
    changes: str = ""
    checkpoints: Path | None = None
    place: Place = ALONE

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        alone = self.place.size == 1
        return {
            "unit": "pretraining",
            "recipe": self.recipe.identity,
            "mixing": asdict(self.mixing),
            "text": self.corpus.sha256,
            "validation": self.corpus.validation,
            "processes": None if alone else [self.place.size, str(self.place.sharding)],
        }

    @property
    def arm(self) -> str:
        """The layers, and what is otherwise than by default."""
        return f"{self.mixing.name} {self.changes}".rstrip()

    @property
    def label(self) -> str:
        """Recipe, arm, rate and seed."""
        training = self.recipe.training
        return f"{self.recipe.name} {self.arm} rate {training.rate:g} seed {training.seed}"

    @property
    def parts(self) -> int:
        """A part is a step."""
        return self.recipe.training.steps

    @property
    def checkpoint(self) -> Path | None:
        """The file that is written now and then."""
        folder = self.checkpoints
        return None if folder is None else folder / f"{self.key}.safetensors"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Train from the checkpoint, if there is one, to the end."""
        recipe = self.recipe
        trained = train(
            recipe,
            self.corpus,
            checkpoint=self.checkpoint,
            place=self.place,
            on_steps=on_progress or (lambda count: None),
        )
        log = trained.log
        gates = None
        if self.mixing.kind.mixes and self.place.writes:
            gates = analyse(recipe, trained.weights, self.corpus).record
        tail = log.loss[-math.ceil(_TAIL * log.steps) :]
        return Outcome(
            record={
                "arm": self.arm,
                "rate": recipe.training.rate,
                "seed": recipe.training.seed,
                "dimension": recipe.model.dimension,
                "parameters": recipe.model.parameter_count,
                "flops": recipe.flops,
                "validation": log.validation[-1],
                "training_tail": math.fsum(tail) / len(tail),
                "evaluations": list(zip(log.evaluated, log.validation, strict=True)),
                "dictionary": list(recipe.model.feed_forward.dictionary),
                "gates": gates,
            },
            lanes={
                "step": list(range(log.steps)),
                "loss": log.loss,
                "gradient_norm": log.gradient_norm,
            },
            tensors=trained.weights,
        )
