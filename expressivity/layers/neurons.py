"""The neurons of a layer: values, and a backward pass that recomputes the activations.

What a neuron is comes from its record (``partials``, ``slopes``), from its activations
(``value_and_derivative``) and from its gates (``pullback``). What stands here is the chain rule.

Shape letters: T leading axes of the input (tokens; any number of axes), G groups (no axis where
there is one), M neurons of one group, C coefficients of one group and side: K, the number of
activations, or K^2 for products; Q parameters of a neuron. Lists run over maps, sides, activations
or parameters.
"""

import functools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate
from expressivity.classes.networks import times
from expressivity.classes.neurons import NEURONS, Neuron
from expressivity.classes.neurons.record import TorchForm
from expressivity.layers.activated import Activated


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a layer's neurons compute. Equal ones are one object, so that compiled code is shared.

    Attributes:
        partials, slopes: the record's, looked up once.
        needed: for each mixture whether the neuron's derivatives depend on it.
    """

    neuron: Neuron
    partials: TorchForm
    slopes: TorchForm
    needed: tuple[bool, ...]
    activations: tuple[Activation, ...]
    gate: Gate | None

    @staticmethod
    def of(family: Family) -> "Program":
        """The program of a family.

        >>> family = Family(kind="la", neuron="type1", width=3, dimension=2)
        >>> Program.of(family).gate is None
        True
        """
        return _program(family.neuron, family.dictionary, family.gate and family.gate.name)

    def __reduce__(self) -> tuple[Any, ...]:
        # Records hold functions, which cannot be pickled; their names can.
        names = tuple(activation.name for activation in self.activations)
        return _program, (self.neuron.name, names, self.gate and self.gate.name)


@functools.cache
def _program(form: str, names: tuple[str, ...], gate: str | None) -> Program:
    neuron = NEURONS[form]
    return Program(
        neuron=neuron,
        partials=neuron.partials,
        slopes=neuron.slopes,
        needed=neuron.slopes_depend_on,
        activations=tuple(ACTIVATIONS[name] for name in names),
        gate=None if gate is None else GATES[gate],
    )


@dataclass(frozen=True, kw_only=True)
class Side:
    """Where one side's coefficients come from: gates of logits, times scales.

    Attributes:
        logits_TGC: None for a learned activation.
        scale_GC: None where the scale is off. A fixed activation has neither.
    """

    logits_TGC: Tensor | None = None
    scale_GC: Tensor | None = None

    @property
    def mixes(self) -> bool:
        """Whether there are coefficients at all."""
        return self.logits_TGC is not None or self.scale_GC is not None

    def coefficients(self, program: Program, like_TGM: Tensor) -> Tensor | None:
        """Coefficients c_TGC, or None for a fixed activation.

        Args:
            program: holds the gate.
            like_TGM: gives the leading axes and the dtype.
        """
        scale_GC = None if self.scale_GC is None else self.scale_GC.to(like_TGM.dtype)
        if self.logits_TGC is None:
            return None if scale_GC is None else scale_GC * torch.ones_like(like_TGM[..., :1])
        c_TGC = self.gates(program, like_TGM.dtype)[..., 0]
        return c_TGC if scale_GC is None else c_TGC * scale_GC

    def gates(self, program: Program, dtype: torch.dtype) -> Tensor:
        """Gates g_TGC1, with the gate axis where ``Gate`` wants it."""
        assert program.gate is not None and self.logits_TGC is not None
        return program.gate.value(self.logits_TGC.to(dtype)[..., None])

    def pullback(self, program: Program, rows_TGC: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Gradients of logits and scale from dF/dc_TGC."""
        logits_TGC = scale_GC = None
        weighted_TGC = rows_TGC
        if self.logits_TGC is not None:
            assert program.gate is not None
            g_TGC1 = self.gates(program, rows_TGC.dtype)
            weighted_TGC = rows_TGC * g_TGC1[..., 0]
            gate_rows_TGC = rows_TGC if self.scale_GC is None else rows_TGC * self.scale_GC
            slope_TGC1 = program.gate.pullback(g_TGC1, gate_rows_TGC[..., None])
            logits_TGC = slope_TGC1[..., 0].to(self.logits_TGC.dtype)
        if self.scale_GC is not None:
            axes = tuple(range(rows_TGC.ndim - self.scale_GC.ndim))
            summed_GC = weighted_TGC.sum(axes) if axes else weighted_TGC
            scale_GC = summed_GC.to(self.scale_GC.dtype)
        return logits_TGC, scale_GC


def neurons(
    program: Program, maps_TGM: Sequence[Tensor], own: Tensor | None, sides: Sequence[Side]
) -> Tensor:
    """Values h_TGM of all neurons.

    The backward pass keeps the arguments and nothing else. Below float32 the arithmetic is
    float32; the result has the dtype of the maps.

    Args:
        program: from :meth:`Program.of`.
        maps_TGM: the affine maps of the input, one for each of the neuron's.
        own: the neurons' parameters, Q x G x M or Q x 1 where shared; None without any.
        sides: one for each of the neuron's mixtures.

    >>> relu = _program("type1", ("relu",), None)
    >>> neurons(relu, [torch.tensor([-1.0, 2.0])], None, [Side()]).tolist()
    [0.0, 2.0]
    """
    flat = [tensor for side in sides for tensor in (side.logits_TGC, side.scale_GC)]
    args = program, *maps_TGM, own, *flat
    compiling = torch.compiler.is_compiling()
    # torch.compile and strict export take no Function where nothing is differentiated.
    tracked = any(tensor is not None and tensor.requires_grad for tensor in args[1:])
    if not torch.is_grad_enabled() or (compiling and not tracked):
        return _values(args)
    kind = _Neurons if compiling else _TransformableNeurons
    return cast(Tensor, kind.apply(*args))


class _Neurons(torch.autograd.Function):
    """Differentiable as often as the activations are: ``backward`` is made of torch functions."""

    @staticmethod
    def forward(*args: Any) -> Tensor:
        h_TGM = _values(args)
        # id alone returns its argument, which torch does not let a Function return and save.
        return h_TGM.view_as(h_TGM) if any(h_TGM is tensor for tensor in args) else h_TGM

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        program, *tensors = inputs
        ctx.program = program
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        tensors = ctx.saved_tensors
        inputs = _Inputs.of((ctx.program, *tensors))
        gradients = inputs.gradients(_wide(grad_outputs[0]))
        pairs = zip(gradients, tensors, strict=True)
        return None, *[None if g is None else g.to(tensor.dtype) for g, tensor in pairs]


class _TransformableNeurons(_Neurons):
    """With ``torch.func`` and forward-mode derivatives, which compiled code has no place for."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _Neurons.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Tensor:
        tensors, tangents = list(ctx.saved_tensors), grad_inputs[1:]
        moved = [place for place, tangent in enumerate(tangents) if tangent is not None]

        def values(*there: Tensor) -> Tensor:
            given = dict(zip(moved, there, strict=True))
            return _values([ctx.program, *[given.get(i, t) for i, t in enumerate(tensors)]])

        # u -> u J is linear; the derivative of u J v by u is J v.
        output, pulled = torch.func.vjp(values, *[tensors[place] for place in moved])[:2]

        def paired(u: Tensor) -> Tensor:
            rows = zip(pulled(u), moved, strict=True)
            return functools.reduce(operator.add, [(r * tangents[i]).sum() for r, i in rows])

        return cast(Tensor, torch.func.grad(paired)(torch.zeros_like(output)))


def _values(args: Sequence[Any]) -> Tensor:
    """The neurons' values, from the arguments of ``_Neurons``."""
    inputs = _Inputs.of(args)
    mixtures = [inputs.mixture(side) for side in range(len(inputs.sides))]
    found = inputs.program.partials(inputs.maps, mixtures, inputs.own)
    return found.value.to(args[1].dtype)


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What the neurons are computed from, in the dtype of the arithmetic.

    Attributes:
        maps: the affine maps, T x G x M.
        own: the neurons' parameters, one tensor each, G x M or 1.
        activated: by map, where a mixture looks at it, the activations there.
        c_TGC: the coefficients of each side, None for a fixed activation.
    """

    program: Program
    maps: list[Tensor]
    own: list[Tensor]
    sides: list[Side]
    activated: dict[int, Activated]
    c_TGC: list[Tensor | None]

    @staticmethod
    def of(args: Sequence[Any]) -> "_Inputs":
        """From the arguments of ``_Neurons``."""
        program, *tensors = args
        record: Neuron = program.neuron
        maps = [_wide(z_TGM) for z_TGM in tensors[: record.maps]]
        own, *flat = tensors[record.maps :]
        pairs = zip(flat[::2], flat[1::2], strict=True)
        sides = [Side(logits_TGC=logits, scale_GC=scale) for logits, scale in pairs]
        looked_at = sorted({i for maps in record.mixtures for i in maps})
        return _Inputs(
            program=program,
            maps=maps,
            own=[] if own is None else list(_wide(own).unbind(0)),
            sides=sides,
            c_TGC=[_coefficients(side, program, maps[0]) for side in sides],
            activated={i: Activated.of(program.activations, maps[i]) for i in looked_at},
        )

    def mixture(self, side: int, by: int | None = None) -> Tensor:
        """A mixture, or its derivative by the map in one of the places that it looks at."""
        looked_at = self.program.neuron.mixtures[side]
        parts = [
            self.activated[i].derivatives() if place == by else self.activated[i].values
            for place, i in enumerate(looked_at)
        ]
        return _mixture(self.c_TGC[side], parts)

    def _shared_mixture(self, side: int) -> Tensor:
        """A mixture, written down on a CPU.

        Sums over neurons then have the gradient in common, by which Inductor's C++ puts them and
        the gradients of the maps into one loop. On a GPU it has not been measured.
        """
        mixture_TGM = self.mixture(side)
        shared = self.c_TGC[side] is not None and mixture_TGM.device.type == "cpu"
        return _written(mixture_TGM) if shared else mixture_TGM

    def gradients(self, gradient: Tensor) -> list[Tensor | None]:
        """dF/dmap of each map, dF/down, and of each side dF/dlogits, dF/dscale, from dF/dh."""
        # A map stands in for a mixture that no derivative depends on.
        mixtures = [
            self._shared_mixture(side) if needed else self.maps[0]
            for side, needed in enumerate(self.program.needed)
        ]
        found = self.program.slopes(self.maps, mixtures, self.own)
        through = [times(gradient, by) for by in found.mixtures]
        return [
            *self._by_maps(gradient, found.maps, through),
            self._by_own(gradient, found.parameters),
            *self._by_sides(through),
        ]

    def _by_maps(
        self, gradient: Tensor, own: Sequence[Tensor | int], through: Sequence[Tensor]
    ) -> Iterator[Tensor]:
        """dF/dz of each map: the neuron's own, and by way of the mixtures that look at it."""
        for i, direct in enumerate(own):
            parts = [] if isinstance(direct, int) and direct == 0 else [times(gradient, direct)]
            for side, looked_at in enumerate(self.program.neuron.mixtures):
                for place, j in enumerate(looked_at):
                    if j == i:
                        parts.append(through[side] * self.mixture(side, by=place))
            yield functools.reduce(operator.add, parts) if parts else torch.zeros_like(gradient)

    def _by_own(self, gradient: Tensor, slopes: Sequence[Tensor | int]) -> Tensor | None:
        if not self.own:
            return None
        pairs = zip(self.own, slopes, strict=True)
        return torch.stack([times(gradient, slope).sum_to_size(p.shape) for p, slope in pairs])

    def _by_sides(self, through: Sequence[Tensor]) -> Iterator[Tensor | None]:
        for side, looked_at, weight_TGM in zip(
            self.sides, self.program.neuron.mixtures, through, strict=True
        ):
            if side.mixes:
                parts = _products([self.activated[i].values for i in looked_at])
                rows_TGC = torch.stack([(weight_TGM * part).sum(-1) for part in parts], -1)
                yield from side.pullback(self.program, rows_TGC)
            else:
                yield from (None, None)


def _wide(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _coefficients(side: Side, program: Program, like_TGM: Tensor) -> Tensor | None:
    """The coefficients of a side, for a compiler to evaluate once a token and not once a neuron.

    Written down, they also keep rows of tokens apart, as the sums over neurons need them, so that
    one pass serves all. Where every neuron has coefficients of its own there is nothing to gain.

    Rows are one longer than they need be, so that no gradient of coefficients has the same shape.
    Inductor's C++ (torch 2.13) would try in every round to compute these two in one loop, which
    the neurons between them forbid, and then never joins the loops of softmax and norms elsewhere.
    """
    c_TGC = side.coefficients(program, like_TGM)
    return c_TGC if c_TGC is None or like_TGM.shape[-1] == 1 else _written(c_TGC, padding=1)


def _written(values: Tensor, padding: int = 0) -> Tensor:
    """The same values, told to a compiler as numbers to be written down and not computed again.

    They are written into rows longer by ``padding``.
    """
    if not torch.compiler.is_compiling():
        return values
    longer = functional.pad(values, (0, padding)) if padding else values
    return longer.as_strided(values.size(), longer.stride())


def _mixture(c_TGC: Tensor | None, parts: Sequence[Sequence[Tensor]]) -> Tensor:
    """sum_k c_k part_k, or sum_kl c_kl left_k right_l; a fixed activation's part as it is."""
    first, *rest = parts
    if c_TGC is None:
        return first[0]
    if rest:
        size = len(first)
        rows = [c_TGC[..., k * size : (k + 1) * size] for k in range(size)]
        return _dot(first, [_mixture(row, rest) for row in rows])
    return _dot([c_TGC[..., k, None] for k in range(len(first))], first)


def _products(parts: Sequence[Sequence[Tensor]]) -> Iterator[Tensor]:
    """The mixture's derivative by each coefficient."""
    first, *rest = parts
    if not rest:
        yield from first
    else:
        yield from (left * right for left in first for right in rest[0])


def _dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    total = left[0] * right[0]
    for one, other in zip(left[1:], right[1:], strict=True):
        total = torch.addcmul(total, one, other)
    return total
