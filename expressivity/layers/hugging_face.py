"""Feed-forward layers of Hugging Face models, replaced by ours.

Llama-style blocks hold ``gate_proj``, ``up_proj``, ``down_proj`` and ``act_fn`` (also Mistral,
Qwen2 and others); GPT-2-style ones ``c_fc``, ``c_proj``, ``act`` and ``dropout``.
"""

import importlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from expressivity.classes.families import Family
from expressivity.layers.activation_names import activation_names, check_substitute
from expressivity.layers.blocks import Block, Style, style_of
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.replacement import refusal, replacement


def replace_feedforward(
    model: nn.Module,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str] | None = None,
    leave: Sequence[str] = (),
) -> int:
    """Replace every feed-forward block of a model, keeping the model's function.

    Every block is run before and after, in training and in evaluation mode, on random numbers of
    its dtype and device, and in float64; the first that differs by more than rounding, or whose
    function numbers cannot show, refuses the whole conversion.

    Args:
        model: a ``transformers.PreTrainedModel`` with Llama- or GPT-2-style blocks; changed in
            place.
        family_of: the fixed family that a block is (SwiGLU: one_sided over silu) to the family
            that it shall be, as ``lambda fixed: replace(fixed, kind=Kind.LA, ...)``.
        substitute: activations of the model that are none of ours, to ours, as
            ``{"gelu_new": "gelu"}``. This changes the function.
        leave: names of modules to leave as they are, with all inside, as
            ``("*.experts", "*.shared_experts")``; ``*`` stands for anything.

    Returns:
        The number of blocks replaced: all of the model's feed-forward blocks but those that
        ``leave`` names. One block that stands in several places counts once.

    Raises:
        ValueError: transformers is not installed, not such a model, no such block, a block that
            cannot be replaced (its name and the reason), feed-forward blocks of another kind
            that ``leave`` does not name, an activation that is none of ours, or a family that
            does not hold the block's function. The model is then as it was.
    """
    try:
        transformers: Any = importlib.import_module("transformers")
    except ImportError as error:
        raise ValueError(
            "required: the package transformers; got none: pip install 'expressivity[hf]'"
        ) from error
    if not isinstance(model, transformers.PreTrainedModel):
        raise ValueError(f"required: a transformers model; got {type(model).__name__}")
    return replace_blocks(model, family_of=family_of, substitute=substitute or {}, leave=leave)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A block and the names of all its places."""

    names: tuple[str, ...]
    module: nn.Module
    style: Style


def replace_blocks(
    model: nn.Module,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str],
    leave: Sequence[str],
) -> int:
    """:func:`replace_feedforward` for any module that holds such blocks."""
    names = _names(model)
    left = _left(names, leave)
    found = [
        _Found(names=tuple(at), module=module, style=style)
        for module, at in names.items()
        if module not in left and (style := style_of(module)) is not None
    ]
    if not found:
        raise ValueError(
            f"required: Llama- or GPT-2-style feed-forward blocks; got {type(model).__name__} "
            "with none: replace them by hand with convert"
        )
    _check_others(model, {block.module for block in found}, left)
    activations = [dict(b.module.named_children()).get(b.style.activation) for b in found]
    check_substitute(substitute, {n for a in activations if a for n in activation_names(a)})
    owners = _owners(model)
    new: list[Block] = []
    for block in found:
        name, module = block.names[0], block.module
        if any(owners[_address(p)] > 1 for p in module.parameters()):
            raise refusal(name, module, "whose parameters have other places too")
        new.append(
            replacement(name, module, block.style, family_of=family_of, substitute=substitute)
        )
    for block, other in zip(found, new, strict=True):
        for name in block.names:
            model.set_submodule(name, other)
    return len(found)


def _names(model: nn.Module) -> dict[nn.Module, list[str]]:
    names: dict[nn.Module, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(module, []).append(name)
    return names


def _left(names: Mapping[nn.Module, list[str]], leave: Sequence[str]) -> set[nn.Module]:
    """Modules to be left, with all inside."""
    left: set[nn.Module] = set()
    for pattern in leave:
        matched = [m for m, at in names.items() if any(fnmatchcase(n, pattern) for n in at)]
        if not matched:
            raise ValueError(f"required: names of modules to leave; got {pattern!r}, which is none")
        left.update(inner for module in matched for inner in module.modules())
    return left


_OTHERS = re.compile(
    r"(mlp|ffn?|feed_?forward(network)?|experts?|moe|intermediate|dense(gated)?actdense)"
    r"(block|layer)?\d*$",
    re.IGNORECASE,
)
"""Ends of the names that feed-forward blocks have in ``transformers``, as classes."""

_OTHER_MAPS = (
    {"gate_up_proj", "down_proj"},
    {"up_proj", "down_proj"},
    {"c_fc", "c_proj"},
    {"dense_h_to_4h", "dense_4h_to_h"},
    {"fc1", "fc2"},
    {"fc_in", "fc_out"},
    {"lin1", "lin2"},
    {"linear1", "linear2"},
    {"linear_fc1", "linear_fc2"},
    {"w1", "w2"},
    {"wi", "wo"},
    {"wi_0", "wo"},
)
"""Names of their weights, as modules or parameters."""


def _check_others(model: nn.Module, found: set[nn.Module], left: set[nn.Module]) -> None:
    """Refuse to leave feed-forward blocks of another kind without being told to.

    They are recognised by name: of their class, or of their weights.
    """
    ours = [m for m in model.modules() if isinstance(m, Block | FeedForward)]
    known = left.union(*(block.modules() for block in [*found, *ours]))
    others: list[str] = []
    for name, module in model.named_modules():
        parts = set(module.modules())
        if module in known or parts & found or not any(True for _ in module.parameters()):
            continue
        held = {n for n, _ in module.named_children()}
        held |= {n for n, _ in module.named_parameters(recurse=False)}
        if _OTHERS.search(type(module).__name__) or any(held >= maps for maps in _OTHER_MAPS):
            others.append(name)
            known |= parts
    if others:
        shown = ", ".join(others[:4]) + (f" and {len(others) - 4} more" if others[4:] else "")
        raise ValueError(
            "required: feed-forward blocks of the Llama or GPT-2 style alone; got others that "
            f"would be left as they are: {shown}: to accept this, name them, as "
            f"leave=({others[0]!r},) or with a pattern"
        )


def _owners(model: nn.Module) -> Counter[int]:
    """How many modules hold each parameter, by the address of its numbers."""
    return Counter(_address(p) for m in model.modules() for p in m.parameters(recurse=False))


def _address(parameter: nn.Parameter) -> int:
    plain = type(parameter) is nn.Parameter and parameter.device.type != "meta"
    return parameter.data_ptr() if plain and parameter.numel() else id(parameter)
