"""Initial condensation: how many directions small weights take, against twice the multiplicity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from experiments.condensation import SEEDS, CondensationUnit, Descent, Layer, Seed
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.statistics import Interval, median_interval
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.runs.folder import Run

ANALYTIC = ("id", "gelu", "silu", "tanh")
_QUARTIC = sp.sqrt(2 * sp.pi) / 4  # silu - id/2 and its multiple of gelu - id/2 agree to order 3


def _fixed(name: str, dimension: int = 1) -> Layer:
    return Layer(name=name, dimension=dimension, activations=(name,), coefficients=(sp.S.One,))


MIXTURES = (
    Layer(
        name="silu - id/2",
        dimension=1,
        activations=("silu", "id"),
        coefficients=(sp.S.One, -sp.S.Half),
    ),
    Layer(
        name="tanh - id",
        dimension=1,
        activations=("tanh", "id"),
        coefficients=(sp.S.One, sp.S.NegativeOne),
    ),
    Layer(
        name="silu - c gelu - c' id",
        dimension=1,
        activations=("silu", "gelu", "id"),
        coefficients=(sp.S.One, -_QUARTIC, -sp.S.Half + _QUARTIC / 2),
    ),
)
"""Networks of LA whose activation has multiplicity 2, 3 and 4."""

LEARNED = tuple(
    Layer(name=name, dimension=1, activations=activations, coefficients=None, gate=gate)
    for name, activations, gate in (
        ("la, analytic", ANALYTIC, None),
        ("moa, analytic", ANALYTIC, "tanh"),
        ("la", FULL_DICTIONARY, None),
        ("moa", FULL_DICTIONARY, "tanh"),
    )
)


def layers(tier: Tier) -> tuple[Layer, ...]:
    """Every multiplicity from 1 to 4, kinks, learned and gated mixtures; p = 1 also at d = 5."""
    smooth = tuple(_fixed(name) for name in ("tanh", "silu", "gelu"))
    kinked = tuple(_fixed(name) for name in ("relu", "leaky_relu", "relu2"))
    high = tuple(_fixed(name, 5) for name in ("tanh", "silu", "gelu"))
    if tier is Tier.SMOKE:
        return (smooth[0], *MIXTURES, kinked[0])
    return (*smooth, *MIXTURES, *high, *kinked, *LEARNED)


@dataclass(frozen=True, kw_only=True)
class Count:
    """Clusters of one layer, over all samples and starts.

    Attributes:
        layer, dimension: the case.
        multiplicity: of the activation at 0, or None where it has a kink.
        bound: twice that, where the theorem speaks, else None.
        clusters: median at the end, with its interval.
        before: median at the start: the negative control.
        attractors: median of what the leading order predicts, None for d > 1.
        seeds: every network.
    """

    layer: str
    dimension: int
    multiplicity: int | None
    bound: int | None
    clusters: Interval
    before: Interval
    attractors: Interval | None
    seeds: tuple[Seed, ...]

    @property
    def above(self) -> int:
        """Networks with more clusters than the bound."""
        return 0 if self.bound is None else sum(s.clusters > self.bound for s in self.seeds)

    @property
    def most(self) -> int:
        """Clusters of the network that has most: the bound is on the largest number."""
        return max(seed.clusters for seed in self.seeds)

    @property
    def label(self) -> str:
        """The layer and its dimension."""
        return f"{self.layer}, d = {self.dimension}"


def counts(run: Run) -> tuple[Count, ...]:
    """One :class:`Count` for each layer of a run, by dimension and multiplicity."""
    grouped: dict[tuple[str, int], list[Seed]] = {}
    theory: dict[tuple[str, int], Mapping[str, int | None]] = {}
    for entry in run.entries:
        layer = entry.identity["layer"]
        key = layer["name"], layer["dimension"]
        grouped.setdefault(key, []).extend(SEEDS.validate_python(entry.record["seeds"]))
        theory[key] = entry.record
    found = [
        Count(
            layer=name,
            dimension=dimension,
            multiplicity=theory[name, dimension]["multiplicity"],
            bound=theory[name, dimension]["bound"],
            clusters=median_interval([s.clusters for s in seeds]),
            before=median_interval([s.clusters_before for s in seeds]),
            attractors=None if dimension > 1 else median_interval([s.attractors for s in seeds]),
            seeds=tuple(seeds),
        )
        for (name, dimension), seeds in grouped.items()
    ]
    return tuple(sorted(found, key=lambda c: (c.dimension, c.multiplicity or math.inf, c.layer)))


def headlines(run: Run) -> dict[str, float]:
    """Clusters by case, and whether the bound and the leading order are met."""
    found = counts(run)
    bounded = [count for count in found if count.bound is not None]
    planar = [seed for count in found for seed in count.seeds if seed.attractors is not None]
    return {
        **{f"clusters: {count.label}": count.clusters.value for count in found},
        **{f"most clusters: {count.label}": float(count.most) for count in bounded},
        "networks with a bound": float(sum(len(c.seeds) for c in bounded)),
        "networks with more clusters than twice the multiplicity": float(
            sum(c.above for c in bounded)
        ),
        "least median of clusters at the start": min(
            (c.before.value for c in found), default=math.inf
        ),
        "networks with as many clusters as attractors": float(
            sum(s.clusters == s.attractors for s in planar)
        ),
        "networks in the plane": float(len(planar)),
        "least share of neurons at an attractor": min(
            (s.aligned for s in planar if s.aligned is not None), default=math.inf
        ),
        "failed or damaged units": float(len(run.failures) + len(run.damaged)),
    }


def orientation(tier: Tier) -> Experiment:
    """One sample at the smallest tier, then five and ten; small networks need no accelerator."""
    samples = {Tier.SMOKE: 1, Tier.CPU: 5, Tier.GPU: 10}[tier]
    return Experiment(
        name="orientation",
        tier=tier,
        title="Directions of small weights early in training: clusters by activation",
        claim="Initial condensation (arXiv:2105.11686): at most twice as many directions as the "
        "multiplicity of the activation at 0. For kinked activations the theorem says nothing; "
        "the attractors of the leading order, computed for each network, still predict them.",
        falsified_by="More clusters than twice the multiplicity where the theorem speaks, or "
        "clusters away from the attractors of the leading order.",
        cost="smoke: about 9 s, compilation included; cpu: about 116 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=tuple(
            CondensationUnit(layer=layer, descent=Descent(), sample=sample)
            for layer in layers(tier)
            for sample in range(samples)
        ),
        headlines=headlines,
    )


EXPERIMENTS.add("orientation", orientation)
