"""Polynomials in one variable with balls as coefficients, for functions that are written for balls.

What :mod:`evaluation` does with a ball it does with a polynomial, where the function is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NoReturn

from flint import arb

from expressivity.checker.balls import Ball
from expressivity.checker.findings import UndecidedError

MAX_POLYNOMIAL_DEGREE = 60


class Polynomial:
    """A polynomial by its coefficients, from degree 0 on; ``spend`` counts operations.

    >>> x = Polynomial([arb(0), arb(1)], lambda operations: None)
    >>> [float(c) for c in coefficients((x + 2) * x)]
    [0.0, 2.0, 1.0]
    """

    def __init__(self, coefficients: Sequence[Ball], spend: Callable[[int], None]) -> None:
        self.coefficients = list(coefficients)
        self.spend = spend

    def _plain(self, coefficients: Sequence[Ball]) -> Ball:
        """A ball where the rest is exactly 0."""
        if all(c.is_zero() for c in coefficients[1:]):
            return coefficients[0]
        return Polynomial(coefficients, self.spend)

    def __add__(self, other: Ball) -> Ball:
        pairs = zip_longest(self.coefficients, coefficients(other), fillvalue=0)
        return self._plain([a + b for a, b in pairs])

    __radd__ = __add__

    def __neg__(self) -> Ball:
        return Polynomial([-c for c in self.coefficients], self.spend)

    def __mul__(self, other: Ball) -> Ball:
        mine, others = self.coefficients, coefficients(other)
        if len(mine) + len(others) > MAX_POLYNOMIAL_DEGREE:
            raise UndecidedError("the target's degree is too high for this checker")
        # An evaluation counts each product as one operation; these are the rest.
        self.spend(len(mine) * len(others) - 1)
        result = [arb(0)] * (len(mine) + len(others) - 1)
        for i, a in enumerate(mine):
            for j, b in enumerate(others):
                result[i + j] += a * b
        return self._plain(result)

    __rmul__ = __mul__

    def __truediv__(self, other: Ball) -> Ball:
        return self * (1 / other)

    def __rtruediv__(self, other: Ball) -> NoReturn:
        self.give_up()

    def give_up(self) -> NoReturn:
        """Where no polynomial comes out."""
        raise UndecidedError("the target is not seen to be a polynomial in this variable")

    tanh = exp = sin = cos = erf = give_up


def coefficients(value: Ball) -> list[Ball]:
    """Those of a polynomial, or of a constant."""
    return value.coefficients if isinstance(value, Polynomial) else [value]
