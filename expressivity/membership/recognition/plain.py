"""Networks without coefficients to find: sum_j a_j N(z_j1, .., z_jr; p_j), whatever N is.

The maps z that neurons can have are read off the target: formulas of its pieces, levels of its
conditions, arguments of its functions; their parameters p off its numbers. With every neuron of
these as a column of values, a few columns whose combination is the target are a small linear
problem. It is solved in floating point and its solution rounded: that a network found in this way
is the target is for the caller to verify.

Where a layer shares its parameters, multiples of the maps are asked for, too: neurons of one kind
at multiples of a map span the powers that they are made of.
"""

import contextlib
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import sympy as sp
import torch

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family, map_names
from expressivity.classes.neurons import MAPS, Neuron, parameter_symbol
from expressivity.classes.simple_parameters import Setting, few_ones, of_powers, starts
from expressivity.classes.weights import Weights
from expressivity.membership.recognition.maps import affine_maps
from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.sparse import combinations
from expressivity.membership.recognition.terms import Affine, line_of, scaled
from expressivity.symbolic.budget import Budget, OutOfBudgetError
from expressivity.symbolic.interpret import TORCH, compiled
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import COORDINATES

_COLUMNS, _SETTINGS, _POINTS = 1500, 100, 120  # neurons, values of the parameters, places
_REACHES = (1.0, 3.0, 9.0)  # the places lie in these boxes, by turns
_SIMPLE = tuple(sp.Rational(n, 2) for n in (2, -2, 0, 1, -1, 4))
MAX_ROUNDED = 10_000
_ROUNDED = 1e-8
_FITS = 1e-8  # of the size of the target: what its best combination may leave
_MULTIPLES = (1, 2, 3, 4)
_SAME = 9  # decimals in which two columns are told apart


@dataclass(frozen=True, kw_only=True)
class _Column:
    """One neuron: its maps and its parameters."""

    maps: tuple[Affine, ...]
    parameters: Setting


@functools.cache
def has_normal_form(activation: str) -> bool:
    """Whether searches by normal forms know an activation.

    >>> has_normal_form("silu")
    True
    """
    x = COORDINATES[0]
    try:
        Ring((x,)).parse(ACTIVATIONS[activation](x))
    except UnrecognisedError:
        return False
    return True


def networks(
    expression: sp.Expr,
    family: Family,
    width: int | None,
    budget: Budget,
    setting: Setting | None = None,
) -> Iterator[Recognition]:
    """Networks of a family that mixes nothing that may be the expression, small ones first.

    Args:
        expression: in the coordinates of the family's dimension.
        family: fixed; its width does not matter.
        width: of the networks; as many neurons as are needed where it is None.
        budget: pays for every column and its values.
        setting: the parameters of the layer; simple ones in turn where it is None.
    """
    expression, record = by_conditions(expression), family.record
    settings = settings_for(expression, record) if setting is None else [setting]
    if not record.shared:
        yield from _with_settings(expression, family, settings, width, budget)
        return
    if setting is None:
        settings = list(dict.fromkeys((*settings, *few_ones(record))))
    found: list[Recognition] = []
    with contextlib.suppress(OutOfBudgetError):  # what was found before has been paid for
        for one in settings:
            found += _with_settings(expression, family, [one], width, budget)
            if any(network.family.width == 1 for network in found):
                break
    yield from sorted(found, key=lambda network: network.family.width)


def _with_settings(
    expression: sp.Expr,
    family: Family,
    settings: Sequence[Setting],
    width: int | None,
    budget: Budget,
) -> Iterator[Recognition]:
    """Networks whose neurons have parameters among these."""
    columns = _columns(expression, family, settings)
    budget.spend(len(columns) * (_POINTS + len(columns) // 10))
    try:
        target, values = _values(expression, family, columns)
    except ValueError:  # a function that has no values here
        return
    kept = _different(values)
    if family.record.shared and not _fits(values[:, kept], target):
        return
    for support in combinations(values[:, kept], target, most=width):
        chosen = [(columns[kept[i]], _rounded(a)) for i, a in support]
        numbers = [(column, a) for column, a in chosen if a is not None]
        if len(numbers) == len(chosen):
            yield _network(numbers, replace(family, width=width or max(len(chosen), 1)))


def _fits(columns: np.ndarray, target: np.ndarray) -> bool:
    """Whether some combination of all columns is near the target: cheaper than a sparse one."""
    if not columns.size or not np.isfinite(target).all():
        return False
    unit = columns / np.linalg.norm(columns, axis=0)
    solution: Any = np.linalg.lstsq(unit, target, rcond=None)[0]
    left = np.linalg.norm(unit @ solution - target)
    return bool(left <= _FITS * max(float(np.linalg.norm(target)), _ROUNDED))


def settings_for(expression: sp.Expr, record: Neuron) -> list[Setting]:
    """Values of the parameters: where layers start, numbers of the target, simple ones.

    Where a layer shares them, also those that make its neurons of powers.

    >>> from expressivity.classes.neurons import NEURONS
    >>> settings_for(COORDINATES[0] / 3, NEURONS["prelu"])[:3]
    [(1/4,), (1/3,), (1,)]
    """
    count, first = len(record.parameters), starts(record)
    found: set[Any] = expression.atoms(sp.Rational)
    own = sorted((n for n in found if n not in _SIMPLE), key=lambda n: (n.q, abs(n.p), n.p))
    numbers = dict.fromkeys((*first, *own, *_SIMPLE))
    each = next(n for n in range(len(numbers), 0, -1) if n**count <= _SETTINGS or n == 1)
    simple = itertools.product(list(numbers)[:each], repeat=count)
    powers = of_powers(record) if record.shared else ()
    return list(dict.fromkeys((first, *simple, *powers)))


def _columns(expression: sp.Expr, family: Family, settings: Sequence[Setting]) -> list[_Column]:
    maps = affine_maps(expression, COORDINATES[: family.dimension], bias=family.bias)
    if family.record.shared:
        maps = _with_multiples(maps, family.dimension)
    size, count = family.record.maps, len(settings)
    most = next(n for n in range(len(maps), 0, -1) if n**size * count <= _COLUMNS or n == 1)
    return [
        _Column(maps=chosen, parameters=numbers)
        for chosen in itertools.product(maps[:most], repeat=size)
        for numbers in settings
    ]


def _with_multiples(maps: Sequence[Affine], dimension: int) -> list[Affine]:
    """Multiples of their lines and of sums of two coordinates, then the maps themselves."""
    lines = [line_of(z)[1] or z for z in maps]
    for i, j in itertools.combinations(range(dimension), 2):
        units = (sp.Integer(k in (i, j)) for k in range(dimension + 1))
        apart = (sp.Integer((k == i) - (k == j)) for k in range(dimension + 1))
        lines += [tuple(units), tuple(apart)]
    signed = (scaled(z, s * n) for n in _MULTIPLES for z in dict.fromkeys(lines) for s in (1, -1))
    return list(dict.fromkeys((*signed, *maps)))


def neuron_expression(family: Family) -> sp.Expr:
    """A neuron of a fixed family in maps and parameters alone."""
    record = family.record
    name = family.activation
    mixtures = [] if name is None else [ACTIVATIONS[name](MAPS[i]) for (i,) in record.mixtures]
    own = [parameter_symbol(parameter.name) for parameter in record.parameters]
    return record(MAPS[: record.maps], mixtures, own)


def _values(
    expression: sp.Expr, family: Family, columns: Sequence[_Column]
) -> tuple[np.ndarray, np.ndarray]:
    """Values of the target and of each column at fixed places; a column that has none is 0."""
    record, symbols = family.record, COORDINATES[: family.dimension]
    roots = np.sqrt(np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0]))
    steps = np.arange(1, _POINTS + 1)[:, None] * roots[np.arange(family.dimension) % len(roots)]
    reaches = np.resize(_REACHES, (_POINTS, 1))
    points = torch.from_numpy(reaches * (2 * (steps % 1) - 1))
    target = compiled(expression, symbols, TORCH)(*points.T) + 0 * points[:, 0]
    ones = torch.cat([points, torch.ones(len(points), 1, dtype=torch.float64)], 1)
    named = (*MAPS[: record.maps], *(parameter_symbol(p.name) for p in record.parameters))
    arguments = [
        ones @ _matrix([column.maps[i] for column in columns]).T for i in range(record.maps)
    ]
    numbers = _matrix([column.parameters for column in columns])
    arguments += [numbers[:, i].expand(len(points), -1) for i in range(len(record.parameters))]
    values = compiled(neuron_expression(family), named, TORCH)(*arguments) + 0 * arguments[0]
    finite = torch.isfinite(values).all(0)
    return target.numpy(), torch.where(finite, values, 0.0).numpy()


def _matrix(rows: Sequence[Sequence[sp.Expr]]) -> torch.Tensor:
    return torch.tensor([[float(entry) for entry in row] for row in rows], dtype=torch.float64)


def _different(values: np.ndarray) -> list[int]:
    """Columns without those that are multiples of others, and without 0."""
    found: dict[bytes, int] = {}
    for place, column in enumerate(values.T):
        size = float(np.linalg.norm(column))
        if size > _ROUNDED:
            first = float(column[np.argmax(np.abs(column) > _ROUNDED * size)])
            found.setdefault((np.round(column / first, _SAME) + 0.0).tobytes(), place)
    return list(found.values())


def _rounded(value: float) -> sp.Expr | None:
    near = Fraction(value).limit_denominator(MAX_ROUNDED)
    if abs(float(near) - value) > _ROUNDED * (1 + abs(value)):
        return None
    return cast(sp.Expr, sp.Rational(near.numerator, near.denominator))


def _network(chosen: Sequence[tuple[_Column, sp.Expr]], family: Family) -> Recognition:
    """The weights; idle neurons have the parameters that a layer starts with."""
    record = family.record
    empty = (sp.S.Zero,) * (family.dimension + 1)
    idle = _Column(maps=(empty,) * record.maps, parameters=starts(record))
    filled = [*chosen, *[(idle, sp.S.Zero)] * (family.width - len(chosen))]
    blocks: dict[str, Any] = {
        name: [column.maps[i] for column, _ in filled]
        for i, name in enumerate(map_names(record.maps))
    }
    if record.parameters:
        blocks["p"] = [column.parameters for column, _ in filled][: 1 if record.shared else None]
    blocks["a"] = [[a for _, a in filled]]
    for side in range(family.sides):
        blocks[f"scale{side}"] = [[int(name == family.activation)] for name in family.basis]
    matrices = {name: sp.ImmutableMatrix([list(row) for row in b]) for name, b in blocks.items()}
    return Recognition(family=family, weights=Weights(blocks=matrices))
