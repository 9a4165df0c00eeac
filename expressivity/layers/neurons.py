"""The neurons of a layer: values, and a backward pass that recomputes the activations.

Shape letters: T leading axes of the input (tokens; any number of axes), M neurons, K
activations, C coefficients of one side: K, or K^2 for quadratic. Lists run over K.
"""

import functools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """What one neuron computes. Equal neurons are one object, so that programs are shared."""

    form: str
    activations: tuple[Activation, ...]
    gate: Gate | None

    @staticmethod
    def of(family: Family) -> "Neuron":
        """The neuron of a family.

        >>> from expressivity.classes.families import Kind
        >>> family = Family(kind=Kind.LA, neuron="type1", width=3, dimension=2)
        >>> Neuron.of(family).gate is None
        True
        """
        return _neuron(family.neuron, family.dictionary, family.gate and family.gate.name)

    def __reduce__(self) -> tuple[Any, ...]:
        # Records hold functions, which cannot be pickled; their names can.
        names = tuple(activation.name for activation in self.activations)
        return _neuron, (self.form, names, self.gate and self.gate.name)


@functools.cache
def _neuron(form: str, names: tuple[str, ...], gate: str | None) -> Neuron:
    return Neuron(
        form=form,
        activations=tuple(ACTIVATIONS[name] for name in names),
        gate=None if gate is None else GATES[gate],
    )


@dataclass(frozen=True, kw_only=True)
class Side:
    """Where one side's coefficients come from: gates of logits, times scales.

    Attributes:
        logits_TC: None for a learned activation.
        scale_C: None where the scale is off. A fixed activation has neither.
    """

    logits_TC: Tensor | None = None
    scale_C: Tensor | None = None

    @property
    def mixes(self) -> bool:
        """Whether there are coefficients at all."""
        return self.logits_TC is not None or self.scale_C is not None

    def coefficients(self, neuron: Neuron, like_TM: Tensor) -> Tensor | None:
        """Coefficients c_TC, or None for a fixed activation.

        Args:
            neuron: holds the gate.
            like_TM: gives the leading axes and the dtype.
        """
        if self.logits_TC is None:
            if self.scale_C is None:
                return None
            c_TC = self.scale_C.to(like_TM.dtype) * torch.ones_like(like_TM[..., :1])
        else:
            c_TC = self.gates(neuron, like_TM.dtype)[..., 0]
            if self.scale_C is not None:
                c_TC = c_TC * self.scale_C
        # Changes nothing but what a compiler does: it writes the coefficients of a token down
        # instead of evaluating the gates for every neuron, and keeps rows of tokens apart, as
        # the sums over neurons need them, so that one pass serves all.
        return c_TC.as_strided(c_TC.size(), c_TC.stride())

    def gates(self, neuron: Neuron, dtype: torch.dtype) -> Tensor:
        """Gates g_TC1, with the gate axis where ``Gate`` wants it."""
        assert neuron.gate is not None and self.logits_TC is not None
        return neuron.gate.value(self.logits_TC.to(dtype)[..., None])

    def pullback(self, neuron: Neuron, rows_TC: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Gradients of logits and scale from dF/dc_TC."""
        logits_TC = scale_C = None
        weighted_TC = rows_TC
        if self.logits_TC is not None:
            assert neuron.gate is not None
            g_TC1 = self.gates(neuron, rows_TC.dtype)
            weighted_TC = rows_TC * g_TC1[..., 0]
            gate_rows_TC = rows_TC if self.scale_C is None else rows_TC * self.scale_C
            slope_TC1 = neuron.gate.pullback(g_TC1, gate_rows_TC[..., None])
            logits_TC = slope_TC1[..., 0].to(self.logits_TC.dtype)
        if self.scale_C is not None:
            axes = tuple(range(rows_TC.ndim - 1))
            scale_C = (weighted_TC.sum(axes) if axes else weighted_TC).to(self.scale_C.dtype)
        return logits_TC, scale_C


def neurons(neuron: Neuron, z_TM: Tensor, y_TM: Tensor | None, sides: Sequence[Side]) -> Tensor:
    """Values h_TM of all neurons.

    The backward pass keeps the arguments and nothing else. Below float32 the arithmetic is
    float32; the result has the dtype of ``z_TM``.

    Args:
        neuron: from :meth:`Neuron.of`.
        z_TM: pre-activations w.x + b.
        y_TM: those of the second factor, v.x + c; None for type1.
        sides: two for two_sided, else one.

    >>> relu = _neuron("type1", ("relu",), None)
    >>> neurons(relu, torch.tensor([-1.0, 2.0]), None, [Side()]).tolist()
    [0.0, 2.0]
    """
    flat = [tensor for side in sides for tensor in (side.logits_TC, side.scale_C)]
    return cast(Tensor, _Neurons.apply(neuron, z_TM, y_TM, *flat))


class _Neurons(torch.autograd.Function):
    """Differentiable as often as the activations are: ``backward`` is made of torch functions."""

    @staticmethod
    def forward(*args: Any) -> Tensor:
        neuron, z_TM, y_TM, sides = _unflatten(args)
        z, y = _wide(z_TM), None if y_TM is None else _wide(y_TM)
        c = [side.coefficients(neuron, z) for side in sides]
        return _values(neuron, z, y, c).to(z_TM.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        neuron, *tensors = inputs
        ctx.neuron = neuron
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        neuron, z_TM, y_TM, sides = _unflatten((ctx.neuron, *ctx.saved_tensors))
        z, y = _wide(z_TM), None if y_TM is None else _wide(y_TM)
        c = [side.coefficients(neuron, z) for side in sides]
        dz, dy, factors = _pullback(neuron, z, y, c, _wide(grad_outputs[0]))
        gradients = [dz.to(z_TM.dtype), None if y_TM is None or dy is None else dy.to(y_TM.dtype)]
        for side, (weight_TM, parts) in zip(sides, factors, strict=True):
            if side.mixes:
                rows_TC = torch.stack([(weight_TM * part_TM).sum(-1) for part_TM in parts], -1)
                gradients += side.pullback(neuron, rows_TC)
            else:
                gradients += [None, None]
        return None, *gradients


def _unflatten(args: Sequence[Any]) -> tuple[Neuron, Tensor, Tensor | None, list[Side]]:
    neuron, z_TM, y_TM, *flat = args
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return neuron, z_TM, y_TM, [Side(logits_TC=logits, scale_C=scale) for logits, scale in pairs]


def _wide(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _values(neuron: Neuron, z: Tensor, y: Tensor | None, c: Sequence[Tensor | None]) -> Tensor:
    s, _ = _evaluate(neuron, z)
    if y is None:
        return _mix(c[0], s)
    if neuron.form == "one_sided":
        return _mix(c[0], s) * y
    t, _ = _evaluate(neuron, y)
    if neuron.form == "two_sided":
        return _mix(c[0], s) * _mix(c[1], t)
    return _dot(s, [_mix(row, t) for row in _rows(c[0], len(s))])


Factor = tuple[Tensor, Iterable[Tensor]]
"""weight_TM and parts_TM, one a coefficient: dF/dc_TC is the sum of weight times part over M."""


def _pullback(
    neuron: Neuron, z: Tensor, y: Tensor | None, c: Sequence[Tensor | None], gradient: Tensor
) -> tuple[Tensor, Tensor | None, list[Factor]]:
    """dF/dz, dF/dy and one factor a side, from dF/dh."""
    s, ds = _evaluate(neuron, z)
    if y is None:
        return gradient * _mix(c[0], ds), None, [(gradient, s)]
    if neuron.form == "one_sided":
        left_gradient = gradient * y
        return left_gradient * _mix(c[0], ds), gradient * _mix(c[0], s), [(left_gradient, s)]
    t, dt = _evaluate(neuron, y)
    if neuron.form == "two_sided":
        left_gradient, right_gradient = gradient * _mix(c[1], t), gradient * _mix(c[0], s)
        dz, dy = left_gradient * _mix(c[0], ds), right_gradient * _mix(c[1], dt)
        return dz, dy, [(left_gradient, s), (right_gradient, t)]
    rows = _rows(c[0], len(s))
    dz = gradient * _dot(ds, [_mix(row, t) for row in rows])
    dy = gradient * _dot(s, [_mix(row, dt) for row in rows])
    return dz, dy, [(gradient, (left * right for left in s for right in t))]


def _evaluate(neuron: Neuron, argument: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    pairs = [activation.value_and_derivative(argument) for activation in neuron.activations]
    return [value for value, _ in pairs], [derivative for _, derivative in pairs]


def _mix(c_TK: Tensor | None, parts: Sequence[Tensor]) -> Tensor:
    """sum_k c_k part_k; the one part of a fixed activation as it is."""
    if c_TK is None:
        return parts[0]
    return _dot([c_TK[..., k, None] for k in range(len(parts))], parts)


def _rows(c_TC: Tensor | None, size: int) -> list[Tensor]:
    assert c_TC is not None
    return [c_TC[..., k * size : (k + 1) * size] for k in range(size)]


def _dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    # Not sum(): it would begin with a zero tensor.
    return functools.reduce(operator.add, map(operator.mul, left, right))
