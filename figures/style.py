"""One look for all figures: sizes, colours, line styles, names, axes.

A class's kind is shown by colour and marker, the evidence behind a line by its style. Colours are
from the palette of Okabe and Ito (2008, https://jfly.uni-koeln.de/color/), its blue darkened, so
that they stay apart under all three dichromacies, tritanopia too.
"""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    LogFormatterMathtext,
    LogLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
)

from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence

COLUMN, PAGE = 3.3, 6.9
"""Widths in inches of a figure over one column and over both."""

INK, SOFT, FAINT, ALARM = "#1c1e21", "#6b7178", "#dfe2e5", "#a3152b"

RC: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.labelpad": 2.5,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.prop_cycle": cycler(color=[INK]),  # colours are always said, never taken in turn
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "lines.markeredgewidth": 0.8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.borderaxespad": 0.2,
    "legend.labelspacing": 0.3,
    "legend.columnspacing": 1.4,
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.hspace": 0.04,
    "figure.constrained_layout.wspace": 0.04,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,  # TrueType: text stays text, as journals ask
    "svg.fonttype": "path",
    "svg.hashsalt": "expressivity",
}


@contextmanager
def applied() -> Generator[None]:
    """This style and nothing of the user's own settings, for drawing and for saving."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one kind of class appears."""

    label: str
    colour: str
    marker: str


_LOOKS: Mapping[Kind, tuple[str, str]] = {
    Kind.FIXED: ("#D55E00", "s"),
    Kind.LA: ("#004C8C", "o"),
    Kind.MOA: ("#009E73", "^"),
}
"""Colour and marker."""


def look_of(kind: Kind | str) -> Look:
    """The look of a kind, also by its name.

    >>> look_of("moa").label
    'MoA'
    """
    colour, marker = _LOOKS[Kind(kind)]
    return Look(label=Kind(kind).prose, colour=colour, marker=marker)


STYLES: Mapping[Evidence, Any] = {
    Evidence.KERNEL: (0, (12, 1.2)),
    Evidence.PROVED: "-",
    Evidence.CERTIFIED: (0, (6, 1.5, 1.2, 1.5)),
    Evidence.NUMERICAL: (0, (2.2, 0.9)),
    Evidence.DECLARED: (0, (1.4, 1.2)),
    Evidence.UNKNOWN: (0, (0.8, 1.6)),
}
"""Line styles, from solid ground to none."""

RELATIVE_L2 = r"$L^2$ error, relative"
GRADIENT = "gradient error,\n" r"ess sup $|\nabla(f-t)|_2$"
"""Axis labels of errors name the norm; relative means to that of the target."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, outside pyplot."""
    return Figure(figsize=(width, height), layout="constrained")


def panel(axes: Axes, letter: str, title: str) -> None:
    """Head a panel: **a** title."""
    axes.set_title(rf"$\bf{{{letter}}}$  {title}")


def symbol(target: str) -> str:
    """A built-in target's name as in the text.

    >>> symbol("t5q")
    '$t_{5q}$'
    """
    return f"$t_{{{target[1:]}}}$" if target.startswith("t") and len(target) <= 3 else target


def class_name(label: str) -> str:
    """A class as experiments call it, in print: kinds as in the legend.

    >>> class_name("moa tanh"), class_name("relu")
    ('MoA tanh', 'relu')
    """
    first, _, rest = label.partition(" ")
    titles = {str(kind): kind.prose for kind in Kind}
    return " ".join(filter(None, [titles.get(first, first), rest]))


def log_errors(axes: Axes, label: str = RELATIVE_L2) -> None:
    """A logarithmic axis of errors with few round ticks."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(label)


def log_ticks(axes: Axes, values: Iterable[float], label: str, *, of: str = "x") -> None:
    """A logarithmic axis (base 2) that is ticked at these values alone."""
    axis = axes.xaxis if of == "x" else axes.yaxis
    (axes.set_xscale if of == "x" else axes.set_yscale)("log", base=2)
    axis.set_major_locator(FixedLocator(sorted(set(values))))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(label)


def names(axes: Axes, labels: Sequence[str], label: str) -> None:
    """An axis of named places 0, 1, .. along x."""
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_xlabel(label)


def kind_handles(kinds: Iterable[Kind]) -> list[Line2D]:
    """Legend entries of kinds, each once: colour and marker."""
    return [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="", label=look.label)
        for look in (look_of(kind) for kind in sorted(set(kinds)))
    ]


def evidence_handles(levels: Iterable[Evidence]) -> list[Line2D]:
    """Legend entries of evidence: line styles."""
    return [
        Line2D([], [], color=SOFT, linestyle=STYLES[level], label=str(level)) for level in levels
    ]


def head_legend(figure: Figure, handles: Sequence[Any]) -> None:
    """One legend for the whole figure, in a row above it."""
    figure.legend(handles=list(handles), loc="outside upper center", ncols=len(handles))


def long_log(
    axes: Axes, knee: float, *, least: float = 2e-17, most: float = 3.0, of: str = "y"
) -> None:
    """A logarithmic axis that is compressed below a knee, where round-off is told from the rest.

    Eight decades below the knee take the room of one above it; a dotted line marks the knee.
    """
    edge = math.log10(knee)

    def forward(values: Any) -> Any:
        decades = np.log10(np.maximum(values, 1e-300)) - edge
        return np.where(decades >= 0, decades, decades / _COMPRESSION)

    def inverse(places: Any) -> Any:
        decades = np.where(places >= 0, places, np.asarray(places) * _COMPRESSION)
        return 10.0 ** np.clip(decades + edge, -300, 300)

    scale, limits, axis, line = {
        "x": (axes.set_xscale, axes.set_xlim, axes.xaxis, axes.axvline),
        "y": (axes.set_yscale, axes.set_ylim, axes.yaxis, axes.axhline),
    }[of]
    scale("function", functions=(forward, inverse))
    limits(least, most)
    step = 6 if of == "y" else 12  # side by side, ticks need more room
    below = [10.0**power for power in range(_ROUNDOFF, round(edge) - 3, step)]
    above = [10.0**power for power in range(round(edge), math.ceil(math.log10(most)))]
    axis.set_major_locator(FixedLocator([*below, *above]))
    axis.set_major_formatter(LogFormatterMathtext())
    axis.set_minor_locator(NullLocator())
    line(knee, color=SOFT, linewidth=0.5, linestyle=(0, (1, 3)))


_COMPRESSION, _ROUNDOFF = 8, -16
