"""Facts of a class of networks, derived from the neuron's expression and the dictionary's.

What obstructions and bounds ask for. A fact that cannot be derived is None, or False where the
question is whether something is certain; either refuses.

All facts are about one neuron with weights, coefficients and parameters of its own (its terms:
``terms.py``). They hold for every width, every constraint, and every number of groups that share
coefficients.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.amplitudes import amplitude, gates_are
from expressivity.classes.facts import (
    MAX_ORDER,
    differentiability_of,
    is_continuous,
    is_homogeneous,
    is_real_analytic,
    spans_of,
)
from expressivity.classes.families import Family
from expressivity.classes.generic_neuron import neuron_degree, neuron_is_analytic
from expressivity.classes.neurons import FORMS, MAPS, MIXTURES, NEURONS, Neuron
from expressivity.classes.terms import (
    AFFINE,
    degree_in,
    degree_sums,
    formula,
    homogeneous_parts,
    is_analytic_choice,
    is_free,
    products,
    ridge_terms,
)
from expressivity.symbolic.piecewise import all_levels
from expressivity.symbolic.symbols import Z


def is_analytic(family: Family) -> bool:
    """Whether every network is certainly real-analytic.

    >>> is_analytic(Family(neuron="quadratic", kind="la", dictionary="tanh", width=1, dimension=1))
    True
    """
    return (
        gates_are_analytic(family)
        and is_real_analytic(formula(family.record))
        and all(neuron_is_analytic(s) for s in expressions(family))
    )


def differentiability(family: Family) -> int | None:
    """An r for which every network is certainly C^r, at most ``facts.MAX_ORDER``, or None.

    By an analytic neuron or term by term; None where networks are not known to be continuous.

    >>> differentiability(Family(neuron="one_sided", kind="la", dictionary="relu2,gelu", width=1,
    ...     dimension=2))
    1
    """
    if not gates_are_analytic(family):
        return None
    orders = [r for r in range(MAX_ORDER + 1) if is_composed_of(family, _is_smooth(r))]
    return max(orders, default=None)


def _is_smooth(order: int) -> Callable[[sp.Expr], bool]:
    def holds(expression: sp.Expr) -> bool:
        known = differentiability_of(expression)
        return known is not None and known >= order

    return holds


def is_c1(family: Family) -> bool:
    """Whether every network is certainly C^1.

    >>> is_c1(Family(neuron="one_sided", kind="la", dictionary="relu2", width=1, dimension=2))
    True
    """
    order = differentiability(family)
    return order is not None and order >= 1


def piece_degree(family: Family) -> int | None:
    """A degree that no network exceeds where it is a polynomial, as it is piecewise, or None.

    Every open set has an open part on which a network is such a polynomial: there every condition
    holds or fails throughout, since what it compares is real-analytic on some open part.

    >>> piece_degree(Family(neuron="one_sided", kind="fixed", dictionary="relu", width=1,
    ...     dimension=2))
    2
    """
    if family.gate is not None:
        return None
    highest = 0
    for s in expressions(family):
        degree = neuron_degree(s)
        if degree is None:
            return None
        highest = max(highest, degree)
    weights = dict(AFFINE)
    for mixture, maps in zip(MIXTURES, family.record.mixtures, strict=False):
        weights[mixture] = highest * len(maps)
    return degree_in(family.record.expression, weights, is_analytic_choice)


def change_planes(family: Family) -> int | None:
    """Number of hyperplanes off which one neuron is one polynomial on each side, or None.

    Where an activation that changes at 0 looks at a map, that map is 0; other conditions have to
    compare affine functions of the maps. Known only where ``piece_degree`` is.

    >>> [change_planes(Family(neuron=form, kind="la", dictionary="id,relu", width=3, dimension=2))
    ...     for form in FORMS]
    [1, 1, 2, 2]
    """
    if piece_degree(family) is None:
        return None
    own = {level for level in all_levels(formula(family.record)) if level.free_symbols & set(MAPS)}
    for level in own:
        degree = degree_in(level, AFFINE, is_free)
        if level.has(sp.Piecewise) or level.free_symbols & set(MIXTURES):
            return None
        if degree is None or degree > 1:
            return None
    kinked = not all(is_real_analytic(s) for s in expressions(family))
    looks = {seen for maps in family.record.mixtures for seen in maps}
    return len(own) + (len(looks) if kinked else 0)


def is_of_a_plain_form(family: Family) -> bool:
    """Whether the neuron is one of the four of docs/theory.md, which certificates can state.

    >>> is_of_a_plain_form(Family(neuron="maxout2", kind="fixed", width=1, dimension=2))
    False
    """
    return family.neuron in FORMS


def amplitude_degree(family: Family) -> int | None:
    """Degree q of the jump of the gradient along a hyperplane, None where it is not known.

    Off sets of lower dimension every network is continuous across a hyperplane H, and its normal
    derivative jumps by a polynomial of degree at most q along H (docs/theory.md, section 3, L1).
    Never for gates.

    >>> amplitude_degree(Family(neuron="one_sided", kind="la", width=1, dimension=2))
    1
    """
    known = amplitude(family)
    return known.degree if known is not None and known.is_polynomial else None


def kinks_where_a_map_vanishes(family: Family) -> bool:
    """Whether networks without gates are certainly continuous, and C^1 where no map is 0.

    >>> kinks_where_a_map_vanishes(Family(neuron="two_sided", kind="la", width=1, dimension=2))
    True
    """
    return family.gate is None and is_composed_of(family, is_continuous)


def is_composed_of(family: Family, holds: Callable[[sp.Expr], bool | None]) -> bool:
    """Whether a fact of functions of one map passes to the neurons, which are made of such ones.

    Analytic functions of activations of which it is known, or sums of profiles of which it is, each
    times a polynomial.

    >>> family = Family(neuron="type1", kind="la", dictionary="relu", width=1, dimension=2)
    >>> is_composed_of(family, is_continuous), is_composed_of(family, is_real_analytic)
    (True, False)
    """
    if is_real_analytic(formula(family.record)) and all(map(holds, expressions(family))):
        return True
    terms = ridge_terms(family)
    return terms is not None and all(holds(term.profile) for term in terms)


def ridge_rank(family: Family) -> int | None:
    """Of one neuron: 1 for a function of one map, 2 where it is affine in the others, or None.

    In two dimensions such a neuron is G(t) + H(t) y, with t along a map's direction and y across
    (docs/theory.md, section 4, B4). Never for gates, which make it a function of the input.

    >>> [ridge_rank(Family(neuron=form, kind="la", width=3, dimension=2)) for form in FORMS]
    [1, 2, None, None]
    """
    if family.gate is not None:
        return None
    record = family.record
    ranks: list[int] = []
    for place in range(record.maps):
        others = {z: 1 for z in MAPS if z != MAPS[place]}
        degree = degree_in(record.expression, others, is_free)
        looks = {seen for maps in record.mixtures for seen in maps}
        if looks <= {place} and degree is not None and degree <= 1:
            ranks.append(1 + degree)
    return min(ranks, default=None)


def homogeneous_degrees(family: Family) -> tuple[int, ...] | None:
    """Degrees of positively homogeneous functions whose sums the networks without biases are.

    None for gates, and where a term is not seen to be such a sum.

    >>> homogeneous_degrees(Family(neuron="one_sided", kind="la", dictionary="relu,relu2",
    ...     width=1, dimension=1, bias=False))
    (2, 3)
    """
    terms = products(family.record)
    if family.gate is not None or terms is None:
        return None
    known: set[int] = set()
    for name in family.dictionary:
        activation = ACTIVATIONS[name]
        degree = activation.homogeneous_degree
        if degree is None or is_homogeneous(activation.expression, degree) is not True:
            return None
        known.add(degree)
    found: set[int] = set()
    for term in terms:
        own = homogeneous_parts(term.cofactor)
        if own is None:
            return None
        found |= degree_sums([own, *[frozenset(known)] * len(term.maps)])
    return tuple(sorted(found))


Spans = tuple[tuple[sp.Expr, ...] | None, tuple[sp.Expr, ...] | None]
"""Functions of ``Z`` for the odd and for the even part; None for anything."""


@functools.lru_cache(maxsize=256)
def cofactor_spans(cofactor: sp.Expr) -> Spans:
    """What the odd and the even part of a cofactor are sums of, without biases.

    A power Z^k stands for homogeneous polynomials of degree k in x; every other function of ``Z``
    for itself at one map.

    >>> cofactor_spans(1 + MAPS[0] * MAPS[1]), cofactor_spans(sp.Max(MAPS[0], 0))
    (((), (1, z**2)), ((z,), (Abs(z),)))
    """
    degrees = None if degree_in(cofactor, AFFINE, is_free) is None else homogeneous_parts(cofactor)
    if degrees is not None:
        odd, even = (tuple(Z**k for k in sorted(degrees) if k % 2 == r) for r in (1, 0))
        return odd, even
    maps = [z for z in MAPS if z in cofactor.free_symbols]
    return spans_of(cofactor.xreplace({maps[0]: Z})) if len(maps) == 1 else (None, None)


def vanishing_order(neuron: Neuron, *, bias: bool, gates: bool = True) -> int | None:
    """An n for which one neuron is O(|x|^n) at 0, n >= 1, or None.

    The number of factors that vanish there: with ``gates`` a gate for each mixture, and without
    hidden biases the activations' arguments and the maps of the cofactor. Each activation is taken
    for locally Lipschitz, and without biases for 0 at 0. Where gates vanish, the neuron is
    differentiable at 0, too.

    >>> vanishing_order(NEURONS["quadratic"], bias=False)
    3
    >>> vanishing_order(NEURONS["quadratic"], bias=False, gates=False)
    2
    """
    orders: list[int] = []
    for term in products(neuron) or ():
        polynomial = degree_in(term.cofactor, AFFINE, is_free) is not None
        degrees = homogeneous_parts(term.cofactor) if polynomial else None
        if not degrees or (gates and not term.mixtures):
            return None
        own = term.mixtures if gates else 0
        orders.append(own + (0 if bias else len(term.maps) + min(degrees)))
    order = min(orders, default=0)
    return order if order >= 1 else None


def vanishes_with_each_map(neuron: Neuron) -> bool:
    """Whether a neuron is certainly 0 where a map and the mixtures that look at it are 0.

    >>> vanishes_with_each_map(NEURONS["one_sided"])
    True
    """
    for place in range(neuron.maps):
        zeros: Any = {MAPS[place]: sp.S.Zero}
        for mixture, maps in zip(MIXTURES, neuron.mixtures, strict=False):
            if place in maps:
                zeros[mixture] = sp.S.Zero
        if neuron.expression.xreplace(zeros) != 0:
            return False
    return True


def divided_by_a_map(family: Family) -> Family | None:
    """The family of the networks f/x for d = 1 without biases, where a neuron is a map times it.

    >>> divided_by_a_map(Family(neuron="one_sided", kind="la", width=1, dimension=1, bias=False)
    ...     ).neuron
    'type1'
    """
    record = family.record
    if family.bias or family.dimension != 1:
        return None
    looks = {seen for maps in record.mixtures for seen in maps}
    for place in set(range(record.maps)) - looks:
        rest, inner = record.expression.as_independent(MAPS[place], as_Add=False)
        kept = [i for i in range(record.maps) if i != place]
        moved: Any = {MAPS[i]: MAPS[n] for n, i in enumerate(kept)}
        mixtures = tuple(tuple(kept.index(i) for i in maps) for maps in record.mixtures)
        stripped = (len(kept), mixtures, rest.xreplace(moved), record.parameters, record.shared)
        for name in FORMS if inner == MAPS[place] else ():
            other = NEURONS[name]
            if stripped == (
                other.maps, other.mixtures, other.expression, other.parameters, other.shared
            ):  # fmt: skip
                return replace(family, neuron=name)
    return None


def gates_are_analytic(family: Family) -> bool:
    """Whether the gates of a family, if it has any, are certainly real-analytic.

    >>> gates_are_analytic(Family(neuron="type1", kind="moa", gate="softmax", width=1, dimension=1))
    True
    """
    return family.gate is None or gates_are(family, gates.is_analytic)


def gates_are_positive(family: Family) -> bool:
    """Whether a family has gates, and all are certainly positive, the scale apart.

    >>> gates_are_positive(Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=1))
    False
    """
    return gates_are(family, gates.is_positive)


def gates_vanish_at_zero(family: Family) -> bool:
    """Whether a family has gates, and all are certainly 0 where their logits are.

    >>> gates_vanish_at_zero(Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=1))
    True
    """
    return gates_are(family, gates.vanishes_at_zero)


def expressions(family: Family) -> Iterator[sp.Expr]:
    """The activations of a family's dictionary, in ``Z``."""
    return (ACTIVATIONS[name].expression for name in family.dictionary)
