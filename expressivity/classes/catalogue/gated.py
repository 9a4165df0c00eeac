"""Gated linear units sum_j a_j s(z_j) y_j, named as in the paper that compares them.

Y. N. Dauphin, A. Fan, M. Auli, D. Grangier, "Language modeling with gated convolutional
networks", ICML 2017, arXiv:1612.08083 (GLU); N. Shazeer, "GLU variants improve transformer", 2020,
arXiv:2002.05202 (the others). ``swiglu`` is the class ``glu-silu`` of ``paper.py``.
"""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

_ACTIVATIONS = {
    "glu": "sigmoid",
    "bilinear": "id",
    "reglu": "relu",
    "geglu": "gelu",
    "swiglu": "silu",
}

FAMILIES: Mapping[str, FamilyFactory] = {
    name: family_of("fixed", "one_sided", dictionary=(activation,))
    for name, activation in _ACTIVATIONS.items()
}
