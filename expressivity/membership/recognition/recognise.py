"""The search for a witness: candidates, and the first that ``same_function`` confirms."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.simple_parameters import Setting
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.recognition.formula import realise
from expressivity.membership.recognition.grouped import own_coefficients
from expressivity.membership.recognition.mixtures import mixtures, own_mixtures
from expressivity.membership.recognition.network import Recognition, joined, one_group
from expressivity.membership.recognition.normal_form import (
    MAX_BOTTOMS,
    MAX_TERMS,
    Ring,
    UnrecognisedError,
)
from expressivity.membership.recognition.pieces import flattened
from expressivity.membership.recognition.plain import MAX_ROUNDED, has_normal_form, networks
from expressivity.membership.recognition.search import CANDIDATE, Search
from expressivity.membership.recognition.ungated import formulas
from expressivity.membership.recognition.verification import same_function
from expressivity.membership.shapes import shape_of
from expressivity.symbolic.budget import Budget, OutOfBudgetError, expanded, tree_size
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES

_T = TypeVar("_T")

STEPS = 4_000_000
_MAX_TRIALS = 12
_MAX_NODES = 8000
_MAX_SUMMANDS = 8
_MAX_WAVY = 60
_MAX_DENOMINATOR = 10_000
"""Above it trigsimp is not asked: from exp(p/q) it makes polynomials of degree p in exp(1/q)."""
_MAX_DOUBLED = 4
"""Powers of 2 in multiples: sympy halves them, and what sin(2**k*x) becomes is of size 4**k."""
LIMITS = {
    "expression": _MAX_NODES,
    "trials": _MAX_TRIALS,
    "summands": _MAX_SUMMANDS,
    "waves": _MAX_WAVY,
    "denominators": _MAX_DENOMINATOR,
    "doubled": _MAX_DOUBLED,
    "polynomial": MAX_TERMS,
    "quotients": MAX_BOTTOMS,
    "rounded": MAX_ROUNDED,
}
"""What recognition does not go beyond, beside its budget."""


def recognise(
    expression: sp.Expr, family: Family, *, width: int | None = None, steps: int = STEPS
) -> Recognition | None:
    """A network of the family that equals the expression, verified, or None where none is found.

    Args:
        expression: in the coordinates of the family's dimension.
        family: its width does not matter.
        width: the exact width of the answer, which the groups divide (neurons not needed get
            a_j = 0); the least that the neurons found need where it is None.
        steps: the search's budget: terms of products, entries of linear systems, candidates.

    >>> from expressivity.targets.builtin import t4
    >>> family = Family(kind="la", neuron="two_sided", width=1, dimension=2)
    >>> recognise(t4().expression, family).family.width
    1
    """
    if family.outputs != 1 or tree_size(expression) > _MAX_NODES:
        return None
    if expression.free_symbols - set(COORDINATES[: family.dimension]):
        return None
    for search in (_by_normal_forms, _by_values):
        try:
            found = search(expression, family, width, steps)
        except (UnrecognisedError, OutOfBudgetError):
            continue
        if found is not None:
            return found
    return None


def recognise_at(
    expression: sp.Expr, family: Family, setting: Setting, *, steps: int = STEPS
) -> Recognition | None:
    """The same for a layer that mixes nothing and shares its parameters, which are given.

    >>> from expressivity.symbolic.symbols import COORDINATES
    >>> pau = Family(kind="fixed", neuron="pau", width=1, dimension=1)
    >>> square = tuple(sp.Integer(k == 2) for k in range(10))
    >>> recognise_at(3 * COORDINATES[0] ** 2, pau, square).family.width
    1
    """
    budget = Budget(steps)
    try:
        found = networks(expression, family, None, budget, setting)
        return _first(found, expression, budget)
    except OutOfBudgetError:
        return None


def _by_normal_forms(
    expression: sp.Expr, family: Family, width: int | None, steps: int
) -> Recognition | None:
    if shape_of(family.record) is None:
        return None
    try:
        found = _one_vector(expression, family, width, Budget(steps))
    except (UnrecognisedError, OutOfBudgetError):  # its summands may be known
        found = None
    if found is None and family.groups != 1:
        found = _one_each(expression, family, width, steps)
    return found


def _by_values(
    expression: sp.Expr, family: Family, width: int | None, steps: int
) -> Recognition | None:
    """Networks without coefficients, where the search by normal forms does not know the neuron."""
    if family.mixes or (shape_of(family.record) and all(map(has_normal_form, family.dictionary))):
        return None
    budget = Budget(steps)
    return _first(networks(expression, family, width, budget), expression, budget)


def _one_vector(
    expression: sp.Expr, family: Family, width: int | None, budget: Budget
) -> Recognition | None:
    """A network all of whose groups have the same coefficients."""
    ring = Ring(COORDINATES[: family.dimension], budget)
    search = Search(expression=_readable_form(ring, expression), ring=ring, budget=budget)
    if not ring.parse(search.expression):
        nothing = is_identity(expression, sp.S.Zero) is True
        return joined([_silent(family)], family, width) if nothing else None
    admitted = (joined([found], family, width) for found in _candidates(search, one_group(family)))
    return _first((found for found in admitted if found is not None), expression, budget)


def _readable_form(ring: Ring, expression: sp.Expr) -> sp.Expr:
    """The expression, or a sum over affine conditions that it may be."""
    try:
        ring.parse(expression)
    except UnrecognisedError:
        flat = flattened(
            sp.trigsimp(expression) if _is_wavy(expression) else expression, ring.symbols
        )
        return expression if flat is None else flat
    return expression


def _is_wavy(expression: sp.Expr) -> bool:
    """Whether it holds sines and cosines, which no neuron here has: they may cancel."""
    waves = expression.atoms(sp.sin, sp.cos)
    if not waves or tree_size(expression) > _MAX_WAVY:
        return False
    numbers = {int(n.p) for wave in waves for n in wave.atoms(sp.Rational)}
    denominators = {int(n.q) for n in expression.atoms(sp.Rational)}
    doubled = all(n & -n <= _MAX_DOUBLED for n in numbers)
    return doubled and all(q <= _MAX_DENOMINATOR for q in denominators)


def _one_each(
    expression: sp.Expr, family: Family, width: int | None, steps: int
) -> Recognition | None:
    """A network whose groups have coefficients of their own."""
    budget = Budget(steps)
    search = Search(
        expression=expression, ring=Ring(COORDINATES[: family.dimension], budget), budget=budget
    )
    alone = one_group(family)
    own = own_mixtures if alone.gate is not None else own_coefficients

    def at_once() -> Recognition | None:
        parts = _readable(own(search, alone))
        return _first(_sums(parts, family, width), expression, budget)

    def by_summands() -> Recognition | None:
        for parts in _summands(expression, family, steps):
            networks = [network_expression(part.family, part.weights) for part in parts]
            found = _first(_sums(iter([parts]), family, width), sp.Add(*networks), budget)
            if found is not None:
                return found
        return None

    for search_for in (by_summands, at_once) if family.gate is not None else (at_once, by_summands):
        try:
            found = search_for()
        except OutOfBudgetError:
            continue
        if found is not None:
            return found
    return None


def _sums(
    parts: Iterator[list[Recognition]], family: Family, width: int | None
) -> Iterator[Recognition]:
    for found in parts:
        network = joined(found, family, width)
        if network is not None:
            yield network


def _summands(expression: sp.Expr, family: Family, steps: int) -> Iterator[list[Recognition]]:
    """A network for every summand, as the expression stands and multiplied out; then fewer.

    Each is the summand, verified, so that their sum is the expression. A summand joins an earlier
    group where one network is the sum of both.
    """
    alone = one_group(family)

    def part(summand: sp.Expr, count: int) -> Recognition | None:
        try:
            return _one_vector(summand, alone, None, Budget(steps // count))
        except (UnrecognisedError, OutOfBudgetError):
            return None

    for form in (lambda: expression, lambda: expanded(expression)):
        summands = sp.Add.make_args(form())
        if not 1 < len(summands) <= _MAX_SUMMANDS:
            continue
        found = [part(summand, len(summands)) for summand in summands]
        known = [network for network in found if network is not None]
        if len(known) < len(found):
            continue
        yield known
        groups: list[tuple[sp.Expr, Recognition]] = []
        for summand, network in zip(summands, known, strict=True):
            for place, (others, _) in enumerate(groups):
                both = part(others + summand, len(summands))
                if both is not None:
                    groups[place] = (others + summand, both)
                    break
            else:
                groups.append((summand, network))
        yield [network for _, network in groups]


def _first(
    candidates: Iterator[Recognition], expression: sp.Expr, budget: Budget
) -> Recognition | None:
    """The first candidate that is the function."""
    for found in islice(candidates, _MAX_TRIALS):
        budget.spend(CANDIDATE)
        network = network_expression(found.family, found.weights)
        if same_function(network, expression, COORDINATES[: found.family.dimension]):
            return found
    return None


def _candidates(search: Search, family: Family) -> Iterator[Recognition]:
    for formula in _readable(formulas(search, family)):
        sized = replace(family, width=len(formula.neurons))
        weights = realise(formula, sized)
        if weights is not None:
            yield Recognition(family=sized, weights=weights)
    if family.gate is not None:
        yield from _readable(mixtures(search, family))


def _readable(found: Iterator[_T]) -> Iterator[_T]:
    """What comes before an expression that has no normal form."""
    try:
        yield from found
    except UnrecognisedError:
        return


def _silent(family: Family) -> Recognition:
    """One neuron with a = 0, everything else 0 or, where a switch holds it, 1."""
    one = one_group(family)
    blocks = {
        name: sp.zeros(*shape) if len(shape) == 2 else sp.zeros(shape[0], 1)
        for name, shape in one.shapes.items()
    }
    for name in blocks:
        if name.startswith("scale") and one.frozen(name) is not None:
            held = one.dictionary if one.gate is None else one.basis
            hot = [sp.Integer(k in held) for k in one.basis]
            blocks[name] = sp.Matrix(hot * (one.coefficients // len(hot)))
    weights = Weights(blocks={name: sp.ImmutableMatrix(b) for name, b in blocks.items()})
    return Recognition(family=one, weights=weights)
