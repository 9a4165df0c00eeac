"""The drop-in layer.

Shape letters: T leading axes (any number), D inputs, M neurons, C coefficients of one side.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family, Kind
from expressivity.layers.initialisation import Initialisation, SideStart, starts
from expressivity.layers.neurons import Neuron, Side, neurons

STANDARD = Initialisation()


def bias_of(linear: nn.Linear) -> nn.Parameter | None:
    """The bias, which torch types as always there."""
    return cast(nn.Parameter | None, linear.bias)


class FeedForward(nn.Module):
    """A feed-forward layer of any family: (..., dimension) to (..., outputs).

    Parameters, by name as in ``Family.shapes``: ``w.weight``, ``w.bias``; ``v.weight``,
    ``v.bias`` of the second factor; ``u0.weight``, ``u0.bias``, ``scale0`` of the gates, and
    ``u1``, ``scale1`` of the second factor's in two_sided; ``a.weight``. ``scale*`` are also
    the coefficients of a learned activation. What a switch turns off does not exist.

    Args:
        family: what the layer is; its parameter count is the layer's.
        initialisation: how it starts; None for a caller who will write every parameter.
        device, dtype: of the parameters; the device may be ``meta``.

    Raises:
        ValueError: gates that cannot start as asked for; in ``forward``, a mixture whose neurons
            were split over devices.

    >>> family = Family(kind=Kind.LA, neuron="two_sided", width=8, dimension=4, outputs=4)
    >>> FeedForward(family)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(
        self,
        family: Family,
        *,
        initialisation: Initialisation | None = STANDARD,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.family = family
        self.initialisation = initialisation
        self.neuron = Neuron.of(family)
        sizes = (family.dimension, family.width)
        self.w = nn.Linear(*sizes, bias=family.bias, device=device, dtype=dtype)
        self.v: nn.Linear | None = None
        if family.neuron != "type1":
            self.v = nn.Linear(*sizes, bias=family.bias, device=device, dtype=dtype)
        coefficients = 0 if family.kind is Kind.FIXED else family.coefficients
        for side in range(family.sides):
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
        for linear in (self.w, self.v):
            if linear is not None:
                nn.init.normal_(linear.weight, std=input_std)
                bias = bias_of(linear)
                if bias is not None:
                    nn.init.zeros_(bias)
        chosen = [] if family.kind is Kind.FIXED else starts(family, choices)
        output_std *= math.prod(start.factor for start in chosen)
        # Before the gates, so that kinds of equal width draw the same w, v and a from one seed.
        nn.init.normal_(self.a.weight, std=output_std)
        for side, start in enumerate(chosen):
            self.set_side(side, start)
            gate_map = self.gate_map(side)
            if gate_map is not None:
                gate_std = choices.gate_std / math.sqrt(family.dimension)
                nn.init.normal_(gate_map.weight, std=gate_std)

    @torch.no_grad()
    def set_side(self, side: int, start: SideStart) -> None:
        """Write one side's scales and gate biases; gate weights become 0."""
        scale_C, gate_map = self.scale(side), self.gate_map(side)
        if scale_C is not None:
            scale_C.copy_(start.scale_C)
        if gate_map is not None:
            nn.init.zeros_(gate_map.weight)
            bias = bias_of(gate_map)
            if bias is not None:
                bias.copy_(start.bias_C)

    def _sides(self, x_TD: Tensor) -> list[Side]:
        sides: list[Side] = []
        for index in range(self.family.sides):
            gate_map = self.gate_map(index)
            logits_TC = None if gate_map is None else gate_map(x_TD)
            sides.append(Side(logits_TC=logits_TC, scale_C=self.scale(index)))
        return sides

    def forward(self, x_TD: Tensor) -> Tensor:
        """Outputs (..., outputs) at inputs (..., dimension)."""
        z_TM, y_TM = self.w(x_TD), None if self.v is None else self.v(x_TD)
        if z_TM.shape[-1] != self.family.width and self.family.kind is not Kind.FIXED:
            # Each part would sum the gradients of its gates over its own neurons alone.
            raise ValueError(
                f"required: all {self.family.width} neurons of a mixture in one place; got "
                f"{z_TM.shape[-1]}: split tokens or layers, not neurons (tensor parallelism)"
            )
        return self.a(neurons(self.neuron, z_TM, y_TM, self._sides(x_TD)))

    def coefficients(self, x_TD: Tensor) -> list[Tensor]:
        """Coefficients c_TC that the activations get at inputs, one tensor a side.

        Without gates they are the same for all tokens; a fixed layer has none.

        >>> family = Family(kind=Kind.LA, neuron="type1", width=8, dimension=4)
        >>> [c.shape for c in FeedForward(family).coefficients(torch.zeros(2, 3, 4))]
        [torch.Size([2, 3, 7])]
        """
        found = [side.coefficients(self.neuron, x_TD) for side in self._sides(x_TD)]
        return [c_TC for c_TC in found if c_TC is not None]

    def extra_repr(self) -> str:
        """What ``print`` shows beside the linear maps."""
        family = self.family
        gate = "" if family.gate is None else f", gate={family.gate.name}"
        return f"{family.kind} {family.neuron}, dictionary={','.join(family.dictionary)}{gate}"
