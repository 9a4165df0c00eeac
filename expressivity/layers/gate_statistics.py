"""What gates do over tokens.

Shape letters: T tokens, C coefficients of one side.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class GateStatistics:
    """One side of one layer.

    Attributes:
        variance: of each coefficient over tokens, mean over coefficients.
        entropy: of each token's shares, nats, mean over tokens; at most log C.
        effective_rank: of the matrix of coefficients, tokens by C; 1 for constant gates.
        shares: of each coefficient in the sum of absolute values, mean over tokens.
    """

    variance: float
    entropy: float
    effective_rank: float
    shares: tuple[float, ...]


def gate_statistics(c_TC: Tensor) -> GateStatistics:
    """Statistics of coefficients (gates times scales); a token without any has equal shares.

    Source of the effective rank, exp of the entropy of the normalised singular values: Roy and
    Vetterli (2007), EUSIPCO.

    >>> gate_statistics(torch.ones(5, 2)).effective_rank
    1.0
    """
    c_TC = c_TC.double()
    size_TC = c_TC.abs()
    total_T1 = size_TC.sum(-1, keepdim=True)
    share_TC = torch.where(total_T1 > 0, size_TC / total_T1, 1 / c_TC.shape[-1])
    # From the C x C matrix of inner products: T is large.
    singular_C = torch.linalg.eigvalsh(c_TC.mT @ c_TC).clamp(min=0).sqrt()
    # Below the accuracy of that product: zero.
    singular_C = torch.where(singular_C > 1e-7 * singular_C.max(), singular_C, 0.0)
    rank = entropy(singular_C / singular_C.sum()).exp() if singular_C.max() > 0 else torch.zeros(())
    return GateStatistics(
        variance=c_TC.var(0, correction=0).mean().item(),
        entropy=entropy(share_TC).mean().item(),
        effective_rank=rank.item(),
        shares=tuple(share_TC.mean(0).tolist()),
    )


def entropy(p_C: Tensor) -> Tensor:
    """-sum p log p over the last axis, nats.

    >>> round(entropy(torch.tensor([0.5, 0.5])).item(), 4)
    0.6931
    """
    return -torch.xlogy(p_C, p_C).sum(-1)
