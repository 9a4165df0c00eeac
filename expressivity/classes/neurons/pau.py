"""Safe Pade activation units of degree (5, 4), shared by the layer.

    (p0 + p1 z + .. + p5 z^5) / (1 + abs(q1 z + .. + q4 z^4))

A layer starts at the authors' approximation of LeakyReLU with slope 0.01 (their table of initial
coefficients); random starts are within 1/4 of it.
"""

import sympy as sp

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, parameter_symbol

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
    source="A. Molina, P. Schramowski, K. Kersting, "
    '"Pade activation units", ICLR 2020, arXiv:1907.06732',
)
