"""The symbols that formulas are written in."""

import sympy as sp

from expressivity.symbolic.refusals import MAX_DIMENSION

Z = sp.Symbol("z", real=True)
"""The argument of an activation."""

COORDINATES: tuple[sp.Symbol, ...] = tuple(
    sp.Symbol(f"x{axis + 1}", real=True) for axis in range(MAX_DIMENSION)
)
"""The coordinates x1, x2, ... of the input."""
