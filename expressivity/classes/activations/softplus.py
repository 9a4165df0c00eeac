"""Softplus and Mish: log(1 + exp(z)), and z tanh of it.

C. Dugas, Y. Bengio, F. Belisle, C. Nadeau, R. Garcia, "Incorporating second-order functional
knowledge for better option pricing", NIPS 2000. D. Misra, "Mish: a self regularized non-monotonic
activation function", BMVC 2020, arXiv:1908.08681; tanh(log(1 + e)) = e (e + 2)/((1 + e)^2 + 1).
"""

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations.record import Activation
from expressivity.symbolic.symbols import Z

_E = sp.exp(Z)


def _softplus(z: Tensor) -> tuple[Tensor, Tensor]:
    positive = z > 0
    decay = torch.exp(torch.where(positive, -z, z))
    larger = 1 / (1 + decay)
    return torch.where(positive, z, 0) + torch.log1p(decay), torch.where(
        positive, larger, decay * larger
    )


def _mish(z: Tensor) -> tuple[Tensor, Tensor]:
    # With e = exp(-|z|) no exponential overflows; both quotients are positive and do not cancel.
    positive = z > 0
    e = torch.exp(torch.where(positive, -z, z))
    inverse = 1 / torch.where(positive, 1 + 2 * e + 2 * e * e, 2 + 2 * e + e * e)
    tanh = torch.where(positive, 1 + 2 * e, e * (e + 2)) * inverse
    slope = 4 * e * (1 + e) * torch.where(positive, e, 1) * inverse * inverse
    return z * tanh, tanh + z * slope


SOFTPLUS = Activation(
    name="softplus",
    title="softplus",
    expression=sp.log(1 + _E),
    value_and_derivative=_softplus,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,  # z/2; but log(1 + exp(z)) and log(1 + exp(-z)) are not related exactly
    even_span=None,
)

MISH = Activation(
    name="mish",
    title="Mish",
    expression=Z * _E * (_E + 2) / (_E**2 + 2 * _E + 2),
    value_and_derivative=_mish,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,
    even_span=None,
)
