"""MoA networks of several neurons: common gates, or gates of each neuron's own.

Once the arguments z_j are known, the coefficients of the gates are linear algebra, and so are the
shares of the s_k(z_j) y_ji in them, y_ji a basis of what multiplies a neuron. Where the neurons
have common gates, the gate of s_k has the coefficient scale_k sum_j s_k(z_j) y_j: each of these
shows the y_j, up to one factor. Where they have their own, it shows the y_j of one neuron.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes.families import Family
from expressivity.membership.recognition.candidates import (
    arguments,
    atoms,
    sharp_lines,
    unit,
)
from expressivity.membership.recognition.formula import Neuron, Side
from expressivity.membership.recognition.gated import (
    denominators,
    gate_functions,
    gated_sides,
    shares_of,
)
from expressivity.membership.recognition.linear import Field, dependencies, solve
from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.search import Search
from expressivity.membership.recognition.shared import both_signs, multipliers
from expressivity.membership.recognition.terms import Affine, Poly, line_of, plus, scaled
from expressivity.membership.shapes import Shape, shape_of

_MAX_NEURONS, _MAX_CHOICES = 3, 12
_MAX_SHOWN = 2  # vectors of y_j that are tried
_MAX_COLUMNS = 900
_SIDES = 4


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """The arguments of several neurons and s_k(z_j) y_i for all k, j, i."""

    zs: tuple[Affine, ...]
    outer: list[Affine]
    names: tuple[str, ...]
    products: list[Poly]

    def place(self, k: int, j: int, i: int) -> int:
        return (k * len(self.zs) + j) * len(self.outer) + i

    def of_neuron(self, j: int) -> list[Poly]:
        """The products of one neuron."""
        sizes = range(len(self.names)), range(len(self.outer))
        return [self.products[self.place(k, j, i)] for k, i in itertools.product(*sizes)]

    def rows(self, vector: Sequence[Any], k: int) -> tuple[tuple[Any, ...], ...]:
        """The shares of one activation: a row for each neuron."""
        return tuple(
            tuple(vector[self.place(k, j, i)] for i in range(len(self.outer)))
            for j in range(len(self.zs))
        )


def common_gates(
    search: Search, poly: Poly, family: Family, field: Field
) -> Iterator[tuple[list[Neuron], Side]]:
    """Several neurons and the gates that all of them have."""
    gate = family.gate
    assert gate is not None
    for layer in _layers(search, poly, family, field):
        for rows in _shown(search.ring, poly, layer, family, field):
            atoms_k = [_weighted(layer, k, rows) for k in range(len(layer.names))]
            for side in itertools.islice(
                gated_sides(search.ring, poly, atoms_k, gate, field), _SIDES
            ):
                yield [_neuron(layer, j, row, family, field) for j, row in enumerate(rows)], side


def own_gates(
    search: Search, poly: Poly, family: Family, field: Field
) -> Iterator[list[tuple[Neuron, Side]]]:
    """Several neurons, each with its gates."""
    gate = family.gate
    assert gate is not None
    for layer in _layers(search, poly, family, field):
        for parts in _parts(search.ring, poly, layer, family, field):
            found: list[tuple[Neuron, Side]] = []
            for j, part in enumerate(parts):
                alone = _Layer(
                    zs=(layer.zs[j],),
                    outer=layer.outer,
                    names=layer.names,
                    products=layer.of_neuron(j),
                )
                found += itertools.islice(_one(search.ring, part, alone, family, field), 1)
            if len(found) == len(parts):
                yield found


def _one(
    ring: Ring, poly: Poly, layer: _Layer, family: Family, field: Field
) -> Iterator[tuple[Neuron, Side]]:
    assert family.gate is not None
    for rows in _shown(ring, poly, layer, family, field):
        known = [_weighted(layer, k, rows) for k in range(len(layer.names))]
        for side in gated_sides(ring, poly, known, family.gate, field):
            yield _neuron(layer, 0, rows[0], family, field), side


def _layers(search: Search, poly: Poly, family: Family, field: Field) -> Iterator[_Layer]:
    """Arguments that the neurons may have, two at least, and what they can be multiplied by."""
    ring, names = search.ring, family.dictionary
    product = shape_of(family.record) is Shape.GATED
    outer = multipliers(ring, family.bias) if product else [unit(ring)]
    for zs in itertools.islice(_tuples(ring, poly, names), _MAX_CHOICES):
        search.check()
        known = [atoms(ring, names, z) for z in zs]
        try:
            products = [
                field.lift(ring.times(known[j][k], ring.affine(y)))
                for k in range(len(names))
                for j in range(len(zs))
                for y in outer
            ]
        except UnrecognisedError:
            continue
        yield _Layer(zs=zs, outer=outer, names=names, products=products)


def _tuples(ring: Ring, poly: Poly, names: Sequence[str]) -> Iterator[tuple[Affine, ...]]:
    """An argument on every line of steps and erf; on one line two, or a constant beside one."""
    sharp = sharp_lines(ring, poly)
    found = arguments(ring, poly, names)
    if len(sharp) > _MAX_NEURONS or not found:
        return
    lines = {line: [z for z in found if line_of(z)[1] == line] for line in sharp}
    if len(sharp) >= 2:
        if not all(lines.values()):
            return
        ordered = sorted(lines.values(), key=lambda on: found.index(on[0]))
    else:
        first = lines[next(iter(sharp))] if sharp else found
        ordered = [first, [*found, unit(ring)]]
    chosen = sorted(
        itertools.product(*map(enumerate, ordered)), key=lambda places: sum(i for i, _ in places)
    )
    for places in chosen:
        zs = [z for _, z in places]
        if len(set(zs)) < len(zs) and len(sharp) != 1:
            continue
        yield from itertools.product(*[
            both_signs([z]) if any(z[:-1]) else [z] for z in zs
        ])  # fmt: skip


def _gates(ring: Ring, poly: Poly, family: Family) -> list[Poly]:
    gate = family.gate
    assert gate is not None
    if gate.name == "softmax":
        return [share for logits in denominators(ring, poly) for share in shares_of(ring, logits)]
    return [{(): sp.QQ(1)}, *gate_functions(ring, poly, gate)[1]]


def _vectors(
    ring: Ring, poly: Poly, layer: _Layer, gates: Sequence[Poly], field: Field
) -> list[list[Any]] | None:
    """Shares of the products in the coefficient of each gate."""
    basis, _ = dependencies(layer.products, field)
    if len(basis) * len(gates) > _MAX_COLUMNS:
        return None
    try:
        columns = [ring.times(g, layer.products[b]) for g in gates for b in basis]
    except UnrecognisedError:
        return None
    solution = solve(columns, poly, field)
    if solution is None:
        return None
    vectors: list[list[Any]] = []
    for place in range(len(gates)):
        vector = [field.domain.zero] * len(layer.products)
        for b, c in zip(basis, solution[place * len(basis) :], strict=False):
            vector[b] = c
        vectors.append(vector)
    return vectors


def _shown(
    ring: Ring, poly: Poly, layer: _Layer, family: Family, field: Field
) -> list[tuple[tuple[Any, ...], ...]]:
    """What multiplies the neurons, up to a common factor, as gates show it, by their number."""
    if len(layer.zs) * len(layer.outer) == 1:
        return [((field.domain.one,),)]
    vectors = _vectors(ring, poly, layer, _gates(ring, poly, family), field)
    count: dict[tuple[tuple[Any, ...], ...], int] = {}
    for vector in vectors or []:
        for k in range(len(layer.names)):
            rows = layer.rows(vector, k)
            lead = next((c for row in rows for c in row if c), None)
            if lead is not None:
                rows = tuple(tuple(c / lead for c in row) for row in rows)
                count[rows] = count.get(rows, 0) + 1
    return sorted(count, key=lambda rows: -count[rows])[:_MAX_SHOWN]


def _parts(
    ring: Ring, poly: Poly, layer: _Layer, family: Family, field: Field
) -> Iterator[list[Poly]]:
    """The polynomial as a sum of one part for each neuron."""
    assert family.gate is not None
    if family.gate.name != "softmax":
        gates = _gates(ring, poly, family)
        options: list[list[Sequence[Poly]]] = [[gates] * len(layer.zs)]
    else:
        found = [shares_of(ring, logits) for logits in denominators(ring, poly)]
        found = [shares for shares in found if len(shares) == len(layer.names)]
        options = [list(choice) for choice in itertools.permutations(found, len(layer.zs))]
    products = [layer.of_neuron(j) for j in range(len(layer.zs))]
    for option in options:
        if sum(len(g) * len(p) for g, p in zip(option, products, strict=True)) > _MAX_COLUMNS:
            continue
        try:
            columns = [
                [ring.times(g, p) for g in gates for p in each]
                for gates, each in zip(option, products, strict=True)
            ]
        except UnrecognisedError:
            continue
        solution = solve([c for each in columns for c in each], poly, field)
        if solution is None:
            continue
        parts: list[Poly] = []
        for each in columns:
            part: Poly = {}
            for c, column in zip(solution, each, strict=False):
                if c:
                    part = plus(part, column, c)
            solution = solution[len(each) :]
            parts.append(part)
        if all(parts):
            yield parts


def _weighted(layer: _Layer, k: int, rows: Sequence[Sequence[Any]]) -> Poly:
    """sum_j s_k(z_j) y_j."""
    total: Poly = {}
    for j, row in enumerate(rows):
        for i, c in enumerate(row):
            if c:
                total = plus(total, layer.products[layer.place(k, j, i)], c)
    return total


def _neuron(layer: _Layer, j: int, row: Sequence[Any], family: Family, field: Field) -> Neuron:
    if shape_of(family.record) is Shape.MIXTURE:
        return Neuron(a=field.number(row[0]), w=layer.zs[j])
    parts = [scaled(y, field.number(c)) for y, c in zip(layer.outer, row, strict=True)]
    v = tuple(sp.expand(sp.Add(*entries)) for entries in zip(*parts, strict=True))
    return Neuron(a=sp.S.One, w=layer.zs[j], v=v)
