"""LA against MoA where their cost is the same."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.matched import Budget, Match, matches
from experiments.reading import Point
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from figures.curves import FLOOR, RANKS, failed, interval_line
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import (
    PAGE,
    RELATIVE_L2,
    STYLES,
    long_log,
    look_of,
    names,
    new_figure,
    panel,
    symbol,
)
from figures.sweeps import finish

_WORDS = {
    Budget.WIDTH: "width",
    Budget.PARAMETERS: "parameters",
    Budget.MULTIPLY_ADDS: "mult.-adds",
}


def draw(runs: Runs) -> Figure:
    """A panel for each target; MoA of the least width beside LA at every budget.

    Raises:
        ValueError: no comparison in the run.
    """
    found = matches(runs["matched"], "l2")
    if not found:
        raise ValueError("required: fits in the run of matched; got none: run it again")
    least = min(match.pair.moa.width for match in found)
    found = tuple(match for match in found if match.pair.moa.width == least)
    targets = list(dict.fromkeys(match.pair.target.name for match in found))
    made = new_figure(PAGE, 2.4)
    axes = made.subplots(1, len(targets), squeeze=False, sharey=True)[0]
    levels = {Evidence.NUMERICAL}
    for place, letter, target in zip(axes, "abcdef", targets, strict=False):
        levels |= _panel(place, [match for match in found if match.pair.target.name == target])
        panel(place, letter, symbol(target) if target != "ridges" else "three ridges")
    axes[0].set_ylabel(RELATIVE_L2)
    finish(made, (Kind.LA, Kind.MOA), levels)
    return made


def _panel(axes: Axes, found: list[Match]) -> set[Evidence]:
    levels: set[Evidence] = set()
    for place, budget in enumerate(Budget):
        here = [match for match in found if match.pair.budget is budget]
        here.sort(key=lambda match: match.pair.la.width)
        for index, match in enumerate(here):
            pair, x = match.pair, place - 0.3 + 0.24 * index
            levels |= _side(axes, match.la, Kind.LA, x, width=pair.la.width, filled=pair.dearer)
        for match in here[:1]:
            _side(axes, match.moa, Kind.MOA, place + 0.25, width=match.pair.moa.width)
    long_log(axes, 1e-4, most=10.0)
    names(axes, [_WORDS[budget] for budget in Budget], "made equal")
    axes.tick_params(axis="x", labelrotation=25)
    return levels


def _side(
    axes: Axes, found: Point, kind: Kind, x: float, *, width: int, filled: bool = False
) -> set[Evidence]:
    """One class as a point with its interval and bound; returns the evidence of the bound."""
    look, median, bound = look_of(kind), found.median, found.bound
    levels: set[Evidence] = set()
    if bound is not None and bound.value > 0:
        axes.hlines(bound.value, x - 0.11, x + 0.11, color=look.colour, linewidth=0.9,
                    linestyle=STYLES[bound.evidence])  # fmt: skip
        levels.add(bound.evidence)
    if not math.isfinite(median.value):
        failed(axes, [x])
        return levels
    interval_line(axes, median, x, colour=look.colour)
    y = max(median.value, FLOOR)
    axes.plot(x, y, look.marker, color=look.colour,
              markerfacecolor=look.colour if filled else "white")  # fmt: skip
    high = median.high
    top = max(y, high) if high is not None and math.isfinite(high) else y
    axes.annotate(str(width), (x, top), (0, 5), textcoords="offset points", ha="center",
                  size=5.5, color=look.colour)  # fmt: skip
    return levels


FIGURES.add(
    "matched",
    PaperFigure(
        name="matched",
        title="LA against MoA at equal width, parameters and multiply-adds",
        caption="Gates are paid for: MoA beside the widest LA that costs no more, and (filled) the "
        "next wider one, which costs more; numbers are widths. Median over seeds of the best "
        f"restart, {RANKS}, and lower bounds of LA. "
        "Controls: t1, where the kinds tie, "
        "and a sum of three ridges, where LA of equal parameters wins.",
        alt="On t2 and t4 MoA is at round-off and LA of equal cost is not; on t1 both are, and on "
        "three ridges only wider LA is.",
        needs=("matched",),
        draw=draw,
    ),
)
