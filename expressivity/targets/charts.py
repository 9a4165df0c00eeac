"""Charts: the pieces of a domain between its kinks as images of unit cubes.

Coordinate by coordinate, a point of a piece lies at a share of the way between two neighbouring
split points (``quadrature.py``), which depend on the coordinates fixed before. Shares and numbers
of pieces make a chart in which functions are analytic where they are analytic off the kinks, and
which can be cut into boxes.

Array suffixes: N nodes, D coordinates, L coordinates already fixed, C cuts, P pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from expressivity.targets.domains import SMALLEST_PIECE, Array, Domain, Hyperplane
from expressivity.targets.quadrature import arranged, cuts_of

Indices = NDArray[np.int64]


class Chart:
    """The charts of one domain, split at hyperplanes.

    >>> from expressivity.targets.domains import domain_for
    >>> chart = Chart(domain_for(2), [Hyperplane(normal=(0.0, 1.0), offset=0.0)])
    >>> nodes, jacobian = chart.nodes(np.array([[1, 1]]), np.array([[0.5, 0.5]]))
    >>> nodes.round(3).tolist(), chart.pieces.tolist()
    ([[0.0, 0.5]], [[1, 0], [1, 1]])
    """

    def __init__(self, domain: Domain, kinks: Sequence[Hyperplane]) -> None:
        self.domain, self.kinks = domain, tuple(kinks)
        self._axes, self._normals_KD, self._offsets_K = arranged(domain, kinks)
        self.pieces = self._pieces()

    def nodes(self, piece_ND: Indices, unit_ND: Array) -> tuple[Array, Array]:
        """Points of the domain at shares ``unit_ND`` of pieces, and the Jacobian there."""
        fixed_NL, jacobian_N = np.zeros((len(unit_ND), 0)), np.ones(len(unit_ND))
        for level in range(self.domain.dimension):
            left_N, right_N, radius_N = self._ends(level, fixed_NL, piece_ND[:, level])
            at_N = left_N + (right_N - left_N) * unit_ND[:, level]
            jacobian_N = jacobian_N * (right_N - left_N)
            if self._curved(level):
                jacobian_N = jacobian_N * radius_N * np.cos(at_N)
                at_N = radius_N * np.sin(at_N)
            fixed_NL = np.column_stack((fixed_NL, at_N))
        nodes_ND = np.empty_like(fixed_NL)
        nodes_ND[:, self._axes] = fixed_NL
        return nodes_ND, jacobian_N

    def locate(self, nodes_ND: Array) -> tuple[Indices, Array]:
        """The piece and the shares of points in the domain: the inverse of :meth:`nodes`."""
        x_ND = nodes_ND[:, self._axes]
        piece_ND, unit_ND = np.zeros(x_ND.shape, dtype=np.int64), np.empty_like(x_ND)
        for level in range(self.domain.dimension):
            cuts_NC, _ = self._cuts(level, x_ND[:, :level])
            inner_NC = cuts_NC[:, 1:-1] <= x_ND[:, level, None]
            piece_ND[:, level] = inner_NC.sum(axis=1)
            left_N, right_N, radius_N = self._ends(level, x_ND[:, :level], piece_ND[:, level])
            at_N = x_ND[:, level]
            if self._curved(level):
                at_N = np.arcsin(np.clip(at_N / np.maximum(radius_N, 1e-300), -1.0, 1.0))
            length_N = np.maximum(right_N - left_N, 1e-300)
            unit_ND[:, level] = np.clip((at_N - left_N) / length_N, 0.0, 1.0)
        return piece_ND, unit_ND

    def _curved(self, level: int) -> bool:
        return self.domain.shape == "ball" and level < self.domain.dimension - 1

    def _cuts(self, level: int, fixed_NL: Array) -> tuple[Array, Array]:
        """Split points of a coordinate and the half-width left, rows of nodes (one at level 0)."""
        fixed_NL = fixed_NL[:1] if level == 0 else fixed_NL
        gaps_NK = self._offsets_K - fixed_NL @ self._normals_KD[:, :level].T
        radius_N = np.ones(len(fixed_NL))
        if self.domain.shape == "ball":
            radius_N = np.sqrt(np.maximum(1.0 - np.sum(fixed_NL**2, axis=1), 0.0))
        return cuts_of(self.domain, self._normals_KD[:, level:], gaps_NK, radius_N, True), radius_N

    def _ends(self, level: int, fixed_NL: Array, piece_N: Indices) -> tuple[Array, Array, Array]:
        """Both ends of pieces, as angles where the coordinate is curved, and the half-width."""
        cuts_NC, radius_N = self._cuts(level, fixed_NL)
        if len(cuts_NC) == 1:
            left_N, right_N = cuts_NC[0, piece_N], cuts_NC[0, piece_N + 1]
        else:
            rows = np.arange(len(piece_N))
            left_N, right_N = cuts_NC[rows, piece_N], cuts_NC[rows, piece_N + 1]
        if self._curved(level):
            width_N = np.maximum(radius_N, 1e-300)
            left_N, right_N = (
                np.arcsin(np.clip(end / width_N, -1.0, 1.0)) for end in (left_N, right_N)
            )
        return left_N, right_N, radius_N

    def _pieces(self) -> Indices:
        """All pieces that are not empty, rows of numbers: what is between cuts does not change."""
        found_PL, middles_PL = np.zeros((1, 0), dtype=np.int64), np.zeros((1, 0))
        for level in range(self.domain.dimension):
            cuts_PC, radius_P = self._cuts(level, middles_PL)
            outer, piece = np.nonzero(np.diff(cuts_PC, axis=1) > SMALLEST_PIECE)
            left, right = cuts_PC[outer, piece], cuts_PC[outer, piece + 1]
            middle = (left + right) / 2
            if self._curved(level):
                radius = radius_P[outer]
                middle = radius * np.sin((np.arcsin(left / radius) + np.arcsin(right / radius)) / 2)
            found_PL = np.column_stack((found_PL[outer], piece))
            middles_PL = np.column_stack((middles_PL[outer], middle))
        return found_PL
