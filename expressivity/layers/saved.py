"""Conversions written down: which blocks of a model are ours, so that a saved model comes back.

The document names every block with its places, its family, and what stands around its layer;
numbers are in the model's own state.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn

from expressivity.classes.families import Family
from expressivity.layers.blocks import Block
from expressivity.layers.experts import unpacked
from expressivity.layers.feed_forward import FeedForward

SCHEMA, VERSION = "expressivity.conversion", 1


def written(blocks: Sequence[Mapping[str, Any]], unpacked: Sequence[str]) -> dict[str, Any]:
    """The document of some blocks, each from :func:`written_block`.

    Args:
        blocks: of a model.
        unpacked: names of modules that packed some of them, and became lists.
    """
    return {
        "schema": f"{SCHEMA}/{VERSION}",
        "unpacked": list(unpacked),
        "blocks": [dict(block) for block in blocks],
    }


def written_block(block: Block, places: Sequence[str], emptied: Sequence[str]) -> dict[str, Any]:
    """One block, as JSON.

    Args:
        block: ours.
        places: its names in the model, of which it has several where it is shared.
        emptied: names of modules that became ``nn.Identity`` with it.

    Raises:
        ValueError: something else than dropout around the layer.
    """
    family = block.feed_forward.family
    return {
        "places": list(places),
        "emptied": list(emptied),
        "family": family.json(),
        "dimension": family.dimension,
        "soft_clamp": block.feed_forward.soft_clamp,
        "bias": block.bias is not None,
        "inner": _probabilities(block.inner),
        "dropout": _probabilities(block.dropout),
    }


def _probabilities(module: nn.Module) -> list[float]:
    """Of dropout modules one after another."""
    if type(module) is nn.Sequential:
        return [p for part in module for p in _probabilities(part)]
    if type(module) in (nn.Dropout, nn.Identity):
        return [module.p] if isinstance(module, nn.Dropout) else []
    raise ValueError(
        f"required: nn.Dropout around a block, which a saved model can name; got "
        f"{type(module).__name__}: let the adapter make it of nn.Dropout"
    )


def read_blocks(document: Any) -> list[Mapping[str, Any]]:
    """The blocks of a document.

    Raises:
        ValueError: another schema, that of a newer version, or a malformed document.

    >>> read_blocks({"schema": "expressivity.conversion/1", "blocks": []})
    []
    """
    given = cast(Mapping[str, Any], document) if isinstance(document, Mapping) else {}
    schema = str(given.get("schema"))
    name, _, number = schema.partition("/")
    if name == SCHEMA and number.isdecimal() and int(number) > VERSION:
        raise ValueError(
            f"required: a conversion of schema {SCHEMA}/{VERSION}; got {schema}, which a newer "
            "version saved: install that version"
        )
    if schema != f"{SCHEMA}/{VERSION}" or not isinstance(given.get("blocks"), list):
        raise ValueError(
            f"required: a conversion of schema {SCHEMA}/{VERSION} with its blocks; got {schema}: "
            "convert the model with replace_feedforward and save it again"
        )
    return given["blocks"]


@torch.no_grad()
def rebuild(
    model: nn.Module, document: Any, *, named: Callable[[str], str] = lambda name: name
) -> None:
    """Put blocks into a model as a document says, with random numbers that are to be loaded.

    Args:
        model: as it was before its conversion; changed in place.
        document: from ``Report.json`` or the model's configuration.
        named: the name in this model of a name in the document.

    Raises:
        ValueError: a document that cannot be read, or is of another model. The model is then
            as it was.

    >>> from expressivity.layers import replace_feedforward
    >>> def fresh():
    ...     chain = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))
    ...     return nn.ModuleDict({"mlp": chain})
    >>> model, other = fresh(), fresh()
    >>> report = replace_feedforward(model, family_of=lambda fixed: fixed)
    >>> rebuild(other, report.json())
    >>> other.load_state_dict(model.state_dict())
    <All keys matched successfully>
    """
    blocks = read_blocks(document)
    before: dict[str, nn.Module] = {}
    try:
        for name in map(named, document.get("unpacked", [])):
            before[name] = model.get_submodule(name)
            model.set_submodule(name, _list(before[name]))
        made = [pair for entry in blocks for pair in _made(model, entry, named)]
        _require_apart([name for name, _ in made])
    except Exception as error:
        for name, module in before.items():
            model.set_submodule(name, module)
        raise ValueError(
            f"required: a conversion of this {type(model).__name__}; got one of another model, or "
            f"a damaged one ({type(error).__name__}: {error}): take the class that was converted"
        ) from error
    for name, module in made:
        model.set_submodule(name, module)


def _require_apart(names: Sequence[str]) -> None:
    """Refuse places of blocks that are the whole model, twice the same or inside each other."""
    for place, name in enumerate(names):
        others = [other for at, other in enumerate(names) if at != place]
        if not name or any(f"{other}.".startswith(f"{name}.") for other in others):
            raise KeyError(f"{name!r} is no place of one block alone")


def _list(packed: nn.Module) -> nn.Module:
    """The list of packed experts, whatever their numbers."""
    found = unpacked(packed)
    if found is None:
        raise TypeError(f"{type(packed).__name__} packs no experts")
    return found


def _made(
    model: nn.Module, entry: Mapping[str, Any], named: Callable[[str], str]
) -> list[tuple[str, nn.Module]]:
    """What an entry puts in which places."""
    places, emptied = (list(map(named, entry[key])) for key in ("places", "emptied"))
    old = [model.get_submodule(name) for name in (*places, *emptied)]
    block = _block(entry, next(old[0].parameters())).train(old[0].training)
    return [*((place, block) for place in places), *((name, nn.Identity()) for name in emptied)]


def _block(entry: Mapping[str, Any], like: nn.Parameter) -> Block:
    family = Family.from_json(entry["family"], dimension=entry["dimension"])
    place: dict[str, Any] = {"device": like.device, "dtype": like.dtype}
    layer = FeedForward(family, soft_clamp=entry["soft_clamp"], **place)
    bias = torch.zeros(family.outputs, device=like.device, dtype=like.dtype)
    return Block(
        layer, bias if entry["bias"] else None, _dropout(entry["dropout"]), _dropout(entry["inner"])
    )


def _dropout(probabilities: Sequence[float]) -> nn.Module:
    if not all(0 <= p <= 1 for p in probabilities):
        raise ValueError(f"probabilities {probabilities} of dropout")
    found = [nn.Dropout(p) for p in probabilities]
    if len(found) == 1:
        return found[0]
    return nn.Sequential(*found) if found else nn.Identity()
