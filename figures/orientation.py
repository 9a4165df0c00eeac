"""Initial condensation: clusters of directions against twice the multiplicity."""

from collections.abc import Collection

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.orientation import Count, counts
from expressivity.classes.kinds import Kind
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import COLUMN, INK, SOFT, log_ticks, look_of, new_figure


def draw(runs: Runs) -> Figure:
    """A row for each layer: clusters of every network before and after.

    Raises:
        ValueError: no unit in the run.
    """
    found = counts(runs["orientation"])
    if not found:
        raise ValueError("required: units in the run of orientation; got none: run it again")
    made = new_figure(COLUMN, 1.1 + 0.2 * len(found))
    axes = made.add_subplot()
    for row, count in enumerate(found):
        _row(axes, row, count)
    most = max(seed.clusters_before for count in found for seed in count.seeds)
    log_ticks(axes, [2**k for k in range(1 + max(most, 1).bit_length())], "clusters of directions")
    axes.set_yticks(range(len(found)), [_label(count) for count in found])
    axes.set(ylim=(len(found) - 0.4, -0.6), ylabel="activation, multiplicity $p$ at 0")
    axes.grid(visible=True, axis="x")
    made.legend(
        handles=_handles({_kind(count) for count in found}), loc="outside upper center", ncols=2
    )
    return made


def _row(axes: Axes, row: int, count: Count) -> None:
    look = look_of(_kind(count))
    before = [seed.clusters_before for seed in count.seeds]
    axes.plot(before, [row] * len(before), "|", color=SOFT, alpha=0.5, markersize=4)
    after = [seed.clusters for seed in count.seeds]
    for value in sorted(set(after)):
        share = after.count(value) / len(after)
        axes.plot(value, row, look.marker, color=look.colour, markersize=2.5 + 4 * share**0.5,
                  markerfacecolor="white")  # fmt: skip
    if count.bound is not None:
        axes.vlines(count.bound, row - 0.4, row + 0.4, color=INK, linewidth=1.4)
    if count.attractors is not None:
        axes.plot(count.attractors.value, row, "x", color=INK, markersize=3)


def _kind(count: Count) -> Kind:
    """Learned and gated mixtures by their name; what is left has one given activation."""
    mixing = {str(kind): kind for kind in Kind if kind.mixes}
    return mixing.get(count.layer.partition(",")[0], Kind.FIXED)


def _label(count: Count) -> str:
    multiplicity = "kink" if count.multiplicity is None else f"$p={count.multiplicity}$"
    where = "" if count.dimension == 1 else f", $d={count.dimension}$"
    return f"{count.layer}{where}, {multiplicity}"


def _handles(kinds: Collection[Kind]) -> list[Line2D]:
    return [
        Line2D([], [], linestyle="", marker="|", color=SOFT, label="at the start"),
        *(
            Line2D([], [], linestyle="", marker=look.marker, color=look.colour,
                   markerfacecolor="white", label=f"at the end, {look.label}")
            for look in map(look_of, sorted(kinds))
        ),
        Line2D([], [], linestyle="", marker="x", color=INK, markersize=3, label="leading order"),
        Line2D([], [], linestyle="", marker="|", color=INK, markeredgewidth=1.4, markersize=8,
               label="twice the multiplicity"),
    ]  # fmt: skip


FIGURES.add(
    "orientation",
    PaperFigure(
        name="orientation",
        title="Initial condensation: clusters of directions by activation",
        caption="Number of clusters of the directions of input weights, before (bars) and after "
        "(markers, the larger the more networks) they have grown from small values, for each "
        "network. Thick bars: twice the multiplicity of the activation at 0, the most that the "
        "theorem of arXiv:2105.11686 allows where it speaks; crosses: median of what the leading "
        "order predicts for each network.",
        alt="Many clusters at the start, few at the end, never more than the bound where there "
        "is one.",
        needs=("orientation",),
        draw=draw,
    ),
)
