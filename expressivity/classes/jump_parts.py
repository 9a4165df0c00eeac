"""Odd and even parts of the gradient jumps of single neurons without biases, along lines through 0.

A neuron of two maps without biases and gates is a sum of products of profiles, one at each map
(``amplitudes``). Let its gradient jump across a hyperplane H through 0. Then a map is 0 on H; if
the other one is w u at the points u q of a line in H, the jump there is a combination of 1 and of
the profiles at w u, and its odd (even) part one of theirs. Most activations have parts that are
multiples of powers of u for u > 0, whatever w is; others are covered where a part is an affine
function and a logistic tail (docs/theory.md, section 4, B9).
"""

import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.classes.amplitudes import amplitude, profile_terms
from expressivity.classes.facts import is_continuous, pieces
from expressivity.classes.families import Family
from expressivity.symbolic.budget import tree_size
from expressivity.symbolic.symbols import Z

_MAX_NODES = 60
_MAX_DEGREE = 4  # of powers; and of the logistic tail
_GROWTH = sp.Dummy("q", positive=True)


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The function constant + slope x + x^degree/(1 + exp(rate x)) for x > 0."""

    constant: Fraction
    slope: Fraction
    degree: int
    rate: int


@dataclass(frozen=True, kw_only=True)
class JumpPart:
    """One part of a jump at u > 0: powers of u with these exponents, and a tail at w u.

    Attributes:
        powers: exponents, increasing.
        tail: None where the powers are all.
    """

    powers: tuple[int, ...]
    tail: Tail | None


def jump_parts(family: Family) -> tuple[JumpPart | None, JumpPart | None]:
    """The odd and the even part for one neuron, each None where it is not known to be such a sum.

    >>> family = Family(neuron="two_sided", kind="la", width=1, dimension=2, bias=False)
    >>> odd, even = jump_parts(family)
    >>> odd.powers, odd.tail.rate, even is None  # tanh; gelu and silu
    ((1, 2), 2, True)
    """
    profiles = None if family.bias else _profiles(family)
    return (None, None) if profiles is None else (_part(profiles, -1), _part(profiles, 1))


def _profiles(family: Family) -> list[sp.Expr] | None:
    """Those of a neuron of two maps without gates, of which one is along a jump at a time."""
    known = amplitude(family) if family.gate is None and family.record.maps == 2 else None
    terms = profile_terms(family) if known is not None else None
    if known is None or not terms or known.degree or known.profiles != 1:
        return None
    return list(dict.fromkeys(profile for term in terms for profile in term.profiles))


LOGISTIC_TAILS = {(1, 1), (0, 2)}
"""Degrees and rates of x/(1 + exp(x)) and 1/(1 + exp(2 x)), the tails of silu and tanh."""


def has_logistic_half_lines(family: Family) -> bool:
    """Whether the profiles of one neuron are affine but for these tails, ahead of 0 and behind it.

    For a neuron of two maps without gates as above, with biases or without: then for u where
    y = w u + b has one sign its jumps are combinations of 1, u and these two functions of abs(y).

    >>> options = dict(neuron="two_sided", kind="la", width=1, dimension=2)
    >>> has_logistic_half_lines(Family(**options, dictionary="id,relu,silu,tanh"))
    True
    >>> has_logistic_half_lines(Family(**options, dictionary="relu,gelu"))
    False
    """
    profiles = _profiles(family)
    return profiles is not None and all(map(_is_logistic, profiles))


def _is_logistic(profile: sp.Expr) -> bool:
    both = pieces(profile) if is_continuous(profile) else None
    if both is None:
        return False
    for side in (both[0], both[1].subs(Z, -Z)):
        part = _sum(side)
        if part is None or not set(part.powers) <= {0, 1}:
            return False
        if part.tail is not None and (part.tail.degree, part.tail.rate) not in LOGISTIC_TAILS:
            return False
    return True


def _part(profiles: list[sp.Expr], sign: int) -> JumpPart | None:
    """The odd part for -1, the even one for 1."""
    powers: set[int] = {0} if sign == 1 else set()
    tails: set[Tail] = set()
    for profile in profiles:
        both = pieces(profile) if is_continuous(profile) else None
        found = None if both is None else _sum(both[0] + sign * both[1].subs(Z, -Z))
        if found is None:
            return None
        powers |= set(found.powers)
        if found.tail is not None:
            tails.add(found.tail)
    if len(tails) > 1 or max(powers, default=0) > _MAX_DEGREE:
        return None
    return JumpPart(powers=tuple(sorted(powers)), tail=next(iter(tails), None))


@functools.lru_cache(maxsize=256)
def _sum(part: sp.Expr) -> JumpPart | None:
    """A function of z > 0 as powers, or a multiple of it as a tail.

    By identities between polynomials in z and exp(z).

    >>> _sum(2 * sp.tanh(Z)).tail
    Tail(constant=Fraction(-1, 2), slope=Fraction(0, 1), degree=0, rate=2)
    """
    if tree_size(part) > _MAX_NODES:
        return None
    in_growth: Any = sp.expand(part.rewrite(sp.exp)).replace(
        lambda e: isinstance(e, sp.exp), lambda e: _GROWTH ** sp.expand(e.args[0] / Z)
    )
    in_growth = sp.cancel(in_growth) if in_growth.is_rational_function(Z, _GROWTH) else in_growth
    if in_growth.is_polynomial(Z) and in_growth.free_symbols <= {Z}:
        powers = () if in_growth == 0 else sorted(k for (k,) in sp.Poly(in_growth, Z).monoms())
        return JumpPart(powers=tuple(powers), tail=None)
    tail = _tail(in_growth) if in_growth.is_rational_function(Z, _GROWTH) else None
    return None if tail is None else JumpPart(powers=(), tail=tail)


def _tail(in_growth: Any) -> Tail | None:
    """A multiple of a rational function of z and exp(z) as a tail."""
    for rate in range(1, _MAX_DEGREE + 1):
        product: Any = sp.cancel(in_growth * (1 + _GROWTH**rate))
        if not product.is_polynomial(Z, _GROWTH):
            continue
        high, low = product.coeff(_GROWTH, rate), product.coeff(_GROWTH, 0)
        rest = sp.expand(product - high * _GROWTH**rate - low)
        tail = sp.Poly(low - high, Z)
        if rest != 0 or tail.is_zero or len(tail.terms()) > 1:
            continue
        [((degree,), factor)] = tail.terms()
        ahead = sp.Poly(sp.expand(high / factor), Z)
        constants = [ahead.coeff_monomial(Z**k) for k in (0, 1)]
        if ahead.degree() > 1 or not all(c.is_Rational for c in constants):
            continue
        constant, slope = (Fraction(int(c.p), int(c.q)) for c in constants)
        return Tail(constant=constant, slope=slope, degree=int(degree), rate=rate)
    return None
