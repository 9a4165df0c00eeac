"""Coefficients of mixtures and the Jacobian's rows by what they are made of.

Shape letters as in ``networks.py``: L lanes, M neurons, G groups, K coefficients of one group and
side, O outputs, N nodes, E = d + 1 coordinates.
"""

from typing import cast

from torch import Tensor

from expressivity.classes.gates import GATES, Gate
from expressivity.classes.kinds import PER_NEURON, Constraint
from expressivity.classes.structure import Structure


def affine(weight_LME: Tensor, x_EN: Tensor) -> Tensor:
    """Affine maps z_LMN."""
    # Not a matmul: a sum over the three or so coordinates fuses with what follows.
    return (weight_LME[..., None] * x_EN).sum(2)


class Mix:
    """One mixture's coefficients c_k(x) = scale_k g_k(u_k.x), the same for each group's neurons."""

    def __init__(
        self,
        structure: Structure,
        size: int,
        u_LKE: Tensor | None,
        scale_LK: Tensor,
        x_EN: Tensor,
    ) -> None:
        self.structure, self.size, self.x_EN = structure, size, x_EN
        self.free_LGK = self._grouped(scale_LK)
        self.scale_LGK1 = constrained(self.free_LGK, structure.constraint)[..., None]
        self.gate: Gate | None = None
        if structure.gate is None or u_LKE is None:
            shape = (*self.scale_LGK1.shape[:-1], x_EN.shape[1])
            self.value_LGKN = self.scale_LGK1.expand(shape)
        else:
            self.gate = GATES[structure.gate]
            self.g_LGKN = self.gate.value(self._grouped(affine(u_LKE, x_EN)))
            self.value_LGKN = self.scale_LGK1 * self.g_LGKN

    def _grouped(self, values_LKx: Tensor) -> Tensor:
        """The coefficients' axis cut into groups, of which there may be one."""
        if self.structure.groups == 1:
            return values_LKx[:, None]
        return values_LKx.unflatten(1, (-1, self.size))

    def per_neuron(self, neurons: int) -> Tensor:
        """Coefficients c_LMKN, or c_L1KN where all neurons share them."""
        groups = self.structure.groups
        if groups == 1 or groups == PER_NEURON:
            return self.value_LGKN
        return self.value_LGKN.repeat_interleave(neurons // cast(int, groups), 1)

    def summed(self, weight_LOMN: Tensor, parts_LMKN: Tensor) -> Tensor:
        """sum_m weight_om part_mk over each group: rows dF/dc_gk as [L, O, G, K, N]."""
        groups = self.structure.groups
        rows_LOMKN = weight_LOMN[:, :, :, None] * parts_LMKN[:, None]
        if groups == 1:
            return rows_LOMKN.sum(2)[:, :, None]
        if groups == PER_NEURON:
            return rows_LOMKN
        return rows_LOMKN.unflatten(2, (cast(int, groups), -1)).sum(3)

    def scale_rows(self, rows_LOGKN: Tensor) -> Tensor:
        """Rows dF/dscale, [L, parameters, O, N]."""
        if self.gate is None:
            rows_LOGKN = pulled_back(rows_LOGKN, self.free_LGK, self.structure.constraint)
        else:
            rows_LOGKN = rows_LOGKN * self.g_LGKN[:, None]
        return rows_LOGKN.flatten(2, 3).transpose(1, 2)

    def gate_rows(self, rows_LOGKN: Tensor) -> Tensor | None:
        """Rows dF/du, [L, parameters, O, N]; None without a gate."""
        if self.gate is None:
            return None
        weighted_LOGKN = rows_LOGKN * self.scale_LGK1[:, None]
        logits_LOKN = self.gate.pullback(self.g_LGKN[:, None], weighted_LOGKN).flatten(2, 3)
        return (logits_LOKN.transpose(1, 2)[:, :, None] * self.x_EN[:, None]).flatten(1, 2)


def constrained(free_LGK: Tensor, constraint: Constraint) -> Tensor:
    """Coefficients from free numbers along the last axis.

    Affine: moved along the diagonal until their sum is 1. Simplex: their squares, divided by the
    sum of squares; unlike a softmax it reaches the boundary.

    >>> from torch import tensor
    >>> constrained(tensor([[[3.0, 1.0]]]), Constraint.AFFINE).tolist()
    [[[1.5, -0.5]]]
    """
    if constraint == Constraint.AFFINE:
        return free_LGK + (1 - free_LGK.sum(-1, keepdim=True)) / free_LGK.shape[-1]
    if constraint == Constraint.SIMPLEX:
        squares_LGK = free_LGK * free_LGK
        return squares_LGK / squares_LGK.sum(-1, keepdim=True)
    return free_LGK


def pulled_back(rows_LOGKN: Tensor, free_LGK: Tensor, constraint: Constraint) -> Tensor:
    """Rows by the free numbers from rows by the coefficients of :func:`constrained`."""
    if constraint == Constraint.AFFINE:
        return rows_LOGKN - rows_LOGKN.mean(3, keepdim=True)
    if constraint == Constraint.SIMPLEX:
        free_L1GK1 = free_LGK[:, None, ..., None]
        total = (free_L1GK1 * free_L1GK1).sum(3, keepdim=True)
        mean = (free_L1GK1 * free_L1GK1 * rows_LOGKN).sum(3, keepdim=True) / total
        return 2 * free_L1GK1 / total * (rows_LOGKN - mean)
    return rows_LOGKN
