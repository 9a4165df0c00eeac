"""Adaptive piecewise linear units with two hinges, learned by each neuron.

    max(0, z) + c1 max(0, b1 - z) + c2 max(0, b2 - z)

The starts are ours.
"""

import sympy as sp

from expressivity.classes.neurons.record import MAPS, Neuron, Parameter, parameter_symbol

HINGES = 2


def _hinge(index: int) -> sp.Expr:
    slope, place = parameter_symbol(f"c{index}"), parameter_symbol(f"b{index}")
    return slope * sp.Max(0, place - MAPS[0])


NEURON = Neuron(
    name="apl",
    title="max(0, z) + c1 max(0, b1 - z) + c2 max(0, b2 - z)",
    latex=r"\max(0, z_j) + \sum_{s=1}^{2} c_{js} \max(0, b_{js} - z_j)",
    maps=1,
    expression=sp.Max(0, MAPS[0]) + sp.Add(*[_hinge(s + 1) for s in range(HINGES)]),
    parameters=(
        Parameter(name="c1", initial=0.2, spread=(-1.0, 1.0)),
        Parameter(name="b1", initial=-0.5, spread=(-2.0, 2.0)),
        Parameter(name="c2", initial=0.2, spread=(-1.0, 1.0)),
        Parameter(name="b2", initial=0.5, spread=(-2.0, 2.0)),
    ),
    source="F. Agostinelli, M. Hoffman, P. Sadowski, P. Baldi, "
    '"Learning activation functions to improve deep neural networks", ICLR 2015 workshop, '
    "arXiv:1412.6830",
)
