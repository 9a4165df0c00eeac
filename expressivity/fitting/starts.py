"""Random starts. Lane i's start depends on (seed, i) and the family alone.

Drawn on the CPU in float64 by numpy's PCG64, whatever the device of the fit.

Shape letters: L lanes, P packed parameters.
"""

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family, map_names
from expressivity.classes.modules import ModuleClass
from expressivity.classes.networks import pack, unpack
from expressivity.fitting.limits import require_starts


def drawn(family: Family, draw: np.random.Generator, lanes: int) -> Tensor:
    """Packed lanes theta_LP from one stream, float64.

    Input weights have a uniform direction and a log-uniform length; biases place the kink
    hyperplane through a random point of the unit ball, so that no neuron starts linear on
    the whole domain. Gates start with log-uniform steepness, the neurons' own
    parameters uniform in their spreads. Blocks that a switch freezes
    hold the value they are frozen at.

    >>> family = Family(kind="la", neuron="type1", width=2, dimension=3)
    >>> drawn(family, np.random.default_rng(0), 4).shape
    torch.Size([4, 17])
    """
    blocks: dict[str, Tensor] = {}
    for name, shape in family.shapes.items():
        frozen = family.frozen(name)
        size = (lanes, *shape)
        if name in map_names(family.record.maps):
            block = _hyperplanes(draw, size, low=0.5, high=10.0)
        elif name == "p":
            low, high = np.array([p.spread for p in family.record.parameters]).T
            block = draw.uniform(low, high, size)
        elif name.startswith("u"):
            block = _hyperplanes(draw, size, low=0.3, high=6.0)
        else:
            block = draw.standard_normal(size)
        if frozen is not None:
            block[..., frozen] = frozen_coefficients(family) if name.startswith("scale") else 0.0
        blocks[name] = torch.from_numpy(block)
    return pack(family, blocks)


_AWAKE = 1 / 8
"""Probability that a further gate of a sparse start is not asleep."""


def sparse(family: Family, theta_LP: Tensor, draw: np.random.Generator) -> Tensor:
    """Lanes with one gate awake in each mixture, and few others: their weights and biases are 0.

    A product of mixtures has a term for each pair of activations, and functions that are written
    down need few of them. A gate of tanh that is asleep drops out, and stays asleep in a fit: its
    learned scale comes out as 0, and then so does every derivative by its weights.

    >>> family = Family(kind="moa", neuron="quadratic", gate="tanh", width=1, dimension=1)
    >>> lanes = drawn(family, np.random.default_rng(0), 100)
    >>> gates = unpack(family, sparse(family, lanes, np.random.default_rng(1)))["u0"]
    >>> awake = gates.any(-1).sum(-1)  # of 49
    >>> awake.min().item(), round(awake.double().mean().item())
    (1, 6)
    """
    blocks = unpack(family, theta_LP)
    for name, block in blocks.items():
        if name.startswith("u"):
            key_LN = draw.random(block.shape[:-1])
            awake_LN = key_LN <= np.maximum(key_LN.min(-1, keepdims=True), _AWAKE)
            blocks[name] = torch.where(torch.from_numpy(awake_LN)[..., None], block, 0.0)
    return pack(family, blocks)


def random_start(family: Family | ModuleClass, *, seed: int, lane: int) -> Tensor:
    """One packed lane theta_P, float64, by the law of :func:`drawn`.

    A user's own module starts where its factory puts it.

    Raises:
        ValueError: negative seed or lane.
    """
    if seed < 0 or lane < 0:
        raise ValueError(f"required: a seed and lane of at least 0; got {seed}, {lane}")
    if isinstance(family, ModuleClass):
        return family.start(seed=seed, lane=lane)
    return drawn(family, np.random.default_rng((seed, lane)), 1)[0]


def frozen_coefficients(family: Family) -> np.ndarray:
    """Coefficients where they are not learned: one-hot for fixed, ones for gates without scale."""
    if family.activation is not None:
        return np.array([float(name == family.activation) for name in family.basis])
    return np.ones(1)


def random_starts(
    family: Family | ModuleClass, *, seed: int, restarts: int, first: int = 0
) -> Tensor:
    """Packed lanes theta_LP of restarts ``first``, ..., ``first + restarts - 1``.

    Raises:
        ValueError: fewer than 1, or more than memory can hold (``expressivity.fitting.limits``).

    >>> family = Family(kind="la", neuron="type1", width=1, dimension=1)
    >>> a, b = random_starts(family, seed=0, restarts=4), random_starts(family, seed=0, restarts=2)
    >>> bool((a[:2] == b).all())
    True
    """
    if restarts < 1:
        raise ValueError(f"required: at least 1 restart; got {restarts}")
    require_starts(family, restarts)
    lanes = range(first, first + restarts)
    return torch.stack([random_start(family, seed=seed, lane=lane) for lane in lanes])


def _hyperplanes(
    draw: np.random.Generator, shape: tuple[int, ...], *, low: float, high: float
) -> np.ndarray:
    *many, columns = shape
    direction = draw.standard_normal((*many, columns - 1))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    length = np.exp(draw.uniform(np.log(low), np.log(high), (*many, 1)))
    point = draw.uniform(-0.7, 0.7, (*many, columns - 1))
    weight = length * direction
    return np.concatenate([weight, -(weight * point).sum(-1, keepdims=True)], -1)
