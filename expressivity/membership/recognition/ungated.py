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
    divided,
    partitions,
    sharp_lines,
    unit,
)
from expressivity.membership.recognition.formula import Formula, Neuron
from expressivity.membership.recognition.linear import Field, field_of, solve
from expressivity.membership.recognition.normal_form import (
    Affine,
    Poly,
    UnrecognisedError,
    line_of,
    plus,
)
from expressivity.membership.recognition.search import Search
from expressivity.membership.recognition.shared import (
    at_one,
    both_signs,
    mixture,
    polynomial,
    several,
)

_MAX_PAIRS = 400


def formulas(search: Search, family: Family) -> Iterator[Formula]:
    """Candidate formulas in the family's form, few neurons first; none is verified yet."""
    ring, names = search.ring, family.dictionary
    poly = ring.parse(search.expression)
    field = field_of(ring, poly)
    lifted = field.lift(poly)
    match family.neuron:
        case "type1":
            yield from _single(search, lifted, names, field)
            yield from several(search, lifted, family, field)
        case "one_sided":
            yield from _one_sided(search, lifted, family, field)
            yield from several(search, lifted, family, field)
            yield from polynomial(search, lifted, family, field)
        case "two_sided":
            yield from _two_sided(search, family)
            if "id" in names:
                yield from _one_sided(search, lifted, family, field)
                yield from several(search, lifted, family, field)
                yield from polynomial(search, lifted, family, field)
        case "quadratic":
            yield from _two_sided(search, family)
            yield from _pairs(search, lifted, names, field)
            if "id" in names:
                yield from several(search, lifted, family, field)
                yield from polynomial(search, lifted, family, field)
        case _:
            raise NotImplementedError(family.neuron)
    gate = family.gate
    if gate is not None and not gate.scale and is_positive(GATES[gate.name], family.coefficients):
        yield from _equal(search, lifted, family, field)


def _equal(search: Search, poly: Poly, family: Family, field: Field) -> Iterator[Formula]:
    """sum_j a_j sum_k s_k(z_j) (v.x + c): the coefficients that equal positive gates leave."""
    ring = search.ring
    if family.neuron == "one_sided":
        plain = replace(family, neuron="type1")
        for y in affine_factors(ring, poly):
            for formula in _equal(search, divided(ring, poly, y), plain, field):
                neurons = tuple(replace(neuron, v=y) for neuron in formula.neurons)
                yield replace(formula, neurons=neurons, right={"id": sp.S.One})
    elif family.neuron != "type1":
        return
    zs = both_signs(arguments(ring, poly, family.dictionary))
    columns: list[Poly] = []
    for z in zs:
        total: Poly = {}
        for name in family.dictionary:
            search.check()
            total = plus(total, atom(ring, name, z))
        columns.append(total)
    solution = solve(columns, poly, field)
    if solution is not None and any(solution):
        pairs = zip(solution, zs, strict=True)
        neurons = tuple(Neuron(a=field.number(c), w=z) for c, z in pairs if c)
        yield Formula(neurons=neurons, left=dict.fromkeys(family.dictionary, sp.S.One))


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


def _one_sided(search: Search, poly: Poly, family: Family, field: Field) -> Iterator[Formula]:
    """One neuron psi(z) y."""
    ring = search.ring
    for y in affine_factors(ring, poly):
        for formula in _single(search, divided(ring, poly, y), family.dictionary, field):
            (neuron,) = formula.neurons
            yield Formula(
                neurons=(Neuron(a=neuron.a, w=neuron.w, v=y),),
                left=formula.left,
                right={"id": sp.S.One},
            )
    if family.bias:
        yield from _single(search, poly, family.dictionary, field)


def _two_sided(search: Search, family: Family) -> Iterator[Formula]:
    """Products psi(z) phi(y), and psi(z) times a sum of phi(y_j)."""
    ring, names = search.ring, family.dictionary
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
            plain = Family(
                kind=family.kind,
                neuron="type1",
                width=1,
                dimension=family.dimension,
                dictionary=names,
                gate=family.gate,
                bias=family.bias,
            )
            seconds = itertools.chain(
                _single(search, lifted, names, fields[1]),
                several(search, lifted, plain, fields[1]),
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
        left = [atom(ring, name, z) for name in names]
        right = [atom(ring, name, y) for name in names]
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
    ones = [*found, unit(ring)]
    pairs = sorted(
        ((i, j) for i in range(len(found)) for j in range(len(ones))), key=lambda p: (sum(p), p)
    )
    count = 0
    for i, j in pairs:
        lines = {line_of(found[i])[1], line_of(ones[j])[1]}
        if not sharp <= lines:
            continue
        for z in both_signs([found[i]]):
            for y in both_signs([ones[j]]) if j < len(found) else [ones[j]]:
                search.check()
                count += 1
                if count > _MAX_PAIRS:
                    return
                yield z, y
