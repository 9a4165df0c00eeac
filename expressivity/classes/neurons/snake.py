"""sum_j a_j (z_j + sin(alpha_j z_j)^2 / alpha_j): Snake with an alpha learned by each neuron.

At alpha = 0 the expression has no value, and the torch form takes its limit, z. With t = alpha z
and S = sin(t)/t: N = z + z sin(t) S, dN/dz = (sin(t) + cos(t))^2, dN/dalpha = z^2 S (2 cos(t) - S).
"""

from collections.abc import Sequence

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, Partials, parameter_symbol

_Z, _ALPHA = MAPS[0], parameter_symbol("alpha")


def _torch_form(
    maps: Sequence[Tensor], mixtures: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Partials:
    (z,), (alpha,) = maps, parameters
    t = alpha * z
    sine, cosine = torch.sin(t), torch.cos(t)
    zero = t == 0
    ratio = torch.where(zero, 1, sine / torch.where(zero, 1, t))
    return Partials(
        value=z + z * sine * ratio,
        maps=((sine + cosine) ** 2,),
        mixtures=(),
        parameters=(z * z * ratio * (2 * cosine - ratio),),
    )


NEURON = Neuron(
    name="snake",
    title="z + sin(alpha z)^2/alpha",
    latex=r"z_j + \sin^2(\alpha_j z_j)/\alpha_j",
    maps=1,
    expression=_Z + sp.sin(_ALPHA * _Z) ** 2 / _ALPHA,
    parameters=(Parameter(name="alpha", initial=1.0, spread=(0.5, 3.0)),),
    torch_form=_torch_form,
    source="L. Ziyin, T. Hartwig, M. Ueda, "
    '"Neural networks fail to learn periodic functions and how to fix it", NeurIPS 2020, '
    "arXiv:2006.08195",
)
