"""A fit problem: a family, a target and a quadrature rule, resident on one device.

Nodes are held in blocks of fixed size; the padding has weight zero. Rows are divided by the
target's norm, so the norm of a residual is the relative error.

Shape letters: B node blocks, E = d + 1 coordinates, N nodes of one block, O outputs,
L lanes, P packed parameters.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass
from expressivity.classes.networks import coordinates, parameter_length, unpack, with_gradient
from expressivity.classes.structure import Structure
from expressivity.fitting.linear_algebra import padding, triangular_factor
from expressivity.fitting.program import Program, compiler_problem, program, rows_of

NODE_BLOCK = 512
"""At most so many nodes a block: a chunk's rows stay within a few MiB."""

NODE_ALIGN = 16
"""Block sizes are multiples of the widest vector, so compiled loops have no scalar tail whose
elementary functions would round differently."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A target on a quadrature rule.

    Attributes:
        nodes_ND: nodes, float64.
        weights_N: positive quadrature weights.
        values_NO: target values.
        gradients_NOD: target gradients, for fits in the H1 norm, else None.
    """

    nodes_ND: Tensor
    weights_N: Tensor
    values_NO: Tensor
    gradients_NOD: Tensor | None = None

    def __post_init__(self) -> None:
        if not bool(torch.isfinite(self.values_NO).all()):
            raise ValueError("required: a target that is finite on its domain; it is not")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything an algorithm may ask about one fit; build it with :func:`make_problem`."""

    family: Family | ModuleClass
    program: Program
    x_BEN: Tensor
    scale_BR: Tensor
    target_BR: Tensor

    @property
    def parameters(self) -> int:
        """Length P of a packed lane."""
        return parameter_length(self.family)

    def blocks(self, theta_LP: Tensor) -> Iterator[Tensor]:
        """Per node block the rows_LSR of a :data:`~expressivity.fitting.program.Program`."""
        parts = tuple(part.contiguous() for part in unpack(self.family, theta_LP).values())
        for x_EN, scale_R, target_R in zip(self.x_BEN, self.scale_BR, self.target_BR, strict=True):
            yield self.program(x_EN, scale_R, target_R, parts)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which parameters an algorithm moves and which it eliminates, as indices of rows_LSR.

    Attributes:
        moved: parameters that a step moves, unpadded.
        linear_system: the eliminated block, padded with the zero row, then the target row.
        full_system: the eliminated block and the moved parameters, each padded with the zero
            row to a multiple of ``ALIGN``, then the residual row.
        linear: the eliminated block, unpadded.
    """

    moved: Tensor
    linear: Tensor
    linear_system: Tensor
    full_system: Tensor


@functools.lru_cache(maxsize=256)
def columns(family: Family | ModuleClass, linear: str | None, device: torch.device) -> Columns:
    """Split a family's learned parameters into moved and eliminated ones.

    When the coefficients are eliminated at width 1 with one output, ``a`` is a redundant
    factor of them and stays where it is.
    """
    redundant = linear is not None and linear.startswith("scale")
    held = "a" if redundant and family.width == family.outputs == 1 else None
    moved: list[int] = []
    eliminated: list[int] = []
    start = 0
    for name, shape in family.shapes.items():
        block = torch.arange(start, start + prod(shape)).reshape(shape)
        start += prod(shape)
        learned = torch.ones(shape, dtype=torch.bool)
        frozen = family.frozen(name)
        if frozen is not None:
            learned[..., frozen] = False
        if name == linear:
            eliminated += block[learned].tolist()
        elif name != held:
            moved += block[learned].tolist()
    residual, target, zero = start, start + 1, start + 2
    linear_padded = eliminated + [zero] * padding(len(eliminated))
    moved_padded = moved + [zero] * padding(len(moved))

    def index(items: list[int]) -> Tensor:
        return torch.tensor(items, dtype=torch.int64, device=device)

    return Columns(
        moved=index(moved),
        linear=index(eliminated),
        linear_system=index([*linear_padded, target]),
        full_system=index([*linear_padded, *moved_padded, residual]),
    )


def system_factor(problem: Problem, theta_LP: Tensor, system: Tensor) -> Tensor:
    """R of the QR factorisation of the program's rows ``system``, block by block: [L, C, C]."""
    factor_LCC = None
    for rows_LSR in problem.blocks(theta_LP):
        factor_LCC = triangular_factor(rows_LSR.index_select(1, system), factor_LCC)
    assert factor_LCC is not None
    return factor_LCC


def make_problem(
    family: Family | ModuleClass,
    samples: Samples,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
    compiled: bool = True,
    node_block: int = NODE_BLOCK,
) -> Problem:
    """Lay a target out in node blocks on a device.

    With gradients in ``samples`` the rows are values, then derivatives along each axis, and
    the norm is that of H1; otherwise L2. The program of a user's own module is not compiled.

    Raises:
        ValueError: the target vanishes, or its outputs or dimension do not fit the family.
        RuntimeError: code for the CPU is to be compiled, and no compiler works here.
    """
    problem = compiler_problem() if compiled and device == "cpu" else None
    if problem is not None:
        raise RuntimeError(f"required: a C++ compiler that works, for compiled fits; {problem}")
    nodes, dimension = samples.nodes_ND.shape
    outputs = samples.values_NO.shape[1]
    if (dimension, outputs) != (family.dimension, family.outputs):
        raise ValueError(
            f"required: samples of dimension {family.dimension} with {family.outputs} outputs; "
            f"got dimension {dimension} with {outputs}"
        )
    # Rows of one block are laid out as [outputs O, value and derivatives G, nodes N].
    values_OGN = samples.values_NO.mT[:, None]
    if samples.gradients_NOD is not None:
        values_OGN = torch.cat([values_OGN, samples.gradients_NOD.permute(1, 2, 0)], 1)
    norm = float((samples.weights_N * values_OGN**2).sum().sqrt())
    if norm == 0:
        raise ValueError("required: a target that is not zero; got norm 0")
    count = -(-nodes // node_block)
    node_block = -(-nodes // (count * NODE_ALIGN)) * NODE_ALIGN
    missing = count * node_block - nodes

    def blocked(values: Tensor) -> Tensor:
        """The last axis cut into blocks, moved to the front; padding repeats node 0."""
        filled = torch.cat([values, values[..., :1].expand(*values.shape[:-1], missing)], -1)
        return filled.unflatten(-1, (count, node_block)).movedim(-2, 0)

    scale_N = samples.weights_N.sqrt() / norm
    scale_BN = torch.cat([scale_N, scale_N.new_zeros(missing)]).unflatten(0, (count, -1))
    scale_BOGN = scale_BN[:, None, None].expand(-1, *values_OGN.shape[:2], -1)

    def resident(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype).contiguous()

    gradient = samples.gradients_NOD is not None
    return Problem(
        family=family,
        program=_program(family, gradient=gradient, compiled=compiled),
        x_BEN=resident(blocked(coordinates(samples.nodes_ND))),
        scale_BR=resident(scale_BOGN.flatten(1)),
        target_BR=resident(blocked(values_OGN).flatten(1)),
    )


def _program(family: Family | ModuleClass, *, gradient: bool, compiled: bool) -> Program:
    if isinstance(family, Family):
        return program(Structure.of(family, shared=compiled), gradient=gradient, compiled=compiled)
    network = family.network()
    return rows_of(with_gradient(network) if gradient else network)
