"""Quotients of exponentials in a form that neither overflows nor cancels.

Sigmoid, SiLU, softmax and their derivatives are, as sympy writes them, products of exp(v) with
negative powers of sums S = sum_i c_i exp(u_i), c_i > 0: read literally, infinity over infinity.
Dividing S by one of its terms is exact, exp(u_k) / S = 1 / sum_i c_i exp(u_i - u_k), and lies in
(0, 1/c_k]. A product of S^-n whose exponents reach v together is therefore a product of such
*shares*; where none does, the whole exponent goes in: exp(v) S^-n = (sum_i c_i exp(u_i - v/n))^-n.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

_MOST_CHOICES = 2000  # of a term for each factor S
_MOST_TERMS = 64  # of sums multiplied out


@dataclass(frozen=True, kw_only=True)
class Share:
    """(sum_i weight_i exp(exponent_i)) ** power, weights positive, the power negative."""

    weights: tuple[sp.Expr, ...]
    exponents: tuple[sp.Expr, ...]
    power: Any  # a sympy Rational


@dataclass(frozen=True, kw_only=True)
class Quotient:
    """A product: the shares times ``rest``, which holds no power of such a sum."""

    shares: tuple[Share, ...]
    rest: sp.Expr


@functools.lru_cache(maxsize=4096)
def as_quotient(node: Any) -> Quotient | sp.Expr | None:
    """A product or power as shares, or as a sum to be read instead, or None where it is neither.

    >>> z = sp.Symbol("z", real=True)
    >>> slope = as_quotient(sp.diff(1 / (1 + sp.exp(-z)), z))
    >>> [(share.exponents, share.power) for share in slope.shares], slope.rest
    ([((0, -z), -1), ((z, 0), -1)], 1)
    >>> as_quotient(z * sp.exp(z)) is None
    True
    """
    sums: list[tuple[_Terms, Any]] = []
    exponents: list[Any] = []
    others: list[Any] = []
    for factor in _factors(node):
        terms = _positive_sum(factor)
        if terms is not None:
            sums.append((terms, -factor.exp))
        elif isinstance(factor, sp.exp):
            exponents.append(factor.args[0])
        else:
            others.append(factor)
    if not sums:
        return None
    multiplied = _multiplied_out(node, others)
    if multiplied is not None:
        return multiplied
    exponent = sp.Add(*exponents)
    shares, left = _shares(sums, exponent)
    return Quotient(shares=tuple(shares), rest=sp.Mul(*others, sp.exp(left)))


def has_quotient(node: Any) -> bool:
    """Whether a product or power may be one of these; cheap."""
    return any(
        factor.is_Pow and factor.base.is_Add and factor.exp.is_Rational and factor.exp < 0
        for factor in _factors(node)
    )


def _factors(node: Any) -> tuple[Any, ...]:
    return sp.Mul.make_args(node)


_Terms = tuple[tuple[sp.Expr, sp.Expr], ...]
"""Pairs (c_i, u_i), in the order of the sum."""


def _positive_sum(factor: Any) -> _Terms | None:
    """The terms of the base of a negative power, where all are c exp(u) with c > 0."""
    if not (factor.is_Pow and factor.base.is_Add and factor.exp.is_Rational and factor.exp < 0):
        return None
    terms: list[tuple[sp.Expr, sp.Expr]] = []
    for term in factor.base.args:
        parts = _factors(term)
        exponents: list[Any] = [part.args[0] for part in parts if isinstance(part, sp.exp)]
        weight = sp.Mul(*[part for part in parts if not isinstance(part, sp.exp)])
        if not (weight.is_number and weight.is_positive):
            return None
        terms.append((weight, sp.Add(*exponents)))
    return tuple(terms) if any(exponent != 0 for _, exponent in terms) else None


def _multiplied_out(node: Any, others: Sequence[Any]) -> sp.Expr | None:
    """The sum of products that a factor such as (exp(u) - exp(v)) stands for, or None."""
    for factor in others:
        base, power = _whole_power(factor)
        if not (base.is_Add and _grows(factor)):
            continue
        if len(base.args) ** power > _MOST_TERMS:
            return None
        rest = node / factor
        terms = itertools.product(base.args, repeat=power)
        return sp.Add(*[sp.Mul(*chosen, rest) for chosen in terms])
    return None


def _whole_power(factor: Any) -> tuple[Any, int]:
    """Base and exponent of a power with a whole exponent above 0; others are their own base."""
    if factor.is_Pow and factor.exp.is_Integer and factor.exp > 0:
        return factor.base, int(factor.exp)
    return factor, 1


def _grows(term: Any) -> bool:
    """Whether a product holds an exponential, itself or in a sum, and no power of S divides it."""
    if has_quotient(term):
        return False
    bases = [_whole_power(factor)[0] for factor in _factors(term)]
    return any(
        isinstance(base, sp.exp) or (base.is_Add and any(map(_grows, base.args))) for base in bases
    )


_Vector = Mapping[Any, Fraction]
"""An exponent: its rational coefficient by term."""


def _vector(exponent: Any) -> _Vector:
    found: dict[Any, Fraction] = {}
    for term in sp.Add.make_args(exponent):
        coefficient: Any
        coefficient, base = term.as_coeff_Mul()
        if not coefficient.is_Rational:
            coefficient, base = sp.S.One, term
        if coefficient:
            value = Fraction(int(coefficient.p), int(coefficient.q))
            found[base] = found.get(base, Fraction(0)) + value
    return found


def _minus(one: _Vector, other: _Vector, times: Fraction) -> dict[Any, Fraction]:
    result = dict(one)
    for base, value in other.items():
        result[base] = result.get(base, Fraction(0)) - times * value
        if not result[base]:
            del result[base]
    return result


def _shares(sums: Sequence[tuple[_Terms, Any]], exponent: sp.Expr) -> tuple[list[Share], sp.Expr]:
    """The shares, and what is left of the exponent."""
    wanted = _vector(exponent)
    vectors = [[_vector(u) for _, u in terms] for terms, _ in sums]
    known = {base for rows in vectors for row in rows for base in row if base != 1}
    best: tuple[tuple[int, int], list[dict[int, Fraction]]] | None = None
    for choice in itertools.islice(_choices(sums), _MOST_CHOICES):
        left = wanted
        for rows, taken in zip(vectors, choice, strict=True):
            for k, times in taken.items():
                left = _minus(left, rows[k], times)
        size = (len(known & set(left)), len(left))
        if best is None or size < best[0]:
            best = size, choice
            if size == (0, 0):
                break
    assert best is not None
    if best[0][0] and len(sums) == 1:
        [(terms, power)] = sums
        return [_share(terms, exponent / power, power)], sp.S.Zero
    shares: list[Share] = []
    left = exponent
    for (terms, _), taken in zip(sums, best[1], strict=True):
        for k, times in taken.items():
            power = sp.Rational(times.numerator, times.denominator)
            shares.append(_share(terms, terms[k][1], power))
            left -= power * terms[k][1]
    return shares, left


def _choices(
    sums: Sequence[tuple[_Terms, Any]],
) -> Iterator[list[dict[int, Fraction]]]:
    """For each sum how often each of its terms is taken out, which adds up to its power."""
    ways: list[list[dict[int, Fraction]]] = []
    for terms, power in sums:
        whole, part = divmod(Fraction(int(power.p), int(power.q)), 1)
        found: list[dict[int, Fraction]] = []
        units = itertools.combinations_with_replacement(range(len(terms)), int(whole))
        for chosen, last in itertools.product(
            itertools.islice(units, _MOST_CHOICES), range(len(terms)) if part else (0,)
        ):
            taken = {k: Fraction(chosen.count(k)) for k in dict.fromkeys(chosen)}
            if part:
                taken[last] = taken.get(last, Fraction(0)) + part
            found.append(taken)
        ways.append(found)
    return map(list, itertools.product(*ways))


def _share(terms: _Terms, shift: Any, power: Any) -> Share:
    return Share(
        weights=tuple(weight for weight, _ in terms),
        exponents=tuple(u - shift for _, u in terms),
        power=-power,
    )
