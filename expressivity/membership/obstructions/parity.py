"""Parity: without biases the odd or the even part of a network lies in a small space.

docs/theory.md, section 4, B2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import euler_product, parts_lie_in, power_degrees
from expressivity.classes.families import Family
from expressivity.classes.properties import cofactor_spans
from expressivity.classes.terms import products
from expressivity.membership.obstructions.taylor import has_order
from expressivity.symbolic.identities import differs
from expressivity.symbolic.symbols import Z
from expressivity.targets.crossings import crossings
from expressivity.targets.nearby import local_formulas
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Term:
    """Functions that are homogeneous of one degree, and perhaps polynomials."""

    degree: int
    polynomial: bool


Terms = frozenset[Term] | None
"""What a part of every network is a sum of; None for anything."""


def parity_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network without biases is the target, at any width, or None.

    The odd (even) part of a network is the sum of those of its neurons, and the part of a
    neuron at w.x is a combination of the functions that its activations declare as spans:
    s(z) - s(-z) = z for relu, gelu and silu, tanh has no even part. A part of the target that
    lacks the degree, or a polynomial's smoothness, is the part of no network.

    The declared spans are checked for a generic neuron. It does not decide about gates, biases,
    or parts for which no finite span is declared, and it does not count dimensions: a part with
    the right degrees is never excluded.

    >>> from expressivity.targets.builtin import t2
    >>> parity_obstruction(t2(), Family(kind="la", neuron="type1", width=9, dimension=2,
    ...     dictionary=("id", "relu", "gelu", "silu"), bias=False))
    'the odd part of every network is a polynomial with terms of degree 1, that of t2 is not'
    """
    if family.bias:
        return None
    for name, sign, terms in zip(("odd", "even"), (-1, 1), network_terms(family), strict=True):
        if terms is not None and _lacks(part(target, sign), terms):
            listed = ", ".join(map(str, sorted({term.degree for term in terms})))
            space = "a polynomial with terms" if _polynomial(terms) else "a sum of functions"
            claim = f"is {space} of degree {listed}" if terms else "is 0"
            return f"the {name} part of every network {claim}, that of {target.name} is not"
    return None


def part(target: Target, sign: int) -> Target:
    """The even (sign 1) or odd (sign -1) part of a target; its domain is symmetric.

    >>> from expressivity.targets.builtin import t1
    >>> x = sp.Symbol("x", positive=True)
    >>> part(t1(), -1).expression.subs(t1().coordinates[0], x)
    x**2/2 + x/2
    """
    mirrored: Any = target.expression.xreplace({x: -x for x in target.coordinates})
    return replace(target, expression=(target.expression + sign * mirrored) / 2)


def network_terms(family: Family) -> tuple[Terms, Terms]:
    """What the odd and the even part of every network without biases are sums of.

    >>> network_terms(Family(kind="fixed", neuron="one_sided", width=1, dimension=2,
    ...     dictionary=("silu",), bias=False))
    (None, frozenset({Term(degree=2, polynomial=True)}))
    """
    neuron = products(family.record)
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    if family.gate is not None or neuron is None:
        return None, None
    if any(parts_lie_in(a.expression, a.odd_span, a.even_span) is not True for a in activations):
        return None, None
    mixed: tuple[Terms, Terms] = (
        _union(_terms(activation.odd_span) for activation in activations),
        _union(_terms(activation.even_span) for activation in activations),
    )
    found: list[tuple[Terms, Terms]] = []
    for term in neuron:
        odd, even = map(_terms, cofactor_spans(term.cofactor))
        for _ in term.maps:
            odd, even = (
                _union((_times(odd, mixed[1]), _times(even, mixed[0]))),
                _union((_times(odd, mixed[0]), _times(even, mixed[1]))),
            )
        found.append((odd, even))
    return _union(odd for odd, _ in found), _union(even for _, even in found)


def _terms(span: Sequence[sp.Expr] | None) -> Terms:
    """Degrees of functions of ``Z`` that are powers on Z > 0; None if one is not."""
    if span is None:
        return None
    degrees = power_degrees(span)
    if degrees is None:
        return None
    return frozenset(
        Term(degree=degree, polynomial=bool(function.is_polynomial(Z)))
        for degree, function in zip(degrees, span, strict=True)
    )


def _union(parts: Iterable[Terms]) -> Terms:
    found: set[Term] = set()
    for terms in parts:
        if terms is None:
            return None
        found |= terms
    return frozenset(found)


def _times(left: Terms, right: Terms) -> Terms:
    """Products of sums; nothing times anything is nothing."""
    if left == frozenset() or right == frozenset():
        return frozenset()
    if left is None or right is None:
        return None
    return frozenset(
        Term(degree=a.degree + b.degree, polynomial=a.polynomial and b.polynomial)
        for a, b in product(left, right)
    )


def _polynomial(terms: frozenset[Term]) -> bool:
    return all(term.polynomial for term in terms)


def _lacks(target: Target, terms: frozenset[Term]) -> bool:
    """Whether a function is certainly no sum of such terms."""
    degrees = sorted({term.degree for term in terms})
    for formula in local_formulas(target):
        if differs(euler_product(formula, target.coordinates, degrees), sp.S.Zero):
            return True
        highest = max(degrees, default=0)
        if _polynomial(terms) and has_order(formula, target.coordinates, highest + 1):
            return True
    return _polynomial(terms) and any(
        differs(crossing.above, crossing.below) for crossing in crossings(target)
    )
