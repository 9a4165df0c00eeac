"""x/(1 + e^x) and 1/(1 + e^(2x)) at b + t, divided by positive factors, in Taylor coefficients.

Two charts for b >= 0: ``Near`` is b itself; ``Far`` is r = 1/b, down to r = 0, where the functions,
times e^b/b and e^(2b), are (1 + r t) e^-t and e^-2t but for what e^-b is responsible for.
"""

import functools
import itertools
import math
from fractions import Fraction

import flint

from expressivity.symbolic.enclosure import as_ball

Tables = tuple[list[list[flint.arb]], list[list[flint.arb]]]
"""For each function, rows p of columns q: the derivative d_b^p d_t^q (or d_r^p d_t^q)/(p! q!)."""

FUNCTIONS = 2
_CELLS = 16  # in a unit of x, for b near 0
_FAR_CELLS = 2
_END = 50  # of b + t
_LAST = 12  # coefficient that is kept for a cell


class Near:
    """b itself."""

    def tables(self, b: flint.arb, t: flint.arb, order: int) -> Tables:
        """Coefficients at b + t up to an order."""
        return _binomial(_first(b + t, order)), _binomial(_second(b + t, order))

    def largest(
        self, b: tuple[Fraction, Fraction], t: tuple[Fraction, Fraction], order: int
    ) -> Tables:
        """Bounds on the sizes of all coefficients up to an order, for b and t in intervals."""
        if not (b[0] + t[0] >= 0 and b[1] + t[1] <= _END):
            raise ValueError(
                f"required: b + t within 0 and {_END}; got {b[0] + t[0]}, {b[1] + t[1]}"
            )
        first, second = _sizes()[math.floor((b[0] + t[0]) * _CELLS)]
        sizes = first[: order + 1], second[: order + 1]
        return _binomial(sizes[0]), _binomial(sizes[1])

    def neglected(
        self, b: tuple[Fraction, Fraction], t: tuple[Fraction, Fraction], order: int
    ) -> list[flint.arb]:
        """What their d_t^order/order! may differ by from those of ``tables``: nothing."""
        del b, t, order
        return [flint.arb(0)] * FUNCTIONS


class Far:
    """r = 1/b for b from ``start`` on."""

    def __init__(self, start: Fraction) -> None:
        self.start = start
        self._decay = flint.arb(0).union((-as_ball(start)).exp())  # e^-b

    def tables(self, r: flint.arb, t: flint.arb, order: int) -> Tables:
        """Coefficients at r and t up to an order, for e^-b = 0."""
        decay = _decay(t, 1, order)
        slope = _times_variable(decay, t)
        rows = [[p + r * q for p, q in zip(decay, slope, strict=True)], slope[:order]]
        return _filled(rows, order), _filled([_decay(t, 2, order)], order)

    def largest(
        self, r: tuple[Fraction, Fraction], t: tuple[Fraction, Fraction], order: int
    ) -> Tables:
        """Bounds on the sizes of all coefficients up to an order, for r and t in intervals."""
        both = as_ball(r[0]).union(as_ball(r[1]))
        found = [self.tables(both, cell, order) for cell in _cells(t)]
        first, second = (
            [
                [_most([abs(one[k][p][q]).upper() for one in found]) for q in range(order + 1 - p)]
                for p in range(order + 1)
            ]
            for k in range(FUNCTIONS)
        )
        return first, second

    def neglected(
        self, r: tuple[Fraction, Fraction], t: tuple[Fraction, Fraction], order: int
    ) -> list[flint.arb]:
        """What their d_t^order/order! may differ by from those of ``tables``."""
        both, q = as_ball(r[0]).union(as_ball(r[1])), self._decay
        sizes: list[list[flint.arb]] = [[], []]
        for cell in _cells(t):
            # e^-t/(1 + q e^-t) - e^-t = -q e^-2t/(1 + q e^-t), and so with q^2 and 2t.
            for k, rate in enumerate((1, 2)):
                scale = q**rate
                shrunk = [scale * c for c in _decay(cell, rate, order)]
                inverse = _inverse_of_one_plus(shrunk)
                rest = [-c for c in _product(_product(shrunk, inverse), _decay(cell, rate, order))]
                if k == 0:
                    slope = _times_variable(rest, cell)
                    rest = [c + both * d for c, d in zip(rest, slope, strict=True)]
                sizes[k].append(abs(rest[order]).upper())
        return [_most(one) for one in sizes]


def _first(x: flint.arb, order: int) -> list[flint.arb]:
    return _times_variable(_logistic(x, 1, order), x)


def _second(x: flint.arb, order: int) -> list[flint.arb]:
    return _logistic(x, 2, order)


def _logistic(x: flint.arb, rate: int, order: int) -> list[flint.arb]:
    """Coefficients at x of h = 1/(1 + e^(rate x)), which decreases, by h' = rate (h^2 - h)."""
    ends = [1 / (1 + (rate * end).exp()) for end in (x.lower(), x.upper())]
    row = [ends[0].union(ends[1])]
    for k in range(order):
        square = sum((row[i] * row[k - i] for i in range(k + 1)), flint.arb(0))
        row.append(rate * (square - row[k]) / (k + 1))
    return row


def _decay(x: flint.arb, rate: int, order: int) -> list[flint.arb]:
    """Coefficients at x of e^(-rate x)."""
    row = [(-rate * x).exp()]
    for k in range(order):
        row.append(row[k] * (-rate) / (k + 1))
    return row


def _times_variable(row: list[flint.arb], x: flint.arb) -> list[flint.arb]:
    return [x * c + before for c, before in zip(row, [flint.arb(0), *row], strict=False)]


def _inverse_of_one_plus(row: list[flint.arb]) -> list[flint.arb]:
    """Coefficients of 1/(1 + g), g positive there."""
    found = [1 / (1 + row[0])]
    for k in range(1, len(row)):
        rest = sum((row[i] * found[k - i] for i in range(1, k + 1)), flint.arb(0))
        found.append(-rest * found[0])
    return found


def _product(one: list[flint.arb], other: list[flint.arb]) -> list[flint.arb]:
    return [
        sum((one[i] * other[k - i] for i in range(k + 1)), flint.arb(0)) for k in range(len(one))
    ]


@functools.cache
def _sizes() -> list[tuple[list[flint.arb], list[flint.arb]]]:
    """For every cell the sizes there and in all that follow; little is lost, as they decay."""
    zeros = [flint.arb(0)] * (_LAST + 1)
    found = [(zeros, zeros)]
    for cell in reversed(range(_END * _CELLS)):
        x = as_ball(Fraction(cell, _CELLS)).union(as_ball(Fraction(cell + 1, _CELLS)))
        first, second = (
            [abs(c).upper().max(d) for c, d in zip(row, later, strict=True)]
            for row, later in zip((_first(x, _LAST), _second(x, _LAST)), found[-1], strict=True)
        )
        found.append((first, second))
    return found[:0:-1]


def _cells(t: tuple[Fraction, Fraction]) -> list[flint.arb]:
    count = max(1, math.ceil((t[1] - t[0]) * _FAR_CELLS))
    ends = [as_ball(t[0] + (t[1] - t[0]) * Fraction(k, count)) for k in range(count + 1)]
    return [low.union(high) for low, high in itertools.pairwise(ends)]


def _most(sizes: list[flint.arb]) -> flint.arb:
    return functools.reduce(lambda p, q: p.max(q), sizes)


def _binomial(coefficients: list[flint.arb]) -> list[list[flint.arb]]:
    """For a function of the sum of both variables."""
    n = len(coefficients) - 1
    return [
        [math.comb(p + q, p) * coefficients[p + q] for q in range(n + 1 - p)] for p in range(n + 1)
    ]


def _filled(rows: list[list[flint.arb]], order: int) -> list[list[flint.arb]]:
    more = [[flint.arb(0)] * (order + 1 - p) for p in range(len(rows), order + 1)]
    return [*rows, *more]
