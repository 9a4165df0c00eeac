"""t2 on the disk beside the best networks: values, errors, and jumps of the gradient."""

import math
from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from experiments.reading import Reading, readings
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.evidence import Evidence
from expressivity.targets.builtin import t2
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.stored import Network, best_network, target_jump
from figures.style import INK, PAGE, SOFT, STYLES, look_of, new_figure, panel

_PIXELS = 151
MAP = "RdBu_r"
_BAND = 0.1
"""Half-width of the band over which LA, too, changes its slope."""


def draw(runs: Runs) -> Figure:
    """Two rows: values and errors as images, and the jump along the kink.

    Raises:
        ValueError: no fit of LA or of MoA to t2.
    """
    found = readings(runs["width_sweep"])
    la, moa = (best_network(_best(found, gated=gated)) for gated in (False, True))
    made = new_figure(PAGE, 4.0)
    axes = made.subplots(2, 3)
    nodes_ND = _pixels()
    inside_N = nodes_ND.square().sum(1) <= 1
    values = la.target.values(nodes_ND)
    titles = (r"target $t_2$", *(f"{look_of(n.family.kind).label}, {_width(n)}" for n in (la, moa)))
    shown = (values, la.values(nodes_ND), moa.values(nodes_ND))
    largest = float(values.abs().max())
    for letter, place, title, image in zip("abc", axes[0], titles, shown, strict=True):
        _image(place, image, largest)
        panel(place, letter, title)
    _colours(made, axes[0], largest, "value")
    _jump(axes[1, 0], la, moa)
    panel(axes[1, 0], "d", r"jump of $\partial_2$ across $x_2=0$")
    for letter, place, network, image in zip("ef", axes[1, 1:], (la, moa), shown[1:], strict=True):
        error = image - values
        size = float(error[inside_N].abs().max())
        _image(place, error, size)
        panel(place, letter, rf"{look_of(network.family.kind).label} $-\;t_2$")
        _colours(made, [place], size, "error")
    _kinks(axes[1, 1], la)
    return made


def _best(found: Sequence[Reading], *, gated: bool) -> Reading:
    """The fit of MoA (gated), or of LA, to t2 with the least error."""
    own = NEURONS[t2().form]
    chosen = [
        r
        for r in found
        if (r.target, r.record, r.loss) == ("t2", own, "l2")
        and r.kind.mixes
        and r.kind.gated is gated
    ]
    best = min(chosen, key=lambda r: r.best("l2"), default=None)
    if best is None or math.isinf(best.best("l2")):
        name = "moa" if gated else "la"
        raise ValueError(
            f"required: a fit of {name} to t2 in the run of width_sweep; got none: run it again"
        )
    return best


def _width(network: Network) -> str:
    return f"width {network.family.width}"


def _pixels() -> torch.Tensor:
    """Centres of pixels on [-1, 1]^2, rows of growing x2."""
    side = (torch.arange(_PIXELS, dtype=torch.float64) + 0.5) * (2 / _PIXELS) - 1
    x2, x1 = torch.meshgrid(side, side, indexing="ij")
    return torch.stack([x1.flatten(), x2.flatten()], dim=1)


def _image(axes: Axes, values_N: torch.Tensor, largest: float) -> None:
    axes.set(xlabel=r"$x_1$", ylabel=r"$x_2$", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    disk = Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.5)
    axes.add_patch(disk)
    shown = axes.imshow(
        values_N.reshape(_PIXELS, _PIXELS).numpy(),
        extent=(-1, 1, -1, 1),
        origin="lower",
        cmap=MAP,
        vmin=-largest,
        vmax=largest,
    )
    shown.set_clip_path(disk)
    disk.set_clip_on(False)


def _colours(made: Figure, places: Sequence[Axes], largest: float, label: str) -> None:
    shades = ScalarMappable(Normalize(-largest, largest), MAP)
    bar = made.colorbar(shades, ax=list(places), shrink=0.9, aspect=18, pad=0.01, label=label)
    bar.outline.set_linewidth(0.5)
    bar.formatter.set_powerlimits((-2, 3))


def _kinks(axes: Axes, network: Network) -> None:
    """The lines where its neurons may kink, clipped to the disk."""
    for w1, w2, b in network.kink_lines():
        size = math.hypot(w1, w2)
        distance = -b / size if size > 0 else math.inf
        if abs(distance) >= 1:
            continue
        half = math.sqrt(1 - distance**2)
        n1, n2 = w1 / size, w2 / size
        axes.plot(
            [distance * n1 - half * n2, distance * n1 + half * n2],
            [distance * n2 + half * n1, distance * n2 - half * n1],
            color=INK,
            linewidth=0.6,
            linestyle=(0, (4, 2)),
            alpha=min(1.0, 8 / network.family.width),
        )


def _jump(axes: Axes, la: Network, moa: Network) -> None:
    x1_N = torch.linspace(-1, 1, 101, dtype=torch.float64)
    exact = target_jump(la.target, x1_N)
    axes.plot(x1_N, exact, color=SOFT, linewidth=3, alpha=0.5, label=r"$t_2$",
              linestyle=STYLES[Evidence.PROVED])  # fmt: skip
    for network in (la, moa):
        look = look_of(network.family.kind)
        axes.plot(
            x1_N,
            network.jump(x1_N),
            color=look.colour,
            marker=look.marker,
            markevery=20,
            markerfacecolor="white",
            linestyle=STYLES[Evidence.NUMERICAL],
            label=look.label,
        )
    band = la.jump(x1_N, half_width=_BAND)
    axes.plot(x1_N, band, color=look_of(Kind.LA).colour, linewidth=0.7,
              linestyle=STYLES[Evidence.NUMERICAL], label=f"LA, $|x_2|={_BAND}$")  # fmt: skip
    axes.set(xlabel=r"$x_1$", ylabel=r"change of $\partial_2$ (slope)", xlim=(-1, 1))
    axes.legend(loc="lower right", handlelength=1.5, fontsize=6, labelspacing=0.15)


FIGURES.add(
    "surfaces",
    PaperFigure(
        name="surfaces",
        title="t2 on the disk, the best LA and MoA networks, and their jumps along the kink",
        caption="(a) to (c): the target t2 = tanh(lambda x1) ReLU(x2) on the unit disk and the "
        "networks with the least L2 error. (e), (f): their errors; dashed: the lines on which "
        "neurons of LA have their kinks. (d): jump of the derivative along x2 across x2 = 0, "
        "exact for the stored weights. For LA of any width it is one constant (here 0 where "
        "no kink lies exactly on the line), so half of the largest jump of t2 is left as an "
        "error of the gradient. Thin: the change of that derivative of LA from one side of a band "
        "about the line to the other, which many kinks make up together.",
        alt="Images of t2, LA and MoA on the disk look alike; the error of LA has stripes along "
        "its kinks, and its jump along the kink of t2 is flat while those of t2 and MoA rise.",
        needs=("width_sweep",),
        draw=draw,
    ),
)
