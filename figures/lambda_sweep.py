"""Error of LA on t2 against the steepness of its gate."""

from dataclasses import replace

from matplotlib.figure import Figure

from experiments.lambda_sweep import curves
from experiments.reading import Curve
from figures.curves import RANKS
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import symbol
from figures.sweeps import sweep_figure


def draw(runs: Runs) -> Figure:
    """L2 and gradient error against lambda, for LA of several widths and MoA.

    Raises:
        ValueError: no fit in the run.
    """
    run = runs["lambda_sweep"]
    return sweep_figure(
        lambda norm: [_short(curve) for curve in curves(run, norm)],
        title=f"{symbol('t2')}, Type-I",
        along=r"steepness $\lambda$ of the gate in $t_2$",
        experiment="lambda_sweep",
    )


def _short(curve: Curve) -> Curve:
    """Its width alone as its name: the kind is in its look."""
    return replace(curve, label=curve.label.partition("width ")[2].join(("$m=", "$")))


FIGURES.add(
    "lambda_sweep",
    PaperFigure(
        name="lambda_sweep",
        title="Error of LA on t2 against lambda",
        caption="LA with m neurons on t2 = tanh(lambda x1) ReLU(x2), and MoA with one: medians "
        f"over seeds, {RANKS}, and the lower bounds of LA. "
        "Shaded: where no LA "
        "network of that width lies. Where lambda is small t2 is nearly x1 ReLU(x2) times lambda; "
        "the relative error shows that steepness is not what makes it hard.",
        alt="Errors of LA stay above their bounds for every lambda, those of MoA at round-off.",
        needs=("lambda_sweep",),
        draw=draw,
    ),
)
