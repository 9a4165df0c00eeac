"""The default ladder of ``expressivity separate``: every theorem's pair and negative control."""

from dataclasses import replace

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from expressivity.evidence import Evidence
from expressivity.runs.compiling import COMPILED
from expressivity.runs.folder import Run
from expressivity.separation.ladder import Findings, Ladder, default_ladder, find
from expressivity.separation.settings import Settings


def ladder(tier: Tier) -> Ladder:
    """The ladder of a tier: at the smallest without the products of two mixtures."""
    if tier is Tier.SMOKE:
        return default_ladder(Settings(restarts=16), ("t1", "t2", "t3", "t3b"))
    return default_ladder(Settings())


def findings(run: Run) -> Findings:
    """What a finished run says of the claims."""
    asked = ladder(Tier(run.manifest["configuration"]["tier"]))
    return find(replace(asked, compiled=run.manifest.get(COMPILED) is True), run)


def headlines(run: Run) -> dict[str, float]:
    """How many gaps there are, and how many came out otherwise than the theorems say."""
    found = findings(run)
    return {
        "gaps": len(found.gaps),
        "otherwise than expected": sum(gap.surprising for gap in found.gaps),
        "confirmed by proof": sum(
            gap.confirmed and gap.evidence.reaches(Evidence.PROVED) for gap in found.gaps
        ),
        "negative controls without a gap": sum(
            gap.expected is False and not gap.confirmed for gap in found.gaps
        ),
        "fits below a bound": len(found.contradictions),
    }


def separation(tier: Tier) -> Experiment:
    """All targets, those of ``separate``; four of them at the smallest tier."""
    return Experiment(
        name="separation",
        tier=tier,
        title="Default ladder: each target, the pair of its theorem, its negative control",
        claim="T1 to T5: at finite width fixed < LA < MoA, by form; no gap in the controls.",
        falsified_by="A gap that is not confirmed where a theorem says so, or a control with one.",
        cost="smoke: about 65 s, compilation included; cpu: about 142 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=tuple(ladder(tier).units),
        headlines=headlines,
    )


EXPERIMENTS.add("separation", separation)
