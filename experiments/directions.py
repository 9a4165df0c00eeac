"""Directions of input weights: where they gather, and what attracts them (``condensation``).

Shape letters: L lanes, M neurons, G neurons that have grown, E = d + 1 coordinates (w_j, b_j),
P packed parameters, N nodes, A angles, K attractors.
"""

import math

import torch
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate, pack, unpack
from expressivity.fitting.problem import Samples

ANGLE = 0.1
"""Radians. Neurons within it are linked; clusters are what links connect."""
_PROBE = 1e-2  # length at which the leading term of s is evaluated
_ANGLES = 720


def directions(family: Family, theta_LP: Tensor) -> Tensor:
    """Unit vectors of the input weights and biases of every neuron, [L, M, E]."""
    return torch.nn.functional.normalize(unpack(family, theta_LP)["w"], dim=2, eps=0.0)


def clusters(directions_GE: Tensor) -> int:
    """Number of clusters of unit vectors; a lone vector is one of its own.

    >>> clusters(torch.tensor([[1.0, 0.0], [0.999, 0.0447], [0.0, 1.0]]))
    2
    """
    if not directions_GE.shape[0]:
        return 0
    linked = directions_GE @ directions_GE.mT >= math.cos(ANGLE)
    return int(connected_components(linked.numpy(), directed=False, return_labels=False))


def attractors(family: Family, theta_P: Tensor, samples: Samples) -> Tensor:
    """Directions in the plane where abs(P) has a maximum, unit vectors [number, 2].

    P is evaluated with the network itself, from neurons of length 1e-2.
    """
    angle_A = torch.arange(_ANGLES, dtype=torch.float64) * (2 * math.pi / _ANGLES)
    unit_AE = torch.stack([angle_A.cos(), angle_A.sin()], 1)
    held = {n: b.expand(_ANGLES, *b.shape[1:]) for n, b in unpack(family, theta_P[None]).items()}
    w_LME = torch.zeros_like(held["w"])
    w_LME[:, 0] = _PROBE * unit_AE
    a_LOM = torch.zeros_like(held["a"])
    a_LOM[:, :, 0] = 1.0
    probe_LP = pack(family, {**held, "w": w_LME, "a": a_LOM})
    values_AN = evaluate(family, probe_LP, samples.nodes_ND)[:, 0]
    form_A = (values_AN * samples.values_NO[:, 0] * samples.weights_N).sum(1)
    size_A = form_A.abs()
    same_sign_A = (form_A.roll(1) * form_A > 0) & (form_A.roll(-1) * form_A > 0)
    peak_A = same_sign_A & (size_A > size_A.roll(1)) & (size_A >= size_A.roll(-1))
    return unit_AE[peak_A]


def angles_between(directions_GE: Tensor, peaks_KE: Tensor) -> Tensor:
    """Angles in radians between unit vectors, [G, K]."""
    return (directions_GE @ peaks_KE.mT).clamp(-1.0, 1.0).arccos()
