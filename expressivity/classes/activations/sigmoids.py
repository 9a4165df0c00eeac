"""The logistic sigmoid and softsign z/(1 + |z|).

Softsign: J. Bergstra, G. Desjardins, P. Lamblin, Y. Bengio, "Quadratic polynomials learn better
image features", technical report 1337, Universite de Montreal, 2009.
"""

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations.record import Activation, Native, unit
from expressivity.symbolic.plain_functions import PLAIN_FUNCTIONS
from expressivity.symbolic.symbols import Z


def _sigmoid(z: Tensor) -> tuple[Tensor, Tensor]:
    # torch.sigmoid is 0 below -709, where exp(-z) overflows; exp(-|z|) underflows gradually.
    positive = z > 0
    decay = torch.exp(torch.where(positive, -z, z))
    larger = 1 / (1 + decay)
    smaller = decay * larger
    return torch.where(positive, larger, smaller), larger * smaller


def _softsign(z: Tensor) -> tuple[Tensor, Tensor]:
    inverse = 1 / (1 + torch.where(z > 0, z, -z))
    return z * inverse, inverse * inverse


SIGMOID = Activation(
    name="sigmoid",
    title="sigmoid",
    expression=PLAIN_FUNCTIONS["sigmoid"],
    value_and_derivative=_sigmoid,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,
    even_span=(sp.S.One,),
    native=Native(
        value=torch.sigmoid,
        derivative=lambda z, value: torch.ops.aten.sigmoid_backward(unit(z), value),
    ),
)

SOFTSIGN = Activation(
    name="softsign",
    title="softsign",
    expression=Z / (1 + sp.Abs(Z)),
    value_and_derivative=_softsign,
    kink=None,  # 0, but each piece has a pole beyond 0, where facts do not follow it
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,
    even_span=(),
)
