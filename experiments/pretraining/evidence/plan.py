"""The plan: arms, candidates, seeds and the text, fixed before the first run (docs/pretraining.md).

What a choice leaves open (schedule, rates, number of seeds) is decided by the rules of
``choices.py`` from stored losses, never by hand.
"""

import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

from experiments.pretraining.data import Corpus, Text, files_of, text_of
from experiments.pretraining.evidence.unit import EvidenceUnit
from experiments.pretraining.recipes import Compile, Mixing, Recipe, RecipeFactory, Schedule, tiny
from expressivity.classes.kinds import Kind
from expressivity.fitting.program import compiler_available


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What is compared.

    Attributes:
        name: in records.
        title: in tables and sentences.
        mixing: its layers.
    """

    name: str
    title: str
    mixing: Mixing


def _arms() -> Iterator[Arm]:
    """Those of docs/pretraining.md; the last is SwiGLU with one gate for all its neurons."""
    yield Arm(name="fixed", title="fixed", mixing=Mixing(kind=Kind.FIXED))
    yield Arm(name="la", title="LA", mixing=Mixing(kind=Kind.LA))
    yield Arm(name="moa", title="MoA", mixing=Mixing())
    grouped = Mixing(dictionary=("id", "silu"), groups=8)
    yield Arm(name="grouped", title="grouped MoA", mixing=grouped)
    yield Arm(name="placebo", title="placebo", mixing=Mixing(gate_shift=1))
    gain = Mixing(form="one_sided", dictionary=("silu",))
    yield Arm(name="gain", title="gain only", mixing=gain)


ARMS: Mapping[str, Arm] = MappingProxyType({arm.name: arm for arm in _arms()})
"""By name."""

COMPARISONS = (("moa", "fixed"), ("moa", "la"), ("moa", "placebo"), ("grouped", "moa"))
"""Tested, the first minus the second."""

DESCRIBED = (("la", "fixed"), ("placebo", "la"), ("gain", "fixed"), ("moa", "gain"))
"""Listed with intervals, and not tested."""

MARGIN = 0.003
"""Nats per byte; smaller differences count as none."""

LEVEL = 0.05
POWER = 0.8
FEWEST, MOST = 16, 32
"""Seeds of an arm."""

TEXT_VERSION = "1.14.0"
TEXT_SHA256 = "3ef15fe8299f5086f7f80b584708a1717fa9448252c1ab863203b7074cc2b5a1"


def evidence(mixing: Mixing) -> Recipe:
    """``tiny`` with 2,048 windows of validation, which come after the last step."""
    recipe = tiny(mixing)
    steps = recipe.training.steps
    compiled = recipe.training.compile if compiler_available() else Compile.NONE
    training = replace(
        recipe.training,
        windows=2048,
        evaluate_every=steps,
        checkpoint_every=steps,
        compile=compiled,
    )
    return replace(recipe, name="evidence", training=training)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run.

    Attributes:
        recipe: from the layers to everything else.
        screened: arms that the schedule is chosen by.
        rates: candidates.
        screening_seeds, pilot_seeds: on which the schedule, and rates and number, are chosen.
        first_seed: of those that the comparisons are made on.
    """

    recipe: RecipeFactory = evidence
    screened: tuple[str, ...] = ("fixed", "moa")
    rates: tuple[float, ...] = (2e-3, 3e-3)
    screening_seeds: tuple[int, ...] = (2001, 2002)
    pilot_seeds: tuple[int, ...] = (2001, 2002, 2003)
    first_seed: int = 3001

    def screening(self, corpus: Corpus) -> list[EvidenceUnit]:
        """Every schedule and rate for the screened arms."""
        return [
            self._unit(arm, schedule, rate, seed, corpus)
            for seed, schedule, rate, arm in product(
                self.screening_seeds, Schedule, self.rates, self.screened
            )
        ]

    def pilot(self, schedule: Schedule, corpus: Corpus) -> list[EvidenceUnit]:
        """Every arm at every rate with the schedule that was chosen."""
        return [
            self._unit(arm, schedule, rate, seed, corpus)
            for seed, rate, arm in product(self.pilot_seeds, self.rates, ARMS)
        ]

    def final(
        self, schedule: Schedule, rates: Mapping[str, float], count: int, corpus: Corpus
    ) -> list[EvidenceUnit]:
        """Every arm at its own rate, all arms with one seed before any with the next."""
        return [
            self._unit(arm, schedule, rates[arm], seed, corpus)
            for seed, arm in product(self.final_seeds(count), ARMS)
        ]

    def final_seeds(self, count: int) -> range:
        """As many fresh ones."""
        return range(self.first_seed, self.first_seed + count)

    def _unit(
        self, arm: str, schedule: Schedule, rate: float, seed: int, corpus: Corpus
    ) -> EvidenceUnit:
        recipe = self.recipe(ARMS[arm].mixing)
        training = replace(recipe.training, schedule=schedule, rate=rate, seed=seed)
        recipe = replace(recipe, training=training)
        return EvidenceUnit(arm=arm, recipe=recipe, corpus=corpus)


def planned_text() -> Text:
    """The Python sources of the sympy release that constraints.txt pins, without its tests.

    Raises:
        ValueError: another release is installed.
    """
    spec = importlib.util.find_spec("sympy")
    assert spec is not None and spec.origin is not None  # a core dependency
    root = Path(spec.origin).parent
    text = text_of(
        [
            file
            for file in files_of(root, "*.py")
            if not {"tests", "benchmarks"} & set(file.relative_to(root).parts)
        ]
    )
    if text.sha256 != TEXT_SHA256:
        raise ValueError(
            f"required: the sources of sympy {TEXT_VERSION}, the text of the plan; got "
            f"{importlib.metadata.version('sympy')} with SHA-256 {text.sha256[:12]}: install "
            f"sympy=={TEXT_VERSION}"
        )
    return text
