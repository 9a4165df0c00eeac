"""Checkpoints: one safetensors file that is whole or not there.

    model/NAME            weights
    optimizer/NAME/STATE  moments and step counts
    log/COLUMN            what was measured so far, float64

The metadata hold the configuration as JSON; a checkpoint of another one is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from experiments.pretraining.distributed import Place, like, whole
from experiments.pretraining.optimizers import named_states
from expressivity.output import write_atomically

_CONFIGURATION = "configuration"


@dataclass(kw_only=True)
class Log:
    """What a training has measured so far.

    Attributes:
        loss: cross-entropy of each step's batch, nats a byte.
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
    tensors = {f"model/{name}": whole(value) for name, value in model.named_parameters()}
    for name, state in named_states(model, optimizers):
        tensors |= {f"optimizer/{name}/{key}": whole(value) for key, value in state.items()}
    for column, values in vars(log).items():
        tensors[f"log/{column}"] = torch.tensor(values, dtype=torch.float64)
    if place.writes:
        packed = save(tensors, {_CONFIGURATION: json.dumps(configuration, sort_keys=True)})
        write_atomically(path, lambda temporary: temporary.write_bytes(packed))
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
        ValueError: the file is damaged, or of another configuration.
    """
    tensors = _read(path, configuration)
    for name, parameter in model.named_parameters():
        parameter.copy_(like(tensors[f"model/{name}"], parameter))
    parameters = dict(model.named_parameters())
    for name, state in named_states(model, optimizers):
        prefix = f"optimizer/{name}/"
        for key in [key for key in tensors if key.startswith(prefix)]:
            state[key.removeprefix(prefix)] = like(tensors[key], parameters[name])
    return Log(**{column: tensors[f"log/{column}"].tolist() for column in vars(Log())})


def _read(path: Path, configuration: dict[str, object]) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if _CONFIGURATION not in metadata:
                raise ValueError(f"required: a checkpoint; {path} is none: choose another --out")
            if json.loads(metadata[_CONFIGURATION]) != json.loads(json.dumps(configuration)):
                raise ValueError(
                    f"required: a checkpoint of the same configuration; {path} is of another "
                    f"one: choose another --out"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"required: a whole checkpoint; {path} is damaged: delete it to start again"
        ) from error
