"""Does the gap survive noisy samples?"""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.noise import Cell, cells
from expressivity.evidence import Evidence
from figures.curves import FLOOR, RANKS, failed, interval_line
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import PAGE, STYLES, long_log, look_of, names, new_figure, panel, symbol
from figures.sweeps import finish


def draw(runs: Runs) -> Figure:
    """A row for each target, a column for each number of samples.

    Raises:
        ValueError: no fit in the run.
    """
    found = cells(runs["noise"])
    targets = sorted({cell.target for cell in found}, reverse=True)
    points = sorted({cell.points for cell in found})
    sizes = sorted({cell.size for cell in found})
    if not targets:
        raise ValueError("required: fits in the run of noise; got none: run it again")
    made = new_figure(PAGE, 0.5 + 1.9 * len(targets))
    axes = made.subplots(len(targets), len(points), squeeze=False, sharey=True, sharex=True)
    letters = iter("abcdefghijklmnop")
    for row, target in zip(axes, targets, strict=True):
        for place, count in zip(row, points, strict=True):
            here = [cell for cell in found if (cell.target, cell.points) == (target, count)]
            _panel(place, here, sizes)
            control = ", control" if target == "t1" else ""
            panel(place, next(letters), f"{symbol(target)}{control}, {count} samples")
        row[0].set_ylabel("held-out $L^2$ error, relative")
    for place in axes[-1]:
        place.set_xlabel("noise, relative (root mean square)")
    finish(made, {cell.kind for cell in found}, {Evidence.NUMERICAL})
    return made


def _panel(axes: Axes, found: Sequence[Cell], sizes: Sequence[float]) -> None:
    groups: dict[tuple[str, int], list[Cell]] = {}
    for cell in sorted(found, key=lambda cell: cell.size):
        groups.setdefault((cell.label, cell.width), []).append(cell)
    widest = {cell.label: max(c.width for c in found if c.label == cell.label) for cell in found}
    for place, group in enumerate(groups.values()):
        look = look_of(group[0].kind)
        offset = 0.1 * (place - (len(groups) - 1) / 2)  # intervals side by side
        fine = [cell for cell in group if math.isfinite(cell.held_out.value)]
        x = [sizes.index(cell.size) + offset for cell in fine]
        for beside, cell in zip(x, fine, strict=True):
            interval_line(axes, cell.held_out, beside, colour=look.colour)
        axes.plot(
            x,
            [max(cell.held_out.value, FLOOR) for cell in fine],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.colour if group[0].width < widest[group[0].label] else "white",
            linestyle=STYLES[Evidence.NUMERICAL],
        )
        failed(axes, [sizes.index(c.size) + offset for c in group if c not in fine])
    long_log(axes, 1e-4, most=30.0)
    names(axes, [f"{size:g}" for size in sizes], "")


FIGURES.add(
    "noise",
    PaperFigure(
        name="noise",
        title="Held-out error of fits to noisy samples",
        caption="LA and MoA (width 1) fitted to samples with Gaussian noise at random points: "
        "relative L2 error against the target itself, median over seeds of the restart with the "
        f"least error on its own samples, {RANKS}. "
        "Filled: the smaller width of "
        "LA where there are two. On t1, the control, LA of width 1 contains the target and there "
        "is no gap to see. Below the dotted line the axis is compressed.",
        alt="On t2 the held-out error of MoA lies below that of LA until noise dominates; on t1 "
        "the two agree.",
        needs=("noise",),
        draw=draw,
    ),
)
