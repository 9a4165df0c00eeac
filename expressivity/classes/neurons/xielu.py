"""xIELU: a parabola for z > 0 and exp(z) - 1 - z elsewhere, both plus z/2; shared by the layer.

    alpha_p z^2 + z/2                               z > 0,    alpha_p = log(1 + exp(a_p))
    alpha_n (exp(z) - 1 - z) + z/2                  z <= 0,   alpha_n = 1/2 + log(1 + exp(a_n))

Both sides are 0 with slope 1/2 at 0. The authors' code clips z at -1e-6 before the exponential,
and so jumps by about alpha_n 1e-6 at 0; the form here does not. A layer starts at
alpha_p = alpha_n = 0.8, as theirs.
"""

import math
from collections.abc import Sequence

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations.elu import expm1
from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, Partials, parameter_symbol

BETA = sp.Rational(1, 2)
_Z, _A_P, _A_N = MAPS[0], parameter_symbol("a_p"), parameter_symbol("a_n")
_ALPHA_P, _ALPHA_N = sp.log(1 + sp.exp(_A_P)), BETA + sp.log(1 + sp.exp(_A_N))


def _torch_form(
    maps: Sequence[Tensor], mixtures: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Partials:
    (z,), (a_p, a_n) = maps, parameters
    beta = float(BETA)
    positive = z > 0
    right, left = torch.where(positive, z, 0), torch.where(positive, 0, z)
    alpha_p, alpha_n = _softplus(a_p), beta + _softplus(a_n)
    less_one = expm1(left)
    square, rest = right * right, less_one - left
    return Partials(
        value=alpha_p * square + alpha_n * rest + beta * z,
        maps=(2 * alpha_p * right + alpha_n * less_one + beta,),
        mixtures=(),
        parameters=(torch.sigmoid(a_p) * square, torch.sigmoid(a_n) * rest),
    )


def _softplus(x: Tensor) -> Tensor:
    return torch.clamp(x, min=0) + torch.log1p(torch.exp(-torch.abs(x)))


def _inverse_softplus(y: float) -> float:
    return math.log(math.expm1(y))


NEURON = Neuron(
    name="xielu",
    title="xIELU(z)",
    latex=r"\mathrm{xIELU}(z_j)",
    maps=1,
    expression=BETA * _Z
    + sp.Piecewise((_ALPHA_P * _Z**2, _Z > 0), (_ALPHA_N * (sp.exp(_Z) - 1 - _Z), True)),
    parameters=(
        Parameter(name="a_p", initial=_inverse_softplus(0.8), spread=(-2.0, 2.0)),
        Parameter(name="a_n", initial=_inverse_softplus(0.8 - float(BETA)), spread=(-2.0, 2.0)),
    ),
    shared=True,
    torch_form=_torch_form,
    source="A. H. Huang, I. Schlag, "
    '"Deriving activation functions using integration", 2024, arXiv:2411.13010',
)
