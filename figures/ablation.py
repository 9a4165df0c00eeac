"""Language models: what MoA's gain depends on."""

from matplotlib.figure import Figure

from experiments.pretraining.arm_names import ArmName, plain_fixed, plain_gated
from experiments.pretraining.summary import ablated
from figures.figure import FIGURES, PaperFigure
from figures.forest import Row, forest, interval_handle
from figures.runs import Runs
from figures.style import PAGE, head_legend, kind_handles, new_figure, panel

_DEFAULT = "MoA by default"


def draw(runs: Runs) -> Figure:
    """Every variant minus the default at each rate, and both minus the fixed layer.

    Raises:
        ValueError: no difference yet.
    """
    rows = [row for row in ablated(runs["ablate"])["differences"] if row["equal"]]
    if not rows:
        raise ValueError("required: finished runs of ablate; got none: run it again")
    found = {(row["arm"], row["rates"][0], row["minus"]): row["difference"] for row in rows}
    arms = dict.fromkeys(row["arm"] for row in rows)
    bases = {row["minus"] for row in rows}
    rates = sorted({row["rates"][0] for row in rows})
    made = new_figure(PAGE, 0.95 + 0.15 * len(arms) * len(rates))
    axes = made.subplots(1, 2, sharey=True)
    for place, letter, chosen, title in zip(
        axes, "ab", (plain_gated, plain_fixed), ("minus MoA by default", "minus fixed"), strict=True
    ):
        minus = next(iter(chosen(bases)), None)
        groups = [
            [
                Row(
                    label=_variant(arm) + (f", {rate:g}" if len(rates) > 1 else ""),
                    arm=arm,
                    difference=found.get((arm, rate, minus)),
                )
                for arm in arms
            ]
            for rate in rates
        ]
        forest(place, groups, "difference, nats per byte")
        panel(place, letter, title)
    kinds = {ArmName.read(arm).kind for arm in arms}
    head_legend(made, [*kind_handles(kinds), interval_handle("95 % interval")])
    if len(rates) == 1:
        axes[0].set_ylabel(f"arms, all at learning rate {rates[0]:g}")
    axes[1].tick_params(labelleft=False)
    axes[1].set_ylabel("")
    return made


def _variant(arm: str) -> str:
    """The arm without what all variants share.

    >>> _variant("moa"), _variant("moa gate_rate=1"), _variant("la")
    ('MoA by default', 'gate_rate=1', 'LA')
    """
    name = ArmName.read(arm)
    return name.changes or (_DEFAULT if name.kind.gated else name.title)


FIGURES.add(
    "ablation",
    PaperFigure(
        name="ablation",
        title="What MoA's gain depends on",
        caption="Language models with MoA layers in which choices of start or training are made "
        "otherwise: validation loss minus that of the default (a) and of the fixed layer (b) at "
        "equal rates seed by seed, means with Student t intervals, 95 % each, very wide on two "
        "seeds. Left of the line is better. Losses after few steps of small models test no "
        "terminal loss.",
        alt="Intervals of differences for every variant beside a line at zero.",
        needs=("ablate",),
        draw=draw,
    ),
)
