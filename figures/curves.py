"""Curves of errors with their intervals, failures and lower bounds, as many figures show them."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from experiments.reading import Curve
from experiments.statistics import Interval
from expressivity.evidence import Evidence
from figures.style import ALARM, STYLES, look_of

FLOOR = 1e-16
"""Errors below it are drawn there: an exact 0 has no place on a logarithmic axis."""

_BEYOND = 1e6

RANKS = "interval from ranks (up to five seeds: their range; of five it covers the median in 94 %)"
"""What captions call the intervals of :func:`interval_line`."""


def top(drawn: Iterable[Curve], least: float) -> float:
    """Where an axis ends so that every median is inside: ``least``, or above the largest one."""
    medians = (p.median.value for curve in drawn for p in curve.points)
    return max([least, *(1.5 * value for value in medians if math.isfinite(value))])


def draw_curve(
    axes: Axes,
    curve: Curve,
    *,
    colour: str | None = None,
    weight: float = 1.2,
    size: float = 4,
    filled: bool = False,
) -> None:
    """Medians over seeds with their intervals; failures as crosses at the top edge."""
    look = look_of(curve.kind)
    colour = colour or look.colour
    shown = [p for p in curve.points if math.isfinite(p.median.value)]
    x = [p.x for p in shown]
    y = [max(p.median.value, FLOOR) for p in shown]
    for p in shown:
        interval_line(axes, p.median, p.x, colour=colour, width=0.7 * weight)
    axes.plot(
        x,
        y,
        color=colour,
        marker=look.marker,
        markersize=size,
        markerfacecolor=colour if filled else "white",
        linestyle=STYLES[Evidence.NUMERICAL],
        linewidth=weight,
    )
    failed(axes, [p.x for p in curve.points if not math.isfinite(p.median.value)])


def interval_line(
    axes: Axes,
    found: Interval,
    place: float,
    *,
    colour: str,
    upright: bool = True,
    width: float = 0.8,
) -> None:
    """An interval of errors as a line at a place on the other axis, if there is one."""
    if found.low is None or found.high is None:
        return
    # An interval that reaches into failures leaves the panel.
    ends = max(found.low, FLOOR), found.high if math.isfinite(found.high) else _BEYOND
    line = axes.vlines if upright else axes.hlines
    line(place, *ends, color=colour, linewidth=width, alpha=0.6)


def failed(axes: Axes, x: Sequence[float]) -> None:
    """Crosses along the top edge: the median seed failed there."""
    if x:
        top = axes.get_xaxis_transform()
        axes.plot(x, [0.97] * len(x), "x", color=ALARM, transform=top)


def failed_at_edge(axes: Axes, y: float) -> None:
    """A cross at the right edge: the median seed failed there."""
    axes.plot(0.97, y, "x", color=ALARM, transform=axes.get_yaxis_transform())


def draw_bounds(axes: Axes, drawn: Sequence[Curve]) -> set[Evidence]:
    """Lower bounds as lines, one for each that differs; shaded below where no class lies.

    That is below the least bound of one kind on one target, if all of its curves have one.

    Returns:
        The evidence of the lines.
    """
    levels: set[Evidence] = set()
    groups: dict[tuple[str, str], list[Curve]] = {}
    for curve in drawn:
        groups.setdefault((curve.target, look_of(curve.kind).colour), []).append(curve)
    for (_, colour), group in groups.items():
        for level, x, y in dict.fromkeys(line for curve in group for line in _bound_lines(curve)):
            alone = {"marker": "_", "markersize": 9} if len(x) == 1 else {}
            axes.plot(x, y, color=colour, linestyle=STYLES[level], linewidth=0.9, **alone)
            levels.add(level)
        floor = _floor(group)
        axes.fill_between(
            floor.keys(), FLOOR / 10, floor.values(), color=colour, alpha=0.1, linewidth=0
        )
    return levels


def _bound_lines(
    curve: Curve,
) -> list[tuple[Evidence, tuple[float, ...], tuple[float, ...]]]:
    known = [(p.x, p.bound) for p in curve.points if p.bound is not None and p.bound.value > 0]
    return [
        (
            level,
            tuple(x for x, bound in known if bound.evidence is level),
            tuple(bound.value for _, bound in known if bound.evidence is level),
        )
        for level in dict.fromkeys(bound.evidence for _, bound in known)
    ]


def _floor(of_kind: Sequence[Curve]) -> dict[float, float]:
    """By x the least bound of the curves, where every one of them has a bound."""
    bounds: dict[float, list[float]] = {}
    for curve in of_kind:
        for p in curve.points:
            bounds.setdefault(p.x, []).append(0.0 if p.bound is None else p.bound.value)
    return {x: min(values) for x, values in sorted(bounds.items()) if min(values) > 0}


def end_labels(axes: Axes, drawn: Sequence[Curve]) -> None:
    """Names of curves beside their right ends, moved apart; the axis must be final."""
    to_fraction = axes.transData + axes.transAxes.inverted()
    ends = [
        (float(to_fraction.transform((p.x, max(p.median.value, FLOOR)))[1]), curve)
        for curve in drawn
        for p in curve.points[-1:]
        if math.isfinite(p.median.value)
    ]
    ends.sort(key=lambda end: end[0])
    places = [place for place, _ in ends]
    for _sweep in range(200):  # keeps them beside the panel and pushes neighbours apart
        places = [min(max(place, 0.0), 1.0) for place in places]
        for i in range(len(places) - 1):
            overlap = _LINE - (places[i + 1] - places[i])
            if overlap > 0:
                places[i] -= overlap / 2
                places[i + 1] += overlap / 2
    for place, (_, curve) in zip(places, ends, strict=True):
        axes.text(1.02, place, curve.label, transform=axes.transAxes, va="center", size=5.5,
                  color=look_of(curve.kind).colour)  # fmt: skip


_LINE = 0.085
"""Height of a line of small text, as a fraction of a panel."""
