"""Which gates contain LA, and what fits make of it."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.gates import SPECS, Cell, cells
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from figures.curves import FLOOR, RANKS, failed_at_edge, interval_line
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import (
    FAINT,
    INK,
    PAGE,
    RELATIVE_L2,
    SOFT,
    head_legend,
    long_log,
    look_of,
    new_figure,
    panel,
)

_MOA = look_of(Kind.MOA)
_MARKS: Mapping[Verdict, tuple[str, str, str]] = {
    Verdict.MEMBER: ("member", _MOA.colour, "full"),
    Verdict.UNKNOWN: ("unknown", _MOA.colour, "none"),
    Verdict.NON_MEMBER: ("no member", INK, "left"),
}
"""How a verdict is drawn: words, colour, filling of the marker."""
_TITLES = {"relu": "ReLU, an LA network", "t1": "$t_1$, an LA network"}


def draw(runs: Runs) -> Figure:
    """A row for each setting of the gate, a panel for each target.

    Raises:
        ValueError: no fit in the run.
    """
    found = [cell for cell in cells(runs["gates"]) if cell.activations > 2]
    if not found:
        raise ValueError("required: fits in the run of gates; got none: run it again")
    made = new_figure(PAGE, 3.3)
    axes = made.subplots(1, 3, sharey=True)
    groups = ("relu", "t1", "t2")
    for place, letter, name in zip(axes, "abc", groups, strict=True):
        _panel(place, [cell for cell in found if cell.target.partition(" ")[0] == name])
        panel(place, letter, _TITLES.get(name, "$t_2$ with the same gate"))
    contains = {cell.gate: cell.contains_la for cell in found}
    axes[0].set_yticks(range(len(SPECS)), [_row(spec, contains) for spec in SPECS])
    axes[0].set_ylim(len(SPECS) - 0.5, -0.5)
    axes[0].set_ylabel("gate: scale, bias ($\\supseteq$: contains LA)")
    head_legend(made, [_handle(*mark) for mark in _MARKS.values()])
    return made


def _row(spec: GateSpec, contains: Mapping[GateSpec, bool]) -> str:
    switches = ", ".join("on" if switch else "off" for switch in (spec.scale, spec.bias))
    sign = r"$\supseteq$" if contains.get(spec) else r"$\nsupseteq$"
    return f"{spec.name}: {switches}  {sign}"


def _panel(axes: Axes, found: Sequence[Cell]) -> None:
    long_log(axes, 1e-4, of="x")
    axes.grid(visible=False)
    axes.set_xlabel(RELATIVE_L2)
    for border in (3.5, 7.5):
        axes.axhline(border, color=FAINT)
    for cell in found:
        row = SPECS.index(cell.gate)
        _, colour, filling = _MARKS[cell.found.verdict]
        median, best = cell.found.median, cell.found.best
        if not math.isfinite(median.value):
            failed_at_edge(axes, row)
            continue
        interval_line(axes, median, row, colour=colour, upright=False)
        axes.plot(max(best, FLOOR), row, "|", color=SOFT, markersize=5)
        axes.plot(max(median.value, FLOOR), row, _MOA.marker, color=colour, fillstyle=filling,
                  markerfacecoloralt="white", markersize=5)  # fmt: skip


def _handle(label: str, colour: str, filling: str) -> Line2D:
    return Line2D([], [], color=colour, marker=_MOA.marker, fillstyle=filling, label=label,
                  markerfacecoloralt="white", linestyle="", markersize=5)  # fmt: skip


FIGURES.add(
    "gates",
    PaperFigure(
        name="gates",
        title="MoA with every gate and switch, beside the table of containment",
        caption="MoA of width 1 with each gate, its scale and bias on or off, on two networks of "
        "LA and on t2 made with the same gate: median over seeds of the best restart, "
        f"{RANKS}, and (bar) the best of all. "
        "The sign beside the gate says whether the class is "
        "proved to contain LA of equal width. A class that is no member may still come close: "
        "some exclusions leave limits. Left of the dotted line the axis is compressed.",
        alt="Rows of gates: where the class contains LA the errors reach round-off, where it "
        "does not they mostly stay away from it.",
        needs=("gates",),
        draw=draw,
    ),
)
