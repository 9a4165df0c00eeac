"""Cells: a rule that adapts to one function, and an estimate of the error that is left.

A cell is a box of a chart with two Gauss rules that share no node but, where both are odd, its
middle. Its integral of the squared function is doubted by as much as the rules differ, and by what
the polynomial through the finer rule's values misses at *probes*: points that somebody expects the
function to hide something at, each with the measure it stands for. Cells in doubt are halved across
the axis along which the polynomial's last coefficients are largest, the worst first, until the
doubts of all add up to less than the goal or a budget of values is spent: floating point only, so
that the sum is an estimate and no bound (cf. P. Gonnet, "A review of error estimation in adaptive
quadrature", ACM Computing Surveys 44, 2012, doi:10.1145/2333112.2333117).

Array suffixes: B cells, D coordinates, F and C nodes of one cell's finer and coarser rule, P
probes, n nodes in one direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

from expressivity.targets.cells import (
    Probes,
    axes_to_halve,
    coefficients,
    first_cells,
    homes,
    placed,
    probes_at_ends,
    tensor,
)
from expressivity.targets.charts import Chart, Indices
from expressivity.targets.domains import Array, distances
from expressivity.targets.quadrature import ON_KINK, Rule

Function = Callable[[Array], Array]
"""Values (N,) at nodes (N, D)."""

MEASURE_ORDERS = {1: (15, 20), 2: (7, 10), 3: (5, 7)}
FIT_ORDERS = {1: (8, 12), 2: (5, 7), 3: (3, 4)}
"""Nodes of a cell's coarser and finer rule in one direction, by dimension."""
_BESIDE_ORDER, _MUCH_LARGER = 3, 2.5  # nodes of probed neighbours; how much larger they are
_MIDDLE = 15 / 31  # off centre, so that what happens at a simple place is not on an edge
_ROUNDOFF = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapted:
    """Cells on which a function is resolved, or as far as the budget went.

    Attributes:
        squared: the integral of the squared function.
        doubt: estimate of its error.
        resolved: whether the goal was met.
        values: how many values of the function were taken.
        largest: the greatest modulus among them.
    """

    chart: Chart
    order: int
    piece_BD: Indices
    low_BD: Array
    high_BD: Array
    squared: float
    doubt: float
    resolved: bool
    values: int
    largest: float

    def norm_error(self, size: float | None = None) -> float:
        """The doubt as one of the norm, in units of ``size`` or of the norm itself."""
        norm = math.sqrt(self.squared)
        below = norm - math.sqrt(max(self.squared - self.doubt, 0.0))
        return below / (norm if size is None else size)

    def rule(self, order: int | None = None) -> Rule:
        """The finer rule of all cells, or one with so many nodes in a direction."""
        order = order or self.order
        nodes_ND, weights_N = placed(self.chart, self.piece_BD, self.low_BD, self.high_BD, order)
        keep = self.chart.domain.contains(nodes_ND) & (weights_N > 0)
        keep &= distances(nodes_ND, self.chart.kinks) > ON_KINK
        return Rule(nodes_ND=nodes_ND[keep], weights_N=weights_N[keep], kind="gauss", order=order)


def goal_of(squared: float, tolerance: float, size: float | None) -> float:
    """The change of a squared norm that changes the norm by ``tolerance`` in units of ``size``."""
    norm = math.sqrt(squared)
    step = tolerance * (norm if size is None else size)
    # Downward the norm moves by more; below one step all of it may be in doubt.
    return step * (2 * norm - step) if norm > step else step**2


def adapt(
    function: Function,
    chart: Chart,
    *,
    tolerance: float,
    most: int,
    size: float | None = None,
    probes: Probes | None = None,
    start: Adapted | None = None,
    orders: dict[int, tuple[int, int]] = MEASURE_ORDERS,
) -> Adapted:
    """Cells for the squared L2 norm of a function in 1, 2 or 3 dimensions.

    Args:
        function: what is squared.
        chart: of its domain, split at the kinks that are known.
        tolerance: goal for the error of the norm, in units of ``size`` (None: of the norm).
        most: no halving is begun that takes more values than this.
        size: the norm that errors are relative to, None for the function's own.
        probes: where it may hide something.
        start: whose cells come first, in the same chart; else a few to a piece.
        orders: of the rules of a cell.

    Raises:
        ValueError: another dimension, or a function that is not finite at a node.

    >>> from expressivity.targets.domains import domain_for
    >>> chart = Chart(domain_for(1), [])
    >>> found = adapt(lambda x: np.exp(-1e6 * (x[:, 0] - 0.3) ** 2), chart, tolerance=1e-9,
    ...               most=10**5)
    >>> abs(found.squared / math.sqrt(math.pi / 2e6) - 1) < 1e-9, found.resolved
    (True, True)
    """
    if chart.domain.dimension not in orders:
        raise ValueError(
            f"required: a domain of dimension {', '.join(map(str, orders))}; got "
            f"{chart.domain.dimension}: use a fixed rule"
        )
    first = first_cells(chart)
    if start is not None:
        first = start.piece_BD, start.low_BD.copy(), start.high_BD.copy()
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not resolved
        work = _Work.start(function, chart, orders[chart.domain.dimension], first, probes)
        doubt, goal = work.refine(tolerance, size, most)
    squared = float(work.squared_B.sum())
    return Adapted(
        chart=chart,
        order=work.orders[1],
        piece_BD=work.piece_BD,
        low_BD=work.low_BD,
        high_BD=work.high_BD,
        squared=squared,
        doubt=doubt + _ROUNDOFF * squared,
        resolved=doubt <= goal,
        values=work.spent,
        largest=work.largest,
    )


def _worst(doubt_B: Array, goal: float, most: int) -> Indices:
    """The fewest cells without which the others meet half the goal; at most so many."""
    order = np.argsort(-doubt_B, kind="stable")
    left = doubt_B.sum() - np.cumsum(doubt_B[order])
    count = 1 + int(np.count_nonzero(left > goal / 2))
    return order[: max(min(count, most), 0)]


@dataclass(eq=False)
class _Work:
    """The cells of one run, changed in place: halves take the place of the cell and the end."""

    function: Function
    chart: Chart
    orders: tuple[int, int]
    piece_BD: Indices
    low_BD: Array
    high_BD: Array
    squared_B: Array
    apart_B: Array
    missed_B: Array
    axis_B: Indices
    values_BF: Array
    fresh_B: NDArray[np.bool_]
    volumes_P: Array
    home_P: Indices
    unit_PD: Array
    seen_P: Array
    spent: int = 0
    largest: float = 0.0

    @staticmethod
    def start(
        function: Function,
        chart: Chart,
        orders: tuple[int, int],
        first: tuple[Indices, Array, Array],
        probes: Probes | None,
    ) -> _Work:
        cells, d = len(first[0]), chart.domain.dimension
        piece_PD, unit_PD, points_PD, volumes_P = probes_at_ends(chart)
        if probes is not None:
            given_piece_PD, given_unit_PD = chart.locate(probes.points_PD)
            piece_PD = np.concatenate((piece_PD, given_piece_PD))
            unit_PD = np.concatenate((unit_PD, given_unit_PD))
            points_PD = np.concatenate((points_PD, probes.points_PD))
            volumes_P = np.concatenate((volumes_P, probes.volumes_P))
        work = _Work(
            function=function, chart=chart, orders=orders,
            piece_BD=first[0], low_BD=first[1], high_BD=first[2],
            squared_B=np.zeros(cells), apart_B=np.zeros(cells), missed_B=np.zeros(cells),
            axis_B=np.zeros(cells, dtype=np.int64), values_BF=np.empty((cells, orders[1] ** d)),
            fresh_B=np.ones(cells, dtype=np.bool_), volumes_P=volumes_P,
            home_P=homes(piece_PD, unit_PD, *first), unit_PD=unit_PD, seen_P=np.empty(0),
        )  # fmt: skip
        work.seen_P = work.at(points_PD)
        work.renew(np.arange(cells))
        return work

    @property
    def doubt_B(self) -> Array:
        return np.maximum(self.apart_B, self.missed_B)

    @property
    def values_of_a_cell(self) -> int:
        return sum(order**self.chart.domain.dimension for order in self.orders)

    def at(self, nodes_ND: Array) -> Array:
        """Values of the function, counted."""
        values_N = self.function(nodes_ND)
        if not np.isfinite(values_N).all():
            raise ValueError("required: a function that is finite on its domain; it is not")
        self.spent += len(values_N)
        self.largest = max(self.largest, float(np.abs(values_N).max(initial=0.0)))
        return values_N

    def refine(self, tolerance: float, size: float | None, most: int) -> tuple[float, float]:
        """Halve cells until nothing is in doubt or too much is spent; the doubt, and the goal."""
        while True:
            doubt = float(self.doubt_B.sum())
            goal = goal_of(float(self.squared_B.sum()), tolerance, size)
            chosen = _worst(self.doubt_B, goal, (most - self.spent) // (2 * self.values_of_a_cell))
            if doubt > goal and chosen.size:
                self.halve(chosen)
            elif doubt > goal or not self.look_beside(goal, most):
                return doubt, goal

    def halve(self, chosen: Indices) -> None:
        """Cut cells in half and look at the halves."""
        axis = self.axis_B[chosen]
        low, high = self.low_BD[chosen, axis], self.high_BD[chosen, axis]
        middle = low + (high - low) * _MIDDLE
        added = len(self.low_BD) + np.arange(len(chosen))
        place = np.full(len(self.low_BD), -1)
        place[chosen] = np.arange(len(chosen))
        k = place[self.home_P]
        inside = np.flatnonzero(k >= 0)
        k = k[inside]
        above = self.unit_PD[inside, axis[k]] > middle[k]
        self.home_P[inside[above]] = added[k[above]]
        high_BD = self.high_BD[chosen].copy()
        self.high_BD[chosen, axis] = middle
        low_BD = self.low_BD[chosen].copy()
        low_BD[np.arange(len(chosen)), axis] = middle
        self.low_BD = np.concatenate((self.low_BD, low_BD))
        self.high_BD = np.concatenate((self.high_BD, high_BD))
        for name in (
            "piece_BD",
            "squared_B",
            "apart_B",
            "missed_B",
            "axis_B",
            "fresh_B",
            "values_BF",
        ):
            old = getattr(self, name)
            setattr(self, name, np.concatenate((old, old[chosen])))
        self.renew(np.concatenate((chosen, added)))

    def renew(self, cells: Indices) -> None:
        """Integrals, doubts and the axes to halve, of some cells."""
        boxes = self.piece_BD[cells], self.low_BD[cells], self.high_BD[cells]
        coarse_B, _ = self._integrals(boxes, self.orders[0])
        fine_B, values_BF = self._integrals(boxes, self.orders[1])
        self.values_BF[cells] = values_BF
        self.squared_B[cells], self.apart_B[cells] = fine_B, np.abs(fine_B - coarse_B)
        self.axis_B[cells] = axes_to_halve(values_BF, boxes[2] - boxes[1], self.orders[1])
        self.missed_B[cells], self.fresh_B[cells] = 0.0, True
        changed_B = np.zeros(len(self.low_BD), dtype=np.bool_)
        changed_B[cells] = True
        self.miss(np.flatnonzero(changed_B[self.home_P]), cells)

    def look_beside(self, goal: float, most: int) -> bool:
        """Probe the neighbours of cells that are new; whether something was missed there.

        A ridge that was found in small cells goes on where large ones are next to them.
        """
        ghosts = self._ghosts(max(most - self.spent, 0))
        self.fresh_B[:] = False
        if ghosts is None:
            return False
        piece_PD, unit_PD, home_P, share_P = ghosts
        nodes_PD, jacobian_P = self.chart.nodes(piece_PD, np.clip(unit_PD, 0.0, 1.0))
        inside_PD = (unit_PD > self.low_BD[home_P]) & (unit_PD < self.high_BD[home_P])
        volumes_P = np.where(inside_PD.all(axis=1), share_P * jacobian_P, 0.0)
        before = len(self.home_P)
        self.home_P = np.concatenate((self.home_P, home_P))
        self.unit_PD = np.concatenate((self.unit_PD, unit_PD))
        self.volumes_P = np.concatenate((self.volumes_P, volumes_P))
        self.seen_P = np.concatenate((self.seen_P, self.at(nodes_PD)))
        self.miss(np.arange(before, len(self.home_P)), np.unique(home_P))
        return float(self.doubt_B.sum()) > goal

    def _ghosts(self, most: int) -> tuple[Indices, Array, Indices, Array] | None:
        """Nodes in copies of new cells beside them, where much larger cells lie.

        Of each its piece, place in it, cell and share of volume; None where there are no nodes.
        """
        fresh, d = np.flatnonzero(self.fresh_B), self.chart.domain.dimension
        lengths_BD = self.high_BD - self.low_BD
        steps_GD = np.tile(np.concatenate((np.eye(d), -np.eye(d))), (len(fresh), 1))
        length_GD = np.repeat(lengths_BD[fresh], 2 * d, axis=0)
        low_GD = np.repeat(self.low_BD[fresh], 2 * d, axis=0) + length_GD * steps_GD
        piece_GD, middle_GD = np.repeat(self.piece_BD[fresh], 2 * d, axis=0), low_GD + length_GD / 2
        in_piece_G = ((middle_GD > 0) & (middle_GD < 1)).all(axis=1)
        piece_GD, middle_GD = piece_GD[in_piece_G], middle_GD[in_piece_G]
        low_GD, length_GD = low_GD[in_piece_G], length_GD[in_piece_G]
        home_G = homes(piece_GD, middle_GD, self.piece_BD, self.low_BD, self.high_BD)
        larger = np.flatnonzero((lengths_BD[home_G] > _MUCH_LARGER * length_GD).any(axis=1))
        inner_FD, weights_F = tensor(_BESIDE_ORDER, d)
        larger = larger[: most // len(weights_F)]
        if not larger.size:
            return None
        unit_GFD = low_GD[larger, None] + length_GD[larger, None] * inner_FD
        share_P = np.outer(length_GD[larger].prod(axis=1), weights_F).ravel()
        piece_PD = np.repeat(piece_GD[larger], len(weights_F), axis=0)
        return piece_PD, unit_GFD.reshape(-1, d), np.repeat(home_G[larger], len(weights_F)), share_P

    def miss(self, probes: Indices, cells: Indices) -> None:
        """Raise the doubt of cells to what some of their probes show to be missed."""
        gap_P = self.volumes_P[probes] * self._misfit(probes)
        total_B = np.bincount(self.home_P[probes], gap_P, minlength=len(self.low_BD))
        self.missed_B[cells] = np.maximum(self.missed_B[cells], np.abs(total_B[cells]))

    def _integrals(self, boxes: tuple[Indices, Array, Array], order: int) -> tuple[Array, Array]:
        """The square's integrals over boxes by one rule, and the values at its nodes."""
        nodes_ND, weights_N = placed(self.chart, *boxes, order)
        values_BN = self.at(nodes_ND).reshape(len(boxes[0]), -1)
        return (values_BN**2 * weights_N.reshape(values_BN.shape)).sum(axis=1), values_BN

    def _misfit(self, chosen: Indices) -> Array:
        """By how much the squared function exceeds the squared polynomials at probes."""
        home = self.home_P[chosen]
        low, length = self.low_BD[home], (self.high_BD - self.low_BD)[home]
        unit_PD = (self.unit_PD[chosen] - low) / length
        order, d = self.orders[1], unit_PD.shape[1]
        found = self.values_BF[home].reshape(-1, *[order] * d)
        for axis in range(d):
            basis_Pn = legvander(2 * unit_PD[:, axis] - 1, order - 1) @ coefficients(order)
            found = np.einsum("pn...,pn->p...", found, basis_Pn)
        return self.seen_P[chosen] ** 2 - found**2
