"""t2 in higher dimensions: error, bounds and the control t1."""

from dataclasses import replace

from matplotlib.figure import Figure

from experiments.dimension import curves
from experiments.reading import Curve
from figures.curves import RANKS
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import symbol
from figures.sweeps import sweep_figure


def draw(runs: Runs) -> Figure:
    """L2 and gradient error against the dimension.

    Raises:
        ValueError: no fit in the run.
    """
    run = runs["dimension"]
    return sweep_figure(
        lambda norm: [_short(curve) for curve in curves(run, norm)],
        title=f"{symbol('t2')}, and the control {symbol('t1')}",
        along="dimension $d$ of the unit ball",
        experiment="dimension",
        control=lambda curve: curve.target == "t1",
    )


def _short(curve: Curve) -> Curve:
    width = curve.label.partition("width ")[2]
    return replace(curve, label=f"{symbol(curve.target)}, $m={width}$")


FIGURES.add(
    "dimension",
    PaperFigure(
        name="dimension",
        title="t2 and t1 on the unit ball of d dimensions",
        caption="LA with m neurons and MoA with one on t2, a function of two coordinates, on the "
        "unit ball of d dimensions; control (filled): LA of width 1 on t1, which it contains. "
        f"Medians over seeds, {RANKS}. The bound of the gradient error is proved "
        "in every dimension; that of the L2 error is certified on the disk alone.",
        alt="The errors of LA on t2 stay above the gradient bound in every dimension; MoA on t2 "
        "and LA on t1 are at round-off.",
        needs=("dimension",),
        draw=draw,
    ),
)
