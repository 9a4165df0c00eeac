"""How well the l2 error of a network is known, which may be steeper than its target.

The difference is integrated a second time, on cells that adapt to it: split where neurons bend,
steered to the hyperplanes at which neurons and gates change steeply. Linear maps are read off the
parameter blocks whose rows are as long as a point with its 1.

Shape letters: N nodes, D input dimension, E = D + 1, R rows of linear maps, P packed parameters
or probes.
"""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate, unpack
from expressivity.fitting.norms import cells_of, judged, plain_rule, tolerance_of
from expressivity.targets.adaptive import Adapted, adapt
from expressivity.targets.cells import Probes
from expressivity.targets.charts import Chart
from expressivity.targets.domains import Array, Domain, Hyperplane
from expressivity.targets.sampling import kink_points
from expressivity.targets.target import Target

_MOST_VALUES = 80_000
_MOST_SPLITS, _MOST_PIECES = 24, 400  # beyond, cells are halved there
_SHARP = 16.0  # from where on pieces end where a neuron or a gate changes
_STEEP = 4.0  # from where on what a neuron does at its hyperplane may hide between nodes
_ON_A_PLANE = 16  # points
_STEPS = (-6.0, -2.0, -0.5, 0.5, 2.0, 6.0)  # off a hyperplane, in units of 1 / steepness
_MOST_PAIRS = 64
_CHUNK = 8192


def known_error(
    family: Family, theta_P: Tensor, target: Target, plain: float, norm: float
) -> tuple[float, float]:
    """The relative l2 error of a packed network, and an estimate of how far it is off.

    Args:
        family: the network's class.
        theta_P: its weights.
        target: with a norm.
        plain: the error by the rule that measures; it stays where cells agree with it.
        norm: the target's.

    Returns:
        The error, and the estimate in units of the norm, or of the error where that is larger;
        infinite where the network is not finite.
    """
    if not math.isfinite(plain):
        return plain, math.inf
    if cells_of(target) is None:
        return plain, _between_rules(family, theta_P, target, plain, norm)
    size, goal = max(plain, 1.0), tolerance_of(target.dimension) / 4
    chart, start = _chart_of(family, theta_P, target)
    spent = 0 if start is None else len(start.low_BD) * start.order**target.dimension
    try:
        found = adapt(
            lambda nodes_ND: _difference(family, theta_P, target, nodes_ND),
            chart,
            tolerance=goal,
            most=_MOST_VALUES + 2 * spent,
            size=size * norm,
            probes=_steep_places(family, theta_P, target.domain),
            start=start,
        )
    except ValueError:  # not finite between the nodes
        return plain, math.inf
    if not math.isfinite(found.squared):
        return plain, math.inf
    by_cells, left = found.squared**0.5 / norm, found.norm_error(size * norm)
    left = max(left, goal * min(plain, 1.0))  # finer, nothing was looked for
    apart = abs(by_cells - plain) / size
    if apart + left <= tolerance_of(target.dimension) or apart <= left:
        return plain, apart + left
    return by_cells, left


def _chart_of(family: Family, theta_P: Tensor, target: Target) -> tuple[Chart, Adapted | None]:
    """The chart of a difference, and the cells to begin with.

    Split where the network is sharp, unless that takes many pieces. Where the target needs cells
    of its own, these come first.
    """
    cells = cells_of(target)
    assert cells is not None
    if judged(target).cells is None:
        planes = _split(family, theta_P)
        if len(planes) <= _MOST_SPLITS:
            chart = Chart(target.domain, (*target.kinks, *planes))
            if len(chart.pieces) <= _MOST_PIECES:
                return chart, None
    return cells.chart, cells


def _split(family: Family, theta_P: Tensor) -> list[Hyperplane]:
    """Where neurons bend, or they or gates are so steep that pieces had better end there."""
    bend = any(ACTIVATIONS[s].expression.has(sp.Piecewise) for s in family.basis)
    neurons, gates = _rows(family, theta_P)
    found = [plane for plane, _ in _planes(neurons, least=0.0 if bend else _SHARP)]
    return found + [plane for plane, _ in _planes(gates, least=_SHARP)]


def _rows(family: Family, theta_P: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Rows of the linear maps of neurons, and those of gates with the differences of pairs.

    A softmax gate changes where two of its logits are equal.
    """
    neurons: list[Tensor] = []
    gates: list[Tensor] = []
    for name, block in unpack(family, theta_P[None].detach()).items():
        if block.shape[-1] == family.dimension + 1:
            rows_RE = list(block.reshape(-1, block.shape[-1]))
            (gates if name.startswith("u") else neurons).extend(rows_RE)
            if name.startswith("u"):
                pairs = itertools.islice(itertools.combinations(rows_RE, 2), _MOST_PAIRS)
                gates += [one - other for one, other in pairs]
    return neurons, gates


def _planes(rows: Iterable[Tensor], *, least: float) -> Iterable[tuple[Hyperplane, float]]:
    """Where rows vanish, with their steepness, if that is above ``least``."""
    for row in rows:
        steep = float(row[:-1].norm())
        if least < steep < math.inf:
            offset = float(-row[-1] / steep)
            normal = tuple((row[:-1] / steep).tolist())
            if abs(offset) <= math.sqrt(len(normal)):
                yield Hyperplane(normal=normal, offset=offset), steep


def _difference(family: Family, theta_P: Tensor, target: Target, nodes_ND: Array) -> Array:
    parts: list[Tensor] = []
    for chunk_ND in torch.from_numpy(np.array(nodes_ND, dtype=np.float64)).split(_CHUNK):
        network_N = evaluate(family, theta_P[None], chunk_ND)[0, 0]
        parts.append(network_N - target.values(chunk_ND))
    return torch.cat(parts).numpy()


def _between_rules(
    family: Family, theta_P: Tensor, target: Target, plain: float, norm: float
) -> float:
    """The distance of the fine rule from the one that fits use."""
    coarse = plain_rule(target, "fit")
    squares_N = _difference(family, theta_P, target, coarse.nodes_ND) ** 2
    return abs(math.sqrt(float((coarse.weights_N * squares_N).sum())) / norm - plain)


def _steep_places(family: Family, theta_P: Tensor, domain: Domain) -> Probes:
    """Points beside the hyperplanes at which neurons or gates change steeply."""
    neurons, gates = _rows(family, theta_P)
    points: list[Array] = [np.empty((0, domain.dimension))]
    volumes: list[Array] = [np.empty(0)]
    for plane, steep in _planes([*neurons, *gates], least=_STEEP):
        on_PD, _ = kink_points(domain, [plane], order=_ON_A_PLANE)
        stands_for = domain.volume / max(len(on_PD), 1) / steep
        for step in _STEPS:
            beside_PD = on_PD + step / steep * np.array(plane.normal)
            beside_PD = beside_PD[domain.contains(beside_PD)]
            points.append(beside_PD)
            volumes.append(np.full(len(beside_PD), stands_for))
    return Probes(points_PD=np.concatenate(points), volumes_P=np.concatenate(volumes))
