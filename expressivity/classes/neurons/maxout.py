"""sum_j a_j max(z_j1, .., z_jr): maxout units of two and of three affine maps."""

import sympy as sp

from expressivity.classes.neurons.record import MAPS, Neuron

_SOURCE = (
    "I. J. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, "
    '"Maxout networks", ICML 2013, arXiv:1302.4389'
)

MAXOUT2 = Neuron(
    name="maxout2",
    title="max(z, y)",
    latex=r"\max(z_j, y_j)",
    maps=2,
    expression=sp.Max(*MAPS[:2]),
    source=_SOURCE,
)

MAXOUT3 = Neuron(
    name="maxout3",
    title="max(z1, z2, z3)",
    latex=r"\max(z_{j1}, z_{j2}, z_{j3})",
    maps=3,
    expression=sp.Max(*MAPS[:3]),
    source=_SOURCE,
)
