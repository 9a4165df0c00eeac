"""Values and Jacobians of the paper's four forms, written out form by form.

What evaluated them before neurons were records, kept as a reference: the numbers must not change.
Shape letters as in ``expressivity.classes.networks``.
"""

import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS, stack_dictionary
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.networks import coordinates, unpack


class Mix:
    """One side's coefficients c_k(x) = scale_k g_k(u_k.x): values and pullback of rows dF/dc."""

    def __init__(self, gate, u_LKE, scale_LK, x_EN) -> None:
        self.scale_LK1 = scale_LK[..., None]
        self.x_EN = x_EN
        self.gate = gate
        if gate is None:
            self.value = self.scale_LK1.expand(*scale_LK.shape, x_EN.shape[1])
        else:
            self.g_LKN = gate.value(affine(u_LKE, x_EN))
            self.value = self.scale_LK1 * self.g_LKN

    def parameter_rows(self, rows_LOKN):
        if self.gate is None:
            return None, rows_LOKN.transpose(1, 2)
        logits_LOKN = self.gate.pullback(self.g_LKN[:, None], rows_LOKN * self.scale_LK1[:, None])
        u_rows = (logits_LOKN.transpose(1, 2)[:, :, None] * self.x_EN[:, None]).flatten(1, 2)
        return u_rows, (rows_LOKN * self.g_LKN[:, None]).transpose(1, 2)


def affine(weight_LME: Tensor, x_EN: Tensor) -> Tensor:
    return (weight_LME[..., None] * x_EN).sum(2)


def evaluate(family: Family, theta_LP: Tensor, nodes_ND: Tensor) -> tuple[Tensor, Tensor]:
    """Values f_LON and Jacobian rows J_LPON."""
    x_EN = coordinates(nodes_ND)
    blocks = unpack(family, theta_LP)
    basis = tuple(ACTIVATIONS[name] for name in family.basis)
    gate = None if family.gate is None else GATES[family.gate.name]
    a_LOM = blocks["a"]
    a_LOMN = a_LOM[..., None]
    mixes = [
        Mix(gate, blocks.get(f"u{side}"), blocks[f"scale{side}"], x_EN)
        for side in range(2 if family.neuron == "two_sided" else 1)
    ]
    s_LMKN, ds_LMKN = stack_dictionary(basis, affine(blocks["w"], x_EN), dim=2)
    y_LMN = affine(blocks["v"], x_EN) if "v" in blocks else None
    neuron_LMN, slopes, coefficient_rows = form(
        family.neuron, basis, mixes, a_LOMN, s_LMKN, ds_LMKN, y_LMN
    )
    f_LON = (a_LOMN * neuron_LMN[:, None]).sum(2)
    rows = [map_rows(a_LOMN, slope_LMN, x_EN) for slope_LMN in slopes]
    parameter_rows = [mix.parameter_rows(r) for mix, r in zip(mixes, coefficient_rows, strict=True)]
    rows += [u_rows for u_rows, _ in parameter_rows if u_rows is not None]
    rows.append(output_rows(a_LOM, neuron_LMN))
    rows += [scale_rows for _, scale_rows in parameter_rows]
    return f_LON, torch.cat(rows, 1)


def form(name, basis, mixes, a_LOMN, s_LMKN, ds_LMKN, y_LMN):
    """Neurons h_LMN, their slopes by each map, and rows dF/dc of each side."""
    left_LKN = mixes[0].value
    if name == "quadratic":
        t_LMKN, dt_LMKN = stack_dictionary(basis, y_LMN, dim=2)
        square_LKKN = left_LKN.unflatten(1, (len(basis), len(basis)))
        right = (square_LKKN[:, None] * t_LMKN[:, :, None]).sum(3)
        dright = (square_LKKN[:, None] * dt_LMKN[:, :, None]).sum(3)
        products = (s_LMKN[:, :, :, None] * t_LMKN[:, :, None]).flatten(2, 3)
        slopes = [(ds_LMKN * right).sum(2), (s_LMKN * dright).sum(2)]
        return (s_LMKN * right).sum(2), slopes, [sum_neurons(a_LOMN, products)]
    mixed_LMN = (left_LKN[:, None] * s_LMKN).sum(2)
    slope_LMN = (left_LKN[:, None] * ds_LMKN).sum(2)
    if name == "type1":
        return mixed_LMN, [slope_LMN], [sum_neurons(a_LOMN, s_LMKN)]
    if name == "one_sided":
        slopes = [slope_LMN * y_LMN, mixed_LMN]
        return mixed_LMN * y_LMN, slopes, [sum_neurons(a_LOMN * y_LMN[:, None], s_LMKN)]
    t_LMKN, dt_LMKN = stack_dictionary(basis, y_LMN, dim=2)
    right_LMN = (mixes[1].value[:, None] * t_LMKN).sum(2)
    dright_LMN = (mixes[1].value[:, None] * dt_LMKN).sum(2)
    rows = [
        sum_neurons(a_LOMN * right_LMN[:, None], s_LMKN),
        sum_neurons(a_LOMN * mixed_LMN[:, None], t_LMKN),
    ]
    return mixed_LMN * right_LMN, [slope_LMN * right_LMN, mixed_LMN * dright_LMN], rows


def sum_neurons(weight_LOMN: Tensor, s_LMKN: Tensor) -> Tensor:
    return (weight_LOMN[:, :, :, None] * s_LMKN[:, None]).sum(2)


def map_rows(a_LOMN: Tensor, slope_LMN: Tensor, x_EN: Tensor) -> Tensor:
    rows_LMON = (a_LOMN * slope_LMN[:, None]).transpose(1, 2)
    return (rows_LMON[:, :, None] * x_EN[:, None]).flatten(1, 2)


def output_rows(a_LOM: Tensor, neuron_LMN: Tensor) -> Tensor:
    same_PO = torch.eye(a_LOM.shape[1], dtype=a_LOM.dtype)
    return (same_PO[:, None, :, None] * neuron_LMN[:, None, :, None]).flatten(1, 2)
