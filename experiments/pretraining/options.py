"""What the command line asks for, as recipes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.pretraining.recipes import (
    RECIPES,
    Compile,
    Mixing,
    Optimizer,
    Precision,
    Recipe,
    RecipeFactory,
    Schedule,
    steps_for,
)
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.commands.arguments import choice
from expressivity.fitting.program import compiler_available

_MOST_SEEDS = 10_000  # each is a training run or more
_END_OF_SEEDS = 2**31


@dataclass(frozen=True, kw_only=True)
class Options:
    """Arguments of ``pretrain`` and ``scaling``; None stands for the recipe's own."""

    recipe: str
    families: tuple[str, ...] = tuple(Kind)
    form: str = "two_sided"
    gate: str = "sigmoid"
    dictionary: tuple[str, ...] | None = None
    seeds: int = 1
    first_seed: int = 0
    rates: tuple[str, ...] | None = None
    matched: bool = True
    sizes: tuple[str, ...] = ()
    steps: int | None = None
    tokens: int | None = None
    batch: int | None = None
    context: int | None = None
    accumulate: int | None = None
    windows: int | None = None
    optimizer: str | None = None
    schedule: str | None = None
    dtype: str | None = None
    compile: str | None = None
    gate_rate: float | None = None
    gate_decay: float | None = None
    checkpoint_every: int | None = None
    data: Path | None = None
    sharding: str = "ddp"
    workers: int | None = None
    out: Path | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The families, each once."""
        return tuple(choice(Kind, name, "family") for name in dict.fromkeys(self.families))

    @property
    def seed_range(self) -> range:
        """The seeds."""
        if not 1 <= self.seeds <= _MOST_SEEDS:
            raise ValueError(f"required: 1 to {_MOST_SEEDS} seeds; got {self.seeds}")
        last = _END_OF_SEEDS - self.seeds
        if not 0 <= self.first_seed <= last:
            raise ValueError(f"required: a first seed from 0 to {last}; got {self.first_seed}")
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def mixing(self) -> Mixing:
        """Of the layers."""
        return Mixing(
            form=NEURONS[self.form].name,
            gate=GateSpec(name=self.gate),
            dictionary=FULL_DICTIONARY if self.dictionary is None else self.dictionary,
        )

    @property
    def grid(self) -> tuple[float, ...] | None:
        """The rates, each once."""
        if self.rates is None:
            return None
        if not self.rates:
            raise ValueError("required: at least one rate for --rates; got none")
        return tuple(dict.fromkeys(_number(text, float, "--rates") for text in self.rates))

    @property
    def dimensions(self) -> tuple[int, ...]:
        """The sizes, each once."""
        return tuple(dict.fromkeys(_number(text, int, "--sizes") for text in self.sizes))

    @property
    def factory(self) -> RecipeFactory:
        """The recipe with everything that was asked for otherwise.

        Raises:
            ValueError: an unknown name, or numbers that do not fit together.
        """
        base = RECIPES[self.recipe]
        if self.steps is not None and self.tokens is not None:
            raise ValueError("required: --steps or --tokens; got both: give one of them")
        training = {
            "steps": self.steps,
            "batch": self.batch,
            "accumulate": self.accumulate,
            "windows": self.windows,
            "optimizer": _chosen(Optimizer, self.optimizer, "optimizer"),
            "schedule": _chosen(Schedule, self.schedule, "schedule"),
            "precision": _chosen(Precision, self.dtype, "dtype"),
            "compile": _chosen(Compile, self.compile, "compile"),
            "gate_rate": self.gate_rate,
            "gate_decay": self.gate_decay,
            "checkpoint_every": self.checkpoint_every,
        }
        asked = {name: value for name, value in training.items() if value is not None}
        if not compiler_available():
            asked.setdefault("compile", Compile.NONE)

        def changed(mixing: Mixing) -> Recipe:
            found = base(mixing)
            model = found.model
            if self.context is not None:
                model = replace(model, context=self.context)
            config = replace(found.training, **asked)
            if self.tokens is not None:
                steps = steps_for(self.tokens, config.batch, model.context)
                config = replace(config, steps=steps)
            return replace(found, model=model, training=config)

        return changed


def _chosen(kind: Any, name: str | None, noun: str) -> Any:
    return None if name is None else choice(kind, name, noun)


def _number(text: str, kind: Any, option: str) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"required: numbers for {option}; got {text!r}") from error
