"""Approximations of GELU that models use in its place.

``gelu_tanh`` is the one of D. Hendrycks, K. Gimpel, "Gaussian error linear units (GELUs)",
arXiv:1606.08415, section 2, 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))); ``quick_gelu`` the
other one there, z sigmoid(1.702 z). They differ from ``gelu`` by up to 4.8e-4 and 2.03e-2.
"""

import sympy as sp
import torch
from torch import Tensor
from torch.nn import functional

from expressivity.classes.activations.record import Activation, Native
from expressivity.symbolic.symbols import Z

_SLOPE, _CUBIC, _RATE = sp.sqrt(2 / sp.pi), sp.Rational(44715, 10**6), sp.Rational(1702, 1000)


def _gated(
    z: Tensor, near: Tensor, exponent: Tensor, slope: Tensor | float
) -> tuple[Tensor, Tensor]:
    """z sigmoid(e) and its derivative.

    Args:
        z: the argument.
        near: the same, cut off where the sigmoid is 0 or 1 and products with it would overflow.
        exponent: e, of the sign of z.
        slope: the derivative of e.
    """
    # exp(-|e|) neither overflows nor cancels; |e| by where: its derivative at 0 is the branch's.
    # Factors come between its two roots: it underflows before its product with them does.
    positive = z > 0
    root = torch.exp(torch.where(positive, -exponent, exponent) / 2)
    larger = 1 / (1 + root * root)
    complement = torch.where(positive, root * root * larger, larger)
    left = torch.where(positive, 1, root)
    return z * left * (left * larger), left * larger * (left * (1 + near * slope * complement))


def _gelu_tanh(z: Tensor) -> tuple[Tensor, Tensor]:
    near = z.clamp(-64, 64)
    square = near * near
    root = 0.7978845608028654  # sqrt(2/pi)
    exponent = 2 * root * near * (1 + 0.044715 * square)
    return _gated(z, near, exponent, 2 * root * (1 + 3 * 0.044715 * square))


def _quick_gelu(z: Tensor) -> tuple[Tensor, Tensor]:
    near = z.clamp(-1024, 1024)
    return _gated(z, near, 1.702 * near, 1.702)


def _quick_gelu_slope(z: Tensor, value: Tensor) -> Tensor:
    gate = torch.sigmoid(1.702 * z)
    return gate + 1.702 * value * (1 - gate)


GELU_TANH = Activation(
    name="gelu_tanh",
    title="GELU (tanh)",
    expression=Z * (1 + sp.tanh(_SLOPE * (Z + _CUBIC * Z**3))) / 2,
    value_and_derivative=_gelu_tanh,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=(Z,),
    even_span=None,
    native=Native(
        value=lambda z: functional.gelu(z, approximate="tanh"),
        derivative=lambda z, _: torch.ops.aten.gelu_backward(
            torch.ones_like(z), z, approximate="tanh"
        ),
    ),
)

QUICK_GELU = Activation(
    name="quick_gelu",
    title="quick GELU",
    expression=Z / (1 + sp.exp(-_RATE * Z)),
    value_and_derivative=_quick_gelu,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=(Z,),
    even_span=None,
    native=Native(value=lambda z: z * torch.sigmoid(1.702 * z), derivative=_quick_gelu_slope),
)
