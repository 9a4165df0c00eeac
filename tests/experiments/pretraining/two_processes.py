"""Run under torchrun: losses alone, with DDP, with FSDP2, and with FSDP2 interrupted, as JSON.

By optimizer.

Arguments: a text, a folder for checkpoints, the file to write.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from experiments.pretraining.data import Corpus, find_text, join
from experiments.pretraining.distributed import ALONE, Place, Sharding, joined
from experiments.pretraining.recipes import (
    Compile,
    Mixing,
    Optimizer,
    TrainingConfig,
    sized,
)
from experiments.pretraining.training import train

TRAINING = TrainingConfig(
    steps=20,
    batch=8,
    rate=1e-2,
    accumulate=2,
    compile=Compile.NONE,
    evaluate_every=10,
    windows=8,
    checkpoint_every=5,
)
SIZES = {"dimension": 16, "layers": 2, "heads": 2, "context": 16}
STOP_AFTER = 12


class StopError(Exception):
    """Ends a training in the middle."""


def main(text: Path, folder: Path, out: Path) -> None:
    corpus = join(find_text(text), folder)
    found = {}
    with joined(Sharding.DDP) as place:
        for optimizer in Optimizer:
            checkpoint = folder / f"{optimizer}.safetensors"
            found[optimizer] = logs(
                replace(TRAINING, optimizer=optimizer), corpus, place, checkpoint
            )
        if place.writes:
            out.write_text(json.dumps({"processes": place.size, **found}))


def logs(training: TrainingConfig, corpus: Corpus, place: Place, checkpoint: Path):
    recipe = sized("two", Mixing(), **SIZES, training=training)
    sharded = replace(place, sharding=Sharding.FSDP)
    found = {
        name: vars(train(recipe, corpus, place=where).log)
        for name, where in {"alone": ALONE, "ddp": place, "fsdp": sharded}.items()
    }
    done = []

    def stop(count: int) -> None:
        done.append(count)
        if len(done) == STOP_AFTER:
            raise StopError

    try:
        train(recipe, corpus, place=sharded, checkpoint=checkpoint, on_steps=stop)
    except StopError:
        resumed = train(recipe, corpus, place=sharded, checkpoint=checkpoint)
        found["resumed"] = vars(resumed.log)
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
