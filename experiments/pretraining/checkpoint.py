"""Checkpoints: one safetensors file that is whole or not there.

    model/NAME            weights
    optimizer/NAME/STATE  moments and step counts
    log/COLUMN            what was measured so far, float64

The metadata hold the configuration as JSON, and a SHA-256 of it and of the tensors with their
names, types and shapes. Nothing is used before it is verified: a flipped bit in a weight would
else go on to a loss that looks like any other.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from experiments.pretraining.distributed import Place, like, whole
from experiments.pretraining.optimizers import named_states
from expressivity.output import write_atomically

_CONFIGURATION, _DIGEST = "configuration", "sha256"
_MODEL = "model/"


class UnreadableCheckpointError(ValueError):
    """A file that is no whole checkpoint; the text says what it is, to be put after its name."""


@dataclass(kw_only=True)
class Log:
    """What a training has measured so far.

    Attributes:
        loss: cross-entropy of each step's batch, nats per byte.
        gradient_norm: of each step, before clipping.
        evaluated, validation: steps done at each evaluation, and the loss found.
    """

    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    evaluated: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps done."""
        return len(self.loss)


def write_checkpoint(
    path: Path,
    configuration: dict[str, object],
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    log: Log,
    place: Place,
) -> None:
    """Write everything that the next step depends on; every process takes part.

    Raises:
        OSError: the file could not be written; the one before is still there.
    """
    tensors = {_MODEL + name: whole(value) for name, value in model.named_parameters()}
    for name, state in named_states(model, optimizers):
        tensors |= {f"optimizer/{name}/{key}": whole(value) for key, value in state.items()}
    for column, values in vars(log).items():
        tensors[f"log/{column}"] = torch.tensor(values, dtype=torch.float64)
    if place.writes:
        asked = json.dumps(configuration, sort_keys=True)
        packed = save(tensors, {_CONFIGURATION: asked, _DIGEST: _digest(asked, tensors)})
        write_atomically(path, lambda temporary: _write(temporary, packed))
    place.barrier()


@torch.no_grad()
def read_checkpoint(
    path: Path,
    configuration: dict[str, object],
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
) -> Log:
    """Put weights and moments back; returns the log.

    Raises:
        ValueError: the file is damaged, has no digest, or is of another configuration or
            version; neither model nor optimizers have been touched.
    """
    try:
        found, tensors = verified(path)
    except UnreadableCheckpointError as error:
        raise ValueError(_refusal(path, str(error))) from error
    if found != json.dumps(configuration, sort_keys=True):
        raise ValueError(
            f"required: a checkpoint of the same configuration; {path} is of another "
            f"one: choose another --out"
        )
    parameters = dict(model.named_parameters())
    stored = weights_of(tensors)
    if shapes(stored) != shapes(parameters):
        raise ValueError(_refusal(path, "is of another version of the program"))
    for name, parameter in parameters.items():
        parameter.copy_(like(stored[name], parameter))
    for name, state in named_states(model, optimizers):
        prefix = f"optimizer/{name}/"
        for key in [key for key in tensors if key.startswith(prefix)]:
            state[key.removeprefix(prefix)] = like(tensors[key], parameters[name])
    return Log(**{column: tensors[f"log/{column}"].tolist() for column in vars(Log())})


def verified(path: Path) -> tuple[str, dict[str, Tensor]]:
    """Configuration and tensors, once the digest has been found to be theirs.

    Raises:
        UnreadableCheckpointError: the file is damaged, or has no digest.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableCheckpointError(f"is damaged ({reason})") from error
    if _CONFIGURATION not in metadata or _DIGEST not in metadata:
        raise UnreadableCheckpointError("has no digest: it is damaged or of an older version")
    promised, found = metadata[_DIGEST], _digest(metadata[_CONFIGURATION], tensors)
    if promised != found:
        raise UnreadableCheckpointError(
            f"is damaged (its SHA-256 is {found[:12]}, not {promised[:12]!a} as written in it)"
        )
    return metadata[_CONFIGURATION], tensors


def weights_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the model, by their names in it."""
    return {
        name.removeprefix(_MODEL): value
        for name, value in tensors.items()
        if name.startswith(_MODEL)
    }


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    """By name."""
    return {name: value.shape for name, value in tensors.items()}


def _refusal(path: Path, what: str) -> str:
    return (
        f"required: a whole checkpoint; {path} {what}: delete it and run the same command again; "
        f"this run then starts from its first step, finished ones are kept"
    )


def _digest(configuration: str, tensors: Mapping[str, Tensor]) -> str:
    """Of the configuration, and of names, types, shapes and bytes of all tensors."""
    names = sorted(tensors)
    described = [[name, str(tensors[name].dtype), list(tensors[name].shape)] for name in names]
    digest = hashlib.sha256(json.dumps([configuration, described]).encode())
    for name in names:
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """To the disk itself, so that a machine that loses power keeps one whole file."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
