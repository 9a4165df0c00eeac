"""Good weights for flattenings on the ball, in floating point: hints, of which nothing is believed.

As in ``weight_search``: for fixed row weights the sum of the smallest eigenvalues of G is a concave
function of the column weights, which linear programs over the frames met so far enclose (Kelley
1960, doi:10.1137/0108053). The few row weights are found by a simplex search over their logarithms.

Arrays: R rows, A degrees of row harmonics, B pairs (n, l) of column weights, S shares that may not
exceed 1, E eigenvectors, K frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize  # pyright: ignore[reportUnknownVariableType]

from expressivity.bounds.zonal_weights import ZonalWeights, count, shares, whole
from expressivity.symbolic.budget import Budget

Array = NDArray[np.float64]

_NOISE = 1e-13  # a squared distance relative to the norm that floats do not see
_PROGRAMS, _FINAL_PROGRAMS = 400, 120  # linear programs, at most
_GAP, _FINAL_GAP = 1e-3, 1e-5  # of them, relative
_RANGE = 10.0  # of their logarithms


@dataclass(frozen=True, kw_only=True, eq=False)
class Flattened:
    """The matrices of which G is made, relative to the squared norm of the function.

    Attributes:
        row_degree, degree: k and N.
        rank: the number of eigenvalues left out.
        rows_ARR: kernels of the row harmonics of degrees k, k - 2, .. in the monomials.
        columns_BRR: what the column harmonics add, for n = k, k + 1, .., l = n - k, n - k - 2, ..
    """

    row_degree: int
    degree: int
    rank: int
    rows_ARR: Array
    columns_BRR: Array


def good_weights(parts: Flattened) -> ZonalWeights | None:
    """Weights under which all but the ``rank`` largest eigenvalues of G add up to much.

    None where floats see no distance at all.
    """
    search = _Search(parts)
    free = count(parts.row_degree) - 1
    budget = Budget(_PROGRAMS)

    def weights(log: Array) -> Array:
        return np.exp(np.append(0.0, np.clip(log, -_RANGE, _RANGE)))

    def loss(log: Array) -> float:
        value = search.columns(weights(log), budget, _GAP)[0] if budget.left else 0.0
        return -math.log(max(value, _NOISE))

    best = np.zeros(free)
    if free:
        start = np.vstack([best, np.eye(free)])
        options = {"initial_simplex": start, "xatol": 0.02, "fatol": 3e-4, "maxfev": 30 * free}
        best = np.asarray(minimize(loss, best, method="Nelder-Mead", options=options).x)
    rows = whole(weights(best).tolist())
    value, b_B = search.columns(np.array(rows, float), Budget(_FINAL_PROGRAMS), _FINAL_GAP)
    if value < _NOISE:
        return None
    sizes = [count(n) for n in range(parts.degree - parts.row_degree + 1)]
    columns = [whole(part.tolist()) for part in np.split(b_B, np.cumsum(sizes)[:-1])]
    return ZonalWeights(rows=rows, columns=tuple(columns), row_degree=parts.row_degree)


class _Search:
    """Column weights for given row weights."""

    def __init__(self, parts: Flattened) -> None:
        self.parts = parts
        self.shares_ASB = _shares(parts.row_degree, parts.degree)

    def columns(self, a_A: Array, budget: Budget, gap: float) -> tuple[float, Array]:
        """The best sum of small eigenvalues that was met, with its b_B."""
        root_RR = np.linalg.cholesky(np.tensordot(a_A, self.parts.rows_ARR, 1))
        grams_BRR = root_RR.T @ self.parts.columns_BRR @ root_RR
        most_SB = np.tensordot(a_A, self.shares_ASB, 1)
        trial_B = np.full(len(grams_BRR), 1.0 / most_SB.sum(1).max())
        best, best_B = 0.0, trial_B
        frames: list[Array] = []
        while budget.left:
            budget.spend()
            values_R, vectors_RR = np.linalg.eigh(np.tensordot(trial_B, grams_BRR, 1))
            kept = len(values_R) - self.parts.rank
            frame_RE = vectors_RR[:, :kept]
            value = float(values_R[:kept].sum())
            if value > best:
                best, best_B = value, trial_B
            frames.append(np.einsum("re,brs,se->b", frame_RE, grams_BRR, frame_RE))
            trial_B, upper = _program(frames, most_SB)
            if upper - best <= gap * upper:
                break
        return best, best_B


def _program(frames: Sequence[Array], most_SB: Array) -> tuple[Array, float]:
    """Column weights whose least bound by a frame is the largest, and this bound."""
    bounds_KB = np.array(frames)
    scale = max(float(bounds_KB.sum(1).min()), _NOISE)
    found = linprog(
        np.append(np.zeros(bounds_KB.shape[1]), -1.0),
        A_ub=np.block([
            [-bounds_KB / scale, np.ones((len(bounds_KB), 1))],
            [most_SB, np.zeros((len(most_SB), 1))],
        ]),
        b_ub=np.append(np.zeros(len(bounds_KB)), np.ones(len(most_SB))),
        bounds=(0, None),
        method="highs",
    )  # fmt: skip
    if found.x is None:
        return np.zeros(bounds_KB.shape[1]), 0.0
    return np.maximum(found.x[:-1], 0.0), float(found.x[-1]) * scale


def _shares(k: int, degree: int) -> Array:
    """How often a degree of moments counts, for each unit of row and column weights."""
    pairs = [(n, place) for n in range(k, degree + 1) for place in range(count(n - k))]
    lines: list[list[list[float]]] = []
    for row in range(count(k)):
        a = tuple(int(i == row) for i in range(count(k)))
        block: list[list[float]] = []
        for n in range(k, degree + 1):
            own = [
                shares(k, a, n - k, tuple(int(i == place) for i in range(count(n - k))))
                for place in range(count(n - k))
            ]
            block += [
                [float(own[place][part]) if m == n else 0.0 for m, place in pairs]
                for part in range(count(n))
            ]
        lines.append(block)
    return np.array(lines)
