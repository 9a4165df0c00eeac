"""The order of the classes, with the theorem behind every arrow and what its proof came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.neurons import FORMS, NEURONS, Neuron
from expressivity.evidence import Evidence
from expressivity.symbolic.proof import ProofVerdict
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import ALARM, INK, PAGE, SOFT, STYLES, Look, look_of, new_figure

Place = tuple[str, Kind]


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """One class inside another.

    Attributes:
        smaller, larger: the classes.
        contained: the theorem that says so.
        strict: the theorem that the larger one has more, or None.
        witness: the function that shows it.
    """

    smaller: Place
    larger: Place
    contained: str
    strict: str | None = None
    witness: str = ""


_T1 = r"$t_1=\mathrm{ReLU}(x)+\mathrm{ReLU}^2(x)$"
_T2 = r"$t_2=\tanh(\lambda x_1)\,\mathrm{ReLU}(x_2)$"

ARROWS: tuple[Arrow, ...] = (
    *(
        Arrow(
            smaller=(form, Kind.FIXED),
            larger=(form, Kind.LA),
            contained="inclusions",
            strict=theorem,
            witness=witness,
        )
        for form, theorem, witness in (
            ("type1", "T1", _T1),
            ("one_sided", "T3b", r"$t_{3b}=t_1(x)\,(x+1)$"),
        )
    ),
    *(
        Arrow(
            smaller=(form, Kind.LA),
            larger=(form, Kind.MOA),
            contained="containment",
            strict=theorem,
            witness=witness,
        )
        for form, theorem, witness in (
            ("type1", "T2", _T2),
            ("one_sided", "T4", r"$t_4=x_1\,t_2$"),
            ("two_sided", "T5", r"$t_5=x_1\,\tanh(\lambda x_1)\,t_2$"),
            ("quadratic", "T5q", r"$t_{5q}=\tanh(\lambda x_1)\,t_2$"),
        )
    ),
    Arrow(smaller=("one_sided", Kind.LA), larger=("two_sided", Kind.LA), contained="inclusions"),
    Arrow(smaller=("two_sided", Kind.LA), larger=("quadratic", Kind.LA), contained="inclusions"),
)

_COLUMNS: tuple[tuple[Kind, float, str], ...] = (
    (Kind.FIXED, 2.35, r"$\psi=s$"),
    (Kind.LA, 5.35, r"$\psi=\sum_k\alpha_k\,s_k$"),
    (Kind.MOA, 8.75, r"$\psi=\sum_k\pi_k(x)\,s_k$"),
)
_ROWS: tuple[tuple[Neuron, float], ...] = tuple(
    zip((NEURONS[name] for name in FORMS), (4.1, 3.0, 1.9, 0.8), strict=True)
)
_MIDDLES: Mapping[Place, tuple[float, float]] = {
    (record.name, column): (x, y)
    for column, x, _ in _COLUMNS
    for record, y in _ROWS
    if {column} & {*kinds_of(record)}
}
"""Of the boxes of all classes."""
_HALF, _TALL = 0.42, 0.24


def draw(runs: Runs) -> Figure:
    """The diagram; verdicts are those of the stored proofs.

    Raises:
        ValueError: a theorem is not among them.
    """
    verdicts = {
        entry.record["theorem"]["name"]: ProofVerdict(entry.record["theorem"]["verdict"])
        for entry in runs["proofs"].entries
    }
    made = new_figure(PAGE, 3.0)
    axes = made.add_subplot()
    axes.set(xlim=(0, 9.5), ylim=(0.25, 5.2))
    axes.set_axis_off()
    for record, y in _ROWS:
        axes.text(0.0, y + 0.13, record.label, va="center", weight="bold")
        axes.text(0.0, y - 0.2, rf"$\sum_j a_j\,{record.latex}$", va="center", color=SOFT)
    for kind, x, mixes in _COLUMNS:
        look = look_of(kind)
        axes.text(x, 5.02, look.label, ha="center", va="center", weight="bold", size=8.5,
                  color=look.colour)  # fmt: skip
        axes.text(x, 4.7, mixes, ha="center", va="center", color=SOFT)
    for (_, kind), middle in _MIDDLES.items():
        _box(axes, middle, look_of(kind))
    for arrow in ARROWS:
        _arrow(axes, arrow, verdicts)
    _legend(axes)
    return made


def _box(axes: Axes, middle: tuple[float, float], look: Look) -> None:
    x, y = middle
    axes.add_patch(
        FancyBboxPatch(
            (x - _HALF, y - _TALL),
            2 * _HALF,
            2 * _TALL,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="white",
            edgecolor=look.colour,
            linewidth=1.4,
        )
    )
    axes.text(x, y, look.label, ha="center", va="center_baseline", color=look.colour,
              weight="bold")  # fmt: skip


def _verdict(name: str, verdicts: Mapping[str, ProofVerdict]) -> ProofVerdict:
    if name not in verdicts:
        raise ValueError(
            f"required: a proof of {name} in the run of proofs; got none: run it again to finish"
        )
    return verdicts[name]


def _arrow(axes: Axes, arrow: Arrow, verdicts: Mapping[str, ProofVerdict]) -> None:
    names = [arrow.contained] + ([arrow.strict] if arrow.strict else [])
    found = [_verdict(name, verdicts) for name in names]
    (x, y), (to_x, to_y) = _MIDDLES[arrow.smaller], _MIDDLES[arrow.larger]
    level = y == to_y
    refuted = ProofVerdict.REFUTED in found
    proved = all(verdict is ProofVerdict.PROVED for verdict in found)
    colour = ALARM if refuted else INK
    axes.add_patch(
        FancyArrowPatch(
            (x + _HALF, y) if level else (x, y - _TALL),
            (to_x - _HALF, to_y) if level else (x, to_y + _TALL),
            arrowstyle="-|>,head_length=4,head_width=2",
            linestyle=STYLES[Evidence.PROVED if proved else Evidence.UNKNOWN],
            linewidth=1.1,
            color=colour,
            shrinkA=2,
            shrinkB=2,
        )
    )
    if level:
        middle = (x + to_x) / 2
        said = rf"$\subsetneq$  {arrow.strict}: {found[1]}"
        axes.text(middle, y + 0.08, said, ha="center", va="bottom", color=colour)
        axes.text(middle, y - 0.1, arrow.witness, ha="center", va="top", color=SOFT)
    else:
        middle = (y + to_y) / 2
        axes.text(x - 0.1, middle, rf"$\subseteq$  {found[0]}", ha="right", va="center",
                  color=colour)  # fmt: skip


def _legend(axes: Axes) -> None:
    handles = [
        Line2D([], [], color=INK, linestyle=STYLES[Evidence.PROVED], label="proved"),
        Line2D([], [], color=INK, linestyle=STYLES[Evidence.UNKNOWN], label="unknown"),
        Line2D([], [], color=ALARM, linestyle=STYLES[Evidence.UNKNOWN], label="refuted"),
    ]
    axes.legend(handles=handles, loc="center", bbox_to_anchor=(0.247, 0.22))


FIGURES.add(
    "diagram",
    PaperFigure(
        name="diagram",
        title="Order of the classes, with the verdict of every proof",
        caption="Fixed, learned (LA) and mixed (MoA) activations in the four forms of a neuron, at "
        "equal width, z = Wx + b and y = Vx + c, biases on, gates with scale and bias. An arrow "
        "leads from a class to one that contains it; strict inclusion is for tanh gates, where "
        "the function under the arrow lies in the larger class at width 1 and in the smaller "
        "one at no finite width. Verdicts are those of the symbolic proofs, run step by step.",
        alt="A grid of classes by kind and form with an arrow for every inclusion, each labelled "
        "by its theorem and the verdict of its proof.",
        needs=("proofs",),
        draw=draw,
    ),
)
