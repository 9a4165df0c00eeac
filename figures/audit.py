"""Language models: how far trained layers are from LA and fixed ones, and what their gates do."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from experiments.pretraining.audit_tables import document
from expressivity.classes.kinds import Kind
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import INK, PAGE, SOFT, head_legend, look_of, names, new_figure, panel

_NONE = 1e-17
"""Where a distance of 0 is drawn."""
_GATES = {
    "variance": ("variance over tokens", "variance"),
    "entropy": ("entropy of shares", "nats"),
    "effective_rank": ("effective rank", "rank"),
}
"""Statistics with the heading and the axis of their panels."""
_CHANGES = {"frozen": "gates at their means", "replaced": "nearest LA layer"}


def draw(runs: Runs) -> Figure:
    """Distances of every layer; the loss with constant coefficients; statistics of the gates.

    Raises:
        ValueError: the audit has not finished.
    """
    found = document(runs["audit"])
    if not found:
        raise ValueError("required: a finished run of audit; got none: run it again")
    layers = list(found["layers"].values())
    gated = found["frozen"] is not None
    made = new_figure(PAGE, 4.3 if gated else 2.2)
    axes = made.subplot_mosaic("aaabbb;ccddee" if gated else "a")
    _distances(axes["a"], layers)
    panel(axes["a"], "a", "distance with the same maps")
    if gated:
        _changes(axes["b"], found)
        panel(axes["b"], "b", "loss with constant coefficients")
        for letter, (key, (title, label)) in zip("cde", _GATES.items(), strict=True):
            _by_side(axes[letter], layers, key)
            axes[letter].set_ylabel(label)
            panel(axes[letter], letter, title)
    head_legend(made, _handles(gated))
    return made


def _distances(axes: Axes, layers: list[dict[str, Any]]) -> None:
    la, fixed = look_of(Kind.LA), look_of(Kind.FIXED)
    for place, layer in enumerate(layers):
        for distance, look in ((layer["nearest_la"], la), (layer["nearest_fixed"], fixed)):
            if distance is not None:
                _point(axes, place, distance, look.colour, look.marker, least=_NONE)
        if layer["nearest_la"] is not None and not layer["nearest_la"]["optimal"]:
            least = max(layer["nearest_la"]["relaxed"]["value"], _NONE)
            axes.plot(place, least, "_", color=la.colour, markersize=9)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=7))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("part of the outputs")
    _layer_names(axes, len(layers))


def _changes(axes: Axes, found: dict[str, Any]) -> None:
    rows = [*found["layers"].values(), found]
    for key, filled in zip(_CHANGES, (True, False), strict=True):
        for place, row in enumerate(rows):
            if row[key] is not None:
                shift = -0.12 if filled else 0.12
                _point(axes, place + shift, row[key], INK, "D", filled=filled)
    axes.axhline(0, color=SOFT, linewidth=0.6)
    names(axes, [*map(str, range(1, len(rows))), "all"], "layer")
    axes.set_ylabel("change of loss, nats per byte")


def _by_side(axes: Axes, layers: list[dict[str, Any]], key: str) -> None:
    look = look_of(Kind.MOA)
    for side in range(max(len(layer["sides"]) for layer in layers)):
        shown = [
            (place, layer["sides"][side][key])
            for place, layer in enumerate(layers)
            if len(layer["sides"]) > side
        ]
        face = look.colour if side == 0 else "white"
        axes.plot(*zip(*shown, strict=True), color=look.colour, marker=look.marker,
                  markerfacecolor=face)  # fmt: skip
    _layer_names(axes, len(layers))


def _point(
    axes: Axes,
    place: float,
    found: dict[str, Any],
    colour: str,
    marker: str,
    *,
    filled: bool = True,
    least: float | None = None,
) -> None:
    """A value with two standard errors on either side."""
    value, error = found["value"], 2 * (found["standard_error"] or 0.0)
    low, high = value - error, value + error
    if least is not None:
        low, value, high = (max(number, least) for number in (low, value, high))
    axes.vlines(place, low, high, color=colour)
    axes.plot(place, value, marker, color=colour, markerfacecolor=colour if filled else "white")


def _layer_names(axes: Axes, count: int) -> None:
    # A tick for every layer where they fit.
    step = -(-count // 12)
    labels = [str(n) if n % step == 1 % step else "" for n in range(1, count + 1)]
    names(axes, labels, "layer")


def _handles(gated: bool) -> list[Line2D]:
    looks = {
        "to LA": look_of(Kind.LA),
        "to fixed": look_of(Kind.FIXED),
    }
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="", label=label)
        for label, look in looks.items()
    ]
    if gated:
        handles += [
            Line2D([], [], color=INK, marker="D", linestyle="", label=label, markerfacecolor=face)
            for label, face in zip(_CHANGES.values(), (INK, "white"), strict=True)
        ]
    return handles


FIGURES.add(
    "audit",
    PaperFigure(
        name="audit",
        title="How far trained layers are from LA and fixed ones",
        caption="Layers of one trained language model, on windows of one text. Distance: root of "
        "the mean squared difference between a layer's outputs and those of the nearest LA or "
        "fixed layer with the same linear maps, over that of its own outputs; the dash is what no "
        "LA layer can be below, where that is not known to be reached. Change of loss when "
        "coefficients are constant: the gates' means over tokens, or those of the nearest LA "
        "layer; for each layer alone and for all. Vertical lines are two standard errors on either "
        "side, by the jackknife over groups of windows. Statistics of the coefficients over "
        "tokens: filled, first factor; open, second. The effective rank of constant gates is 1.",
        alt="Distances of each layer from the nearest LA and fixed layer, the change of loss "
        "without gates, and variance, entropy and effective rank of the gates by layer.",
        needs=("audit",),
        draw=draw,
    ),
)
