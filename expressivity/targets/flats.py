"""Where hyperplanes meet: their common part, in coordinates of its own, and points of it.

Coefficients are exact real numbers, rational or not; whether one is 0 is decided exactly or not
at all. Which points are chosen decides nothing: they are exact, and whoever uses one checks it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import sympy as sp

from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.points import Point, as_rational, ball_sign, exact_form, is_zero
from expressivity.targets.domains import Domain

_ATTEMPTS = 12
_BITS = 12  # of coordinates that are chosen near a point which is not rational


@dataclass(frozen=True, kw_only=True)
class Flat:
    """An affine subspace of R^d.

    Attributes:
        coordinates: x1, ..., xd.
        solved: the pivots, each with its value, affine in the other coordinates.
    """

    coordinates: tuple[sp.Symbol, ...]
    solved: tuple[tuple[sp.Symbol, sp.Expr], ...]

    @property
    def codimension(self) -> int:
        """The number of independent hyperplanes that meet in it."""
        return len(self.solved)

    @cached_property
    def tangents(self) -> tuple[sp.Symbol, ...]:
        """The coordinates that are no pivots: affine coordinates of the flat."""
        pivots = {pivot for pivot, _ in self.solved}
        return tuple(x for x in self.coordinates if x not in pivots)

    def restrict(self, expression: sp.Expr) -> sp.Expr:
        """An expression on the flat, in the ``tangents``."""
        return expression.subs(list(self.solved))

    def point(self, values: Sequence[sp.Expr]) -> Point:
        """The point with these tangents."""
        known: Any = dict(zip(self.tangents, values, strict=True))
        pivots: Any = {pivot: sp.expand(value.subs(known)) for pivot, value in self.solved}
        return {x: (known | pivots)[x] for x in self.coordinates}


def common_part(levels: Sequence[sp.Expr], coordinates: tuple[sp.Symbol, ...]) -> Flat | None:
    """The flat on which all levels are 0; None where it is empty, or cannot be told.

    >>> x, y = sp.symbols("x1 x2", real=True)
    >>> common_part([x - y, x + y - 1], (x, y)).solved
    ((x1, 1/2), (x2, 1/2))
    """
    solved: list[tuple[sp.Symbol, sp.Expr]] = []
    for level in levels:
        form = exact_form(sp.expand(level.subs(solved)), coordinates)
        if form is None:
            return None
        zeros = [is_zero(number) for number in form]
        if None in zeros:
            return None
        if False not in zeros[:-1]:
            if not zeros[-1]:
                return None  # no point
            continue
        place = zeros.index(False)
        value = _solution(form, place, coordinates)
        pivot = coordinates[place]
        solved = [(x, sp.expand(v.subs(pivot, value))) for x, v in solved] + [(pivot, value)]
    return Flat(coordinates=coordinates, solved=tuple(solved))


def _solution(form: tuple[sp.Expr, ...], place: int, coordinates: Sequence[sp.Symbol]) -> sp.Expr:
    terms = [-sp.radsimp(c / form[place]) * x for c, x in zip(form, (*coordinates, 1), strict=True)]
    del terms[place]
    return sp.Add(*terms)


def points_in(flat: Flat, domain: Domain) -> Iterator[Point]:
    """Points of the flat in the open domain, varied along the flat; rational where it is."""
    middle = _middle(flat, domain)
    slopes = [abs(s) for row in _matrix(flat) for s in row]
    scale = 1 / (1 + sum(slopes, Fraction(0)))
    for attempt in range(_ATTEMPTS if flat.tangents else 1):
        step = Fraction(1, 3 + 2 * attempt)
        values = [m + scale * step ** (k + 1) for k, m in enumerate(middle)]
        point = flat.point([as_rational(value) for value in values])
        if is_inside(point, domain):
            yield point


def is_inside(point: Point, domain: Domain, *, closed: bool = False) -> bool:
    """Whether a point is certainly in the open domain, or in the closed one.

    >>> is_inside({sp.Symbol("x"): sp.S.One}, Domain(name="i", dimension=1, shape="ball"))
    False
    """
    room: list[sp.Expr]
    if domain.shape == "ball":
        room = [sp.expand(1 - sp.Add(*[value**2 for value in point.values()]))]
    else:
        room = [1 - value**2 for value in point.values()]
    return all(ball_sign(r, {}) == 1 or (closed and is_zero(r) is True) for r in room)


def _middle(flat: Flat, domain: Domain) -> list[Fraction]:
    """Tangents of the point nearest to 0, of one hyperplane in the norm of the domain."""
    slopes = _matrix(flat)
    constants = [
        approximate(flat.point([sp.S.Zero] * len(flat.tangents))[x]) for x, _ in flat.solved
    ]
    if domain.shape == "cube" and flat.codimension == 1:
        (normal,), (constant,) = slopes, constants
        size = constant / (1 + sum(abs(n) for n in normal))
        return [-size * ((n > 0) - (n < 0)) for n in normal]
    gram = sp.Matrix(len(flat.tangents), len(flat.tangents), lambda i, j: as_rational(
        sum((row[i] * row[j] for row in slopes), Fraction(int(i == j)))
    ))  # fmt: skip
    pulls = [
        as_rational(-sum((r[k] * c for r, c in zip(slopes, constants, strict=True)), Fraction(0)))
        for k in range(len(flat.tangents))
    ]
    found: Any = gram.LUsolve(sp.Matrix(pulls)) if pulls else []
    return [Fraction(int(value.p), int(value.q)) for value in found]


def _matrix(flat: Flat) -> list[list[Fraction]]:
    """Slopes of the pivots along the tangents, rounded where they are not rational."""
    return [[approximate(sp.diff(value, x)) for x in flat.tangents] for _, value in flat.solved]


def approximate(number: sp.Expr) -> Fraction:
    """An exact rational as it is, another number by a near one."""
    if number.is_Rational:
        rational: Any = number
        return Fraction(int(rational.p), int(rational.q))
    with flint.ctx.workprec(128):
        scaled = flint.arb(interpret(number, {}, BALL)) * 2**_BITS
        return Fraction(int(scaled.mid().floor().unique_fmpz() or 0), 2**_BITS)
