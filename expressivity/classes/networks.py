"""Batched evaluation and exact Jacobians of a family: one lane per restart.

Shape letters: L lanes, M neurons, G groups, K coefficients of one group and side, O outputs,
N nodes, E = d + 1 coordinates (the last is the constant 1), Q parameters of one neuron, P packed
parameters.

A lane's numbers never meet another lane's: every sum runs over M, K or E inside one lane.
Nodes are the innermost axis, so the compiled loops are vectorised over them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn.functional import pad

from expressivity.classes.activations import ACTIVATIONS, stack_dictionary
from expressivity.classes.families import Family
from expressivity.classes.mixing import Mix, affine
from expressivity.classes.neurons import NEURONS, Neuron
from expressivity.classes.neurons.record import Partials
from expressivity.classes.structure import Structure

NetworkFunction = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, list[Tensor]]]
"""(x_EN, parameter blocks) -> values f_LON, and the Jacobian's rows J_LPON in groups along P."""


def coordinates(nodes_ND: Tensor) -> Tensor:
    """Coordinates x_EN of nodes: transposed, with a last row of ones.

    >>> coordinates(torch.tensor([[2.0], [3.0]])).tolist()
    [[2.0, 3.0], [1.0, 1.0]]
    """
    return torch.cat([nodes_ND.mT, torch.ones_like(nodes_ND[:, :1]).mT])


class Packed(Protocol):
    """What has parameter blocks: a family, or a module of a user's own."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every block with its shape, in the order of a packed vector."""
        ...


def parameter_length(family: Packed) -> int:
    """Length P of a packed lane."""
    return sum(prod(shape) for shape in family.shapes.values())


def unpack(family: Packed, theta_LP: Tensor) -> dict[str, Tensor]:
    """Views of the parameter blocks of packed lanes, by name."""
    shapes = family.shapes
    pieces = theta_LP.split([prod(shape) for shape in shapes.values()], dim=1)
    return {
        name: piece.reshape(-1, *shape)
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


def pack(family: Packed, blocks: dict[str, Tensor]) -> Tensor:
    """Packed lanes theta_LP from parameter blocks, the inverse of :func:`unpack`."""
    return torch.cat([blocks[name].flatten(1) for name in family.shapes], dim=1)


@dataclass(frozen=True, kw_only=True)
class _Mixed:
    """One mixture of all neurons, with what its derivatives need.

    Attributes:
        value_LMN: the mixture.
        slopes: its derivative by each map that it looks at, as (map, slope_LMN).
        parts_LMKN: its derivative by each coefficient.
    """

    value_LMN: Tensor
    slopes: tuple[tuple[int, Tensor], ...]
    parts_LMKN: Tensor


@dataclass(frozen=True, kw_only=True)
class _Evaluated:
    """A network's neurons, with what the rows of its Jacobian are made from.

    Attributes:
        maps_LMN: the affine maps.
        mixes, mixed: the mixtures of the neuron.
        found: the neurons, with their derivatives by maps, mixtures and own parameters.
        a_LOM: the output weights.
    """

    maps_LMN: list[Tensor]
    mixes: list[Mix]
    mixed: list[_Mixed]
    found: Partials
    a_LOM: Tensor


def _forward(
    structure: Structure, neuron: Neuron
) -> Callable[[Tensor, tuple[Tensor, ...]], _Evaluated]:
    evaluated = structure.basis if structure.only is None else (structure.only,)
    basis = tuple(ACTIVATIONS[name] for name in evaluated)
    sides = len(neuron.mixtures)
    sizes = [len(basis) ** len(maps) for maps in neuron.mixtures]
    # Activations are evaluated once for each map that a mixture looks at.
    looked_at = sorted({i for maps in neuron.mixtures for i in maps})
    partials = neuron.partials

    def forward(x_EN: Tensor, blocks: tuple[Tensor, ...]) -> _Evaluated:
        remaining = list(blocks)
        maps_LMN = [affine(remaining.pop(0), x_EN) for _ in range(neuron.maps)]
        p_LMQ = remaining.pop(0) if neuron.parameters else None
        u_LKE = [None if structure.gate is None else remaining.pop(0) for _ in range(sides)]
        a_LOM = remaining.pop(0)
        if structure.only is not None:
            place = structure.basis.index(structure.only)
            remaining = [scale_LK[:, place : place + 1] for scale_LK in remaining]
        mixes = [
            Mix(structure, size, u, scale, x_EN)
            for size, u, scale in zip(sizes, u_LKE, remaining, strict=True)
        ]
        values = {i: stack_dictionary(basis, maps_LMN[i], dim=2) for i in looked_at}
        mixed = [
            _mixed(mix.per_neuron(a_LOM.shape[2]), len(basis), maps, values)
            for mix, maps in zip(mixes, neuron.mixtures, strict=True)
        ]
        own = [] if p_LMQ is None else [p[..., None] for p in p_LMQ.unbind(2)]
        found = partials(maps_LMN, [m.value_LMN for m in mixed], own)
        return _Evaluated(maps_LMN=maps_LMN, mixes=mixes, mixed=mixed, found=found, a_LOM=a_LOM)

    return forward


def network_function(structure: Structure, *, by: tuple[str, ...] | None = None) -> NetworkFunction:
    """Values and Jacobian of every family with this structure, from the record of the neuron.

    Args:
        structure: what it is made of.
        by: names of blocks that the network is linear in (``a``, ``scale0``, ..): the Jacobian
            by them alone; () for values alone.

    Returns:
        A pure function of tensors, to be called as it is or compiled.
    """
    neuron = NEURONS[structure.neuron]
    forward = _forward(structure, neuron)

    def network(x_EN: Tensor, blocks: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
        at = forward(x_EN, blocks)
        found, mixes, mixed, a_LOM = at.found, at.mixes, at.mixed, at.a_LOM
        a_LOMN = a_LOM[..., None]
        f_LON = (a_LOMN * found.value[:, None]).sum(2)

        def by_coefficients(side: int) -> Tensor:
            weight_LOMN = times(a_LOMN, found.mixtures[side], axis=1)
            return mixes[side].summed(weight_LOMN, mixed[side].parts_LMKN)

        def linear_rows(name: str) -> Tensor:
            if name == "a":
                return _output_rows(a_LOM, found.value)
            side = int(name.removeprefix("scale"))
            return _in_place(structure, mixes[side].scale_rows(by_coefficients(side)))

        if by is not None:
            return f_LON, [linear_rows(name) for name in by]
        rows = [
            _map_rows(a_LOMN, slope_LMN, x_EN)
            for slope_LMN in _map_slopes(found, mixed, at.maps_LMN)
        ]
        if neuron.parameters:
            rows.append(_own_rows(a_LOMN, found, neuron.shared))
        by_mix = [by_coefficients(side) for side in range(len(mixes))]
        gate_rows = [mix.gate_rows(rows) for mix, rows in zip(mixes, by_mix, strict=True)]
        rows += [u_rows for u_rows in gate_rows if u_rows is not None]
        rows.append(_output_rows(a_LOM, found.value))
        rows += [
            _in_place(structure, mix.scale_rows(rows))
            for mix, rows in zip(mixes, by_mix, strict=True)
        ]
        return f_LON, rows

    return network


def _in_place(structure: Structure, rows_LKON: Tensor) -> Tensor:
    """Rows by every coefficient of the basis: zeros by those that are not evaluated."""
    if structure.only is None:
        return rows_LKON
    before = structure.basis.index(structure.only)
    after = len(structure.basis) - 1 - before
    return pad(rows_LKON, (0, 0, 0, 0, before, after))


def times(tensor: Tensor, factor: Tensor | int, *, axis: int | None = None) -> Tensor:
    """A product in which the numbers 0 and 1 cost nothing; ``axis`` is given to the factor."""
    if isinstance(factor, int):
        return tensor if factor == 1 else torch.zeros_like(tensor)
    return tensor * (factor if axis is None else factor.unsqueeze(axis))


def _mixed(
    c_LMKN: Tensor,
    size: int,
    maps: tuple[int, ...],
    values: dict[int, tuple[Tensor, Tensor]],
) -> _Mixed:
    s_LMKN, ds_LMKN = values[maps[0]]
    if len(maps) == 1:
        value_LMN, slope_LMN = (c_LMKN * s_LMKN).sum(2), (c_LMKN * ds_LMKN).sum(2)
        return _Mixed(value_LMN=value_LMN, slopes=((maps[0], slope_LMN),), parts_LMKN=s_LMKN)
    t_LMKN, dt_LMKN = values[maps[1]]
    square_LMKKN = c_LMKN.unflatten(2, (size, size))
    right = (square_LMKKN * t_LMKN[:, :, None]).sum(3)
    dright = (square_LMKKN * dt_LMKN[:, :, None]).sum(3)
    return _Mixed(
        value_LMN=(s_LMKN * right).sum(2),
        slopes=((maps[0], (ds_LMKN * right).sum(2)), (maps[1], (s_LMKN * dright).sum(2))),
        parts_LMKN=(s_LMKN[:, :, :, None] * t_LMKN[:, :, None]).flatten(2, 3),
    )


def _map_slopes(found: Partials, mixed: list[_Mixed], maps_LMN: list[Tensor]) -> list[Tensor]:
    """dN/dz_i in all: its own, and through the mixtures that look at the map."""
    slopes: list[Tensor] = []
    for i, z_LMN in enumerate(maps_LMN):
        own = found.maps[i]
        parts = [] if isinstance(own, int) and own == 0 else [_filled(own, z_LMN)]
        parts += [
            times(slope_LMN, by)
            for m, by in zip(mixed, found.mixtures, strict=True)
            for j, slope_LMN in m.slopes
            if j == i
        ]
        # A map that conditions alone look at has no part.
        total = parts[0] if parts else torch.zeros_like(z_LMN)
        for part in parts[1:]:
            total = total + part
        slopes.append(total)
    return slopes


def _filled(value: Tensor | int, like: Tensor) -> Tensor:
    if isinstance(value, int):
        return torch.full_like(like, value)
    return value.expand_as(like)


def _own_rows(a_LOMN: Tensor, found: Partials, shared: bool) -> Tensor:
    """Rows dF/dp_mq = a_om dN/dp_q as [L, M Q, O, N], or summed over neurons as [L, Q, O, N]."""
    value_LMN = found.value
    columns = [
        (a_LOMN * _filled(slope, value_LMN)[:, None]).transpose(1, 2) for slope in found.parameters
    ]
    rows_LMQON = torch.stack(columns, 2)
    return rows_LMQON.sum(1) if shared else rows_LMQON.flatten(1, 2)


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
    network = network_function(Structure.of(family), by=())
    blocks = tuple(unpack(family, theta_LP).values())
    return network(coordinates(nodes_ND), blocks)[0]


def evaluate_with_gradient(
    family: Family, theta_LP: Tensor, nodes_ND: Tensor
) -> tuple[Tensor, Tensor]:
    """Values f_LON and spatial gradients g_LOND of packed networks at nodes, uncompiled.

    A network looks at x through its affine maps and gates alone, and the Jacobian's rows by their
    constant terms are its derivatives by them: the gradient is the sum of these times the weights.

    >>> from expressivity.classes.kinds import Kind
    >>> family = Family(
    ...     kind=Kind.FIXED, neuron="type1", width=1, dimension=1, dictionary=("tanh",)
    ... )
    >>> theta = torch.tensor([[1.0, 0.0, 2.0, 0, 0, 0, 0, 0, 0, 1.0]])
    >>> f, g = evaluate_with_gradient(family, theta, torch.zeros(1, 1))
    >>> f.item(), g.item()
    (0.0, 2.0)
    """
    blocks = unpack(family, theta_LP)
    network = network_function(Structure.of(family))
    f_LON, groups = network(coordinates(nodes_ND), tuple(blocks.values()))
    g_LOND = f_LON.new_zeros((*f_LON.shape, nodes_ND.shape[1]))
    for (name, block), rows_LPON in zip(blocks.items(), groups, strict=True):
        if name.startswith(("w", "v", "u")):
            by_map_LMON = rows_LPON.unflatten(1, block.shape[1:])[:, :, -1]
            weight_LMD = block[..., :-1]
            g_LOND += (by_map_LMON[..., None] * weight_LMD[:, :, None, None]).sum(1)
    return f_LON, g_LOND
