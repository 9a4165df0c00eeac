"""Networks of a class with small exact weights, from simple to complex.

A network is a choice for each of its parts: the rows of its maps, the parameters of its neurons,
the coefficients of each group, the output weights. Its cost is the sum of these:

- a weight 1 of a map or gate costs 1; a weight -1 or 2, or a hidden bias, costs 2;
- an activation that is used costs 1, a sign against the first coefficient 1 more;
- parameters off their start values cost 1: one that is 1/2 or 1, or all 0 but for one that is 1;
  two that are 1, or those that leave powers on pieces alone (``simple_parameters.py``), cost 2;
- an output weight -1 costs 1, an output weight 1 nothing.

Maps have at most two nonzero weights, gates one, and a mixture uses at most two activations (of a
product: two pairs). Permuted coordinates count once: a coordinate is used after those before it.
(docs/theory.md, section 8)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import Constraint
from expressivity.classes.simple_parameters import few_ones, of_powers, starts
from expressivity.classes.weights import Weights, constant_gate

Row = tuple[sp.Expr, ...]
Choice = tuple[tuple[str, tuple[Row, ...]], ...]
"""Rows to add to blocks of the weights."""
Part = Callable[[int], Sequence[Choice]]
"""The choices of a given cost."""

MAX_COST = 12
_NEURONS = 3  # of each group
_MAP_WEIGHTS = {sp.Integer(1): 1, sp.Integer(-1): 2, sp.Integer(2): 2}
_GATE_WEIGHTS = {sp.Integer(1): 1, sp.Integer(2): 2}
_BIASES = tuple(sp.Rational(n, 2) for n in (1, -1, 2, -2))
_COEFFICIENTS = {
    Constraint.FREE: ((1,), (1, 1), (1, -1)),
    Constraint.AFFINE: ((1,), (sp.S.Half, sp.S.Half), (2, -1)),
    Constraint.SIMPLEX: ((1,), (sp.S.Half, sp.S.Half)),
}
_ACTIVE = 2


@dataclass(frozen=True, kw_only=True)
class Network:
    """One network: its class at its width, what is chosen for each part, and what that costs."""

    family: Family
    choices: tuple[Choice, ...]
    cost: int

    @property
    def rows(self) -> dict[str, list[Row]]:
        """The rows of every block, in the order of ``Family.shapes``; those of a one by one."""
        blocks: dict[str, list[Row]] = {name: [] for name in self.family.shapes}
        for name, rows in (block for choice in self.choices for block in choice):
            blocks[name] += rows
        return blocks

    @property
    def weights(self) -> Weights:
        """The exact weights."""
        blocks = {name: sp.ImmutableMatrix(rows) for name, rows in self.rows.items()}
        return Weights(blocks=blocks | {"a": blocks["a"].T})

    @property
    def axes(self) -> Iterator[list[int]]:
        """For each row of a map or gate the coordinates that it uses."""
        on_x = {*map_names(self.family.record.maps), "u0", "u1"}
        for name, rows in (block for choice in self.choices for block in choice):
            if name in on_x:
                for row in rows:
                    yield [axis for axis, weight in enumerate(row[:-1]) if weight != 0]


def networks(family: Family) -> Iterator[Network]:
    """Networks of a class of any width, by cost, then by width; finitely many.

    Widths are one to three times the number of groups.

    >>> from expressivity.classes.weights import network_expression
    >>> la = Family(neuron="type1", kind="la", dictionary="id,relu,tanh", width=1, dimension=1)
    >>> found = networks(la)
    >>> [network_expression(n.family, n.weights) for _, n in zip(range(2), found)][-1]
    Piecewise((x1, x1 > 0), (0, True))
    """
    wide = [family.at_width(family.width_step * m) for m in range(1, _NEURONS + 1)]
    parts = [(one, _parts(one)) for one in wide]
    for cost in range(1, MAX_COST + 1):
        for one, own in parts:
            for choices in _filled(own, cost):
                network = Network(family=one, choices=choices, cost=cost)
                if _in_order(network):
                    yield network


def _parts(family: Family) -> list[Part]:
    """What is chosen: of each block the rows come in the order of these."""
    record = family.record
    maps = [_maps(family, name) for _ in range(family.width) for name in map_names(record.maps)]
    owners = 0 if not record.parameters else 1 if record.shared else family.width
    outputs = [_listed({0: [_output(sp.S.One)]})]
    outputs += [_listed({0: [_output(sp.S.One)], 1: [_output(sp.S.NegativeOne)]})] * (
        family.width - 1
    )
    groups = range(family.group_count)
    mixtures = [_coefficients(family, side) for side in range(family.sides) for _ in groups]
    return [*maps, *[_parameters(family)] * owners, *mixtures, *outputs]


def _filled(parts: Sequence[Part], cost: int) -> Iterator[tuple[Choice, ...]]:
    """All choices, one for each part, of this cost together."""
    if not parts:
        if cost == 0:
            yield ()
        return
    first, *rest = parts
    for own in range(cost + 1):
        for choice in first(own):
            for others in _filled(rest, cost - own):
                yield (choice, *others)


def _in_order(network: Network) -> bool:
    """Whether coordinates are used one after another, as some permutation makes them."""
    used = 0
    for axes in network.axes:
        new = [axis for axis in axes if axis >= used]
        if new != list(range(used, used + len(new))):
            return False
        used += len(new)
    return True


def _listed(choices: dict[int, list[Choice]]) -> Part:
    return lambda cost: choices.get(cost, [])


def _output(weight: sp.Expr) -> Choice:
    return (("a", ((weight,),)),)


def _maps(family: Family, name: str) -> Part:
    """Rows of a map: at most two nonzero weights, and a bias where there are biases."""
    found: dict[int, list[Choice]] = {}
    biases = {sp.S.Zero: 0} | (dict.fromkeys(_BIASES, 2) if family.bias else {})
    for count in (1, 2, 0):
        for bias, extra in biases.items():
            for axes in combinations(range(family.dimension), count):
                for weights in product(_MAP_WEIGHTS, repeat=count):
                    cost = extra + sum(_MAP_WEIGHTS[weight] for weight in weights)
                    row = _row(family.dimension, dict(zip(axes, weights, strict=True)), bias)
                    if cost:
                        found.setdefault(cost, []).append(((name, (row,)),))
    return _listed(found)


def _row(dimension: int, weights: dict[int, sp.Expr], bias: sp.Expr) -> Row:
    return (*(weights.get(axis, sp.S.Zero) for axis in range(dimension)), bias)


def _parameters(family: Family) -> Part:
    """The start values of a neuron's parameters, and others that are simple."""
    record = family.record
    first = starts(record)
    costs: dict[Row, int] = {first: 0}
    for row in few_ones(record):
        costs.setdefault(row, max(1, sum(map(int, row))))
    for place in range(len(first)):
        for value in (sp.S.Half, sp.S.One):
            costs.setdefault((*first[:place], value, *first[place + 1 :]), 1)
    for row in of_powers(record):
        costs.setdefault(row, 2)
    found: dict[int, list[Choice]] = {}
    for row, cost in costs.items():
        found.setdefault(cost, []).append((("p", (row,)),))
    return _listed(found)


def _coefficients(family: Family, side: int) -> Part:
    """Coefficient vectors of one group and side, with the gates of a gated class."""
    if family.gate is not None:
        return _Gated(family, side)
    size, found = family.size(side), dict[int, list[Choice]]()
    if not family.mixes:
        hot = [(sp.Integer(name == family.activation),) for name in family.basis]
        return _listed({1: [((f"scale{side}", tuple(hot)),)]})
    for values in _COEFFICIENTS[family.constraint]:
        cost = len(values) + len(set(values)) - 1
        for places in combinations(range(size), len(values)):
            at = dict(zip(places, map(sp.sympify, values), strict=True))
            rows = tuple((at.get(k, sp.S.Zero),) for k in range(size))
            found.setdefault(cost, []).append(((f"scale{side}", rows),))
    return _listed(found)


class _Gated:
    """Gates of one or two activations: constant, or of one coordinate; the others are off.

    Where scales are not learned nothing can be switched off, and the others have logit 0.
    """

    def __init__(self, family: Family, side: int) -> None:
        assert family.gate is not None
        self._side, self._size = side, family.size(side)
        zero = _row(family.dimension, {}, sp.S.Zero)
        self._off = zero, sp.Integer(not family.gate.scale)
        self._known: dict[int, list[Choice]] = {}
        self._on: list[dict[int, list[tuple[Row, sp.Expr]]]] = []
        for k in range(self._size):
            ways = {1: self._constant(family, k)}
            for weight, cost in _GATE_WEIGHTS.items():
                rows = [_row(family.dimension, {i: weight}, zero[-1]) for i in range(len(zero) - 1)]
                ways[1 + cost] = [(row, sp.S.One) for row in rows]
            self._on.append(ways)

    def _constant(self, family: Family, k: int) -> list[tuple[Row, sp.Expr]]:
        assert family.gate is not None
        hot = [sp.Integer(i == k) for i in range(self._size)]
        gate = constant_gate(hot, family.gate)
        if gate is None:
            return []
        scale = gate.scales[k] * gate.factor if family.gate.scale else sp.S.One
        return [(_row(family.dimension, {}, gate.biases[k]), scale)]

    def __call__(self, cost: int) -> list[Choice]:
        if cost not in self._known:
            self._known[cost] = [
                choice
                for count in range(1, _ACTIVE + 1)
                for places in combinations(range(self._size), count)
                for choice in self._at(places, cost)
            ]
        return self._known[cost]

    def _at(self, places: tuple[int, ...], cost: int) -> Iterator[Choice]:
        """All gates of these activations that cost so much together."""
        for costs in product(self._on[0], repeat=len(places)):
            if sum(costs) != cost:
                continue
            ways = [self._on[k].get(c, []) for k, c in zip(places, costs, strict=True)]
            for chosen in product(*ways):
                at = dict(zip(places, chosen, strict=True))
                entries = [at.get(k, self._off) for k in range(self._size)]
                logits, scales = zip(*entries, strict=True)
                yield (
                    (f"u{self._side}", logits),
                    (f"scale{self._side}", tuple((scale,) for scale in scales)),
                )
