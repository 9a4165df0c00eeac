"""One functional for all large slopes: what is left of two tails at nine points.

Three second divided differences at points l_1 < .. < r_1 < l_2 < .. < r_2 < l_3 < .. < r_3 of
(0, 1] see A = y/(1 + e^y) and B = 1/(1 + e^(2y)), y = w u + b, ever less: each weighs them by
A'' = s (y tanh(y/2) - 2), s = e^-y/(1 + e^-y)^2, and B'' = tanh sech^2, up to factors. Where
y >= Y and kappa = tanh(Y/2) - 2/Y > 0, kappa y <= y tanh(y/2) - 2 <= y increases, and s and sech^2
decrease. So with E = (1 + e^-Y)^2 and F = (1 + e^-2Y)^2/tanh Y the rows S_i of A and T_i of B obey

    S_1/S_2 <= E e^(w (r_2 - l_1)),    S_3/S_2 <= E r_3/(kappa l_2) e^(-w (l_3 - r_2)),
    T_i/T_1 <= F e^(-2 w (l_i - r_1)),

and the functional that annihilates both is the third row but for small multiples of the others.
docs/theory.md, section 4, B10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import flint

from expressivity.bounds.half_line_functionals import divided_difference
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import lower_float

Triple = tuple[Fraction, Fraction, Fraction]
Triples = tuple[Triple, Triple, Triple]


@dataclass(frozen=True, kw_only=True)
class Steep:
    """Nine points, and what they show for all slopes from a least one on, rounded down."""

    triples: Triples
    shown: Fraction


def shown(triples: Triples, values: Mapping[Fraction, flint.arb], slope: Fraction) -> Fraction:
    """A lower bound on the distance for all w >= slope and b >= 0; 0 where there is none.

    >>> triples = tuple(tuple(Fraction(k, 32) for k in t) for t in ((3, 4, 5), (11, 12, 13),
    ...     (18, 25, 32)))
    >>> squares = {u: as_ball(u * u) for t in triples for u in t}
    >>> 0.02 < shown(triples, squares, Fraction(64)) < 0.03
    True
    """
    (l1, _, r1), (l2, _, r2), (l3, _, r3) = triples
    w = as_ball(slope)
    least = w * as_ball(l1)
    kappa = (least / 2).tanh() - 2 / least
    if not (kappa > 0 and 2 * (l2 - r1) > r2 - l1):
        return Fraction(0)
    one = (1 + (-least).exp()) ** 2
    two = (1 + (-2 * least).exp()) ** 2 / least.tanh()

    def decay(rate: Fraction) -> flint.arb:
        return (-w * as_ball(rate)).exp()

    # S_1/S_2 T_i/T_1 decrease as w grows.
    third = one * two * decay(2 * (l2 - r1) - (r2 - l1))
    tail = one * as_ball(r3 / l2) / kappa * decay(l3 - r2)
    second = one * two * decay(2 * (l3 - r1) - (r2 - l1)) + tail
    first = two * decay(2 * (l3 - r1)) + tail * two * decay(2 * (l2 - r1))
    rows = [divided_difference(triple) for triple in triples]
    jumps = [
        abs(sum((as_ball(c) * values[u] for c, u in zip(row, triple, strict=True)), flint.arb(0)))
        for row, triple in zip(rows, triples, strict=True)
    ]
    sizes = [as_ball(sum(map(abs, row), Fraction(0))) for row in rows]
    top = jumps[2] * (1 - third) - jumps[1] * second - jumps[0] * first
    value = top / (sizes[2] * (1 + third) + sizes[1] * second + sizes[0] * first)
    return Fraction(max(lower_float(value), 0.0)) if value.is_finite() else Fraction(0)


def best_steep(values: Mapping[Fraction, flint.arb], slope: Fraction, grid: int) -> Steep | None:
    """The points of a grid that show most, of those that are tried; None where none do."""
    best: Steep | None = None
    for first in range(1, grid // 4):
        for second in range(first + 3, 3 * grid // 4):
            for third in range(second + 3, grid - 1, 2):
                cells = (
                    (first, first + 1, first + 2),
                    (second, second + 1, second + 2),
                    (third, (third + grid) // 2, grid),
                )
                triples = (
                    _triple(cells[0], grid),
                    _triple(cells[1], grid),
                    _triple(cells[2], grid),
                )
                value = shown(triples, values, slope)
                if value > (best.shown if best else 0):
                    best = Steep(triples=triples, shown=value)
    return best


def _triple(cell: tuple[int, int, int], grid: int) -> Triple:
    one, two, three = (Fraction(k, grid) for k in cell)
    return one, two, three
