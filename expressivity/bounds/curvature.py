"""B6: error against curvature (docs/theory.md, section 4, B6).

Let f be C^1 on (-1, 1) with abs(f'') <= B off finitely many points, and phi a C^2 function that
vanishes outside an interval inside. Twice by parts, int f phi'' = int f'' phi, so that

    norm(t - f) norm(phi'') >= abs(int (t - f) phi'') >= abs(int t phi'') - B int abs(phi).

Here phi(x) = p((x - place)/radius), p(u) = (1 - abs(u))^3 (1 + 3 abs(u)): int abs(p) = 4/5 and
int p''^2 = 192/5. Nothing is asked of t. Where it has a kink at the place, of slope jump J, and
t'' = m on average beside it, abs(int t phi'') is about (abs(J) + 4/5 m radius), with m counted in
the direction of J, and the best radius 3 abs(J)/(4 (B - m)). The squares of bounds by functions phi
with disjoint supports add up.
"""

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import interval_integral
from expressivity.bounds.integrals.scale import binary_exponent, exponent_of
from expressivity.classes.curvature import curvatures
from expressivity.classes.families import Family
from expressivity.symbolic.enclosure import Enclosure, as_ball, exact_fraction, precision
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.points import as_rational
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.target import Target

AREA, STIFFNESS = Fraction(4, 5), Fraction(192, 5)
"""Integrals of abs(p) and of p''^2."""

_X = COORDINATES[0]
_SECOND = sp.Piecewise(
    (-12 * (1 - _X) * (1 - 3 * _X), _X > 0), (-12 * (1 + _X) * (1 + 3 * _X), True)
)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")
_LADDER = 6  # radii beside the best one of a kink: the room there is, halved
_GRID = tuple(Fraction(k, 8) for k in range(-7, 8))  # places beside the kinks
_PLACE_BITS = 96  # of irrational places
_RADIUS_BITS = 10  # the bound is flat near its best radius
_DOUBLINGS, _HALVINGS = 200, 36


@dataclass(frozen=True, kw_only=True)
class Bump:
    """The test function p((x - place)/radius), with dyadic numbers."""

    place: Fraction
    radius: Fraction


@dataclass(frozen=True, kw_only=True)
class CurvatureBound:
    """What every network with a curvature of at most this has as an error.

    Attributes:
        curvature: B, as a decimal.
        bumps: with disjoint supports in [-1, 1].
        error: enclosure of the bound, relative to the target's norm; positive.
    """

    curvature: str
    bumps: tuple[Bump, ...]
    error: Enclosure


def positive_decimal(value: object, name: str) -> str:
    """A positive number as a decimal, exactly as a certificate states it.

    Raises:
        ValueError: anything else.

    >>> positive_decimal(1450.0, "curvature"), positive_decimal("1e-3", "error")
    ('1450.0', '1e-3')
    """
    text = str(value)
    if not _DECIMAL.fullmatch(text) or not Fraction(text) > 0:
        raise ValueError(f"required: a positive {name}, as 1450 or 1.5e3; got {text}")
    return text


def require_curvature(target: Target, family: Family) -> None:
    """Refuse targets and classes of which the bound says nothing.

    Raises:
        ValueError: more than one dimension; gates, neurons other than mixtures of one map, or
            activations that are not known to be C^1 with a bounded second derivative.
    """
    if target.dimension != 1:
        raise ValueError(
            f"required: a target of one variable for a curvature; got {target.dimension}"
        )
    if curvatures(family) is None:
        raise ValueError(
            "required: C^1 activations of one affine map with bounded second derivatives, without "
            f"gates, for a curvature; got {family.class_label}: choose others, as relu2 or tanh"
        )


def curvature_bound(target: Target, curvature: str) -> CurvatureBound | None:
    """The error of every f with abs(f'') <= B, at least; None where nothing positive is found.

    Args:
        target: on the interval.
        curvature: B, as :func:`positive_decimal` gives it.

    Raises:
        ValueError: kinks that are not isolated points.

    >>> from expressivity.targets.builtin import t1
    >>> bound = curvature_bound(t1(), "1450")
    >>> bound.error.lower_decimal(4), len(bound.bumps)
    ('7.477e-7', 1)
    """
    bumps, error = _best(target, Fraction(curvature))
    if not error.ball > 0:
        return None
    return CurvatureBound(curvature=curvature, bumps=bumps, error=error)


def needed_curvature(target: Target, error: str) -> CurvatureBound | None:
    """The largest curvature found, to ten digits, up to which every error is at least this.

    A network with a smaller error has a larger curvature. None where affine functions may come as
    close, so that nothing is found.

    Raises:
        ValueError: kinks that are not isolated points.

    >>> from expressivity.targets.builtin import t1
    >>> needed_curvature(t1(), "0.01").curvature[:6]
    '3.5718'
    """
    wanted = Fraction(error)

    def exceeds(curvature: Fraction) -> bool:
        return bool(_best(target, curvature)[1].ball >= as_ball(wanted))

    low, high = Fraction(0), Fraction(2) ** binary_exponent(target.expression)
    if not exceeds(low):
        return None
    for _ in range(_DOUBLINGS):
        if not exceeds(high):
            break
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    if low == 0:
        return None
    return curvature_bound(target, Enclosure(as_ball(low)).lower_decimal())


# --- the best bumps


def _best(target: Target, curvature: Fraction) -> tuple[tuple[Bump, ...], Enclosure]:
    """Bumps and what they show together: one at each kink, or one alone at the best place."""
    norm = _squared_norm(target)  # first: it refuses the target's kinks as they are stated
    with precision(BITS):
        at_kinks = [_best_bump(target, curvature, *around) for around in _kinks(target)]
        alone = [_best_bump(target, curvature, place, 1 - abs(place), None) for place in _GRID]
        best = max(alone, key=lambda one: one[1].lower())
        together = sum((gain for _, gain in at_kinks), flint.arb(0))
        found, square = ([best], best[1]) if best[1] > together else (at_kinks, together)
        bumps = tuple(bump for bump, gain in found if gain > 0)
        return bumps, Enclosure(square / norm).sqrt()


def _best_bump(
    target: Target, curvature: Fraction, place: Fraction, room: Fraction, kink: "_Kink | None"
) -> tuple[Bump, flint.arb]:
    """The best of a few radii, and the square of the bound by it."""
    radii = [room / 2**k for k in range(_LADDER)]
    if kink is not None:
        radii.append(_best_radius(curvature, room, kink))
    bumps = [Bump(place=place, radius=_shortened(radius)) for radius in dict.fromkeys(radii)]
    pairs = [(bump, squared_bound(target, curvature, bump)) for bump in bumps]
    return max(pairs, key=lambda pair: pair[1].lower())


def squared_bound(target: Target, curvature: Fraction, bump: Bump) -> flint.arb:
    """The square of the bound by one test function, absolute; 0 where it shows nothing."""
    radius = as_ball(bump.radius)
    excess = abs(_moment(target, bump)) - as_ball(AREA * curvature) * radius
    return excess.max(flint.arb(0)) ** 2 * radius**3 / as_ball(STIFFNESS)


@functools.lru_cache(maxsize=4096)
def _moment(target: Target, bump: Bump) -> flint.arb:
    """int t phi'', that is int t(place + radius u) p''(u) du / radius."""
    place, radius = as_rational(bump.place), as_rational(bump.radius)
    stretched: Any = target.expression.xreplace({_X: place + radius * _X})
    small = exponent_of(as_ball(bump.radius))
    with precision(BITS - 4 * small):  # t without its affine part is about radius^2 at least
        exponent = binary_exponent(target.expression) + 2 * small
        return interval_integral(stretched * _SECOND, exponent=exponent) / as_ball(bump.radius)


@functools.lru_cache(maxsize=256)
def _squared_norm(target: Target) -> flint.arb:
    with precision(BITS):
        size = 2 * binary_exponent(target.expression)
        return interval_integral(sp.Pow(target.expression, 2), exponent=size)


# --- kinks, which say where and how wide


@dataclass(frozen=True, kw_only=True)
class _Kink:
    """The slope jump's size, and the mean of t'' on both sides in its direction: for the radius."""

    jump: flint.arb
    second: flint.arb


@functools.lru_cache(maxsize=256)
def _kinks(target: Target) -> list[tuple[Fraction, Fraction, _Kink]]:
    """Places with the room around them: half the way to the next, or the way to the boundary."""
    with precision(BITS):
        found = {place: kink for place, kink in map(_kink, crossings(target)) if kink is not None}
    places = sorted(found)
    gaps = [b - a for a, b in pairwise(places)]
    left, right = ([2 * (1 + p) for p in places[:1]], [2 * (1 - p) for p in places[-1:]])
    return [
        (place, min(before, after) / 2, found[place])
        for place, before, after in zip(places, [*left, *gaps], [*gaps, *right], strict=True)
    ]


def _kink(crossing: Crossing) -> tuple[Fraction, _Kink | None]:
    ((symbol, point),) = crossing.point
    place = exact_fraction(_value(point, symbol, sp.S.Zero).mid())
    if not point.is_Rational:
        # Rounded more, so that balls tell the place from the kink.
        place = Fraction(round(place * 2**_PLACE_BITS), 2**_PLACE_BITS)
    sides = [sp.diff(side, symbol) for side in (crossing.above, crossing.below)]
    jump = _value(sides[0] - sides[1], symbol, point)
    second = _value(sp.diff(sides[0] + sides[1], symbol), symbol, point) / 2
    if not abs(jump) > 0:
        return place, None
    # The same whichever side is above: g and -g have the same line.
    rising = _value(sp.diff(crossing.level, symbol), symbol, point) * jump > 0
    return place, _Kink(jump=abs(jump), second=second if rising else -second)


def _value(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr) -> flint.arb:
    return flint.arb(interpret(expression, {symbol: flint.arb(interpret(point, {}, BALL))}, BALL))


def _best_radius(curvature: Fraction, room: Fraction, kink: _Kink) -> Fraction:
    against = as_ball(curvature) - kink.second
    best = 3 * kink.jump / (4 * against) if against > 0 else as_ball(room)
    return min(room, exact_fraction(best.mid()))


def _shortened(radius: Fraction) -> Fraction:
    """The same rounded down to a few bits: any radius proves something."""
    shift = radius.numerator.bit_length() - radius.denominator.bit_length() - _RADIUS_BITS
    unit = Fraction(2) ** shift
    return radius // unit * unit
