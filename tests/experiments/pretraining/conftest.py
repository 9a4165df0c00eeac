"""A small text and small models, so that a training takes a second."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from experiments.pretraining.data import Corpus, find_text, join
from experiments.pretraining.moe import Experts
from experiments.pretraining.recipes import Compile, Mixing, Recipe, TrainingConfig, sized
from expressivity.classes.kinds import Kind


@pytest.fixture
def text(tmp_path):
    """Twelve thousand bytes with something to learn."""
    file = tmp_path / "text.txt"
    file.write_text("".join(f"{n} squared is {n * n}.\n" for n in range(600)))
    return file


@pytest.fixture
def corpus(text, tmp_path) -> Corpus:
    return join(find_text(text), tmp_path)


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """A recipe of two blocks of dimension 16, with changes to its training."""

    def build(kind: Kind = Kind.MOA, experts: Experts | None = None, **changes: object) -> Recipe:
        training = TrainingConfig(
            steps=6,
            batch=4,
            rate=1e-2,
            compile=Compile.NONE,
            evaluate_every=4,
            windows=8,
            checkpoint_every=2,
        )
        found = sized(
            "test",
            Mixing(kind=kind),
            dimension=16,
            layers=2,
            heads=2,
            context=16,
            experts=experts,
            training=training,
        )
        return replace(found, training=replace(training, **changes))

    return build
