"""MoA networks, by their gates and arguments."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.membership.recognition.candidates import (
    affine_factors,
    arguments,
    atoms,
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
from expressivity.membership.recognition.gated import gate_functions, gated_sides
from expressivity.membership.recognition.gated_networks import common_gates, own_gates
from expressivity.membership.recognition.linear import Field, field_of, solve
from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.normal_form import UnrecognisedError
from expressivity.membership.recognition.search import Search, Sum
from expressivity.membership.recognition.shared import both_signs, several
from expressivity.membership.recognition.terms import Affine, Poly, line_of, scaled
from expressivity.membership.recognition.ungated import argument_pairs
from expressivity.membership.shapes import Shape, shape_of

_QUOTIENTS = 4
_Found = tuple[Affine, Side]


def mixtures(search: Search, family: Family) -> Iterator[Recognition]:
    """Candidates with common gates, of one neuron and of several; none is verified yet."""
    for neurons, sides in _candidates(search, family):
        sized = replace(family, width=len(neurons))
        weights = assemble(neurons, sides, sized)
        if weights is not None:
            yield Recognition(family=sized, weights=weights)


def own_mixtures(search: Search, family: Family) -> Iterator[list[Recognition]]:
    """One network of one neuron for each vector of gates; their sum is not verified yet."""
    if family.gate is None or shape_of(family.record) not in (Shape.MIXTURE, Shape.GATED):
        return
    one, ring = replace(family, width=1), search.ring
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    for found in own_gates(search, field.lift(poly), one, field):
        parts = [assemble([neuron], [side], one) for neuron, side in found]
        known = [Recognition(family=one, weights=part) for part in parts if part is not None]
        if len(known) == len(parts):
            yield known


def _candidates(search: Search, family: Family) -> Iterator[tuple[list[Neuron], list[Side]]]:
    ring = search.ring
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    lifted = field.lift(poly)
    shape = shape_of(family.record)
    if shape is Shape.PRODUCT:
        yield from (([neuron], sides) for neuron, sides in _products(search, family))
        return
    if shape is Shape.PAIRS:
        pairs = _quadratic(search, lifted, family, field)
        yield from (([neuron], sides) for neuron, sides in pairs)
        return
    if shape is Shape.GATED:
        for y in affine_factors(ring, lifted):
            for z, side in _layers(search, divided(ring, lifted, y), family, field):
                yield [Neuron(a=sp.S.One, w=z, v=y)], [side]
    constant = unit(ring) if shape is Shape.GATED else None
    for z, side in _layers(search, lifted, family, field):
        yield [Neuron(a=sp.S.One, w=z, v=constant)], [side]
    for search_for in (_one_gate, common_gates):
        for neurons, side in search_for(search, lifted, family, field):
            yield neurons, [side]


def _one_gate(
    search: Search, poly: Poly, family: Family, field: Field
) -> Iterator[tuple[list[Neuron], Side]]:
    """One gate g for all activations: g times a network with constant coefficients."""
    ring, gate, names = search.ring, family.gate, family.dictionary
    if gate is None or not gate.scale or gate.name not in ("sigmoid", "tanh"):
        return
    product = shape_of(family.record) is Shape.GATED
    wanted = Sum(names=names, product=product, bias=family.bias)
    for h, g in zip(*gate_functions(ring, poly, gate), strict=True):
        search.check()
        quotient = _quotient(poly, g)
        if quotient is None:
            continue
        networks = several(search, quotient, wanted, field)
        for formula in islice(networks, _QUOTIENTS):
            scales = tuple(formula.left.get(name, sp.S.Zero) for name in names)
            yield list(formula.neurons), Side(scales=scales, rows=(h,) * len(names))


def _quotient(poly: Poly, g: Poly) -> Poly | None:
    """The polynomial over c + e s, for a share s that it holds once at most."""
    ((place, _),) = next(powers for powers in g if powers)
    low, high = g.get((), 0), g[((place, 1),)]
    found: Poly = {}
    for powers, c in poly.items():
        if dict(powers).get(place, 0) == 1:
            found[tuple(p for p in powers if p[0] != place)] = c / high
    rest: Poly = {}
    for powers, c in found.items():
        rest[tuple(sorted((*powers, (place, 1))))] = c * high
        if low:
            rest[powers] = c * low
    return found if found and rest == poly else None


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
        left, right = atoms(ring, names, z), atoms(ring, names, y)
        try:
            products = [field.lift(ring.times(p, q)) for p in left for q in right]
        except UnrecognisedError:
            continue
        for side in gated_sides(ring, poly, products, family.gate, field):
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
        known = atoms(ring, names, z)
        plain = solve(known, poly, field)
        if plain is not None:
            side = constant_side([field.number(c) for c in plain], family)
            if side is not None:
                yield z, side
        for side in gated_sides(ring, poly, known, family.gate, field):
            yield z, side
        if not family.gate.scale:
            free = replace(family.gate, scale=True)
            for side in islice(gated_sides(ring, poly, known, free, field), 4):
                longer = _stretched(z, side, names)
                if longer is not None:
                    known = atoms(ring, names, longer)
                    for found in gated_sides(ring, poly, known, family.gate, field):
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
