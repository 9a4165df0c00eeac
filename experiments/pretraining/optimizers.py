"""Which parameters are updated how, and how the rate goes."""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import torch
from torch import nn

from experiments.pretraining.recipes import Optimizer, Schedule, TrainingConfig
from expressivity.layers.optimising import gates, scales


class Role(StrEnum):
    """What a parameter is for.

    ``matrix``: of attention and feed-forward; ``gate``: what gates make of the input; ``scale``:
    scales and coefficients of the activations; ``table``: embeddings and routers; ``vector``:
    norms and hidden biases.
    """

    MATRIX = "matrix"
    GATE = "gate"
    SCALE = "scale"
    TABLE = "table"
    VECTOR = "vector"


def roles(model: nn.Module) -> dict[str, Role]:
    """The role of every parameter, by name."""
    found = {name: _role(name, parameter) for name, parameter in model.named_parameters()}
    found |= dict.fromkeys(gates(model), Role.GATE)
    return found | dict.fromkeys(scales(model), Role.SCALE)


def _role(name: str, parameter: nn.Parameter) -> Role:
    if parameter.ndim != 2:
        return Role.VECTOR
    table = any(part in ("embedding", "head", "router") for part in name.split("."))
    return Role.TABLE if table else Role.MATRIX


def build_optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or for everything but the matrices, which Muon then updates.

    Each group holds ``multiplier``, by which :func:`set_rate` multiplies the rate.
    """
    role = roles(model)
    decay = {Role.GATE: config.gate_decay, Role.SCALE: 0.0, Role.VECTOR: 0.0}
    groups: dict[Role, dict[str, object]] = {}
    for part in Role:
        members = [p for name, p in model.named_parameters() if role[name] is part]
        if members:
            groups[part] = {
                "params": members,
                "weight_decay": decay.get(part, config.weight_decay),
                "multiplier": config.gate_rate if part is Role.GATE else 1.0,
            }
    found: list[torch.optim.Optimizer] = []
    if config.optimizer is Optimizer.MUON and Role.MATRIX in groups:
        # With steps of AdamW's size one rate serves both (arXiv:2502.16982).
        muon = [groups.pop(Role.MATRIX)]
        found.append(torch.optim.Muon(muon, lr=config.rate, adjust_lr_fn="match_rms_adamw"))
    adamw = list(groups.values())
    found.append(torch.optim.AdamW(adamw, lr=config.rate, betas=(0.9, 0.95), fused=True))
    return found


def set_rate(optimizers: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """Give every group its rate for the next step."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["multiplier"]


def schedule_factor(config: TrainingConfig, step: int) -> float:
    """The rate of a step, counted from 0, as part of the highest.

    >>> config = TrainingConfig(steps=100, batch=1, rate=1.0, final=0.0)
    >>> schedule_factor(config, 9), round(schedule_factor(config, 99), 3)
    (1.0, 0.0)
    """
    warmup = round(config.warmup * config.steps)
    if step < warmup:
        return (step + 1) / warmup
    if config.schedule is Schedule.COSINE:
        done = (step + 1 - warmup) / (config.steps - warmup)
        return config.final + (1 - config.final) * (1 + math.cos(math.pi * done)) / 2
    falling = max(1, round(config.decay * config.steps))
    left = min(1.0, (config.steps - step - 1) / falling)
    return config.final + (1 - config.final) * left


Layout = dict[str, tuple[torch.Size, torch.dtype]]
"""Shapes and types by name."""

_STATES: dict[type[torch.optim.Optimizer], tuple[str, ...]] = {
    torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"),
    torch.optim.Muon: ("momentum_buffer",),
}


def named_states(
    model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """The state of every parameter that has one, by name, to be read or changed."""
    for name, parameter, optimizer in _updated(model, optimizers):
        yield name, optimizer.state[parameter]


def full_states(
    model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> Iterator[tuple[str, Layout]]:
    """What the state of every parameter holds once it has been updated, by name."""
    for name, parameter, optimizer in _updated(model, optimizers):
        like = parameter.shape, parameter.dtype
        counter = torch.Size(), torch.float32
        yield name, {key: counter if key == "step" else like for key in _STATES[type(optimizer)]}


def _updated(
    model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> Iterator[tuple[str, nn.Parameter, torch.optim.Optimizer]]:
    names = {parameter: name for name, parameter in model.named_parameters()}
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                yield names[parameter], parameter, optimizer
