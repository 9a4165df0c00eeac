"""The unit disk cut along lines into cells on which a piecewise function is analytic.

A cell lies between two graphs over x1 = sin(theta), each an arc of the circle or a line, so that
both edges are analytic in theta. Lines have exact coefficients; no line may be steep, and
``gentle_turn`` finds a rotation by a rational angle after which none is. All positions are balls.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.integrals.lines import Line, Number, enclosed, equal, root, sign
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.symbols import COORDINATES

Ball = Any
"""A flint.arb or flint.acb: the same formulas serve real and complex points."""

_X1, _X2 = COORDINATES[:2]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A graph over theta: an arc x2 = arc * cos(theta), plus slope * sin(theta) + level."""

    arc: int = 0
    slope: Number = Fraction(0)
    level: Number = Fraction(0)

    def height(self, sine: Ball, cosine: Ball) -> Ball:
        """x2 at x1 = sine."""
        if self.arc:
            return self.arc * cosine
        return enclosed(self.slope) * sine + enclosed(self.level)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """{(sin t, x2): start < t < end, x2 between parts ``low`` and ``high`` of lower(t)..upper(t)}.

    The ends are enclosures.
    """

    start: flint.arb
    end: flint.arb
    lower: Edge
    upper: Edge
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    def heights(self, sine: Ball, cosine: Ball) -> tuple[Ball, Ball]:
        """The least and the greatest x2 at x1 = sine."""
        bottom = self.lower.height(sine, cosine)
        rise = self.upper.height(sine, cosine) - bottom
        return bottom + as_ball(self.low) * rise, bottom + as_ball(self.high) * rise

    def interior(self) -> dict[sp.Symbol, flint.arb]:
        """A point of the cell that is on none of its edges, by coordinate."""
        middle = (self.start + self.end).mid() / 2
        sine, cosine = middle.sin(), middle.cos()
        least, greatest = self.heights(sine, cosine)
        return {_X1: sine, _X2: (least + greatest) / 2}

    def columns(self) -> tuple["Cell", "Cell"]:
        """The cell cut at the middle angle, which is a number and not only an enclosure."""
        middle = ((self.start + self.end) / 2).mid()
        return replace(self, end=middle), replace(self, start=middle)

    def rows(self) -> tuple["Cell", "Cell"]:
        """The cell cut half-way between its edges."""
        middle = (self.low + self.high) / 2
        return replace(self, high=middle), replace(self, low=middle)


def cut(lines: Sequence[Line]) -> list[Cell]:
    """The cells of the disk between lines, none of which is vertical.

    Raises:
        ValueError: two corners, or two lines over one corner, cannot be told apart.

    >>> len(cut([])), len(cut([Line(a=Fraction(0), b=Fraction(1), c=Fraction(0))]))
    (1, 2)
    """
    edges = [Edge(slope=-line.a / line.b, level=line.c / line.b) for line in lines]
    half_pi = flint.arb.pi() / 2
    ends = [-half_pi, *_corners(edges), half_pi]
    cells: list[Cell] = []
    for start, end in itertools.pairwise(ends):
        middle = ((start + end) / 2).mid()
        cells += _stack(start, end, edges, middle.sin(), middle.cos())
    return cells


def _stack(
    start: flint.arb, end: flint.arb, edges: Sequence[Edge], sine: flint.arb, cosine: flint.arb
) -> list[Cell]:
    """The cells over one interval of angles, from below."""
    inside: list[tuple[flint.arb, Edge]] = []
    for edge in edges:
        height = edge.height(sine, cosine)
        if abs(height) < cosine:
            inside.append((height, edge))
        elif not abs(height) > cosine:
            raise ValueError("required: kink lines told from the circle; raise the precision")
    inside.sort(key=lambda pair: float(pair[0]))
    if any(not low < high for (low, _), (high, _) in itertools.pairwise(inside)):
        inside = _ordered(inside)
    stack = [Edge(arc=-1), *(edge for _, edge in inside), Edge(arc=1)]
    return [
        Cell(start=start, end=end, lower=lower, upper=upper)
        for lower, upper in itertools.pairwise(stack)
    ]


def _ordered(inside: list[tuple[flint.arb, Edge]]) -> list[tuple[flint.arb, Edge]]:
    """Lines sorted by certain comparisons: floats do not tell nearly coincident ones apart."""
    result: list[tuple[flint.arb, Edge]] = []
    for height, edge in inside:
        above = [place for place, (other, _) in enumerate(result) if height < other]
        below = [place for place, (other, _) in enumerate(result) if height > other]
        if len(above) + len(below) < len(result):
            raise ValueError("required: kink lines that can be told apart; raise the precision")
        result.insert(len(below), (height, edge))
    return result


_Key = tuple[Number, int, Number]  # p, sign, q: the number p + sign * sqrt(q)


def _corners(edges: Sequence[Edge]) -> list[flint.arb]:
    """Angles strictly inside (-pi/2, pi/2) where lines meet each other or the circle, in order."""
    keys: set[_Key] = set()
    for edge in edges:
        square = 1 + edge.slope**2
        under = square - edge.level**2
        if sign(under) > 0:
            middle = -edge.slope * edge.level / square
            keys |= {(middle, side, under / square**2) for side in (-1, 1)}
    for one, other in itertools.combinations(edges, 2):
        if not equal(one.slope, other.slope):
            x1 = (other.level - one.level) / (one.slope - other.slope)
            height = one.slope * x1 + one.level
            if sign(1 - x1**2 - height**2) > 0:
                keys.add((x1, 0, Fraction(0)))
    inside = [key for key in keys if not _at_an_end(*key)]
    ordered = sorted(((_angle(key), key) for key in inside), key=lambda pair: pair[0].mid())
    kept: list[tuple[flint.arb, _Key]] = []
    for angle, key in ordered:
        if not kept or kept[-1][0] < angle:
            kept.append((angle, key))
        elif not equal(_exact(kept[-1][1]), _exact(key)):
            raise ValueError("required: corners of kink lines that can be told apart")
    return [angle for angle, _ in kept]


def _angle(key: _Key) -> flint.arb:
    p, side, q = key
    return (enclosed(p) + side * enclosed(q).sqrt()).asin()


def _exact(key: _Key) -> Number:
    p, side, q = key
    return p + side * root(q) if side else p


def _at_an_end(p: Number, side: int, q: Number) -> bool:
    """Whether p + side * sqrt(q) is exactly -1 or 1."""
    return any(equal(q, (end - p) ** 2) and side * sign(end - p) >= 0 for end in (-1, 1))


def branch(expression: sp.Expr, point: Mapping[sp.Symbol, flint.arb]) -> sp.Expr:
    """The analytic formula of a piecewise function around a point.

    Raises:
        ValueError: a condition whose sign at the point is not certain.

    >>> branch(sp.Piecewise((_X1, _X1 > 0), (0, True)), {_X1: flint.arb(-1)})
    0
    """

    def positive(level: sp.Expr) -> bool:
        value = interpret(level, point, BALL)
        if value > 0 or value < 0:
            return bool(value > 0)
        raise ValueError(f"required: a sign of {level} on a cell; got {value}: raise the precision")

    chosen: Any = expression
    while parts := chosen.atoms(sp.Piecewise):
        signs = {
            relation: sp.true if positive(relation.gts - relation.lts) else sp.false
            for part in parts
            for pair in part.args
            for relation in pair.args[1].atoms(sp.core.relational.Relational)
        }
        chosen = chosen.xreplace(signs)
        if chosen.atoms(sp.Piecewise) == parts:
            raise ValueError("required: Piecewise parts decided by their conditions' signs")
    return chosen
