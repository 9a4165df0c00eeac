"""Every gate with every switch: which cells contain LA, and what fits make of it."""

from dataclasses import dataclass, replace
from itertools import product

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Point, Reading, fits, health, point, readings
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.membership.inclusions import la_in_moa
from expressivity.runs.folder import Run
from expressivity.separation.gaps import REACHED
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1, t2
from expressivity.targets.target import Target

SETTINGS = {
    Tier.SMOKE: Settings(restarts=2, seeds=reading.SEEDS),
    Tier.CPU: Settings(restarts=8, seeds=reading.SEEDS),
    Tier.GPU: Settings(restarts=128, seeds=10, device="cuda"),
}
SPECS = tuple(
    GateSpec(name=name, scale=scale, bias=bias)
    for name, scale, bias in product(("sigmoid", "tanh", "softmax"), (True, False), (True, False))
)
NARROW = ("id", "relu")
"""Over these two, sigmoid gates without a switch reach ReLU at width 2 and not at width 1."""


def relu_target() -> Target:
    """ReLU(x) on [-1, 1]: the counterexample of C1 and C2, a network of every other kind."""
    return replace(
        t1(),
        name="relu",
        expression=ACTIVATIONS["relu"](COORDINATES[0]),
        source="docs/theory.md, section 2",
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """MoA with one setting of the gate on one target.

    Attributes:
        target: ``relu`` or ``t1``, both LA networks of width 1, or ``t2 g``, made with gate g.
        gate: its name and switches.
        width: of the network.
        activations: size of its dictionary.
        contains_la: whether section 2 proves that it contains every LA network of its width.
        found: l2 errors and the verdict of membership; x is the width.
    """

    target: str
    gate: GateSpec
    width: int
    activations: int
    contains_la: bool
    found: Point

    @property
    def reached(self) -> bool:
        """Whether the best fit is the target but for round-off."""
        return self.found.best <= REACHED


def cells(run: Run) -> tuple[Cell, ...]:
    """Every MoA fit of a run."""
    return tuple(_cell(found) for found in readings(run) if found.kind.gated)


def _cell(found: Reading) -> Cell:
    family = found.result.family
    spec, dictionary = family.gate, family.dictionary
    assert spec is not None
    return Cell(
        target=found.target,
        gate=spec,
        width=found.width,
        activations=len(dictionary),
        contains_la=la_in_moa(spec, activations=len(dictionary)),
        found=point(found, "l2", found.width),
    )


def headlines(run: Run) -> dict[str, float]:
    """Cells that contradict the table of containments, and those where only fits decide."""
    found = cells(run)
    of_la = [cell for cell in found if cell.target in ("relu", "t1") and cell.width == 1]
    members = [cell for cell in found if cell.found.verdict is Verdict.MEMBER]
    return {
        **health(run),
        "LA contained by proof, yet no member": float(
            sum(c.contains_la and c.found.verdict is not Verdict.MEMBER for c in of_la)
        ),
        "LA not contained at width 1, yet a member": float(
            sum(not c.contains_la and c.found.verdict is Verdict.MEMBER for c in of_la)
        ),
        "members": float(len(members)),
        "members whose exact weights miss": float(
            sum(c.found.witness_l2 is None or c.found.witness_l2 > REACHED for c in members)
        ),
        "members that random starts miss": float(sum(not c.reached for c in members)),
    }


def gates(tier: Tier) -> Experiment:
    """The two LA targets and t2_g for each gate, all twelve settings; at width 1."""
    return Experiment(
        name="gates",
        tier=tier,
        title="MoA with sigmoid, tanh and softmax gates, scale and bias on and off",
        claim="Section 2: LA lies in MoA of equal width exactly where the table says PROVED; T2: "
        "t2_g is a MoA network with the gate g and its scale. Controls: REFUTED cells, which "
        "exclude ReLU itself and not what comes close to it (fits improve as weights grow), and "
        "ReLU at width 2 over id and relu, a member in a REFUTED cell.",
        falsified_by="A target of LA that is no member in a PROVED cell, or one in a REFUTED cell "
        "at width 1.",
        cost="smoke: about 30 s, compilation included; cpu: about 38 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=_units(tier),
        headlines=headlines,
    )


def _units(tier: Tier) -> tuple[FitUnit, ...]:
    settings, smoke = SETTINGS[tier], tier is Tier.SMOKE
    on_la = [relu_target()] if smoke else [relu_target(), t1()]
    units: list[FitUnit] = []
    for spec in SPECS:
        own = replace(t2(gate=spec.name), name=f"t2 {spec.name}")
        asked = on_la if smoke and spec != GateSpec(name=spec.name) else [*on_la, own]
        units += fits(asked, [Kind.MOA], [1], settings, gate=spec)
    if not smoke:
        bare = GateSpec(name="sigmoid", scale=False, bias=False)
        units += fits([relu_target()], [Kind.MOA], [1, 2], settings, gate=bare, dictionary=NARROW)
    return tuple(units)


EXPERIMENTS.add("gates", gates)
