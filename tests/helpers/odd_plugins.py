"""Plug-ins as tests make them: records that stay in the registries for one block."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.gates import GATES, Gate
from expressivity.registry import Registry
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import Z


@contextlib.contextmanager
def registered(registry: Registry[Any], entry: Any) -> Iterator[Any]:
    """The entry under its name, through the registry's checks, while the block runs."""
    registry.add(entry.name, entry)
    try:
        yield entry
    finally:
        del registry._entries[entry.name]


def registered_activation(activation: Activation) -> Any:
    return registered(ACTIVATIONS, activation)


def registered_gate(gate: Gate) -> Any:
    return registered(GATES, gate)


def on_tensors(expression: sp.Expr, symbol: sp.Symbol, z: Tensor) -> Tensor:
    """The expression's values, whatever Abs, Max and the like it holds."""
    value = interpret(by_conditions(expression), {symbol: z}, TORCH)
    return torch.as_tensor(value, dtype=z.dtype).expand(z.shape)


def activation(name: str, expression: Any, **declared: Any) -> Activation:
    """A record that declares nothing but what it is told to."""
    s = sp.sympify(expression)
    slope = sp.diff(by_conditions(s), Z)
    facts = dict.fromkeys(
        ("kink", "piece_degree", "homogeneous_degree", "odd_span", "even_span")
    ) | declared  # fmt: skip
    return Activation(
        name=name,
        title=name,
        expression=s,
        value_and_derivative=lambda z: (on_tensors(s, Z, z), on_tensors(slope, Z, z)),
        **facts,
    )


def gate(name: str, form: Any, **declared: Any) -> Gate:
    """Gates that act on each logit alone: ``form`` in ``Z``.

    The pullback has to work from the values; it is right where it recomputes the slopes from the
    logits of the last call, which the checks of registration allow.
    """
    s = sp.sympify(form)
    slope = sp.diff(by_conditions(s), Z)
    last: list[Tensor] = []

    def value(logits: Tensor) -> Tensor:
        last[:] = [logits] if not last or last[0].shape != logits.shape else [*last, logits][-64:]
        return on_tensors(s, Z, logits)

    def pullback(values: Tensor, rows: Tensor) -> Tensor:
        logits = next(h for h in last if torch.equal(on_tensors(s, Z, h), values))
        return rows * on_tensors(slope, Z, logits)

    return Gate(
        name=name,
        expression=lambda logits, k: s.subs(Z, logits[k]),
        value=value,
        pullback=pullback,
        **{"positive": False, "vanishes_at_zero": False} | declared,
    )
