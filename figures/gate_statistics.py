"""Language models: what the gates of trained MoA layers do."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.pretraining.arm_names import plain_gated
from experiments.pretraining.summary import compared
from expressivity.classes.kinds import Kind
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import PAGE, SOFT, look_of, names, new_figure, panel

_SIDES = ("share of each activation, first factor", "share, second factor")


def draw(runs: Runs) -> Figure:
    """Shares of the activations of each side; variation over tokens; the loss without gates.

    Raises:
        ValueError: no MoA run has finished.
    """
    found = [arm for arm in compared(runs["pretrain"])["gates"] if plain_gated([arm["arm"]])]
    if not found:
        raise ValueError("required: finished runs of pretrain with moa; got none: run it again")
    (arm,) = found
    layers = list(arm["layers"].values())
    sides = len(layers[0]["sides"])
    made = new_figure(PAGE, 1.9 * ((sides + 2 + 1) // 2))
    axes = made.subplots((sides + 2 + 1) // 2, 2, squeeze=False).flatten()
    letters = iter("abcd")
    for side in range(sides):
        _shares(made, axes[side], arm, side)
        panel(axes[side], next(letters), _SIDES[side])
    _ranks(axes[sides], layers)
    panel(axes[sides], next(letters), "effective rank of the coefficients")
    _frozen(axes[sides + 1], arm)
    panel(axes[sides + 1], next(letters), "loss with gates at their means")
    for unused in axes[sides + 2 :]:
        unused.set_axis_off()
    return made


def _shares(made: Figure, axes: Axes, arm: dict[str, Any], side: int) -> None:
    layers = arm["layers"].values()
    grid = np.array([layer["sides"][side]["shares"] for layer in layers])
    shown = axes.imshow(grid, cmap="cividis", vmin=0, aspect="auto")
    size = grid.shape[1]
    dictionary = arm["dictionary"]
    columns = dictionary if len(dictionary) == size else list(map(str, range(1, size + 1)))
    axes.set_xticks(range(size), columns, rotation=30)
    axes.set_yticks(range(len(grid)), list(map(str, range(1, len(grid) + 1))))
    axes.grid(visible=False)
    axes.set_xlabel("activation" if columns is dictionary else "pair of activations")
    axes.set_ylabel("layer")
    made.colorbar(shown, ax=axes, label="mean share over tokens")


def _ranks(axes: Axes, layers: list[dict[str, Any]]) -> None:
    look = look_of(Kind.MOA)
    for side in range(len(layers[0]["sides"])):
        axes.plot(
            range(len(layers)),
            [layer["sides"][side]["effective_rank"] for layer in layers],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.colour if side == 0 else "white",
        )
    size = len(layers[0]["sides"][0]["shares"])
    axes.axhline(1, color=SOFT, linewidth=0.6)
    axes.annotate("constant gates", (0.98, 1), xycoords=("axes fraction", "data"), xytext=(0, 2),
                  textcoords="offset points", ha="right", color=SOFT)  # fmt: skip
    most = max(side["effective_rank"] for layer in layers for side in layer["sides"])
    axes.set_ylim(1 - 0.1 * (most - 1), most + 0.1 * (most - 1) + 1e-6)
    names(axes, list(map(str, range(1, len(layers) + 1))), "layer")
    axes.set_ylabel(f"effective rank, at most {size}")


def _frozen(axes: Axes, arm: dict[str, Any]) -> None:
    """Each layer alone as bars, all layers with the interval over seeds."""
    look = look_of(Kind.MOA)
    alone = [layer["frozen"] for layer in arm["layers"].values()]
    axes.bar(range(len(alone)), alone, width=0.6, color=look.colour)
    whole, place = arm["frozen"], len(alone)
    if whole["low"] is not None:
        axes.vlines(place, whole["low"], whole["high"], color=look.colour)
    if whole["value"] is not None:
        axes.plot(place, whole["value"], look.marker, color=look.colour)
    names(axes, [*map(str, range(1, place + 1)), "all"], "layer whose gates are frozen")
    axes.set_ylabel("change of loss, nats per byte")


FIGURES.add(
    "gate_statistics",
    PaperFigure(
        name="gate_statistics",
        title="What the gates of trained MoA layers do",
        caption="MoA layers of language models at their best rate, means over seeds, on the "
        "validation text. Share: of each activation in the sum of absolute coefficients of a "
        "token. Effective rank: exp of the entropy of the singular values of the coefficients, "
        "tokens by activations; 1 for gates that do not depend on the token; filled: first "
        "factor, open: second. Frozen: every gate of the layer replaced by its mean over tokens, "
        "which makes it an LA layer; for all layers with a 95 % Student t interval over seeds.",
        alt="Heat maps of the shares of activations by layer, effective ranks, and the loss that "
        "freezing the gates costs.",
        needs=("pretrain",),
        draw=draw,
    ),
)
