"""Rational points of a hyperplane inside a domain, on chords and equally spaced."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from expressivity.targets.domains import Domain

Point = tuple[Fraction, ...]

_points = 9  # on a chord; odd, so that its middle is one
_root_bits = 40  # resolution of the ends of a chord that are irrational


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The hyperplane slopes.x + constant = 0, the first nonzero slope being 1."""

    slopes: Point
    constant: Fraction


def chords(plane: Plane, domain: Domain) -> Iterator[tuple[Point, ...]]:
    """Equally spaced rational points of the plane in the closed domain, chord by chord.

    d = 1: the point itself. d = 2: the chord, whose ends are exact where they are rational.
    d >= 3: the chords through one point of the plane along the projections of the axes.

    >>> disk = Domain(name="disk", dimension=2, shape="ball")
    >>> plane = Plane(slopes=(Fraction(0), Fraction(1)), constant=Fraction(0))
    >>> [chord] = chords(plane, disk)
    >>> [tuple(map(int, point)) for point in (chord[0], chord[-1])]
    [(-1, 0), (1, 0)]
    """
    slopes, square = plane.slopes, sum(slope**2 for slope in plane.slopes)
    # The point of the plane nearest to 0, in the norm whose unit ball the domain is.
    if domain.shape == "ball":
        middle = tuple(-plane.constant * slope / square for slope in slopes)
        inside = plane.constant**2 < square
    else:
        width = sum(abs(slope) for slope in slopes)
        middle = tuple(-plane.constant * _sign(slope) / width for slope in slopes)
        inside = abs(plane.constant) < width
    if not inside:
        return
    if len(slopes) == 1:
        yield (middle,)
        return
    directions = [
        tuple(int(i == axis) - slopes[axis] * slope / square for i, slope in enumerate(slopes))
        for axis in range(len(slopes))
    ]
    directions = [direction for direction in directions if any(direction)]
    for direction in directions[:1] if len(slopes) == 2 else directions:
        low, high = _ends(middle, direction, domain)
        steps = [low + (high - low) * Fraction(i, _points - 1) for i in range(_points)]
        yield tuple(
            tuple(m + step * u for m, u in zip(middle, direction, strict=True)) for step in steps
        )


def _sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)


def _ends(middle: Point, direction: Point, domain: Domain) -> tuple[Fraction, Fraction]:
    """The steps along a direction that stay in the domain, rounded inwards where irrational."""
    if domain.shape == "ball":  # the middle is orthogonal to every direction in the plane
        room = 1 - sum((m**2 for m in middle), Fraction(0))
        reach = _root_below(room / sum((u**2 for u in direction), Fraction(0)))
        return -reach, reach
    exits = [
        sorted([(-1 - m) / u, (1 - m) / u]) for m, u in zip(middle, direction, strict=True) if u
    ]
    return max(low for low, _ in exits), min(high for _, high in exits)


def _root_below(square: Fraction) -> Fraction:
    """The root where it is rational, else a rational below it."""
    numerator, denominator = square.numerator, square.denominator
    roots = isqrt(numerator), isqrt(denominator)
    if roots[0] ** 2 == numerator and roots[1] ** 2 == denominator:
        return Fraction(*roots)
    return Fraction(isqrt((numerator << 2 * _root_bits) // denominator), 1 << _root_bits)
