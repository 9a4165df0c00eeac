"""The activations of a layer, by whichever of their torch forms is the faster one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from expressivity.classes.activations import Activation


@dataclass(frozen=True, kw_only=True)
class Activated:
    """Activations of one map.

    Uncompiled, and where nothing is differentiated further, torch's own kernels are used where
    there are some, and derivatives are computed only if they are asked for.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> here = Activated.of([ACTIVATIONS["id"], ACTIVATIONS["relu2"]], torch.tensor([-1.0, 2.0]))
    >>> [s.tolist() for s in here.values], [ds.tolist() for ds in here.derivatives()]
    ([[-1.0, 2.0], [0.0, 4.0]], [[1.0, 1.0], [0.0, 4.0]])
    """

    activations: tuple[Activation, ...]
    argument: Tensor
    values: list[Tensor]
    known: list[Tensor | None]

    @staticmethod
    def of(activations: Sequence[Activation], argument: Tensor) -> "Activated":
        """Activations at the values of a map."""
        native = not (torch.compiler.is_compiling() or torch.is_grad_enabled())
        values: list[Tensor] = []
        known: list[Tensor | None] = []
        for activation in activations:
            if native and activation.native is not None:
                value, derivative = activation.native.value(argument), None
            else:
                value, derivative = activation.value_and_derivative(argument)
            values.append(value)
            known.append(derivative)
        return Activated(
            activations=tuple(activations), argument=argument, values=values, known=known
        )

    def derivatives(self) -> list[Tensor]:
        """s_k'(z) of every activation."""
        found: list[Tensor] = []
        for activation, value, derivative in zip(
            self.activations, self.values, self.known, strict=True
        ):
            if derivative is None:
                assert activation.native is not None
                derivative = activation.native.derivative(self.argument, value)
            found.append(derivative)
        return found
