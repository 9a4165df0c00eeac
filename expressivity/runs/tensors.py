"""Tensors with what they are of, in one safetensors file under a digest.

The metadata hold a text, and a SHA-256 of it and of the tensors with their names, types and shapes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from expressivity.output import write_atomically

_CONFIGURATION, _DIGEST = "configuration", "sha256"


class UnreadableTensorsError(ValueError):
    """A file that is not whole; the text says what it is, to be put after its name."""


def write_sealed(
    path: Path, configuration: str, tensors: Mapping[str, Tensor], *, keep: Path | None = None
) -> None:
    """Write tensors of the CPU under a digest.

    Args:
        path: the file.
        configuration: what they are of.
        tensors: by name.
        keep: as of :func:`~expressivity.output.write_atomically`.

    Raises:
        OSError: the file could not be written; the one before is still there.
    """
    metadata = {_CONFIGURATION: configuration, _DIGEST: digest_of(configuration, tensors)}
    packed = save(dict(tensors), metadata)
    # Written by Python: safetensors' own writer does not raise OSError on a full disk.
    write_atomically(path, lambda temporary: temporary.write_bytes(packed), keep=keep)


def read_sealed(path: Path) -> tuple[str, dict[str, Tensor]]:
    """The text and the tensors, once the digest has been found to be theirs.

    Raises:
        UnreadableTensorsError: the file is damaged, or has no digest.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableTensorsError(f"is damaged ({reason})") from error
    if _CONFIGURATION not in metadata or _DIGEST not in metadata:
        raise UnreadableTensorsError("has no digest: it is damaged or of an older version")
    promised, found = metadata[_DIGEST], digest_of(metadata[_CONFIGURATION], tensors)
    if promised != found:
        raise UnreadableTensorsError(
            f"is damaged (its SHA-256 is {found[:12]}, not {promised[:12]!a} as written in it)"
        )
    return metadata[_CONFIGURATION], tensors


def digest_of(configuration: str, tensors: Mapping[str, Tensor]) -> str:
    """Of the text, and of names, types, shapes and bytes of all tensors."""
    names = sorted(tensors)
    described = [[name, str(tensors[name].dtype), list(tensors[name].shape)] for name in names]
    digest = hashlib.sha256(json.dumps([configuration, described]).encode())
    for name in names:
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
