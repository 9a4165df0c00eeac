"""One run of the plan as a unit of work."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from experiments.pretraining.data import Corpus
from experiments.pretraining.model import Transformer
from experiments.pretraining.products import fast_products
from experiments.pretraining.recipes import Recipe
from experiments.pretraining.training import DivergedError, compile_parts, evaluate, train
from expressivity.runs.units import OnProgress, Outcome, Unit

AVERAGE = 0.98
"""Decay for each step of the average of the weights."""

_TAIL = 0.1

_FAMILY = ("kind", "form", "width", "gate", "activation", "dictionary", "groups", "bias")


@dataclass(frozen=True, kw_only=True)
class EvidenceUnit(Unit):
    """Train one model and measure it once, at the end.

    The record holds, in nats per byte, ``loss`` on the validation windows, ``averaged``, the
    same with the averaged weights, and ``training_tail``, the mean over the last tenth of the
    steps. All are None for a run that diverged, and ``diverged`` says where.

    Attributes:
        arm: its name in the plan.
        recipe: all of the training.
        corpus: the text.
    """

    arm: str
    recipe: Recipe
    corpus: Corpus

    @property
    def place(self) -> tuple[str, str, float, int]:
        """Arm, schedule, rate and seed: each is run once."""
        training = self.recipe.training
        return self.arm, str(training.schedule), training.rate, training.seed

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        arm, schedule, rate, seed = self.place
        asked = {"arm": arm, "schedule": schedule, "rate": rate, "seed": seed}
        return {"unit": "evidence", **asked, "options": self.options}

    @property
    def options(self) -> dict[str, object]:
        """What the arm is and how it is trained, beside schedule, rate and seed.

        Named one by one: records of today stay those of the plan when families get new fields.
        """
        model, training = self.recipe.model, self.recipe.training
        family = model.feed_forward.json()
        names = ("steps", "batch", "accumulate", "warmup", "decay", "final", "weight_decay")
        names += ("gate_rate", "gate_decay", "clip", "windows")
        return {
            **{name: family[name] for name in _FAMILY},
            "dimension": model.dimension,
            "gate_shift": model.gate_shift,
            "start": str(model.start.mixture),
            "layers": model.layers,
            "heads": model.heads,
            "context": model.context,
            "optimizer": str(training.optimizer),
            "precision": str(training.precision),
            **{name: getattr(training, name) for name in names},
            "average": AVERAGE,
            "text": self.corpus.sha256,
        }

    @property
    def label(self) -> str:
        """Arm, schedule, rate and seed."""
        arm, schedule, rate, seed = self.place
        return f"{arm} {schedule} rate {rate:g} seed {seed}"

    @property
    def parts(self) -> int:
        """A part is a step."""
        return self.recipe.training.steps

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Train from the first step to the last; nothing is kept in between."""
        average = Average(AVERAGE)
        try:
            trained = train(
                self.recipe,
                self.corpus,
                on_steps=on_progress or (lambda count: None),
                after_update=average.add,
            )
        except DivergedError as error:
            nothing = dict.fromkeys(("loss", "averaged", "training_tail"))
            return Outcome(record={**nothing, "diverged": str(error), **self._sizes})
        log = trained.log
        tail = log.loss[-math.ceil(_TAIL * log.steps) :]
        return Outcome(
            record={
                "loss": log.validation[-1],
                "averaged": self._loss(average.weights),
                "training_tail": math.fsum(tail) / len(tail),
                "diverged": None,
                **self._sizes,
            }
        )

    @property
    def _sizes(self) -> dict[str, object]:
        return {"parameters": self.recipe.model.parameter_count}

    def _loss(self, weights: Mapping[str, Tensor]) -> float:
        """On the validation windows; the compiled programs of the training serve here too."""
        model = Transformer(self.recipe.model)
        model.load_state_dict(dict(weights))
        compile_parts(model, self.recipe.training.compile)
        with fast_products("cpu"):
            return evaluate(self.recipe, model, self.corpus.tokens()[1])


class Average:
    """Exponential average of the weights after each step, begun with those after the first.

    >>> model, average = torch.nn.Linear(1, 1, bias=False), Average(0.5)
    >>> for value in (1.0, 3.0):
    ...     _ = torch.nn.init.constant_(model.weight, value)
    ...     average.add(model)
    >>> average.weights["weight"].item()
    2.0
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def add(self, model: torch.nn.Module) -> None:
        """Take the weights of one more step."""
        for name, parameter in model.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(parameter, 1 - self._decay)
            else:
                self.weights[name] = parameter.detach().clone()
