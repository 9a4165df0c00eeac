"""Networks with constant coefficients: which fixed or LA network is an expression?

One neuron is linear algebra once its argument is known.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, is_positive
from expressivity.membership.recognition.candidates import (
    affine_factors,
    arguments,
    atom,
    atoms,
    divided,
    partitions,
    sharp_lines,
    unit,
)
from expressivity.membership.recognition.formula import Formula, Neuron
from expressivity.membership.recognition.linear import Field, field_of, solve
from expressivity.membership.recognition.normal_form import UnrecognisedError
from expressivity.membership.recognition.search import Search, Sum
from expressivity.membership.recognition.shared import (
    at_one,
    both_signs,
    mixture,
    polynomial,
    several,
)
from expressivity.membership.recognition.terms import Affine, Poly, line_of, plus
from expressivity.membership.shapes import Shape, shape_of

_MAX_PAIRS = 400


def formulas(search: Search, family: Family) -> Iterator[Formula]:
    """Candidate formulas in the family's shape, few neurons first; none is verified yet."""
    ring, names, shape = search.ring, family.dictionary, shape_of(family.record)
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    lifted = field.lift(poly)
    wanted = Sum(names=names, product=shape is not Shape.MIXTURE, bias=family.bias)
    if shape is Shape.MIXTURE:
        yield from _single(search, lifted, names, field)
    if shape in (Shape.PRODUCT, Shape.PAIRS):
        yield from _two_sided(search, wanted)
    if shape is Shape.PAIRS:
        yield from _pairs(search, lifted, names, field)
    is_factor = shape is Shape.GATED or "id" in names  # a second factor may be an affine function
    if shape is Shape.GATED or (shape is Shape.PRODUCT and is_factor):
        yield from _one_sided(search, lifted, wanted, field)
    if is_factor or not wanted.product:
        yield from several(search, lifted, wanted, field)
    if is_factor and wanted.product:
        yield from polynomial(search, lifted, names, field)
    gate = family.gate
    if gate is not None and not gate.scale and is_positive(GATES[gate.name], family.coefficients):
        if shape is Shape.GATED:
            for y in affine_factors(ring, lifted):
                for formula in _equal(search, divided(ring, lifted, y), names, field):
                    yield _times(formula, y)
        if shape in (Shape.MIXTURE, Shape.GATED):
            yield from _equal(search, lifted, names, field)


def _equal(search: Search, poly: Poly, names: Sequence[str], field: Field) -> Iterator[Formula]:
    """sum_j a_j sum_k s_k(z_j): the coefficients that equal positive gates leave."""
    ring = search.ring
    zs = both_signs(arguments(ring, poly, names))
    columns: list[Poly] = []
    for z in zs:
        total: Poly = {}
        for name in names:
            search.check()
            total = plus(total, atom(ring, name, z))
        columns.append(total)
    solution = solve(columns, poly, field)
    if solution is not None and any(solution):
        pairs = zip(solution, zs, strict=True)
        neurons = tuple(Neuron(a=field.number(c), w=z) for c, z in pairs if c)
        yield Formula(neurons=neurons, left=dict.fromkeys(names, sp.S.One))


def _times(formula: Formula, y: Affine) -> Formula:
    """The formula with y as the second factor of every neuron."""
    neurons = tuple(replace(neuron, v=y) for neuron in formula.neurons)
    return replace(formula, neurons=neurons, right={"id": sp.S.One})


def _single(search: Search, poly: Poly, names: Sequence[str], field: Field) -> Iterator[Formula]:
    """One neuron psi(z)."""
    ring = search.ring
    if not any(powers for powers in poly):
        value = next((name for name in names if at_one(name).is_Rational), names[0])
        c = field.number(poly.get((), field.domain.zero)) / at_one(value)
        yield Formula(neurons=(Neuron(a=sp.S.One, w=unit(ring)),), left={value: c})
        return
    sharp = sharp_lines(ring, poly)
    if len(sharp) > 1:
        return
    for z in both_signs(arguments(ring, poly, names)):
        search.check()
        if sharp and line_of(z)[1] not in sharp:
            continue
        solution = solve([atom(ring, name, z) for name in names], poly, field)
        if solution is not None:
            left = mixture(names, solution, field)
            yield Formula(neurons=(Neuron(a=sp.S.One, w=z),), left=left)


def _one_sided(search: Search, poly: Poly, wanted: Sum, field: Field) -> Iterator[Formula]:
    """One neuron psi(z) y."""
    ring = search.ring
    for y in affine_factors(ring, poly):
        for formula in _single(search, divided(ring, poly, y), wanted.names, field):
            yield _times(formula, y)
    if wanted.bias:
        yield from _single(search, poly, wanted.names, field)


def _two_sided(search: Search, wanted: Sum) -> Iterator[Formula]:
    """Products psi(z) phi(y), and psi(z) times a sum of phi(y_j)."""
    ring, names = search.ring, wanted.names
    for parts in partitions(ring, search.expression):
        for left, right in (parts, parts[::-1]):
            search.check()
            if not any(right):
                continue
            fields = field_of(ring, left), field_of(ring, right)
            first = next(_single(search, fields[0].lift(left), names, fields[0]), None)
            if first is None:
                continue
            lifted = fields[1].lift(right)
            seconds = itertools.chain(
                _single(search, lifted, names, fields[1]),
                several(search, lifted, replace(wanted, product=False), fields[1]),
            )
            for second in itertools.islice(seconds, 2):
                neurons = tuple(Neuron(a=n.a, w=first.neurons[0].w, v=n.w) for n in second.neurons)
                yield Formula(neurons=neurons, left=first.left, right=second.left)
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    yield from _single(search, field.lift(poly), names, field)


def _pairs(search: Search, poly: Poly, names: Sequence[str], field: Field) -> Iterator[Formula]:
    """One neuron sum_kl gamma_kl s_k(z) s_l(y)."""
    ring = search.ring
    keys = [(k, n) for k in names for n in names]
    for z, y in argument_pairs(search, poly, names):
        left, right = atoms(ring, names, z), atoms(ring, names, y)
        try:
            columns = [ring.times(p, q) for p in left for q in right]
        except UnrecognisedError:
            continue
        solution = solve(columns, poly, field)
        if solution is not None:
            pairs = {key: field.number(c) for key, c in zip(keys, solution, strict=True) if c}
            yield Formula(neurons=(Neuron(a=sp.S.One, w=z, v=y),), left={}, pairs=pairs)


def argument_pairs(
    search: Search, poly: Poly, names: Sequence[str]
) -> Iterator[tuple[Affine, Affine]]:
    """Candidate arguments (z, y) of a quadratic neuron; y may be 1."""
    ring = search.ring
    found, sharp = arguments(ring, poly, names), sharp_lines(ring, poly)
    both = itertools.combinations_with_replacement(enumerate(found), 2)
    pairs = [(i + j, z, y) for (i, z), (j, y) in both]
    pairs += [(i + 1, z, unit(ring)) for i, z in enumerate(found)]
    count = 0
    for _, first, second in sorted(pairs, key=lambda pair: pair[0]):
        if not sharp <= {line_of(first)[1], line_of(second)[1]}:
            continue
        for z in both_signs([first]):
            for y in both_signs([second]) if any(second[:-1]) else [second]:
                search.check()
                count += 1
                if count > _MAX_PAIRS:
                    return
                yield z, y
