"""MoA networks of width 1, by their gates and arguments."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.weights import Weights
from expressivity.membership.recognition.candidates import (
    affine_factors,
    arguments,
    atom,
    divided,
    partitions,
    sharp_lines,
    unit,
)
from expressivity.membership.recognition.formula import (
    Neuron,
    Side,
    assemble,
    constant_side,
    one_at_one,
)
from expressivity.membership.recognition.gated import gated_sides
from expressivity.membership.recognition.linear import Field, field_of, solve
from expressivity.membership.recognition.normal_form import UnrecognisedError
from expressivity.membership.recognition.search import Search
from expressivity.membership.recognition.shared import both_signs
from expressivity.membership.recognition.terms import Affine, Poly, line_of, scaled
from expressivity.membership.recognition.ungated import argument_pairs
from expressivity.membership.shapes import Shape, shape_of

_Found = tuple[Affine, Side]


def mixtures(search: Search, family: Family) -> Iterator[Weights]:
    """Candidate weights of width 1; none is verified yet."""
    one = replace(family, width=1)
    for neuron, sides in _candidates(search, one):
        weights = assemble([neuron], sides, one)
        if weights is not None:
            yield weights


def _candidates(search: Search, family: Family) -> Iterator[tuple[Neuron, list[Side]]]:
    ring = search.ring
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    lifted = field.lift(poly)
    shape = shape_of(family.record)
    if shape is Shape.PRODUCT:
        yield from _products(search, family)
        return
    if shape is Shape.PAIRS:
        yield from _quadratic(search, lifted, family, field)
        return
    if shape is Shape.GATED:
        for y in affine_factors(ring, lifted):
            for z, side in _layers(search, divided(ring, lifted, y), family, field):
                yield Neuron(a=sp.S.One, w=z, v=y), [side]
    constant = unit(ring) if shape is Shape.GATED else None
    for z, side in _layers(search, lifted, family, field):
        yield Neuron(a=sp.S.One, w=z, v=constant), [side]


def _products(search: Search, family: Family) -> Iterator[tuple[Neuron, list[Side]]]:
    ring = search.ring
    for parts in partitions(ring, search.expression):
        for left, right in (parts, parts[::-1]):
            search.check()
            fields = field_of(ring, left), field_of(ring, right)
            first = next(_layers(search, fields[0].lift(left), family, fields[0]), None)
            if first is None:
                continue
            for second in _layers(search, fields[1].lift(right), family, fields[1]):
                yield Neuron(a=sp.S.One, w=first[0], v=second[0]), [first[1], second[1]]


def _quadratic(
    search: Search, poly: Poly, family: Family, field: Field
) -> Iterator[tuple[Neuron, list[Side]]]:
    assert family.gate is not None
    ring, names = search.ring, family.dictionary
    for z, y in argument_pairs(search, poly, names):
        left = [atom(ring, name, z) for name in names]
        right = [atom(ring, name, y) for name in names]
        try:
            atoms = [field.lift(ring.times(p, q)) for p in left for q in right]
        except UnrecognisedError:
            continue
        for side in gated_sides(ring, poly, atoms, family.gate, field):
            yield Neuron(a=sp.S.One, w=z, v=y), [side]


def _layers(search: Search, poly: Poly, family: Family, field: Field) -> Iterator[_Found]:
    """Arguments z and gates with poly = sum_k pi_k s_k(z)."""
    assert family.gate is not None
    ring, names = search.ring, family.dictionary
    if not any(powers for powers in poly):
        name = one_at_one(names)
        if name is not None:
            c = field.number(poly.get((), field.domain.zero))
            side = constant_side([c if k == name else sp.S.Zero for k in names], family)
            if side is not None:
                yield unit(ring), side
    sharp = sharp_lines(ring, poly)
    if len(sharp) > 1:
        return
    for z in (*both_signs(arguments(ring, poly, names)), unit(ring)):
        search.check()
        if sharp and line_of(z)[1] not in sharp:
            continue
        atoms = [atom(ring, name, z) for name in names]
        plain = solve(atoms, poly, field)
        if plain is not None:
            side = constant_side([field.number(c) for c in plain], family)
            if side is not None:
                yield z, side
        for side in gated_sides(ring, poly, atoms, family.gate, field):
            yield z, side
        if not family.gate.scale:
            free = replace(family.gate, scale=True)
            for side in islice(gated_sides(ring, poly, atoms, free, field), 4):
                longer = _stretched(z, side, names)
                if longer is not None:
                    atoms = [atom(ring, name, longer) for name in names]
                    for found in gated_sides(ring, poly, atoms, family.gate, field):
                        yield longer, found


def _stretched(z: Affine, side: Side, names: Sequence[str]) -> Affine | None:
    """The length of z that makes the scales of activations of degrees 1 and 2 equal."""
    size: dict[int, sp.Expr] = {}
    for name, scale in zip(names, side.scales, strict=True):
        degree = ACTIVATIONS[name].homogeneous_degree
        if degree is None and scale != 0:
            return None
        if degree is not None and scale != 0:
            size[degree] = sp.Abs(scale)
    if set(size) != {1, 2}:
        return None
    ratio = size[2] / size[1]
    return scaled(z, ratio) if ratio.is_Rational and ratio != 1 else None
