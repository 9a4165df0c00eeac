"""B9: the odd or even part of a gradient jump, for single neurons without biases.

Along a line in a kink hyperplane through 0 the odd (even) part of the jump of a network of width 1
is a combination of powers of u and of one function at w u (``classes.jump_parts``). Half the
uniform distance of the target's part to all of these, whatever w is, bounds the gradient error from
below. For w in an interval it is bounded by the values at a few points (``tail_functionals``);
intervals are halved until all show what is claimed. Floats choose points and claim.

Arrays: N points of the grid, K powers, C functions.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from expressivity.bounds.bound import Bound, TargetNorms, precision
from expressivity.bounds.gradient_jump import kink_planes, values_at
from expressivity.bounds.integrals.chords import Plane, Point, chords
from expressivity.bounds.integrals.scale import exponent_of, power_of_two
from expressivity.bounds.tail_functionals import Range, distance
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import JumpPart, Tail, jump_parts
from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.target import Target

Array = NDArray[np.float64]

_GRID = 64  # points are multiples of 1/64
_SHARES = (0.95, 0.9, 0.75, 0.5)  # of what floats see, claimed one after the other
_ENDS = (Fraction(1, 8), Fraction(32))  # of w: between the interval at 0 and the one without end
_HALVINGS = 6  # of the first, and doublings of the second
_MAX_PARTS = 4000
_NOISE = 1e-9
_ROOM = Fraction(65, 64)  # for others, who enclose a little more


@dataclass(frozen=True, kw_only=True)
class Piece:
    """An interval of w and the points of (0, 1] that serve for it."""

    where: Range
    places: tuple[Fraction, ...]


@dataclass(frozen=True, kw_only=True)
class JumpParity:
    """What a bound rests on.

    Attributes:
        plane: a hyperplane through 0.
        reach: a point of it in the closed domain; jumps are taken at u times it.
        odd: whether the odd part is taken, or the even one.
        pieces: intervals of w that cover (0, oo), from below; one without end alone where w plays
            no part.
        value: of the bound, rounded down.
    """

    plane: Plane
    reach: Point
    odd: bool
    pieces: tuple[Piece, ...]
    value: float


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class of width 1, at most one, in w1inf; no norm is used.

    >>> from expressivity.targets.builtin import t5
    >>> family = Family(neuron="two_sided", kind="la", width=1, dimension=2, bias=False,
    ...     dictionary="id,relu,silu,tanh")
    >>> 0.0030 < bounds(t5(), family, TargetNorms(l2=1.0, sup=1.0))[0].value < 0.0033
    True
    """
    del norms
    proof = best_parity(target, family) if family.width == 1 else None
    if proof is None:
        return ()
    return (
        Bound(
            norm="w1inf",
            value=proof.value,
            evidence=Evidence.CERTIFIED,
            method="jump-parity",
            every_width=False,
        ),
    )


@functools.lru_cache(maxsize=64)
def best_parity(target: Target, family: Family) -> JumpParity | None:
    """The data of the largest bound for a single neuron; None where there is none."""
    parts = jump_parts(family)
    if target.dimension < 2 or parts == (None, None):
        return None
    found: list[JumpParity] = []
    with flint.ctx.workprec(precision):
        for plane, reach in _rays(target):
            for part, odd in zip(parts, (True, False), strict=True):
                values = None if part is None else _values(target, plane, reach, odd=odd)
                if part is None or values is None:
                    continue
                pieces, value = _search(part, values)
                if 0 < value < math.inf:
                    found.append(
                        JumpParity(plane=plane, reach=reach, odd=odd, pieces=pieces, value=value)
                    )
    return max(found, key=lambda proof: proof.value, default=None)


def _rays(target: Target) -> Iterator[tuple[Plane, Point]]:
    """Hyperplanes through 0 and, on each, points as far out as the domain goes."""
    for plane in kink_planes(target):
        if plane.constant == 0:
            for chord in chords(plane, target.domain):
                yield plane, chord[-1]


def _values(target: Target, plane: Plane, reach: Point, *, odd: bool) -> list[flint.arb] | None:
    """One part of the target's jump at the points of the grid, which all have to count."""
    sides: list[list[flint.arb]] = []
    for sign in (1, -1):
        steps = [Fraction(sign * k, _GRID) for k in range(1, _GRID + 1)]
        found = values_at(target, plane, [tuple(step * x for x in reach) for step in steps])
        sides.append([value for value in found if value is not None])
    if any(len(side) < _GRID for side in sides):
        return None
    return [(p - n if odd else p + n) / 2 for p, n in zip(*sides, strict=True)]


def _search(part: JumpPart, values: Sequence[flint.arb]) -> tuple[tuple[Piece, ...], float]:
    """Pieces that show as much as is found, and half of what they show, rounded down."""
    largest = functools.reduce(lambda p, q: p.max(q), (abs(value).upper() for value in values))
    if not (largest.is_finite() and largest > 0):
        return (), 0.0
    size = power_of_two(exponent_of(largest))
    values = [value / size for value in values]
    seen = _Floats(part, np.array([float(value.mid()) for value in values]))
    everywhere = Range(low=Fraction(0), high=None)
    if part.tail is None:
        places = seen.best(None)[1]
        shown = distance(part, places, _at(values, places), everywhere)
        return (Piece(where=everywhere, places=places),), lower_float(shown * size / 2)
    most = seen.least()
    for share in _SHARES if most > _NOISE else ():
        claim = Fraction(most * share)
        pieces = _cover(part, values, seen, claim)
        if pieces is not None:
            return pieces, lower_float(as_ball(claim) * size / 2)
    return (), 0.0


def _at(values: Sequence[flint.arb], places: Sequence[Fraction]) -> list[flint.arb]:
    return [values[int(place * _GRID) - 1] for place in places]


def _cover(
    part: JumpPart, values: Sequence[flint.arb], seen: "_Floats", claim: Fraction
) -> tuple[Piece, ...] | None:
    """Pieces for every w that show the claim; None where they are not found."""

    def shown(where: Range) -> Piece | None:
        for places in seen.proposals(where):
            if distance(part, places, _at(values, places), where) >= as_ball(claim * _ROOM):
                return Piece(where=where, places=places)
        return None

    low, high = _ENDS
    starts = (Range(low=Fraction(0), high=low / 2**k) for k in range(_HALVINGS))
    ends = (Range(low=high * 2**k, high=None) for k in range(_HALVINGS))
    first = next((piece for where in starts if (piece := shown(where)) is not None), None)
    last = next((piece for where in ends if (piece := shown(where)) is not None), None)
    if first is None or last is None:
        return None
    assert first.where.high is not None
    pending, found = [Range(low=first.where.high, high=last.where.low)], [first]
    while pending:
        where = pending.pop()
        assert where.high is not None
        piece = shown(where) if where.high <= 2 * where.low else None
        if piece is not None:
            found.append(piece)
            continue
        middle = (where.low + where.high) / 2
        pending += [Range(low=middle, high=where.high), Range(low=where.low, high=middle)]
        if len(pending) + len(found) > _MAX_PARTS or where.high - where.low < where.low / 2**16:
            return None
    return (*found, last)


class _Floats:
    """Best points by linear programs, in floating point."""

    def __init__(self, part: JumpPart, values_N: Array) -> None:
        self.part = part
        self.values_N = values_N
        self.places_N = np.arange(1, _GRID + 1) / _GRID

    def best(self, w: float | None) -> tuple[float, tuple[Fraction, ...]]:
        """The distance to the powers and the tail at w u on the grid, and points that show it."""
        columns = [self.places_N**k for k in self.part.powers]
        if self.part.tail is not None and w is not None:
            columns.append(_tail_values(self.part.tail, w * self.places_N, self.part.powers))
        count = len(self.part.powers) + (1 if self.part.tail is None else 2)
        return self._dual(np.stack(columns, axis=1) if columns else None, count)

    def least(self) -> float:
        """The least distance over w, of a few grids that close in on it."""
        grid, least = np.geomspace(1 / 16, 64, 33), math.inf
        for _ in range(3):
            found = [self.best(w)[0] for w in grid]
            place, least = int(np.argmin(found)), min(least, *found)
            low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
            grid = np.linspace(low, high, 9)
        return least

    def proposals(self, where: Range) -> Iterator[tuple[Fraction, ...]]:
        """Points that may serve for an interval of w."""
        if where.high is not None:
            yield self.best(float(where.low + where.high) / 2)[1]
            return
        yield self.best(float(where.low))[1]
        # Where the tail decays, the first point takes it up, and the others see powers alone.
        columns = [self.places_N**k for k in self.part.powers]
        _, rest = self._dual(np.stack(columns, axis=1), len(self.part.powers) + 1)
        for first in range(1, int(rest[0] * _GRID)):
            yield Fraction(first, _GRID), *rest

    def _dual(self, columns_NC: Array | None, count: int) -> tuple[float, tuple[Fraction, ...]]:
        """Weights of size 1 in all that annihilate the columns and see most of the values."""
        from scipy.optimize import linprog

        columns_NC = np.zeros((_GRID, 0)) if columns_NC is None else columns_NC
        basis_NC = np.linalg.qr(columns_NC)[0] if columns_NC.size else columns_NC
        equal = np.hstack([basis_NC.T, -basis_NC.T])
        found: Any = linprog(
            -np.hstack([self.values_N, -self.values_N]),
            A_eq=equal if equal.size else None,
            b_eq=np.zeros(len(equal)) if equal.size else None,
            A_ub=np.ones((1, 2 * _GRID)),
            b_ub=[1.0],
        )
        if found.x is None:
            return 0.0, tuple(Fraction(k + 1, _GRID) for k in range(count))
        size_N = found.x[:_GRID] + found.x[_GRID:]
        # The largest weights; beside them, where there are too few, any others.
        chosen = sorted(np.argsort(-size_N, kind="stable")[:count].tolist())
        return -float(found.fun), tuple(Fraction(k + 1, _GRID) for k in chosen)


def _tail_values(tail: Tail, x_N: Array, powers: Sequence[int]) -> Array:
    """The tail, without the part of it that powers make up."""
    value_N = x_N**tail.degree / (1 + np.exp(np.minimum(tail.rate * x_N, 700)))
    constant = 0.0 if 0 in powers else float(tail.constant)
    slope = 0.0 if 1 in powers else float(tail.slope)
    value_N = value_N + constant + slope * x_N
    for k in powers:  # what is left is larger, beside rounding
        basis_N = x_N**k
        value_N = value_N - basis_N * (basis_N @ value_N) / (basis_N @ basis_N)
    return value_N / max(float(np.abs(value_N).max()), math.ulp(0.0))
