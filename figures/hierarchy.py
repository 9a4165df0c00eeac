"""Who learns whom: the teacher-student matrix as heat maps."""

import math
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from experiments.hierarchy import Budget, Cell, Matrix, matrix, order
from expressivity.evidence import Verdict
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import ALARM, INK, PAGE, head_legend, new_figure, panel

_EDGES = (1e-17, 1e-12, 1e-6, 1e-3, 1e-2, 1e-1, 10.0)
"""Classes of errors: round-off first, the last one open."""
_MAP = "cividis"
_MARKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.MEMBER: ("o", "contains the teacher (by proof)"),
    Verdict.NON_MEMBER: ("x", "does not (by proof)"),
}
_BESIDE = ("best error, equal width", "best error, equal parameters", "random starts, equal width")


def draw(runs: Runs) -> Figure:
    """Best errors at both budgets, and how often random starts reach the teacher.

    Raises:
        ValueError: no unit in the run.
    """
    run = runs["hierarchy"]
    by_width, by_parameters = (matrix(run, budget=budget) for budget in Budget)
    rows, columns = by_width.teachers, by_width.students
    made = new_figure(PAGE, 1.75 + 0.135 * len(rows))
    axes = made.subplots(1, 3, sharey=True)
    errors = BoundaryNorm(_EDGES, mpl.colormaps[_MAP].N)
    for place, letter, title, found in zip(
        axes, "abc", _BESIDE, (by_width, by_parameters, by_width), strict=True
    ):
        share = place is axes[2]
        grid = np.array(
            [[_value(found.cells.get((row, col)), share=share) for col in columns] for row in rows]
        )
        shown = place.imshow(
            np.ma.masked_invalid(grid),
            cmap=f"{_MAP}_r" if share else _MAP,  # dark is learned in every panel
            norm=Normalize(0, 1) if share else errors,
            aspect="auto",
        )
        panel(place, letter, title)
        _labels(place, rows, columns)
        _marks(place, shown, found)
        _colours(made, shown, place, share=share)
    axes[0].set_ylabel("teacher")
    _legend(made)
    return made


def _value(cell: Cell | None, *, share: bool) -> float:
    """What colours a cell; a missing or failed one stays white."""
    if cell is None:
        return math.nan
    if share:
        return cell.success
    error = cell.best.value
    return min(max(error, 2e-17), 5.0) if math.isfinite(error) else math.nan


def _labels(axes: Axes, rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
    axes.set_xticks(range(len(columns)), columns, rotation=90, size=6)
    axes.set_yticks(range(len(rows)), rows, size=6)
    axes.set_xlabel("student")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _marks(axes: Axes, shown: AxesImage, found: Matrix) -> None:
    """Signs of what is proved, and red frames where fits and proofs disagree."""
    ordered = order(found)
    disagree = {*ordered.contradictions, *ordered.surprises}
    luminance = shown.to_rgba(shown.get_array())[..., :3] @ (0.2126, 0.7152, 0.0722)
    for (row, column), cell in found.cells.items():
        x, y = found.students.index(column), found.teachers.index(row)
        if cell.verdict in _MARKS:
            marker, _ = _MARKS[cell.verdict]
            colour = INK if luminance[y, x] > 0.5 else "white"
            axes.plot(x, y, marker, color=colour, markersize=2.4, markeredgewidth=0.9)
        if (row, column) in disagree:
            frame = Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=ALARM, linewidth=1.2)
            axes.add_patch(frame)


def _colours(made: Figure, shown: Any, axes: Axes, *, share: bool) -> None:
    bar = made.colorbar(shown, ax=axes, location="bottom", aspect=22, pad=0.02, shrink=0.95)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=6)
    if share:
        bar.set_label("share of seeds that reach the teacher")
        return
    bar.set_label("relative $L^2$ error, median over seeds")
    inner = _EDGES[1:-1]
    bar.set_ticks(list(inner), labels=[rf"$10^{{{round(math.log10(e))}}}$" for e in inner])


def _legend(made: Figure) -> None:
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=INK, label=label, markersize=3.5)
        for marker, label in _MARKS.values()
    ]  # fmt: skip
    frame = Line2D([], [], linestyle="", marker="s", color=ALARM, markerfacecolor="none",
                   markersize=5, label="fit and proof disagree")  # fmt: skip
    head_legend(made, [*handles, frame])


FIGURES.add(
    "hierarchy",
    PaperFigure(
        name="hierarchy",
        title="Teacher-student matrix: who learns whom",
        caption="Networks of each class teach (rows; in brackets the function of a theorem, "
        "otherwise random networks), networks of each class learn (columns): (a) with as many "
        "neurons as the teacher, (b) with the least width, not below the teacher's, that has the "
        "teacher's parameters; relative L2 error of the best network, median over seeds. Where "
        "containment is proved the teacher's weights, carried over, count too, so the error is "
        "round-off. (c) How often a search from random starts alone reaches the teacher: long on "
        "the diagonal, where it shows that a class finds its own networks, short elsewhere, where "
        "the error is what little effort finds.",
        alt="Heat maps that are dark, at round-off, where the student's class contains the "
        "teacher's, and light elsewhere.",
        needs=("hierarchy",),
        draw=draw,
    ),
)
