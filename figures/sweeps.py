"""Two panels, L2 and gradient error, against one number: what several figures share."""

from collections.abc import Callable, Iterable, Sequence

from matplotlib.figure import Figure

from experiments.reading import Curve
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from figures.curves import draw_bounds, draw_curve, end_labels, top
from figures.style import (
    GRADIENT,
    PAGE,
    RELATIVE_L2,
    evidence_handles,
    head_legend,
    kind_handles,
    log_ticks,
    long_log,
    new_figure,
    panel,
)

NORMS = (("l2", RELATIVE_L2, 1e-4), ("w1inf", GRADIENT, 1e-2))
"""Norms with the labels and the knees of their axes."""


def sweep_figure(
    curves: Callable[[str], Sequence[Curve]],
    *,
    title: str,
    along: str,
    experiment: str,
    control: Callable[[Curve], bool] = lambda _: False,
) -> Figure:
    """Curves in both norms, each with its name at its right end and its lower bounds.

    Args:
        curves: from a norm to the curves.
        title: of both panels.
        along: label of the x-axis, which is logarithmic.
        experiment: whose run it is, for the message.
        control: which curves have filled markers.

    Raises:
        ValueError: no curve.
    """
    made = new_figure(PAGE, 2.5)
    levels: set[Evidence] = {Evidence.NUMERICAL}
    kinds: set[Kind] = set()
    for axes, letter, (norm, label, knee) in zip(made.subplots(1, 2), "ab", NORMS, strict=True):
        drawn = curves(norm)
        if not drawn:
            raise ValueError(f"required: fits in the run of {experiment}; got none: run it again")
        for curve in drawn:
            draw_curve(axes, curve, filled=control(curve))
        levels |= draw_bounds(axes, drawn)
        kinds |= {curve.kind for curve in drawn}
        long_log(axes, knee, most=top(drawn, 10.0))
        log_ticks(axes, {p.x for curve in drawn for p in curve.points}, along)
        axes.set_ylabel(label)
        end_labels(axes, drawn)
        panel(axes, letter, title)
    finish(made, kinds, levels)
    return made


def finish(made: Figure, kinds: Iterable[Kind], levels: Iterable[Evidence]) -> None:
    """The legend above a figure: kinds, then evidence, each in its own order."""
    shown = set(levels)
    head_legend(
        made,
        [
            *kind_handles(kinds),
            *evidence_handles(level for level in Evidence if level in shown),
        ],
    )
