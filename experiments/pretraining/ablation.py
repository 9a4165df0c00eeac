"""What MoA's gain depends on: choices of its start and its training, made otherwise."""

from dataclasses import dataclass, replace

from experiments.pretraining.arm_names import plain_fixed, plain_gated
from experiments.pretraining.arms import Arm
from experiments.pretraining.comparison import Table
from experiments.pretraining.data import Corpus
from experiments.pretraining.recipes import Mixing, RecipeFactory
from experiments.pretraining.runs import TrainingUnit
from expressivity.classes.kinds import Kind
from expressivity.layers.initialisation import Match, Mixture


def arms(mixing: Mixing) -> list[Arm]:
    """Fixed, LA, MoA as it is by default, and variants of MoA.

    The later ones begin uniform, as the library's layers do by default; the last is the naive
    layer, sigmoids without scales and nothing matched.
    """
    moa = Arm(mixing=replace(mixing, kind=Kind.MOA))
    even = {"mixture": Mixture.UNIFORM}
    plain = {"gate_rate": 1.0}
    return [
        Arm(mixing=replace(mixing, kind=Kind.FIXED)),
        Arm(mixing=replace(mixing, kind=Kind.LA)),
        moa,
        replace(moa, training={"gate_rate": 0.1}),
        replace(moa, training=plain),
        replace(moa, start=even),
        replace(moa, start=even, training=plain),
        replace(moa, start={**even, "gate_std": 0.5}, training=plain),
        replace(moa, start=even, training={**plain, "gate_decay": 0.1}),
        replace(moa, start={**even, "match": Match.OUTPUT}, training=plain),
        replace(moa, start={**even, "match": Match.NONE}, training=plain),
        replace(moa, start={**even, "match": Match.NONE}, training=plain, gate={"scale": False}),
    ]


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Every arm at every rate with every seed.

    Attributes:
        recipe: from the layers to everything else.
        mixing: of the layers; its kind is replaced.
        rates: None for the recipe's own rate.
        seeds: others than those on which the chosen defaults are then judged.
    """

    recipe: RecipeFactory
    mixing: Mixing
    rates: tuple[float, ...] | None
    seeds: range

    def units(self, corpus: Corpus) -> list[TrainingUnit]:
        """All arms with the first seed before any with the second."""
        return [
            unit
            for seed in self.seeds
            for arm in arms(self.mixing)
            for unit in arm.units(self.recipe, self.rates, [seed], corpus)
        ]


def pairs(table: Table) -> list[tuple[str, str]]:
    """Every arm minus MoA as it is by default, and minus fixed."""
    fixed = plain_fixed(table)
    varied = [arm for arm in table if arm not in fixed]
    return [(arm, minus) for arm in varied for minus in plain_gated(table) + fixed if arm != minus]
