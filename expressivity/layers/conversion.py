"""Exact conversions: another family, the same function.

The maps are those of docs/theory.md, section 2. A layer is read as sides, each either constant
coefficients or gates; sides are carried to the dictionary and the neuron of the new family, and
written there. ``weights.lift`` does the same with exact numbers, for networks small enough to
be written down; both share its ``constant_gate``.

Shape letters: G groups, K activations, C coefficients of one group and side, D inputs.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family
from expressivity.classes.mixing import constrained
from expressivity.classes.specialisation import Specialisation, specialisation
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.initialisation import SideStart, side_start
from expressivity.layers.linears import bias_of
from expressivity.layers.unaltered import require_unaltered


def convert(layer: FeedForward, family: Family) -> FeedForward:
    """A layer of another family with the same function.

    Kinds may go from fixed to la to moa, forms from one_sided to two_sided to quadratic, the
    dictionary may grow, groups may be cut into smaller ones, constraints may be dropped, and
    hidden biases, gate scales and gate biases may be turned on. Layers with gates keep their
    dictionary, and become quadratic with softmax gates only: products of those are softmax gates
    of the pairs.

    Returns:
        A new layer with parameters of its own, on the same device, of the same dtype and mode.
        Frozen parameters stay frozen, and new ones are trained if any of the layer's are.

    Raises:
        ValueError: there is no map, no family, or a layer that computes something else than its
            family (wrapped, with hooks, of a derived class), in one line.

    >>> import dataclasses
    >>> silu = Family(kind="fixed", neuron="type1", width=8, dimension=4, dictionary=("silu",))
    >>> layer, x = FeedForward(silu), torch.randn(3, 4)
    >>> learned = convert(layer, dataclasses.replace(silu, kind="la", dictionary=("silu", "id")))
    >>> torch.equal(layer(x), learned(x))
    True
    """
    require_unaltered(layer)
    if not isinstance(family, Family):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"required: a Family to convert to; got {family!r}")
    source = layer.family
    shown = specialisation(family.record, source.record)
    problem = _obstacle(source, family, shown)
    if shown is None or problem is not None:
        raise ValueError(f"required: a family that holds the layer's function; got {problem}")
    weight = layer.w.weight
    place: dict[str, Any] = {"device": weight.device, "dtype": weight.dtype}
    new = FeedForward(family, initialisation=None, soft_clamp=layer.soft_clamp, **place)
    # Coefficients are computed on the CPU, whatever device is the default.
    with torch.no_grad(), torch.device("cpu"):
        for linear, old in zip(new.maps, layer.maps, strict=True):
            _copy_linear(linear, old)
        if new.p is not None and layer.p is not None:
            new.p.copy_(layer.p.expand_as(new.p))
        factor_G = torch.ones(family.group_count, dtype=torch.float64)
        for side, parts in enumerate(shown if family.mixes else ()):
            factor_G = factor_G * _write_side(new, side, layer, parts)
        factor_M = factor_G.repeat_interleave(family.width // family.group_count)
        new.a.weight.copy_(layer.a.weight.double() * factor_M.to(weight.device))
    trained = {name: p.requires_grad for name, p in layer.named_parameters()}
    for name, parameter in new.named_parameters():
        parameter.requires_grad_(trained.get(name, any(trained.values())))
    return new.train(layer.training)


def _obstacle(source: Family, family: Family, shown: Specialisation | None) -> str | None:
    """Why there is no map whatever the weights, or None."""
    for name in ("width", "dimension", "outputs"):
        if getattr(source, name) != getattr(family, name):
            return f"{name} {getattr(family, name)} for {getattr(source, name)}"
    if source.bias and not family.bias:
        return "hidden biases turned off"
    if (source.mixes and not family.mixes) or (source.gate is not None and family.gate is None):
        return f"kind {family.kind} for {source.kind}"
    if shown is None:
        return f"form {family.neuron} for {source.neuron}"
    if "id" not in family.dictionary and any(None in parts for parts in shown):
        return f"form {family.neuron} without id in the dictionary"
    missing = set(source.dictionary) - set(family.dictionary)
    if missing:
        return f"a dictionary without {','.join(sorted(missing))}"
    if family.group_count % source.group_count:
        return f"{family.group_count} groups for {source.group_count}"
    return _gate_obstacle(source, family, shown)


def _gate_obstacle(source: Family, family: Family, shown: Specialisation) -> str | None:
    if source.gate is None or family.gate is None:
        return None
    if source.dictionary != family.dictionary:
        return "another dictionary for a layer with gates"
    pairs = [parts for parts in shown if len(parts) > 1]
    if pairs and source.gate.name != "softmax":
        return f"form {family.neuron} for a layer with {source.gate.name} gates"
    if not family.gate.scale and any(None in parts for parts in pairs):
        return f"form {family.neuron} for {source.neuron} gates with the gate's scale turned off"
    if source.gate.name != family.gate.name:
        return f"{family.gate.name} gates for {source.gate.name} gates"
    for switch in ("scale", "bias"):
        if getattr(source.gate, switch) and not getattr(family.gate, switch):
            return f"the gate's {switch} turned off"
    return None


def _write_side(
    new: FeedForward, side: int, layer: FeedForward, parts: tuple[int | None, ...]
) -> Tensor:
    """Write one side as a product of parts of a layer; returns the groups' output factors."""
    gated = layer.family.gate is not None and any(part is not None for part in parts)
    if not gated:
        alpha_GC = _constant(layer, parts[0], new.family)
        for part in parts[1:]:
            right_GC = _constant(layer, part, new.family)
            alpha_GC = (alpha_GC[:, :, None] * right_GC[:, None]).flatten(1)
        return _write_constant(new, side, alpha_GC)
    gates = [_gates(layer, part, new.family) for part in parts]
    if len(gates) > 1:
        # softmax(l)_i softmax(r)_j is the softmax of the l_i + r_j; scales multiply.
        (left, left_bias, left_scale), (right, right_bias, right_scale) = gates
        gates = [
            (
                (left[:, :, None] + right[:, None]).flatten(1, 2),
                (left_bias[:, :, None] + right_bias[:, None]).flatten(1),
                (left_scale[:, :, None] * right_scale[:, None]).flatten(1),
            )
        ]
    _write_gates(new, side, *gates[0])
    return torch.ones(new.family.group_count, dtype=torch.float64)


def _constant(layer: FeedForward, side: int | None, family: Family) -> Tensor:
    """Constant coefficients of one side over the dictionary of ``family``, G x C in float64."""
    source = layer.family
    if side is None:
        return _unit(family, "id")
    scale_C = layer.scale(side)
    if scale_C is None:
        return _unit(family, source.dictionary[0])
    scale_GC = scale_C.detach().double().cpu().unflatten(0, (source.group_count, -1))
    alpha_GC = constrained(scale_GC, source.constraint)
    place = torch.tensor([family.dictionary.index(name) for name in source.dictionary])
    axes = len(source.record.mixtures[side])
    wide = torch.zeros(len(alpha_GC), *[len(family.dictionary)] * axes, dtype=torch.float64)
    index = (place,) if axes == 1 else (place[:, None], place)
    wide[(slice(None), *index)] = alpha_GC.unflatten(1, [len(place)] * axes)
    return wide.flatten(1)


def _unit(family: Family, name: str) -> Tensor:
    """Coefficients that select an activation, 1 x K."""
    return torch.tensor([[float(name == s) for s in family.dictionary]], dtype=torch.float64)


def _write_constant(new: FeedForward, side: int, alpha_GC: Tensor) -> Tensor:
    """Write constant coefficients; returns the factor that each group's output weights take."""
    family = new.family
    scalable = family.record.vanishes_without(side)
    found: list[SideStart] = []
    for alpha_C in alpha_GC:
        numbers: Sequence[float] = alpha_C.tolist()
        start = side_start(family, numbers, fold=not scalable)
        if start is None or not (scalable or start.factor == 1):
            raise _refusal(family)
        found.append(start)
    more = family.group_count // len(found)
    new.set_side(side, [start for start in found for _ in range(more)])
    factor_G = torch.tensor([start.factor for start in found], dtype=torch.float64)
    return factor_G.repeat_interleave(more)


def _refusal(family: Family) -> ValueError:
    gate = family.gate
    if gate is None:
        return ValueError(
            f"required: coefficients that obey the constraint {family.constraint}, or a multiple "
            "of which does; got others: choose constraint free"
        )
    return ValueError(
        f"required: gates that can be constant at these coefficients; got {gate.name} with "
        f"scale {gate.scale} and bias {gate.bias}: turn both on (docs/theory.md, section 2)"
    )


def _gates(layer: FeedForward, side: int | None, family: Family) -> tuple[Tensor, Tensor, Tensor]:
    """Weights G x C x D, biases and scales G x C of one side's gates, switched off ones too.

    Without a side: even softmax gates, and scales that select id.
    """
    groups, weight = layer.family.group_count, layer.w.weight
    if side is None:
        selecting = _unit(family, "id").to(weight)
        size = selecting.shape[1]
        even = torch.zeros(1, size, layer.family.dimension).to(weight)
        return even, even[..., 0], size * selecting
    gate_map, scale_C = layer.gate_map(side), layer.scale(side)
    assert gate_map is not None
    weight_GCD = gate_map.weight.unflatten(0, (groups, -1))
    none_GC = torch.zeros_like(weight_GCD[..., 0])
    bias_C = bias_of(gate_map)
    return (
        weight_GCD,
        none_GC if bias_C is None else bias_C.unflatten(0, (groups, -1)),
        none_GC + 1 if scale_C is None else scale_C.unflatten(0, (groups, -1)),
    )


def _write_gates(
    new: FeedForward, side: int, weight_GCD: Tensor, bias_GC: Tensor, scale_GC: Tensor
) -> None:
    """Write gates; groups that were cut into smaller ones hand theirs on."""
    gate_map, scale_C = new.gate_map(side), new.scale(side)
    assert gate_map is not None
    more = new.family.group_count // len(weight_GCD)
    gate_map.weight.copy_(weight_GCD.repeat_interleave(more, 0).flatten(0, 1))
    bias_C = bias_of(gate_map)
    if bias_C is not None:
        bias_C.copy_(bias_GC.repeat_interleave(more, 0).flatten())
    if scale_C is not None:
        scale_C.copy_(scale_GC.repeat_interleave(more, 0).flatten())


def _copy_linear(new: nn.Linear, old: nn.Linear) -> None:
    new.weight.copy_(old.weight)
    bias, old_bias = bias_of(new), bias_of(old)
    if bias is not None:
        nn.init.zeros_(bias) if old_bias is None else bias.copy_(old_bias)
