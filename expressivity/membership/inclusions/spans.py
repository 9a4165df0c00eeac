"""A function as a combination of neurons of one class at simple arguments.

Least squares on a few points proposes rational coefficients; the identity of both functions,
checked exactly, decides. Fewer neurons come first.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp
import torch
from numpy.typing import NDArray

from expressivity.classes.facts import is_real_analytic
from expressivity.classes.families import Family, map_names
from expressivity.classes.properties import is_analytic, piece_degree
from expressivity.classes.rational import has_rational_pieces, is_rational
from expressivity.classes.simple_parameters import Setting
from expressivity.classes.terms import degree_in, is_analytic_choice
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.recognition import recognise, recognise_at
from expressivity.membership.recognition.network import Recognition
from expressivity.membership.recognition.verification import same_function
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.symbols import COORDINATES

_POINTS, _LARGEST, _SMALL = 60, 10**5, 1e-9
_MOST_ARGUMENTS, _MOST_COLUMNS, _STEPS = 14, 60, 100_000
_NARROW = 2  # no fewer neurons are sought than these

Row = tuple[int, ...]
"""Integer coefficients of the coordinates and the constant: an affine map."""


@functools.lru_cache(maxsize=4096)
def realised(
    function: sp.Expr, family: Family, setting: Setting | None = None
) -> Recognition | None:
    """A network of the family's class that is the function, verified, or None.

    Args:
        function: in the coordinates of the family's dimension.
        family: its width does not matter.
        setting: the parameters of the layer, where it shares them.

    >>> square = Family(neuron="type1", kind="fixed", dictionary="square", width=1, dimension=2)
    >>> realised(COORDINATES[0] * COORDINATES[1], square).family.width
    2
    """
    if not _may_be(function, family):
        return None
    if setting is not None:
        return recognise_at(function, family, setting, steps=_STEPS)
    found = recognise(function, family, steps=_STEPS)
    if family.mixes or family.record.parameters or (found and found.family.width <= _NARROW):
        return found
    combinations = [found, *(_combined(function, family, rows) for rows in _stages(family))]
    known = [network for network in combinations if network is not None]
    return min(known, key=lambda network: network.family.width, default=None)


def _may_be(function: sp.Expr, family: Family) -> bool:
    """False where it is hopeless: another kind of function than the class has."""
    if is_analytic(family) and not is_real_analytic(function):
        return False
    own = frozenset(COORDINATES[: family.dimension])
    if has_rational_pieces(family) and not is_rational(function, own, own):
        return False
    degrees = dict.fromkeys(own, 1)
    pieces = degree_in(function, degrees, is_analytic_choice)
    return piece_degree(family) is None or pieces is not None


def _stages(family: Family) -> Iterator[list[Row]]:
    """Lists of arguments, simple ones first."""
    d = family.dimension
    one, single, pairs = (0,) * d + (1,), *_axes_and_pairs(d)
    stages = [single, pairs, [*single, *pairs]]
    if family.bias:
        shifted = [(*row[:-1], s) for row in single for s in (1, -1)]
        stages += [[*single, *shifted, one], [one]]
    if family.record.maps > 1:
        stages = [[*stage, one] if family.bias else stage for stage in stages]
    yield from (stage for stage in stages if 0 < len(stage) <= _MOST_ARGUMENTS)


def simple_rows(dimension: int) -> list[Row]:
    """The coordinates, their sums and differences, and the negatives of all.

    >>> simple_rows(1)
    [(1, 0), (-1, 0)]
    """
    single, pairs = _axes_and_pairs(dimension)
    return [*single, *pairs]


def _axes_and_pairs(d: int) -> tuple[list[Row], list[Row]]:
    unit = [tuple(int(i == k) for i in range(d)) for k in range(d)]
    sums = [
        tuple(a + s * b for a, b in zip(unit[i], unit[j], strict=True))
        for i in range(d)
        for j in range(i)
        for s in (1, -1)
    ]
    return _both_signs(unit), _both_signs(sums)


def _both_signs(rows: Sequence[Sequence[int]]) -> list[Row]:
    return [(*(s * entry for entry in row), 0) for row in rows for s in (1, -1)]


def _combined(function: sp.Expr, family: Family, rows: Sequence[Row]) -> Recognition | None:
    """The combination of neurons at these arguments, as far as they are independent."""
    maps = family.record.maps
    arguments = list(product(rows, repeat=maps))[:_MOST_COLUMNS]
    one = replace(family, width=1, groups=1)
    neurons = [network_expression(one, _weights(one, [args], [sp.S.One])) for args in arguments]
    solved = coefficients_of(function, neurons, family.dimension)
    if solved is None:
        return None
    kept = [(args, c) for args, c in zip(arguments, solved, strict=True) if c]
    if not kept:
        return None
    sized = replace(one, width=len(kept))
    weights = _weights(sized, [args for args, _ in kept], [c for _, c in kept])
    network = network_expression(sized, weights)
    if not same_function(network, function, COORDINATES[: family.dimension]):
        return None
    return Recognition(family=sized, weights=weights)


def coefficients_of(
    function: sp.Expr, neurons: Sequence[sp.Expr], dimension: int
) -> list[sp.Expr] | None:
    """Rational coefficients near a least-squares solution that fits; they prove nothing.

    >>> x = COORDINATES[0]
    >>> coefficients_of(3 * x / 2 - 1, [sp.S.One, x], 1)
    [-1, 3/2]
    """
    draw = np.random.default_rng(0)
    points = torch.from_numpy(draw.uniform(-3, 3, (_POINTS, dimension)))
    columns = [_values(neuron, points) for neuron in neurons]
    goal = _values(function, points)
    kept: list[int] = []
    basis = np.zeros((_POINTS, 0))
    for place, column in enumerate(columns):  # the first ones that are independent
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > _SMALL * max(float(np.linalg.norm(column)), 1.0):
            kept.append(place)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    if not kept:
        return None
    chosen = np.column_stack([columns[place] for place in kept])
    solution, *_ = np.linalg.lstsq(chosen, goal, rcond=None)
    if np.linalg.norm(chosen @ solution - goal) > _SMALL * max(float(np.linalg.norm(goal)), 1.0):
        return None
    found: list[sp.Expr] = [sp.S.Zero] * len(neurons)
    for place, value in zip(kept, solution.tolist(), strict=True):
        near = Fraction(value).limit_denominator(_LARGEST)
        found[place] = sp.Rational(near.numerator, near.denominator)
    return found


def _values(expression: sp.Expr, points_ND: torch.Tensor) -> NDArray[np.float64]:
    columns = dict(zip(COORDINATES, points_ND.unbind(1), strict=False))
    value = torch.as_tensor(interpret(expression, columns, TORCH), dtype=points_ND.dtype)
    return value.expand(len(points_ND)).numpy()


def _weights(
    family: Family, arguments: Sequence[Sequence[Row]], outer: Sequence[sp.Expr]
) -> Weights:
    """One neuron for each tuple of arguments."""
    blocks = {
        name: sp.ImmutableMatrix([list(args[place]) for args in arguments])
        for place, name in enumerate(map_names(family.record.maps))
    }
    blocks["a"] = sp.ImmutableMatrix([list(outer)])
    if family.sides:
        hot = [sp.Integer(name == family.activation) for name in family.basis]
        blocks["scale0"] = sp.ImmutableMatrix(hot)
    return Weights(blocks=blocks)
