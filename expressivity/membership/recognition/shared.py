"""Several neurons that share one psi, and what they leave over.

The matrix (activation, neuron) of coefficients has rank 1. Polynomials are left over by sign
changes, s(-z) = s(z) - z, and are absorbed by ``id``, by constant neurons or by pairs of neurons.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.membership.recognition.candidates import (
    arguments,
    atom,
    independent,
    ridges,
    unit,
)
from expressivity.membership.recognition.formula import Formula, Neuron
from expressivity.membership.recognition.linear import Field, rank_one, solve
from expressivity.membership.recognition.normal_form import Generator, Ring, UnrecognisedError
from expressivity.membership.recognition.search import Search, Sum
from expressivity.membership.recognition.terms import Affine, Poly, Powers, plus, rational, scaled

_MAX_DIRECTIONS = 5  # whose orientations are tried
_MAX_KINKS = 40
_MAX_DEGREE = 3  # of polynomials that neurons in pairs make


def several(search: Search, poly: Poly, wanted: Sum, field: Field) -> Iterator[Formula]:
    """sum_j psi(z_j) y_j with affine y_j (numbers for type1), psi shared."""
    ring = search.ring
    names = independent(ring, wanted.names, field)
    kinked = [name for name in names if name != "id"]
    directions = arguments(ring, poly, kinked, guesses=False)
    if not directions and all(g.sort == "x" for g in ring.used(poly)):
        for name in kinked:  # neurons in pairs make polynomials: psi(z) - psi(-z)
            yield from _completed(search, poly, wanted, field, [], {name: sp.S.One}, False)
    most = _MAX_KINKS if len(kinked) == 1 else _MAX_DIRECTIONS
    if not kinked or not 0 < len(directions) <= most:
        return
    outer = multipliers(ring, wanted.bias) if wanted.product else [unit(ring)]

    def found() -> Iterator[Formula]:
        if len(kinked) == 1:
            both = [(z, s) for z in directions for s in (1, -1)]
            yield from _shared(search, poly, wanted, field, names, both, outer)
        if len(directions) > _MAX_DIRECTIONS:
            return
        for choice in itertools.product((1, -1), repeat=len(directions)):
            search.check()
            oriented = list(zip(directions, choice, strict=True))
            yield from _shared(search, poly, wanted, field, names, oriented, outer)

    if len(kinked) > 1:
        yield from found()
    else:
        yield from sorted(found(), key=lambda formula: len(formula.neurons))


def _shared(
    search: Search,
    poly: Poly,
    wanted: Sum,
    field: Field,
    names: Sequence[str],
    oriented: Sequence[tuple[Affine, int]],
    multipliers: Sequence[Affine],
) -> Iterator[Formula]:
    ring = search.ring
    kinked = [name for name in names if name != "id"]
    zs = [scaled(z, sign) for z, sign in oriented]
    product = wanted.product
    factors = [ring.affine(m) for m in multipliers]
    columns = [
        ring.times(atom(ring, name, z), factor) for name in kinked for z in zs for factor in factors
    ]
    own = [sum(e for _, e in p) for p in poly if all(ring.generators[i].sort == "x" for i, _ in p)]
    slack = _monomials(ring, min(max([2 if product else 1, *own]), _MAX_DEGREE))
    solution = solve([*columns, *slack], poly, field)
    if solution is None:
        return
    size = len(zs) * len(factors)
    matrix = [solution[k * size : (k + 1) * size] for k in range(len(kinked))]
    stretch = [sp.S.One] * len(zs)
    if not product:
        matrix, stretch = _stretched(matrix, kinked, field)
    found = rank_one(matrix)
    if found is None:
        return
    alpha, shares = found
    zs = [scaled(z, c) for z, c in zip(zs, stretch, strict=True)]
    neurons: list[Neuron] = []
    for j, z in enumerate(zs):
        row = shares[j * len(factors) : (j + 1) * len(factors)]
        if not any(row):
            continue
        if product:
            parts = [scaled(m, field.number(c)) for m, c in zip(multipliers, row, strict=True)]
            y = tuple(sp.expand(sp.Add(*entries)) for entries in zip(*parts, strict=True))
            neurons.append(Neuron(a=sp.S.One, w=z, v=y))
        else:
            neurons.append(Neuron(a=field.number(row[0]), w=z))
    left = mixture(kinked, alpha, field)
    yield from _completed(search, poly, wanted, field, neurons, left, "id" in names)


def _stretched(
    matrix: list[list[Any]], names: Sequence[str], field: Field
) -> tuple[list[list[Any]], list[Any]]:
    """Lengths of the z_j, free where psi mixes two homogeneous activations: s(c z) = c^q s(z)."""
    count = len(matrix[0])
    unchanged: tuple[list[list[Any]], list[Any]] = matrix, [sp.S.One] * count
    rows = [k for k, row in enumerate(matrix) if any(row)]
    degrees = [ACTIVATIONS[names[k]].homogeneous_degree for k in rows]
    if sorted(d or 0 for d in degrees) != [1, 2]:
        return unchanged
    low, high = (rows[degrees.index(d)] for d in (1, 2))
    ratios = [
        field.number(matrix[high][j] / matrix[low][j]) if matrix[low][j] else sp.S.Zero
        for j in range(count)
    ]
    first = next((r for r in ratios if r), None)
    if first is None:
        return unchanged
    lengths = [r / first if r else sp.S.One for r in ratios]
    if any(not c.is_Rational or c <= 0 for c in lengths):
        return unchanged
    changed = [list(row) for row in matrix]
    for j, c in enumerate(lengths):
        for k, degree in zip(rows, degrees, strict=True):
            changed[k][j] = matrix[k][j] / rational(c) ** (degree or 0)
    return changed, lengths


def _completed(
    search: Search,
    poly: Poly,
    wanted: Sum,
    field: Field,
    neurons: list[Neuron],
    left: dict[str, sp.Expr],
    identity: bool,
) -> Iterator[Formula]:
    """What the kinked activations leave over: a share of ``id``, a constant, or more neurons."""
    ring = search.ring
    product = wanted.product
    right = {"id": sp.S.One} if product else None
    total: Poly = {}
    weight: Poly = {}
    for n in neurons:
        outer = ring.affine(n.v) if n.v is not None else field.lift(ring.parse(n.a))
        for name, c in left.items():
            inner = field.lift(ring.times(atom(ring, name, n.w), ring.parse(c)))
            total = plus(total, ring.times(inner, field.lift(outer)))
        weight = plus(weight, field.lift(ring.times(ring.affine(n.w), outer)))
    rest = plus(poly, total, -1)
    if identity and weight:
        powers = next((p for p in rest if p in weight), None)
        if powers is not None:
            share = rest[powers] / weight[powers]
            trial = plus(rest, weight, -share)
            if len(trial) < len(rest):
                left, rest = {**left, "id": field.number(share)}, trial
    if not rest:
        yield Formula(neurons=tuple(neurons), left=left, right=right)
        return
    if any(ring.generators[i].sort != "x" for powers in rest for i, _ in powers):
        return
    more = _absorbed(search, rest, left, wanted, field)
    if more is not None:
        yield Formula(neurons=(*neurons, *more), left=left, right=right)


def _absorbed(
    search: Search, rest: Poly, left: dict[str, sp.Expr], wanted: Sum, field: Field
) -> list[Neuron] | None:
    """Neurons of the same psi for a polynomial: constants by psi(1), the others by pairs.

    Where q(z) = psi(z) + psi(-z) or psi(z) - psi(-z) is a polynomial, two neurons make q(w.x + b),
    and several such pairs what these span: all polynomials of degree n where q is of degree n and
    there are biases. (docs/theory.md, section 1: s(z) - s(-z) = z, ReLU^2(z) + ReLU^2(-z) = z^2)
    """
    ring, one = search.ring, unit(search.ring)
    outer = multipliers(ring, wanted.bias) if wanted.product else [None]
    columns: list[tuple[list[Neuron], Poly]] = []

    def polynomial(z: Affine, signs: Sequence[tuple[int, int]]) -> Poly:
        """What neurons at multiples of z add up to, or 0 where that is no polynomial."""
        value: Poly = {}
        try:
            for sign, share in signs:
                value = plus(value, _psi(ring, left, scaled(z, sign), field), share)
        except UnrecognisedError:  # slopes that no normal form has
            return {}
        plain = all(ring.generators[i].sort == "x" for powers in value for i, _ in powers)
        return value if plain else {}

    def add(z: Affine, y: Affine | None, signs: Sequence[tuple[int, int]]) -> None:
        search.check()
        if value := polynomial(z, signs):
            neurons = [Neuron(a=sp.Integer(share), w=scaled(z, sign), v=y) for sign, share in signs]
            columns.append((neurons, value if y is None else ring.times(value, ring.affine(y))))

    degree = _degree(rest)
    ways = [[(1, 1)], [(1, 1), (-1, 1)], [(1, 1), (-1, -1)]]
    x: Affine = (sp.S.One, *(sp.S.Zero,) * len(ring.symbols))
    # All directions make polynomials of one degree: there may be thousands, and none reach more.
    if degree > max(_degree(polynomial(x, signs)) for signs in ways) + wanted.product:
        return None
    value = sp.Add(*[c * at_one(name) for name, c in left.items()])
    if wanted.bias and value != 0:
        for y in outer:
            one_of_y: Poly = {(): sp.QQ(1)} if y is None else ring.affine(y)
            columns.append(([Neuron(a=1 / value, w=one, v=y)], one_of_y))
    for z in _directions(ring, rest, degree, bias=wanted.bias, field=field):
        known = len(columns)
        for signs in ways:
            if len(columns) == known:  # psi(z) itself, if that is a polynomial
                for y in outer:
                    add(z, y, signs)
    solution = solve([column for _, column in columns], rest, field)
    if solution is None:
        return None
    return [
        replace(neuron, a=neuron.a * field.number(c))
        for c, (neurons, _) in zip(solution, columns, strict=True)
        if c
        for neuron in neurons
    ]


def _degree(poly: Poly) -> int:
    """The degree of a polynomial in the coordinates; 0 for 0 as well."""
    return max((sum(e for _, e in powers) for powers in poly), default=0)


def _psi(ring: Ring, left: dict[str, sp.Expr], z: Affine, field: Field) -> Poly:
    """The normal form of psi at an argument."""
    total: Poly = {}
    for name, c in left.items():
        total = plus(total, field.lift(ring.times(atom(ring, name, z), ring.parse(c))))
    return total


def _directions(
    ring: Ring, rest: Poly, degree: int, *, bias: bool, field: Field
) -> Iterator[Affine]:
    """Arguments whose powers span the polynomials of a degree: first those that rest suggests."""
    count = len(ring.symbols)
    if degree <= 1:
        places: list[Powers] = [((ring.index(Generator("x", axis)), 1),) for axis in range(count)]
        row = [field.number(rest.get(powers, field.domain.zero)) for powers in (*places, ())]
        if any(row[:-1]):
            yield (*row[:-1], row[-1] if bias else sp.S.Zero)
    likely = _squares(ring, rest, field) if degree == 2 else ridges(ring, rest)
    yield from (z for z in likely if bias or z[-1] == 0)
    signs = range(-degree + 1, degree) if degree > 1 else (0, 1)
    grid = itertools.product(signs, repeat=count)
    rows = [w for w in grid if sum(map(abs, w)) <= degree and next((c for c in w if c), 0) > 0]
    shifts = range(-(degree // 2), degree - degree // 2 + 1) if bias else (0,)
    chosen = [(w, b) for w in rows for b in shifts]
    for w, b in sorted(chosen, key=lambda z: (sum(map(abs, z[0])) + abs(z[1]), z)):
        yield (*map(sp.Integer, w), sp.Integer(b))


def _squares(ring: Ring, rest: Poly, field: Field) -> Iterator[Affine]:
    """Arguments of as few squares as a quadratic polynomial is a sum of, off an affine function.

    Squares are completed one after another; where none is there to complete, x y is a difference of
    two.
    """
    axes = {ring.index(Generator("x", axis)): axis for axis in range(len(ring.symbols))}
    count = len(axes)
    form = sp.zeros(count + 1, count + 1)  # the last coordinate stands for 1
    for powers, c in rest.items():
        places = [axes[i] for i, e in powers for _ in range(e)]
        i, j = (*places, count, count)[:2]
        form[i, j] += field.number(c) / 2
        form[j, i] += field.number(c) / 2
    if not all(entry.is_Rational for entry in form):
        return
    for _ in range(count):
        places = [(i, j) for i in range(count) for j in range(count) if form[i, j] != 0]
        if not places:
            return
        i, j = min(places, key=lambda place: (place[0] != place[1], place))
        left, right = form.row(i), form.row(j)
        for row in [left] if i == j else [left + right, left - right]:
            yield tuple(row / next(c for c in row if c != 0))
        taken = left.T * right / form[i, j]
        form -= taken if i == j else taken + taken.T


def _products(ring: Ring, slopes: Poly, field: Field) -> list[tuple[Affine, Affine]]:
    """A quadratic polynomial without constant term as sum_i z_i y_i."""
    axes = {ring.index(Generator("x", axis)): axis for axis in range(len(ring.symbols))}
    rows: dict[int, list[sp.Expr]] = {}
    for powers, c in slopes.items():
        factors = [axes[i] for i, e in powers for _ in range(e)]
        row = rows.setdefault(factors[0], [sp.S.Zero] * (len(axes) + 1))
        row[factors[1] if len(factors) > 1 else -1] += field.number(c)
    units = sp.eye(len(axes) + 1).tolist()
    return [(tuple(units[axis]), tuple(row)) for axis, row in rows.items()]


def polynomial(search: Search, poly: Poly, names: Sequence[str], field: Field) -> Iterator[Formula]:
    """Polynomials of degree at most 2 as sums of products id(z) y."""
    ring = search.ring
    quadratic = all(
        sum(e for _, e in powers) <= 2 and all(ring.generators[i].sort == "x" for i, _ in powers)
        for powers in poly
    )
    if not quadratic or not poly or "id" not in names:
        return
    slopes = {powers: c for powers, c in poly.items() if powers}
    pairs = _products(ring, slopes, field)
    if () in poly:
        pairs.append((scaled(unit(ring), field.number(poly[()])), unit(ring)))
    identity = {"id": sp.S.One}
    neurons = tuple(Neuron(a=sp.S.One, w=z, v=y) for z, y in pairs)
    yield Formula(neurons=neurons, left=identity, right=identity)


def multipliers(ring: Ring, bias: bool) -> list[Affine]:
    """A basis of the affine functions; of the linear ones without ``bias``."""
    rows = sp.eye(len(ring.symbols) + 1).tolist()
    return [tuple(row) for row in (rows if bias else rows[:-1])]


def _monomials(ring: Ring, degree: int) -> list[Poly]:
    singles = [ring.affine(m) for m in multipliers(ring, True)]
    found: list[Poly] = [{(): sp.QQ(1)}]
    for _ in range(degree):
        found = [ring.times(p, q) for p in found for q in singles]
        found = list({tuple(sorted(p.items())): p for p in found}.values())
    return found


def mixture(names: Sequence[str], solution: Sequence[Any], field: Field) -> dict[str, sp.Expr]:
    """Nonzero coefficients by name."""
    return {name: field.number(c) for name, c in zip(names, solution, strict=True) if c}


def both_signs(zs: Sequence[Affine]) -> list[Affine]:
    """Every argument and its negative."""
    return [scaled(z, sign) for z in zs for sign in (1, -1)]


def at_one(name: str) -> Any:
    """The activation's value at 1."""
    return ACTIVATIONS[name](sp.S.One)
