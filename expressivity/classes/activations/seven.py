"""The seven activations of arXiv:2605.26647.

Numbers stand in the functions that use them: compiled for dynamic sizes, torch takes those of a
module for inputs that may change.
"""

import math
from collections.abc import Sequence

import sympy as sp
import torch
from torch import Tensor
from torch.nn import functional

from expressivity.classes.activations.record import Activation, Native, step, unit
from expressivity.symbolic.symbols import Z

_X_ABS = Z * sp.Abs(Z)


def _id(z: Tensor) -> tuple[Tensor, Tensor]:
    return z, torch.ones_like(z)


def _relu(z: Tensor) -> tuple[Tensor, Tensor]:
    return torch.relu(z), (z > 0).to(z.dtype)


def _relu2(z: Tensor) -> tuple[Tensor, Tensor]:
    positive = torch.relu(z)
    return positive * positive, 2 * positive


_LEAKY_SLOPE = sp.Rational(1, 100)
_LEAKY_SLOPE_FLOAT = float(_LEAKY_SLOPE)


def _leaky_relu(z: Tensor) -> tuple[Tensor, Tensor]:
    slope = 0.01
    positive = z > 0
    one = torch.ones_like(z)
    return torch.where(positive, z, slope * z), torch.where(positive, one, slope * one)


def _polynomial(coefficients: Sequence[float], t: Tensor) -> Tensor:
    value = torch.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * t + coefficient
    return value


def _gelu(z: Tensor) -> tuple[Tensor, Tensor]:
    # Phi(-a) = exp(-a^2/2) t P(t), t = 1/(1 + 0.32 a), for a >= 0, to a relative 4e-08: P by
    # increasing degree, fitted here (Lawson's weighted least squares on Chebyshev points in t).
    scale = 0.32
    tail_by_t = (
        0.127661526,
        0.127661187,
        0.114616648,
        0.0878862407,
        0.0583561534,
        -0.00848877371,
        0.0637544441,
        -0.14507571,
        0.0944927813,
        -0.0208644979,
    )
    bell = torch.exp(-0.5 * z * z)
    if z.dtype is torch.float32:
        # Ten times faster than erfc where compiled for a CPU: the exponential is shared.
        t = 1 / (1 + scale * torch.abs(z))
        tail = bell * (t * _polynomial(tail_by_t, t))
        cdf = torch.where(z > 0, 1 - tail, tail)
    else:
        # erfc of -z keeps relative accuracy in the left tail, where 1 + erf(z) cancels.
        cdf = 0.5 * torch.erfc(-z * math.sqrt(0.5))
    root = 0.3989422804014327  # 1/sqrt(2 pi)
    return z * cdf, cdf + z * bell * root


def _decay(z: Tensor) -> Tensor:
    """exp(-|z|), which compiled code computes once for all activations of z.

    |z| by where: its derivative at 0 is that of the branch below, where abs would give 0.
    """
    return torch.exp(torch.where(z > 0, -z, z))


def _silu(z: Tensor) -> tuple[Tensor, Tensor]:
    # torch.sigmoid is 0 below -709, where exp(-z) overflows; exp(-|z|) underflows gradually.
    positive = z > 0
    decay = _decay(z)
    larger = 1 / (1 + decay)
    smaller = decay * larger
    sigmoid = torch.where(positive, larger, smaller)
    complement = torch.where(positive, smaller, larger)
    return z * sigmoid, sigmoid * (1 + z * complement)


def tanh(z: Tensor) -> tuple[Tensor, Tensor]:
    """tanh and its derivative."""
    # 1 - tanh^2 loses all relative accuracy for large |z|; sech^2 by exponentials does not.
    decay = _decay(z)
    decay = decay * decay
    inverse = 1 / (1 + decay)
    derivative = 4 * decay * inverse * inverse
    if z.dtype is torch.float32:  # the exponential is shared; near 0 the quotient would cancel
        # tanh(z)/z in powers of z^2 for abs(z) <= 1/2, to a relative 2e-8, fitted as for gelu.
        near = (1.0, -0.333331438, 0.133258763, -0.0530452826, 0.0172409942)
        square = z * z
        large = (1 - decay) * inverse
        large = torch.where(z > 0, large, -large)
        return torch.where(square < 0.25, z * _polynomial(near, square), large), derivative
    return torch.tanh(z), derivative


def _squared(own: Tensor) -> Tensor:
    """In place; vmap has a rule for products, and none for ``square_``."""
    return own.mul_(own)


_TORCH = torch.ops.aten
_NATIVE = {
    "id": Native(value=lambda z: z, derivative=lambda z, _: torch.ones_like(z)),
    "relu": Native(
        value=torch.relu, derivative=lambda z, _: _TORCH.threshold_backward(unit(z), z, 0)
    ),
    "relu2": Native(
        value=lambda z: _squared(torch.relu(z)), derivative=lambda z, _: torch.relu(z).mul_(2)
    ),
    "leaky_relu": Native(
        value=lambda z: functional.leaky_relu(z, _LEAKY_SLOPE_FLOAT),
        derivative=lambda z, _: _TORCH.leaky_relu_backward(unit(z), z, _LEAKY_SLOPE_FLOAT, False),
    ),
    "gelu": Native(
        value=functional.gelu,
        derivative=lambda z, _: _TORCH.gelu_backward(torch.ones_like(z), z),
    ),
    "silu": Native(value=functional.silu, derivative=lambda z, _: _TORCH.silu_backward(unit(z), z)),
    "tanh": Native(
        value=torch.tanh, derivative=lambda z, value: _TORCH.tanh_backward(unit(z), value)
    ),
}

SEVEN = (
    Activation(
        name="id",
        title="Id",
        expression=Z,
        value_and_derivative=_id,
        kink=sp.Integer(0),
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(),
        native=_NATIVE["id"],
    ),
    Activation(
        name="relu",
        title="ReLU",
        expression=step(Z, 0),
        value_and_derivative=_relu,
        kink=sp.Integer(1),
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(sp.Abs(Z),),
        native=_NATIVE["relu"],
    ),
    Activation(
        name="relu2",
        title="ReLU^2",
        expression=step(Z**2, 0),
        value_and_derivative=_relu2,
        kink=sp.Integer(0),
        piece_degree=2,
        homogeneous_degree=2,
        odd_span=(_X_ABS,),
        even_span=(Z**2,),
        native=_NATIVE["relu2"],
    ),
    Activation(
        name="leaky_relu",
        title="LeakyReLU",
        expression=step(Z, _LEAKY_SLOPE * Z),
        value_and_derivative=_leaky_relu,
        kink=1 - _LEAKY_SLOPE,
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(sp.Abs(Z),),
        native=_NATIVE["leaky_relu"],
    ),
    Activation(
        name="gelu",
        title="GELU",
        expression=Z * (1 + sp.erf(Z / sp.sqrt(2))) / 2,
        value_and_derivative=_gelu,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=(Z,),
        even_span=None,
        native=_NATIVE["gelu"],
    ),
    Activation(
        name="silu",
        title="SiLU",
        expression=Z / (1 + sp.exp(-Z)),
        value_and_derivative=_silu,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=(Z,),
        even_span=None,
        native=_NATIVE["silu"],
    ),
    Activation(
        name="tanh",
        title="tanh",
        expression=sp.tanh(Z),
        value_and_derivative=tanh,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=None,
        even_span=(),
        native=_NATIVE["tanh"],
    ),
)
"""In the order of the paper."""
