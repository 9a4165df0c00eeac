"""The atlas: every ordered pair of classes, contained, separated or open; six classes at first."""

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from expressivity.evidence import Evidence
from expressivity.relations.answers import Answer
from expressivity.relations.atlas import Plan, read_atlas, share
from expressivity.relations.atlas_units import described
from expressivity.relations.discover import discover
from expressivity.runs.folder import Run

SIX = ("relu", "tanh", "la", "moa-tanh", "reglu", "maxout-3")
"""The classes of the smallest tier."""


def plan(tier: Tier) -> Plan:
    """All classes with a budget of searches, or six without."""
    if tier is Tier.SMOKE:
        return Plan(classes=SIX, fits=2)
    return Plan(classes=described(), searches=56, fits=12, search=discover)


def headlines(run: Run) -> dict[str, float]:
    """How many pairs there are, and what is known of them.

    Raises:
        ContradictionError: two facts cannot both hold.
    """
    atlas = read_atlas(run.entries)
    cells = atlas.cells.values()
    return {
        "classes": len(atlas.classes),
        "share of ordered pairs decided": share(atlas),
        "contained, proved": sum(
            cell.answer.contained and cell.evidence.reaches(Evidence.PROVED) for cell in cells
        ),
        "not contained": sum(cell.answer is Answer.NO for cell in cells),
    }


def atlas(tier: Tier) -> Experiment:
    """All registered classes that a neuron describes; six at the smallest tier."""
    made = plan(tier)
    return Experiment(
        name="atlas",
        tier=tier,
        title="Atlas of classes: which lies in which, with a proof or a separating target",
        claim="Of every ordered pair of classes, at least 85 % are decided by proofs.",
        falsified_by="A target in a class and not in it, a witness that is not the target, or a "
        "fit below a proved bound.",
        cost="smoke: about 25 s; atlas: not measured",
        units=tuple(made.first),
        headlines=headlines,
        tiers=(Tier.SMOKE, Tier.ATLAS),
        pending=made.pending,
    )


EXPERIMENTS.add("atlas", atlas)
