"""ELU and SELU: the identity for z > 0, a multiple of exp(z) - 1 elsewhere.

D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by
exponential linear units (ELUs)", ICLR 2016, arXiv:1511.07289, with alpha = 1.
G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks", NIPS
2017, arXiv:1706.02515: alpha and lambda are such that mean 0 and variance 1 are kept; the 31
digits here are those of the authors' code and of torch.
"""

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations.record import Activation, step
from expressivity.classes.activations.seven import tanh
from expressivity.symbolic.symbols import Z

SELU_ALPHA = sp.Rational("1.6732632423543772848170429916717")
SELU_SCALE = sp.Rational("1.0507009873554804934193349852946")


def expm1(z: Tensor) -> Tensor:
    """exp(z) - 1 for z <= 0, to a few units in the last place.

    By 2 t/(1 - t), t = tanh(z/2), which does not cancel; torch's own function, compiled for a CPU
    in float64, subtracts 1 from exp(z).
    """
    half, _ = tanh(z / 2)
    return 2 * half / (1 - half)


def _exponential_linear(z: Tensor, scale: float, scale_left: float) -> tuple[Tensor, Tensor]:
    positive = z > 0
    left = torch.where(positive, 0, z)  # reverse mode must not meet an exponential that overflows
    value = torch.where(positive, scale * z, scale_left * expm1(left))
    derivative = torch.where(positive, scale, scale_left * torch.exp(left))
    return value, derivative


def _elu(z: Tensor) -> tuple[Tensor, Tensor]:
    return _exponential_linear(z, 1.0, 1.0)


def _selu(z: Tensor) -> tuple[Tensor, Tensor]:
    # Numbers, as compiled code takes those of a module for inputs that may change.
    return _exponential_linear(z, 1.0507009873554805, 1.7580993408473768)


ELU = Activation(
    name="elu",
    title="ELU",
    expression=step(Z, sp.exp(Z) - 1),
    value_and_derivative=_elu,
    kink=sp.Integer(0),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,
    even_span=None,
)

SELU = Activation(
    name="selu",
    title="SELU",
    expression=step(SELU_SCALE * Z, SELU_SCALE * SELU_ALPHA * (sp.exp(Z) - 1)),
    value_and_derivative=_selu,
    kink=SELU_SCALE * (1 - SELU_ALPHA),
    piece_degree=None,
    homogeneous_degree=None,
    odd_span=None,
    even_span=None,
)
