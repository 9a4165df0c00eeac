"""Feed-forward blocks of models, of Hugging Face and others, replaced by our layers."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from expressivity.classes.families import Family
from expressivity.layers.activation_names import activation_names, check_substitute
from expressivity.layers.adapters import ADAPTERS
from expressivity.layers.blocks import Block, UnreadableError, require_plain
from expressivity.layers.feed_forward import require_limit
from expressivity.layers.pretrained import all_or_nothing, record_conversion
from expressivity.layers.replacement import replacement
from expressivity.layers.report import Replaced, Report
from expressivity.layers.saved import written_block
from expressivity.layers.search import Found, Search, refusal


def replace_feedforward(
    model: nn.Module,
    *,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    leave: Sequence[str] = (),
    adapters: Sequence[str] | None = None,
    soft_clamp: float | None = None,
) -> Report:
    """Replace every feed-forward block of a model, keeping the model's function.

    Every block is run before and after, in training and in evaluation mode, on random numbers of
    its dtype and device, and in float64; the first that differs by more than rounding, or whose
    function numbers cannot show, refuses the whole conversion.

    Args:
        model: of ``transformers`` or any other; changed in place.
        family_of: the fixed family that a block is (SwiGLU: one_sided over silu) to the family
            that it shall be, as ``lambda fixed: replace(fixed, kind=Kind.LA, ...)``.
        substitute: activations of the model that are none of ours, to ours, as
            ``{"gelu_fast": "gelu_tanh"}``. This changes the function.
        only: names of modules to look at, with all inside; ``*`` stands for anything.
        leave: names of modules to leave as they are, with all inside, as ``("*.experts",)``.
        adapters: names of those that read blocks, in this order; all, of other packages first.
        soft_clamp: of the new layers, for float16. This changes the function near the limit.

    Returns:
        What was replaced, and what was not and why.

    Raises:
        ValueError: no such block, a block that cannot be replaced (its name and the reason),
            feed-forward blocks of another kind that ``leave`` does not name, an activation that
            is none of ours, a family that does not hold the block's function, or a name that
            nothing has. The model is then as it was.

    >>> from dataclasses import replace
    >>> chain = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))
    >>> model = nn.ModuleDict({"first": chain})
    >>> print(replace_feedforward(model, family_of=lambda f: replace(f, kind="la")))
    first: fixed type1 to la type1 (block)
    """
    _require_usable(family_of, soft_clamp)
    chosen = _chosen(adapters)
    # Whatever the caller has set: numbers are compared, and gradients.
    with torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"):
        packed = Search(model, only, leave).packed(chosen)
        with all_or_nothing(model):
            for name, module in packed.items():
                model.set_submodule(name, module)
            search = Search(model, only, leave)
            found = _found(search, chosen, substitute or {})
            new = [_replacement(search, block, family_of, substitute or {}) for block in found]
            return _put(search, found, new, list(packed), soft_clamp)


def _require_usable(family_of: object, soft_clamp: float | None) -> None:
    require_limit(soft_clamp)
    if not callable(family_of):
        raise ValueError(
            f"required: family_of as a function from a block's family to a Family; got "
            f"{family_of!r}: write lambda fixed: replace(fixed, kind='la')"
        )


def _found(search: Search, adapters: Sequence[str], substitute: Mapping[str, str]) -> list[Found]:
    """The blocks of a model, if none is left aside in silence."""
    found = search.blocks(adapters)
    search.require_all_read(found)
    if not found:
        got, advice = "none inside", "put a FeedForward in their place by hand"
        if search.ours:
            got, advice = "layers of ours alone", "convert takes such a layer to another family"
        raise ValueError(
            f"required: feed-forward blocks that an adapter reads ({', '.join(adapters)}); got "
            f"{type(search.model).__name__} with {got}: {advice}"
        )
    named = {n for block in found for n in activation_names(block.parts.activation)}
    check_substitute(substitute, named)
    return found


def _put(
    search: Search,
    found: Sequence[Found],
    new: Sequence[tuple[Family, Block]],
    unpacked: Sequence[str],
    soft_clamp: float | None,
) -> Report:
    """Put new blocks in their places, all at once: what is refused before changes nothing."""
    replaced: list[Replaced] = []
    for block, (before, other) in zip(found, new, strict=True):
        other.feed_forward.soft_clamp = soft_clamp
        after = other.feed_forward.family
        replaced.append(
            Replaced(
                names=block.places,
                adapter=block.adapter,
                before=before,
                after=after,
                saved=written_block(other, block.places, block.emptied),
            )
        )
    record_conversion(search.model, [block.saved for block in replaced], unpacked)
    for block, (_, other) in zip(found, new, strict=True):
        block.put(search.model, other)
    return Report(
        replaced=tuple(replaced),
        kept=search.kept(),
        unpacked=tuple(unpacked),
        skipped=dict.fromkeys(search.ours, "a layer of ours already"),
    )


def _replacement(
    search: Search,
    block: Found,
    family_of: Callable[[Family], Family],
    substitute: Mapping[str, str],
) -> tuple[Family, Block]:
    """The fixed family that a block is, and what takes its place."""
    try:
        require_plain(block.module, [""])
        search.require_own(block)
        return replacement(
            block.name, block.module, block.parts, family_of=family_of, substitute=substitute
        )
    except UnreadableError as error:
        raise refusal(block.name, block.module, str(error)) from error


def _chosen(adapters: Sequence[str] | None) -> list[str]:
    if adapters is None:
        foreign = ADAPTERS.foreign()
        return [*foreign, *(name for name in ADAPTERS if name not in foreign)]
    if isinstance(adapters, str) or not adapters:
        raise ValueError(f"required: a list of names of layer adapters; got {adapters!r}")
    return [name for name in adapters if ADAPTERS[name]]
