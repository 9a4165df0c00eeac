"""A fit problem: a family, a target and a quadrature rule, resident on one device.

Nodes are held in blocks of fixed size; the padding has weight zero. Rows are divided by the
target's norm, so the norm of a residual is the relative error.

Shape letters: B node blocks, E = d + 1 coordinates, N nodes of one block, O outputs,
L lanes, P packed parameters.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass
from expressivity.classes.networks import coordinates, parameter_length, unpack, with_gradient
from expressivity.classes.structure import Structure
from expressivity.fitting.linear_algebra import ALIGN, padding, triangular_factor
from expressivity.fitting.program import Program, compiler_problem, program, rows_of

NODE_BLOCK = 512
"""At most so many nodes a block on a CPU: a chunk's rows stay within a few MiB."""

BATCHED_QR_ROWS = 256
"""CUDA: torch factorises a batch of matrices at once up to so many rows, and one after another
beyond (``geqrf_kernel`` in its BatchLinearAlgebra.cpp; its pull request 56253)."""

NODE_ALIGN = 16
"""Block sizes are multiples of the widest vector, so compiled loops have no scalar tail whose
elementary functions would round differently."""


def largest_block(family: Family | ModuleClass, node_rows: int, device: str) -> int:
    """Most nodes of a block, each with ``node_rows`` rows: outputs times value and derivatives.

    Off the CPU a block and the triangle above it have at most ``BATCHED_QR_ROWS`` rows, unless
    the triangle alone takes more than half of them: small blocks would gain nothing then.

    >>> family = Family(kind="la", neuron="type1", width=4, dimension=2)
    >>> largest_block(family, 1, "cpu"), largest_block(family, 1, "cuda")
    (512, 208)
    """
    if torch.device(device).type == "cpu":
        return NODE_BLOCK
    triangle = parameter_length(family) + 3 * ALIGN  # what the columns and the rows are padded by
    nodes = (BATCHED_QR_ROWS - triangle) // (node_rows * NODE_ALIGN) * NODE_ALIGN
    return nodes if 2 * triangle <= BATCHED_QR_ROWS and nodes > 0 else NODE_BLOCK


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
    program: Callable[[str | None], Program]
    x_BEN: Tensor
    scale_BR: Tensor
    target_BR: Tensor

    @property
    def parameters(self) -> int:
        """Length P of a packed lane."""
        return parameter_length(self.family)

    def blocks(self, theta_LP: Tensor, *, only: str | None = None) -> Iterator[Tensor]:
        """Per node block the rows_LSR of a :data:`~expressivity.fitting.program.Program`.

        Args:
            theta_LP: packed lanes.
            only: a block that the network is linear in: of the Jacobian, its rows alone.
        """
        program = self.program(only)
        parts = tuple(part.contiguous() for part in unpack(self.family, theta_LP).values())
        for x_EN, scale_R, target_R in zip(self.x_BEN, self.scale_BR, self.target_BR, strict=True):
            yield program(x_EN, scale_R, target_R, parts)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which parameters an algorithm moves and which it eliminates, as indices of rows_LSR.

    Attributes:
        moved: parameters that a step moves, unpadded.
        linear_rows: the eliminated block, padded with the zero row, then the target row, as
            indices of the rows of a program of this block only.
        full_system: the eliminated block and the moved parameters, each padded with the zero
            row to a multiple of ``ALIGN``, then the residual row.
        linear: the eliminated block, unpadded.
    """

    moved: Tensor
    linear: Tensor
    linear_rows: Tensor
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
    alone: list[int] = []  # the eliminated ones counted inside their block
    own_size = 0
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
            own_size = prod(shape)
            alone = (block[learned] - (start - own_size)).tolist()
        elif name != held:
            moved += block[learned].tolist()
    residual, zero = start, start + 2
    linear_padded = eliminated + [zero] * padding(len(eliminated))
    moved_padded = moved + [zero] * padding(len(moved))
    alone_padded = alone + [own_size + 2] * padding(len(alone))

    def index(items: list[int]) -> Tensor:
        return torch.tensor(items, dtype=torch.int64, device=device)

    return Columns(
        moved=index(moved),
        linear=index(eliminated),
        linear_rows=index([*alone_padded, own_size + 1]),
        full_system=index([*linear_padded, *moved_padded, residual]),
    )


def system_factor(
    problem: Problem, theta_LP: Tensor, system: Tensor, *, only: str | None = None
) -> Tensor:
    """R of the QR factorisation of the program's rows ``system``, block by block: [L, C, C]."""
    factor_LCC = None
    for rows_LSR in problem.blocks(theta_LP, only=only):
        factor_LCC = triangular_factor(rows_LSR.index_select(1, system), factor_LCC)
    assert factor_LCC is not None
    return factor_LCC


def inner_products(
    problem: Problem, theta_LP: Tensor, system: Tensor, *, only: str | None = None
) -> Tensor:
    """Inner products of the program's rows ``system`` over all nodes: [L, C, C]."""
    total_LSS = None
    for rows_LSR in problem.blocks(theta_LP, only=only):
        products_LSS = torch.bmm(rows_LSR, rows_LSR.mT)
        total_LSS = products_LSS if total_LSS is None else total_LSS + products_LSS
    assert total_LSS is not None
    return total_LSS.index_select(1, system).index_select(2, system)


def make_problem(
    family: Family | ModuleClass,
    samples: Samples,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
    compiled: bool = True,
    node_block: int | None = None,
) -> Problem:
    """Lay a target out in node blocks on a device.

    With gradients in ``samples`` the rows are values, then derivatives along each axis, and
    the norm is that of H1; otherwise L2. The program of a user's own module is not compiled.
    Blocks have at most ``node_block`` nodes, by default as many as suit the device.

    Raises:
        ValueError: the target vanishes, or its outputs or dimension do not fit the family.
        RuntimeError: code for the CPU is to be compiled, and no compiler works here.
    """
    _require(family, samples, compiled=compiled and device == "cpu")
    nodes = samples.nodes_ND.shape[0]
    # Rows of one block are laid out as [outputs O, value and derivatives G, nodes N].
    values_OGN = samples.values_NO.mT[:, None]
    if samples.gradients_NOD is not None:
        values_OGN = torch.cat([values_OGN, samples.gradients_NOD.permute(1, 2, 0)], 1)
    norm = float((samples.weights_N * values_OGN**2).sum().sqrt())
    if norm == 0:
        raise ValueError("required: a target that is not zero; got norm 0")
    if node_block is None:
        node_block = largest_block(family, values_OGN.shape[0] * values_OGN.shape[1], device)
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
        program=_programs(family, gradient=gradient, compiled=compiled),
        x_BEN=resident(blocked(coordinates(samples.nodes_ND))),
        scale_BR=resident(scale_BOGN.flatten(1)),
        target_BR=resident(blocked(values_OGN).flatten(1)),
    )


def _require(family: Family | ModuleClass, samples: Samples, *, compiled: bool) -> None:
    problem = compiler_problem() if compiled else None
    if problem is not None:
        raise RuntimeError(f"required: a C++ compiler that works, for compiled fits; {problem}")
    dimension = samples.nodes_ND.shape[1]
    outputs = samples.values_NO.shape[1]
    if (dimension, outputs) != (family.dimension, family.outputs):
        raise ValueError(
            f"required: samples of dimension {family.dimension} with {family.outputs} outputs; "
            f"got dimension {dimension} with {outputs}"
        )


def _programs(
    family: Family | ModuleClass, *, gradient: bool, compiled: bool
) -> Callable[[str | None], Program]:
    if isinstance(family, Family):
        structure = Structure.of(family, shared=compiled)

        def of_rows(only: str | None) -> Program:
            by = None if only is None else (only,)
            return program(structure, gradient=gradient, compiled=compiled, by=by)

        return of_rows
    network = family.network()
    rows = rows_of(with_gradient(network) if gradient else network)
    return lambda only: rows  # of which no block is known to be linear
