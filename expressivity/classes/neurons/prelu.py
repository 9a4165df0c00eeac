"""sum_j a_j PReLU(z_j): z for z > 0 and a learned multiple of z elsewhere.

The slope is one of each neuron (the paper's channel-wise form) or one of the layer.
"""

import sympy as sp

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, parameter_symbol

_Z, _SLOPE = MAPS[0], parameter_symbol("slope")
_SOURCE = (
    'K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852'
)
_EXPRESSION = sp.Piecewise((_Z, _Z > 0), (_SLOPE * _Z, True))
_PARAMETERS = (Parameter(name="slope", initial=0.25, spread=(-1.0, 0.9)),)

PRELU = Neuron(
    name="prelu",
    title="PReLU(z), a slope of each neuron",
    latex=r"\max(z_j, 0) + \alpha_j \min(z_j, 0)",
    maps=1,
    expression=_EXPRESSION,
    parameters=_PARAMETERS,
    source=_SOURCE,
)

PRELU_SHARED = Neuron(
    name="prelu_shared",
    title="PReLU(z), one slope of the layer",
    latex=r"\max(z_j, 0) + \alpha \min(z_j, 0)",
    maps=1,
    expression=_EXPRESSION,
    parameters=_PARAMETERS,
    shared=True,
    source=_SOURCE,
)
