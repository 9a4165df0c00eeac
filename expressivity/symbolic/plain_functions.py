"""Functions of the grammar of expressions that have their name there once and for all."""

from collections.abc import Mapping

import sympy as sp

from expressivity.symbolic.symbols import Z

PLAIN_FUNCTIONS: Mapping[str, sp.Expr] = {
    "sigmoid": 1 / (1 + sp.exp(-Z)),
    "abs": sp.Piecewise((Z, Z > 0), (-Z, True)),
    "exp": sp.exp(Z),
    "sin": sp.sin(Z),
    "cos": sp.cos(Z),
}
"""In ``Z``. An activation of one of these names is that function."""
