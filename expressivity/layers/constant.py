"""Layers whose coefficients no longer depend on the input."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from expressivity.classes.kinds import Constraint, Kind
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.unaltered import require_unaltered


@torch.no_grad()
def with_constants(layer: FeedForward, constants: Sequence[Tensor]) -> FeedForward:
    """The LA layer that has a layer's maps, and these coefficients in place of its own.

    Args:
        layer: MoA or LA.
        constants: coefficients of each side, group after group.

    Raises:
        ValueError: a layer that computes something else than its family.
    """
    require_unaltered(layer)
    family = replace(layer.family, kind=Kind.LA, gate=None, constraint=Constraint.FREE)
    weight = layer.w.weight
    place: dict[str, Any] = {"device": weight.device, "dtype": weight.dtype}
    la = FeedForward(family, initialisation=None, soft_clamp=layer.soft_clamp, **place)
    shared = {key: value for key, value in layer.state_dict().items() if key in la.state_dict()}
    la.load_state_dict(shared, strict=False)
    for side, constant_C in enumerate(constants):
        scale_C = la.scale(side)
        assert scale_C is not None
        scale_C.copy_(constant_C)
    return la.train(layer.training)


def freeze(model: nn.Module, constants: Mapping[str, Sequence[Tensor]]) -> nn.Module:
    """A copy of a model in which the layers named have constant coefficients."""
    frozen = copy.deepcopy(model)
    for name, sides in constants.items():
        layer = frozen.get_submodule(name)
        assert isinstance(layer, FeedForward)
        parent, _, child = name.rpartition(".")
        setattr(frozen.get_submodule(parent), child, with_constants(layer, sides))
    return frozen
