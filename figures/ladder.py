"""The default ladder: errors against width for every target and form."""

from matplotlib.figure import Figure

from experiments.reading import readings
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import symbol
from figures.width_sweep import Row, draw_rows


def draw(runs: Runs) -> Figure:
    """A row for each target and form: L2 error on the left, gradient error on the right.

    Raises:
        ValueError: no fit in the run.
    """
    found = readings(runs["separation"])
    pairs = dict.fromkeys((r.target, r.record) for r in found)
    return draw_rows(
        [
            Row(
                title=f"{symbol(name)}, {record.label}",
                fits=[r for r in found if (r.target, r.record) == (name, record)],
            )
            for name, record in pairs
        ]
    )


FIGURES.add(
    "ladder",
    PaperFigure(
        name="ladder",
        title="Every class of the default ladder: error against width",
        caption="Relative L2 error (left) and essential supremum of the gradient error (right) of "
        "the best restart, against the width, for every target and form. Lines without markers "
        "are lower bounds; shaded: where no network of the class lies. Where the larger class is "
        "at round-off and the smaller is not, membership (proved) says whether it can be.",
        alt="For each target the larger class is at round-off at width 1, the smaller is not.",
        needs=("separation",),
        draw=draw,
    ),
)
