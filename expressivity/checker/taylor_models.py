"""Taylor models: polynomials in two variables x, y of [-1, 1], and a bound of what is left out.

A model stands for every function that differs from its polynomial by at most ``rest``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter, mul

from flint import arb

from expressivity.checker.balls import Ball

_Pick = Callable[[Sequence[Ball]], tuple[Ball, ...]]


def place(total: int, second: int) -> int:
    """Where the coefficient of x^(total - second) y^second is.

    >>> [place(0, 0), place(1, 0), place(1, 1), place(2, 0)]
    [0, 1, 2, 3]
    """
    return total * (total + 1) // 2 + second


@dataclass(frozen=True)
class Model:
    """A polynomial by total degrees, in each by powers of y, and a bound of the rest.

    >>> x = Model(1, [arb(1), arb(2), arb(0)], arb(0))  # 1 + 2 x
    >>> square = x * x  # 1 + 4 x, and 4 x^2 is left out
    >>> [float(c) for c in square.terms], float(square.rest), float(square.low())
    ([1.0, 4.0, 0.0], 4.0, -7.0)
    """

    degree: int
    terms: list[Ball]
    rest: Ball

    def __sub__(self, other: Model) -> Model:
        terms = [p - q for p, q in zip(self.terms, other.terms, strict=True)]
        return Model(self.degree, terms, self.rest + other.rest)

    def scaled(self, factor: Ball) -> Model:
        """The product with a number."""
        return Model(self.degree, [c * factor for c in self.terms], self.rest * abs(factor))

    def __mul__(self, other: Model) -> Model:
        p, q = self.terms, other.terms
        terms = [sum(map(mul, left(p), right(q))) for left, right in _products(self.degree)]
        a, b = self._sizes(), other._sizes()
        tail, beyond = arb(0), arb(0)  # of b: from a degree on
        for i in range(1, self.degree + 1):
            tail += b[self.degree + 1 - i]
            beyond += a[i] * tail
        size, other_size = sum(a, arb(0)), sum(b, arb(0)) + other.rest
        return Model(self.degree, terms, beyond + size * other.rest + other_size * self.rest)

    def low(self) -> Ball:
        """A lower bound of the values on the square: an even power is never negative."""
        total = self.terms[0] - self.rest
        even, odd = _parities(self.degree)
        for c in even(self.terms):
            total += c.min(arb(0))
        for c in odd(self.terms):
            total -= abs(c)
        return total.lower()

    def _sizes(self) -> list[Ball]:
        """For every total degree a bound of that part."""
        starts = [place(d, 0) for d in range(self.degree + 2)]
        sizes = [abs(c) for c in self.terms]
        return [sum(sizes[starts[d] : starts[d + 1]], arb(0)) for d in range(self.degree + 1)]


def weighted(models: Sequence[Model], weights: Sequence[Ball]) -> Model:
    """The sum with weights."""
    terms = [
        sum(map(mul, column, weights)) for column in zip(*(m.terms for m in models), strict=True)
    ]
    rest = sum((m.rest * abs(w) for m, w in zip(models, weights, strict=True)), arb(0))
    return Model(models[0].degree, terms, rest)


def power(centre: Ball, radius: Ball, exponent: int, degree: int) -> Model:
    """The polynomial of (centre + radius y)^exponent, without a rest.

    For exponents from 0 to the degree there is none.

    >>> [float(c) for c in power(arb(2), arb(1), 2, 2).terms]
    [4.0, 0.0, 4.0, 0.0, 0.0, 1.0]
    """
    terms = [arb(0)] * place(degree + 1, 0)
    value = centre**exponent
    for k in range(degree + 1):
        terms[place(k, k)] = value
        value *= radius / centre * (exponent - k) / (k + 1)
    return Model(degree, terms, arb(0))


def _picker(places: Sequence[int]) -> _Pick:
    """As :func:`operator.itemgetter`, and a tuple whatever the number of places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[i] for i in places)


@cache
def _products(degree: int) -> list[tuple[_Pick, _Pick]]:
    """For each term of a product which terms of the factors it is the sum of products of."""
    found: list[tuple[_Pick, _Pick]] = []
    for total in range(degree + 1):
        for second in range(total + 1):
            pairs = [
                (place(d, k), place(total - d, second - k))
                for d in range(total + 1)
                for k in range(max(0, second - total + d), min(d, second) + 1)
            ]
            found.append((_picker([i for i, _ in pairs]), _picker([j for _, j in pairs])))
    return found


@cache
def _parities(degree: int) -> tuple[_Pick, _Pick]:
    """Where the terms but the first are: those with even powers alone, and the others."""
    every = [(d, k) for d in range(1, degree + 1) for k in range(d + 1)]
    even = [place(d, k) for d, k in every if k % 2 == 0 and d % 2 == 0]
    odd = [place(d, k) for d, k in every if k % 2 or d % 2]
    return _picker(even), _picker(odd)
