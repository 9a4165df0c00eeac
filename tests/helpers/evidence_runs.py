"""Runs of a small plan, and outcomes that a test makes up."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace

from experiments.pretraining.evidence.unit import EvidenceUnit
from experiments.pretraining.recipes import Compile, Mixing, Recipe, TrainingConfig, sized
from expressivity.runs.units import Outcome


def small(mixing: Mixing) -> Recipe:
    """Two blocks of dimension 12, hidden width 32: eight groups divide it."""
    training = TrainingConfig(
        steps=3, batch=4, rate=1e-2, compile=Compile.NONE, evaluate_every=3, windows=8
    )
    return sized("small", mixing, dimension=12, layers=2, heads=2, context=8, training=training)


Tell = Callable[[EvidenceUnit], float | None]


def told(unit: EvidenceUnit, tell: Tell) -> Outcome:
    """An outcome that a test makes up; None diverged."""
    value = tell(unit)
    return Outcome(
        record={
            "loss": value,
            "averaged": None if value is None else value - 0.01,
            "training_tail": value,
            "diverged": "at step 3" if value is None else None,
            "parameters": 1,
        },
        seconds=1.0,
    )


def noise(*parts: object) -> float:
    """A number of deviation about 1, the same for the same parts."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return math.sqrt(12) * (int.from_bytes(digest[:6], "big") / 2**48 - 0.5)


def at_steps(unit: EvidenceUnit, steps: int) -> EvidenceUnit:
    """The same run, longer or shorter."""
    training = replace(unit.recipe.training, steps=steps, evaluate_every=steps)
    return replace(unit, recipe=replace(unit.recipe, training=training))
