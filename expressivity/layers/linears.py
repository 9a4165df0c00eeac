"""Linear maps as torch has them."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


def bias_of(linear: nn.Linear) -> nn.Parameter | None:
    """The bias, which torch types as always there."""
    return cast(nn.Parameter | None, linear.bias)


def joint(maps: Sequence[nn.Linear], x_TD: Tensor) -> list[Tensor]:
    """Values of linear maps at one input, by one product where calling them would do no more.

    Maps of a few columns take their time to read the input, and their gradients to write its
    gradient: one product does it once. Maps that are wrapped (LoRA), parametrised, hooked (FSDP2,
    tensor parallel), quantised or lent other weights (``functional_call``) are called one by one,
    and so are all under autocast, which joins no tensors of some dtypes.

    >>> maps = [nn.Linear(3, 2), nn.Linear(3, 1)]
    >>> [values.shape[-1] for values in joint(maps, torch.zeros(5, 3))]
    [2, 1]
    """
    biases = [bias_of(linear) for linear in maps]
    biased: list[Tensor] = [bias for bias in biases if bias is not None]
    alike = len(maps) > 1 and len(biased) in (0, len(maps)) and all(map(_plain, maps))
    if not alike or _autocast(x_TD.device.type):
        return [linear(x_TD) for linear in maps]
    weights: list[Tensor] = [linear.weight for linear in maps]
    bias = torch.cat(biased) if biased else None
    sizes = [linear.out_features for linear in maps]
    return list(functional.linear(x_TD, torch.cat(weights), bias).split(sizes, -1))


def _plain(linear: nn.Module) -> bool:
    """Whether calling it computes its product and does nothing else."""
    held = vars(linear)
    hooked = any(value for name, value in held.items() if name.endswith("_hooks"))
    kept = type(linear) is nn.Linear and type(linear.weight) is nn.Parameter
    return kept and not hooked and "forward" not in held


def _autocast(device: str) -> bool:
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
