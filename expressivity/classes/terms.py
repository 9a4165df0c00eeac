"""A neuron as a sum of products, and what the structure of an expression shows of its degree.

A neuron is a sum of products: a *cofactor*, a function of the affine maps, times one activation
for each of some maps (:func:`products`). Where it is a sum of functions of one map, each times a
polynomial of the other maps, it is a sum of *profiles* with their cofactors (:func:`ridge_terms`).
Facts of a class (``properties.py``) are read from these. What cannot be derived is None.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, cast

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_real_analytic
from expressivity.classes.families import Family
from expressivity.classes.neurons import MAPS, MIXTURES, Neuron
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import Z

AFFINE: Mapping[sp.Symbol, int] = dict.fromkeys(MAPS, 1)
"""Degree of the maps in x."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """One term of a neuron: a function of the maps times activations of some of them.

    Attributes:
        cofactor: in ``MAPS`` and constants (:func:`formula`).
        maps: for each activation the place of the map that it looks at.
        sides: the mixtures whose coefficient vectors take part, one gate each if there are any.
    """

    cofactor: sp.Expr
    maps: tuple[int, ...]
    sides: tuple[int, ...]

    @property
    def mixtures(self) -> int:
        """Number of coefficient vectors that take part."""
        return len(self.sides)


@dataclass(frozen=True, kw_only=True)
class RidgeTerm:
    """One term of a neuron: a function of one map times a polynomial of the others.

    Attributes:
        profile: the function, in ``Z`` and constants.
        cofactor: the polynomial, in ``MAPS`` and constants.
        degree: of the cofactor in the maps.
    """

    profile: sp.Expr
    cofactor: sp.Expr
    degree: int


@functools.lru_cache(maxsize=256)
def formula(neuron: Neuron) -> sp.Expr:
    """The neuron's expression with a constant for each part that its parameters alone make.

    What holds for all values of the constants holds for all parameters for which the neuron is
    defined. No other symbol has their names.

    >>> from expressivity.classes.neurons import Parameter, parameter_symbol
    >>> p, slope = parameter_symbol("p"), Parameter(name="p", initial=1.0, spread=(1.0, 2.0))
    >>> formula(Neuron(name="n", title="", latex="", maps=1, parameters=(slope,),
    ...     expression=MAPS[0] / p))
    constant 1*z1
    """
    variables = {*MAPS, *MIXTURES}
    constants: dict[Any, sp.Symbol] = {}

    def replaced(node: Any) -> Any:
        if isinstance(node, sp.Expr) and node.free_symbols and not node.free_symbols & variables:
            number, node = node.as_coeff_Mul()  # b and -b are one constant
            if number != 1:
                return number * replaced(node)
            signs = {"positive": True} if node.is_positive else {"nonnegative": True}
            known = signs if node.is_nonnegative else {"real": True}
            name = f"constant {len(constants) + 1}"
            return constants.setdefault(node, sp.Symbol(name, **known))
        return node.func(*map(replaced, node.args)) if node.args else node

    return replaced(neuron.expression)


@functools.lru_cache(maxsize=256)
def products(neuron: Neuron) -> tuple[Product, ...] | None:
    """A neuron as a sum of products, None where it is not seen to be linear in its mixtures.

    A network is a sum of such products for every choice of activations, with coefficients that
    are numbers or gates.

    >>> from expressivity.classes.neurons import NEURONS
    >>> [(term.cofactor, term.maps) for term in products(NEURONS["one_sided"])]
    [(z2, (0,))]
    >>> [(term.cofactor, term.maps) for term in products(NEURONS["quadratic"])]
    [(1, (0, 1))]
    """
    parts: dict[tuple[int, ...], sp.Expr] = {(): formula(neuron)}
    for side, mixture in enumerate(MIXTURES[: len(neuron.mixtures)]):
        split: dict[tuple[int, ...], sp.Expr] = {}
        for sides, part in parts.items():
            found = _linear(part, mixture)
            if found is None:
                return None
            split[sides], split[(*sides, side)] = found
        parts = {sides: part for sides, part in split.items() if part != 0}
    return tuple(
        Product(
            cofactor=part,
            maps=tuple(place for side in sides for place in neuron.mixtures[side]),
            sides=sides,
        )
        for sides, part in parts.items()
    )


def _linear(expression: sp.Expr, symbol: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """The constant part and the slope of an expression that is affine in a symbol."""
    if any(relation.has(symbol) for relation in expression.atoms(Relational)):
        return None
    slope, rest = sp.diff(expression, symbol), expression.subs(symbol, 0)
    if slope.has(symbol) or is_identity(expression, slope * symbol + rest) is not True:
        return None
    return rest, slope


def ridge_terms(family: Family) -> tuple[RidgeTerm, ...] | None:
    """Terms whose combinations, with coefficients that are numbers or gates, are the neurons.

    None where a term is no function of one map times a polynomial of the others.

    >>> family = Family(neuron="one_sided", kind="fixed", dictionary="tanh", width=1, dimension=2)
    >>> [(term.profile, term.cofactor, term.degree) for term in ridge_terms(family)]
    [(tanh(z), z2, 1)]
    """
    return _ridge_terms(
        family.record, tuple(ACTIVATIONS[name].expression for name in family.dictionary)
    )


@functools.lru_cache(maxsize=256)
def _ridge_terms(neuron: Neuron, dictionary: tuple[sp.Expr, ...]) -> tuple[RidgeTerm, ...] | None:
    terms = products(neuron)
    if terms is None:
        return None
    found: list[RidgeTerm] = []
    for term in terms:
        for part in sp.Add.make_args(term.cofactor):
            ways = [_separated(part, place) for place in range(neuron.maps)]
            known = [w for i, w in enumerate(ways) if w is not None and set(term.maps) <= {i}]
            if not known:
                return None
            own = min(known, key=lambda way: way.degree)
            for activations in product(dictionary, repeat=len(term.maps)):
                profile = sp.Mul(own.profile, *activations)
                found.append(replace(own, profile=profile))
    return tuple(found)


def _separated(part: sp.Expr, place: int) -> RidgeTerm | None:
    """A product as a function of one map times a polynomial of the others."""
    here = MAPS[place]
    outer, inner = cast(Any, part).as_independent(here, as_Add=False)
    degree = degree_in(outer, AFFINE, is_free)
    if degree is None or inner.free_symbols & (set(MAPS) - {here}):
        return None
    return RidgeTerm(profile=inner.xreplace({here: Z}), cofactor=outer, degree=degree)


def branches(family: Family) -> tuple[sp.Expr, ...] | None:
    """For neurons of one affine map: functions of ``Z`` whose combinations the neurons are.

    The coefficients are numbers, or gates times numbers.

    >>> branches(Family(neuron="type1", kind="la", dictionary="id,tanh", width=1, dimension=2))
    (z, tanh(z))
    """
    terms = ridge_terms(family)
    if family.record.maps != 1 or terms is None:
        return None
    return tuple(term.profile for term in terms)


Choice = Callable[[Any, Mapping[sp.Symbol, int]], bool]
"""Whether a condition of a Piecewise, beside the degrees of its symbols, is allowed."""


def is_free(condition: Any, degrees: Mapping[sp.Symbol, int]) -> bool:
    """Whether it depends on none of the symbols: a Piecewise is then a choice of constants."""
    return not condition.free_symbols & degrees.keys()


def is_analytic_choice(condition: Any, degrees: Mapping[sp.Symbol, int]) -> bool:
    """Whether it compares real-analytic functions of the symbols."""
    del degrees
    levels = _levels(condition)
    return levels is not None and all(map(is_real_analytic, levels))


def _levels(condition: Any) -> list[sp.Expr] | None:
    """The differences whose signs decide a condition, None where something else takes part."""
    if isinstance(condition, Relational):
        return [cast(Any, condition.lhs) - condition.rhs]
    if not isinstance(condition, BooleanAtom | sp.And | sp.Or | sp.Not | sp.ITE):
        return None
    levels: list[sp.Expr] = []
    for part in condition.args:
        found = _levels(part)
        if found is None:
            return None
        levels += found
    return levels


def degree_in(node: Any, degrees: Mapping[sp.Symbol, int], allowed: Choice) -> int | None:
    """A bound on the degree of a polynomial in symbols with degrees, by its structure, or None.

    What has none of the symbols is a constant. A Piecewise has the highest degree of its pieces.
    """
    if node in degrees:
        return degrees[node]
    if not node.free_symbols & degrees.keys():
        return 0
    if isinstance(node, sp.Piecewise):
        pairs: Any = node.args
        if not all(allowed(condition, degrees) for _, condition in pairs):
            return None
        parts = [degree_in(value, degrees, allowed) for value, _ in pairs]
    elif node.is_Add or node.is_Mul:
        parts = [degree_in(part, degrees, allowed) for part in node.args]
    elif node.is_Pow and node.exp.is_Integer and node.exp.is_nonnegative:
        base = degree_in(node.base, degrees, allowed)
        return None if base is None else int(node.exp) * base
    else:
        return None
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return sum(known) if node.is_Mul else max(known)


def homogeneous_parts(node: Any) -> frozenset[int] | None:
    """Degrees of positively homogeneous functions of the maps with this sum, or None."""
    if node in AFFINE:
        return frozenset({1})
    if not node.free_symbols & AFFINE.keys():
        return frozenset() if node == 0 else frozenset({0})
    if isinstance(node, sp.Piecewise):
        pairs: Any = node.args
        if not all(_scales(condition) for _, condition in pairs):
            return None
        parts = [homogeneous_parts(value) for value, _ in pairs]
    elif node.is_Add or node.is_Mul:
        parts = [homogeneous_parts(part) for part in node.args]
    elif node.is_Pow and node.exp.is_Integer and node.exp.is_positive:
        parts = [homogeneous_parts(node.base)] * int(node.exp)
    else:
        return None
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return degree_sums(known) if node.is_Mul or node.is_Pow else frozenset().union(*known)


def _scales(condition: Any) -> bool:
    """Whether a condition compares functions of one degree: scaling the maps keeps its truth."""
    levels = _levels(condition)
    degrees = None if levels is None else [homogeneous_parts(level) for level in levels]
    return degrees is not None and all(k is not None and len(k) <= 1 for k in degrees)


def degree_sums(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    """All sums of one number from each."""
    found = frozenset({0})
    for numbers in sets:
        found = frozenset(a + b for a in found for b in numbers)
    return found
