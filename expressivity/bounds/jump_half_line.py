"""B10: a gradient jump against one neuron with biases, where its other map has one sign.

Along a line in a kink hyperplane through 0 the jump of a network of width 1 is a combination of 1,
u and the profiles at w u + b. At points where w u + b >= 0 these profiles, for activations that
are there affine but for logistic tails (``classes.jump_parts``), are combinations of four
functions, and by reflections of u and of the map b >= 0 and w >= 0 may be assumed. Half of what
functionals at such points show of the target's jump (``half_line_functionals``) is a lower bound
on the gradient error. Boxes of (b, w), of (1/b, w) for large b, and one inequality for large w
cover all neurons. Floats choose points and claim.

Arrays: N points of the grid, C functions.
"""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from expressivity.bounds.gradient_jump import kink_planes, values_at
from expressivity.bounds.half_line_functionals import Box, Chart, Functional
from expressivity.bounds.integrals.chords import Plane, Point, chords
from expressivity.bounds.integrals.scale import exponent_of, power_of_two
from expressivity.bounds.logistic_tails import Far, Near
from expressivity.bounds.steep_functionals import Steep, best_steep
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import has_logistic_half_lines
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.target import Target

Array = NDArray[np.float64]
Values = Mapping[Fraction, flint.arb]
Points = tuple[Fraction, ...]
Tell = Callable[[int], None]

CORNER = (Fraction(8), Fraction(40))
"""Up to which b and w there are boxes; beyond the one there are boxes of 1/b and w."""

STEP = 100
"""Boxes after which progress is told."""

_PRECISION = 160  # bits
_GRID = 32  # points are multiples of 1/32, those for w beyond the corner of 1/64
_NOISE = 1e-6  # of the largest jump
_BEGIN = 0.8  # of what floats see, claimed at first
_ROOMY = 1.25  # times a claim: where floats see no more, it is lowered
_LESS = Fraction(7, 8)  # of a claim that a small box hardly supports
_SMALL, _LEAST = Fraction(1, 8), Fraction(1, 1024)
_LARGE = 1  # a box that is not tried
_MAX_BOXES = 20_000
_RECENT = 3  # sets of points that are tried before new ones are looked for
_BELOW = (5, 2, 0)  # how far below the corner w u + b may be, one after the other
_ROOM = Fraction(65, 64)  # for others, who enclose a little more


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A box that is not cut, and points that serve for it."""

    points: Points


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A box that is cut in half: the lower half, then the other one."""

    across_w: bool


Tree = tuple[Leaf | Cut, ...]
"""A box's parts in preorder."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """What covers all neurons with w >= 0, for the jump at u or at -u.

    Attributes:
        near: of (b, w) up to the corner.
        far: of (1/b, w).
        steep: nine points for all larger w.
    """

    near: Tree
    far: Tree
    steep: Steep


@dataclass(frozen=True, kw_only=True)
class JumpHalfLine:
    """What a bound rests on.

    Attributes:
        plane: a hyperplane through 0.
        reach: a point of it in the closed domain; jumps are taken at u times it.
        sides: for the jump at u, and for that at -u.
        value: of the bound, rounded down.
    """

    plane: Plane
    reach: Point
    sides: tuple[Side, Side]
    value: float


def best_half_line(
    target: Target, family: Family, tell: Tell = lambda boxes: None
) -> JumpHalfLine | None:
    """The data of the largest bound that is found for a single neuron; None where there is none.

    Args:
        target: on a ball, of two variables or more.
        family: of width 1.
        tell: called with 1 after every ``STEP`` boxes.
    """
    if target.dimension < 2 or family.width != 1 or not has_logistic_half_lines(family):
        return None
    found: list[JumpHalfLine] = []
    with flint.ctx.workprec(_PRECISION):
        for plane in kink_planes(target):
            for chord in chords(plane, target.domain) if plane.constant == 0 else ():
                values = _values(target, plane, chord[-1])
                proof = None if values is None else _proof(values, tell)
                if proof is not None:
                    sides, value = proof
                    found.append(
                        JumpHalfLine(plane=plane, reach=chord[-1], sides=sides, value=value)
                    )
    return max(found, key=lambda proof: proof.value, default=None)


def _values(target: Target, plane: Plane, reach: Point) -> dict[Fraction, flint.arb] | None:
    """The jump at the points of the grid, which all have to count."""
    places = [Fraction(k, 2 * _GRID) for k in range(-2 * _GRID, 2 * _GRID + 1)]
    found = values_at(target, plane, [tuple(u * x for x in reach) for u in places])
    known = {u: v for u, v in zip(places, found, strict=True) if v is not None}
    return known if len(known) == len(places) else None


def _proof(values: Values, tell: Tell) -> tuple[tuple[Side, Side], float] | None:
    """Both sides, and half of what they show, rounded down."""
    largest = functools.reduce(lambda p, q: p.max(q), (abs(v).upper() for v in values.values()))
    if not (largest.is_finite() and largest > 0):
        return None
    size = power_of_two(exponent_of(largest))
    ahead = {u: v / size for u, v in values.items()}
    searches = [_Search(ahead, tell), _Search({-u: v for u, v in ahead.items()}, tell)]
    steep: list[Steep] = []
    for search in searches:
        found = best_steep(search.values, CORNER[1], 2 * _GRID)
        if found is None:
            return None
        steep.append(found)
    claim = min(
        *(Fraction(_BEGIN * search.least()) for search in searches),
        *(one.shown / _ROOM for one in steep),
    )
    sides: list[Side] = []
    for search, one in zip(searches, steep, strict=True):
        search.hints = searches[0].served
        trees: list[Tree] = []
        for chart in ("near", "far"):
            covered = search.cover(chart, claim)
            if covered is None:
                return None
            tree, claim = covered
            trees.append(tree)
        sides.append(Side(near=trees[0], far=trees[1], steep=one))
    return (sides[0], sides[1]), lower_float(as_ball(claim) * size / 2)


class _Search:
    """Trees for one jump."""

    def __init__(self, values: Values, tell: Tell) -> None:
        self.values = dict(sorted(values.items()))
        self.hints: dict[Box, Points] = {}
        self.served: dict[Box, Points] = {}
        self._tell = tell
        self._floats = _Floats(self.values)
        self._recent: list[Points] = []

    def least(self) -> float:
        """The least distance that floats see, on a grid of (b, w) and near its worst points."""

        def at(b: float, w: float) -> float:
            box = Box(b=(Fraction(b), Fraction(b)), w=(Fraction(w), Fraction(w)))
            return self._seen("near", box)

        shifts, slopes = np.linspace(0.0, 2.5, 11), np.geomspace(0.1, 30.0, 25)
        found = {(float(b), float(w)): at(float(b), float(w)) for b in shifts for w in slopes}
        for step in (0.12, 0.06, 0.03):
            for b, w in sorted(found, key=found.__getitem__)[:3]:
                for place in ((b + step, w), (b - step, w), (b, w + step), (b, w - step)):
                    if min(place) >= 0 and place not in found:
                        found[place] = at(*place)
        return min(found.values())

    def cover(self, name: str, claim: Fraction) -> tuple[Tree, Fraction] | None:
        """A tree that shows the claim, or one lowered where a small box does not show it."""
        b, w = CORNER
        chart: Chart = Near() if name == "near" else Far(b)
        pending = [Box(b=(Fraction(0), b if name == "near" else 1 / b), w=(Fraction(0), w))]
        found: list[Leaf | Cut] = []
        while pending:
            box = pending.pop()
            wide = [high - low for low, high in (box.b, box.w)]
            points = self._points(name, chart, box, claim) if max(wide) <= _LARGE else None
            while points is None and max(wide) <= _SMALL and self._seen(name, box) < _ROOMY * claim:
                claim *= _LESS
                if claim < _NOISE:
                    return None
                points = self._points(name, chart, box, claim)
            if points is not None:
                found.append(Leaf(points=points))
            else:
                across_w = wide[1] > wide[0]
                found.append(Cut(across_w=across_w))
                pending.extend(reversed(box.halves(across_w=across_w)))
            if len(found) % STEP == 0:
                self._tell(1)
            if len(found) > _MAX_BOXES or max(wide) < _LEAST:
                return None
        return tuple(found), claim

    def _seen(self, name: str, box: Box) -> float:
        return self._floats.best(name, box, _admitted(name, box))[0]

    def _points(self, name: str, chart: Chart, box: Box, claim: Fraction) -> Points | None:
        """Points that show the claim in a box; None where they are not found."""
        least = _admitted(name, box)[0]
        for points in self._proposals(name, box, claim):
            if points[0] < least:
                continue
            values = [self.values[u] for u in points]
            if Functional(chart, box, points).shows(values, claim * _ROOM):
                self.served[box] = points
                self._recent = [points, *(p for p in self._recent if p != points)][:_RECENT]
                return points
        return None

    def _proposals(self, name: str, box: Box, claim: Fraction) -> Iterator[Points]:
        if box in self.hints:
            yield self.hints[box]
        yield from tuple(self._recent)
        for below in _BELOW if name == "far" else _BELOW[:1]:
            admitted = _admitted(name, box, below)
            shown, points = self._floats.best(name, box, admitted)
            if shown > claim:
                yield points
                if box.w[1] < 1:
                    yield self._floats.best_six(admitted)


def _admitted(name: str, box: Box, below: int = _BELOW[0]) -> list[Fraction]:
    """Points of the grid where w u + b >= 0 in the whole box; far out, where it is still large."""
    places = (Fraction(k, _GRID) for k in range(-_GRID, _GRID + 1))
    room = box.b[0] if name == "near" else Fraction(below)
    return [u for u in places if u >= 0 or room + box.w[1] * u >= 0]


class _Floats:
    """Points by linear programs, in floating point."""

    def __init__(self, values: Values) -> None:
        self._values = {u: float(v.mid()) for u, v in values.items()}

    def best(self, name: str, box: Box, admitted: Sequence[Fraction]) -> tuple[float, Points]:
        """The distance to the four functions in the middle of a box, and points that show it."""
        b, w = (float((low + high) / 2) for low, high in (box.b, box.w))
        u_N = np.array([float(u) for u in admitted])
        decay_N = np.exp(-w * u_N)
        if name == "near":
            first_N = (b + w * u_N) * decay_N / (1 + math.exp(-b) * decay_N)
            second_N = decay_N**2 / (1 + math.exp(-2 * b) * decay_N**2)
        else:
            first_N, second_N = (1 + b * w * u_N) * decay_N, decay_N**2
        columns = [np.ones_like(u_N), u_N, first_N, second_N]
        return self._dual(admitted, [column_N / np.abs(column_N).max() for column_N in columns])

    def best_six(self, admitted: Sequence[Fraction]) -> Points:
        """Six points that show most of the distance to polynomials of degree 4."""
        u_N = np.array([float(u) for u in admitted])
        return self._dual(admitted, [u_N**k for k in range(5)])[1]

    def _dual(self, admitted: Sequence[Fraction], columns: list[Array]) -> tuple[float, Points]:
        """Weights of size 1 in all that annihilate the columns and see most of the values."""
        from scipy.optimize import linprog

        value_N = np.array([self._values[u] for u in admitted])
        basis_NC = np.linalg.qr(np.stack(columns, axis=1))[0]
        found: Any = linprog(
            -np.hstack([value_N, -value_N]),
            A_eq=np.hstack([basis_NC.T, -basis_NC.T]),
            b_eq=np.zeros(len(columns)),
            A_ub=np.ones((1, 2 * len(admitted))),
            b_ub=[1.0],
        )
        count = len(columns) + 1
        if found.x is None:
            return 0.0, tuple(admitted[:count])
        size_N = found.x[: len(admitted)] + found.x[len(admitted) :]
        chosen = sorted(np.argsort(-size_N, kind="stable")[:count].tolist())
        return -float(found.fun), tuple(admitted[i] for i in chosen)
