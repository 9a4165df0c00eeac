"""A normal form for sums of products of activations and gates at affine arguments.

Expressions become polynomials over the rationals in *generators*: the coordinates, steps
[l > 0], erf(z/sqrt(2)), exponentials exp(h), and the shares exp(h_i)/sum_k exp(h_k), of which tanh,
the logistic function and SiLU are affine functions: tanh(u) = 2 share(2u) - 1.

What equality of normal forms means (``verification`` rests on it): every rewriting is an identity
at all points off finitely many hyperplanes, those where a step changes. Denominators are sums of
exponentials with positive coefficients, so nothing is divided by 0; a step is its own square; the
shares of one denominator add up to 1; anything else is refused, and so are floats, non-finite
constants and foreign symbols. Two expressions with one normal form are therefore equal off these
hyperplanes. Unequal normal forms decide nothing: generators may be dependent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sympy as sp
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.polys.domains import QQ

from expressivity.membership.recognition.terms import (
    Affine,
    Poly,
    Powers,
    accumulate,
    difference,
    is_real_algebraic,
    line_of,
    negative,
    one_logarithm,
    order,
    oriented,
    sum_of,
    times_number,
)
from expressivity.symbolic.budget import Budget, expanded

_Raw = dict[tuple[Affine, Powers], Any]

MAX_TERMS = 4000
MAX_BOTTOMS = 64  # more have at least 2**64 matches
_STEPS = 2_000_000  # terms of all products
_MATCH = 100  # steps of trying one logit for one denominator
_ROOT = sp.sqrt(2)


class UnrecognisedError(Exception):
    """An expression outside the normal form."""


@dataclass(frozen=True)
class Generator:
    """One generator.

    Attributes:
        sort: ``x``, ``step``, ``erf``, ``exp``, ``share`` or ``constant``.
        data: the axis; the argument, up to sign (step: up to scale; exp: as it is); the tuple of
            logits, the first of them 0; or a number.
        index: for ``share``, which logit, at least 1.
    """

    sort: str
    data: Any
    index: int = 0


@dataclass
class Ring:
    """The generators met so far, and the arithmetic of polynomials in them.

    >>> x = sp.Symbol("x1", real=True)
    >>> ring = Ring((x,))
    >>> ring.parse(x * sp.tanh(x)) == ring.parse(2 * x / (1 + sp.exp(-2 * x)) - x)
    True
    """

    symbols: tuple[sp.Symbol, ...]
    budget: Budget = field(default_factory=lambda: Budget(_STEPS))
    generators: list[Generator] = field(default_factory=list[Generator])
    _known: dict[Generator, int] = field(default_factory=dict[Generator, int])
    _parsed: dict[sp.Expr, Poly] = field(default_factory=dict[sp.Expr, Poly])

    def parse(self, expression: sp.Expr) -> Poly:
        """The normal form.

        Raises:
            UnrecognisedError: other functions, arguments that are not affine, or too many terms.
            OutOfBudgetError: the ring's budget is used up.
        """
        if expression not in self._parsed:
            self._parsed[expression] = self._resolve(self._walk(expression))
        return self._parsed[expression]

    def factors(self, expression: sp.Expr) -> list[Poly]:
        """Normal forms with the expression as their product, one for each share.

        Raises:
            UnrecognisedError: as :meth:`parse`.
        """
        raw = self._walk(expression)
        if len(raw) != 1:
            return [self.parse(expression)]
        (((h, powers), c),) = raw.items()
        bottoms, kept = self._split(powers)
        chosen, surplus = self._matched(h, bottoms)
        found = [{kept: c}, self._exponential(surplus)]
        found += [self.share(b.data, i) for b, i in zip(bottoms, chosen, strict=True)]
        return [poly for poly in found if poly != {(): QQ(1)}]

    def index(self, generator: Generator) -> int:
        """Position of a generator, added where it is new."""
        if generator not in self._known:
            self._known[generator] = len(self.generators)
            self.generators.append(generator)
        return self._known[generator]

    def used(self, poly: Poly) -> list[Generator]:
        """Generators that occur in a polynomial."""
        return [self.generators[i] for i in sorted({i for powers in poly for i, _ in powers})]

    def times(self, left: Poly, right: Poly) -> Poly:
        """The product; steps are idempotent."""
        self._pay(left, right)
        product: Poly = {}
        for p, c in left.items():
            for q, e in right.items():
                accumulate(product, self._merge(p, q), c * e)
        return product

    def affine(self, z: Affine) -> Poly:
        """An affine function as a polynomial."""
        return self._plain(self._affine_raw(z))

    # Parsing

    def _walk(self, node: Any) -> _Raw:
        zero = self._zero
        if node.is_Rational:
            return {(zero, ()): QQ(int(node.p), int(node.q))} if node else {}
        if node in self.symbols:
            return self._generator(Generator("x", self.symbols.index(node)))
        if node.is_Add:
            total: _Raw = {}
            for part in node.args:
                for key, c in self._walk(part).items():
                    accumulate(total, key, c)
            return total
        if node.is_Mul:
            product: _Raw = {(zero, ()): QQ(1)}
            for part in node.args:
                product = self._multiply(product, self._walk(part))
            return product
        if node == sp.E or isinstance(node, sp.exp):
            logit = self._affine(node.args[0] if node.args else sp.S.One)
            return {(logit, ()): QQ(1)}
        if node.is_Pow and node.exp.is_Integer:
            base = self._walk(node.base)
            base = base if node.exp.is_positive else self._reciprocal(base)
            power: _Raw = {(zero, ()): QQ(1)}
            for _ in range(abs(int(node.exp))):
                power = self._multiply(power, base)
            return power
        if node.is_number and node.is_finite and not node.has(sp.Piecewise, sp.Float):
            return self._generator(Generator("constant", node))
        return self._function(node)

    def _function(self, node: Any) -> _Raw:
        zero = self._zero
        if isinstance(node, sp.tanh):
            logits = (zero, tuple(sp.expand(2 * c) for c in self._affine(node.args[0])))
            top: _Raw = {}
            bottom: _Raw = {}
            for h, c in zip(logits, (-1, 1), strict=True):  # the two may be one logit: tanh(0)
                accumulate(top, (h, ()), QQ(c))
                accumulate(bottom, (h, ()), QQ(1))
            return self._multiply(top, self._reciprocal(bottom))
        if isinstance(node, sp.erf):
            z = self._affine(node.args[0] * _ROOT)
            sign, z = oriented(z)
            return times_number(self._generator(Generator("erf", z)), sign)
        if isinstance(node, sp.Abs):
            z = self._affine(node.args[0])
            sign = times_number(self._step(z), 2)
            accumulate(sign, (zero, ()), QQ(-1))
            return self._multiply(sign, self._affine_raw(z))
        if isinstance(node, sp.Piecewise):
            pairs: list[Any] = list(node.args)
            return self._cases([(pair.args[0], pair.args[1]) for pair in pairs])
        raise UnrecognisedError

    def _cases(self, pairs: Sequence[tuple[Any, Any]]) -> _Raw:
        value, condition = pairs[0]
        level: Any
        if condition == sp.true:
            return self._walk(value)
        if len(pairs) == 1:
            raise UnrecognisedError
        if isinstance(condition, StrictGreaterThan | GreaterThan):
            level = cast(Any, condition).lhs - cast(Any, condition).rhs
        elif isinstance(condition, StrictLessThan | LessThan):
            level = cast(Any, condition).rhs - cast(Any, condition).lhs
        else:
            raise UnrecognisedError
        step, rest = self._step(self._affine(level)), self._cases(pairs[1:])
        total = dict(rest)
        change = dict(self._walk(value))
        for key, c in rest.items():
            accumulate(change, key, -c)
        for key, c in self._multiply(step, change).items():
            accumulate(total, key, c)
        return total

    def _step(self, z: Affine) -> _Raw:
        sign, line = line_of(z)
        if line is None:
            raise UnrecognisedError
        step = self._generator(Generator("step", line))
        if sign > 0:
            return step
        return {(self._zero, ()): QQ(1), **times_number(step, -1)}

    def _affine(self, expression: Any) -> Affine:
        slopes: dict[Any, sp.Expr] = {}
        constant: Any = sp.S.Zero
        for term in sp.Add.make_args(expanded(expression)):
            c, rest = term.as_independent(*self.symbols, as_Add=False)
            if rest in self.symbols and is_real_algebraic(c):
                slopes[rest] = slopes.get(rest, sp.S.Zero) + c
            elif term.is_number and term.is_real:
                constant += term
            else:
                raise UnrecognisedError
        return (*(slopes.get(s, sp.S.Zero) for s in self.symbols), constant)

    def _affine_raw(self, z: Affine) -> _Raw:
        total: _Raw = {}
        for axis, slope in enumerate(z[:-1]):
            if slope:
                x = self._generator(Generator("x", axis))
                total.update(self._multiply(self._walk(slope), x))
        if z[-1]:
            for key, c in self._walk(z[-1]).items():
                accumulate(total, key, c)
        return total

    def _reciprocal(self, base: _Raw) -> _Raw:
        if len(base) == 1:
            (((h, powers), c),) = base.items()
            if not powers:
                return {(negative(h), ()): 1 / c}
        logits: list[Affine] = []
        for (h, powers), c in base.items():
            parts = [self.generators[i] for i, e in powers for _ in range(e)]
            if any(part.sort != "constant" for part in parts):
                raise UnrecognisedError
            value = sp.Mul(QQ.to_sympy(c), *[part.data for part in parts])
            if not value.is_positive:
                raise UnrecognisedError  # a sum that might vanish
            logits.append((*h[:-1], sp.expand(h[-1] + sp.log(value))))
        if not logits:
            raise UnrecognisedError
        first, *others = sorted(logits, key=order)
        shifted = (self._zero, *(one_logarithm(difference(h, first)) for h in others))
        place = self.index(Generator("denominator", shifted))
        return {(negative(first), ((place, 1),)): QQ(1)}

    # Quotients of exponentials

    def _resolve(self, raw: _Raw) -> Poly:
        total: Poly = {}
        for (h, powers), c in raw.items():
            bottoms, kept = self._split(powers)
            if len(bottoms) > MAX_BOTTOMS:
                raise UnrecognisedError
            term: Poly = {kept: c}
            chosen, surplus = self._matched(h, bottoms)
            for bottom, index in zip(bottoms, chosen, strict=True):
                term = self.times(term, self.share(bottom.data, index))
            if any(surplus):
                term = self.times(term, self._exponential(surplus))
            for key, value in term.items():
                accumulate(total, key, value)
        if len(total) > MAX_TERMS:
            raise UnrecognisedError
        return total

    def _split(self, powers: Powers) -> tuple[list[Generator], Powers]:
        """The denominators, each as often as its exponent says, and the other powers."""
        sorts = [self.generators[i].sort for i, _ in powers]
        bottoms = [
            self.generators[i]
            for (i, e), sort in zip(powers, sorts, strict=True)
            if sort == "denominator"
            for _ in range(e)
        ]
        kept = tuple(p for p, sort in zip(powers, sorts, strict=True) if sort != "denominator")
        return bottoms, kept

    def share(self, logits: tuple[Affine, ...], index: int) -> Poly:
        """exp(h_index)/sum_k exp(h_k), with the share of the first logit eliminated."""
        places = [self.index(Generator("share", logits, i)) for i in range(1, len(logits))]
        if index:
            return {((places[index - 1], 1),): QQ(1)}
        return {(): QQ(1), **{((place, 1),): QQ(-1) for place in places}}

    def _matched(self, h: Affine, bottoms: list[Generator]) -> tuple[list[int], Affine]:
        """A logit for each denominator, and what remains of h: a constant if it can be."""

        def excess(match: tuple[list[int], Affine]) -> tuple[bool, bool, list[int]]:
            return any(match[1][:-1]), match[1][-1] != 0, match[0]

        return min(self._matches(h, bottoms), key=excess)

    def _matches(self, h: Affine, bottoms: list[Generator]) -> Iterator[tuple[list[int], Affine]]:
        if not bottoms:
            yield [], tuple(sp.expand(c) for c in h)
            return
        for index, logit in enumerate(bottoms[0].data):
            self.budget.spend(_MATCH)
            for rest, surplus in self._matches(difference(h, logit), bottoms[1:]):
                yield [index, *rest], surplus

    def _exponential(self, h: Affine) -> Poly:
        if any(h[:-1]):
            return self._plain(self._generator(Generator("exp", h)))
        number: Any = sp.exp(h[-1])
        if number.is_Rational:
            return self._plain(self._walk(number))
        return self._plain(self._generator(Generator("constant", number)))

    # Arithmetic

    @property
    def _zero(self) -> Affine:
        return (sp.S.Zero,) * (len(self.symbols) + 1)

    def _generator(self, generator: Generator) -> _Raw:
        return {(self._zero, ((self.index(generator), 1),)): QQ(1)}

    def _plain(self, raw: _Raw) -> Poly:
        return {powers: c for (_, powers), c in raw.items()}

    def _multiply(self, left: _Raw, right: _Raw) -> _Raw:
        self._pay(left, right)
        product: _Raw = {}
        for (h, p), c in left.items():
            for (k, q), e in right.items():
                accumulate(product, (sum_of(h, k), self._merge(p, q)), c * e)
        return product

    def _pay(self, left: Mapping[Any, Any], right: Mapping[Any, Any]) -> None:
        terms = len(left) * len(right)
        if terms > MAX_TERMS:
            raise UnrecognisedError
        self.budget.spend(terms + 1)

    def _merge(self, left: Powers, right: Powers) -> Powers:
        if not left or not right:
            return left or right
        powers = dict(left)
        for index, exponent in right:
            step = self.generators[index].sort == "step"
            powers[index] = 1 if step else powers.get(index, 0) + exponent
        return tuple(sorted(powers.items()))
