"""How hard t2 is for LA as its gate steepens: error and bounds against lambda."""

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Curve, fits, health, readings, worst
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Run
from expressivity.separation.settings import Settings
from expressivity.targets.builtin import t2

LAMBDAS = {
    Tier.SMOKE: (0.5, 2.0, 8.0),
    Tier.CPU: (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
    Tier.GPU: (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0),
}
SETTINGS = {
    Tier.SMOKE: Settings(restarts=2, seeds=reading.SEEDS),
    Tier.CPU: Settings(restarts=8, seeds=reading.SEEDS),
    Tier.GPU: Settings(restarts=64, seeds=10, device="cuda"),
}


def curves(run: Run, norm: str) -> tuple[Curve, ...]:
    """Error against lambda, a curve for each class and width; norm l2, sup or w1inf."""
    return reading.curves(
        readings(run),
        norm,
        along=lambda found: found.result.lambda_ or 0.0,
        label=lambda found: f"{found.label}, width {found.width}",
    )


def headlines(run: Run) -> dict[str, float]:
    """Best errors of LA by lambda and width, and the worst lambda of MoA."""
    found = readings(run)
    return {
        **health(run),
        **{
            f"LA, lambda {r.result.lambda_:g}, width {r.width}: best l2": r.best("l2")
            for r in found
            if r.kind.learned
        },
        "MoA of width 1: worst best l2": worst(r.best("l2") for r in found if r.kind.gated),
    }


def lambda_sweep(tier: Tier) -> Experiment:
    """LA of widths 1, 2, 4 and MoA of width 1 on t2 for every lambda."""
    settings, widths = SETTINGS[tier], (1, 2) if tier is Tier.SMOKE else (1, 2, 4)
    targets = [t2(rate) for rate in LAMBDAS[tier]]
    return Experiment(
        name="lambda_sweep",
        tier=tier,
        title="Error of LA on t2 against the steepness lambda of its gate",
        claim="T2 holds for every lambda > 0: LA of a given width stays above its bounds, and MoA "
        "of width 1, the control, reaches the target at each lambda.",
        falsified_by="An LA error below a bound in the same norm, or MoA above round-off.",
        cost="smoke: about 5 s, compilation included; cpu: about 25 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=(
            *fits(targets, [Kind.LA], widths, settings),
            *fits(targets, [Kind.MOA], [1], settings),
        ),
        headlines=headlines,
    )


EXPERIMENTS.add("lambda_sweep", lambda_sweep)
