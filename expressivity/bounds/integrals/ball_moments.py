"""Moments over the unit ball of R^3 of functions that are piecewise polynomial in two coordinates.

Let x_k be the third one, x_k = sin(theta), and let kinks lie where one of the other two is 0, or
where x_k is a rational number. On a quarter of the disk of radius cos(theta) the function is
``sum c_pq(x_k) |x_i|^p |x_j|^q``; the integral of |x_i|^P |x_j|^Q there is known, and what is left
are integrals over theta of c_pq(sin) sin^c cos^e.
"""

import functools
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.integrals.cells import branch
from expressivity.bounds.integrals.charts import ANALYTIC, BITS
from expressivity.bounds.integrals.cubature import TOLERANCE_BITS
from expressivity.bounds.integrals.moments import relative_distance
from expressivity.bounds.integrals.scale import binary_exponent, power_of_two
from expressivity.symbolic.enclosure import Enclosure, as_ball, precision
from expressivity.symbolic.interpret import compiled
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import Domain
from expressivity.targets.target import Target

_AXES = COORDINATES[:3]
_EVALUATIONS = 20_000  # for one integral over theta

Exponents = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class BallMoments:
    """Enclosures of a function's moments up to a degree, and of its norm; equal to itself alone.

    Attributes:
        degree: the highest.
        monomials: the integrals of f x1^a x2^b x3^c over the ball, a + b + c <= degree.
        norm_squared: the integral of f^2.
    """

    degree: int
    monomials: dict[Exponents, flint.arb]
    norm_squared: flint.arb

    def relative(self, distance_squared: flint.arb) -> Enclosure:
        """A squared distance to the function as a distance in units of its norm, at least 0."""
        return relative_distance(distance_squared, self.norm_squared)


def on_ball(domain: Domain) -> bool:
    """Whether a domain is the one these moments are about."""
    return domain.dimension == 3 and domain.shape == "ball"


@functools.lru_cache(maxsize=64)
def ball_moments(target: Target, degree: int) -> BallMoments:
    """Enclosures of the moments of a target on the unit ball of R^3.

    Raises:
        ValueError: another domain; no coordinate beside which the target is a polynomial between
            kinks where another one is 0; a pole or branch point too close to the ball.

    >>> from expressivity.targets.builtin import t7
    >>> moments = ball_moments(t7(), 2)
    >>> (moments.monomials[0, 1, 0] * 15 / flint.arb.pi() / 2).overlaps(flint.arb(1))
    True
    """
    if not on_ball(target.domain):
        raise ValueError(f"required: a target on the unit ball of R^3; got {target.domain.name}")
    expression = sp.expand(target.expression)
    size = binary_exponent(target.expression)
    reasons: list[str] = []
    with precision(BITS):
        for axis in (2, 1, 0):
            try:
                parts = list(_parts(expression, axis))
            except ValueError as reason:
                reasons.append(str(reason))
                continue
            return BallMoments(
                degree=degree,
                monomials=_monomials(parts, axis, degree, size),
                norm_squared=_monomials([part.squared() for part in parts], axis, 0, 2 * size)[
                    0, 0, 0
                ],
            )
    raise ValueError(reasons[0])


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A function for start < x_k < end and given signs of the other two coordinates.

    Attributes:
        terms: c_pq by (p, q), functions of x_k, for powers of moduli.
    """

    start: Fraction
    end: Fraction
    signs: tuple[int, int]
    terms: dict[tuple[int, int], sp.Expr]

    def squared(self) -> "_Part":
        """The same part of the function's square."""
        terms: dict[tuple[int, int], Any] = defaultdict(lambda: sp.S.Zero)
        for (p, q), one in self.terms.items():
            for (r, s), other in self.terms.items():
                terms[p + r, q + s] += one * other
        return _Part(start=self.start, end=self.end, signs=self.signs, terms=dict(terms))


def _parts(expression: sp.Expr, axis: int) -> Iterator[_Part]:
    """The function on every part of the ball; ValueError where it is no such function."""
    along = _AXES[axis]
    others = [x for x in _AXES if x != along]
    places = {_place(level, along) for level in kink_levels(expression)}
    inside = {place for place in places if place is not None and abs(place) < 1}
    for start, end in itertools.pairwise(sorted({Fraction(-1), *inside, Fraction(1)})):
        for signs in itertools.product((1, -1), (1, -1)):
            point = {x: flint.arb(s) / 4 for x, s in zip(others, signs, strict=True)}
            formula = branch(expression, point | {along: as_ball((start + end) / 2)})
            mirrored: Any = {x: s * x for x, s in zip(others, signs, strict=True)}
            yield _Part(
                start=start, end=end, signs=signs, terms=_terms(formula.subs(mirrored), others)
            )


def _place(level: sp.Expr, along: sp.Symbol) -> Fraction | None:
    """Where x_k is on a kink; None for a kink where another coordinate is 0.

    Raises:
        ValueError: a kink elsewhere.
    """
    slopes = {x: slope for x in _AXES if (slope := sp.diff(level, x)) != 0}
    constant: Any = level.subs(dict.fromkeys(_AXES, 0))
    if len(slopes) <= 1 and all(v.is_Rational for v in (constant, *slopes.values())):
        if not slopes or (along not in slopes and constant == 0):
            return None
        if along in slopes:
            place = -constant / slopes[along]
            return Fraction(int(place.p), int(place.q))
    raise ValueError(
        "required: kinks where a coordinate is 0, or where the third one is a rational number, for "
        f"a bound on the ball; got one at {level} = 0"
    )


def _terms(formula: sp.Expr, others: list[sp.Symbol]) -> dict[tuple[int, int], sp.Expr]:
    expanded = sp.expand(formula)
    if not expanded.is_polynomial(*others):
        raise ValueError(
            "required: a polynomial in two of the coordinates between kinks, for a bound on the "
            f"ball; got {expanded}"
        )
    return {(p, q): c for (p, q), c in sp.Poly(expanded, *others).terms() if c != 0}


def _monomials(
    parts: list[_Part], axis: int, degree: int, exponent: int
) -> dict[Exponents, flint.arb]:
    tolerance = power_of_two(exponent - TOLERANCE_BITS)
    total: dict[Exponents, flint.arb] = {}
    for a, b in itertools.product(range(degree + 1), repeat=2):
        for c in range(degree + 1 - a - b):
            value = flint.arb(0)
            for part in parts:
                sign = part.signs[0] ** a * part.signs[1] ** b
                for (p, q), coefficient in part.terms.items():
                    around = _along(
                        coefficient,
                        (_AXES[axis], part.start, part.end),
                        (c, p + q + a + b + 3),
                        tolerance,
                    )
                    value += sign * around * _quarter(p + a, q + b)
            place = [a, b]
            place.insert(axis, c)
            total[place[0], place[1], place[2]] = value
    return total


@functools.lru_cache(maxsize=4096)
def _quarter(p: int, q: int) -> flint.arb:
    """The integral of x^p y^q over the unit disk's first quarter."""
    with precision(BITS):
        one, other, both = ((flint.arb(n) / 2).gamma() for n in (p + 1, q + 1, p + q + 2))
        return one * other / both / (2 * (p + q + 2))


@functools.lru_cache(maxsize=65536)
def _along(
    coefficient: sp.Expr,
    segment: tuple[sp.Symbol, Fraction, Fraction],
    powers: tuple[int, int],
    tolerance: flint.arb,
) -> flint.arb:
    """The integral of coefficient(sin) sin^c cos^e over theta."""
    symbol, *ends = segment
    sine_power, cosine_power = powers
    f = compiled(coefficient, [symbol], ANALYTIC)
    start, end = (as_ball(x).asin() for x in ends)

    def integrand(s: flint.acb, _: bool) -> flint.acb:
        sine, cosine = (start + s * (end - start)).sin_cos()
        return flint.acb(f(sine)) * sine**sine_power * cosine**cosine_power

    value = flint.acb.integral(
        integrand, flint.acb(0), flint.acb(1), abs_tol=tolerance, eval_limit=_EVALUATIONS
    )
    if not value.is_finite():
        raise ValueError(
            "required: a function analytic near the ball, apart from its kinks; this one has a "
            "pole or a branch point too close, so its integrals are not enclosed"
        )
    return (end - start) * value.real
