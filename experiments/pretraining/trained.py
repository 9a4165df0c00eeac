"""Trained models out of files: a checkpoint, or the weights of a finished run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from experiments.pretraining.checkpoint import (
    layout,
    weights_of,
)
from experiments.pretraining.data import VALIDATION
from experiments.pretraining.model import ModelConfig, Transformer
from expressivity.runs.folder import read_run, read_tensors
from expressivity.runs.tensors import UnreadableTensorsError, read_sealed


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model as it lies on disk.

    Attributes:
        file: where.
        sha256: of the file.
        name: of its recipe.
        config: what it is.
        weights: by name, on the CPU.
        text: SHA-256 of the text it was trained on.
        validation: which part of that text, at the end, it was not trained on.
    """

    file: Path
    sha256: str
    name: str
    config: ModelConfig
    weights: Mapping[str, Tensor]
    text: str
    validation: float

    def model(self) -> Transformer:
        """The model with its weights, on the CPU."""
        found = Transformer(self.config)
        found.load_state_dict(dict(self.weights))
        return found


def read_trained(path: Path) -> TrainedModel:
    """Read a checkpoint of ``pretrain``, or a file of weights in its run folder.

    Raises:
        ValueError: there is no such file, or it is damaged, of another program or of another
            version.
    """
    if not path.is_file():
        raise ValueError(_refusal(path, "is no file"))
    shard = path.parent.parent / "units" / f"{path.stem}.parquet"
    try:
        identity, weights = _finished(path) if shard.is_file() else _in_flight(path)
        recipe: dict[str, Any] = identity["recipe"]
        found = TrainedModel(
            file=path,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            name=str(recipe["name"]),
            config=ModelConfig.from_json(recipe["model"]),
            weights=weights,
            text=str(identity["text"]),
            validation=float(identity.get("validation", VALIDATION)),
        )
        fits = layout(weights) == layout(
            dict(Transformer(found.config, device="meta").named_parameters())
        )
    except UnreadableTensorsError as error:
        raise ValueError(_refusal(path, str(error))) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(_refusal(path, "is of another program or version")) from error
    if not fits:
        raise ValueError(_refusal(path, "is of another version of the program"))
    return found


def _finished(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Identity and weights of a unit, whose digests the folder keeps."""
    folder, key = path.parent.parent, path.stem
    weights = read_tensors(folder, key)
    found = [entry.identity for entry in read_run(folder).entries if entry.key == key]
    if not found or found[0].get("unit") != "pretraining":
        raise UnreadableTensorsError("is of another kind of run")
    return found[0], weights


def _in_flight(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    configuration, tensors = read_sealed(path)
    return json.loads(configuration), weights_of(tensors)


def _refusal(path: Path, what: str) -> str:
    return (
        f"required: a checkpoint of expressivity pretrain; {path} {what}: name a file "
        f"checkpoints/*.safetensors or weights/*.safetensors of its run folder"
    )
