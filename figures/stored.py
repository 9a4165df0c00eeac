"""Networks out of run folders: the best restart of a stored fit, as it was measured."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from experiments.reading import Reading
from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate, evaluate_with_gradient, unpack
from expressivity.fitting.errors import measuring_grid, snapped
from expressivity.runs.folder import read_tensors
from expressivity.separation.claims import builtin_target
from expressivity.targets.target import Target

_BESIDE = 1e-200
"""Beside a coordinate hyperplane: as close as one-sided gradients are measured (norms.py)."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A stored network.

    Attributes:
        target: what it was fitted to.
        family: its class.
        theta_P: its packed weights.
    """

    target: Target
    family: Family
    theta_P: Tensor

    def values(self, nodes_ND: Tensor) -> Tensor:
        """Values at nodes, shape N."""
        return evaluate(self.family, self.theta_P[None], nodes_ND)[0, 0]

    def jump(self, x1_N: Tensor, *, half_width: float = _BESIDE) -> Tensor:
        """Jump of the derivative along x2 across x2 = 0 at (x1, 0), shape N; d = 2.

        With a half-width its change over a band; points off the disk are not left out.
        """
        above, below = (
            evaluate_with_gradient(
                self.family, self.theta_P[None], beside(x1_N, sign * half_width)
            )[1][0, 0, :, 1]
            for sign in (1, -1)
        )
        return above - below

    def kink_lines(self) -> np.ndarray:
        """Rows (w1, w2, b) of neurons: the lines w.x + b = 0 where activations may kink."""
        return unpack(self.family, self.theta_P[None])["w"][0].numpy()


def target_jump(target: Target, x1_N: Tensor) -> Tensor:
    """The same jump of a target, shape N."""
    above, below = (target.gradients(beside(x1_N, x2))[:, 1] for x2 in (_BESIDE, -_BESIDE))
    return above - below


def beside(x1_N: Tensor, x2: float) -> Tensor:
    """Points (x1, x2), shape N x 2."""
    return torch.stack([x1_N, torch.full_like(x1_N, x2)], dim=1)


def best_network(reading: Reading) -> Network:
    """The restart with the least l2 error, tidied as before measuring.

    Raises:
        ValueError: the weights or lanes are missing or damaged.
    """
    family = reading.result.family
    target = builtin_target(
        reading.target,
        lambda_=reading.result.lambda_ or 1.0,
        gate="tanh" if family.gate is None else family.gate.name,
        form=None,
        dictionary=None,
    )
    if target.dimension != family.dimension:
        raise ValueError(
            f"required: a fit to {target.name} in dimension {target.dimension}; "
            f"{reading.key} in {reading.folder} is in dimension {family.dimension}"
        )
    return network_of(target, reading)


def network_of(target: Target, reading: Reading) -> Network:
    """The same of a target that is known.

    Raises:
        ValueError: as :func:`best_network`.
    """
    family = reading.result.family
    try:
        theta_LP = read_tensors(reading.folder, reading.key)["theta"].double()
    except KeyError as error:
        raise ValueError(
            f"required: the weights of a fit; {reading.key} in {reading.folder} has none: run it "
            f"again"
        ) from error
    lane = int(np.argmin(reading.lanes()["l2"]))
    theta_P = snapped(family, theta_LP[lane], measuring_grid(target))
    return Network(target=target, family=family, theta_P=theta_P)
