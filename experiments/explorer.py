"""What the page of ``expressivity explore`` shows: four targets, at every gate, lambda and width.

A *scene* is one position of the controls but the width: a target with its lambda, a gate of MoA,
and the classes that are fitted to it, at all widths. Scenes share fits: LA has no gate, so that
its networks for t4 are those of every gate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import health, readings, worst
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.runs.folder import Run
from expressivity.separation.asked import Request
from expressivity.separation.claims import builtin_target
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, units_of
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What can be moved, and how hard each fit tries.

    Attributes:
        targets: names, with the gates of MoA for each; a two_sided search with other gates than
            tanh takes half a minute, and theorem T5 says nothing of them.
        lambdas: for the targets that have one.
        widths: of every class.
        settings: of every fit.
    """

    targets: Mapping[str, tuple[str, ...]]
    lambdas: tuple[float, ...]
    widths: tuple[int, ...]
    settings: Settings


GATES = ("sigmoid", "tanh", "softmax")
CONTROLS = {
    Tier.SMOKE: Controls(
        targets={"t1": ("tanh",), "t2": ("tanh",)},
        lambdas=(1.0, 2.0),
        widths=(1, 2),
        settings=Settings(restarts=8),
    ),
    Tier.CPU: Controls(
        targets={"t1": GATES, "t2": GATES, "t4": GATES, "t5": ("tanh",)},
        lambdas=(1.0, 2.0, 4.0),
        widths=(1, 2, 4),
        settings=Settings(restarts=8),
    ),
}
"""By tier; an accelerator has nothing to gain from networks this small."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One position of the controls but the width.

    Attributes:
        target: with its lambda; t2 is made with the scene's gate.
        gate: of MoA.
        families: fixed where the target separates it from LA, then LA and MoA.
    """

    target: Target
    gate: str
    families: tuple[Family, ...]

    def units(self, settings: Settings, *, compiled: bool = False) -> list[FitUnit]:
        """A unit for each family."""
        return units_of(self.target, self.families, settings, compiled=compiled)


def scenes(controls: Controls) -> Iterator[Scene]:
    """Every scene: target by target, gate by gate, lambda by lambda."""
    for name, gates in controls.targets.items():
        for gate, rate in product(gates, controls.lambdas):
            target = builtin_target(name, lambda_=rate, gate=gate, form=None, dictionary=None)
            if target.lambda_ is None and rate != controls.lambdas[0]:
                continue
            kinds = tuple(Kind) if target.dimension == 1 else (Kind.LA, Kind.MOA)
            request = Request(kinds=kinds, widths=controls.widths, gate=GateSpec(name=gate))
            yield Scene(target=target, gate=gate, families=tuple(request.families(target)))


def units(controls: Controls) -> tuple[FitUnit, ...]:
    """The work of all scenes, each unit once."""
    made = [unit for scene in scenes(controls) for unit in scene.units(controls.settings)]
    return tuple({unit.key: unit for unit in made}.values())


def headlines(run: Run) -> dict[str, float]:
    """How often classes that contain a target were found to reach it, and what should be 0."""
    found = readings(run)
    members = [r for r in found if r.result.membership.verdict is Verdict.MEMBER]
    return {
        **health(run),
        "fits": float(len(found)),
        "members: worst best l2": worst(r.best("l2") for r in members),
    }


def explorer(tier: Tier) -> Experiment:
    """Targets t1, t2, t4, t5 with three gates, lambdas and widths; few of them at the smallest."""
    return Experiment(
        name="explorer",
        tier=tier,
        title="What the page of explore shows: LA and MoA on four targets by gate, lambda, width",
        claim="T1, T2, T4 and T5, at every position of the page's controls: no LA network is t2, "
        "t4 or t5, whatever its width, and MoA with the target's own gate is. Control: LA is t1.",
        falsified_by="A fit below a lower bound, or a gap that comes out otherwise than expected.",
        cost="smoke: about 20 s of CPU time; cpu: 325 s of CPU time in one process "
        "on a loaded machine (2 cores); a quiet one has not been timed",
        units=units(CONTROLS[Tier.SMOKE if tier is Tier.SMOKE else Tier.CPU]),
        headlines=headlines,
        tiers=(),
    )


EXPERIMENTS.add("explorer", explorer)
