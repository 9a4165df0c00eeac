"""The search for a witness: candidates, and the first that ``same_function`` confirms."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import sympy as sp

from expressivity.classes.families import Family, Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.recognition.formula import realise
from expressivity.membership.recognition.mixtures import mixtures
from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.search import Search
from expressivity.membership.recognition.ungated import formulas
from expressivity.membership.recognition.verification import same_function
from expressivity.symbolic.budget import Budget, OutOfBudgetError, tree_size
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES

_T = TypeVar("_T")

STEPS = 4_000_000
_MAX_TRIALS = 12
_MAX_NODES = 8000


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """A family of a definite width and weights in it whose function is the expression."""

    family: Family
    weights: Weights


def recognise(
    expression: sp.Expr, family: Family, *, width: int | None = None, steps: int = STEPS
) -> Recognition | None:
    """A network of the family that equals the expression, verified, or None where none is found.

    Args:
        expression: in the coordinates of the family's dimension.
        family: its width does not matter.
        width: the exact width of the answer (neurons not needed get a_j = 0); the number of
            neurons found where it is None.
        steps: the search's budget: terms of products, entries of linear systems, candidates.


    >>> from expressivity.targets.builtin import t4
    >>> family = Family(kind=Kind.LA, neuron="two_sided", width=1, dimension=2)
    >>> recognise(t4().expression, family).family.width
    1
    """
    if family.outputs != 1 or tree_size(expression) > _MAX_NODES:
        return None
    budget = Budget(steps)
    ring = Ring(COORDINATES[: family.dimension], budget)
    search = Search(expression=expression, ring=ring, budget=budget)
    try:
        wanted = ring.parse(expression)
        if not wanted:
            return (
                padded(_silent(family), width)
                if is_identity(expression, sp.S.Zero) is True
                else None
            )
        for found in islice(_candidates(search, family, width), _MAX_TRIALS):
            search.check()
            network = network_expression(found.family, found.weights)
            if same_function(network, expression, ring.symbols):
                return found
    except (UnrecognisedError, OutOfBudgetError):
        return None
    return None


def _candidates(search: Search, family: Family, width: int | None) -> Iterator[Recognition]:
    for formula in _readable(formulas(search, family)):
        sized = replace(family, width=len(formula.neurons) if width is None else width)
        weights = realise(formula, sized)
        if weights is not None:
            yield Recognition(family=sized, weights=weights)
    if family.kind is Kind.MOA:
        for weights in _readable(mixtures(search, family)):
            sized = replace(family, width=1)
            yield padded(Recognition(family=sized, weights=weights), width)


def _readable(found: Iterator[_T]) -> Iterator[_T]:
    """What comes before an expression that has no normal form."""
    try:
        yield from found
    except UnrecognisedError:
        return


def _silent(family: Family) -> Recognition:
    """One neuron with a = 0, everything else 0 or, where a switch holds it, 1."""
    one = replace(family, width=1)
    blocks = {
        name: sp.zeros(*shape) if len(shape) == 2 else sp.zeros(shape[0], 1)
        for name, shape in one.shapes.items()
    }
    for name in blocks:
        if name.startswith("scale") and one.frozen(name) is not None:
            held = one.basis if one.kind is Kind.MOA else one.dictionary
            hot = [sp.Integer(k in held) for k in one.basis]
            blocks[name] = sp.Matrix(hot * (one.coefficients // len(hot)))
    weights = Weights(blocks={name: sp.ImmutableMatrix(b) for name, b in blocks.items()})
    return Recognition(family=one, weights=weights)


def padded(found: Recognition, width: int | None) -> Recognition:
    """The same network with more neurons, all of them with a_j = 0."""
    more = 0 if width is None else width - found.family.width
    if more <= 0:
        return found
    blocks = dict(found.weights.blocks)
    for name in ("w", "v"):
        if name in blocks:
            empty = sp.zeros(more, blocks[name].cols)
            blocks[name] = sp.ImmutableMatrix(sp.Matrix(blocks[name]).col_join(empty))
    blocks["a"] = sp.ImmutableMatrix(sp.Matrix(blocks["a"]).row_join(sp.zeros(1, more)))
    grown = replace(found.family, width=found.family.width + more)
    return Recognition(family=grown, weights=Weights(blocks=blocks))
