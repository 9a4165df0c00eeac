"""Differences with their intervals, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.pretraining.arm_names import ArmName
from figures.curves import failed_at_edge
from figures.style import INK, SOFT, look_of


@dataclass(frozen=True, kw_only=True)
class Row:
    """One difference.

    Attributes:
        label: at the left.
        arm: whose colour it has.
        difference: ``value``, None where failed runs decide, ``low`` and ``high``, None where
            there is no interval; None leaves the place empty.
        plain: drawn in grey, beside a row that counts more.
    """

    label: str
    arm: str
    difference: dict[str, Any] | None
    plain: bool = False


def forest(axes: Axes, groups: Sequence[Sequence[Row]], label: str) -> None:
    """Groups of rows from top to bottom, a gap between them, and a line at 0."""
    ticks: dict[float, str] = {}
    height = 0.0
    for group in groups:
        for row in group:
            ticks[height] = row.label
            _row(axes, row, height)
            height -= 1
        height -= 0.6
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(height + 0.9, 0.7)
    axes.grid(visible=False)
    axes.set_xlabel(label)
    axes.set_ylabel("arms, learning rate")


def _row(axes: Axes, row: Row, height: float) -> None:
    found = row.difference
    if found is None:
        return
    if found["value"] is None:
        failed_at_edge(axes, height)
        return
    look = look_of(ArmName.read(row.arm).kind)
    colour = SOFT if row.plain else look.colour
    if found["low"] is not None:
        axes.hlines(height, found["low"], found["high"], color=colour, linewidth=1.0)
    axes.plot(found["value"], height, color=colour, marker=look.marker, linestyle="")


def interval_handle(label: str) -> Line2D:
    """A legend entry of the intervals."""
    return Line2D([], [], color=SOFT, linewidth=1.0, label=label)
