"""One block's replacement: converted, compared."""

import copy
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.layers.activation_names import ACTIVATION_NAMES, Pointwise, activation_names
from expressivity.layers.agreement import disagreement, layers_disagree, undisturbed
from expressivity.layers.blocks import Affine, Block, Parts, UnreadableError
from expressivity.layers.conversion import convert
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.linears import bias_of
from expressivity.layers.trial import copied, layer_arguments


def replacement(
    name: str,
    module: nn.Module,
    parts: Parts,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str],
) -> tuple[Family, Block]:
    """The fixed family that a block is, and what takes its place; the block stays as it is.

    Args:
        name: of the block, for messages.
        module: the block, or the layer that it is inside.
        parts: of the block.
        family_of: the fixed family that a block is to the one that it shall be.
        substitute: names of activations that are none of ours, to ours.

    Raises:
        UnreadableError: a block whose function is not kept.
        ValueError: an activation that is none of ours, a family that does not hold the function.
    """
    theirs = activation_names(parts.activation)
    # The last name is the class's own, which anybody may give to any function.
    known = [substitute[t] for t in theirs if t in substitute]
    known += [ACTIVATION_NAMES[t] for t in theirs[:-1] if t in ACTIVATION_NAMES]
    ours = next(iter(known), None)
    if ours is None:
        raise ValueError(
            f"required: one of the activations {', '.join(ACTIVATION_NAMES)}; got {theirs[0]} in "
            f"{name}: to accept another function, name one, as {{'gelu_fast': 'gelu_tanh'}}"
        )
    substituted = any(their in substitute for their in theirs)
    exchanged = {id(parts.activation): Pointwise(ours)} if substituted else {}
    original = copy.deepcopy(parts.original, dict(exchanged))
    with undisturbed(parts.w.weight.device):  # new linear maps draw numbers first
        fixed = _fixed(parts, ours)
        family = fixed.feed_forward.family
        converted = convert(fixed.feed_forward, family_of(family))
    new = Block(converted, parts.a.bias, copy.deepcopy(parts.outer), copy.deepcopy(parts.inner))
    # Blocks that compute in float32 whatever they are given differ in float64 by its rounding.
    wide = torch.float32 if parts.casts else torch.float64
    problem = disagreement(original, fixed, new, wide=wide)
    if problem is not None:
        raise UnreadableError(f"that is not {family.neuron} {ours} as its parts say: {problem}")
    _as_before(new, module, parts)
    if parts.place:
        before = copy.deepcopy(module, dict(exchanged))
        after = copied(module)
        put(after, parts, copy.deepcopy(new))
        problem = layers_disagree(before, after, *layer_arguments(module))
        if problem is not None:
            raise UnreadableError(f"that is not the same with {parts.place} replaced: {problem}")
    return family, new


def put(module: nn.Module, parts: Parts, new: Block) -> None:
    """Put a block in its place inside a layer."""
    module.set_submodule(parts.place, new)
    for path in parts.emptied:
        module.set_submodule(path, nn.Identity())


def _fixed(parts: Parts, activation: str) -> Block:
    """A block as it was read: a fixed layer, with parameters of its own."""
    weight = parts.w.weight
    width, dimension = weight.shape
    family = Family(
        kind=Kind.FIXED,
        neuron="type1" if parts.v is None else "one_sided",
        width=width,
        dimension=dimension,
        outputs=parts.a.weight.shape[0],
        dictionary=(activation,),
        bias=parts.w.bias is not None,
    )
    fixed = FeedForward(family, initialisation=None, device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        for role, own in _roles(parts).items():
            linear = cast(nn.Linear, fixed.get_submodule(role))
            linear.weight.copy_(own.weight)
            bias = bias_of(linear)
            if bias is not None and own.bias is not None:
                bias.copy_(own.bias)
    return Block(fixed, parts.a.bias, copy.deepcopy(parts.outer), copy.deepcopy(parts.inner))


def _roles(parts: Parts) -> dict[str, Affine]:
    named = {"w": parts.w, "v": parts.v, "a": parts.a}
    return {role: own for role, own in named.items() if own is not None}


def _as_before(new: Block, module: nn.Module, parts: Parts) -> None:
    """Modes, what is trained and attributes of parameters, as the block had them.

    Parameters that the block had none of (of gates, scales) are trained if any of it was.
    """
    new.train(module.training)
    for ours, theirs in ((new.inner, parts.inner), (new.dropout, parts.outer)):
        for our, their in zip(ours.modules(), theirs.modules(), strict=True):
            if isinstance(their, nn.Dropout):
                our.training = their.training
    roles = _roles(parts)
    new.requires_grad_(any(any(own.trained) for own in roles.values()))
    for role, own in roles.items():
        linear = cast(nn.Linear, new.feed_forward.get_submodule(role))
        linear.weight.requires_grad_(own.trained[0])
        vars(linear.weight).update(own.marks[0])
        bias = new.bias if role == "a" else bias_of(linear)
        if bias is not None and own.bias is not None:
            bias.requires_grad_(own.trained[1])
            vars(bias).update(own.marks[1])
