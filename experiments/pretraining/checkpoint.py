"""Checkpoints: one safetensors file that is whole or not there, and the one before it.

    model/NAME            weights
    optimizer/NAME/STATE  moments and step counts
    log/COLUMN            what was measured so far, float64

Beside the tensors there is the configuration as JSON, and a digest of all. Nothing is used before
it is verified, to the last name, type and shape: a flipped bit in a weight would else go on to a
loss that looks like any other. The checkpoint before the last stays beside it, as
``KEY.previous.safetensors``, and takes its place where that is damaged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from experiments.pretraining.distributed import Place, like, whole
from experiments.pretraining.optimizers import Layout, full_states, named_states
from expressivity.output import notice
from expressivity.runs.tensors import UnreadableTensorsError, read_sealed, write_sealed

_MODEL = "model/"
_COLUMNS = (("loss", "gradient_norm"), ("evaluated", "validation"))
"""Of the log; those that stand together are of one length."""


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

    The one that was there becomes the one before.

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
        write_sealed(path, asked, tensors, keep=before(path))
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
        found, tensors = read_sealed(path)
    except UnreadableTensorsError as error:
        raise ValueError(_refusal(path, str(error))) from error
    if found != json.dumps(configuration, sort_keys=True):
        raise ValueError(
            f"required: a checkpoint of the same configuration; {path} is of another "
            f"one: choose another --out"
        )
    if layout(tensors) != _expected(tensors, model, optimizers):
        raise ValueError(_refusal(path, "is of another version of the program"))
    parameters = dict(model.named_parameters())
    stored = weights_of(tensors)
    for name, parameter in parameters.items():
        parameter.copy_(like(stored[name], parameter))
    for name, state in named_states(model, optimizers):
        prefix = f"optimizer/{name}/"
        for key in [key for key in tensors if key.startswith(prefix)]:
            state[key.removeprefix(prefix)] = like(tensors[key], parameters[name])
    return Log(**{column: tensors[f"log/{column}"].tolist() for column in vars(Log())})


def before(path: Path) -> Path:
    """Where the checkpoint before the last one is.

    >>> before(Path("a.safetensors")).name
    'a.previous.safetensors'
    """
    return path.with_suffix(f".previous{path.suffix}")


def recover(path: Path) -> None:
    """Put the checkpoint before the last one in its place, if that is damaged or missing.

    A notice tells of damage. Where none of the two is whole, both stay for whoever reads them.
    """
    try:
        if path.exists():
            read_sealed(path)
            return
        damage = None
    except UnreadableTensorsError as error:
        damage = f"{path} {error}: the training goes on from the checkpoint before it"
    try:
        read_sealed(before(path))
    except UnreadableTensorsError:
        return
    before(path).replace(path)
    if damage is not None:
        notice(damage)


def weights_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the model, by their names in it."""
    return {
        name.removeprefix(_MODEL): value
        for name, value in tensors.items()
        if name.startswith(_MODEL)
    }


def layout(tensors: Mapping[str, Tensor]) -> Layout:
    """Of tensors."""
    return {name: (value.shape, value.dtype) for name, value in tensors.items()}


def _expected(
    tensors: Mapping[str, Tensor], model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> Layout:
    """What a checkpoint of this model holds: of a parameter never updated yet, no state."""
    expected = layout({_MODEL + name: value for name, value in model.named_parameters()})
    for name, states in full_states(model, optimizers):
        named = {f"optimizer/{name}/{key}": described for key, described in states.items()}
        if not named.keys().isdisjoint(tensors):
            expected |= named
    for columns in _COLUMNS:
        length = torch.Size([tensors.get(f"log/{columns[0]}", torch.empty(0)).numel()])
        expected |= {f"log/{column}": (length, torch.float64) for column in columns}
    return expected


def _refusal(path: Path, what: str) -> str:
    return (
        f"required: a whole checkpoint; {path} {what}: delete it and run the same command again; "
        f"this run then starts from its first step, finished ones are kept"
    )
