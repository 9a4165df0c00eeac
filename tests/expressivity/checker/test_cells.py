"""Cells of the disk and the Gauss rules on them.

Soundness: cells cover the disk and avoid the lines; rules keep their promise of exactness.
"""

import math
from fractions import Fraction

import flint
import numpy as np

from expressivity.checker import (
    cells,
    integrals,
)
from expressivity.checker.balls import PRECISION


def test_cells_cover_the_disk_and_avoid_the_lines():
    rng = np.random.default_rng(5)
    lines = [tuple(Fraction(float(c)) for c in row) for row in rng.normal(size=(4, 3))]
    lines += [(Fraction(1), Fraction(0), Fraction(1, 3))]
    parts, strips = cells.disk_cells(lines)
    assert sum(float(q - p) for p, q in strips) < 1e-100

    def edge(graph, x1, circle):
        height = circle * math.sqrt(1 - x1**2)
        return height if graph is None else float(graph[0]) * x1 + float(graph[1])

    for x1, x2 in rng.uniform(-1, 1, size=(300, 2)):
        if x1**2 + x2**2 >= 1:
            continue
        holding = [
            cell
            for cell in parts
            if cell.start < x1 < cell.end
            and edge(cell.below, x1, -1) < x2 < edge(cell.above, x1, 1)
        ]
        assert len(holding) == 1
        signs = [math.copysign(1, float(a) * x1 + float(b) * x2 + float(c)) for a, b, c in lines]
        assert holding[0].signs == signs


def test_gauss_rules_keep_their_promise():
    with flint.ctx.workprec(PRECISION):
        for goal in ("1e-8", "1e-30"):
            count, error = integrals.gauss_nodes(lambda z: z.exp(), flint.arb(goal))
            nodes = integrals.gauss_legendre(count, PRECISION)
            value = sum((w * y.exp() for y, w in nodes), flint.arb(0))
            truth = flint.arb(1).exp() - flint.arb(-1).exp()
            assert abs(value - truth) < error < flint.arb(goal)
            assert count < 14
        assert (
            integrals.gauss_nodes(lambda z: 1 / (z * z + flint.arb("0.001")), flint.arb(1)) is None
        )
