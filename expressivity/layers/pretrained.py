"""Models of ``transformers`` that hold our layers, saved and brought back."""

import copy
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn

from expressivity.layers.blocks import Block
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.saved import read_blocks, rebuild, written

ATTRIBUTE = "expressivity_conversion"
"""Of a model's configuration: the document of ``saved``."""


def record_conversion(
    model: nn.Module, blocks: Sequence[Mapping[str, Any]], unpacked: Sequence[str]
) -> None:
    """Write converted blocks into the configurations of the models of ``transformers`` at hand.

    Args:
        model: one, or a module that wraps some.
        blocks: documents of blocks, with names in ``model``.
        unpacked: names of modules that packed some of them.
    """
    for prefix, owner in _configured(model):
        own = [_below(prefix, block) for block in blocks if _is_below(prefix, block)]
        if own:
            earlier, lists = _earlier(owner)
            start = f"{prefix}." if prefix else ""
            lists += [name.removeprefix(start) for name in unpacked if name.startswith(start)]
            setattr(owner.config, ATTRIBUTE, written([*earlier, *own], lists))


@contextmanager
def all_or_nothing(model: nn.Module) -> Generator[None]:
    """A context after whose failure modules have their parts back, and configurations records.

    >>> model = nn.Sequential(nn.Linear(2, 2))
    >>> try:
    ...     with all_or_nothing(model):
    ...         model[0] = nn.Identity()
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt:
    ...     print(model[0])
    Linear(in_features=2, out_features=2, bias=True)
    """
    parts = {module: dict(vars(module)["_modules"]) for module in model.modules()}
    configs = [owner.config for _, owner in _configured(model)]
    records = [getattr(config, ATTRIBUTE, None) for config in configs]
    try:
        yield
    except BaseException:
        for module, held in parts.items():
            vars(module)["_modules"].clear()
            vars(module)["_modules"].update(held)
        for config, record in zip(configs, records, strict=True):
            if record is not None:
                setattr(config, ATTRIBUTE, record)
            elif hasattr(config, ATTRIBUTE):
                delattr(config, ATTRIBUTE)
        raise


def _earlier(owner: Any) -> tuple[list[Mapping[str, Any]], list[str]]:
    """What the configuration of a model already has of blocks and lists.

    Raises:
        ValueError: blocks that are none of this model's.
    """
    document = getattr(owner.config, ATTRIBUTE, None)
    blocks = [] if document is None else read_blocks(document)
    named = _named(owner)
    for place in (named(place) for block in blocks for place in block["places"]):
        if not isinstance(dict(owner.named_modules(remove_duplicate=False)).get(place), Block):
            raise ValueError(
                f"required: a configuration of this model alone; got one of "
                f"{type(owner).__name__} that records a block at {place}, which the model lacks: "
                "give the model a copy of its configuration, or remove "
                f"config.{ATTRIBUTE} if the block was exchanged"
            )
    return list(blocks), [] if document is None else list(document.get("unpacked", []))


def from_pretrained(kind: Any, path: Any, **options: Any) -> Any:
    """A model of ``transformers`` that was saved with layers of ours in it.

    It is ``kind.from_pretrained(path, **options)``, which alone would build the model of the
    configuration without its conversion, and start the blocks at random.

    Args:
        kind: the model's class, or one of the ``AutoModel`` classes.
        path: a folder or a repository, as ``save_pretrained`` wrote it.
        options: those of ``kind.from_pretrained``.

    Raises:
        ValueError: nothing there that can be loaded, no layer of ours in the model, a conversion
            that a newer version saved or that is of another model, or tensors that are not those
            of the layers.
    """
    wanted = options.pop("output_loading_info", False)
    strict = not options.get("ignore_mismatched_sizes", False)
    loaded = {**options, "output_loading_info": True, "ignore_mismatched_sizes": True}
    try:
        kind = _of_auto(kind, path, options)
        _require_configuration(kind, path, options)
        model, loading = _converting(kind).from_pretrained(path, **loaded)
    except (ImportError, MemoryError, torch.OutOfMemoryError):
        raise  # says nothing of the folder
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith("required: "):
            raise
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(
            f"required: a saved model with its configuration and tensors; got {path}, which cannot "
            f"be loaded ({problem}): save it again with save_pretrained"
        ) from error
    model.__class__ = kind
    layers = [name for name, m in model.named_modules() if isinstance(m, Block | FeedForward)]
    emptied = [_named(model)(name) for block in _recorded(model) for name in block["emptied"]]
    missing = set(loading["missing_keys"]) - _shared(model, set(loading["missing_keys"]))
    _require_agreement([*layers, *emptied], {**loading, "missing_keys": missing}, strict=strict)
    if not layers:
        raise ValueError(
            f"required: a model that was converted and saved, or holds a FeedForward; got "
            f"{kind.__name__} without either: load it by its own from_pretrained"
        )
    return (model, loading) if wanted else model


def _configured(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """The models of ``transformers`` inside a module that have a configuration of their own.

    A model and the one below its head share one, and names in it are those of the outer.
    """
    home: Any = sys.modules.get("transformers.modeling_utils")
    if home is None:  # then there is none
        return
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        if isinstance(module, home.PreTrainedModel) and id(module.config) not in seen:
            seen.add(id(module.config))
            yield prefix, module


def _is_below(prefix: str, block: Mapping[str, Any]) -> bool:
    names = [*block["places"], *block["emptied"]]
    return not prefix or all(name.startswith(f"{prefix}.") for name in names)


def _below(prefix: str, block: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{prefix}." if prefix else ""
    moved = {
        key: [name.removeprefix(start) for name in block[key]] for key in ("places", "emptied")
    }
    return {**block, **moved}


_WHERE = ("cache_dir", "force_download", "local_files_only", "revision", "subfolder", "token")
"""Options that say where a repository is."""


def _of_auto(kind: Any, path: Any, options: Mapping[str, Any]) -> Any:
    """The class that an ``AutoModel`` class stands for."""
    mapping = getattr(kind, "_model_mapping", None)
    if mapping is None:
        return kind
    from transformers import AutoConfig  # they are there: kind is one of theirs
    from transformers.models.auto import auto_factory

    where = {key: options[key] for key in _WHERE if key in options}
    config = options.get("config") or AutoConfig.from_pretrained(path, **where)
    return cast(Any, auto_factory)._get_model_class(config, mapping)


def _require_configuration(kind: Any, path: Any, options: Mapping[str, Any]) -> None:
    """Refuse a folder without one: its model would be one of the class's standard size."""
    where = {key: options[key] for key in _WHERE if key in options}
    if options.get("config") is None and not kind.config_class.get_config_dict(path, **where)[0]:
        raise ValueError(
            f"required: a saved model with its configuration; got {path} without config.json: "
            "save model and configuration together, with save_pretrained"
        )


def _converting(kind: Any) -> Any:
    """A class whose models have their blocks before tensors are loaded, each for itself."""

    def __init__(self: Any, config: Any, *args: Any, **options: Any) -> None:  # noqa: N807
        kind.__init__(self, config, *args, **options)
        document = getattr(config, ATTRIBUTE, None)
        if document is not None:
            named = _named(self)
            rebuild(self, document, named=named)
            for block in read_blocks(document):
                # transformers starts what a file has under another name anew: see _shared.
                for place in block["places"][1:]:
                    self.set_submodule(
                        named(place), copy.deepcopy(self.get_submodule(named(place)))
                    )

    kept = {key: getattr(kind, key) for key in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind,), {**kept, "__init__": __init__})


def _named(model: Any) -> Callable[[str], str]:
    """Names in a model with a head and in the one below it differ by a prefix."""
    prefix = f"{model.base_model_prefix}."

    def named(name: str) -> str:
        for other in (name, name.removeprefix(prefix), prefix + name):
            try:
                model.get_submodule(other)
            except AttributeError:
                continue
            return other
        return name

    return named


def _recorded(model: Any) -> list[Mapping[str, Any]]:
    """The blocks of a model's conversion."""
    document = getattr(model.config, ATTRIBUTE, None)
    return [] if document is None else read_blocks(document)


def _shared(model: Any, missing: set[str]) -> set[str]:
    """Blocks with several places become one again; tensors that a file has under one of them."""
    named = _named(model)
    found: set[str] = set()
    for block in _recorded(model):
        places = [named(place) for place in block["places"]]
        lacking = {p: {key for key in missing if key.startswith(f"{p}.")} for p in places}
        first = min(places, key=lambda place: len(lacking[place]))
        own = model.get_submodule(first).state_dict()
        for place in set(places) - {first}:
            for key, tensor in model.get_submodule(place).state_dict().items():
                if f"{place}.{key}" not in missing and not torch.equal(tensor, own[key]):
                    raise _disagreement(f"{place}.{key} other than {first}.{key}, one block")
            model.set_submodule(place, model.get_submodule(first))
            found |= lacking[place]
    return found


def _require_agreement(layers: Sequence[str], loading: Mapping[str, Any], *, strict: bool) -> None:
    """Refuse tensors that are not those of the layers."""
    for what in ("missing", "unexpected"):
        for key in sorted(loading[f"{what}_keys"]):
            ours = any(key.startswith(f"{layer}.") for layer in layers)
            if ours or key.endswith("feed_forward.a.weight"):  # a block that the model lacks
                raise _disagreement(f"{key} {'missing' if what == 'missing' else 'besides'}")
    mismatched = sorted(loading["mismatched_keys"])
    if strict and mismatched:
        key, *shapes = mismatched[0]
        found, expected = (tuple(shape) for shape in shapes)
        raise _disagreement(f"{key} of shape {found} for {expected}")


def _disagreement(problem: str) -> ValueError:
    return ValueError(
        f"required: a checkpoint whose tensors are those of its configuration; got {problem}: "
        "save model and configuration together, with save_pretrained"
    )
