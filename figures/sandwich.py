"""How close LA of each width comes to t2: certified from below, found from above."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.certificates import sandwich
from experiments.reading import Reading, readings
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.evidence import Evidence
from expressivity.targets.builtin import t2
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import COLUMN, INK, SOFT, STYLES, log_errors, log_ticks, look_of, new_figure

_LA = look_of(Kind.LA)
_METHODS = {"ridge-rank": ("|", "rank of moments"), "ridge-search": ("D", "verified search")}


def draw(runs: Runs) -> Figure:
    """Bounds by method, best ridges and best fits against the width.

    Raises:
        ValueError: no certificate in the run.
    """
    found = sandwich(runs["certificates"])
    if not found:
        raise ValueError(
            "required: a certified bound in the run of certificates; got none: run it again"
        )
    made = new_figure(COLUMN, 2.7)
    axes = made.add_subplot()
    lowers = {width: max(low for (m, _), (low, _) in found.items() if m == width)
              for width, _ in found}  # fmt: skip
    ridges = {width: above for (width, _), (_, above) in found.items()}
    fits = _best_fits(readings(runs["width_sweep"]), max(lowers))
    axes.fill_between(
        list(lowers), [v / 1e6 for v in lowers.values()], list(lowers.values()),
        color=_LA.colour, alpha=0.1, linewidth=0,
    )  # fmt: skip
    for method, (marker, _) in _METHODS.items():
        part = {m: low for (m, name), (low, _) in found.items() if name == method}
        axes.plot(
            part.keys(), part.values(), color=_LA.colour, marker=marker, markerfacecolor="white",
            linestyle=STYLES[Evidence.CERTIFIED] if method == "ridge-rank" else "",
            markersize=6 if marker == "|" else 4,
        )  # fmt: skip
    axes.plot(ridges.keys(), ridges.values(), color=SOFT, marker="_", markersize=7,
              linestyle=STYLES[Evidence.NUMERICAL])  # fmt: skip
    # No line: between widths that were fitted it could pass below what is certified.
    axes.plot(fits.keys(), fits.values(), color=_LA.colour, marker=_LA.marker,
              markerfacecolor="white", linestyle="")  # fmt: skip
    log_errors(axes)
    log_ticks(axes, [*lowers, *fits], "width $m$ of LA (number of neurons)")
    axes.set_ylim(min(lowers.values()) / 3, 2)
    _legend(axes)
    return made


def _best_fits(found: Sequence[Reading], widest: int) -> dict[int, float]:
    own = NEURONS[t2().form]
    chosen = {
        r.width: r.best("l2")
        for r in found
        if (r.target, r.record, r.loss) == ("t2", own, "l2")
        and r.kind.learned
        and r.width <= widest
    }
    return {width: error for width, error in sorted(chosen.items()) if math.isfinite(error)}


def _legend(axes: Axes) -> None:
    numerical, certified = STYLES[Evidence.NUMERICAL], STYLES[Evidence.CERTIFIED]
    rows = (
        ("best LA network found (numerical)", _LA.colour, _LA.marker, ""),
        ("best sum of $m$ ridges found (numerical)", SOFT, "_", numerical),
        ("no LA network below: search (certified)", _LA.colour, "D", ""),
        ("no LA network below: rank (certified)", _LA.colour, "|", certified),
    )
    handles = [
        Line2D([], [], color=colour, marker=marker, markerfacecolor="white", linestyle=line,
               label=label)
        for label, colour, marker, line in rows
    ]  # fmt: skip
    axes.legend(handles=handles, loc="lower left", labelcolor=INK)


FIGURES.add(
    "sandwich",
    PaperFigure(
        name="sandwich",
        title="Certified lower bounds, best ridges and best fits of LA to t2, by width",
        caption="Relative L2 error of LA with m neurons on t2 (unit disk, Lebesgue measure). "
        "Shaded: where no network of the class lies, by certificates that an independent checker "
        "verifies, for any activations, coefficients and biases: from the rank of Zernike moments "
        "at every width, and from a verified search over directions at small ones. Above: the "
        "best sum of m ridge functions of free profile and the best LA network found.",
        alt="Falling errors against the width: the best LA networks lie above the best "
        "ridges, and these above the certified lower bounds.",
        needs=("certificates", "width_sweep"),
        draw=draw,
    ),
)
