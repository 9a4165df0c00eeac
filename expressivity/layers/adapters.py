"""Adapters: how feed-forward blocks are found in other people's models, and read.

An adapter looks at one module at a time, and says which blocks it is or holds. It is believed as
far as the numbers agree: every block is run before and after (``agreement``).

>>> list(ADAPTERS)[:2]
['block', 'layer']
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from expressivity.layers.blocks import (
    Affine,
    Parts,
    UnreadableError,
    require_nothing_else,
    require_one_place,
    require_plain,
    require_usual_class,
)
from expressivity.layers.code_uses import require_one_way, require_used_once
from expressivity.layers.experts import unpack
from expressivity.layers.reading import Map, Reading, linear_maps
from expressivity.layers.trial import copied, read_alone, readings_inside
from expressivity.registry import Registry, of_type

_MOST_MAPS = 6
"""Linear maps of a module that is run to see whether it is one block."""

_NAMES = re.compile(
    r"(mlp|ffn?|feed_?forward(network)?|experts?|moe|intermediate|dense(gated)?actdense)"
    r"(block|layer)?\d*$",
    re.IGNORECASE,
)
"""Ends of the names that feed-forward blocks have in ``transformers``, as classes."""

_MAPS = (
    {"gate_up_proj", "down_proj"},
    {"up_proj", "down_proj"},
    {"c_fc", "c_proj"},
    {"dense_h_to_4h", "dense_4h_to_h"},
    {"fc1", "fc2"},
    {"fc_in", "fc_out"},
    {"ffn", "ffn_output"},
    {"lin1", "lin2"},
    {"linear1", "linear2"},
    {"linear_fc1", "linear_fc2"},
    {"w1", "w2"},
    {"wi", "wo"},
    {"wi_0", "wo"},
)
"""Names of their weights, as modules or parameters."""

_FUNCTIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu": nn.GELU,
    "gelu_tanh": lambda: nn.GELU("tanh"),
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One way to read blocks.

    Attributes:
        name: of the adapter.
        read: the blocks that a module is or holds, which is not changed and may be any module of
            the model; none, or UnreadableError with the reason, where there are none.
        unpack: a module that computes the same, and whose parts are blocks, from one that packs
            their weights into one tensor; None for others. It is put in its place before blocks
            are read, and the packed one comes back where the conversion is refused.
    """

    name: str
    read: Callable[[nn.Module], Sequence[Parts]]
    unpack: Callable[[nn.Module], nn.Module | None] = lambda module: None


def named_alike(module: nn.Module) -> bool:
    """Whether a module has the name of a feed-forward block, or its weights have."""
    if isinstance(module, torch.jit.ScriptModule):
        held = {name for name, _ in (*module.named_children(), *module.named_parameters())}
    else:
        held = {*vars(module)["_modules"], *vars(module)["_parameters"]}
    return bool(_NAMES.search(type(module).__name__)) or any(held >= maps for maps in _MAPS)


def read_block(module: nn.Module) -> Sequence[Parts]:
    """A module that is one block, whatever the names of its parts."""
    linear = linear_maps(module)
    if not 2 <= len(linear) <= (_MOST_MAPS if named_alike(module) else 3):
        return ()
    require_plain(module, [""])
    require_usual_class(module)
    require_one_place(linear)
    reading = read_alone(module)
    paths = {m.path for m in (reading.w, reading.v, reading.a) if m is not None}
    held = [module.get_submodule(path) for path in sorted(paths)]
    parts = Parts(
        w=_affine(module, reading.w),
        v=None if reading.v is None else _affine(module, reading.v),
        a=_affine(module, reading.a),
        activation=_activation(module, reading),
        inner=_dropout(module, reading.inner),
        outer=_dropout(module, reading.outer),
        original=module,
        casts=reading.casts,
    )
    require_nothing_else(module, [*held, parts.activation])
    if parts.v is not None and (parts.w.bias is None) != (parts.v.bias is None):
        raise UnreadableError("with a bias in one of the maps that are multiplied")
    return (parts,)


def read_layer(module: nn.Module) -> Sequence[Parts]:
    """Blocks ``a(s(w(x)))`` whose parts stand in a layer, as in BERT, BART and Whisper.

    The new block takes the place of w; s, a and dropout between them become ``nn.Identity``.
    """
    linear = linear_maps(module)
    if len(linear) < 2 or not any(map(named_alike, [module, *module.children()])):
        return ()
    require_plain(module, [""])
    found = readings_inside(module)
    return [_inner_parts(module, reading) for reading in found if reading.v is None]


def _inner_parts(module: nn.Module, reading: Reading) -> Parts:
    names = [reading.w.path, reading.activation, *reading.inner, reading.a.path]
    paths = [name for name in names if isinstance(name, str)]
    if reading.is_function or len(paths) < len(names) or reading.w.half is not None:
        raise UnreadableError(
            f"that computes a block of {reading.w.path} and {reading.a.path} in its own forward, "
            "with functions between them"
        )
    for path in paths:
        require_used_once(module, path)
    require_one_way(module, paths)
    parts = Parts(
        w=_affine(module, reading.w),
        a=_affine(module, reading.a),
        activation=module.get_submodule(reading.activation),
        inner=_dropout(module, reading.inner),
        original=nn.Sequential(*[module.get_submodule(path) for path in paths]),
        casts=reading.casts,
        place=paths[0],
        emptied=tuple(paths[1:]),
    )
    require_one_place([module.get_submodule(path) for path in (paths[0], paths[-1])])
    return parts


def _affine(module: nn.Module, own: Map) -> Affine:
    return Affine.of(module.get_submodule(own.path), own.half)


def _activation(module: nn.Module, reading: Reading) -> nn.Module:
    if reading.is_function:
        return _FUNCTIONS[reading.activation]()
    return module.get_submodule(reading.activation)


def _dropout(module: nn.Module, entries: Sequence[str | float]) -> nn.Module:
    """Dropout as a module of its own, in the order of the computation."""
    found = [
        copied(module.get_submodule(entry))
        if isinstance(entry, str)
        else nn.Dropout(entry).train(module.training)
        for entry in entries
    ]
    if len(found) == 1:
        return found[0]
    return nn.Sequential(*found) if found else nn.Identity()


ADAPTERS: Registry[Adapter] = Registry(
    "layer adapter", group="expressivity.layer_adapters", check=of_type(Adapter)
)
for _adapter in (
    Adapter(name="block", read=read_block),
    Adapter(name="layer", read=read_layer),
    Adapter(name="experts", read=lambda module: (), unpack=unpack),
):
    ADAPTERS.add(_adapter.name, _adapter)
