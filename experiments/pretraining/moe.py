"""Mixture of experts: a router sends each token to its best few feed-forward layers.

Shape letters: N tokens, D coordinates, X experts, K experts of a token.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from expressivity.classes.families import Family
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.initialisation import Initialisation


@dataclass(frozen=True, kw_only=True)
class Experts:
    """How many experts there are.

    Attributes:
        count: in a layer.
        chosen: of them, by each token.
        balance: weight of the load-balance loss.

    Raises:
        ValueError: more are chosen than there are, or none.
    """

    count: int
    chosen: int = 2
    balance: float = 0.01

    def __post_init__(self) -> None:
        if not 1 <= self.chosen <= self.count:
            raise ValueError(f"required: 1 to {self.count} experts a token; got {self.chosen}")


class MixtureOfExperts(nn.Module):
    """Weighted outputs of the K best of X feed-forward layers, and the load-balance loss.

    The loss is X sum_x f_x P_x, with f the share of assignments and P the mean probability of
    an expert: 1 where both are even. Weights of a token's experts sum to 1. No token is dropped.

    Source: Fedus, Zoph and Shazeer (2022), arXiv:2101.03961, equation 4, for K experts a token.

    >>> from expressivity.classes.kinds import Kind
    >>> family = Family(kind=Kind.LA, neuron="type1", width=8, dimension=4, outputs=4)
    >>> y, balance = MixtureOfExperts(family, Experts(count=4))(torch.zeros(2, 3, 4))
    >>> y.shape, balance.shape
    (torch.Size([2, 3, 4]), torch.Size([]))
    """

    def __init__(
        self,
        family: Family,
        experts: Experts,
        start: Initialisation | None = None,
        *,
        device: str | None = None,
    ) -> None:
        super().__init__()
        self.experts_chosen = experts.chosen
        self.router = nn.Linear(family.dimension, experts.count, bias=False, device=device)
        self.experts = nn.ModuleList(
            FeedForward(family, initialisation=start or Initialisation(), device=device)
            for _ in range(experts.count)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of the shape of ``x``, and the load-balance loss."""
        x_ND = x.flatten(0, -2)
        probability_NX = F.softmax(self.router(x_ND).float(), -1)
        weight_NK, chosen_NK = probability_NX.topk(self.experts_chosen)
        weight_NK = weight_NK / weight_NK.sum(-1, keepdim=True)
        order = chosen_NK.flatten().argsort(stable=True)
        token = order // self.experts_chosen
        parts = x_ND[token].split(self._loads(chosen_NK))
        outputs = [expert(part) for expert, part in zip(self.experts, parts, strict=True)]
        weighted = torch.cat(outputs) * weight_NK.flatten()[order, None].to(x.dtype)
        # Not index_add: with K terms a token in the order of the tokens, sums do not depend on
        # threads.
        y_NKD = torch.empty_like(weighted).index_copy(0, order, weighted)
        y = y_NKD.unflatten(0, chosen_NK.shape).sum(1).view_as(x)
        return y, balance_loss(probability_NX, chosen_NK)

    def _loads(self, chosen_NK: Tensor) -> list[int]:
        """Assignments of each expert; on ``meta``, where there are no numbers, even ones."""
        count = len(self.experts)
        if chosen_NK.is_meta:
            each, more = divmod(chosen_NK.numel(), count)
            return [each + (expert < more) for expert in range(count)]
        return chosen_NK.flatten().bincount(minlength=count).tolist()


def balance_loss(probability_NX: Tensor, chosen_NK: Tensor) -> Tensor:
    """X sum_x f_x P_x of :class:`MixtureOfExperts`."""
    count = probability_NX.shape[-1]
    assigned_X = F.one_hot(chosen_NK, count).sum((0, 1)) / chosen_NK.numel()
    return count * (assigned_X * probability_NX.mean(0)).sum()
