"""What a page draws of a function: its values, and the jump of its slope along its kink.

The kink of every target here is where the last coordinate is 0: a point of [-1, 1], a line of the
unit disk.
"""

import base64
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.networks import evaluate_with_gradient
from expressivity.targets.target import Target
from figures.stored import Network

SIDE = 81
"""Nodes along each coordinate of the disk's square."""
CURVE = 161
"""Nodes on the interval."""
STATIONS = 81
"""Places along the kink of a target in the plane, those of the nodes."""
BANDS = {"near": 1e-4, "band": 0.1}
"""Half-widths of the bands over which the change of slope is shown: one in which the kink of a fit
lies that means the target's, and one in which several kinks make up a change together."""
_BESIDE = 1e-200
"""As close to the kink as one-sided gradients are measured (figures/stored.py)."""

Gradients = Callable[[Tensor], Tensor]
"""Nodes N x d -> gradients N x d."""


def nodes(dimension: int) -> Tensor:
    """Where values are drawn, N x d: on the disk row by row, of growing x2.

    >>> nodes(1).shape, nodes(2).square().sum(1).max() <= 1
    (torch.Size([161, 1]), tensor(True))
    """
    if dimension == 1:
        return torch.linspace(-1, 1, CURVE, dtype=torch.float64)[:, None]
    last = SIDE - 1
    steps = 2 * torch.arange(SIDE) - last  # whole numbers: the page tells the same nodes apart
    x2, x1 = torch.meshgrid(steps, steps, indexing="ij")
    steps_ND = torch.stack([x1.flatten(), x2.flatten()], dim=1)
    return steps_ND[steps_ND.square().sum(1) <= last**2].double() / last


def stations(dimension: int) -> Tensor:
    """The x1 along the kink, shape N; in one dimension the kink is one point, at x1 = 0."""
    if dimension == 1:
        return torch.zeros(1, dtype=torch.float64)
    return torch.linspace(-1, 1, STATIONS, dtype=torch.float64)


def gradients_of(network: Network) -> Gradients:
    """The gradients of a stored network."""
    return lambda nodes_ND: evaluate_with_gradient(network.family, network.theta_P[None], nodes_ND)[
        1
    ][0, 0]


def change(gradients: Gradients, dimension: int, *, half_width: float = _BESIDE) -> Tensor:
    """How much the slope across the kink changes there, shape N, at every station.

    Without a half-width it is the jump on the kink itself; with one, the change over a band.
    """
    x1_N = stations(dimension)

    def slopes(side: float) -> Tensor:
        across_N = torch.full_like(x1_N, side * half_width)
        columns = [across_N] if dimension == 1 else [x1_N, across_N]
        return gradients(torch.stack(columns, dim=1))[:, -1]

    return slopes(1.0) - slopes(-1.0)


def changes(gradients: Gradients, dimension: int) -> dict[str, str]:
    """The jump on the kink and the changes over the bands, as stored doubles."""
    widths = {"jump": _BESIDE, **BANDS}
    return {
        name: doubles(change(gradients, dimension, half_width=width))
        for name, width in widths.items()
    }


def of_target(target: Target) -> dict[str, str]:
    """Values and jumps of a target."""
    values_N = target.values(nodes(target.dimension))
    return {"values": floats(values_N), **changes(target.gradients, target.dimension)}


def of_network(network: Network) -> dict[str, str]:
    """Differences of a network from its target, and the network's own jumps."""
    target = network.target
    nodes_ND = nodes(target.dimension)
    difference_N = network.values(nodes_ND) - target.values(nodes_ND)
    return {
        "difference": floats(difference_N),
        **changes(gradients_of(network), target.dimension),
    }


def floats(numbers_N: Tensor) -> str:
    """Single precision, little-endian, in base 64: seven digits, more than a picture shows."""
    return _encoded(numbers_N, "<f4")


def doubles(numbers_N: Tensor) -> str:
    """The numbers themselves, little-endian, in base 64."""
    return _encoded(numbers_N, "<f8")


def _encoded(numbers_N: Tensor, form: str) -> str:
    array = np.ascontiguousarray(numbers_N.numpy(), dtype=form)
    return base64.b64encode(array.tobytes()).decode("ascii")
