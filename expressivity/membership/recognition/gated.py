"""Gates: when is a function sum_k scale_k g_k(x) A_k(x) for known A_1, ..., A_C?

The logits of the gates are read off the generators; the shares of the A_k in the coefficient of
each gate are linear algebra; each A_k has one gate, which is a small search.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes.gates import GateSpec
from expressivity.classes.weights import constant_gate
from expressivity.membership.recognition.candidates import logistic
from expressivity.membership.recognition.formula import Side
from expressivity.membership.recognition.linear import Field, dependencies, solve
from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.terms import Affine, Poly, plus, scaled

_MAX_FLIPS = 9
_MAX_PAIRED = 9
_MAX_COLUMNS = 700
_MAX_LEAVES = 200
_ONE: Poly = {(): sp.QQ(1)}

_Vector = tuple[Any, ...]
_Support = dict[int, Any]


@dataclass(frozen=True, kw_only=True)
class _Atoms:
    """Coordinates of every A_k in a basis of their span."""

    basis: list[Poly]
    coordinates: list[_Vector]


def gated_sides(
    ring: Ring, poly: Poly, atoms: Sequence[Poly], gate: GateSpec, field: Field
) -> Iterator[Side]:
    """Candidate gates with poly = factor sum_k scale_k g_k A_k, not all of them constant."""
    reduced = _reduced(atoms, field)
    if gate.name == "softmax":
        yield from _softmax(ring, poly, reduced, gate, field)
    elif gate.name in ("sigmoid", "tanh"):
        yield from _separate(ring, poly, reduced, gate, field)


def _reduced(atoms: Sequence[Poly], field: Field) -> _Atoms:
    places, coordinates = dependencies(atoms, field)
    return _Atoms(basis=[atoms[i] for i in places], coordinates=coordinates)


def _coefficients(
    ring: Ring, poly: Poly, atoms: _Atoms, gates: Sequence[Poly], field: Field
) -> list[_Vector] | None:
    """Vectors v with poly = sum_g gate_g (v_g . basis)."""
    if len(gates) * len(atoms.basis) > _MAX_COLUMNS:
        return None
    try:
        columns = [ring.times(g, a) for g in gates for a in atoms.basis]
    except UnrecognisedError:
        return None
    solution = solve(columns, poly, field)
    if solution is None:
        return None
    size = len(atoms.basis)
    return [tuple(solution[i * size : (i + 1) * size]) for i in range(len(gates))]


# sigmoid and tanh: each gate has a logit of its own


def gate_functions(ring: Ring, poly: Poly, gate: GateSpec) -> tuple[list[Affine], list[Poly]]:
    """Logits u that a polynomial suggests for gates of this name, and the functions g(u)."""
    logits = [h for g in ring.used(poly) for h in [logistic(g)] if h is not None]
    if not gate.bias:
        logits = [h for h in logits if h[-1] == 0]
    shares = [ring.share(((sp.S.Zero,) * len(h), h), 1) for h in logits]
    if gate.name != "tanh":
        return logits, shares
    halves = [scaled(h, sp.Rational(1, 2)) for h in logits]
    return halves, [plus({(): sp.QQ(-1)}, share, 2) for share in shares]


def _separate(
    ring: Ring, poly: Poly, atoms: _Atoms, gate: GateSpec, field: Field
) -> Iterator[Side]:
    logits, shares = gate_functions(ring, poly, gate)
    if not logits:
        return
    found = _coefficients(ring, poly, atoms, [_ONE, *shares], field)
    if found is None:
        return
    constant, *vectors = found
    used = [(h, v) for h, v in zip(logits, vectors, strict=True) if any(v)]
    if not used:
        return
    flips = [(False,) * len(used)]
    if gate.name == "sigmoid" and len(used) <= _MAX_FLIPS:  # sigmoid(h) = 1 - sigmoid(-h)
        flips = list(itertools.product((False, True), repeat=len(used)))
    turned: list[tuple[_Vector, list[tuple[Affine, _Vector]]]] = []
    for flip in flips:
        rest = constant
        gates: list[tuple[Affine, _Vector]] = []
        for (h, v), flipped in zip(used, flip, strict=True):
            if flipped:
                rest = tuple(a + b for a, b in zip(rest, v, strict=True))
                gates.append((scaled(h, -1), tuple(-c for c in v)))
            else:
                gates.append((h, v))
        turned.append((rest, gates))
    turned.sort(key=lambda pair: sum(bool(c) for c in pair[0]))
    for rest, gates in turned:
        for chosen in _choices([v for _, v in gates], atoms, field):
            side = _separate_side(rest, [h for h, _ in gates], chosen, atoms, gate, field)
            if side is not None:
                yield side


def _separate_side(
    rest: _Vector,
    logits: Sequence[Affine],
    chosen: Sequence[_Support],
    atoms: _Atoms,
    gate: GateSpec,
    field: Field,
) -> Side | None:
    """Scales and logits, with constant gates for what the others leave over."""
    count = len(atoms.coordinates)
    zero: Affine = (sp.S.Zero,) * len(logits[0])
    rows: list[Affine] = [zero] * count
    scales: list[sp.Expr] = [sp.S.Zero] * count
    for h, support in zip(logits, chosen, strict=True):
        for k, c in support.items():
            rows[k], scales[k] = h, field.number(c)
    free = [k for k in range(count) if not any(k in support for support in chosen)]
    if any(rest):
        more = _combination(rest, free, atoms, field)
        if more is None:
            return None
        factor = next((s for s in scales if s != 0), sp.S.One)
        for k, c in more.items():
            value = field.number(c)
            if gate.scale:
                alone = constant_gate((value,), gate)
                if alone is None:
                    return None
                rows[k] = (*zero[:-1], alone.biases[0])
                scales[k] = alone.factor * alone.scales[0]
                continue
            bias = _bias_of(value / factor, gate)
            if bias is None:
                return None
            rows[k], scales[k] = (*zero[:-1], bias), factor
    if not gate.scale:
        for k, column in enumerate(atoms.coordinates):
            if not any(column):  # A_k = 0: whatever its gate is
                scales[k] = next((s for s in scales if s != 0), sp.S.One)
    return _switched(rows, scales, gate)


def _bias_of(value: sp.Expr, gate: GateSpec) -> sp.Expr | None:
    """e with g(e) = value, or None."""
    if not value.is_Rational or not (-1 if gate.name == "tanh" else 0) < value < 1:
        return None
    bias = sp.atanh(value) if gate.name == "tanh" else sp.log(value / (1 - value))
    return bias if gate.bias or bias == 0 else None


def _switched(rows: Sequence[Affine], scales: Sequence[sp.Expr], gate: GateSpec) -> Side | None:
    """The side where the switches admit it: without scale all scales must be one number."""
    if gate.scale:
        return Side(scales=tuple(scales), rows=tuple(rows))
    factor = next((s for s in scales if s != 0), sp.S.One)
    for row, scale in zip(rows, scales, strict=True):
        silent = scale == 0 and not any(row) and gate.name == "tanh"
        if gate.name == "tanh" and scale == -factor:
            continue  # tanh is odd
        if scale != factor and not silent:
            return None
    signs = [-1 if scale == -factor else 1 for scale in scales]
    turned = tuple(scaled(row, sign) for row, sign in zip(rows, signs, strict=True))
    return Side(scales=(sp.S.One,) * len(scales), rows=turned, factor=factor)


# softmax: all gates share one denominator


def denominators(ring: Ring, poly: Poly) -> list[tuple[Affine, ...]]:
    """The logits of every softmax in a polynomial."""
    return list(dict.fromkeys(g.data for g in ring.used(poly) if g.sort == "share"))


def shares_of(ring: Ring, logits: tuple[Affine, ...]) -> list[Poly]:
    """The gates of one softmax."""
    return [ring.share(logits, i) for i in range(len(logits))]


def _softmax(ring: Ring, poly: Poly, atoms: _Atoms, gate: GateSpec, field: Field) -> Iterator[Side]:
    count = len(atoms.coordinates)
    for logits in denominators(ring, poly):
        if not 2 <= len(logits) <= count:
            continue
        vectors = _coefficients(ring, poly, atoms, shares_of(ring, logits), field)
        if vectors is None:
            continue
        for chosen in _choices(vectors, atoms, field):
            side = _softmax_side(logits, chosen, count, gate, field)
            if side is not None:
                yield side


def _softmax_side(
    logits: Sequence[Affine],
    chosen: Sequence[_Support],
    count: int,
    gate: GateSpec,
    field: Field,
) -> Side | None:
    """Every A_k joins one logit; n of them on a logit h share exp(h), each exp(h - log n)."""
    groups = [list(support) for support in chosen]
    free = [k for k in range(count) if not any(k in group for group in groups)]
    sizes = _sizes(logits, groups, count, gate)
    if sizes is None:
        return None
    rows: list[Affine] = [()] * count
    scales: list[sp.Expr] = [sp.S.Zero] * count
    for h, support, group, size in zip(logits, chosen, groups, sizes, strict=True):
        while len(group) < size:
            group.append(free.pop())
        for k in group:
            rows[k] = (*h[:-1], sp.expand(h[-1] - sp.log(size)))
            scales[k] = size * field.number(support.get(k, field.domain.zero))
    base = rows[0][-1] if gate.bias else None  # a common shift of all logits changes nothing
    rows = [(*row[:-1], sp.S.Zero if base is None else sp.expand(row[-1] - base)) for row in rows]
    return _switched(rows, scales, gate)


def _sizes(
    logits: Sequence[Affine], groups: Sequence[list[int]], count: int, gate: GateSpec
) -> list[int] | None:
    """How many A_k sit on each logit, at least those that are used."""
    least = [max(1, len(group)) for group in groups]
    natural = [sp.exp(h[-1]) for h in logits]
    total = sp.Add(*natural)
    sizes = [sp.sympify(count * n / total) for n in natural]
    if all(s.is_Integer and s >= k for s, k in zip(sizes, least, strict=True)):
        return [int(s) for s in sizes]
    if not gate.bias or sum(least) > count:
        return None
    return [least[0] + count - sum(least), *least[1:]]


# Sparse representations


def _choices(vectors: Sequence[_Vector], atoms: _Atoms, field: Field) -> Iterator[list[_Support]]:
    """Every vector by few A_k, none of them twice: as few as can be, else one more for each."""
    few = [_supports(v, atoms, field) for v in vectors]
    found = False
    for chosen in itertools.islice(_disjoint(few), _MAX_LEAVES):
        found = True
        yield chosen
    if not found:
        more = [
            [*least, *_pairs(v, atoms, field)] if least and len(least[0]) == 1 else least
            for v, least in zip(vectors, few, strict=True)
        ]
        yield from itertools.islice(_disjoint(more), _MAX_LEAVES)


def _supports(vector: _Vector, atoms: _Atoms, field: Field) -> list[_Support]:
    """Ways to write a vector by few A_k: one of them, else two, else a basic solution."""
    if not any(vector):
        return [{}]
    found: list[_Support] = []
    for k, column in enumerate(atoms.coordinates):
        place = next((i for i, c in enumerate(column) if c), None)
        if place is None:
            continue
        c = vector[place] / column[place]
        if c and all(v == c * e for v, e in zip(vector, column, strict=True)):
            found.append({k: c})
    if found:
        return found
    found = _pairs(vector, atoms, field)
    if not found:
        support = _combination(vector, range(len(atoms.coordinates)), atoms, field)
        found = [] if support is None else [support]
    return found


def _pairs(vector: _Vector, atoms: _Atoms, field: Field) -> list[_Support]:
    """Ways to write a vector by two A_k, where there are few."""
    count = len(atoms.coordinates)
    if count > _MAX_PAIRED:
        return []
    pairs = itertools.combinations(range(count), 2)
    tried = [_combination(vector, pair, atoms, field) for pair in pairs]
    return [support for support in tried if support is not None and len(support) == 2]


def _combination(
    vector: _Vector, allowed: Sequence[int], atoms: _Atoms, field: Field
) -> _Support | None:
    def poly(column: _Vector) -> Poly:
        return {((i, 1),): c for i, c in enumerate(column) if c}

    solution = solve([poly(atoms.coordinates[k]) for k in allowed], poly(vector), field)
    if solution is None:
        return None
    return {k: c for k, c in zip(allowed, solution, strict=True) if c}


def _disjoint(options: Sequence[Sequence[_Support]]) -> Iterator[list[_Support]]:
    """One support for each gate, no A_k twice."""
    if not options:
        yield []
        return
    for support in options[0]:
        others = [[s for s in rest if not support.keys() & s.keys()] for rest in options[1:]]
        for more in _disjoint(others):
            yield [support, *more]
