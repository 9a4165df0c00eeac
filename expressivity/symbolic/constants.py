"""Constant sub-expressions, which must be finite reals in floats and in exact rationals.

The certificate checker trusts this module, so it imports the standard library alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from expressivity.symbolic.expressions import ExpressionError, Node, fold

# Constants are checked exactly while their denominators are below 2**4096, then as floats.
MAX_EXACT_BITS = 4096
_Real = Fraction | float


def _sigmoid(z: float) -> float:
    # Of the two forms the one that does not overflow, accurate in both tails.
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


_FLOAT_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "id": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "relu2": lambda z: max(z, 0.0) * max(z, 0.0),
    "leaky_relu": lambda z: z if z >= 0 else 0.01 * z,
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "silu": lambda z: z * _sigmoid(z),
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "abs": abs,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
}
FUNCTIONS: tuple[str, ...] = tuple(_FLOAT_FUNCTIONS)


def require_finite(root: Node, number: Callable[[Fraction], _Real]) -> None:
    """Evaluate constant operands from left to right; refuse results that are not finite."""

    def combine(
        values: Sequence[_Real | None], operate: Callable[[_Real, _Real], Any], shown: str
    ) -> _Real | None:
        known = [value for value in values if value is not None]
        if not known:
            return None
        total = reduce(lambda left, right: _finite(operate, left, right, shown), known)
        return total if len(known) == len(values) else None

    def power(base: _Real | None, exponent: Fraction) -> _Real | None:
        if base is None:
            return None
        return _finite(lambda b, e: b**e, base, exponent, "({:.6g})**({:.6g})")

    def call(name: str, argument: _Real | None) -> _Real | None:
        function = _FLOAT_FUNCTIONS.get(name)
        if argument is None or function is None:
            return None
        return _finite(lambda z, _: function(float(z)), argument, 0.0, name + "({:.6g})")

    fold(
        root,
        number=number,
        variable=lambda _: None,
        add=lambda terms: combine(terms, lambda a, b: a + b, "{:.6g} + ({:.6g})"),
        multiply=lambda factors: combine(factors, lambda a, b: a * b, "{:.6g} * ({:.6g})"),
        power=power,
        call=call,
    )


def _finite(operate: Callable[[_Real, _Real], Any], left: _Real, right: _Real, shown: str) -> _Real:
    """One operation; exact results stay exact while they are of moderate size."""
    try:
        value = operate(left, right)
        if isinstance(value, Fraction | float) and math.isfinite(value):
            moderate = isinstance(value, float) or value.denominator.bit_length() <= MAX_EXACT_BITS
            return value if moderate else float(value)
    except (OverflowError, ZeroDivisionError):
        pass
    raise ExpressionError(
        "required: constant sub-expressions that are finite real float64 numbers; "
        f"got {shown.format(float(left), float(right))}; rewrite that constant"
    )
