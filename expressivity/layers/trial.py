"""Modules of other people's models, run by themselves to read what they compute.

Copies run, at random tokens, with torch's global random numbers as they were afterwards.
"""

import copy
import inspect
import random
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import nn

from expressivity.layers.agreement import undisturbed
from expressivity.layers.blocks import DTYPES, NotRunError, UnreadableError
from expressivity.layers.holders import attributes
from expressivity.layers.reading import (
    Reading,
    is_transposed,
    linear_maps,
    read_inside,
    read_whole,
)
from expressivity.layers.recording import Recording, record

R = TypeVar("R")


def copied(module: nn.Module) -> nn.Module:
    """A copy with parameters of its own.

    Raises:
        UnreadableError: there is none.
    """
    try:
        return copy.deepcopy(module)
    except Exception as error:
        raise UnreadableError(f"that cannot be copied ({type(error).__name__})") from error


def read_alone(module: nn.Module) -> Reading:
    """A module that is one block.

    Raises:
        UnreadableError: it is none; with the formula of what it computes.
    """
    reading = _in_both_modes(module, _read_one)
    first, *further = inspect.signature(module.forward).parameters.values()
    for more in [first] if str(first).startswith("*") else further:
        raise UnreadableError(f"that has the further input {more.name}")
    return reading


def readings_inside(module: nn.Module) -> list[Reading]:
    """The blocks inside a layer.

    Raises:
        NotRunError: it cannot be run with tokens alone.
    """
    return _in_both_modes(module, read_inside)


def layer_arguments(module: nn.Module) -> list[None]:
    """None for what a layer requires beside its tokens, as an attention mask."""
    parameters = list(inspect.signature(module.forward).parameters.values())[1:]
    needed = [p for p in parameters if p.default is p.empty and not str(p).startswith("*")]
    return [None for _ in needed]


def _read_one(module: nn.Module, recording: Recording, training: bool) -> Reading:
    reading = read_whole(module, recording, training)
    if reading is None:
        text = str(recording)
        shown = text if len(text) <= 160 else f"{text[:159]}..."
        raise UnreadableError(f"that computes {shown}, which is no feed-forward block")
    if recording.outside is not None:
        raise UnreadableError(f"whose code depends on {recording.outside}, which is no part of it")
    if recording.unused:  # questions for dtypes
        _require_everywhere(module, reading, training)
    return reading


def _in_both_modes(module: nn.Module, read: Callable[[nn.Module, Recording, bool], R]) -> R:
    """What a module is read as in training, if it is the same in evaluation.

    Also without gradients and under autocast, where casts may come between the maps.
    """
    found = [read(module, _run(copied(module).train(mode)), mode) for mode in (True, False)]
    if found[0] != found[1]:
        raise UnreadableError("that computes another function in training than in evaluation")
    with torch.no_grad():
        if read(module, _run(copied(module).train()), True) != found[0]:
            raise UnreadableError("that computes another function without gradients")
    mixed = read(module, _run(copied(module).train(), torch.bfloat16), True)
    if _uncast(mixed) != _uncast(found[0]):
        raise UnreadableError("that computes another function under autocast")
    return found[0]


def _uncast(read: Any) -> Any:
    if isinstance(read, Reading):
        return replace(read, casts=False)
    return [_uncast(one) for one in read]


def _require_everywhere(module: nn.Module, reading: Reading, training: bool) -> None:
    """A module that asks for dtypes must be the same block in each, and under autocast."""
    for dtype in DTYPES:
        for autocast in (None, torch.bfloat16, torch.float16):
            other = copied(module).to("cpu", dtype).train(training)
            found = read_whole(other, _run(other, autocast), training)
            if found is None or _uncast(found) != _uncast(reading):
                where = f"{dtype}" + (f" under autocast to {autocast}" if autocast else "")
                raise UnreadableError(f"that computes something else in {where}")


def _run(module: nn.Module, autocast: torch.dtype | None = None) -> Recording:
    weight, others = next(module.parameters()), layer_arguments(module)
    failed = ""
    for width in dict.fromkeys(map(_inputs, linear_maps(module))):
        generator = torch.Generator("cpu").manual_seed(0)
        x_TD = torch.randn(2, 8, width, generator=generator, device="cpu").to(weight)
        before = _state(module)
        try:
            with undisturbed(weight.device), _autocast(weight.device, autocast):
                drawn = _drawn()
                recording = record(module, x_TD, *others)
                if _drawn() != drawn:
                    raise UnreadableError("that draws random numbers of Python or numpy")
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001 - of someone else's forward, whatever it does
            failed = failed or type(error).__name__
            continue
        changed = [name for name, value in _state(module).items() if before.get(name) != value]
        if changed:
            raise UnreadableError(f"that changes its own {changed[0]} when it runs")
        return recording
    raise NotRunError(f"that cannot be run alone ({failed})")


def _drawn() -> object:
    """Where the random numbers are that are none of torch."""
    kind, keys, *rest = cast(tuple[Any, ...], np.random.get_state(legacy=True))  # noqa: NPY002
    return random.getstate(), kind, keys.tobytes(), rest


def _state(module: nn.Module) -> dict[str, object]:
    """What a module keeps beside its parts, and what its class does."""
    found: dict[str, object] = {}
    for name, part in module.named_modules():
        for key, value in attributes(part):
            found[f"{name}.{key}".lstrip(".")] = _kept(value, {id(part)})
    return found


def _kept(value: Any, seen: set[int]) -> object:
    """Numbers and texts as they are, also inside of others; of tensors whether they changed."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.Tensor):
        return id(value), value._version
    if id(value) in seen or isinstance(value, type | nn.Module):
        return None
    seen.add(id(value))
    if isinstance(value, dict):
        pairs = cast(dict[Any, Any], value).items()
        return [(_kept(key, seen), _kept(kept, seen)) for key, kept in pairs]
    if isinstance(value, list | tuple | set | frozenset | deque):
        return [_kept(part, seen) for part in cast(Iterable[Any], value)]
    if isinstance(value, random.Random):
        return value.getstate()
    return _kept(getattr(value, "__dict__", None), seen)


def _inputs(linear: nn.Module) -> int:
    weight: Any = linear.weight
    return int(weight.shape[0 if is_transposed(linear) else 1])


def _autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)
