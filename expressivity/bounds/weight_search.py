"""Good weights for the blocks of moments, in floating point: hints, of which nothing is believed.

For fixed row weights a, the sum of the smallest eigenvalues of G is a concave function of the
column weights b: the least of trace(V* G V) over frames V, each of which is linear in b. Linear
programs over the frames met so far enclose its maximum (Kelley 1960, doi:10.1137/0108053); a
simplex search over log a (Nelder and Mead 1965, doi:10.1093/comjnl/7.4.308) surrounds them.
Functions are real, so that a block turned around is its conjugate: weights are mirror symmetric.

Arrays: R rows, C columns of all blocks side by side, H columns up to mirror images, J moments up
to mirror images, E eigenvectors, K frames, S free row weights.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize  # pyright: ignore[reportUnknownVariableType]
from scipy.sparse import csr_array, hstack, vstack

from expressivity.bounds.hankel_weights import LARGEST, HankelWeights
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.moments import CertifiedMoments
from expressivity.symbolic.budget import Budget
from expressivity.symbolic.enclosure import precision

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_GRID = 2.0**-48  # of the moments: what the ball arithmetic rounds must not decide the weights
_NOISE = 1e-24  # a squared distance relative to the norm that floats do not see
_MOST_ROWS = 4  # more than the rank, tried with equal row weights
_SEARCH_BLOCKS = 20  # the row weights are chosen by the blocks of lowest degree
# Bounds of the work: linear programs for the row weights, and for the last column weights.
_PROGRAMS, _FINAL_PROGRAMS = 800, 120
_GAP, _FINAL_GAP = 1e-3, 1e-6  # of the linear programs, relative
_RANGE = 14.0  # of log a
_FRAMES = 40  # that are remembered


def good_weights(moments: CertifiedMoments, rank: int) -> HankelWeights | None:
    """Weights under which all but the ``rank`` largest eigenvalues of G add up to much.

    The same for every multiple of a function. None where floats see no distance at all.

    >>> from expressivity.bounds.integrals.moments import certified_moments
    >>> from expressivity.targets.builtin import t2
    >>> good_weights(certified_moments(t2(), 8), 1).rows
    (1000000, 1000000)
    """
    sequences = _floats(moments)
    degree = len(sequences) - 1
    budget = Budget(_PROGRAMS)  # linear programs
    tried: list[tuple[float, _Blocks]] = []
    for rows in range(rank + 1, min(rank + _MOST_ROWS, degree + 1) + 1):
        blocks = _blocks(sequences[: rows - 1 + _SEARCH_BLOCKS], rows, rank)
        if sum(blocks.widths) >= rows:
            tried.append((_columns(blocks, np.ones(rows), budget)[0], blocks))
    value, blocks = max(tried, key=lambda pair: pair[0], default=(0.0, None))
    if blocks is None or value < _NOISE:
        return None
    a = _whole(_row_weights(blocks, budget))
    full = _blocks(sequences, len(a), rank)
    full.frames.extend(blocks.frames)
    last = Budget(_FINAL_PROGRAMS)
    _, b_C = _columns(full, np.array(a) / LARGEST, last, gap=_FINAL_GAP)
    parts = np.split(b_C, np.cumsum(full.widths)[:-1])
    return HankelWeights(rows=a, columns=tuple(_whole(part) for part in parts))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Blocks:
    """Blocks sqrt(pi/(n+1)) H_n side by side, and frames that were met.

    Attributes:
        hankel_RC: the blocks; ``widths`` are their numbers of columns.
        kept: number of the smallest eigenvalues.
        mirror_C: each column's index among the H.
        sums: indices (j, h, r): in moment j, a_r times column weight h occurs.
        frames: orthonormal R x E, each a bound for every a and b.
    """

    hankel_RC: Complex
    widths: tuple[int, ...]
    kept: int
    mirror_C: NDArray[np.int64]
    sums: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    frames: list[Complex] = field(default_factory=list[Complex])


def _floats(moments: CertifiedMoments) -> list[Complex]:
    """The moments of the function divided by its norm, rounded."""

    def rounded(ball: Any) -> float:
        return round(float(ball) / _GRID) * _GRID

    with precision(BITS):
        norm = moments.norm_squared.sqrt()
        shares = [[z / norm for z in sequence] for sequence in moments.sequences]
    return [
        np.array([complex(rounded(z.real), rounded(z.imag)) for z in sequence])
        for sequence in shares
    ]


def _blocks(sequences: list[Complex], rows: int, rank: int) -> _Blocks:
    parts: list[Complex] = []
    mirror: list[int] = []
    sums: list[tuple[int, int, int]] = []
    moment = weight = 0
    for n in range(rows - 1, len(sequences)):
        columns = n + 2 - rows
        places = np.add.outer(np.arange(rows), np.arange(columns))
        parts.append(math.sqrt(math.pi / (n + 1)) * sequences[n][places])
        own = [weight + min(c, columns - 1 - c) for c in range(columns)]
        sums += [
            (moment + r + c, own[c], r)
            for r in range(rows)
            for c in range(columns)
            if 2 * (r + c) <= n
        ]
        mirror += own
        moment += n // 2 + 1
        weight += (columns + 1) // 2
    j, h, r = np.array(sums).T
    return _Blocks(
        hankel_RC=np.concatenate(parts, axis=1),
        widths=tuple(part.shape[1] for part in parts),
        kept=rows - rank,
        mirror_C=np.array(mirror),
        sums=(j, h, r),
    )


def _row_weights(blocks: _Blocks, budget: Budget) -> Array:
    """Those found by the simplex search; the innermost is 1."""
    rows = blocks.hankel_RC.shape[0]
    free = (rows + 1) // 2 - 1
    if free == 0:
        return np.ones(rows)

    def weights(log_S: Array) -> Array:
        half = np.exp(np.append(np.clip(log_S, -_RANGE, _RANGE), 0.0))
        return np.concatenate([half, half[::-1][rows % 2 :]])

    def loss(log_S: Array) -> float:
        value = _columns(blocks, weights(log_S), budget)[0] if budget.left else 0.0
        return -math.log(max(value, _NOISE))

    start_SS = np.vstack([np.zeros(free), -0.4 * np.eye(free)])
    options = {"initial_simplex": start_SS, "xatol": 0.01, "fatol": 3e-4, "maxfev": 60 * free}
    found = minimize(loss, start_SS[0], method="Nelder-Mead", options=options)
    return weights(np.asarray(found.x))


def _columns(
    blocks: _Blocks, a_R: Array, budget: Budget, *, gap: float = _GAP
) -> tuple[float, Array]:
    """The best sum of small eigenvalues that was met for these row weights, with its b_C."""
    scaled_RC = np.sqrt(a_R)[:, None] * blocks.hankel_RC
    j, h, r = blocks.sums
    count = int(h.max()) + 1
    most_JH = csr_array((a_R[r], (j, h)), shape=(int(j.max()) + 1, count))

    def linear(frame_RE: Complex) -> Array:
        each_C = np.sum(np.abs(frame_RE.conj().T @ scaled_RC) ** 2, axis=0)
        return np.bincount(blocks.mirror_C, weights=each_C).astype(np.float64)

    best, best_H = 0.0, np.full(count, 1.0 / a_R.sum())
    if not blocks.frames:
        blocks.frames.append(_smallest(blocks, scaled_RC, best_H)[1])
    bounds_KH = [linear(frame) for frame in blocks.frames]
    while budget.left:
        budget.spend()
        found_H, upper = _program(np.array(bounds_KH), most_JH)
        value, frame_RE = _smallest(blocks, scaled_RC, found_H)
        if value > best:
            best, best_H = value, found_H
        if upper - best <= gap * upper:
            break
        blocks.frames.append(frame_RE)
        bounds_KH.append(linear(frame_RE))
    order = np.argsort(np.array(bounds_KH) @ best_H)[:_FRAMES]
    blocks.frames[:] = [blocks.frames[k] for k in order]
    return best, best_H[blocks.mirror_C]


def _smallest(blocks: _Blocks, scaled_RC: Complex, b_H: Array) -> tuple[float, Complex]:
    """The sum of the eigenvalues that are kept, and their eigenvectors."""
    # By singular values: rounding would drown the squares of small ones.
    vectors, values, _ = np.linalg.svd(
        scaled_RC * np.sqrt(b_H[blocks.mirror_C]), full_matrices=False
    )
    return float(np.sum(values[-blocks.kept :] ** 2)), vectors[:, -blocks.kept :]


def _program(bounds_KH: Array, most_JH: Any) -> tuple[Array, float]:
    """Column weights whose least bound is the largest, and this bound."""
    scale = max(float(bounds_KH.sum(1).min()), _NOISE)
    rows, count = bounds_KH.shape
    found: Any = linprog(
        np.append(np.zeros(count), -1.0),
        A_ub=vstack([
            hstack([csr_array(-bounds_KH / scale), np.ones((rows, 1))]),
            hstack([most_JH, csr_array((most_JH.shape[0], 1))]),
        ]),
        b_ub=np.append(np.zeros(rows), np.ones(most_JH.shape[0])),
        bounds=(0, None),
        method="highs",
    )  # fmt: skip
    if found.x is None:
        return np.zeros(count), 0.0
    return np.maximum(found.x[:-1], 0.0), float(found.x[-1]) * scale


def _whole(weights: Array) -> tuple[int, ...]:
    """Whole numbers in about the same ratios."""
    largest = float(weights.max())
    shares = weights / largest if largest > 0 else np.ones(len(weights))
    return tuple(max(1, round(LARGEST * float(share))) for share in shares)
