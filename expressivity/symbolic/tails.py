"""What a formula does far out: its leading exponentials as the variable grows without bound.

An expansion is a finite sum of c(t) exp(p(t) + i q(t)) and an error that is O(t^n exp(r(t))) for
some n: c is a rational function of t, p, q and r are polynomials without constant term and with
rational coefficients. Everything kept is exact. Formulas whose behaviour is not of this kind have
no expansion, and nothing is claimed of them.

Such functions are independent: a sum in which a pair (p, q) with p not tending to minus infinity
has c != 0 is not exponentially small, since the mean over t of exp(i (q - q')(t)) tends to 0.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.symbolic.budget import nesting
from expressivity.symbolic.points import ball_sign

T = sp.Symbol("t", positive=True)
"""The variable of an expansion; it grows without bound."""

_MAX_TERMS, _MAX_POWER = 80, 64
_MAX_NESTING = 8  # of functions in a number: sympy takes twice as long for each
_PROBES = tuple(sp.Rational(n, 7) for n in (9, 16, 31))

Exponent = tuple[sp.Expr, sp.Expr]
FLAT: Exponent = (sp.S.Zero, sp.S.Zero)


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """A formula in ``T``, up to an error.

    Attributes:
        terms: c by (p, q), for the sum of c(t) exp(p(t) + i q(t)).
        rest: r, for an error that is O(t^n exp(r(t))) for some n; None for no error.
    """

    terms: Mapping[Exponent, sp.Expr]
    rest: sp.Expr | None = None


class _UnknownError(Exception):
    """A formula without an expansion of this kind, as far as the rules below show."""


@functools.lru_cache(maxsize=1024)  # of a target on its lines, for all classes
def expansion(formula: sp.Expr, variable: sp.Symbol, sign: int = 1) -> Expansion | None:
    """The expansion as ``sign`` times the variable tends to infinity, in ``T``, or None.

    >>> x = sp.Symbol("x", real=True)
    >>> expansion(x * sp.tanh(x) + sp.exp(x / 2), x)
    Expansion(terms={(0, 0): t, (t/2, 0): 1}, rest=-2*t)
    >>> expansion(sp.exp(sp.exp(x)), x) is None
    True
    """
    outward: Any = formula.xreplace({variable: sign * T})
    try:
        return _expansion(outward)
    except _UnknownError:
        return None


def tail(found: Expansion) -> Mapping[sp.Expr, sp.Expr] | None:
    """Polynomials P by rate w >= 0, for sum P(t) exp(w t) up to an exponentially small error.

    That is O(t^n exp(-r t)) for some n and some r > 0. None where a tail of this kind is not shown.

    >>> x = sp.Symbol("x", real=True)
    >>> dict(tail(expansion(x * sp.cosh(x) + sp.tanh(x), x)))
    {1: t/2, 0: 1}
    """
    if found.rest is not None and growth_sign(found.rest) >= 0:
        return None
    kept = {e: c for e, c in found.terms.items() if not decays(e)}
    if not all(_is_real_rate(e) and c.is_polynomial(T) for e, c in kept.items()):
        return None
    return {sp.diff(p, T): c for (p, _), c in kept.items()}


def polynomial_tail(found: Expansion) -> sp.Expr | None:
    """The tail, in ``T``, where it has no exponentials, else None.

    >>> x = sp.Symbol("x", real=True)
    >>> polynomial_tail(expansion(x / (1 + sp.exp(-x)), x))
    t
    """
    known = tail(found)
    if known is None or not set(known) <= {sp.S.Zero}:
        return None
    return known.get(sp.S.Zero, sp.S.Zero)


def exceeds_tails(found: Expansion, degree: int, *, exponentials: bool = False) -> bool:
    """Whether the function certainly has no tail with polynomials of at most this degree.

    Without exponentials in it, unless they are allowed.

    >>> x = sp.Symbol("x", real=True)
    >>> [exceeds_tails(expansion(f, x), 2) for f in (sp.sin(x), x**3, x**2, 1 / (1 + x**2))]
    [True, True, False, True]
    >>> [exceeds_tails(expansion(f, x), 2, exponentials=True) for f in (sp.exp(x), sp.exp(x**2))]
    [False, True]
    """
    for exponent, coefficient in found.terms.items():  # each outgrows the error
        if exponent == FLAT or (exponentials and _is_real_rate(exponent)):
            exceeds = not decays(exponent) and _exceeds_degree(coefficient, degree)
        else:
            exceeds = not decays(exponent) and is_certainly_nonzero(coefficient)
        if exceeds:
            return True
    return False


def by_power(polynomial: sp.Expr) -> dict[int, sp.Expr]:
    """The coefficients of a polynomial in ``T``, as written: one that is 0 may be among them.

    Poly would cancel quotients of exponentials of numbers, which can take for ever.

    >>> by_power((T + sp.exp(2)) ** 2)
    {0: exp(4), 1: 2*exp(2), 2: 1}
    """
    terms: dict[Any, Any] = sp.collect(sp.expand(polynomial), T, evaluate=False)
    found = {0 if power == 1 else int(power.as_base_exp()[1]): c for power, c in terms.items()}
    return dict(sorted(found.items()))


def decays(exponent: Exponent) -> bool:
    """Whether exp(p + i q) tends to 0."""
    return growth_sign(exponent[0]) < 0


def _is_real_rate(exponent: Exponent) -> bool:
    """Whether exp(p + i q) is exp(w t) for a number w."""
    p, q = exponent
    return q == 0 and not sp.diff(p, T).has(T)


def is_certainly_nonzero(coefficient: sp.Expr) -> bool:
    """Whether a function of ``T``, its real or its imaginary part, is not 0 at a rational point."""
    for probe in _PROBES[: 1 if not coefficient.has(T) else None]:
        value: Any = coefficient.subs(T, probe)
        if value.has(sp.zoo, sp.nan):
            continue
        parts = sp.expand(value, complex=True).as_real_imag()
        if any(part != 0 and ball_sign(part, {}) is not None for part in parts):
            return True
    return False


def _exceeds_degree(coefficient: sp.Expr, degree: int) -> bool:
    if coefficient.is_polynomial(T):
        return any(k > degree and is_certainly_nonzero(c) for k, c in by_power(coefficient).items())
    if not _is_over_the_rationals(coefficient):  # others take forever to cancel
        return False
    numerator, denominator = (sp.Poly(part, T) for part in sp.fraction(sp.cancel(coefficient)))
    return not numerator.rem(denominator).is_zero


def _is_over_the_rationals(formula: sp.Expr) -> bool:
    """Whether it is a quotient of polynomials in ``T`` with rational coefficients, as written."""

    def allowed(node: Any) -> bool:
        if node.is_Pow:
            return node.exp.is_Integer
        return node == T or node.is_Rational or node.is_Add or node.is_Mul

    return all(map(allowed, sp.preorder_traversal(formula)))


# --- one rule for each kind of node


@functools.lru_cache(maxsize=4096)  # formulas of one target share their parts
def _expansion(node: Any) -> Expansion:
    if not node.has(T):
        return Expansion(terms={} if node == 0 else {FLAT: node})
    if node == T:
        return Expansion(terms={FLAT: T})
    if node.is_Add:
        return functools.reduce(_sum, map(_expansion, node.args))
    if node.is_Mul:
        return functools.reduce(_product, map(_expansion, node.args))
    if node.is_Pow and node.exp.is_Integer and abs(node.exp) <= _MAX_POWER:
        base = _expansion(node.base)
        power = functools.reduce(_product, [base] * abs(int(node.exp)))
        return power if node.exp > 0 else _reciprocal(power)
    rule = _FUNCTIONS.get(type(node))
    if rule is None or len(node.args) != 1:
        raise _UnknownError
    return rule(_expansion(node.args[0]))


def _sum(left: Expansion, right: Expansion) -> Expansion:
    terms = dict(left.terms)
    for exponent, coefficient in right.terms.items():
        terms[exponent] = terms.get(exponent, sp.S.Zero) + coefficient
    return _tidy(terms, [left.rest, right.rest])


def _product(left: Expansion, right: Expansion) -> Expansion:
    terms: dict[Exponent, sp.Expr] = {}
    for (p, q), c in left.terms.items():
        for (r, s), d in right.terms.items():
            exponent = (sp.expand(p + r), sp.expand(q + s))
            terms[exponent] = terms.get(exponent, sp.S.Zero) + c * d
    errors: list[sp.Expr | None] = []
    for one, other in ((left, right), (right, left)):
        if one.rest is not None:
            errors += [one.rest + p for p, _ in other.terms]
    if left.rest is not None and right.rest is not None:
        errors.append(left.rest + right.rest)
    return _tidy(terms, errors)


def _reciprocal(found: Expansion) -> Expansion:
    """1/(c e^p (1 + O(e^r))) = e^-p/c (1 + O(e^r))."""
    (p, q), coefficient, relative = _dominant(found)
    inverse = {(-p, -q): 1 / coefficient}
    return _tidy(inverse, [] if relative is None else [relative - p])


def _logarithm(found: Expansion) -> Expansion:
    """log(c e^p (1 + O(e^r))) = log c + p + O(e^r) for a number c > 0."""
    (p, q), coefficient, relative = _dominant(found)
    if q != 0 or coefficient.has(T) or ball_sign(coefficient, {}) != 1:
        raise _UnknownError
    return _tidy({FLAT: sp.log(coefficient) + p}, [relative])


def _exponential(found: Expansion) -> Expansion:
    slope, constant, small = _argument(found)
    if slope != 0 and ball_sign(sp.Poly(slope, T).LC(), {}) == -1 and not _is_rational(slope):
        return _tidy({}, [-_outgrown(-slope)])
    slope = _rational(slope)
    return _tidy({(slope, sp.S.Zero): sp.exp(constant)}, [_plus(slope, small)])


def _wave(shift: int) -> Callable[[Expansion], Expansion]:
    """cos for 0; sin, which is cos a quarter of a turn later, for 1."""

    def rule(found: Expansion) -> Expansion:
        slope, constant, small = _argument(found)
        if slope == 0:
            value = sp.sin(constant) if shift else sp.cos(constant)
            return _tidy({FLAT: value}, [small])
        slope = _rational(slope)
        cosine, sine = sp.cos(constant), sp.sin(constant)
        terms: dict[Exponent, sp.Expr] = {}
        for sign in (1, -1):  # exp(i sign (slope + constant - shift pi/2))/2
            turned = (cosine + sign * sp.I * sine) * (-sign * sp.I) ** shift
            terms[sp.S.Zero, sign * slope] = turned / 2
        return _tidy(terms, [small])

    return rule


def _saturating(
    function: Any, rate: Callable[[sp.Expr], sp.Expr]
) -> Callable[[Expansion], Expansion]:
    """An odd smooth function that is 1 - O(exp(-rate)) far out."""

    def rule(found: Expansion) -> Expansion:
        slope, constant, small = _argument(found)
        if slope == 0:
            return _tidy({FLAT: function(constant)}, [small])
        side = ball_sign(sp.Poly(slope, T).LC(), {})
        if side is None:
            raise _UnknownError
        gain = _outgrown(_without_constant(rate(side * (slope + constant))))
        return _tidy({FLAT: sp.Integer(side)}, [-gain])

    return rule


def _hyperbolic(sign: int) -> Callable[[Expansion], Expansion]:
    def rule(found: Expansion) -> Expansion:
        up = _exponential(found)
        down = _exponential(_product(_expansion(sp.S.NegativeOne), found))
        half = _product(_expansion(sp.Rational(sign, 2)), down)
        return _sum(_product(_expansion(sp.S.Half), up), half)

    return rule


_FUNCTIONS: dict[Any, Callable[[Expansion], Expansion]] = {
    sp.exp: _exponential,
    sp.log: _logarithm,
    sp.sin: _wave(1),
    sp.cos: _wave(0),
    sp.sinh: _hyperbolic(-1),
    sp.cosh: _hyperbolic(1),
    sp.tanh: _saturating(sp.tanh, lambda argument: 2 * argument),
    sp.erf: _saturating(sp.erf, lambda argument: argument**2),
}


# --- parts


def _argument(found: Expansion) -> tuple[sp.Expr, sp.Expr, sp.Expr | None]:
    """p, c and r of p(t) + c + O(e^r): a polynomial without constant, a number, r decaying."""
    flat = found.terms.get(FLAT, sp.S.Zero)
    small = [p for p, q in found.terms if (p, q) != FLAT]
    small += [] if found.rest is None else [found.rest]
    if any(growth_sign(p) >= 0 for p in small) or not flat.is_polynomial(T):
        raise _UnknownError
    slope = _without_constant(flat)
    constant = sp.expand(flat - slope)
    if nesting(constant) > _MAX_NESTING:
        raise _UnknownError
    return slope, constant, _largest(small)


def _without_constant(polynomial: sp.Expr) -> sp.Expr:
    expanded = sp.expand(polynomial)
    return sp.expand(expanded - expanded.subs(T, 0))


def _rational(polynomial: sp.Expr) -> sp.Expr:
    """The same, if its coefficients are rational: exponents are compared exactly."""
    if not _is_rational(polynomial):
        raise _UnknownError
    return polynomial


def _is_rational(polynomial: sp.Expr) -> bool:
    return all(c.is_Rational for c in sp.Poly(polynomial, T).all_coeffs())


def _outgrown(polynomial: sp.Expr) -> sp.Expr:
    """For a growing polynomial, one with rational coefficients that grows no faster.

    The same if it is rational, else a monomial with a smaller leading coefficient.
    """
    if _is_rational(polynomial):
        return polynomial
    (degree, leading), share = max(by_power(polynomial).items()), sp.S.One
    for _ in range(_MAX_POWER):
        if ball_sign(leading - share, {}) == 1:
            return share * T**degree
        share /= 2
    raise _UnknownError


def _dominant(found: Expansion) -> tuple[Exponent, sp.Expr, sp.Expr | None]:
    """The one term that certainly outgrows the others, and r for the others over it."""
    for (p, q), coefficient in found.terms.items():
        others = [other for other in found.terms if other != (p, q)]
        rates = [other - p for other, _ in others]
        rates += [] if found.rest is None else [found.rest - p]
        if all(growth_sign(rate) < 0 for rate in rates) and is_certainly_nonzero(coefficient):
            return (p, q), coefficient, _largest(map(sp.expand, rates))
    raise _UnknownError


def _tidy(terms: Mapping[Exponent, sp.Expr], errors: Iterable[sp.Expr | None]) -> Expansion:
    """Coefficients in one form; terms that the error outgrows are part of it."""
    rest = _largest(sp.expand(error) for error in errors if error is not None)
    kept: dict[Exponent, sp.Expr] = {}
    for (p, q), coefficient in terms.items():
        if rest is not None and growth_sign(p - rest) <= 0:
            continue
        plain = sp.expand(coefficient)
        plain = plain if plain.is_polynomial(T) else sp.cancel(sp.together(plain))
        if plain != 0:
            kept[p, q] = plain
    if len(kept) > _MAX_TERMS:
        raise _UnknownError
    return Expansion(terms=kept, rest=rest)


def _plus(slope: sp.Expr, small: sp.Expr | None) -> sp.Expr | None:
    return None if small is None else slope + small


def _largest(rates: Iterable[sp.Expr]) -> sp.Expr | None:
    largest: sp.Expr | None = None
    for rate in rates:
        if largest is None or growth_sign(rate - largest) > 0:
            largest = rate
    return largest


@functools.lru_cache(maxsize=4096)
def growth_sign(polynomial: sp.Expr) -> int:
    """Sign of a polynomial without constant for large t; 0 for the polynomial 0."""
    expanded = sp.expand(polynomial)
    if expanded == 0:
        return 0
    return 1 if sp.Poly(expanded, T).LC() > 0 else -1
