"""Functions of a class from simple to complex, each once up to symmetries.

Signed permutations of the coordinates and factors map every class onto itself, and the unit ball:
of functions that differ in these alone one is enough. Which do is told by rounded values at a few
points: a rounding error could drop a function, and nothing else; no verdict rests on it.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice, permutations, product

import numpy as np
import sympy as sp
import torch

from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint
from expressivity.classes.networks import evaluate
from expressivity.classes.weights import Weights, network_expression
from expressivity.relations.enumeration import Network, networks
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

_POINTS = ((0.41, -0.13, 0.27, 0.09), (0.83, 0.29, -0.17, 0.38), (0.07, 0.61, 0.53, -0.22))
_DIGITS = 8
_ZERO = 1e-9  # a function that is smaller at all points is taken for 0
_AT_ONCE = 64
_RAW = 20  # networks that are looked at for each candidate that may be asked for


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A function of a class that may lie outside another.

    Attributes:
        family: the class, at the network's width.
        weights: of the network, exact.
        cost: of the network (``enumeration.py``).
    """

    family: Family
    weights: Weights
    cost: int

    @property
    def formula(self) -> str:
        """The function as a user would type it.

        >>> moa = Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=2)
        >>> [c.formula for c in candidates(moa, budget=2, all_used=True)]
        ['x1*tanh(x2)', 'relu(x1)*tanh(x2)']
        """
        return self.target.formula

    @property
    def target(self) -> Target:
        """The network's function on the unit ball.

        >>> la = Family(neuron="type1", kind="la", dictionary="relu", width=1, dimension=1)
        >>> next(candidates(la, budget=1)).target.formula
        'relu(x1)'
        """
        return Target(
            name="f",
            expression=network_expression(self.family, self.weights),
            domain=domain_for(self.family.dimension),
            source="found by enumeration",
            form=self.family.neuron,
            bias=self.family.bias,
        )

    def json(self) -> dict[str, object]:
        """What it is, for identities of units: class and weights."""
        return {"family": self.family.json(), "weights": self.weights.json()}


def candidates(family: Family, *, budget: int, all_used: bool = False) -> Iterator[Candidate]:
    """At most so many functions of a class of any width, by the cost of their networks.

    Args:
        family: a class, whose width is not looked at.
        budget: how many; of networks, twenty times as many are looked at.
        all_used: whether only functions of all coordinates are asked for.

    >>> la = Family(neuron="type1", kind="la", dictionary="relu,relu2", width=1, dimension=1)
    >>> [c.target.formula for c in candidates(la, budget=3)]
    ['relu(x1)', 'relu2(x1)', 'relu(x1) + relu2(x1)']
    """
    known: set[bytes] = set()
    asked_for = (network for network in networks(family) if not all_used or _uses_all(network))
    for network, mark in _marked(islice(asked_for, _RAW * budget)):
        if len(known) >= budget:
            return
        if mark is None or mark in known:
            continue
        known.add(mark)
        yield Candidate(family=network.family, weights=network.weights, cost=network.cost)


def _uses_all(network: Network) -> bool:
    """Whether every coordinate has a weight somewhere."""
    return len({axis for axes in network.axes for axis in axes}) == network.family.dimension


def _marked(found: Iterator[Network]) -> Iterator[tuple[Network, bytes | None]]:
    """Networks with rounded values that symmetric functions share; None for 0 and not finite."""
    while some := list(islice(found, _AT_ONCE)):
        for family, alike in groupby(some, key=lambda network: network.family):
            group = list(alike)
            theta_LP = torch.tensor([_packed(network) for network in group], dtype=torch.float64)
            nodes_ND, count = _nodes(family.dimension)
            values_LN = evaluate(family, theta_LP, nodes_ND)[:, 0].numpy()
            for network, values_N in zip(group, values_LN, strict=True):
                yield network, _mark(values_N.reshape(-1, count))


def _packed(network: Network) -> list[float]:
    """The weights as a lane of a fit."""
    squared = network.family.constraint is Constraint.SIMPLEX  # by the network
    lane: list[float] = []
    for name, rows in network.rows.items():
        entries = [_float(entry) for row in rows for entry in row]
        lane += [math.sqrt(c) for c in entries] if squared and name[:5] == "scale" else entries
    return lane


@functools.cache
def _float(number: sp.Expr) -> float:
    return float(sp.N(number, 30))


@functools.cache
def _nodes(dimension: int) -> tuple[torch.Tensor, int]:
    """Some points with their images, image after image; and how many points there are."""
    if dimension > len(_POINTS[0]):  # too many images: only equal functions are told
        drawn = np.random.default_rng(0).uniform(-0.5, 0.5, (_AT_ONCE, dimension))
        return torch.from_numpy(drawn), _AT_ONCE
    base = np.array(_POINTS)[:, :dimension]
    images = [
        base[:, order] * signs
        for order in permutations(range(dimension))
        for signs in product((1.0, -1.0), repeat=dimension)
    ]
    return torch.from_numpy(np.concatenate(images)), len(_POINTS)


def _mark(table: np.ndarray) -> bytes | None:
    """Values, a row for each image, whatever the order of the images and the factor."""
    largest = np.abs(table).max()
    if not np.isfinite(largest) or largest < _ZERO:
        return None
    forms = [np.round(sign * table / largest, _DIGITS) + 0.0 for sign in (1.0, -1.0)]
    return min(b"".join(sorted(row.tobytes() for row in form)) for form in forms)
