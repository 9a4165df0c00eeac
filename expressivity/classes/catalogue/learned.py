"""Learned combinations of other dictionaries than that of ``paper.py``.

SLAF: M. Goyal, R. Goyal, B. Lall, 2019, arXiv:1906.09529, here of degree 3. PolyReLU: Z. Zhuo et
al., 2024, arXiv:2411.03884, of degree 3. ABU: L. R. Suetfeld, F. Brieger, H. Finger, S. Fuellhase,
G. Pipa, "Adaptive blending units: trainable activation functions for deep neural networks", 2018,
arXiv:1806.10064, whose factors 1/sqrt(Var s(Z)) free coefficients absorb; affine and simplex
combinations also in F. Manessi, A. Rozza, "Learning combinations of activation functions", ICPR
2018, arXiv:1801.09403.
"""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

_BLENDED = ("tanh", "elu", "relu", "id", "silu")

FAMILIES: Mapping[str, FamilyFactory] = {
    "slaf": family_of("la", dictionary=("one", "id", "square", "cube")),
    "polyrelu": family_of("la", dictionary=("one", "relu", "relu2", "relu3")),
    "abu": family_of("la", dictionary=_BLENDED),
    "abu-affine": family_of("la", dictionary=_BLENDED, constraint="affine"),
    "abu-simplex": family_of("la", dictionary=_BLENDED, constraint="simplex"),
}
