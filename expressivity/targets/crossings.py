"""What a piecewise target does at its kinks: shared by the obstructions.

A crossing is a point of a kink hyperplane inside the target's domain, with the two formulas
that hold on either side near that point. Everything is exact: formulas are symbolic, points
rational, and the signs of the other levels at the point come from balls that exclude 0.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from expressivity.classes.facts import is_real_analytic
from expressivity.symbolic.piecewise import assume_sign, formula_at, innermost_levels
from expressivity.symbolic.points import affine_form, as_rational
from expressivity.targets.domains import Domain
from expressivity.targets.target import Target

_ATTEMPTS = 12


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A place where a target changes its formula.

    Attributes:
        level: affine g with rational coefficients; the hyperplane is g = 0.
        point: rational, on the hyperplane, in the interior of the domain, as (symbol, value).
        above, below: formulas near the point where g > 0 and where g < 0, both real-analytic
            on the whole space.
    """

    level: sp.Expr
    point: tuple[tuple[sp.Symbol, sp.Rational], ...]
    above: sp.Expr
    below: sp.Expr

    @property
    def pivot(self) -> sp.Symbol:
        """The coordinate that :meth:`on_plane` eliminates."""
        return next(symbol for symbol, _ in self.point if self.level.has(symbol))

    @property
    def tangents(self) -> tuple[sp.Symbol, ...]:
        """The other coordinates: affine coordinates of the hyperplane."""
        return tuple(symbol for symbol, _ in self.point if symbol != self.pivot)

    def on_plane(self, expression: sp.Expr) -> sp.Expr:
        """The restriction of an expression to the hyperplane, in the ``tangents``."""
        value = sp.expand(self.pivot - self.level / sp.diff(self.level, self.pivot))
        return expression.subs(self.pivot, value)

    @property
    def value_jump(self) -> sp.Expr:
        """Jump of the target across the hyperplane, in the ``tangents``."""
        return self.on_plane(self.above - self.below)

    @property
    def slope_jump(self) -> sp.Expr:
        """Jump of the derivative along the ``pivot``, in the ``tangents``.

        Where the target is continuous its gradient jumps along the normal alone, and this is a
        nonzero constant multiple of the jump of the normal derivative.
        """
        return self.on_plane(sp.diff(self.above - self.below, self.pivot))


@functools.lru_cache(maxsize=256)
def crossings(target: Target) -> tuple[Crossing, ...]:
    """One crossing for each affine rational kink level that meets the domain's interior.

    Levels that are not affine or not rational, kinks of nested conditions, and formulas that
    are not known to be real-analytic are left out: callers may conclude from what is there,
    never from what is absent.

    >>> from expressivity.targets.builtin import t2
    >>> crossings(t2())[0].slope_jump
    tanh(2*x1)
    """
    found: list[Crossing] = []
    for level in innermost_levels(target.expression):
        form = affine_form(level, target.coordinates)
        if form is None:
            continue
        for point in _points_on(form, target):
            above = formula_at(assume_sign(target.expression, level, 1), point)
            below = formula_at(assume_sign(target.expression, level, -1), point)
            if above is None or below is None:
                continue  # on another kink as well: try the next point
            if is_real_analytic(above) and is_real_analytic(below):
                located = tuple(point.items())
                found.append(Crossing(level=level, point=located, above=above, below=below))
            break
    return tuple(found)


@functools.lru_cache(maxsize=256)
def formulas(target: Target) -> tuple[sp.Expr, ...]:
    """Real-analytic formulas, each equal to the target on some open subset of its domain."""
    sides = [side for c in crossings(target) for side in (c.above, c.below)]
    if not target.expression.has(sp.Piecewise) and is_real_analytic(target.expression):
        sides.append(target.expression)
    return tuple(dict.fromkeys(sides))


def _points_on(
    form: tuple[Fraction, ...], target: Target
) -> Iterator[dict[sp.Symbol, sp.Rational]]:
    """Rational points of the plane form = 0 in the open domain, varied along the plane."""
    *normal, constant = form
    square, total = sum(n * n for n in normal), sum(abs(n) for n in normal)
    if not square:
        return
    # The nearest point to the centre, in the norm whose unit ball the domain is.
    if target.domain.shape == "ball":
        middle = [-constant * n / square for n in normal]
    else:
        middle = [-constant * ((n > 0) - (n < 0)) / total for n in normal]
    pivot = next(axis for axis, n in enumerate(normal) if n)
    for attempt in range(_ATTEMPTS):
        step = Fraction(1, 3 + 2 * attempt) / total
        shift = [step ** (axis + 1) * abs(normal[pivot]) for axis in range(len(normal))]
        shift[pivot] = Fraction(0)
        shift[pivot] = -sum(n * s for n, s in zip(normal, shift, strict=True)) / normal[pivot]
        point = [m + s for m, s in zip(middle, shift, strict=True)]
        if _inside(point, target.domain):
            yield {
                symbol: as_rational(value)
                for symbol, value in zip(target.coordinates, point, strict=True)
            }


def _inside(point: list[Fraction], domain: Domain) -> bool:
    if domain.shape == "ball":
        return sum(value * value for value in point) < 1
    return all(abs(value) < 1 for value in point)
