"""t2 embedded in balls of growing dimension: does the gap survive, and which bounds apply?"""

from dataclasses import dataclass, replace

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Curve, fits, health, over_seeds, readings, worst
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Run
from expressivity.separation.settings import Noise, Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t1, t2
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Dimensions, and the effort in each.

    On the disk fits use the rule, as elsewhere; beyond, ``points`` uniform samples of each seed's
    own, since a rule takes far more nodes. Errors are measured on the measuring rule.
    """

    dimensions: tuple[int, ...]
    restarts: int
    points: int
    seeds: int = reading.SEEDS

    def settings(self, dimension: int, device: str) -> tuple[Settings, ...]:
        """One for all seeds on the disk, one for each beyond."""
        plain = Settings(restarts=self.restarts, device=device)
        if dimension == 2:
            return (replace(plain, seeds=self.seeds),)
        samples = Noise(size=0.0, points=self.points)
        return tuple(replace(plain, noise=samples, seed=seed) for seed in range(self.seeds))


PLANS = {
    Tier.SMOKE: Plan(dimensions=(2, 3), restarts=2, points=512),
    Tier.CPU: Plan(dimensions=(2, 3, 4, 8), restarts=8, points=1024),
    Tier.GPU: Plan(dimensions=(2, 3, 4, 8, 16), restarts=32, points=16384, seeds=10),
}


def embedded(target: Target, dimension: int) -> Target:
    """A target as a function on the unit ball of another dimension, named after both."""
    return replace(target, name=f"{target.name} d={dimension}", domain=domain_for(dimension))


def name_and_dimension(embedded_name: str) -> tuple[str, int]:
    """What :func:`embedded` made the name of.

    >>> name_and_dimension("t2 d=3")
    ('t2', 3)
    """
    name, dimension = embedded_name.split(" d=")
    return name, int(dimension)


def curves(run: Run, norm: str) -> tuple[Curve, ...]:
    """Error against the dimension, a curve for each target (t1, t2), class and width."""
    return reading.curves(
        over_seeds(readings(run)),
        norm,
        along=lambda found: name_and_dimension(found.target)[1],
        label=lambda found: f"{found.label}, width {found.width}",
        target=lambda found: name_and_dimension(found.target)[0],
    )


def headlines(run: Run) -> dict[str, float]:
    """Best errors and gradient bounds of LA on t2 by dimension; MoA and the control."""
    found = [(*name_and_dimension(r.target), r) for r in over_seeds(readings(run))]
    la_on_t2 = [(d, r) for name, d, r in found if name == "t2" and r.kind.learned]
    bounds = {d: bound.value for d, r in la_on_t2 if (bound := r.bound("w1inf"))}
    return {
        **health(run),
        **{f"LA on t2, d = {d}, width {r.width}: best l2": r.best("l2") for d, r in la_on_t2},
        **{f"LA on t2, d = {d}: w1inf bound": value for d, value in bounds.items()},
        "MoA on t2: worst best l2": worst(
            r.best("l2") for name, _, r in found if name == "t2" and r.kind.gated
        ),
        "control, LA on t1: worst best l2": worst(
            r.best("l2") for name, _, r in found if name == "t1"
        ),
    }


def dimension(tier: Tier) -> Experiment:
    """LA of widths 1, 2, 4 and MoA of width 1 on t2; LA of width 1 on t1, which it contains."""
    plan, widths = PLANS[tier], (1,) if tier is Tier.SMOKE else (1, 2, 4)
    units: list[FitUnit] = []
    for d in plan.dimensions:
        for settings in plan.settings(d, reading.device(tier)):
            units += fits([embedded(t2(), d)], [Kind.LA], widths, settings)
            units += fits([embedded(t2(), d)], [Kind.MOA], [1], settings)
            units += fits([embedded(t1(), d)], [Kind.LA], [1], settings)
    return Experiment(
        name="dimension",
        tier=tier,
        title="t2 on the unit ball of d dimensions",
        claim="T2 and B1 hold in every dimension: tanh(lambda)/2 bounds the gradient error of LA "
        "on each ball, B4 its L2 error on the disk alone; MoA of width 1 reaches t2. Control: LA "
        "of width 1 reaches t1 in x1 in every dimension.",
        falsified_by="An error below a bound of its own domain, or a member that is not reached.",
        cost="smoke: about 5 s, compilation included; cpu: about 40 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=tuple(units),
        headlines=headlines,
    )


EXPERIMENTS.add("dimension", dimension)
