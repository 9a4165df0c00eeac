"""The order of the classes, with the theorem behind every arrow and what its proof came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from expressivity.classes.families import FIXED_FORMS, Kind
from expressivity.evidence import Evidence
from expressivity.symbolic.proof import ProofVerdict
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.style import ALARM, FORMS, INK, LOOKS, PAGE, SOFT, STYLES, new_figure

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

_NEURONS: Mapping[str, str] = {
    "type1": r"$\sum_j a_j\,\psi(z_j)$",
    "one_sided": r"$\sum_j a_j\,\psi(z_j)\,y_j$",
    "two_sided": r"$\sum_j a_j\,\psi(z_j)\,\varphi(y_j)$",
    "quadratic": r"$\sum_j a_j\,\Psi(z_j,y_j)$",
}
_MIXES: Mapping[Kind, str] = {
    Kind.FIXED: r"$\psi=s$",
    Kind.LA: r"$\psi=\sum_k\alpha_k\,s_k$",
    Kind.MOA: r"$\psi=\sum_k\pi_k(x)\,s_k$",
}
_X: Mapping[Kind, float] = {Kind.FIXED: 2.35, Kind.LA: 5.35, Kind.MOA: 8.75}
_Y: Mapping[str, float] = dict(zip(FORMS, (4.1, 3.0, 1.9, 0.8), strict=True))
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
    for form in FORMS:
        axes.text(0.0, _Y[form] + 0.13, FORMS[form], va="center", weight="bold")
        axes.text(0.0, _Y[form] - 0.2, _NEURONS[form], va="center", color=SOFT)
    for kind in Kind:
        look = LOOKS[kind]
        axes.text(_X[kind], 5.02, look.label, ha="center", va="center", weight="bold", size=8.5,
                  color=look.colour)  # fmt: skip
        axes.text(_X[kind], 4.7, _MIXES[kind], ha="center", va="center", color=SOFT)
        for form in FORMS if kind is not Kind.FIXED else FIXED_FORMS:
            _box(axes, form, kind)
    for arrow in ARROWS:
        _arrow(axes, arrow, verdicts)
    _legend(axes)
    return made


def _box(axes: Axes, form: str, kind: Kind) -> None:
    look = LOOKS[kind]
    axes.add_patch(
        FancyBboxPatch(
            (_X[kind] - _HALF, _Y[form] - _TALL),
            2 * _HALF,
            2 * _TALL,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="white",
            edgecolor=look.colour,
            linewidth=1.4,
        )
    )
    axes.text(_X[kind], _Y[form], look.label, ha="center", va="center_baseline", color=look.colour,
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
    (form, kind), (to_form, to_kind) = arrow.smaller, arrow.larger
    level = kind is not to_kind
    refuted = ProofVerdict.REFUTED in found
    proved = all(verdict is ProofVerdict.PROVED for verdict in found)
    colour = ALARM if refuted else INK
    axes.add_patch(
        FancyArrowPatch(
            (_X[kind] + _HALF, _Y[form]) if level else (_X[kind], _Y[form] - _TALL),
            (_X[to_kind] - _HALF, _Y[to_form]) if level else (_X[kind], _Y[to_form] + _TALL),
            arrowstyle="-|>,head_length=4,head_width=2",
            linestyle=STYLES[Evidence.PROVED if proved else Evidence.UNKNOWN],
            linewidth=1.1,
            color=colour,
            shrinkA=2,
            shrinkB=2,
        )
    )
    if level:
        middle = (_X[kind] + _X[to_kind]) / 2
        said = rf"$\subsetneq$  {arrow.strict}: {found[1]}"
        axes.text(middle, _Y[form] + 0.08, said, ha="center", va="bottom", color=colour)
        axes.text(middle, _Y[form] - 0.1, arrow.witness, ha="center", va="top", color=SOFT)
    else:
        middle = (_Y[form] + _Y[to_form]) / 2
        axes.text(_X[kind] - 0.1, middle, rf"$\subseteq$  {found[0]}", ha="right", va="center",
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
