"""The training loop."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from experiments.pretraining.checkpoint import Log, read_checkpoint, write_checkpoint
from experiments.pretraining.data import Corpus, batch, validation_windows
from experiments.pretraining.distributed import ALONE, Place, whole
from experiments.pretraining.model import Block, Transformer
from experiments.pretraining.moe import MixtureOfExperts
from experiments.pretraining.optimizers import build_optimizers, schedule_factor, set_rate
from experiments.pretraining.products import fast_products
from experiments.pretraining.recipes import Compile, Precision, Recipe, TrainingConfig
from expressivity.fitting.compilation import watch
from expressivity.fitting.memory import keep_freed_memory


class DivergedError(RuntimeError):
    """The loss or its gradient is not finite."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training came to: weights by name, on the CPU, and the log."""

    weights: dict[str, Tensor]
    log: Log


def train(
    recipe: Recipe,
    corpus: Corpus,
    *,
    checkpoint: Path | None = None,
    place: Place = ALONE,
    on_steps: Callable[[int], None] = lambda count: None,
    after_update: Callable[[Transformer], None] = lambda model: None,
) -> Trained:
    """Train a model, from its checkpoint if there is one.

    On one machine and build, with as many threads and processes, the losses are the same bit
    for bit, whether or not the training was interrupted.

    Args:
        recipe: all of it.
        corpus: the text.
        checkpoint: a file to write now and then; None keeps nothing.
        place: this process among others.
        on_steps: hears how many steps have just been finished.
        after_update: is given the model after each step made here.

    Raises:
        DivergedError: the loss is not finite; the checkpoint stays the last good one.
        MemoryError: a batch does not fit; the checkpoint stays.
        ValueError: a checkpoint that is damaged or of another configuration.
    """
    # Else glibc hands every large activation back to the kernel, step for step.
    keep_freed_memory()
    with fast_products(place.device):
        return _train(recipe, corpus, checkpoint, place, on_steps, after_update)


def _train(
    recipe: Recipe,
    corpus: Corpus,
    checkpoint: Path | None,
    place: Place,
    on_steps: Callable[[int], None],
    after_update: Callable[[Transformer], None],
) -> Trained:
    config = recipe.training
    configuration: dict[str, object] = {
        "recipe": recipe.identity,
        "text": corpus.sha256,
        "processes": place.size,
    }
    training_N, held_out_N = corpus.tokens()
    # Otherwise models of earlier runs count towards the limit of programs for one function.
    torch.compiler.reset()
    model = Transformer(recipe.model, seed=config.seed).to(place.device)
    compile_parts(model, config.compile)
    wrapped = place.wrap(model, list(model.blocks))
    optimizers = build_optimizers(model, config)
    log = Log()
    if checkpoint is not None and checkpoint.exists():
        log = read_checkpoint(checkpoint, configuration, model, optimizers)
        on_steps(log.steps)
    saved = log.steps
    for step in range(log.steps, config.steps):
        with _explained(step, saved, config):
            loss, norm = gradient(recipe, wrapped, training_N, step, place)
            if not math.isfinite(loss + norm):
                raise DivergedError(
                    f"required: a finite loss; got {loss} with a gradient of norm {norm} at step "
                    f"{step}; the last good checkpoint is of step {saved}: lower --rates"
                )
            update(optimizers, config, step)
            after_update(model)
            log.loss.append(loss)
            log.gradient_norm.append(norm)
            done = step + 1
            if done % config.evaluate_every == 0 or done == config.steps:
                log.evaluated.append(done)
                log.validation.append(evaluate(recipe, wrapped, held_out_N, place))
        if checkpoint is not None and (done % config.checkpoint_every == 0 or done == config.steps):
            write_checkpoint(checkpoint, configuration, model, optimizers, log, place)
            saved = done
        on_steps(1)
    weights = {name: whole(parameter) for name, parameter in model.named_parameters()}
    return Trained(weights=weights, log=log)


def gradient(
    recipe: Recipe,
    model: nn.Module,
    tokens_N: NDArray[np.uint8],
    step: int,
    place: Place = ALONE,
) -> tuple[float, float]:
    """Add the gradient of one step's batch to the parameters, and clip it.

    Returns:
        The mean cross-entropy, and the norm of the gradient before it was clipped.
    """
    config = recipe.training
    inputs_BT, targets_BT = batch(
        tokens_N, seed=config.seed, step=step, size=config.batch, context=recipe.model.context
    )
    weight = 0.0 if recipe.model.experts is None else recipe.model.experts.balance
    total = torch.zeros((), device=place.device)
    parts = zip(
        inputs_BT.chunk(config.accumulate), targets_BT.chunk(config.accumulate), strict=True
    )
    for part, (inputs, targets) in enumerate(parts, 1):
        place.synchronize(model, part == config.accumulate)
        with _autocast(config, place):
            loss, balance = model(place.share(inputs), place.share(targets))
        ((loss + weight * balance) / config.accumulate).backward()
        total += loss.detach() / config.accumulate
    norm = whole(nn.utils.clip_grad_norm_(model.parameters(), config.clip)).item()
    return place.mean(total).item(), norm


def update(optimizers: Sequence[torch.optim.Optimizer], config: TrainingConfig, step: int) -> None:
    """Change the parameters at this step's rate, and set their gradients to zero."""
    set_rate(optimizers, config.rate * schedule_factor(config, step))
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()


def evaluate(
    recipe: Recipe, model: nn.Module, tokens_N: NDArray[np.uint8], place: Place = ALONE
) -> float:
    """Mean cross-entropy on the fixed windows of the text held out, nats per byte.

    Gradients stay switched on: the compiled programs of the training serve here as well.
    """
    config = recipe.training
    inputs_BT, targets_BT = validation_windows(tokens_N, config.windows, recipe.model.context)
    rows = min(config.batch // config.accumulate, config.windows)
    total = torch.zeros((), device=place.device)
    for inputs, targets in zip(inputs_BT.split(rows), targets_BT.split(rows), strict=True):
        with _autocast(config, place):
            loss, _ = model(place.share(inputs), place.share(targets))
        total += loss.detach() * len(inputs)
    return place.mean(total).item() / config.windows


def _autocast(config: TrainingConfig, place: Place) -> torch.autocast:
    low = config.precision is Precision.BFLOAT16
    kind = torch.device(place.device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=low)


_OPTIONS = {"cpp.enable_floating_point_contract_flag": "fast"}
"""On CPUs a product and the sum it enters are one operation, rounded once."""


def compile_parts(model: Transformer, what: Compile) -> None:
    """In place, so that parameters keep their names; at the first call, not yet here."""
    if what is not Compile.NONE:
        watch()
    if what is Compile.MODEL:
        model.compile(dynamic=False, options=_OPTIONS)
    elif what is Compile.BLOCKS:
        for block in model.blocks:
            assert isinstance(block, Block)
            if isinstance(block.feed_forward, MixtureOfExperts):
                # How many tokens an expert gets changes: one program for every number.
                block.attention.compile(dynamic=False, options=_OPTIONS)
                for expert in block.feed_forward.experts:
                    expert.compile(dynamic=True, options=_OPTIONS)
            else:
                block.compile(dynamic=False, options=_OPTIONS)


@contextmanager
def _explained(step: int, saved: int, config: TrainingConfig) -> Generator[None]:
    """Say what to do when memory runs out."""
    try:
        yield
    except RuntimeError as error:
        text = str(error).lower()
        full = isinstance(error, torch.OutOfMemoryError) or "allocate memory" in text
        if not full and "not enough memory" not in text:
            raise
        rows = config.batch // config.accumulate
        raise MemoryError(
            f"required: memory for {rows} windows at a time; it ran out at step {step}; the last "
            f"checkpoint is of step {saved}: continue in a new --out with a larger --accumulate"
        ) from error
