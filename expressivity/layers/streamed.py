"""Least squares over rows that come in blocks and are not kept.

A group of rows is held as the triangular factor R of their QR factorisation, renewed with every
block: R has the lengths and angles of the columns, and so all that least squares asks for.
Householder's QR is backward stable column by column, so that a residual is right to about eps
times (sum_c |x_c| |A_c| + |b|), whatever the condition of the columns; normal equations would
lose half of the digits. (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002,
chapter 20, doi:10.1137/1.9780898718027)

Shape letters: N rows, C columns, G groups of neurons.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_SWEEPS, _SETTLED = 500, 1e-10
"""Alternating least squares: how often at most, and the relative gain at which it ends."""
_RANDOM_STARTS = 8
_DEPENDENT = 1e-12
"""Singular values below it, of columns of length 1, count as 0: as exactly dependent columns
(leaky_relu, relu, id) have them after rounding, whose coefficients would else be of any size."""


class Rows:
    """Rows of equally many columns, in groups.

    Args:
        columns: of every row.
        groups: how many are told apart.

    >>> rows = Rows(2, groups=1)
    >>> rows.add(0, torch.tensor([[3.0, 1.0], [4.0, 0.0]]))
    >>> rows.factor().abs()[0, 0].item()
    5.0
    """

    def __init__(self, columns: int, groups: int) -> None:
        empty_NC = torch.zeros(0, columns, dtype=torch.float64, device="cpu")
        self._factors = [empty_NC] * groups

    def add(self, group: int, block_NC: Tensor) -> None:
        """Take rows into a group; they are copied to float64 and computed where they are."""
        block_NC = block_NC.double()
        held_NC = self._factors[group].to(block_NC.device)
        self._factors[group] = _triangular(torch.cat([held_NC, block_NC]))

    def factor(self) -> Tensor:
        """R of all rows: at most C x C, on the CPU."""
        return _triangular(torch.cat([held_NC.cpu() for held_NC in self._factors]))

    def factors_without(self) -> list[Tensor]:
        """R of all rows but those of one group, for every group that has rows."""
        held = [held_NC.cpu() for held_NC in self._factors if len(held_NC)]
        others = [held[:group] + held[group + 1 :] for group in range(len(held))]
        return [_triangular(torch.cat(kept)) for kept in others if kept]


def _triangular(block_NC: Tensor) -> Tensor:
    if not bool(block_NC.isfinite().all()):
        raise ValueError(
            "required: finite outputs of the layers; got infinite ones or NaN: the model diverged"
        )
    return torch.linalg.qr(block_NC, mode="r").R


def least_squares(A_NC: Tensor, b_N: Tensor) -> tuple[float, Tensor]:
    """The least |A x - b|, and the x of least norm (columns scaled to length 1) that has it.

    >>> residual, x = least_squares(torch.eye(2).double(), torch.tensor([3.0, 4.0]).double())
    >>> residual, x.tolist()
    (0.0, [3.0, 4.0])
    """
    length_C = torch.linalg.vector_norm(A_NC, dim=0)
    length_C = torch.where(length_C > 0, length_C, 1.0)
    # Divide and conquer over singular values: the others refuse dependent columns.
    unit_NC = A_NC / length_C
    x_C = torch.linalg.lstsq(unit_NC, b_N[:, None], rcond=_DEPENDENT, driver="gelsd").solution[:, 0]
    x_C = x_C / length_C
    return float(torch.linalg.vector_norm(A_NC @ x_C - b_N)), x_C


@dataclass(frozen=True, kw_only=True)
class Product:
    """Coefficients that are products of one vector for each side.

    Attributes:
        residual: the distance they leave.
        sides: the vectors of each side, G x size.
    """

    residual: float
    sides: list[Tensor]


def nearest_product(
    A_NC: Tensor, b_N: Tensor, sizes: Sequence[int], starts: Sequence[Sequence[Tensor]]
) -> Product:
    """The nearest A x to b where x, in every group, is a product of vectors, one for each side.

    With one side it is a linear problem, and its solution exact. With more it has local optima:
    alternating least squares runs from the given starts, from the leading singular vectors of the
    free solution and from eight random ones, and the best end is kept, which no optimum is
    above, and some may be below.

    Args:
        A_NC: columns, group after group, the coefficient of the last side running fastest.
        b_N: what is to be approximated.
        sizes: of the vectors of each side.
        starts: G x size for each side.
    """
    residual, free_C = least_squares(A_NC, b_N)
    free_Gx = free_C.unflatten(0, (-1, *sizes))
    if len(sizes) < 2:
        return Product(residual=residual, sides=[free_Gx] * len(sizes))
    generator = torch.Generator("cpu").manual_seed(0)
    draws = [
        [
            torch.randn(len(free_Gx), n, generator=generator, dtype=torch.float64, device="cpu")
            for n in sizes
        ]
        for _ in range(_RANDOM_STARTS)
    ]
    A_NGx = A_NC.unflatten(1, free_Gx.shape)
    ends = [alternate(A_NGx, b_N, start) for start in [*starts, _leading(free_Gx), *draws]]
    return min(ends, key=lambda end: end.residual)


def alternate(A_NGx: Tensor, b_N: Tensor, start: Sequence[Tensor]) -> Product:
    """Solve for the vectors of one side after another, the others held, until nothing is gained."""
    sides, before, residual = list(start), math.inf, math.inf
    for _ in range(_SWEEPS):
        for side in range(len(sides)):
            columns_NGC = _contracted(A_NGx, sides, side)
            residual, x_C = least_squares(columns_NGC.flatten(1), b_N)
            sides[side] = x_C.view_as(sides[side])
        if before - residual <= _SETTLED * residual:
            break
        before = residual
    return Product(residual=residual, sides=sides)


def _contracted(A_NGx: Tensor, sides: Sequence[Tensor], kept: int) -> Tensor:
    """Columns that a side's coefficients have when those of the others are given, N x G x size."""
    for side in reversed(range(len(sides))):
        if side != kept:
            shape = [len(sides[side]), *[1] * len(sides)]
            shape[1 + side] = -1
            A_NGx = (A_NGx * sides[side].view(shape)).sum(2 + side, keepdim=True)
    return A_NGx.flatten(2)


def _leading(free_Gx: Tensor) -> list[Tensor]:
    """The first left singular vectors of all unfoldings."""
    sides = range(1, free_Gx.ndim)
    return [torch.linalg.svd(free_Gx.movedim(side, 1).flatten(2)).U[..., 0] for side in sides]


def jackknife(values: Sequence[float]) -> float | None:
    """Standard error of a statistic, from its values without one group after another.

    None for fewer than two. Groups are taken as independent and equally large.
    Source: B. Efron, C. Stein (1981), doi:10.1214/aos/1176345462.

    >>> jackknife([1.0, 2.0]), jackknife([])
    (0.5, None)
    """
    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    return math.sqrt((count - 1) / count * math.fsum((v - mean) ** 2 for v in values))
