"""Language models: loss against size, with power laws."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.pretraining.summary import scaled
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from figures.figure import FIGURES, PaperFigure
from figures.forest import interval_handle
from figures.runs import Runs
from figures.style import (
    INK,
    PAGE,
    SOFT,
    STYLES,
    head_legend,
    kind_handles,
    log_ticks,
    look_of,
    new_figure,
    panel,
)


def draw(runs: Runs) -> Figure:
    """Losses with their fits, and the exponents with their intervals.

    Raises:
        ValueError: no fit.
    """
    document = scaled(runs["scaling"])
    if not document["fits"]:
        raise ValueError(
            "required: finished runs of scaling at four sizes; got fewer: run it again"
        )
    made = new_figure(PAGE, 2.6)
    left, right = made.subplots(1, 2, width_ratios=(1.6, 1))
    for place, row in enumerate(document["fits"]):
        look, fit, sizes = look_of(row["arm"]), row["fit"], row["sizes"]
        own = [run for run in document["runs"] if run["arm"] == row["arm"]]
        left.plot(
            [run["parameters"] / 1e6 for run in own],
            [run["validation"] for run in own],
            look.marker,
            color=look.colour,
            markerfacecolor="white",
        )
        n = np.geomspace(sizes[0], sizes[-1], 100)
        law = fit["limit"] + fit["amplitude"] * (n / sizes[0]) ** -fit["exponent"]
        left.plot(n / 1e6, law, color=look.colour, linestyle=STYLES[Evidence.NUMERICAL])
        if row["exponent"] is not None:
            right.hlines(place, *row["exponent"], color=look.colour)
        right.plot(fit["exponent"], place, look.marker, color=look.colour)
    sizes = {round(size / 1e6, 2) for row in document["fits"][:1] for size in row["sizes"]}
    log_ticks(left, sizes, "parameters, millions")
    left.set_ylabel("validation loss, nats per byte")
    panel(left, "a", "loss and fit")
    arms = [row["arm"] for row in document["fits"]]
    right.set_yticks(range(len(arms)), [look_of(arm).label for arm in arms])
    right.set_ylim(len(arms) - 0.4, -0.6)
    right.set_ylabel("layers")
    right.grid(visible=False)
    right.set_xlabel(r"exponent $\alpha$")
    panel(right, "b", r"$L = E + A\,N^{-\alpha}$")
    head_legend(
        made,
        [
            *kind_handles(Kind(arm) for arm in arms),
            Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="",
                   label="a run (a)"),
            Line2D([], [], color=SOFT, linestyle=STYLES[Evidence.NUMERICAL],
                   label="least-squares fit (a)"),
            interval_handle("95 % interval (b)"),
        ],
    )  # fmt: skip
    return made


FIGURES.add(
    "scaling",
    PaperFigure(
        name="scaling",
        title="Loss of language models against size",
        caption="a: validation loss of models of several dimensions after the same text, a marker "
        "for every seed, with least-squares fits of L = E + A N^-alpha, N the number of "
        "parameters. b: the exponents with 95 % profile t intervals of the fit to all runs. Losses "
        "after few steps of small models test no terminal loss.",
        alt="Losses fall with size in all families; exponents with their intervals.",
        needs=("scaling",),
        draw=draw,
    ),
)
