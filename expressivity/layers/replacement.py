"""One block's replacement: read, converted, compared."""

import copy
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.layers.activation_names import ACTIVATION_NAMES, Pointwise, activation_names
from expressivity.layers.agreement import disagreement, undisturbed
from expressivity.layers.blocks import Block, Style, formula, obstacle
from expressivity.layers.conversion import convert
from expressivity.layers.feed_forward import FeedForward, bias_of


def replacement(
    name: str,
    module: nn.Module,
    style: Style,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str],
) -> Block:
    """What takes a block's place; the block stays as it is.

    Args:
        name: of the block, for messages.
        module: the block.
        style: of the block.
        family_of: the fixed family that a block is to the one that it shall be.
        substitute: names of activations that are none of ours, to ours.

    Raises:
        ValueError: a block that cannot be read or kept, in one line.
    """
    problem = obstacle(module, style)
    if problem is not None:
        raise refusal(name, module, problem)
    original = copy.deepcopy(module)
    computed = [formula(original.train(training)) for training in (False, True)]
    for found in computed:
        if found not in style.formulas:
            shown = found if len(found) <= 160 else f"{found[:159]}..."
            raise refusal(name, module, f"that computes {shown}, not {style.formulas[0]}")
    theirs = activation_names(module.get_submodule(style.activation))
    ours = next((n[t] for n in (substitute, ACTIVATION_NAMES) for t in theirs if t in n), None)
    if ours is None:
        raise ValueError(
            f"required: one of the activations {', '.join(ACTIVATION_NAMES)}; got {theirs[0]} in "
            f"{name}: to accept another function, name its substitute, as {{'gelu_new': 'gelu'}}"
        )
    if any(their in substitute for their in theirs):
        original.set_submodule(style.activation, Pointwise(ours))
    with undisturbed(next(module.parameters()).device):  # new linear maps draw numbers first
        fixed = _fixed(module, style, ours)
        family = fixed.feed_forward.family
        converted = convert(fixed.feed_forward, family_of(family))
    new = Block(converted, fixed.bias, copy.deepcopy(fixed.dropout))
    # Blocks that compute in float32 whatever they are given differ in float64 by its rounding.
    wide = torch.float32 if ".float()" in computed[0] else torch.float64
    problem = disagreement(original, fixed, new, wide=wide)
    if problem is not None:
        raise refusal(
            name, module, f"that is not {family.neuron} {ours} as its parts say: {problem}"
        )
    return _as_before(new, module, style)


def refusal(name: str, module: nn.Module, problem: str) -> ValueError:
    """A refusal of one block; ``problem`` follows its name in the sentence."""
    return ValueError(
        f"required: blocks whose function can be kept; got {name} ({type(module).__name__}) "
        f"{problem}: leave it as it is with leave=({name!r},), or replace it by hand with convert"
    )


def _fixed(module: nn.Module, style: Style, activation: str) -> Block:
    """A block as it was read: a fixed layer, with parameters of its own."""
    maps = {role: cast(nn.Linear, module.get_submodule(n)) for role, n in style.maps.items()}
    weights = {role: _weight(linear) for role, linear in maps.items()}
    width, dimension = weights["w"].shape
    family = Family(
        kind=Kind.FIXED,
        neuron="type1" if style.v is None else "one_sided",
        width=width,
        dimension=dimension,
        outputs=weights["a"].shape[0],
        dictionary=(activation,),
        bias=bias_of(maps["w"]) is not None,
    )
    device, dtype = weights["w"].device, weights["w"].dtype
    fixed = FeedForward(family, initialisation=None, device=device, dtype=dtype)
    with torch.no_grad():
        for role, weight in weights.items():
            linear = cast(nn.Linear, fixed.get_submodule(role))
            linear.weight.copy_(weight)
            bias, theirs = bias_of(linear), bias_of(maps[role])
            if bias is not None and theirs is not None:
                bias.copy_(theirs)
    dropout = nn.Identity() if style.dropout is None else module.get_submodule(style.dropout)
    return Block(fixed, bias_of(maps["a"]), copy.deepcopy(dropout))


def _weight(linear: nn.Linear) -> Tensor:
    """Outputs x inputs."""
    return linear.weight if type(linear) is nn.Linear else linear.weight.mT


def _as_before(new: Block, module: nn.Module, style: Style) -> Block:
    """Modes and what is trained, as the block had them.

    Parameters that the block had none of (of gates, scales) are trained if any of it was.
    """
    new.train(module.training)
    if style.dropout is not None:
        new.dropout.train(module.get_submodule(style.dropout).training)
    new.requires_grad_(any(p.requires_grad for p in module.parameters()))
    for role, name in style.maps.items():
        linear = cast(nn.Linear, new.feed_forward.get_submodule(role))
        theirs = cast(nn.Linear, module.get_submodule(name))
        linear.weight.requires_grad_(theirs.weight.requires_grad)
        bias = new.bias if role == "a" else bias_of(linear)
        their_bias = bias_of(theirs)
        if bias is not None and their_bias is not None:
            bias.requires_grad_(their_bias.requires_grad)
    return new
