"""Random starts. Lane i's start depends on (seed, i) and the family alone.

Drawn on the CPU in float64 by numpy's PCG64, whatever the device of the fit.
"""

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family, Kind
from expressivity.classes.networks import pack


def random_start(family: Family, *, seed: int, lane: int) -> Tensor:
    """One packed lane theta_P, float64.

    Input weights have a uniform direction and a log-uniform length; biases place the kink
    hyperplane through a random point of the unit ball, so that no neuron starts linear on
    the whole domain. Gates start with log-uniform steepness. Blocks that a switch freezes
    hold the value they are frozen at.

    Raises:
        ValueError: negative seed or lane.
    """
    if seed < 0 or lane < 0:
        raise ValueError(f"required: a seed and lane of at least 0; got {seed}, {lane}")
    draw = np.random.default_rng((seed, lane))
    blocks: dict[str, np.ndarray] = {}
    for name, shape in family.shapes.items():
        if name in ("w", "v"):
            block = _hyperplanes(draw, shape, low=0.5, high=10.0)
            if not family.bias:
                block[:, -1] = 0.0
        elif name.startswith("u"):
            block = _hyperplanes(draw, shape, low=0.3, high=6.0)
            if family.gate is not None and not family.gate.bias:
                block[:, -1] = 0.0
        else:
            block = draw.standard_normal(shape)
        blocks[name] = block
    frozen = frozen_coefficients(family)
    if frozen is not None:
        blocks |= dict.fromkeys((n for n in blocks if n.startswith("scale")), frozen)
    return pack(family, {name: torch.from_numpy(b)[None] for name, b in blocks.items()})[0]


def frozen_coefficients(family: Family) -> np.ndarray | None:
    """Coefficients that are not learned: one-hot for fixed, ones for gates without scale."""
    if family.frozen("scale0") is None:
        return None
    if family.kind is Kind.FIXED:
        return np.array([float(name == family.activation) for name in family.basis])
    return np.ones(family.coefficients)


def random_starts(family: Family, *, seed: int, restarts: int, first: int = 0) -> Tensor:
    """Packed lanes theta_LP of restarts ``first``, ..., ``first + restarts - 1``.

    >>> from expressivity.classes.families import Form
    >>> family = Family(kind=Kind.LA, form=Form.TYPE1, width=1, dimension=1)
    >>> a, b = random_starts(family, seed=0, restarts=4), random_starts(family, seed=0, restarts=2)
    >>> bool((a[:2] == b).all())
    True
    """
    if restarts < 1:
        raise ValueError(f"required: at least 1 restart; got {restarts}")
    lanes = range(first, first + restarts)
    return torch.stack([random_start(family, seed=seed, lane=lane) for lane in lanes])


def _hyperplanes(
    draw: np.random.Generator, shape: tuple[int, ...], *, low: float, high: float
) -> np.ndarray:
    rows, columns = shape
    direction = draw.standard_normal((rows, columns - 1))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = np.exp(draw.uniform(np.log(low), np.log(high), (rows, 1)))
    point = draw.uniform(-0.7, 0.7, (rows, columns - 1))
    weight = length * direction
    return np.concatenate([weight, -(weight * point).sum(1, keepdims=True)], 1)
