"""Error against width: what falls, what stays above its floor, what is reached at width 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.reading import Curve, Reading, curves, readings
from expressivity.classes.neurons import NEURONS
from expressivity.evidence import Evidence
from expressivity.targets.builtin import TARGETS
from figures.curves import RANKS, draw_bounds, draw_curve, end_labels, top
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import (
    PAGE,
    SOFT,
    evidence_handles,
    head_legend,
    kind_handles,
    log_ticks,
    long_log,
    look_of,
    new_figure,
    panel,
    symbol,
)
from figures.sweeps import NORMS


@dataclass(frozen=True, kw_only=True)
class Row:
    """One target: the fits that make its curves, and controls in other forms."""

    title: str
    fits: Sequence[Reading]
    controls: Sequence[Reading] = ()


def draw(runs: Runs) -> Figure:
    """A row for each target: L2 error on the left, gradient error on the right.

    Raises:
        ValueError: no fit in the run.
    """
    found = readings(runs["width_sweep"])
    rows: list[Row] = []
    for name in dict.fromkeys(r.target for r in found):
        own = NEURONS[TARGETS[name](2.0, "tanh", 7).form]
        rows.append(
            Row(
                title=f"{symbol(name)}, {own.label}",
                fits=[r for r in found if r.target == name and r.record == own],
                controls=[r for r in found if r.target == name and r.record != own],
            )
        )
    return draw_rows(rows)


def draw_rows(rows: Sequence[Row]) -> Figure:
    """Errors against width, two panels to a row.

    Raises:
        ValueError: no row.
    """
    if not rows:
        raise ValueError("required: fits in the run; got none: run it again")
    made = new_figure(PAGE, 0.5 + min(1.6 * len(rows), 9.0))  # a page is no higher
    axes = made.subplots(len(rows), 2, squeeze=False, sharex=True)
    found = [reading for row in rows for reading in (*row.fits, *row.controls)]
    widths = {r.width for r in found}
    levels: set[Evidence] = {Evidence.NUMERICAL}
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for places, row in zip(axes, rows, strict=True):
        for place, (norm, label, knee) in zip(places, NORMS, strict=True):
            levels |= _panel(place, row.fits, norm)
            _controls(place, row.controls, norm)
            shown = curves(row.fits, norm, along=lambda r: r.width)
            long_log(place, knee, most=top(shown, 4.0))
            log_ticks(place, widths, "")
            end_labels(place, _fixed(row.fits, norm))
            place.set_ylabel(label)
            panel(place, next(letters, ""), row.title)
    for place in axes[-1]:
        place.set_xlabel("width $m$ (number of neurons)")
    _legend(made, found, levels)
    return made


def _panel(axes: Axes, found: Sequence[Reading], norm: str) -> set[Evidence]:
    """Curves and bounds of one target in one norm; returns the evidence of the bounds."""
    drawn = [
        curve
        for curve in curves(found, norm, along=lambda r: r.width)
        if curve.loss == "l2" or norm == "w1inf"
    ]
    for curve in drawn:
        mixes = curve.kind.mixes
        draw_curve(axes, curve, weight=1.3 if mixes else 0.7, size=4 if mixes else 2.5,
                   filled=curve.loss == "h1")  # fmt: skip
    return draw_bounds(axes, drawn)


def _fixed(found: Sequence[Reading], norm: str) -> list[Curve]:
    """The curves whose names are written beside them."""
    fixed = [r for r in found if not r.kind.mixes and r.loss == "l2"]
    return list(curves(fixed, norm, along=lambda r: r.width))


def _controls(axes: Axes, found: Sequence[Reading], norm: str) -> None:
    """Fits in another form than the target's own: single points."""
    for reading in found:
        look = look_of(reading.kind)
        error = reading.best(norm)
        if math.isfinite(error):
            axes.plot(reading.width, error, color=look.colour, marker="P", markersize=5)
            said = f"{reading.record.label} {look.label} (control)"
            axes.annotate(said, (reading.width, error), (6, 10), textcoords="offset points",
                          va="center", size=6, color=look.colour)  # fmt: skip


def _legend(made: Figure, found: Sequence[Reading], levels: set[Evidence]) -> None:
    handles = kind_handles(r.kind for r in found)
    if any(r.loss == "h1" for r in found):
        handles.append(
            Line2D([], [], color=SOFT, marker="o", linestyle="", label="fitted in $H^1$")
        )
    head_legend(made, [*handles, *evidence_handles(e for e in Evidence if e in levels)])


FIGURES.add(
    "width_sweep",
    PaperFigure(
        name="width_sweep",
        title="Error against width for fixed activations, LA and MoA",
        caption="Relative L2 error (left) and essential supremum of the gradient error (right) "
        f"against the width, median over seeds of the best network, {RANKS}; each search starts "
        "from the best narrower network of its class. "
        "Shaded: where no network of the class lies, at any of the widths under the line. The L2 "
        "error of the smaller class falls, its gradient error does not pass the floor; MoA "
        "reaches the target at width 1 (where a fitted kink misses that of the target by "
        "round-off, the gradient error is the whole jump). Below the dotted line the axis is "
        "compressed, eight decades in the room of one.",
        alt="The errors of smaller classes fall with the width on the left and stay above floors "
        "on the right, while those of MoA are at round-off.",
        needs=("width_sweep",),
        draw=draw,
    ),
)
