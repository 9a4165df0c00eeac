"""Cells of the domain, on which the functions are analytic: no line crosses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import isqrt

from flint import arb

from expressivity.checker.balls import Ball, arcsine, to_ball
from expressivity.checker.lines import Line, crosses, signs_at


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of the domain that no line crosses, with the signs of the lines on it.

    In two dimensions ``start < x1 < end``, between two graphs x2 = slope x1 + offset, where None
    is the circle, below or above. In one dimension both are absent.
    """

    start: Fraction
    end: Fraction
    below: tuple[Fraction, Fraction] | None
    above: tuple[Fraction, Fraction] | None
    signs: list[int]


def _between(low: Fraction, high: Fraction) -> Fraction:
    """A number strictly between, with few bits: the cost of what follows depends on them."""
    bits = 1
    while (point := Fraction((low.numerator << bits) // low.denominator + 1, 1 << bits)) >= high:
        bits *= 2
    return point


def square_root(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """Bounds of the root, 2^-bits apart."""
    root = isqrt((value.numerator << 2 * bits) // value.denominator)
    return Fraction(root, 1 << bits), Fraction(root + 1, 1 << bits)


def _graphs(lines: Sequence[Line]) -> list[tuple[Fraction, Fraction]]:
    """Slopes and offsets of the lines that are not upright."""
    return sorted({(-c1 / c2, -c0 / c2) for c1, c2, c0 in lines if c2})


def breakpoints(lines: Sequence[Line]) -> list[tuple[Fraction, Fraction]]:
    """Enclosures of the x1 in (-1, 1) where lines are upright, or meet each other or the circle."""
    graphs = _graphs(lines)
    points = [(-c0 / c1, -c0 / c1) for c1, c2, c0 in lines if c1 and not c2]
    points += [
        ((q[1] - p[1]) / (p[0] - q[0]),) * 2 for p, q in combinations(graphs, 2) if p[0] != q[0]
    ]
    for slope, offset in graphs:
        scale = 1 + slope**2
        if (square := scale - offset**2) > 0:
            low, high = square_root(square, 400)
            points += [
                ((r - slope * offset) / scale, (s - slope * offset) / scale)
                for r, s in ((low, high), (-high, -low))
            ]
    return [(p, q) for p, q in points if q > -1 and p < 1]


def disk_cells(lines: Sequence[Line]) -> tuple[list[Cell], list[tuple[Fraction, Fraction]]]:
    """Cells of the disk, and the x1-intervals of thin strips that no cell covers.

    All decisions are exact. Only where a line meets the circle is x1 irrational: it is enclosed to
    400 bits, and the strips over such intervals, merged where they overlap, are set aside.
    """
    meeting = list(filter(crosses, lines))  # the others have one sign everywhere
    graphs = _graphs(meeting)
    one = Fraction(1)
    strips = [(-one, -one)]
    for low, high in sorted((max(p, -one), min(q, one)) for p, q in breakpoints(meeting)):
        if low <= strips[-1][1]:
            strips[-1] = strips[-1][0], max(high, strips[-1][1])
        else:
            strips.append((low, high))
    if strips[-1][1] < 1:
        strips.append((one, one))
    cells: list[Cell] = []
    for (_, start), (end, _) in pairwise(strips):
        x1 = _between(start, end)
        inside = sorted(
            (g[0] * x1 + g[1], g) for g in graphs if (g[0] * x1 + g[1]) ** 2 < 1 - x1**2
        )
        largest = max((abs(value) for value, _ in inside), default=Fraction(0))
        bits = 64
        while (root := square_root(1 - x1**2, bits)[0]) <= largest:
            bits *= 2
        for (y0, below), (y1, above) in pairwise([(-root, None), *inside, (root, None)]):
            signs = signs_at(lines, x1, _between(y0, y1))
            cells.append(Cell(start=start, end=end, below=below, above=above, signs=signs))
    return cells, [strip for strip in strips if strip[0] < strip[1]]


def interval_cells(lines: Sequence[Line]) -> tuple[list[Cell], list[tuple[Fraction, Fraction]]]:
    """Cells of the interval; no strip is left."""
    cells = [
        Cell(
            start=start,
            end=end,
            below=None,
            above=None,
            signs=signs_at(lines, (start + end) / 2, Fraction(0)),
        )
        for start, end in pairwise(ends_and_kinks(lines))
    ]
    return cells, []


def ends_and_kinks(lines: Sequence[Line]) -> list[Fraction]:
    """-1, 1, and where upright lines are between them."""
    kinks = {-c0 / c1 for c1, c2, c0 in lines if c1 and not c2 and abs(c0) < abs(c1)}
    return sorted({Fraction(-1), Fraction(1)} | kinks)


Chord = tuple[Ball, Ball, Ball, Ball]  # x1; centre and half-length in x2; weight


def chord_map(cell: Cell, dimension: int) -> Callable[[Ball], Chord]:
    """The cell as an image of [-1, 1]^2: chords as an analytic function of u in [-1, 1]."""
    if dimension == 1:
        centre, half = to_ball((cell.start + cell.end) / 2), to_ball((cell.end - cell.start) / 2)
        return lambda u: (centre + half * u, arb(0), arb(0), half)
    start, end = arcsine(cell.start), arcsine(cell.end)
    centre, half = (start + end) / 2, (end - start) / 2

    def edge(graph: tuple[Fraction, Fraction] | None, circle: int) -> Callable[[Ball, Ball], Ball]:
        if graph is None:
            return lambda sin, cos: circle * cos
        slope, offset = to_ball(graph[0]), to_ball(graph[1])
        return lambda sin, cos: slope * sin + offset

    below, above = edge(cell.below, -1), edge(cell.above, 1)

    def at(u: Ball) -> Chord:
        sin, cos = (centre + half * u).sin_cos()
        low, high = below(sin, cos), above(sin, cos)
        length = (high - low) / 2
        return sin, (low + high) / 2, length, half * cos * length

    return at
