"""The unit disk cut along lines into cells on which a piecewise function is analytic.

A cell lies between two graphs over x1 = sin(theta), each an arc of the circle or a line, so that
both edges are analytic in theta. Lines have exact rational coefficients; no line may be steep, and
``gentle_turn`` finds a rotation by a rational angle after which none is. All positions are balls.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import flint
import sympy as sp

from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES

Ball = Any
"""A flint.arb or flint.acb: the same formulas serve real and complex points."""

_X1, _X2 = COORDINATES[:2]
# Cosine and sine of the rotations tried, in order.
TURNS = tuple(
    (Fraction(c, d), Fraction(s, d))
    for c, s, d in ((1, 0, 1), (0, 1, 1), (4, 3, 5), (3, 4, 5), (12, 5, 13), (5, 12, 13))
)
_GENTLE = Fraction(1, 8)  # least |b| of a line a x1 + b x2 = c of unit normal (a, b)


@dataclass(frozen=True, kw_only=True)
class Line:
    """{x : a x1 + b x2 = c}, exact."""

    a: Fraction
    b: Fraction
    c: Fraction


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A graph over theta: an arc x2 = arc * cos(theta), plus slope * sin(theta) + level."""

    arc: int = 0
    slope: Fraction = Fraction(0)
    level: Fraction = Fraction(0)

    def height(self, sine: Ball, cosine: Ball) -> Ball:
        """x2 at x1 = sine."""
        if self.arc:
            return self.arc * cosine
        return as_ball(self.slope) * sine + as_ball(self.level)


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


def kink_lines(expression: sp.Expr) -> list[Line]:
    """The lines along which a function of x1 and x2 changes its formula.

    Raises:
        ValueError: a kink that is not a line with rational coefficients.

    >>> kink_lines(sp.Piecewise((_X1, _X1 > 2 * _X2), (0, True)))
    [Line(a=Fraction(1, 1), b=Fraction(-2, 1), c=Fraction(0, 1))]
    """
    lines: dict[Line, None] = {}
    for level in kink_levels(expression):
        a, b = sp.diff(level, _X1), sp.diff(level, _X2)
        c = -level.subs({_X1: 0, _X2: 0})
        if not (a.is_Rational and b.is_Rational and c.is_Rational):
            raise ValueError(
                f"required: kinks along lines with rational coefficients; got one at {level} = 0"
            )
        lead = a or b
        if not lead:
            continue
        line = Line(a=_fraction(a / lead), b=_fraction(b / lead), c=_fraction(c / lead))
        lines[line] = None
    return list(lines)


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def gentle_turn(lines: Sequence[Line]) -> tuple[Fraction, Fraction]:
    """Cosine and sine of a rotation x -> (c x1 - s x2, s x1 + c x2) that leaves no line steep.

    Raises:
        ValueError: none of the rotations tried does.
    """

    def gentle(line: Line, c: Fraction, s: Fraction) -> bool:
        return (line.b * c - line.a * s) ** 2 >= _GENTLE**2 * (line.a**2 + line.b**2)

    for c, s in TURNS:
        if all(gentle(line, c, s) for line in lines):
            return c, s
    raise ValueError(
        f"required: kink lines that one of {len(TURNS)} rotations keeps from being steep; got "
        f"{len(lines)} lines in too many directions"
    )


def turned(expression: sp.Expr, turn: tuple[Fraction, Fraction]) -> sp.Expr:
    """The function x -> expression(rotated x)."""
    c, s = (sp.Rational(part.numerator, part.denominator) for part in turn)
    images: Any = {_X1: c * _X1 - s * _X2, _X2: s * _X1 + c * _X2}
    return cast(sp.Expr, expression.subs(images, simultaneous=True))


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


_Key = tuple[Fraction, int, Fraction]  # p, sign, q: the number p + sign * sqrt(q)


def _corners(edges: Sequence[Edge]) -> list[flint.arb]:
    """Angles strictly inside (-pi/2, pi/2) where lines meet each other or the circle, in order."""
    keys: set[_Key] = set()
    for edge in edges:
        square = 1 + edge.slope**2
        under = square - edge.level**2
        if under > 0:
            middle = -edge.slope * edge.level / square
            keys |= {(middle, sign, under / square**2) for sign in (-1, 1)}
    for one, other in itertools.combinations(edges, 2):
        if one.slope != other.slope:
            x1 = (other.level - one.level) / (one.slope - other.slope)
            height = one.slope * x1 + one.level
            if x1**2 + height**2 < 1:
                keys.add((x1, 0, Fraction(0)))
    inside = [key for key in keys if not _at_an_end(*key)]
    corners = [(as_ball(p) + sign * as_ball(q).sqrt()).asin() for p, sign, q in inside]
    ordered = sorted(corners, key=lambda corner: corner.mid())
    if any(not low < high for low, high in itertools.pairwise(ordered)):
        raise ValueError("required: corners of kink lines that can be told apart; raise precision")
    return ordered


def _at_an_end(p: Fraction, sign: int, q: Fraction) -> bool:
    """Whether p + sign * sqrt(q) is exactly -1 or 1."""
    return any(q == (end - p) ** 2 and sign * (end - p) >= 0 for end in (-1, 1))


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
