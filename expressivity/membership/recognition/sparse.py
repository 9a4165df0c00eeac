"""Few columns of numbers whose combination is a given column, in floating point."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linprog  # pyright: ignore[reportUnknownVariableType]

_FITS = 1e-9  # of the size of the target
_LIKELY = 1e-11  # of its square: what the normal equations leave of pairs that fit
_INDEPENDENT = 1e-9
_PAIRS, _ROUNDS = 4, 3  # pairs that are tried; rounds of reweighting
_ITERATIONS = 5000
Combination = list[tuple[int, float]]


def combinations(
    columns: np.ndarray, target: np.ndarray, *, most: int | None = None
) -> Iterator[Combination]:
    """Combinations of columns that are the target: one column, two, then sparse ones, then any.

    Args:
        columns: values, places x columns, no two proportional and none 0.
        target: values at the places.
        most: columns that a combination may have; None for any number.

    Sparse combinations have the least weighted sum of coefficients, by linear programming, with
    the weights of E. J. Candes, M. B. Wakin, S. P. Boyd, J. Fourier Anal. Appl. 14, 2008.

    >>> columns = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    >>> [sorted(i for i, _ in found) for found in combinations(columns, np.array([2.0, 3.0, 0.0]))]
    [[0, 1]]
    """
    if not np.isfinite(target).all():
        return
    if not target.any():
        yield []
        return
    sizes = np.linalg.norm(columns, axis=0)
    seen: set[tuple[int, ...]] = set()
    for support in _supports(columns / sizes, target / np.linalg.norm(target), most):
        found = _refined(columns, target, support)
        places = tuple(sorted(i for i, _ in found or ()))
        if found is not None and places not in seen and (most is None or len(places) <= most):
            seen.add(places)
            yield found


def _supports(unit: np.ndarray, goal: np.ndarray, most: int | None) -> Iterator[list[int]]:
    """Which columns to combine."""
    if unit.shape[1] == 0:
        return
    yield [int(np.argmax(np.abs(unit.T @ goal)))]
    if most != 1:
        yield from _pairs(unit, goal)
    if most is None or most > 2:
        yield from _sparse(unit, goal)
        yield from _independent(unit)


def _refined(columns: np.ndarray, target: np.ndarray, support: Sequence[int]) -> Combination | None:
    """The coefficients of these columns, or None where no combination of them is the target."""
    chosen = columns[:, list(support)]
    solution: Any = np.linalg.lstsq(chosen, target, rcond=None)[0]
    if np.linalg.norm(chosen @ solution - target) > _FITS * np.linalg.norm(target):
        return None
    pairs = zip(support, solution.tolist(), strict=True)
    return [(i, a) for i, a in pairs if abs(a) * np.linalg.norm(columns[:, i]) > _FITS]


def _pairs(unit: np.ndarray, goal: np.ndarray) -> list[list[int]]:
    """Pairs of columns that leave nothing, by the normal equations of all pairs."""
    gram, share = unit.T @ unit, unit.T @ goal
    determinant = 1 - gram**2
    explained = share[:, None] ** 2 + share[None, :] ** 2 - 2 * gram * np.outer(share, share)
    independent = determinant > _INDEPENDENT
    left = np.where(independent, 1 - explained / np.where(independent, determinant, 1.0), 1.0)
    found: Any = np.argwhere(np.triu(left <= _LIKELY, 1))
    return sorted(found.tolist(), key=sum)[:_PAIRS]


def _independent(unit: np.ndarray) -> Iterator[list[int]]:
    """The first columns that are independent, if they are few beside the places.

    What they span they determine, though their sizes may be too different for linear programming.
    """
    basis: list[np.ndarray] = []
    kept: list[int] = []
    for i, column in enumerate(unit.T):
        rest = column
        for _ in range(2):  # once more for rounding errors
            for known in basis:
                rest = rest - (known @ rest) * known
        size = float(np.linalg.norm(rest))
        if size > _INDEPENDENT:
            kept.append(i)
            basis.append(rest / size)
        if 2 * len(kept) > len(unit):
            return
    yield kept


def _sparse(unit: np.ndarray, goal: np.ndarray) -> Iterator[list[int]]:
    weights = np.ones(unit.shape[1])
    for _ in range(_ROUNDS):
        solved: Any = linprog(
            np.concatenate([weights, weights]),
            A_eq=np.hstack([unit, -unit]),
            b_eq=goal,
            method="highs",
            options={"maxiter": _ITERATIONS},
        )
        if solved.status != 0:
            return
        size = np.abs(solved.x[: unit.shape[1]] - solved.x[unit.shape[1] :])
        yield np.flatnonzero(size > _FITS).tolist()
        weights = 1 / (size + 1e-3)
