"""Batched evaluation and exact Jacobians of a family: one lane per restart.

Shape letters: L lanes, M neurons, K coefficients of one side, O outputs, N nodes,
E = d + 1 coordinates (the last is the constant 1), P packed parameters.

A lane's numbers never meet another lane's: every sum runs over M, K or E inside one lane.
Nodes are the innermost axis, so the compiled loops are vectorised over them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS, stack_dictionary
from expressivity.classes.families import Family, Form
from expressivity.classes.gates import GATES, Gate

NetworkFunction = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, list[Tensor]]]
"""(x_EN, parameter blocks) -> values f_LON, and the Jacobian's rows J_LPON in groups along P."""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What a program depends on apart from sizes: families with equal structure share it."""

    form: Form
    gate: str | None
    basis: tuple[str, ...]

    @staticmethod
    def of(family: Family) -> "Structure":
        """Structure of a family; fixed and la coincide."""
        gate = None if family.gate is None else family.gate.name
        return Structure(form=family.form, gate=gate, basis=family.basis)

    @property
    def label(self) -> str:
        """A valid identifier, unique to the structure."""
        return "_".join(["network", self.form, self.gate or "ungated", *self.basis])


def coordinates(nodes_ND: Tensor) -> Tensor:
    """Coordinates x_EN of nodes: transposed, with a last row of ones.

    >>> coordinates(torch.tensor([[2.0], [3.0]])).tolist()
    [[2.0, 3.0], [1.0, 1.0]]
    """
    return torch.cat([nodes_ND.mT, torch.ones_like(nodes_ND[:, :1]).mT])


def parameter_length(family: Family) -> int:
    """Length P of a packed lane."""
    return sum(prod(shape) for shape in family.shapes.values())


def unpack(family: Family, theta_LP: Tensor) -> dict[str, Tensor]:
    """Views of the parameter blocks of packed lanes, by name."""
    shapes = family.shapes
    pieces = theta_LP.split([prod(shape) for shape in shapes.values()], dim=1)
    return {
        name: piece.reshape(-1, *shape)
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


def pack(family: Family, blocks: dict[str, Tensor]) -> Tensor:
    """Packed lanes theta_LP from parameter blocks, the inverse of :func:`unpack`."""
    return torch.cat([blocks[name].flatten(1) for name in family.shapes], dim=1)


def _affine(weight_LME: Tensor, x_EN: Tensor) -> Tensor:
    # Not a matmul: a sum over the three or so coordinates fuses with what follows.
    return (weight_LME[..., None] * x_EN).sum(2)


class _Mix:
    """One side's coefficients c_k(x) = scale_k g_k(u_k.x): values and pullback of rows dF/dc."""

    def __init__(
        self, gate: Gate | None, u_LKE: Tensor | None, scale_LK: Tensor, x_EN: Tensor
    ) -> None:
        self.scale_LK1 = scale_LK[..., None]
        self.x_EN = x_EN
        if gate is None or u_LKE is None:
            self.gate = None
            self.value = self.scale_LK1.expand(*scale_LK.shape, x_EN.shape[1])
        else:
            self.gate = gate
            self.g_LKN = self.gate.value(_affine(u_LKE, x_EN))
            self.value = self.scale_LK1 * self.g_LKN

    def parameter_rows(self, rows_LOKN: Tensor) -> tuple[Tensor | None, Tensor]:
        """Rows dF/du (None without a gate) and dF/dscale, [L, parameters, O, N]."""
        if self.gate is None:
            return None, rows_LOKN.transpose(1, 2)
        logits_LOKN = self.gate.pullback(self.g_LKN[:, None], rows_LOKN * self.scale_LK1[:, None])
        u_rows = (logits_LOKN.transpose(1, 2)[:, :, None] * self.x_EN[:, None]).flatten(1, 2)
        return u_rows, (rows_LOKN * self.g_LKN[:, None]).transpose(1, 2)


def network_function(structure: Structure) -> NetworkFunction:
    """Values and hand-written Jacobian of every family with this structure.

    Returns:
        A pure function of tensors, to be called as it is or compiled.
    """
    form = structure.form
    basis = tuple(ACTIVATIONS[name] for name in structure.basis)
    gate = None if structure.gate is None else GATES[structure.gate]
    two_sided, quadratic = form is Form.TWO_SIDED, form is Form.QUADRATIC
    sides = 2 if two_sided else 1

    def network(x_EN: Tensor, blocks: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
        remaining = list(blocks)
        w_LME = remaining.pop(0)
        v_LME = None if form is Form.TYPE1 else remaining.pop(0)
        gate_LKE = [None if gate is None else remaining.pop(0) for _ in range(sides)]
        a_LOM = remaining.pop(0)
        mixes = [_Mix(gate, u, scale, x_EN) for u, scale in zip(gate_LKE, remaining, strict=True)]
        a_LOMN = a_LOM[..., None]
        left_LKN = mixes[0].value

        s_LMKN, ds_LMKN = stack_dictionary(basis, _affine(w_LME, x_EN), dim=2)
        y_LMN = None if v_LME is None else _affine(v_LME, x_EN)
        if quadratic:
            assert y_LMN is not None
            t_LMKN, dt_LMKN = stack_dictionary(basis, y_LMN, dim=2)
            square = left_LKN.unflatten(1, (len(basis), len(basis)))
            neuron_LMN, dz_LMN, dy_LMN = _quadratic_neuron(square, s_LMKN, ds_LMKN, t_LMKN, dt_LMKN)
            products = (s_LMKN[:, :, :, None] * t_LMKN[:, :, None]).flatten(2, 3)
            coefficient_rows = [_sum_neurons(a_LOMN, products)]
        else:
            mixed_LMN = (left_LKN[:, None] * s_LMKN).sum(2)
            slope_LMN = (left_LKN[:, None] * ds_LMKN).sum(2)
            if y_LMN is None:
                neuron_LMN, dz_LMN, dy_LMN = mixed_LMN, slope_LMN, None
                coefficient_rows = [_sum_neurons(a_LOMN, s_LMKN)]
            elif two_sided:
                t_LMKN, dt_LMKN = stack_dictionary(basis, y_LMN, dim=2)
                right_LMN = (mixes[1].value[:, None] * t_LMKN).sum(2)
                dright_LMN = (mixes[1].value[:, None] * dt_LMKN).sum(2)
                neuron_LMN = mixed_LMN * right_LMN
                dz_LMN, dy_LMN = slope_LMN * right_LMN, mixed_LMN * dright_LMN
                coefficient_rows = [
                    _sum_neurons(a_LOMN * right_LMN[:, None], s_LMKN),
                    _sum_neurons(a_LOMN * mixed_LMN[:, None], t_LMKN),
                ]
            else:
                neuron_LMN, dz_LMN, dy_LMN = mixed_LMN * y_LMN, slope_LMN * y_LMN, mixed_LMN
                coefficient_rows = [_sum_neurons(a_LOMN * y_LMN[:, None], s_LMKN)]

        f_LON = (a_LOMN * neuron_LMN[:, None]).sum(2)
        rows = [_map_rows(a_LOMN, dz_LMN, x_EN)]
        if dy_LMN is not None:
            rows.append(_map_rows(a_LOMN, dy_LMN, x_EN))
        parameter_rows = [
            mix.parameter_rows(r) for mix, r in zip(mixes, coefficient_rows, strict=True)
        ]
        rows += [u_rows for u_rows, _ in parameter_rows if u_rows is not None]
        rows.append(_output_rows(a_LOM, neuron_LMN))
        rows += [scale_rows for _, scale_rows in parameter_rows]
        return f_LON, rows

    return network


def _quadratic_neuron(
    square_LKKN: Tensor, s_LMKN: Tensor, ds_LMKN: Tensor, t_LMKN: Tensor, dt_LMKN: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """q = sum_kl c_kl s_k t_l with its derivatives in z and y, each [L, M, N]."""
    right = (square_LKKN[:, None] * t_LMKN[:, :, None]).sum(3)
    dright = (square_LKKN[:, None] * dt_LMKN[:, :, None]).sum(3)
    return (s_LMKN * right).sum(2), (ds_LMKN * right).sum(2), (s_LMKN * dright).sum(2)


def _sum_neurons(weight_LOMN: Tensor, s_LMKN: Tensor) -> Tensor:
    """sum_m weight_om s_mk: rows dF/dc_k as [L, O, K, N]."""
    return (weight_LOMN[:, :, :, None] * s_LMKN[:, None]).sum(2)


def _map_rows(a_LOMN: Tensor, slope_LMN: Tensor, x_EN: Tensor) -> Tensor:
    """Rows dF/dw_me = a_om slope_m x_e as [L, M E, O, N]."""
    rows_LMON = (a_LOMN * slope_LMN[:, None]).transpose(1, 2)
    return (rows_LMON[:, :, None] * x_EN[:, None]).flatten(1, 2)


def _output_rows(a_LOM: Tensor, neuron_LMN: Tensor) -> Tensor:
    """Rows dF_o/da_pm = [o = p] neuron_m as [L, O M, O, N]."""
    outputs = a_LOM.shape[1]
    same_PO = torch.eye(outputs, dtype=a_LOM.dtype, device=a_LOM.device)
    return (same_PO[:, None, :, None] * neuron_LMN[:, None, :, None]).flatten(1, 2)


def with_gradient(network: NetworkFunction) -> NetworkFunction:
    """The same network with d more row groups: derivatives along x_1, ..., x_d.

    Outputs become f_LO(1+d)N flattened over the last two axes, and J alike. The pullback of
    the network at x is linear in its argument, and its own derivative is the derivative along
    x: reverse mode twice. Forward mode says the same at once, but ties a compiled program to
    every size it meets (torch 2.13).
    """

    def network_and_gradient(
        x_EN: Tensor, blocks: tuple[Tensor, ...]
    ) -> tuple[Tensor, list[Tensor]]:
        def at(x_EN: Tensor) -> tuple[Tensor, ...]:
            f_LON, groups = network(x_EN, blocks)
            return f_LON, *groups

        outputs, pullback = cast(Any, torch.func.vjp(at, x_EN))
        rows = [[output] for output in outputs]
        zeros = tuple(torch.zeros_like(output) for output in outputs)
        for axis in range(x_EN.shape[0] - 1):

            def along(cotangents: tuple[Tensor, ...], axis: int = axis) -> Tensor:
                return pullback(cotangents)[0][axis].sum()

            for row, slope in zip(rows, torch.func.grad(along)(zeros), strict=True):
                row.append(slope)
        values, *groups = (torch.cat(row, -1) for row in rows)
        return values, groups

    return network_and_gradient


def evaluate(family: Family, theta_LP: Tensor, nodes_ND: Tensor) -> Tensor:
    """Values f_LON of packed networks at nodes, uncompiled."""
    network = network_function(Structure.of(family))
    blocks = tuple(unpack(family, theta_LP).values())
    return network(coordinates(nodes_ND), blocks)[0]


def evaluate_with_gradient(
    family: Family, theta_LP: Tensor, nodes_ND: Tensor
) -> tuple[Tensor, Tensor]:
    """Values f_LON and spatial gradients g_LOND of packed networks at nodes, uncompiled.

    >>> from expressivity.classes.families import Kind
    >>> family = Family(
    ...     kind=Kind.FIXED, form=Form.TYPE1, width=1, dimension=1, dictionary=("tanh",)
    ... )
    >>> theta = torch.tensor([[1.0, 0.0, 2.0, 0, 0, 0, 0, 0, 0, 1.0]])
    >>> f, g = evaluate_with_gradient(family, theta, torch.zeros(1, 1))
    >>> f.item(), g.item()
    (0.0, 2.0)
    """
    network = network_function(Structure.of(family))
    blocks = tuple(unpack(family, theta_LP).values())

    def values(x_EN: Tensor, blocks: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
        return network(x_EN, blocks)[0], []

    rows = with_gradient(values)(coordinates(nodes_ND), blocks)[0]
    rows = rows.unflatten(-1, (nodes_ND.shape[1] + 1, nodes_ND.shape[0]))
    return rows[:, :, 0], rows[:, :, 1:].transpose(-1, -2)
