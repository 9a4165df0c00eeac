"""What the three kinds of layers are, and the jump across a kink that tells LA from MoA.

Drawn from the library's activations, gates and targets alone: no run is read.
"""

from collections.abc import Sequence
from functools import cache

import sympy as sp
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights, start_from
from expressivity.membership.witnesses import find_witness
from expressivity.targets.builtin import t2
from expressivity.targets.target import Target
from figures.figure import FIGURES, PaperFigure
from figures.runs import Runs
from figures.stored import Network, beside, target_jump
from figures.style import INK, PAGE, SOFT, look_of, new_figure, panel

DICTIONARY = ("relu", "tanh")
LA_COEFFICIENTS = (sp.Rational(7, 10), sp.Rational(-1, 2))
"""Of the neuron in (b) and (d)."""
LAMBDA = 2.0
STATIONS = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""The x1 at which networks are cut across the kink."""
INPUTS = (-0.8, 0.0, 0.8)
"""The x1 at which the mixture of (c) is shown: of the stations, the outer ones and the middle."""
_STEP = 0.75
"""From one cut to the next, along the axis of values."""


@cache
def target() -> Target:
    """tanh(2 x1) ReLU(x2), a MoA neuron."""
    return t2(LAMBDA)


def la_network() -> Network:
    """One LA neuron with its kink on x2 = 0: 0.7 ReLU(x2) - 0.5 tanh(x2)."""
    family = _family(Kind.LA)
    blocks = {
        "w": sp.ImmutableMatrix([[0, 1, 0]]),
        "a": sp.ImmutableMatrix([[1]]),
        "scale0": sp.ImmutableMatrix(LA_COEFFICIENTS),
    }
    return _network(family, Weights(blocks=blocks))


def moa_network() -> Network:
    """The exact weights of the target as a MoA neuron.

    Raises:
        RuntimeError: recognition finds none.
    """
    family = _family(Kind.MOA)
    weights = find_witness(target(), family)
    if weights is None:
        raise RuntimeError(f"required: weights of {target().name} in {family.label}; found none")
    return _network(family, weights)


def _family(kind: Kind) -> Family:
    gate = GateSpec(name="tanh") if kind.gated else None
    return Family(kind=kind, neuron="type1", width=1, dimension=2, dictionary=DICTIONARY, gate=gate)


def _network(family: Family, weights: Weights) -> Network:
    return Network(target=target(), family=family, theta_P=start_from(family, weights))


def draw(_: Runs) -> Figure:
    """Above, what a neuron applies; below, the kink of a network that is made of it."""
    made = new_figure(PAGE, 4.1)
    axes = made.subplots(2, 3)
    la, moa = la_network(), moa_network()
    _fixed(axes[0, 0])
    _learned(axes[0, 1])
    _mixed(axes[0, 2])
    _cuts(axes[1, 0], la)
    panel(axes[1, 0], "d", f"{look_of(Kind.LA).label}: one hinge all along")
    _cuts(axes[1, 1], moa)
    panel(axes[1, 1], "e", f"{look_of(Kind.MOA).label}: the hinge opens with $x_1$")
    _jumps(axes[1, 2], la, moa)
    panel(axes[1, 2], "f", r"change of slope along $x_2=0$")
    return made


# --- what a neuron applies -----------------------------------------------------------------------

_ARGUMENTS_N = torch.linspace(-2, 2, 161, dtype=torch.float64)


def _values(name: str) -> Tensor:
    return ACTIVATIONS[name].value_and_derivative(_ARGUMENTS_N)[0]


def _combined(coefficients: Sequence[float]) -> Tensor:
    """The dictionary with these coefficients."""
    parts = zip(coefficients, DICTIONARY, strict=True)
    return torch.stack([c * _values(name) for c, name in parts]).sum(0)


def _applied(axes: Axes, letter: str, kind: Kind, says: str) -> None:
    look = look_of(kind)
    panel(axes, letter, rf"{look.label}: {says}")
    axes.set(xlabel=r"$z=w\cdot x+b$", ylabel=r"$\psi(z)$", ylim=(-2.1, 2.3), xlim=(-2, 2))
    axes.set(xticks=(-2, 0, 2), yticks=(-2, -1, 0, 1, 2))


def _parts(axes: Axes) -> None:
    """The dictionary, thin: what LA and MoA combine."""
    for name in DICTIONARY:
        axes.plot(_ARGUMENTS_N, _values(name), color=SOFT, linewidth=0.7, linestyle=(0, (3, 2)))
    axes.text(1.35, 1.55, ACTIVATIONS["relu"].title, color=SOFT, ha="right", fontsize=6)
    axes.text(-1.95, -1.22, ACTIVATIONS["tanh"].title, color=SOFT, ha="left", fontsize=6)


def _fixed(axes: Axes) -> None:
    _applied(axes, "a", Kind.FIXED, "one activation")
    axes.plot(_ARGUMENTS_N, _values("relu"), color=look_of(Kind.FIXED).colour, linewidth=1.8)
    _formula(axes, r"$\psi=s$")


def _learned(axes: Axes) -> None:
    _applied(axes, "b", Kind.LA, "one learned sum")
    _parts(axes)
    axes.plot(
        _ARGUMENTS_N,
        _combined([float(c) for c in LA_COEFFICIENTS]),
        color=look_of(Kind.LA).colour,
        linewidth=1.8,
    )
    _formula(axes, r"$\psi=\sum_k\alpha_k\,s_k$")


def _mixed(axes: Axes) -> None:
    """The gates of the target: of ReLU tanh(2 x1), of tanh 0."""
    _applied(axes, "c", Kind.MOA, "a sum for every input")
    _parts(axes)
    for x1, width in zip(INPUTS, (1.0, 1.4, 1.8), strict=True):
        logits = torch.tensor([[LAMBDA * x1], [0.0]], dtype=torch.float64)
        mixed_N = _combined(GATES["tanh"].value(logits)[:, 0].tolist())
        axes.plot(_ARGUMENTS_N, mixed_N, color=look_of(Kind.MOA).colour, linewidth=width)
        axes.annotate(
            f"$x_1=${_signed(x1)}", (2, float(mixed_N[-1])), (3, 0), textcoords="offset points",
            color=look_of(Kind.MOA).colour, va="center", fontsize=6, annotation_clip=False,
        )  # fmt: skip
    _formula(axes, r"$\psi=\sum_k\pi_k(x)\,s_k$")


def _formula(axes: Axes, text: str) -> None:
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", color=INK, fontsize=8)


# --- the kink ------------------------------------------------------------------------------------


def _cuts(axes: Axes, network: Network) -> None:
    """The network across the kink at every station, each a step above the one before."""
    x2_N = torch.linspace(-0.6, 0.6, 121, dtype=torch.float64)
    colour = look_of(network.family.kind).colour
    for place, x1 in enumerate(STATIONS):
        nodes_ND = torch.stack([torch.full_like(x2_N, x1), x2_N], dim=1)
        values_N = network.values(nodes_ND)
        level = _STEP * place
        axes.plot(x2_N, values_N - network.values(beside(torch.tensor([x1]).double(), 0.0)) + level,
                  color=colour, linewidth=1.4)  # fmt: skip
        axes.plot([0], [level], marker="o", markersize=2.5, color=INK)
    axes.axvline(0, color=INK, linewidth=0.5, linestyle=(0, (1, 2)))
    axes.grid(visible=False)
    axes.set(xlabel=r"$x_2$", xlim=(-0.62, 0.62), xticks=(-0.5, 0, 0.5))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_yticks([_STEP * place for place in range(len(STATIONS))],
                    [_signed(x1) for x1 in STATIONS])  # fmt: skip
    axes.set(ylabel=r"cut at $x_1=$", ylim=(-0.7, _STEP * (len(STATIONS) - 1) + 0.75))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _signed(number: float) -> str:
    return f"{number:g}".replace("-", "\N{MINUS SIGN}")


def _jumps(axes: Axes, la: Network, moa: Network) -> None:
    """What the hinges of (d) and (e) open by, and what LA can make of it."""
    x1_N = torch.linspace(-1, 1, 101, dtype=torch.float64)
    axes.plot(x1_N, target_jump(target(), x1_N), color=SOFT, linewidth=4, alpha=0.45)
    for network in (moa, la):
        look = look_of(network.family.kind)
        axes.plot(x1_N, network.jump(x1_N), color=look.colour, linewidth=1.4, marker=look.marker,
                  markevery=25, markerfacecolor="white")  # fmt: skip
    look = look_of(Kind.MOA)
    axes.text(0.97, 0.04, "MoA = target:\n" r"$\tanh(2x_1)$", color=look.colour, ha="right",
              va="bottom", transform=axes.transAxes)  # fmt: skip
    look = look_of(Kind.LA)
    axes.text(-0.97, float(la.jump(x1_N)[0]) + 0.06, "LA of any width:\na constant",
              color=look.colour, va="bottom")  # fmt: skip
    axes.set(xlabel=r"$x_1$", ylabel=r"jump of $\partial f/\partial x_2$", xlim=(-1, 1))
    axes.set(ylim=(-1.15, 1.35), xticks=(-1, 0, 1), yticks=(-1, 0, 1))


FIGURES.add(
    "schematic",
    PaperFigure(
        name="schematic",
        title="What fixed, LA and MoA layers are, and the jump that separates them",
        caption="Above: what a neuron applies to z = w.x + b. (a) Fixed: one activation s, here "
        "ReLU. (b) A learned activation (LA): a learned linear combination of a dictionary (thin: "
        "ReLU, tanh), the same for every input. (c) A mixture of activations (MoA): gates that "
        "depend on the input x take the place of the coefficients, so that the function that is "
        "applied changes with x; shown at three inputs. Below: the neurons of (b) and (c) with "
        "z = x2, so that they kink on x2 = 0, cut across it at five x1, each cut moved up. (d) The "
        "LA neuron changes its slope there by one amount. (e) The MoA neuron, which is the target "
        "t2 = tanh(2 x1) ReLU(x2), by an amount that depends on x1. (f) These amounts, from the "
        "exact weights. Along x2 = 0 every LA network, of any width, changes its slope by a "
        "constant (theorem T2), so none is t2; thick: t2 itself.",
        alt="Six panels: one curve for a fixed activation, one for LA, three for MoA that turn "
        "with the input; below, cuts across a kink that all open alike for LA and differently "
        "for MoA, and the jump of the slope, flat for LA and rising as tanh for MoA.",
        needs=(),
        draw=draw,
    ),
)
