"""Fixed, LA and MoA at equal rates, and each at its own best rate: always both.

Differences are paired by seed: runs of one seed share batches and, wherever both models have
them, starting weights.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from experiments.pretraining.arm_names import plain_fixed, plain_gated
from experiments.pretraining.arms import Arm
from experiments.pretraining.data import Corpus
from experiments.pretraining.recipes import Mixing, RecipeFactory
from experiments.pretraining.runs import TrainingUnit
from experiments.statistics import Interval, mean_interval
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Entry


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is compared.

    Attributes:
        recipe: from the layers to everything else.
        mixing: of the layers; its kind is replaced.
        kinds: compared with one another.
        rates: each kind's grid; None for the recipe's own rate.
        seeds: of every arm.
    """

    recipe: RecipeFactory
    mixing: Mixing
    kinds: tuple[Kind, ...]
    rates: tuple[float, ...] | None
    seeds: range

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ValueError("required: at least one family; got none")

    def grid(self, corpus: Corpus) -> list[TrainingUnit]:
        """Every kind at every rate with every seed."""
        return [
            unit
            for kind in self.kinds
            for unit in self._units(replace(self.mixing, kind=kind), self.rates, corpus)
        ]

    def matched(self, corpus: Corpus, runs: Sequence[Entry]) -> list[TrainingUnit]:
        """Kinds with the parameters that MoA has more given to the width, at their best rate."""
        if not any(kind.gated for kind in self.kinds):
            return []
        table = by_arm(runs)
        return [
            unit
            for kind in sorted(self.kinds)
            if not kind.gated and (rate := best_rate(table, str(kind))) is not None
            for unit in self._units(replace(self.mixing, kind=kind, matched=True), (rate,), corpus)
        ]

    def _units(
        self, mixing: Mixing, rates: tuple[float, ...] | None, corpus: Corpus
    ) -> list[TrainingUnit]:
        return Arm(mixing=mixing).units(self.recipe, rates, self.seeds, corpus)


Table = dict[str, dict[float, dict[int, float]]]
"""Validation loss by arm, rate and seed; diverged runs are not there."""


def by_arm(runs: Sequence[Entry]) -> Table:
    """The validation losses of finished runs."""
    found: Table = {}
    for run in runs:
        record = run.record
        rates = found.setdefault(str(record["arm"]), {})
        rates.setdefault(float(record["rate"]), {})[int(record["seed"])] = record["validation"]
    return found


def best_rate(table: Table, arm: str) -> float | None:
    """The rate of lowest mean loss, of those that most seeds have finished; None without runs.

    It is chosen on the seeds that are then compared, which flatters every arm alike.
    """
    rates = table.get(arm, {})
    most = max(map(len, rates.values()), default=0)
    means = {
        rate: math.fsum(seeds.values()) / len(seeds)
        for rate, seeds in rates.items()
        if len(seeds) == most
    }
    return min(means, key=means.__getitem__) if means else None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Loss of one arm minus loss of another, mean over seeds with its t interval.

    Attributes:
        arm, minus: the two.
        rates: of the two.
        equal: whether the rates were asked to be equal, or each is the arm's best.
        interval: of the differences seed by seed, nats per byte; failed runs count as infinite.
    """

    arm: str
    minus: str
    rates: tuple[float, float]
    equal: bool
    interval: Interval


def pairs(table: Table) -> list[tuple[str, str]]:
    """Every arm minus fixed, and MoA minus every other."""
    fixed = plain_fixed(table)
    found = [(arm, base) for base in fixed for arm in table if arm != base]
    others = [arm for arm in table if arm not in fixed]
    return found + [(moa, arm) for moa in plain_gated(table) for arm in others if arm != moa]


def differences(
    table: Table, pairs: Iterable[tuple[str, str]], seeds: Sequence[int]
) -> list[Difference]:
    """Differences of pairs of arms at equal rates and at best rates.

    Where the rates of two arms are the same number in both views, both are listed.
    """
    found: list[Difference] = []
    for arm, minus in pairs:
        found += [
            _difference(table, (arm, minus), (rate, rate), seeds, equal=True)
            for rate in sorted(table[arm].keys() & table[minus].keys())
        ]
        best = best_rate(table, arm), best_rate(table, minus)
        if best[0] is not None and best[1] is not None:
            rates = (best[0], best[1])
            found.append(_difference(table, (arm, minus), rates, seeds, equal=False))
    return found


def _difference(
    table: Table,
    arms: tuple[str, str],
    rates: tuple[float, float],
    seeds: Sequence[int],
    *,
    equal: bool,
) -> Difference:
    left, right = (table[arm][rate] for arm, rate in zip(arms, rates, strict=True))
    paired = [
        left[seed] - right[seed] if seed in left and seed in right else None for seed in seeds
    ]
    return Difference(
        arm=arms[0], minus=arms[1], rates=rates, equal=equal, interval=mean_interval(paired)
    )
