"""Initial condensation: from small weights, the directions of the input weights gather.

While a network f(x) = sum_j a_j s(w_j.x + b_j) is negligible beside its target y, gradient flow
leaves the neurons independent, and s counts by its leading term alone. With multiplicity p,
s(z) ~ c z^p, the pair (a_j, (w_j, b_j)) climbs a_j P(w_j, b_j), P(v) = <y, s(v.(x, 1))>, and the
directions that attract are the maxima of abs(P) on the unit sphere. On a circle, d = 1, a form of
degree p has at most 2p of them; in any dimension p = 1 leaves two. (Zhou, Zhou, Jin, Luo, Zhang,
Xu: Towards understanding the condensation of neural networks at initial training,
arXiv:2105.11686.)

As neurons do not interact at that stage, each runs on its own clock here: a step moves it by a
fixed fraction of its length along its own gradient. That changes when a neuron arrives, and not
its path; on one common clock, p >= 2 lets the fastest neuron run away before the others have
moved. The stage ends where the network is no longer negligible, that is, where it changes the pull
on its own neurons by a stated share; a neuron stops where the leading term of s no longer counts
alone.

Coefficients and gates are held. For p = 1 without gates the line that attracts does not depend on
them. A mixture with p >= 2 is an activation of its own here: its neurons move by terms of order
p + 1 in the small weights and its coefficients, if they were learned, by terms of order 2, so that
they would leave the multiplicity behind before directions gather. ``Seed.drift`` measures how far
they would go.

Shape letters: L lanes, M neurons, E = d + 1 coordinates (w_j, b_j), P packed parameters, N nodes,
R rows, A angles.
"""

from dataclasses import asdict, dataclass

import numpy as np
import sympy as sp
import torch
from pydantic import TypeAdapter
from torch import Tensor

from experiments.descent import Descent, descend
from experiments.directions import ANGLE, angles_between, attractors, clusters, directions
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import pack, parameter_length, unpack
from expressivity.classes.structure import Structure
from expressivity.fitting import make_problem
from expressivity.fitting.driver import single_threaded_kernels
from expressivity.fitting.problem import Samples
from expressivity.fitting.starts import random_start
from expressivity.runs.compiling import CompilingUnit, Planned
from expressivity.runs.units import OnProgress, Outcome
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import domain_for
from expressivity.targets.sampling import random_points

GROWN = 30.0
"""Factor of growth from which a neuron counts: the others are stuck, or dead on all samples."""
_HIGHEST = 8  # multiplicities are looked for up to here


@dataclass(frozen=True, kw_only=True)
class Layer:
    """An activation of small networks.

    Attributes:
        name: of the case.
        dimension: d of the input.
        activations: those that take part.
        coefficients: one exact number for each, or None where each seed draws its own, standard
            normal.
        gate: name of the gate, or None; gates follow the law of the fits' starts.
    """

    name: str
    dimension: int
    activations: tuple[str, ...]
    coefficients: tuple[sp.Expr, ...] | None
    gate: str | None = None

    def family(self, width: int) -> Family:
        """The class, over all seven activations: one compiled program for every mixture."""
        return Family(
            kind=Kind.LA if self.gate is None else Kind.MOA,
            neuron="type1",
            width=width,
            dimension=self.dimension,
            gate=None if self.gate is None else GateSpec(name=self.gate),
        )

    @property
    def multiplicity(self) -> int | None:
        """Order of the first derivative of s at 0 that does not vanish; None at a kink.

        For coefficients that are drawn, or gated: the order for generic ones.

        >>> mixture = Layer(name="silu - id/2", dimension=1, activations=("silu", "id"),
        ...                 coefficients=(sp.S.One, -sp.S.Half))
        >>> mixture.multiplicity
        2
        """
        generic = self.coefficients is None or self.gate is not None
        symbols = sp.symbols(f"c:{len(self.activations)}", real=True)
        factors = symbols if generic or self.coefficients is None else self.coefficients
        s = sp.Add(*[c * ACTIVATIONS[n](Z) for c, n in zip(factors, self.activations, strict=True)])
        if s.has(sp.Piecewise):
            return None
        for order in range(1, _HIGHEST + 1):
            if sp.simplify(sp.diff(s, Z, order).subs(Z, 0)) != 0:
                return order
        return None

    @property
    def bound(self) -> int | None:
        """2p where the theorem speaks: for p = 1 in any dimension, for every p at d = 1."""
        p = self.multiplicity
        return None if p is None or (p > 1 and self.dimension > 1) else 2 * p

    def json(self) -> dict[str, object]:
        """Everything that defines it."""
        exact = None if self.coefficients is None else [str(c) for c in self.coefficients]
        return {
            "name": self.name,
            "dimension": self.dimension,
            "activations": list(self.activations),
            "coefficients": exact,
            "gate": self.gate,
        }


@dataclass(frozen=True, kw_only=True)
class Seed:
    """Directions of one network.

    Attributes:
        seed: of the start.
        clusters_before, clusters: at the start and at the end, of the neurons that have grown.
        attractors: maxima of abs(P), found on a grid of angles; None for d > 1.
        visited: attractors within ``ANGLE`` of a neuron that has grown.
        aligned: share of the neurons that have grown within ``ANGLE`` of an attractor.
        grown: share of neurons that have grown by ``GROWN``.
        idle: share of neurons without a gradient at the end (dead on all samples).
        interaction: the share of the gradient that is due to the network itself, at the end.
        drift: relative way that coefficients and gates would have moved, on the clock of the
            median neuron.
        steps: taken by the network that took most.
    """

    seed: int
    clusters_before: int
    clusters: int
    attractors: int | None
    visited: int | None
    aligned: float | None
    grown: float
    idle: float
    interaction: float
    drift: float
    steps: int


SEEDS = TypeAdapter(tuple[Seed, ...])
"""Seeds from a stored record, to the bit."""


@dataclass(frozen=True, kw_only=True)
class CondensationUnit(CompilingUnit):
    """One layer on one sample, from several starts, which run as lanes.

    Attributes:
        layer, descent: what descends, and how.
        sample: seed of the points and values.
    """

    layer: Layer
    descent: Descent
    sample: int

    @property
    def identity(self) -> dict[str, object]:
        """Everything its numbers depend on, as JSON."""
        return {
            "unit": "condensation",
            "layer": self.layer.json(),
            "descent": asdict(self.descent),
            "sample": self.sample,
            "compiled": self.compiled,
        }

    @property
    def label(self) -> str:
        """Layer and sample."""
        return f"condensation {self.layer.name} d={self.layer.dimension} sample {self.sample}"

    @property
    def parts(self) -> int:
        """Lanes."""
        return self.descent.seeds

    @property
    def planned(self) -> Planned:
        """All steps of all starts."""
        family = self.layer.family(self.descent.width)
        steps = self.parts * self.descent.steps * parameter_length(family)
        return Planned(program=Structure.of(family), device="cpu", steps=float(steps))

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Descend from every start; the record holds a :class:`Seed` for each."""
        family = self.layer.family(self.descent.width)
        samples = _samples(self.layer.dimension, self.descent.points, self.sample)
        problem = make_problem(family, samples, compiled=self.compiled)
        start_LP = torch.stack([_start(self, seed) for seed in range(self.descent.seeds)])
        with torch.no_grad(), single_threaded_kernels():
            path = descend(problem, start_LP, self.descent)
        before_LME = directions(family, start_LP)
        after_LME = directions(family, path.theta_LP)
        grown_LM = path.growth_LM >= GROWN
        found: list[Seed] = []
        for lane in range(self.descent.seeds):
            ended_GE = after_LME[lane][grown_LM[lane]]
            peaks = None
            if self.layer.dimension == 1:
                peaks = attractors(family, path.theta_LP[lane], samples)
            apart = None if peaks is None else angles_between(ended_GE, peaks)
            found.append(
                Seed(
                    seed=lane,
                    clusters_before=clusters(before_LME[lane]),
                    clusters=clusters(ended_GE),
                    attractors=None if peaks is None else peaks.shape[0],
                    visited=None if apart is None else int((apart <= ANGLE).any(0).sum()),
                    aligned=None if apart is None else _share((apart <= ANGLE).any(1)),
                    grown=_share(grown_LM[lane]),
                    idle=_share(path.idle_LM[lane]),
                    interaction=float(path.interaction_L[lane]),
                    drift=float(path.drift_L[lane]),
                    steps=path.steps,
                )
            )
        if on_progress is not None:
            on_progress(self.parts)
        return Outcome(
            record={
                "multiplicity": self.layer.multiplicity,
                "bound": self.layer.bound,
                "seeds": [asdict(seed) for seed in found],
            },
            lanes=_rows(before_LME, after_LME, path.growth_LM),
        )


def _share(mask: Tensor) -> float:
    return float(mask.double().mean()) if mask.shape[0] else 0.0


def _samples(dimension: int, points: int, seed: int) -> Samples:
    """A sum of three random plane waves at uniform points of the domain, of equal weight."""
    domain = domain_for(dimension)
    nodes_ND = np.array(random_points(domain, points, seed=seed))
    draw = np.random.default_rng([seed, 2])
    waves_DK, phases_K = draw.normal(scale=2.0, size=(dimension, 3)), draw.uniform(0, 2 * np.pi, 3)
    values_N = np.sin(nodes_ND @ waves_DK + phases_K) @ draw.standard_normal(3)
    return Samples(
        nodes_ND=torch.from_numpy(nodes_ND),
        weights_N=torch.full((points,), domain.volume / points, dtype=torch.float64),
        values_NO=torch.from_numpy(values_N)[:, None],
    )


def _start(unit: CondensationUnit, seed: int) -> Tensor:
    """Small normal neurons; coefficients as they are given or drawn; gates as fits start."""
    layer, width = unit.layer, unit.descent.width
    family = layer.family(width)
    draw = np.random.default_rng([unit.sample, seed, 3])
    drawn = random_start(family, seed=unit.sample, lane=seed)[None]
    blocks = {name: block.clone() for name, block in unpack(family, drawn).items()}
    for name in ("w", "a"):
        small = unit.descent.scale * draw.standard_normal(tuple(blocks[name].shape))
        blocks[name] = torch.from_numpy(small)
    factors = draw.standard_normal(len(layer.activations)).tolist()
    if layer.coefficients is not None:
        factors = [float(sp.N(c, 30)) for c in layer.coefficients]
    values = dict(zip(layer.activations, factors, strict=True))
    scale = [values.get(name, 0.0) for name in FULL_DICTIONARY]
    blocks["scale0"] = torch.tensor([scale], dtype=torch.float64)
    return pack(family, blocks)[0]


def _rows(
    before_LME: Tensor, after_LME: Tensor, growth_LM: Tensor
) -> dict[str, list[int] | list[float]]:
    """A row for each neuron; in the plane (d = 1) with its angle from the w axis towards b."""
    lanes, neurons = growth_LM.shape
    rows: dict[str, list[int] | list[float]] = {
        "seed": [lane for lane in range(lanes) for _ in range(neurons)],
        "growth": growth_LM.flatten().tolist(),
    }
    if before_LME.shape[2] == 2:
        for name, unit_LME in (("angle_before", before_LME), ("angle_after", after_LME)):
            rows[name] = torch.atan2(unit_LME[..., 1], unit_LME[..., 0]).flatten().tolist()
    return rows
