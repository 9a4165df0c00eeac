"""Exact reduction of a formula to 0, in rational functions of independent quantities.

A formula becomes a fraction of polynomials over the rationals in *generators*: its symbols, the
roots exp(u/q) of its exponentials, the imaginary unit, roots b^(1/q), and every other function as
it stands. tanh, sin, cos, sinh and cosh are written by exponentials. Each rewriting holds for all
real and complex values, and signs are never assumed: exp(u)^n = exp(n u) and (b^(1/q))^q = b for
integers n and q, whatever exp(u) and b are, and exp(r log b) is what b^r means; Abs, sign and log
stay closed. So a fraction whose numerator is the zero polynomial is 0 wherever the formula is
defined. Other numerators decide nothing: generators may be dependent.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement
from sympy.polys.rings import ring as polynomial_ring

from expressivity.symbolic.budget import Budget, expanded, expanded_terms

_MAX_FACTORED = 10**6  # integers below are taken apart into primes under a root
_I, _ONE = sp.I, sp.S.One

# Each function as a sum of c exp(r u), over a sum of the same kind.
_BY_EXPONENTIALS: Mapping[Any, tuple[Any, Any]] = {
    sp.tanh: (((1, 1), (-1, -1)), ((1, 1), (1, -1))),
    sp.sinh: (((1, 1), (-1, -1)), ((2, 0),)),
    sp.cosh: (((1, 1), (1, -1)), ((2, 0),)),
    sp.sin: (((1, _I), (-1, -_I)), ((2 * _I, 0),)),
    sp.cos: (((1, _I), (1, -_I)), ((2, 0),)),
}

Key = tuple[Any, ...]
"""A generator: ("symbol", s), ("exp", u), ("root", b), ("i",) or ("function", f)."""


def vanishes(formula: sp.Expr, budget: Budget) -> bool:
    """Whether a formula without conditions reduces to 0; False decides nothing.

    Args:
        formula: of real symbols.
        budget: pays for the terms of every product of polynomials.

    Raises:
        OutOfBudgetError: the reduction would take more.

    >>> x = sp.Symbol("x", real=True)
    >>> vanishes(sp.tanh(x) - 1 + 2 / (1 + sp.exp(2 * x)), Budget(1000))
    True
    >>> vanishes(sp.Abs(sp.cos(x)) - sp.cos(x), Budget(1000))
    False
    """
    if formula == 0:
        return True
    reduction = _Reduction(budget=budget)
    try:
        reduction.collect(formula)
        numerator = reduction.fraction(formula).numerator
        return not reduction.reduced(numerator)
    except ZeroDivisionError:  # undefined everywhere
        return False


@dataclass(frozen=True, kw_only=True)
class _Fraction:
    """A polynomial over a product of powers of monic polynomials."""

    numerator: PolyElement
    denominator: Mapping[PolyElement, int]


@dataclass
class _Reduction:
    """The generators of one formula and the arithmetic of fractions in them.

    Attributes:
        roots: by generator, the common denominator q of its exponents: the generator stands for
            exp(u/q) or b^(1/q).
    """

    budget: Budget
    roots: dict[Key, int] = field(default_factory=dict[Key, int])
    _terms: dict[Any, list[tuple[Any, Any]]] = field(default_factory=dict[Any, Any])
    _collected: set[Any] = field(default_factory=set[Any])
    _fractions: dict[Any, _Fraction] = field(default_factory=dict[Any, Any])
    _made: Any = None

    # Generators

    def collect(self, node: Any) -> None:
        """Note the generators that a formula needs, inner ones first."""
        if node.is_Rational or node in self._collected:
            return
        self._collected.add(node)
        if node.is_Add or node.is_Mul:
            for part in node.args:
                self.collect(part)
        elif node == _I:
            self._note(("i",))
        elif node == sp.E or isinstance(node, sp.exp):
            self._collect_exponential(self._argument(node))
        elif type(node) in _BY_EXPONENTIALS:
            for part in _BY_EXPONENTIALS[type(node)]:
                for coefficient, rate in part:
                    self.collect(sp.sympify(coefficient))
                    self._collect_exponential(sp.sympify(rate) * node.args[0])
        elif node.is_Pow and node.exp.is_Rational:
            for base in self._bases(node.base) if not node.exp.is_Integer else (node.base,):
                self.collect(base)
                if not node.exp.is_Integer:
                    self._note(("root", base), int(node.exp.q))
        else:
            self._note(self._closed(node))

    def _collect_exponential(self, argument: Any) -> None:
        for rate, base in self._exponents(argument):
            if isinstance(base, sp.log):
                self.collect(sp.Pow(base.args[0], rate))
            else:
                self._note(("exp", base), int(rate.q))

    def _note(self, key: Key, q: int = 1) -> None:
        self.roots[key] = math.lcm(self.roots.get(key, 1), q)

    def _closed(self, node: Any) -> Key:
        if node.is_Symbol:
            return "symbol", node
        return "function", node.func(*[self._expanded(part) for part in node.args])

    def _argument(self, node: Any) -> Any:
        return node.args[0] if node.args else _ONE

    def _exponents(self, argument: Any) -> list[tuple[Any, Any]]:
        """The terms of an exponent: (rational coefficient, the rest)."""
        if argument not in self._terms:
            terms = sp.Add.make_args(self._expanded(argument))
            self._terms[argument] = [term.as_coeff_Mul(rational=True) for term in terms if term]
        return self._terms[argument]

    def _expanded(self, argument: Any) -> Any:
        self.budget.spend(expanded_terms(argument))
        return expanded(argument)

    @staticmethod
    def _bases(base: Any) -> Iterator[Any]:
        """The numbers whose roots multiply to that of the base: primes, where it is rational."""
        if base.is_Rational and base.is_positive and max(base.p, base.q) < _MAX_FACTORED:
            for number in (base.p, base.q):
                yield from map(sp.Integer, sp.factorint(int(number)))
        else:
            yield base

    # Fractions

    @property
    def _ring(self) -> Any:
        if self._made is None:
            self._made = polynomial_ring([f"g{k}" for k in range(len(self.roots))], QQ)[0]
        return self._made

    def _generator(self, key: Key) -> PolyElement:
        return self._ring.gens[list(self.roots).index(key)]

    def fraction(self, node: Any) -> _Fraction:
        """The fraction of a formula whose generators have been collected."""
        if node not in self._fractions:
            self._fractions[node] = self._made_of(node)
        return self._fractions[node]

    def _made_of(self, node: Any) -> _Fraction:
        if node.is_Rational:
            return self._plain(self._ring(QQ(int(node.p), int(node.q))))
        if node.is_Add:
            return self._sum([self.fraction(part) for part in node.args])
        if node.is_Mul:
            return self._product([self.fraction(part) for part in node.args])
        if node == _I:
            return self._plain(self._generator(("i",)))
        if node == sp.E or isinstance(node, sp.exp):
            return self._exponential(self._argument(node))
        if type(node) in _BY_EXPONENTIALS:
            top, bottom = (
                self._sum([
                    self._product([
                        self.fraction(sp.sympify(coefficient)),
                        self._exponential(sp.sympify(rate) * node.args[0]),
                    ])
                    for coefficient, rate in part
                ])
                for part in _BY_EXPONENTIALS[type(node)]
            )  # fmt: skip
            return self._product([top, self._power(bottom, -1)])
        if node.is_Pow and node.exp.is_Integer:
            return self._power(self.fraction(node.base), int(node.exp))
        if node.is_Pow and node.exp.is_Rational:
            return self._product([self._root(base, node) for base in self._bases(node.base)])
        return self._plain(self._generator(self._closed(node)))

    def _root(self, base: Any, node: Any) -> _Fraction:
        key: Key = ("root", base)
        exponent = node.exp * self.roots[key]
        if base != node.base:  # a prime of a rational number, as often as it divides it
            exponent *= sp.multiplicity(base, node.base)
        return self._power(self._plain(self._generator(key)), int(exponent))

    def _exponential(self, argument: Any) -> _Fraction:
        factors: list[_Fraction] = []
        for rate, base in self._exponents(argument):
            if isinstance(base, sp.log):  # exp(r log b) is what b^r means
                factors.append(self.fraction(sp.Pow(base.args[0], rate)))
            else:
                key: Key = ("exp", base)
                generator = self._plain(self._generator(key))
                factors.append(self._power(generator, int(rate * self.roots[key])))
        return self._product(factors)

    def _plain(self, numerator: PolyElement) -> _Fraction:
        return _Fraction(numerator=numerator, denominator={})

    def _power(self, base: _Fraction, exponent: int) -> _Fraction:
        if exponent < 0:
            base, exponent = self._inverse(base), -exponent
        numerator = self._raised(base.numerator, exponent)
        return _Fraction(
            numerator=numerator, denominator={p: e * exponent for p, e in base.denominator.items()}
        )

    def _inverse(self, fraction: _Fraction) -> _Fraction:
        if not fraction.numerator:
            raise ZeroDivisionError
        numerator = self._multiplied(fraction.denominator)
        lead = fraction.numerator.LC
        monic = fraction.numerator.quo_ground(lead)
        denominator = {} if monic == 1 else {monic: 1}
        return _Fraction(numerator=numerator.quo_ground(lead), denominator=denominator)

    def _product(self, factors: list[_Fraction]) -> _Fraction:
        numerator, denominator = self._ring(1), dict[PolyElement, int]()
        for factor in factors:
            numerator = self._times(numerator, factor.numerator)
            for poly, e in factor.denominator.items():
                denominator[poly] = denominator.get(poly, 0) + e
        return self._cancelled(numerator, denominator)

    def _cancelled(self, numerator: PolyElement, denominator: dict[PolyElement, int]) -> _Fraction:
        """Common powers of single generators taken out: exp(u) exp(-u) = 1."""
        for generator in [p for p in denominator if p.is_generator]:
            place = generator.LM.index(1)
            common = min(denominator[generator], min((m[place] for m in numerator), default=0))
            if common:
                numerator = numerator.quo_term((tuple(common * e for e in generator.LM), QQ(1)))
                denominator[generator] -= common
        return _Fraction(
            numerator=numerator, denominator={p: e for p, e in denominator.items() if e}
        )

    def _sum(self, terms: list[_Fraction]) -> _Fraction:
        common: dict[PolyElement, int] = {}
        for term in terms:
            for poly, e in term.denominator.items():
                common[poly] = max(common.get(poly, 0), e)
        total = self._ring(0)
        for term in terms:
            missing = {p: e - term.denominator.get(p, 0) for p, e in common.items()}
            total = total + self._times(term.numerator, self._multiplied(missing))
        return _Fraction(numerator=total, denominator=common)

    def _multiplied(self, powers: Mapping[PolyElement, int]) -> PolyElement:
        total = self._ring(1)
        for poly, e in powers.items():
            total = self._times(total, self._raised(poly, e))
        return total

    def _raised(self, base: PolyElement, exponent: int) -> PolyElement:
        if len(base) == 1:
            return base**exponent
        total = self._ring(1)
        for _ in range(exponent):
            total = self._times(total, base)
        return total

    def _times(self, left: PolyElement, right: PolyElement) -> PolyElement:
        self.budget.spend(len(left) * len(right) + 1)
        return left * right

    # Relations

    def reduced(self, poly: PolyElement) -> PolyElement:
        """The numerator with i^2 = -1 and every power of a root below its degree."""
        for place, (key, q) in reversed(list(enumerate(self.roots.items()))):
            if key[0] == "root":
                poly = self._by_relation(poly, place, q, self.fraction(key[1]))
            elif key[0] == "i":
                poly = self._by_relation(poly, place, 2, self._plain(self._ring(-1)))
        return poly

    def _by_relation(
        self, poly: PolyElement, place: int, degree: int, value: _Fraction
    ) -> PolyElement:
        """g^degree replaced by its value, times a power of the value's denominator."""
        highest = max((m[place] for m in poly), default=0) // degree
        if not highest:
            return poly
        bottom = self._multiplied(value.denominator)
        total = self._ring(0)
        for whole in range(highest + 1):
            part = self._ring.from_dict({
                (*m[:place], m[place] - whole * degree, *m[place + 1 :]): c
                for m, c in poly.items()
                if m[place] // degree == whole
            })  # fmt: skip
            factor = self._times(
                self._raised(value.numerator, whole), self._raised(bottom, highest - whole)
            )
            total = total + self._times(part, factor)
        return total
