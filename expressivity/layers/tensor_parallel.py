"""Neurons of a layer cut over processes, by plans for ``parallelize_module``.

w, v, .. are cut by outputs and a by inputs, as feed-forward layers are; each process has the
neurons of one part. What the neurons of all parts share (gates of a single group, their scales,
shared parameters) every process holds, and its gradients, which each has of its own neurons alone,
are summed. Groups of neurons are cut like the neurons, with their gates.
"""

from typing import Any, cast

from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import (
    DTensor,
    Partial,
    Replicate,
    Shard,
    distribute_module,
    distribute_tensor,
)
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel
from torch.distributed.tensor.parallel.style import ParallelStyle

from expressivity.classes.families import Family, map_names
from expressivity.layers.feed_forward import FeedForward


def tensor_parallel_plan(model: nn.Module) -> dict[str, ParallelStyle]:
    """A plan for ``torch.distributed.tensor.parallel.parallelize_module``.

    Args:
        model: a layer, or a model with some; a plan of its other parts may be added to this one.

    Returns:
        A style for every part of every layer, by its name.

    Raises:
        ValueError: no layer of ours; when the plan is carried out, processes that do not divide
            the neurons, or their groups where there are several.

    >>> family = Family(kind="moa", neuron="type1", gate="tanh", width=4, dimension=2)
    >>> list(tensor_parallel_plan(FeedForward(family)))
    ['', 'w', 'a', 'u0']
    """
    plan: dict[str, ParallelStyle] = {}
    for prefix, layer in model.named_modules():
        if isinstance(layer, FeedForward):
            for name, style in _styles(layer.family).items():
                plan[".".join(filter(None, (prefix, name)))] = style
    if not plan:
        raise ValueError(
            f"required: a model with a FeedForward; got {type(model).__name__} without"
        )
    return plan


def _styles(family: Family) -> dict[str, ParallelStyle]:
    styles: dict[str, ParallelStyle] = {"": _Layer()}
    styles |= {name: ColwiseParallel() for name in map_names(family.record.maps)}
    styles["a"] = RowwiseParallel()
    if family.gate is not None:
        shared = family.group_count == 1
        styles |= {f"u{s}": _Shared() if shared else ColwiseParallel() for s in range(family.sides)}
    return styles


class _Layer(ParallelStyle):
    """The parameters that a layer itself holds, and its number of parts."""

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        layer, parts = cast(FeedForward, module), device_mesh.size()
        family = layer.family
        for what, count in (("neurons", family.width), ("groups", family.group_count)):
            if count % parts and count > 1:
                raise ValueError(
                    f"required: {what} that {parts} processes divide; got {count}: choose another "
                    "width, other groups, or fewer processes"
                )
        for name, parameter in list(layer.named_parameters(recurse=False)):
            shared = family.record.shared if name == "p" else family.group_count == 1
            placement = Replicate() if shared else Shard(0)
            placed = nn.Parameter(
                distribute_tensor(parameter.detach(), device_mesh, [placement]),
                requires_grad=parameter.requires_grad,
            )
            layer.register_parameter(name, placed)
        layer.parts, layer.local = parts, local
        return layer


class _Shared(ParallelStyle):
    """Gates that the neurons of all processes share."""

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        def enter(_: Any, inputs: tuple[Any, ...], mesh: DeviceMesh) -> Any:
            x_TD = inputs[0]
            return x_TD if isinstance(x_TD, DTensor) else DTensor.from_local(x_TD, mesh)

        def leave(_: Any, outputs: Any, __: DeviceMesh) -> Any:
            return local(outputs)

        return distribute_module(module, device_mesh, None, enter, leave)


def local(value: Tensor) -> Tensor:
    """What this process has of a tensor, whose gradient it has of its own neurons alone."""
    if not isinstance(value, DTensor):
        return value
    # The gradients of what is held everywhere are summed on the way back.
    there = [Partial() if p.is_replicate() else p for p in value.placements]
    whole = value.redistribute(placements=value.placements)
    return whole.to_local(grad_placements=there)
