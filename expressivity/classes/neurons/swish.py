"""sum_j a_j z_j sigmoid(beta_j z_j): Swish with a beta learned by each neuron.

The torch form takes exp(-abs(beta z)), which does not overflow, for both branches.
"""

from collections.abc import Sequence

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, Partials, parameter_symbol

_Z, _BETA = MAPS[0], parameter_symbol("beta")


def _torch_form(
    maps: Sequence[Tensor], mixtures: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Partials:
    (z,), (beta,) = maps, parameters
    t = beta * z
    positive = t > 0
    decay = torch.exp(torch.where(positive, -t, t))
    larger = 1 / (1 + decay)
    smaller = decay * larger
    sigmoid = torch.where(positive, larger, smaller)
    slope = larger * smaller
    return Partials(
        value=z * sigmoid, maps=(sigmoid + t * slope,), mixtures=(), parameters=(z * z * slope,)
    )


NEURON = Neuron(
    name="swish",
    title="z sigmoid(beta z)",
    latex=r"z_j\,\sigma(\beta_j z_j)",
    maps=1,
    expression=_Z / (1 + sp.exp(-_BETA * _Z)),
    parameters=(Parameter(name="beta", initial=1.0, spread=(0.25, 3.0)),),
    torch_form=_torch_form,
    source="P. Ramachandran, B. Zoph, Q. V. Le, "
    '"Searching for activation functions", 2017, arXiv:1710.05941',
)
