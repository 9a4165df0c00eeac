"""Parameters of a model in groups for an optimiser: what gates need is not what matrices need."""

import math
from typing import Any

from torch import nn

from expressivity.layers.feed_forward import FeedForward

GATE_RATE, GATE_DECAY = 0.3, 0.0
"""By what the gates' rate is multiplied, and their weight decay: docs/pretraining.md says on what
evidence."""


def gates(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights and biases of all gates, by name.

    >>> from expressivity.classes.families import Family
    >>> family = Family(kind="moa", gate="tanh", neuron="type1", width=4, dimension=2)
    >>> list(gates(FeedForward(family)))
    ['u0.weight', 'u0.bias']
    """
    return _named(model, "u")


def scales(model: nn.Module) -> dict[str, nn.Parameter]:
    """Scales of gates and coefficients of learned activations, by name."""
    return _named(model, "scale")


def _named(model: nn.Module, start: str) -> dict[str, nn.Parameter]:
    """Those of our layers whose names begin with a word and the number of a side."""
    return {
        ".".join(filter(None, (prefix, name))): parameter
        for prefix, layer in model.named_modules()
        if isinstance(layer, FeedForward)
        for name, parameter in layer.named_parameters()
        if name.partition(".")[0] in [f"{start}{side}" for side in range(layer.family.sides)]
    }


def param_groups(
    model: nn.Module,
    rate: float,
    *,
    decay: float = 0.1,
    gate_rate: float = GATE_RATE,
    gate_decay: float = GATE_DECAY,
) -> list[dict[str, Any]]:
    """What is trained of a model, in groups for an optimiser of torch.

    Gates learn at a rate of their own. Matrices and embeddings decay; scales, coefficients,
    parameters of neurons, biases and norms do not.

    Args:
        model: any that holds layers of ours.
        rate: of all but the gates.
        decay: of matrices and embeddings.
        gate_rate: what the rate of the gates is multiplied by.
        gate_decay: of the gates.

    Returns:
        Groups with ``name`` (``gates``, ``matrices``, ``others``), ``params``, ``lr`` and
        ``weight_decay``; every trained parameter in one of them, no group empty.

    Raises:
        ValueError: no layer of ours, nothing to be trained, or a negative or infinite number.

    >>> import torch
    >>> from expressivity.classes.families import Family
    >>> family = Family(kind="moa", gate="tanh", neuron="type1", width=4, dimension=2)
    >>> groups = param_groups(FeedForward(family), 1e-3)
    >>> [(group["name"], group["lr"], group["weight_decay"]) for group in groups]
    [('gates', 0.0003, 0.0), ('matrices', 0.001, 0.1), ('others', 0.001, 0.0)]
    >>> optimizer = torch.optim.AdamW(groups)
    """
    _require_numbers(rate=rate, decay=decay, gate_rate=gate_rate, gate_decay=gate_decay)
    layers = [module for module in model.modules() if isinstance(module, FeedForward)]
    if not layers:
        raise ValueError(
            f"required: a model with a FeedForward; got {type(model).__name__} without: convert "
            "it first with replace_feedforward, whose parameters are new"
        )
    own = {id(parameter) for parameter in gates(model).values()}
    single = {id(p) for p in (*scales(model).values(), *(layer.p for layer in layers))}
    members: dict[str, list[nn.Parameter]] = {"gates": [], "matrices": [], "others": []}
    for parameter in model.parameters():
        if parameter.requires_grad:
            vector = parameter.ndim < 2 or id(parameter) in single
            gate = id(parameter) in own
            members["gates" if gate else "others" if vector else "matrices"].append(parameter)
    rates = {"gates": (gate_rate * rate, gate_decay), "matrices": (rate, decay)}
    groups: list[dict[str, Any]] = []
    for name, params in members.items():
        lr, weight_decay = rates.get(name, (rate, 0.0))
        if params:
            groups.append({"name": name, "params": params, "lr": lr, "weight_decay": weight_decay})
    if not groups:
        raise ValueError("required: parameters that are trained; got a frozen model")
    return groups


def _require_numbers(**given: float) -> None:
    for name, number in given.items():
        if not 0 <= number < math.inf:
            raise ValueError(f"required: a {name} of at least 0; got {number}")
