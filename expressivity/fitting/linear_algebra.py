"""Small batched least-squares kernels, one matrix per lane.

Matrices that LAPACK sees are padded so that every lane's starts on a cache line: all lanes
then take the same path through the library, and a lane's bits do not depend on its place in
the batch. Nothing here reads a value back to the host but, on CUDA, torch itself whether its
singular value decomposition has converged.

Shape letters: L lanes, C columns, R rows.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

ALIGN = 8


def padding(size: int) -> int:
    """What is missing to the next multiple of ``ALIGN``.

    >>> padding(7), padding(8)
    (1, 0)
    """
    return -size % ALIGN


def triangular_factor(columns_LCR: Tensor, previous_LCC: Tensor | None = None) -> Tensor:
    """R of the QR factorisation of the matrix with the given columns, C x C.

    A matrix with fewer rows than columns gets rows of zeros: few nodes, many parameters.
    With ``previous_LCC``, R of the tall matrix stacked under the one that gave it: blocks of
    nodes are absorbed one after another (TSQR; Demmel et al. 2012, doi:10.1137/080731992).
    A last column b yields Q^T b without forming Q.
    """
    if previous_LCC is not None:
        above_LCC = pad(previous_LCC.mT, (0, padding(previous_LCC.shape[1])))
        columns_LCR = torch.cat([above_LCC, columns_LCR], 2)
    columns, rows = columns_LCR.shape[1:]
    if rows < columns:
        columns_LCR = pad(columns_LCR, (0, columns + padding(columns) - rows))
    return torch.linalg.qr(columns_LCR.mT, mode="r")[1]


def sanitised(matrix_LRC: Tensor) -> tuple[Tensor, Tensor]:
    """The matrices with non-finite lanes set to zero, and the mask of finite lanes.

    LAPACK raises for the whole batch when one matrix holds a NaN.
    """
    finite_L = torch.isfinite(matrix_LRC.sum((1, 2)))
    return torch.where(finite_L[:, None, None], matrix_LRC, 0.0), finite_L


def damped_solution(model_LCR: Tensor, damping_LC: Tensor) -> tuple[Tensor, Tensor]:
    """Solve min |A x + b|^2 + |damping x|^2 by QR of the stacked matrix.

    Args:
        model_LCR: the columns of [A | b], one more than ``damping_LC`` has entries.
        damping_LC: the diagonal of the damping matrix, positive.

    Returns:
        x_LC and the decrease of |A x + b|^2 that the model predicts, shape L.
    """
    columns = damping_LC.shape[1]
    rows = model_LCR.shape[2] + columns
    below_LCC = pad(torch.diag_embed(damping_LC), (0, padding(rows), 0, 1))
    triangle = triangular_factor(torch.cat([model_LCR, below_LCC], 2))
    upper_LCC = triangle[:, :columns, :columns].contiguous()
    right_LC1 = triangle[:, :columns, columns:].contiguous()
    x_LC = -torch.linalg.solve_triangular(upper_LCC, right_LC1, upper=True)[:, :, 0]
    linear_LR = (model_LCR[:, :columns] * x_LC[:, :, None]).sum(1)
    decrease_L = -(linear_LR * (linear_LR + 2 * model_LCR[:, columns])).sum(1)
    return x_LC, decrease_L


def cholesky_of(products_LCC: Tensor, ridge: float) -> tuple[Tensor, Tensor, Tensor]:
    """Cholesky factors of inner products, scaled to unit diagonals, ``ridge`` roundings added.

    Returns:
        The lower factors, the scales from either side (0 for columns that are 0), and a mask of
        the lanes that have a factor; the others get the identity.
    """
    square_LC = products_LCC.diagonal(dim1=1, dim2=2)
    there_LC = square_LC > 0
    scale_LC = torch.where(there_LC, square_LC, 1.0).rsqrt() * there_LC
    scaled_LCC = products_LCC * scale_LC[:, :, None] * scale_LC[:, None]
    off_LCC = scaled_LCC - torch.diag_embed(scaled_LCC.diagonal(dim1=1, dim2=2))
    identity_CC = torch.eye(off_LCC.shape[1], dtype=off_LCC.dtype, device=off_LCC.device)
    unit = 1 + ridge * torch.finfo(off_LCC.dtype).eps
    factor_LCC, info_L = torch.linalg.cholesky_ex(off_LCC + unit * identity_CC)
    found_L = info_L == 0
    return torch.where(found_L[:, None, None], factor_LCC, identity_CC), scale_LC, found_L


def rank_revealing_solution(
    factor_LCC: Tensor, right_LC: Tensor, threshold: float
) -> tuple[Tensor, Tensor]:
    """Minimum-norm least-squares solution of factor x = right in the numerical range.

    Columns are scaled to unit norm, then singular values below ``threshold`` times the
    largest are dropped: dictionaries are linearly dependent (docs/theory.md, section 1), and
    a rank-blind solve would report residuals below the true ones.

    Returns:
        x_LC, and the left singular vectors as rows [L, C, C] with the kept ones zeroed:
        they map a vector to its coordinates along the dropped directions.
    """
    norms_LC = torch.linalg.vector_norm(factor_LCC, dim=1)
    scale_LC = torch.where(norms_LC > 0, norms_LC, 1.0)
    left, singular_LC, right = torch.linalg.svd(factor_LCC / scale_LC[:, None])
    kept_LC = singular_LC > threshold * singular_LC[:, :1]
    inverse_LC = torch.where(kept_LC, 1 / torch.where(kept_LC, singular_LC, 1.0), 0.0)
    along_LC = (left.mT * right_LC[:, None]).sum(2) * inverse_LC
    x_LC = (right.mT * along_LC[:, None]).sum(2) / scale_LC
    return x_LC, left.mT * torch.where(kept_LC, 0.0, 1.0)[:, :, None]
