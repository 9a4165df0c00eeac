"""Certified distance to sums of a few ridge functions on the unit disk, over all directions.

The angles theta_1, .., theta_m in [0, pi) are covered by boxes; as their order does not matter,
those that contain none with theta_1 <= .. <= theta_m are left out. A box is cut in halves across
its widest side until its lower bound (``direction_boxes``) is within a ratio of the distance at the
best directions met: branch and bound (R. E. Moore, R. B. Kearfott, M. J. Cloud, "Introduction to
Interval Analysis", SIAM 2009, doi:10.1137/1.9780898717716). Floats choose the boxes; the bound of
every box that is left at the end is then enclosed in ball arithmetic, and the tree of cuts is kept,
so that others can verify the boxes without a search.

This is done for the function whose moments are the midpoints of the given balls; what the balls
leave open comes off the distance (triangle inequality).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from expressivity.bounds.best_ridge import best_ridge
from expressivity.bounds.direction_boxes import Bounds, Boxes
from expressivity.bounds.integrals.scale import exponent_of, power_of_two
from expressivity.symbolic.budget import Budget

MAX_WIDTH = 6
"""Of a search: a bound takes 3^width corners."""
MAX_BOXES = 50_000
"""Of a tree, those that were cut included."""
_corners = 4_000_000  # of all boxes of a search: what a checker can do in a minute or so
_bits = 128
_exact_bits = 4096  # more than any mantissa here
_negligible = 1e-12  # of the squared norm: floats cannot tell such a distance from 0
_batch = 256
_margin = 2.0**-24  # for others who choose with other roundings


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """What a search over directions has proved.

    Attributes:
        distance_squared: its lower end bounds the squared L2 distance from below, absolute;
            nothing is claimed where that end is not positive.
        best: angles of the best directions met (floating point, no claim).
        boxes: how many boxes the tree has.
        degree: the highest of the moments.
        rank: of the sums, one or two for each direction.
        tree: the cuts in preorder, ``1`` for a box that is cut and ``0`` for one that is bounded.
    """

    distance_squared: flint.arb
    best: tuple[float, ...]
    boxes: int
    degree: int
    rank: int
    tree: str


def search(
    moments: Sequence[Sequence[flint.acb]],
    width: int,
    *,
    multiplicity: int = 1,
    ratio: float = 1.03,
    boxes: int = MAX_BOXES,
) -> Searched:
    """Lower bound on the squared L2(disk) distance of f to all sums over ``width`` directions.

    Ends when the distance at the best directions met is at most ``ratio`` times the proved one, or
    when no more boxes are allowed; what is returned then is proved too, only weaker. A distance
    below 1e-6 of the norm is not pursued.

    Args:
        moments: for each degree n from 0 on the n + 1 Zernike moments of a real function,
            k = -n, -n+2, .., n, as balls that contain them.
        width: number of directions, 1 to 6.
        multiplicity: 1 for ridges, 2 for ridges and their derivatives by the direction.
        ratio: above 1.
        boxes: at least 1; at widths 5 and 6 no more than 16,460 and 5,486 are looked at.

    Raises:
        ValueError: another width, multiplicity, ratio or number of boxes; moments of another
            shape, not finite, or not conjugate symmetric.

    >>> i, zero = flint.acb(0, 0.25), flint.acb(0)
    >>> saddle = [[zero], [zero, zero], [i, zero, -i]]  # x1 x2, whose squared norm is pi/24
    >>> share = search(saddle, 1, ratio=1.001).distance_squared * 24 / flint.arb.pi()
    >>> bool(0.332 < share.lower() < 1 / 3)
    True
    """
    _check_options(width, multiplicity, ratio, boxes)
    _check(moments)
    size = _binary_exponent(moments)
    moments = [[_scaled(g, -size) for g in row] for row in moments]
    floats = [np.array([complex(g) for g in row]) for row in moments]
    start = best_ridge(floats, width, 0.0, derivatives=multiplicity == 2).directions
    with flint.ctx.workprec(_bits):
        bounds = Bounds(
            moments=[[g.mid() for g in row] for row in moments], multiplicity=multiplicity
        )
        allowed = min(boxes, MAX_BOXES, _corners // 3**width)
        budget = Budget(2 * allowed * 3**width)  # every box is looked at twice at most
        leaves, best = _branch_and_bound(bounds, np.array(start), ratio, allowed, budget)
        squared = _least(bounds, leaves, budget) * (1 - _margin)
        if squared > 0:
            off = [[g - g.mid() for g in row] for row in moments]
            distance = (squared.sqrt() - _norm(off)).lower()
            squared = distance * distance if distance > 0 else flint.arb(0)
    tree = _tree(leaves)
    return Searched(
        distance_squared=_scaled(squared, 2 * size),
        best=tuple(float(angle) for angle in best),
        boxes=len(tree),
        degree=len(moments) - 1,
        rank=width * multiplicity,
        tree=tree,
    )


def _check_options(width: int, multiplicity: int, ratio: float, boxes: int) -> None:
    if not 1 <= width <= MAX_WIDTH or multiplicity not in (1, 2):
        raise ValueError(
            f"required: width 1 to {MAX_WIDTH} and multiplicity 1 or 2; got {width} and "
            f"{multiplicity}; use the ridge-rank bound instead"
        )
    if not ratio > 1.0 or boxes < 1:
        raise ValueError(f"required: a ratio above 1 and a box; got {ratio} and {boxes}")


def _binary_exponent(moments: Sequence[Sequence[flint.acb]]) -> int:
    """log2 of the largest moment, rounded up: the search is about shares of squares, in floats."""
    largest = flint.arb(0)
    for row in moments:
        for g in row:
            largest = largest.max(g.abs_upper())
    return exponent_of(largest.abs_upper()) if largest > 0 else 0


def _scaled(number: Any, exponent: int) -> Any:
    """number * 2 ** exponent, exact."""
    with flint.ctx.workprec(_exact_bits):
        return number * power_of_two(exponent)


def _check(moments: Sequence[Sequence[flint.acb]]) -> None:
    if not moments or any(len(row) != n + 1 for n, row in enumerate(moments)):
        shape = [len(row) for row in moments]
        raise ValueError(f"required: n + 1 moments for degree n = 0, 1, ..; got {shape}")
    for n, row in enumerate(moments):
        if not all(g.is_finite() for g in row):
            raise ValueError(f"required: finite moments; got {row} in degree {n}")
        if not all(a.overlaps(b.conjugate()) for a, b in zip(row, reversed(row), strict=True)):
            raise ValueError(f"required: moments of a real function; got {row} in degree {n}")


def _norm(moments: Sequence[Sequence[flint.acb]]) -> flint.arb:
    """The largest L2 norm of a function whose moments lie in these balls."""
    total = flint.arb(0)
    for n, row in enumerate(moments):
        total += flint.arb.pi() / (n + 1) * sum((g.abs_upper() ** 2 for g in row), flint.arb(0))
    return total.upper().sqrt().upper()


# --- branch and bound


def _branch_and_bound(
    bounds: Bounds,
    best_M: NDArray[np.float64],
    ratio: float,
    allowed: int,
    budget: Budget,
) -> tuple[Boxes, NDArray[np.float64]]:
    """The boxes that are left at the end, and the best directions met."""
    width, spent = len(best_M), 1
    leaves = Boxes(np.zeros((1, width), dtype=np.int64), np.zeros((1, width), dtype=np.int64))
    lower_L = np.zeros(1)
    total = float(_norm(bounds.moments)) ** 2
    distance = float(bounds.at(best_M[None])[0])
    while distance > _negligible * total:
        target = distance / ratio**2
        low_L = np.flatnonzero(lower_L < target)
        # The lowest, in bulk: numpy is slow on single boxes.
        count = min(len(low_L) // 16 + 1, _batch, (allowed - spent) // 2)
        if not len(low_L) or count < 1:
            break
        cut_L = low_L[np.argsort(lower_L[low_L], kind="stable")][:count]
        halves = _halves(leaves.of(cut_L))
        values_B = _values(bounds, halves, target)
        spent += len(values_B)
        budget.spend(len(values_B) * 3**width)
        kept_L = np.delete(np.arange(len(lower_L)), cut_L)
        old = leaves.of(kept_L)
        leaves = Boxes(*(np.concatenate(pair) for pair in zip(old, halves, strict=True)))
        lower_L = np.concatenate([lower_L[kept_L], values_B])
        met_B = bounds.at(halves.centre_BM)
        if met_B.min() < distance:
            distance, best_M = float(met_B.min()), halves.centre_BM[met_B.argmin()]
    return leaves, best_M


def _values(bounds: Bounds, boxes: Boxes, enough: float) -> NDArray[np.float64]:
    """Their bounds; 0 for boxes that are too wide for one."""
    values_B = np.zeros(len(boxes.level_BM))
    narrow_B = boxes.level_BM.min(axis=1) >= bounds.multiplicity
    if narrow_B.any():
        values_B[narrow_B], _ = bounds.lower(boxes.of(narrow_B), enough)
    return values_B


def _halves(boxes: Boxes) -> Boxes:
    """Those cut across their first widest side, without the ones that need no bound."""
    rows = np.arange(2 * len(boxes.level_BM))
    level_BM, place_BM = np.repeat(boxes.level_BM, 2, axis=0), np.repeat(boxes.place_BM, 2, axis=0)
    side_B = level_BM.argmin(axis=1)
    level_BM[rows, side_B] += 1
    place_BM[rows, side_B] = 2 * place_BM[rows, side_B] + rows % 2
    # Angles in [low, high) that increase need every low below every later high.
    low_BM, high_BM = place_BM / np.exp2(level_BM), (place_BM + 1) / np.exp2(level_BM)
    ordered_B = (np.maximum.accumulate(low_BM, axis=1) < high_BM).all(axis=1)
    return Boxes(level_BM[ordered_B], place_BM[ordered_B])


def _least(bounds: Bounds, leaves: Boxes, budget: Budget) -> flint.arb:
    """The least bound of these boxes, in ball arithmetic."""
    enough = float(_values(bounds, leaves, np.inf).min())
    least = flint.arb.pos_inf() if enough > 0 else flint.arb(0)
    for first in range(0, len(leaves.level_BM) if enough > 0 else 0, _batch):
        boxes = leaves.of(slice(first, first + _batch))
        budget.spend(boxes.level_BM.shape[0] * 3 ** boxes.level_BM.shape[1])
        _, q_BNJ = bounds.lower(boxes, enough)
        for value in bounds.certain(boxes, q_BNJ):
            least = least.min(value)
    return least


def _tree(leaves: Boxes) -> str:
    """The cuts that lead to these boxes, in preorder."""
    ends = set(map(_key, leaves.level_BM, leaves.place_BM))
    cuts: list[str] = []
    pending = [Boxes(*(np.zeros((1, leaves.level_BM.shape[1]), dtype=np.int64) for _ in range(2)))]
    while pending:
        box = pending.pop()
        cut = _key(box.level_BM[0], box.place_BM[0]) not in ends
        cuts.append("1" if cut else "0")
        if cut:
            halves = _halves(box)
            pending.extend(halves.of([i]) for i in reversed(range(len(halves.level_BM))))
    return "".join(cuts)


def _key(level_M: NDArray[np.int64], place_M: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(level_M.tolist()), tuple(place_M.tolist())
