"""Safe Pade activation units of degree (5, 4), shared by the layer.

    (p0 + p1 z + .. + p5 z^5) / (1 + abs(q1 z + .. + q4 z^4))

For abs(z) > 1 the torch form divides both by z^4, so that no power of z overflows: with w = 1/z
it is z (p5 + p4 w + .. + p0 w^5) / (w^4 + abs(q4 + .. + q1 w^3)). With B the denominator and s
the sign of its polynomial Q, dN/dz = (P' - N s Q')/B, dN/dp_k = z^k/B, dN/dq_k = -N s z^k/B.

A layer starts at the authors' approximation of LeakyReLU with slope 0.01 (their table of initial
coefficients); random starts are within 1/4 of it.
"""

from collections.abc import Sequence

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, Partials, parameter_symbol

_NUMERATOR = (0.02979246, 0.61837738, 2.32335207, 3.05202660, 1.48548002, 0.25103717)
_DENOMINATOR = (1.14201226, 4.39322834, 0.87154450, 0.34720652)
_START = {f"p{k}": start for k, start in enumerate(_NUMERATOR)} | {
    f"q{k}": start for k, start in enumerate(_DENOMINATOR, 1)
}


def _polynomial(*coefficients: sp.Expr) -> sp.Expr:
    """By Horner's rule, from the constant term on."""
    value: sp.Expr = sp.S.Zero
    for coefficient in reversed(coefficients):
        value = value * MAPS[0] + coefficient
    return value


_P = _polynomial(*[parameter_symbol(f"p{k}") for k in range(len(_NUMERATOR))])
_Q = _polynomial(sp.S.Zero, *[parameter_symbol(f"q{k + 1}") for k in range(len(_DENOMINATOR))])


def _horner(z: Tensor, coefficients: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Value and derivative of a polynomial, from the constant term on."""
    value, slope = coefficients[-1].expand_as(z), torch.zeros_like(z)
    for coefficient in reversed(coefficients[:-1]):
        slope = slope * z + value
        value = value * z + coefficient
    return value, slope


def _torch_form(
    maps: Sequence[Tensor], mixtures: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Partials:
    (z,), p, q = maps, parameters[: len(_NUMERATOR)], parameters[len(_NUMERATOR) :]
    far = torch.abs(z) > 1
    near = torch.where(far, 0, z)
    w = 1 / torch.where(far, z, 1)
    zero = torch.zeros_like(q[0])
    top, top_slope = _horner(near, p)
    polynomial, polynomial_slope = _horner(near, [zero, *q])
    top_w, top_slope_w = _horner(w, p[::-1])
    rest, rest_slope = _horner(w, q[::-1])
    sign = torch.where(torch.where(far, rest, polynomial) >= 0, 1, -1).to(z.dtype)
    bottom = torch.where(far, w**4 + torch.abs(rest), 1 + torch.abs(polynomial))
    # Over z^4 where z is far: N = z top_w/bottom, and d/dz = -w^2 d/dw.
    ratio = torch.where(far, top_w, top) / bottom
    value = torch.where(far, z, 1) * ratio
    inner = 4 * w**3 + sign * rest_slope
    slope = torch.where(
        far,
        ratio - w * (top_slope_w - ratio * inner) / bottom,
        (top_slope - ratio * sign * polynomial_slope) / bottom,
    )
    powers = [torch.where(far, w ** (4 - k), near**k) / bottom for k in range(5)]
    fifth = torch.where(far, z, near**5) / bottom
    return Partials(
        value=value,
        maps=(slope,),
        mixtures=(),
        parameters=(*powers, fifth, *(-value * sign * power for power in powers[1:])),
    )


NEURON = Neuron(
    name="pau",
    title="P5(z)/(1 + abs(Q4(z)))",
    latex=r"P_5(z_j)/(1 + |Q_4(z_j)|)",
    maps=1,
    expression=_P / (1 + sp.Abs(_Q)),
    parameters=tuple(
        Parameter(name=name, initial=start, spread=(start - 0.25, start + 0.25))
        for name, start in _START.items()
    ),
    shared=True,
    torch_form=_torch_form,
    source="A. Molina, P. Schramowski, K. Kersting, "
    '"Pade activation units", ICLR 2020, arXiv:1907.06732',
)
