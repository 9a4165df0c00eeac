"""Boxes of a chart with tensor rules: where they are, and the polynomials through their values.

Array suffixes: B cells, D coordinates, F nodes of one cell, P probes, n nodes in one direction.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander

from expressivity.targets.charts import Chart, Indices
from expressivity.targets.domains import Array
from expressivity.targets.quadrature import gauss

_ACROSS, _LAYERS, _LAYER = 3, 8, 4.0  # of probes at ends: points along, layers, their ratio
_FIRST = {1: 8, 2: 8, 3: 8}  # cells at least
_UNEVEN = 1.07  # exponent that moves the first edges off simple places too
_SMOOTH = 1e-8  # last coefficients below this, relative to the values, tell no axis


@dataclass(frozen=True, kw_only=True, eq=False)
class Probes:
    """Points of the domain that rules may miss (P, D), and the measure each stands for (P,)."""

    points_PD: Array
    volumes_P: Array


def first_cells(chart: Chart) -> tuple[Indices, Array, Array]:
    """Pieces, lower and upper corners of the cells to begin with, one or more to a piece."""
    d, pieces = chart.domain.dimension, len(chart.pieces)
    sides = max(1, math.ceil((_FIRST[d] / pieces) ** (1 / d)))
    edges = np.linspace(0.0, 1.0, sides + 1) ** _UNEVEN
    corners = np.array(list(itertools.product(range(sides), repeat=d)))
    low_BD, high_BD = (np.tile(edges[corners + step], (pieces, 1)) for step in (0, 1))
    return np.repeat(chart.pieces, len(corners), axis=0), low_BD, high_BD


def probes_at_ends(chart: Chart) -> tuple[Indices, Array, Array, Array]:
    """Probes in thin layers at the ends of pieces: their pieces, places in them, points, volumes.

    A function that is steep at a kink, or at the boundary, is not seen by Gauss nodes there.
    """
    d = chart.domain.dimension
    across, weights = tensor(_ACROSS, d - 1) if d > 1 else (np.empty((1, 0)), np.ones(1))
    layers, thickness = _LAYER ** -np.arange(2.0, _LAYERS + 2), 1 - 1 / _LAYER
    units: list[Array] = []
    shares: list[Array] = []
    for axis, end in itertools.product(range(d), (0.0, 1.0)):
        # The middle of the layer between a quarter of a distance and that distance.
        depth = np.repeat(layers * (1 + 1 / _LAYER) / 2, len(weights))
        units.append(np.insert(np.tile(across, (_LAYERS, 1)), axis, np.abs(end - depth), axis=1))
        shares.append(np.outer(layers * thickness, weights).ravel())
    unit_PD = np.tile(np.concatenate(units), (len(chart.pieces), 1))
    piece_PD = np.repeat(chart.pieces, sum(map(len, units)), axis=0)
    points_PD, jacobian_P = chart.nodes(piece_PD, unit_PD)
    share_P = np.tile(np.concatenate(shares), len(chart.pieces))
    return piece_PD, unit_PD, points_PD, share_P * jacobian_P


def homes(
    piece_PD: Indices, unit_PD: Array, piece_BD: Indices, low_BD: Array, high_BD: Array
) -> Indices:
    """The cell of each probe: the nearest of its piece, or any where rounding names a wrong one."""
    cells = len(piece_BD)
    pieces = np.concatenate((piece_BD, piece_PD))
    _, name = np.unique(pieces, axis=0, return_inverse=True)
    name = name.ravel()
    order = np.argsort(name[cells:], kind="stable")
    starts = np.searchsorted(name[cells:][order], np.arange(name.max(initial=0) + 2))
    best_P, home_P = np.full(len(unit_PD), np.inf), np.zeros(len(unit_PD), dtype=np.int64)
    for cell in range(cells):
        own = order[starts[name[cell]] : starts[name[cell] + 1]]
        outside_PD = np.maximum(low_BD[cell] - unit_PD[own], unit_PD[own] - high_BD[cell])
        far = np.maximum(outside_PD, 0.0).max(axis=1)
        closer = far < best_P[own]
        best_P[own[closer]], home_P[own[closer]] = far[closer], cell
    return home_P


def placed(
    chart: Chart, piece_BD: Indices, low_BD: Array, high_BD: Array, order: int
) -> tuple[Array, Array]:
    """Nodes and weights of a tensor rule on each cell, cell after cell."""
    unit_FD, weights_F = tensor(order, chart.domain.dimension)
    length_BD = high_BD - low_BD
    unit_BFD = low_BD[:, None] + length_BD[:, None] * unit_FD
    piece_ND = np.repeat(piece_BD, len(weights_F), axis=0)
    nodes_ND, jacobian_N = chart.nodes(piece_ND, unit_BFD.reshape(len(piece_ND), -1))
    weights_BF = length_BD.prod(axis=1)[:, None] * weights_F
    return nodes_ND, weights_BF.ravel() * jacobian_N


@functools.cache
def tensor(order: int, d: int) -> tuple[Array, Array]:
    """Nodes (F, D) and weights (F,) of the product rule on the unit cube."""
    nodes, weights = gauss(order)
    grid = np.stack(np.meshgrid(*[nodes] * d, indexing="ij"), axis=-1).reshape(-1, d)
    product = functools.reduce(np.multiply.outer, [weights] * d).ravel()
    return grid, product


@functools.cache
def coefficients(order: int) -> Array:
    """Legendre coefficients of the polynomial through values at the Gauss nodes, by columns."""
    vandermonde = legvander(2 * gauss(order)[0] - 1, order - 1)
    return np.linalg.inv(vandermonde).astype(np.float64)


def axes_to_halve(values_BF: Array, length_BD: Array, order: int) -> Indices:
    """The axis to halve: along which the polynomial's last coefficients are largest.

    The longest where none is large: what the nodes miss, their values cannot place.
    """
    d = length_BD.shape[1]
    last_2n = coefficients(order)[-2:]
    grid = values_BF.reshape(-1, *[order] * d)
    tails_BD = np.stack(
        [
            np.abs(np.moveaxis(grid, axis + 1, -1) @ last_2n.T).reshape(len(grid), -1).mean(axis=1)
            for axis in range(d)
        ],
        axis=1,
    )
    smooth_B = tails_BD.max(axis=1) <= _SMOOTH * np.abs(values_BF).mean(axis=1)
    return np.where(smooth_B, np.argmax(length_BD, axis=1), np.argmax(tails_BD, axis=1))
