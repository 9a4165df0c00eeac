"""The constant 1, z^2, z^3 and ReLU^3.

Monomials as of M. Goyal, R. Goyal, B. Lall, "Learning activation functions: a new paradigm for
understanding neural networks", arXiv:1906.09529 (SLAF); powers of ReLU as of Z. Zhuo et al.,
"Polynomial composition activations: unleashing the dynamics of large language models",
arXiv:2411.03884 (PolyReLU), whose power 0 is the constant.
"""

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations.record import Activation, step
from expressivity.symbolic.symbols import Z


def _one(z: Tensor) -> tuple[Tensor, Tensor]:
    return torch.ones_like(z), torch.zeros_like(z)


def _square(z: Tensor) -> tuple[Tensor, Tensor]:
    return z * z, 2 * z


def _cube(z: Tensor) -> tuple[Tensor, Tensor]:
    square = z * z
    return z * square, 3 * square


def _relu3(z: Tensor) -> tuple[Tensor, Tensor]:
    return _cube(torch.relu(z))


ONE = Activation(
    name="one",
    title="1",
    expression=sp.S.One,
    value_and_derivative=_one,
    kink=sp.Integer(0),
    piece_degree=0,
    homogeneous_degree=None,
    odd_span=(),
    even_span=(sp.S.One,),
)

SQUARE = Activation(
    name="square",
    title="z^2",
    expression=Z**2,
    value_and_derivative=_square,
    kink=sp.Integer(0),
    piece_degree=2,
    homogeneous_degree=2,
    odd_span=(),
    even_span=(Z**2,),
)

CUBE = Activation(
    name="cube",
    title="z^3",
    expression=Z**3,
    value_and_derivative=_cube,
    kink=sp.Integer(0),
    piece_degree=3,
    homogeneous_degree=3,
    odd_span=(Z**3,),
    even_span=(),
)

RELU3 = Activation(
    name="relu3",
    title="ReLU^3",
    expression=step(Z**3, 0),
    value_and_derivative=_relu3,
    kink=sp.Integer(0),
    piece_degree=3,
    homogeneous_degree=3,
    odd_span=(Z**3,),
    even_span=(Z**2 * sp.Abs(Z),),
)
