"""B7: boxes that no change of a piecewise polynomial network cuts (docs/theory.md, section 4, B7).

Off at most M lines a network of the class is a polynomial of degree at most q, whatever its
weights. A line runs through at most N1 + N2 - 1 of N1 x N2 equal boxes, so on the others the error
is at least the distance to such polynomials, which Legendre coefficients of total degree above q
bound from below. The worst lines cut the boxes with the largest distances.

Floats choose the boxes; their coefficients are then enclosed in ball arithmetic. In one variable
points take the place of lines.
"""

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
import sympy as sp
import torch
from numpy.typing import NDArray

from expressivity.bounds.bound import Bound, TargetNorms, off_lines
from expressivity.bounds.integrals.boxes import Rectangle, legendre_coefficients
from expressivity.bounds.integrals.cells import branch
from expressivity.bounds.integrals.charts import analytic_function
from expressivity.bounds.integrals.lines import Line, kink_lines, sign
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.bounds.integrals.squared_norm import enclosed_square
from expressivity.classes.families import Family
from expressivity.classes.properties import change_planes, piece_degree, ridge_rank
from expressivity.symbolic.enclosure import Enclosure, as_ball, exact_fraction, precision
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.target import Target

Array = NDArray[np.float64]

_BITS = 128
_WANTED_BITS = 64  # of the size of the target
_ABOVE = 3  # degrees above q whose coefficients are used
_MAX_DEGREE = 8  # q
_MAX_BOXES = 400
_NOISE = 1e-9  # relative: what floats see of a distance that is 0
_SHARES = (Fraction(1), Fraction(5, 4), Fraction(3, 2))  # more boxes along a side, beside M
_SPREADS = (
    Fraction(1),
    Fraction(4, 3),
    Fraction(2),
    Fraction(4),
    Fraction(7),
)  # .. along the other, beside the least


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Boxes that a rectangle inside the domain is cut into, and how many of them may be cut.

    In one variable the second one is a formality: a rectangle of height 1, cut into one row.
    """

    rectangle: Rectangle
    columns: int
    rows: int
    cut: int

    @property
    def boxes(self) -> list[Rectangle]:
        """Column by column."""
        return self.rectangle.split(self.columns, self.rows)


@dataclass(frozen=True, kw_only=True)
class Uncut:
    """A grid, and what its boxes show: the lower end bounds the relative L2 distance."""

    grid: Grid
    relative: Enclosure


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class at its width, at most one, in the norm l2.

    None in the plane for neurons with a ridge rank, of which B4 tells more.
    """
    del norms
    found = lines_of(family)
    if found is None or (family.dimension > 1 and ridge_rank(family) is not None):
        return ()
    uncut = uncut_boxes(target, *found)
    return () if uncut is None else off_lines(uncut.relative, "uncut-boxes", found[1])


def lines_of(family: Family) -> tuple[int, int] | None:
    """Degree q and number M of the lines of a class at its width, or None where there are none.

    >>> lines_of(Family(neuron="two_sided", kind="la", dictionary="relu", width=3, dimension=2))
    (2, 6)
    """
    degree, planes = piece_degree(family), change_planes(family)
    if degree is None or planes is None or degree > _MAX_DEGREE:
        return None
    return degree, planes * family.width


@functools.lru_cache(maxsize=256)
def uncut_boxes(target: Target, degree: int, lines: int) -> Uncut | None:
    """Distance to all functions that so many lines cut into polynomials of a degree.

    None where it is not certainly positive: on other domains than the interval and the disk, for
    kinks that are not straight, and for more lines than boxes can be made for.

    >>> from expressivity.symbolic.interpret import lower_float
    >>> from expressivity.targets.builtin import t5
    >>> 0.0015 < lower_float(uncut_boxes(t5(), 2, 2).relative.ball) < 0.0016
    True
    """
    try:
        kinks = kink_lines(target.expression)
    except ValueError:
        return None
    square = enclosed_square(target)
    if square is None:
        return None
    # Squares of a large or a small function leave the range of floats.
    size = binary_exponent(target.expression)
    one = float(square * flint.arb(2) ** (-2 * size))
    estimates = (
        (_estimate(target, grid, kinks, degree) / one, place, grid)
        for place, grid in enumerate(_grids(target.dimension, lines))
    )
    share, _, best = max(estimates, default=(0.0, 0, None), key=lambda entry: entry[:2])
    if best is None or not share > _NOISE**2:
        return None
    with precision(_BITS):
        found = _certified(target, best, kinks, degree)
        return Uncut(grid=best, relative=Enclosure((found / square).sqrt())) if found > 0 else None


def _grids(dimension: int, lines: int) -> Iterator[Grid]:
    if dimension == 1:
        for left, right in ((-1, 1), (-1, 0), (0, 1)):
            half = Fraction(1, 2)
            side = Rectangle(left=Fraction(left), right=Fraction(right), bottom=-half, top=half)
            for columns in range(lines + 1, min(2 * lines + 2, _MAX_BOXES)):
                yield Grid(rectangle=side, columns=columns, rows=1, cut=lines)
        return
    for rectangle, (columns, rows) in itertools.product(_RECTANGLES, _counts(lines)):
        for n1, n2 in {(columns, rows), (rows, columns)}:
            cut = lines * (columns + rows - 1)
            yield Grid(rectangle=rectangle, columns=n1, rows=n2, cut=cut)


def _counts(lines: int) -> list[tuple[int, int]]:
    """Numbers of boxes along two sides, some of which no lines can cut."""
    if lines == 0:
        return [(1, 1), (2, 1), (2, 2)]
    found: set[tuple[int, int]] = set()
    for share, spread in itertools.product(_SHARES, _SPREADS):
        columns = max(math.ceil(share * lines), lines + 1)
        rows = math.floor(spread * Fraction(lines * (columns - 1), columns - lines)) + 1
        if columns * rows <= _MAX_BOXES:
            found.add((columns, rows))
    return sorted(found)


def _rectangles() -> tuple[Rectangle, ...]:
    """Of the disk, with corners near its edge: a square, four halves, four quarters."""
    a, b, c = Fraction(45, 64), Fraction(51, 64), Fraction(19, 32)
    sides = [
        *itertools.product([(-a, a)], repeat=2),
        *(((-b, b), upright) for upright in ((Fraction(0), c), (-c, Fraction(0)))),
        *((along, (-b, b)) for along in ((Fraction(0), c), (-c, Fraction(0)))),
        *itertools.product([(Fraction(0), a), (-a, Fraction(0))], repeat=2),
    ]
    return tuple(
        Rectangle(left=left, right=right, bottom=bottom, top=top)
        for (left, right), (bottom, top) in sides
    )


_RECTANGLES = _rectangles()


def _is_cut(box: Rectangle, kinks: list[Line]) -> bool:
    """Whether a kink runs through the inside of a box, or an irrational one touches it.

    A checker that knows a line by an enclosure cannot tell these from each other.
    """
    for line in kinks:
        sides = {sign(line.a * x1 + line.b * x2 - line.c) for x1, x2 in box.corners}
        rational = all(isinstance(part, Fraction) for part in (line.a, line.b, line.c))
        if {-1, 1} <= sides or (0 in sides and not rational):
            return True
    return False


def _uncut(squares: list[Fraction], cut: int) -> Fraction:
    """The sum of all but the ``cut`` largest."""
    return sum(sorted(squares)[: max(len(squares) - cut, 0)], Fraction(0))


# --- floats, to choose a grid


def _estimate(target: Target, grid: Grid, kinks: list[Line], degree: int) -> float:
    """About what :func:`_certified` gives for a grid, of the target made of size 1.

    Arrays: B boxes, N nodes in either direction, I and J degrees in either.
    """
    rectangle, top = grid.rectangle, degree + _ABOVE
    middle1_B, middle2_B = (
        part.ravel()
        for part in np.meshgrid(
            _middles(rectangle.left, rectangle.right, grid.columns),
            _middles(rectangle.bottom, rectangle.top, grid.rows),
        )
    )
    half1 = float(rectangle.right - rectangle.left) / grid.columns / 2
    half2 = float(rectangle.top - rectangle.bottom) / grid.rows / 2
    whole_B = np.ones(len(middle1_B), dtype=bool)
    for line in kinks:
        a, b, c = (float(part) for part in (line.a, line.b, line.c))
        reach = (abs(a) * half1 + abs(b) * half2) * (1 - 1e-9)
        whole_B &= np.abs(a * middle1_B + b * middle2_B - c) >= reach
    nodes_N, weights_N = np.polynomial.legendre.leggauss(top + 2)
    x1_BNN, x2_BNN = np.broadcast_arrays(
        (middle1_B[whole_B, None] + half1 * nodes_N)[:, :, None],
        (middle2_B[whole_B, None] + half2 * nodes_N)[:, None, :],
    )
    points_ND = np.stack([x1_BNN, x2_BNN], axis=-1).reshape(-1, 2)[:, : target.dimension]
    values_BNN = target.values(torch.tensor(points_ND)).numpy().reshape(x1_BNN.shape)
    values_BNN = values_BNN * 2.0 ** -binary_exponent(target.expression)
    order_I = np.arange(top + 1)
    basis_NI = np.polynomial.legendre.legvander(nodes_N, top) * np.sqrt(order_I + 0.5)
    basis_NI *= weights_N[:, None]
    coefficients_BIJ = np.einsum("bnm,ni,mj->bij", values_BNN, basis_NI, basis_NI, optimize=True)
    total_IJ = order_I[:, None] + order_I
    used_IJ = (total_IJ > degree) & (total_IJ <= top)
    squares_B = half1 * half2 * np.sum(np.where(used_IJ, coefficients_BIJ**2, 0.0), axis=(1, 2))
    kept = len(whole_B) - grid.cut - int(np.sum(~whole_B))
    return float(np.sum(np.sort(squares_B)[: max(kept, 0)]))


def _middles(start: Fraction, end: Fraction, count: int) -> Array:
    return float(start) + float(end - start) * (np.arange(count) + 0.5) / count


# --- balls


def _certified(target: Target, grid: Grid, kinks: list[Line], degree: int) -> flint.arb:
    """A lower bound on the squared distance, exact."""
    squares = [_square(target, box, kinks, degree) for box in grid.boxes]
    return as_ball(_uncut(squares, grid.cut))


def _square(target: Target, box: Rectangle, kinks: list[Line], degree: int) -> Fraction:
    """At most the squared distance to polynomials on a box; 0 where it is cut by a kink."""
    if _is_cut(box, kinks):
        return Fraction(0)
    x1, x2 = COORDINATES[:2]
    centre = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    inside = dict(zip((x1, x2), map(as_ball, centre), strict=True))
    formula: sp.Expr = branch(target.expression, inside)
    if formula == 0:
        return Fraction(0)
    found = legendre_coefficients(
        analytic_function(formula),
        box,
        degree + _ABOVE,
        exponent=binary_exponent(target.expression) - _WANTED_BITS,
    )
    if found is None:
        return Fraction(0)
    total = Fraction(0)
    for (i, j), coefficient in found.items():
        if i + j > degree:
            total += exact_fraction(coefficient.abs_lower()) ** 2
    return total
