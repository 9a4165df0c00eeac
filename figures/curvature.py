"""What small errors cost: fitted networks of C^1 activations beside the bound by curvature."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.curvature import ACTIVATIONS, LEARNED, Network, curve, networks
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import COLUMN, INK, SOFT, STYLES, log_errors, look_of, new_figure

_FIXED, _LEARNED = look_of(Kind.FIXED), look_of(Kind.LA)
_MARKS = dict(zip(ACTIVATIONS, ("s", "o", "^", "D"), strict=True))
_NAMES = {
    "relu2": "ReLU$^2$",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "tanh",
    LEARNED: "LA over these",
}


def draw(runs: Runs) -> Figure:
    """Error against curvature, both logarithmic: the curve, networks, quotients.

    Raises:
        ValueError: no point of the curve in the run.
    """
    run = runs["curvature"]
    points, found = curve(run), networks(run)
    if not points:
        raise ValueError(
            "required: a certified curve in the run of curvature; got none: run it again"
        )
    on_curve = {float(point["curvature"]): float(point["error"]) for point in points}
    on_curve |= {one.curvature: one.bound for one in found if one.bound > 0}  # certified as well
    x, y = zip(*sorted(on_curve.items()), strict=True)
    made = new_figure(COLUMN, 3.0)
    axes = made.add_subplot()
    axes.set_xscale("log")
    floor = min([y[-1], *(one.l2 for one in found)]) / 2
    axes.fill_between(x, floor, y, color=_FIXED.colour, alpha=0.1, linewidth=0)
    axes.plot(x, y, color=_FIXED.colour, linestyle=STYLES[Evidence.CERTIFIED])
    _networks(axes, found)
    log_errors(axes)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(floor, 1)
    axes.set_xlabel(r"curvature $\sum_j\,|a_j|\,w_j^2\,\sup|s''|$")
    _legend(axes)
    return made


def _networks(axes: Axes, found: Sequence[Network]) -> None:
    quotients = sorted((o.curvature, o.l2) for o in found if o.label not in (*_MARKS, LEARNED))
    axes.plot(*zip(*quotients, strict=True) if quotients else ((), ()), color=SOFT, marker="_",
              markersize=6, linestyle=STYLES[Evidence.CERTIFIED], linewidth=0.8)  # fmt: skip
    for label, colour, mark in _looks():
        own = [one for one in found if one.label == label]
        axes.plot(
            [one.curvature for one in own], [one.l2 for one in own], mark, color=colour,
            markerfacecolor="white", markersize=2.6, markeredgewidth=0.5,
        )  # fmt: skip


def _looks() -> list[tuple[str, str, str]]:
    """Label, colour and marker of the fitted networks, LA on top of the others."""
    fixed = [(label, _FIXED.colour, mark) for label, mark in _MARKS.items()]
    return [*fixed, (LEARNED, _LEARNED.colour, _LEARNED.marker)]


def _legend(axes: Axes) -> None:
    rows = (
        *((_NAMES[label], colour, mark, "") for label, colour, mark in _looks()),
        ("two-neuron quotient (certified)", SOFT, "_", STYLES[Evidence.CERTIFIED]),
        ("no network below (certified)", _FIXED.colour, "", STYLES[Evidence.CERTIFIED]),
    )
    handles = [
        Line2D([], [], color=colour, marker=mark, markerfacecolor="white", linestyle=line,
               markersize=4, label=label)
        for label, colour, mark, line in rows
    ]  # fmt: skip
    axes.legend(handles=handles, loc="lower left", labelcolor=INK)


FIGURES.add(
    "curvature",
    PaperFigure(
        name="curvature",
        title="Error against curvature: what small errors on t1 cost in weights",
        caption="Networks of 1 to 8 neurons fitted to t1 on [-1, 1], fixed ones by three "
        "optimizers, LA over the same four activations by one: "
        "relative L2 error (numerical) against the curvature of their weights, which bounds "
        "abs(f''). Shaded: where no network with C^1 activations lies, of any width; the points "
        "of the line are certified, at each network's own curvature too. Beside it two-neuron "
        "ReLU^2 quotients, which follow the line at all scales.",
        alt="A falling certified line; all fitted networks lie above it, those of ReLU^2 within a "
        "small factor.",
        needs=("curvature",),
        draw=draw,
    ),
)
