"""Language models: losses by rate, and differences between families with their intervals."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.pretraining.arm_names import ArmName
from experiments.pretraining.summary import compared
from expressivity.evidence import Evidence
from figures.figure import FIGURES, PaperFigure
from figures.forest import Row, forest, interval_handle
from figures.runs import Runs
from figures.style import (
    INK,
    PAGE,
    SOFT,
    STYLES,
    head_legend,
    kind_handles,
    log_ticks,
    look_of,
    new_figure,
    panel,
)


def draw(runs: Runs) -> Figure:
    """Validation losses on the left, differences on the right.

    Raises:
        ValueError: no finished run.
    """
    document = compared(runs["pretrain"])
    if not document["runs"]:
        raise ValueError("required: finished runs of pretrain; got none: run it again")
    made = new_figure(PAGE, 3.4)
    left, right = made.subplots(1, 2, width_ratios=(1, 1.25))
    _losses(left, document["runs"])
    panel(left, "a", "validation loss")
    forest(right, _groups(document["differences"]), "difference of loss, nats per byte")
    panel(right, "b", "differences, paired by seed")
    names = [ArmName.read(run["arm"]) for run in document["runs"]]
    matched = Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="",
                     label="MoA's parameters (a)")  # fmt: skip
    means = Line2D([], [], color=SOFT, linestyle=STYLES[Evidence.NUMERICAL], label="means (a)")
    head_legend(
        made,
        [
            *kind_handles(name.kind for name in names),
            *([matched] if any(name.matched for name in names) else []),
            means,
            interval_handle("95 % interval; grey: equal rates (b)"),
        ],
    )
    return made


def _losses(axes: Axes, runs: Sequence[dict[str, Any]]) -> None:
    """A point for every run, a line through the means of each arm."""
    arms = dict.fromkeys(run["arm"] for run in runs)
    for place, arm in enumerate(arms):
        name = ArmName.read(arm)
        look, filled = look_of(name.kind), not name.matched
        losses: dict[float, list[float]] = {}
        for run in runs:
            if run["arm"] == arm:
                losses.setdefault(run["rate"], []).append(run["validation"])
        aside = 1 + 0.05 * (place - (len(arms) - 1) / 2)  # arms side by side
        for rate, column in losses.items():
            axes.plot([rate * aside] * len(column), column, ".", color=look.colour, markersize=2)
        axes.plot(
            [rate * aside for rate in losses],
            [sum(column) / len(column) for column in losses.values()],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.colour if filled else "white",
            linestyle=STYLES[Evidence.NUMERICAL],
        )
    log_ticks(axes, {run["rate"] for run in runs}, "learning rate")
    axes.set_ylabel("validation loss, nats per byte")


def _groups(rows: Sequence[dict[str, Any]]) -> list[list[Row]]:
    """A group for every pair: own best rates, and in grey equal rates."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["equal"]):
        pair = f"{_name(row['arm'])} $-$ {_name(row['minus'])}"
        rates = f"rate {row['rates'][0]:g}" if row["equal"] else "own best"
        found = Row(
            label=f"{pair}, {rates}",
            arm=row["arm"],
            difference=row["difference"],
            plain=row["equal"],
        )
        groups.setdefault((row["arm"], row["minus"]), []).append(found)
    return list(groups.values())


def _name(arm: str) -> str:
    name = ArmName.read(arm)
    return f"{name.kind.prose}, matched" if name.matched else name.kind.prose


FIGURES.add(
    "pretraining",
    PaperFigure(
        name="pretraining",
        title="Language models with fixed, LA and MoA layers",
        caption="a: validation loss after the last step, a dot for every seed and a marker for "
        "their mean, the kinds side by side at each rate; open markers: as many parameters as MoA, "
        "given to the width. b: differences of it seed by seed, means with Student t intervals, "
        "95 % each; in colour: each at its own best rate, grey: at equal rates. Left of the line "
        "the first of the two is better. Losses after few steps of small models test no terminal "
        "loss.",
        alt="Losses of the families at several learning rates, and the intervals of their "
        "differences beside a line at zero.",
        needs=("pretrain",),
        draw=draw,
    ),
)
