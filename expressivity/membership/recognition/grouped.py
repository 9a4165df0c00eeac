"""Networks whose neurons have coefficients of their own: LA, one group for each.

Over the candidate arguments z this is linear: sum_z sum_k c_zk s_k(z) y_zk with affine y_zk, where
the neuron has a second factor that can be one. What shares its z and y is one neuron.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.membership.recognition.candidates import arguments, atom, unit
from expressivity.membership.recognition.formula import Formula, Neuron, realise
from expressivity.membership.recognition.linear import Field, field_of, rank_one, solve
from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.search import Search
from expressivity.membership.recognition.shared import mixture, multipliers
from expressivity.membership.recognition.terms import Affine, scaled
from expressivity.membership.shapes import Shape, shape_of

_MAX_ARGUMENTS = 16


def own_coefficients(search: Search, family: Family) -> Iterator[list[Recognition]]:
    """One network of one neuron for each vector of coefficients; their sum is not verified yet.

    Args:
        search: for the whole expression.
        family: of width 1 and one group.
    """
    shape, names, ring = shape_of(family.record), family.dictionary, search.ring
    product = shape is not Shape.MIXTURE
    if family.gate is not None or (product and shape is not Shape.GATED and "id" not in names):
        return
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    zs = arguments(ring, poly, names)
    if len(zs) > _MAX_ARGUMENTS:
        return
    zs = [*zs, *([unit(ring)] if family.bias else []), *(scaled(z, -1) for z in zs)]
    seconds = multipliers(ring, family.bias) if product else [unit(ring)]
    columns = [
        field.lift(ring.times(atom(ring, name, z), ring.affine(y)))
        for z in zs
        for name in names
        for y in seconds
    ]
    search.check()
    solution = solve(columns, field.lift(poly), field)
    if solution is None:
        return
    size = len(names) * len(seconds)
    parts: list[Recognition | None] = []
    for place, z in enumerate(zs):
        flat = solution[place * size : (place + 1) * size]
        matrix = [flat[k : k + len(seconds)] for k in range(0, size, len(seconds))]
        for formula in _neurons(z, matrix, names, seconds if product else None, field):
            weights = realise(formula, family)
            part = None if weights is None else Recognition(family=family, weights=weights)
            parts.append(part)
    known = [part for part in parts if part is not None]
    if known and len(known) == len(parts):
        yield known


def _neurons(
    z: Affine,
    matrix: list[list[Any]],
    names: Sequence[str],
    seconds: Sequence[Affine] | None,
    field: Field,
) -> Iterator[Formula]:
    """The neurons at one argument: one where all activations have one y, else one for each."""
    if not any(any(row) for row in matrix):
        return
    if seconds is None:
        left = mixture(names, [row[0] for row in matrix], field)
        yield Formula(neurons=(Neuron(a=sp.S.One, w=z),), left=left)
        return
    both = rank_one(matrix)
    if both is not None:
        yield _gated(z, mixture(names, both[0], field), both[1], seconds, field)
        return
    for name, row in zip(names, matrix, strict=True):
        if any(row):
            yield _gated(z, {name: sp.S.One}, row, seconds, field)


def _gated(
    z: Affine,
    left: dict[str, sp.Expr],
    row: Sequence[Any],
    seconds: Sequence[Affine],
    field: Field,
) -> Formula:
    parts = [scaled(y, field.number(c)) for y, c in zip(seconds, row, strict=True)]
    y = tuple(sp.expand(sp.Add(*entries)) for entries in zip(*parts, strict=True))
    neuron = Neuron(a=sp.S.One, w=z, v=y)
    return Formula(neurons=(neuron,), left=left, right={"id": sp.S.One})
