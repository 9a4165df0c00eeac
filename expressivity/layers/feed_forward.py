"""The drop-in layer.

Shape letters: T leading axes (any number), D inputs, M neurons, G groups of neurons, C
coefficients of one group and side.
"""

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import Constraint
from expressivity.classes.mixing import constrained
from expressivity.layers.initialisation import Initialisation, SideStart, output_factor, starts
from expressivity.layers.linears import bias_of, joint
from expressivity.layers.neurons import Program, Side, neurons

STANDARD = Initialisation()


def soft_clamp(h: Tensor, limit: float) -> Tensor:
    """Values between -limit and limit, nearly unchanged where small: ``limit tanh(h / limit)``.

    Infinite values become the limit, with gradient 0.

    >>> soft_clamp(torch.tensor([0.5, 4e4, torch.inf]).half(), 1024.0).tolist()
    [0.5, 1024.0, 1024.0]
    """
    wide = h.to(torch.promote_types(h.dtype, torch.float32))
    return (limit * torch.tanh(wide / limit)).to(h.dtype)


def require_limit(limit: float | None) -> None:
    """Refuse a limit of a soft clamp that is none."""
    number = isinstance(limit, int | float)  # pyright: ignore[reportUnnecessaryIsInstance]
    if limit is not None and not (number and 0 < limit < math.inf):
        raise ValueError(f"required: a positive soft_clamp, or None; got {limit!r}")


def _itself(value: Tensor) -> Tensor:
    return value


class FeedForward(nn.Module):
    """A feed-forward layer of any family: (..., dimension) to (..., outputs).

    Parameters, by name as in ``Family.shapes``: ``w.weight``, ``w.bias`` of the first affine
    map, ``v`` of the second, ``w3`` and so on; ``p``, the neurons' own; ``u0.weight``,
    ``u0.bias``, ``scale0`` of the first mixture's gates, ``u1``, ``scale1`` of the second's, all
    listed group after group; ``a.weight``. ``scale*`` are also the coefficients of a learned
    activation, where it is constrained the free numbers that ``constrained`` makes them of. What
    a switch turns off does not exist.

    ``parts`` is the number of processes that the neurons are cut over (``tensor_parallel``), and
    ``local`` gives what this one has of a parameter; groups are cut with their neurons.

    Args:
        family: what the layer is; its parameter count is the layer's.
        initialisation: how it starts; None for a caller who will write every parameter.
        soft_clamp: a limit to which the neurons' values are bent by :func:`soft_clamp`, for
            float16; None for the family's own function.
        device, dtype: of the parameters; the device may be ``meta``.

    Raises:
        ValueError: gates that cannot start as asked for, a limit that is not positive, no
            ``Initialisation``; in ``forward``, neurons that share coefficients, or have
            parameters, and were split over devices.

    >>> family = Family(kind="la", neuron="two_sided", width=8, dimension=4, outputs=4)
    >>> FeedForward(family)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    w: nn.Linear

    def __init__(
        self,
        family: Family,
        *,
        initialisation: Initialisation | None = STANDARD,
        soft_clamp: float | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_limit(soft_clamp)
        if not isinstance(initialisation, Initialisation | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(
                f"required: an Initialisation or None; got {initialisation!r}: write "
                "Initialisation(mixture='reference')"
            )
        self.family = family
        self.soft_clamp = soft_clamp
        self.initialisation = initialisation
        self.parts = 1
        self.local: Callable[[Tensor], Tensor] = _itself
        self.program = Program.of(family)
        sizes, record = (family.dimension, family.width), family.record
        self.v: nn.Linear | None = None
        for name in map_names(record.maps):
            linear = nn.Linear(*sizes, bias=family.bias, device=device, dtype=dtype)
            setattr(self, name, linear)
        self.p: nn.Parameter | None = None
        if record.parameters:
            own_MQ = torch.empty(family.shapes["p"], device=device, dtype=dtype)
            self.p = nn.Parameter(own_MQ)
        for side in range(family.sides if family.mixes else 0):
            coefficients = family.group_count * family.size(side)
            if family.gate is not None:
                u = nn.Linear(
                    family.dimension,
                    coefficients,
                    bias=family.gate.bias,
                    device=device,
                    dtype=dtype,
                )
                self.register_module(f"u{side}", u)
            if family.frozen(f"scale{side}") is None:
                scale_C = nn.Parameter(torch.empty(coefficients, device=device, dtype=dtype))
                self.register_parameter(f"scale{side}", scale_C)
        self.a = nn.Linear(family.width, family.outputs, bias=False, device=device, dtype=dtype)
        if initialisation is not None:
            self.reset_parameters()
        if self.w.weight.device.type != "meta":
            for part in self.modules():  # transformers would start it once more, in post_init
                part.__dict__["_is_hf_initialized"] = True

    @property
    def maps(self) -> list[nn.Linear]:
        """The affine maps w, v, w3, ..., as many as the neuron has."""
        return [getattr(self, name) for name in map_names(self.family.record.maps)]

    def gate_map(self, side: int) -> nn.Linear | None:
        """The linear map to one side's gate logits, or None without gates."""
        return cast(nn.Linear | None, getattr(self, f"u{side}", None))

    def scale(self, side: int) -> nn.Parameter | None:
        """One side's scales, or coefficients of a learned activation, or None."""
        return cast(nn.Parameter | None, getattr(self, f"scale{side}", None))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start anew, as ``initialisation`` says, from torch's global random numbers."""
        choices, family = self.initialisation or STANDARD, self.family
        input_std = choices.input_gain / math.sqrt(family.dimension)
        output_std = choices.output_gain / math.sqrt(family.width)
        for linear in self.maps:
            nn.init.normal_(linear.weight, std=input_std)
            bias = bias_of(linear)
            if bias is not None:
                nn.init.zeros_(bias)
        if self.p is not None:
            initial_Q = [parameter.initial for parameter in family.record.parameters]
            self.p.copy_(torch.tensor(initial_Q, device=self.p.device).expand_as(self.p))
        chosen = starts(family, choices) if family.mixes else []
        output_std *= output_factor(family, choices, chosen)
        # Before the gates, so that kinds of equal width draw the same w, v and a from one seed.
        nn.init.normal_(self.a.weight, std=output_std)
        for side, start in enumerate(chosen):
            self.set_side(side, [start] * family.group_count)
            gate_map = self.gate_map(side)
            if gate_map is not None:
                gate_std = choices.gate_std / math.sqrt(family.dimension)
                nn.init.normal_(gate_map.weight, std=gate_std)

    @torch.no_grad()
    def set_side(self, side: int, groups: Sequence[SideStart]) -> None:
        """Write one side's scales and gate biases, of all groups; gate weights become 0."""
        scale_C, gate_map = self.scale(side), self.gate_map(side)
        if scale_C is not None:
            scale_C.copy_(torch.cat([start.scale_C for start in groups]))
        if gate_map is not None:
            nn.init.zeros_(gate_map.weight)
            bias = bias_of(gate_map)
            if bias is not None:
                bias.copy_(torch.cat([start.bias_C for start in groups]))

    def sides_at(self, x_TD: Tensor) -> list[Side]:
        """Where the coefficients of each side come from, at inputs.

        A subclass whose gates read something else than the inputs overrides this.
        """
        indices = range(self.family.sides)
        gate_maps = [u for u in map(self.gate_map, indices) if u is not None]
        logits_TGC = [self._grouped(logits_TC) for logits_TC in joint(gate_maps, x_TD)]
        scales_GC = [None if s is None else self._scales(s) for s in map(self.scale, indices)]
        pairs = zip(logits_TGC or [None] * len(indices), scales_GC, strict=True)
        return [Side(logits_TGC=logits, scale_GC=scale) for logits, scale in pairs]

    def _grouped(self, values: Tensor) -> Tensor:
        """The last axis cut into groups; one group has no axis, which costs compiled code time."""
        groups = self._groups
        return values if groups == 1 else values.unflatten(-1, (groups, -1))

    def _flat(self, values: Tensor) -> Tensor:
        """The inverse of ``_grouped``."""
        return values if self._groups == 1 else values.flatten(-2)

    @property
    def _groups(self) -> int:
        """Groups in this process."""
        return max(1, self.family.group_count // self.parts)

    def _scales(self, scale_C: Tensor) -> Tensor:
        # At least in float32: there coefficients obey a constraint as well as anything does.
        scale_C = self.local(scale_C)
        wide_C = scale_C.to(torch.promote_types(scale_C.dtype, torch.float32))
        return constrained(self._grouped(wide_C), self.family.constraint)

    def forward(self, x_TD: Tensor, inner: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Outputs (..., outputs) at inputs (..., dimension).

        Args:
            x_TD: the inputs.
            inner: applied to the neurons' values before the output map, as dropout is.
        """
        family, own = self.family, self.p
        maps_TM = [linear(x_TD) for linear in self.maps]
        count = family.width // self.parts
        if maps_TM[0].shape[-1] != count and (family.mixes or own is not None):
            # Each part would sum the gradients of its gates over its own neurons alone.
            what = "mixture" if family.mixes else "layer with parameters"
            raise ValueError(
                f"required: all {count} neurons of a {what} in one place; got "
                f"{maps_TM[0].shape[-1]}: split them by a tensor_parallel_plan, or split tokens or "
                "layers"
            )
        if own is not None:
            own = self.local(own)
            own = own.mT if family.record.shared else self._grouped(own.mT)
        maps_TGM = [self._grouped(z_TM) for z_TM in maps_TM]
        h_TM = self._flat(neurons(self.program, maps_TGM, own, self.sides_at(x_TD)))
        if self.soft_clamp is not None:
            h_TM = soft_clamp(h_TM, self.soft_clamp)
        return self.a(h_TM if inner is None else inner(h_TM))

    def coefficients(self, x_TD: Tensor) -> list[Tensor]:
        """Coefficients c_TC that the activations get at inputs, one tensor a side.

        Without gates they are the same for all tokens; a fixed layer has none. They are listed
        group after group.

        >>> family = Family(kind="la", neuron="type1", width=8, dimension=4)
        >>> [c.shape for c in FeedForward(family).coefficients(torch.zeros(2, 3, 4))]
        [torch.Size([2, 3, 7])]
        """
        like_TGM = x_TD[..., :1] if self._groups == 1 else x_TD[..., None, :1]
        found = [side.coefficients(self.program, like_TGM) for side in self.sides_at(x_TD)]
        return [self._flat(c_TGC) for c_TGC in found if c_TGC is not None]

    def extra_repr(self) -> str:
        """What ``print`` shows beside the linear maps."""
        family = self.family
        parts = [f"{family.kind} {family.neuron}"]
        parts += [f"dictionary={','.join(family.dictionary)}"] if family.dictionary else []
        parts += [] if family.gate is None else [f"gate={family.gate.name}"]
        parts += (
            [f"constraint={family.constraint}"] if family.constraint is not Constraint.FREE else []
        )
        parts += [f"groups={family.groups}"] if family.group_count > 1 else []
        parts += [] if self.soft_clamp is None else [f"soft_clamp={self.soft_clamp}"]
        return ", ".join(parts)
