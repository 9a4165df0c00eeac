"""What random starts end in: the distribution of final errors, class by class."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.restarts import Distribution, distributions
from expressivity.evidence import Evidence, Verdict
from expressivity.separation.gaps import REACHED
from figures.curves import FLOOR
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import (
    PAGE,
    RELATIVE_L2,
    SOFT,
    STYLES,
    class_name,
    long_log,
    look_of,
    new_figure,
    panel,
    symbol,
)
from figures.sweeps import finish


def draw(runs: Runs) -> Figure:
    """A panel for each target: the share of restarts that end at or below an error.

    Raises:
        ValueError: no fit in the run.
    """
    found = distributions(runs["restarts"])
    targets = list(dict.fromkeys(d.target for d in found))
    if not targets:
        raise ValueError("required: fits in the run of restarts; got none: run it again")
    made = new_figure(PAGE, 3.0)
    axes = made.subplots(1, len(targets), sharey=True, squeeze=False)[0]
    for place, letter, target in zip(axes, "abcdef", targets, strict=False):
        _panel(place, [d for d in found if d.target == target])
        panel(place, letter, symbol(target))
    axes[0].set_ylabel("share of restarts at or below")
    finish(made, {d.kind for d in found}, {Evidence.NUMERICAL})
    return made


def _panel(axes: Axes, found: Sequence[Distribution]) -> None:
    long_log(axes, 1e-4, most=20.0, of="x")
    axes.set(ylim=(0, 1.04), xlabel=f"final {RELATIVE_L2}")
    handles: list[Line2D] = []
    for distribution in found:
        look = look_of(distribution.kind)
        errors = [max(e, FLOOR) for e in distribution.errors if math.isfinite(e)]
        shares = [(i + 1) / len(distribution.errors) for i in range(len(errors))]
        axes.plot(
            [errors[0], *errors, 20.0], [0, *shares, shares[-1]], drawstyle="steps-post",
            color=look.colour, linestyle=STYLES[Evidence.NUMERICAL],
        )  # fmt: skip
        middle = len(errors) // 2
        axes.plot(errors[middle], shares[middle], look.marker, color=look.colour,
                  markerfacecolor="white")  # fmt: skip
        handles.append(
            Line2D([], [], color=look.colour, marker=look.marker, markerfacecolor="white",
                   linestyle=STYLES[Evidence.NUMERICAL], label=_summary(distribution))
        )  # fmt: skip
    axes.axvline(REACHED, color=SOFT, linewidth=0.5)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(-0.05, -0.22), fontsize=6.5)


def _summary(found: Distribution) -> str:
    """The class, how often it succeeds at what cost, and its minima, in two short lines."""
    needed = "no success" if math.isinf(found.restarts_needed) else (
        f"{found.restarts_needed:g} for 95 %"
    )  # fmt: skip
    minima = f"{len(found.minima)} {'minimum' if len(found.minima) == 1 else 'minima'}"
    failed = sum(math.isinf(error) for error in found.errors)
    aim = "reach it" if found.verdict is Verdict.MEMBER else "end near the best"
    return (
        f"{class_name(found.label)}, $m={found.width}$: {100 * found.success:.0f} % {aim}\n"
        f"({', '.join([needed, minima, *([f'{failed} failed'] if failed else [])])})"
    )


FIGURES.add(
    "restarts",
    PaperFigure(
        name="restarts",
        title="Distribution of final errors over random restarts",
        caption="Share of random restarts whose final relative L2 error is at or below the value "
        "on the axis, for each class on each target. Success is an error below 1e-10 (thin line) "
        "where the class contains the target, and within 1 % of the best error seen elsewhere; "
        "in words: its rate, the restarts needed for one success with a probability of 95 %, and "
        "the distinct minima met more than once. Left of the dotted line the axis is compressed.",
        alt="Staircases: those of larger classes reach round-off, those of smaller classes stop "
        "at a few distinct errors far from it.",
        needs=("restarts",),
        draw=draw,
    ),
)
