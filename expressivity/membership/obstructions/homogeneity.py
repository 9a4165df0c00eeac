"""Homogeneity: without biases a network is a sum of positively homogeneous functions.

docs/theory.md, section 4, B2.
"""

import sympy as sp

from expressivity.classes.facts import euler_product
from expressivity.classes.families import Family
from expressivity.classes.properties import homogeneous_degrees
from expressivity.symbolic.identities import differs
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target


def homogeneity_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network without biases is the target, at any width, or None.

    If s_k(c z) = c^k s_k(z) for all c > 0 and every activation, then a network is a finite sum
    of functions with f_k(c x) = c^k f_k(x); k is 1 for an affine map and adds up in
    products. Where such a sum equals an analytic formula F, differentiating at c = 1 shows that
    the product over k of (E - k) annihilates F, E = x.grad.

    The declared degrees are checked. It does not decide about gates, biases, or neurons and
    activations that are not seen to be such sums, and it cannot tell which of the functions of the
    right degrees are networks.

    >>> from expressivity.targets.builtin import t1
    >>> homogeneity_obstruction(t1(), Family(kind="fixed", neuron="type1", width=9,
    ...     dimension=1, dictionary=("relu",), bias=False))
    'every network is a sum of homogeneous functions of degree 1, t1 equals x1**2 + x1 somewhere'
    """
    degrees = None if family.bias else homogeneous_degrees(family)
    if degrees is None:
        return None
    for formula in local_formulas(target):
        if differs(euler_product(formula, target.coordinates, degrees), sp.S.Zero):
            listed = ", ".join(map(str, degrees))
            return (
                f"every network is a sum of homogeneous functions of degree {listed}, "
                f"{target.name} equals {formula} somewhere"
            )
    return None
