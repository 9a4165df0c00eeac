"""What each activation of the dictionary is worth on t2."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.dictionary import Bar, bars
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence, Verdict
from figures.curves import FLOOR, RANKS, failed_at_edge, interval_line
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import COLUMN, FAINT, RELATIVE_L2, STYLES, long_log, look_of, new_figure
from figures.sweeps import finish


def draw(runs: Runs) -> Figure:
    """A row for each dictionary, LA and MoA side by side.

    Raises:
        ValueError: no fit in the run.
    """
    found = bars(runs["dictionary"], "l2")
    if not found:
        raise ValueError("required: fits in the run of dictionary; got none: run it again")
    rows = sorted({bar.dictionary for bar in found}, key=lambda names: (-len(names), names))
    labels = {bar.dictionary: _label(bar) for bar in found}
    made = new_figure(COLUMN, 0.9 + 0.17 * len(rows))
    axes = made.add_subplot()
    long_log(axes, 1e-4, of="x")
    axes.grid(visible=False)
    for bar in found:
        _point(axes, bar, rows.index(bar.dictionary))
    for place in range(1, len(rows)):
        if len(rows[place]) != len(rows[place - 1]):
            axes.axhline(place - 0.5, color=FAINT, linewidth=0.5)
    levels = _bound(axes, found)
    axes.set_yticks(range(len(rows)), [labels[names] for names in rows])
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"{RELATIVE_L2}, on $t_2$", ylabel="dictionary")
    finish(made, {bar.kind for bar in found}, levels)
    return made


def _label(bar: Bar) -> str:
    if not bar.left_out:
        return "all seven"
    if len(bar.left_out) == 1:
        return f"all but {bar.left_out[0]}"
    return " ".join(bar.dictionary)


def _point(axes: Axes, bar: Bar, row: int) -> None:
    look, median = look_of(bar.kind), bar.found.median
    place = row + (0.15 if bar.kind.gated else -0.15)
    if not math.isfinite(median.value):
        failed_at_edge(axes, place)
        return
    interval_line(axes, median, place, colour=look.colour, upright=False)
    filled = bar.found.verdict is Verdict.MEMBER
    axes.plot(max(median.value, FLOOR), place, look.marker, color=look.colour,
              markerfacecolor=look.colour if filled else "white")  # fmt: skip


def _bound(axes: Axes, found: Sequence[Bar]) -> set[Evidence]:
    """The least bound of LA, which holds for every dictionary."""
    bounds = [bar.found.bound for bar in found if bar.kind.learned]
    if not bounds or any(bound is None for bound in bounds):
        return {Evidence.NUMERICAL}
    least = min((bound for bound in bounds if bound is not None), key=lambda bound: bound.value)
    axes.axvline(least.value, color=look_of(Kind.LA).colour, linestyle=STYLES[least.evidence],
                 linewidth=0.9)  # fmt: skip
    return {least.evidence}


FIGURES.add(
    "dictionary",
    PaperFigure(
        name="dictionary",
        title="LA and MoA on t2 over parts of the dictionary",
        caption="LA of width 4 (over one activation: the fixed class) and MoA of width 1 on t2, "
        "over the full dictionary, without one activation, and over small ones: median over seeds "
        f"of the best restart with its {RANKS}; "
        "filled: the class is proved to contain "
        "t2. Vertical line: no LA network of that width lies left of it, whatever the dictionary. "
        "Left of the dotted line the axis is compressed.",
        alt="For every dictionary LA stays right of its bound; MoA is at round-off wherever an "
        "activation with a kink is left.",
        needs=("dictionary",),
        draw=draw,
    ),
)
