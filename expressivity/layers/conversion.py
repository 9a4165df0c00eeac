"""Exact conversions: another family, the same function.

The maps are those of docs/theory.md, section 2. A layer is read as sides, each either constant
coefficients or gates; sides are carried to the dictionary and the form of the new family, and
written there. ``weights.lift`` does the same with exact numbers, for networks small enough to
be written down; both share its ``constant_gate``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family, Kind
from expressivity.layers.feed_forward import FeedForward, bias_of
from expressivity.layers.initialisation import side_start

_FORMS = ("one_sided", "two_sided", "quadratic")


def convert(layer: FeedForward, family: Family) -> FeedForward:
    """A layer of another family with the same function.

    Kinds may go from fixed to la to moa, forms from one_sided to two_sided to quadratic, the
    dictionary may grow, and hidden biases, gate scales and gate biases may be turned on. Layers
    with gates keep their dictionary, and become quadratic with softmax gates only: products of
    those are softmax gates of the pairs.

    Returns:
        A new layer with parameters of its own, on the same device, of the same dtype and mode.

    Raises:
        ValueError: there is no map, in one line.

    >>> import dataclasses
    >>> silu = Family(kind=Kind.FIXED, neuron="type1", width=8, dimension=4, dictionary=("silu",))
    >>> layer, x = FeedForward(silu), torch.randn(3, 4)
    >>> learned = convert(layer, dataclasses.replace(silu, kind=Kind.LA, dictionary=("silu", "id")))
    >>> torch.equal(layer(x), learned(x))
    True
    """
    source = layer.family
    problem = _obstacle(source, family)
    if problem is not None:
        raise ValueError(f"required: a family that holds the layer's function; got {problem}")
    weight = layer.w.weight
    new = FeedForward(family, initialisation=None, device=weight.device, dtype=weight.dtype)
    # Coefficients are computed on the CPU, whatever device is the default.
    with torch.no_grad(), torch.device("cpu"):
        _copy_linear(new.w, layer.w)
        if new.v is not None and layer.v is not None:
            _copy_linear(new.v, layer.v)
        new.a.weight.copy_(layer.a.weight.double() * _write_sides(new, layer))
    return new.train(layer.training)


def _obstacle(source: Family, family: Family) -> str | None:
    """Why there is no map whatever the weights, or None."""
    for name in ("width", "dimension", "outputs"):
        if getattr(source, name) != getattr(family, name):
            return f"{name} {getattr(family, name)} for {getattr(source, name)}"
    if source.bias and not family.bias:
        return "hidden biases turned off"
    kinds = list(Kind)
    if kinds.index(family.kind) < kinds.index(source.kind):
        return f"kind {family.kind} for {source.kind}"
    if source.neuron is not family.neuron:
        forms = (source.neuron, family.neuron)
        if "type1" in forms or _FORMS.index(source.neuron) > _FORMS.index(family.neuron):
            return f"form {family.neuron} for {source.neuron}"
        if source.neuron == "one_sided" and "id" not in family.dictionary:
            return f"form {family.neuron} without id in the dictionary"
    missing = set(source.dictionary) - set(family.dictionary)
    if missing:
        return f"a dictionary without {','.join(sorted(missing))}"
    if source.gate is None or family.gate is None:
        return None
    if source.dictionary != family.dictionary:
        return "another dictionary for a layer with gates"
    if family.neuron == "quadratic" != source.neuron:
        if source.gate.name != "softmax":
            return f"form quadratic for a layer with {source.gate.name} gates"
        if source.neuron == "one_sided" and not family.gate.scale:
            return "form quadratic for one_sided gates with the gate's scale turned off"
    if source.gate.name != family.gate.name:
        return f"{family.gate.name} gates for {source.gate.name} gates"
    for switch in ("scale", "bias"):
        if getattr(source.gate, switch) and not getattr(family.gate, switch):
            return f"the gate's {switch} turned off"
    return None


def _write_sides(new: FeedForward, layer: FeedForward) -> float:
    """Write scales and gates of all sides; returns the factor for the output weights."""
    source, family = layer.family, new.family
    if family.kind is Kind.FIXED:
        return 1.0
    if source.gate is not None and family.neuron == "quadratic" != source.neuron:
        _copy_pairs(new, layer)
        return 1.0
    if source.gate is not None:
        _copy_gates(new, layer)
        if source.neuron is family.neuron:
            return 1.0
        return _write_constant(new, 1, _unit(family, "id"))
    sides = [_constant(layer, side, family) for side in range(source.sides)]
    if len(sides) == 1 and source.neuron is not family.neuron:
        sides.append(_unit(family, "id"))
    if family.neuron == "quadratic" != source.neuron:
        sides = [torch.outer(*sides).flatten()]
    factor = 1.0
    for side, alpha in enumerate(sides):
        factor *= _write_constant(new, side, alpha)
    return factor


def _constant(layer: FeedForward, side: int, family: Family) -> Tensor:
    """Constant coefficients of one side over the dictionary of ``family``, float64."""
    source = layer.family
    scale_C = layer.scale(side)
    if scale_C is None:
        return _unit(family, source.dictionary[0])
    place = [family.dictionary.index(name) for name in source.dictionary]
    alpha = scale_C.detach().double().cpu()
    size = len(family.dictionary)
    if source.neuron != "quadratic":
        return torch.zeros(size, dtype=torch.float64).index_copy(0, torch.tensor(place), alpha)
    wide = torch.zeros(size, size, dtype=torch.float64)
    wide[torch.tensor(place)[:, None], torch.tensor(place)] = alpha.unflatten(0, (len(place), -1))
    return wide.flatten()


def _unit(family: Family, name: str) -> Tensor:
    return torch.tensor([float(name == other) for other in family.dictionary], dtype=torch.float64)


def _write_constant(new: FeedForward, side: int, alpha: Tensor) -> float:
    numbers: Sequence[float] = alpha.tolist()
    start = side_start(new.family, numbers)
    if start is None:
        gate = new.family.gate
        assert gate is not None
        raise ValueError(
            f"required: gates that can be constant at these coefficients; got {gate.name} with "
            f"scale {gate.scale} and bias {gate.bias}: turn both on (docs/theory.md, section 2)"
        )
    new.set_side(side, start)
    return start.factor


def _copy_gates(new: FeedForward, layer: FeedForward) -> None:
    for side in range(layer.family.sides):
        gate_map, old_map = new.gate_map(side), layer.gate_map(side)
        assert gate_map is not None and old_map is not None
        _copy_linear(gate_map, old_map)
        scale_C, old_C = new.scale(side), layer.scale(side)
        if scale_C is not None:
            nn.init.ones_(scale_C) if old_C is None else scale_C.copy_(old_C)


def _copy_pairs(new: FeedForward, layer: FeedForward) -> None:
    """softmax(l)_i softmax(r)_j is the softmax of the l_i + r_j; scales multiply."""
    left, *right = (_softmax_side(layer, side) for side in range(layer.family.sides))
    # The second factor of one_sided: even gates, and scales that select id.
    even = [torch.zeros_like(left[0]), torch.zeros_like(left[1])]
    selecting = len(left[1]) * _unit(layer.family, "id").to(left[1])
    second = right[0] if right else (*even, selecting)
    gate_map, scale_C = new.gate_map(0), new.scale(0)
    assert gate_map is not None
    gate_map.weight.copy_((left[0][:, None] + second[0]).flatten(0, 1))
    bias = bias_of(gate_map)
    if bias is not None:
        bias.copy_((left[1][:, None] + second[1]).flatten())
    if scale_C is not None:
        scale_C.copy_(torch.outer(left[2], second[2]).flatten())


def _softmax_side(layer: FeedForward, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, biases and scales of one side's gates, switched off ones too."""
    gate_map, scale_C = layer.gate_map(side), layer.scale(side)
    assert gate_map is not None
    bias_C = bias_of(gate_map)
    size_C = gate_map.weight[:, 0]
    return (
        gate_map.weight,
        torch.zeros_like(size_C) if bias_C is None else bias_C,
        torch.ones_like(size_C) if scale_C is None else scale_C,
    )


def _copy_linear(new: nn.Linear, old: nn.Linear) -> None:
    new.weight.copy_(old.weight)
    bias, old_bias = bias_of(new), bias_of(old)
    if bias is not None:
        nn.init.zeros_(bias) if old_bias is None else bias.copy_(old_bias)
