"""Exact weights of one network, its symbolic function, and the lift from LA to MoA.

``network_expression`` reads the same description (``Family.shapes``) that ``networks.py``
evaluates. ``lift`` is the table of docs/theory.md, section 2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family, map_names
from expressivity.classes.gates import GATES, GateSpec, gate_of
from expressivity.classes.kinds import Constraint
from expressivity.classes.networks import pack
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Exact numbers for every block of ``Family.shapes``.

    Attributes:
        blocks: w, v, w3, ..: width x (d+1); p: width (1 where shared) x parameters; u0, u1:
            coefficients x (d+1), group after group; the last column of maps and gates is the
            bias; a: outputs x width; scale0, scale1: coefficients x 1, group after group, where
            a constraint holds the coefficients themselves.
    """

    blocks: Mapping[str, sp.ImmutableMatrix]

    def entries(self, block: str) -> list[sp.Expr]:
        """The entries of a block, row by row."""
        return list(self.blocks[block].flat())

    def json(self) -> dict[str, list[list[str]]]:
        """Exact entries as text, row by row."""
        return {
            name: [[str(entry) for entry in row] for row in block.tolist()]
            for name, block in self.blocks.items()
        }

    def __getitem__(self, block: str) -> sp.ImmutableMatrix:
        """The block of this name."""
        return self.blocks[block]


@dataclass(frozen=True, kw_only=True)
class ConstantGate:
    """Gates that do not depend on x: scale_k g_k(biases) times ``factor`` is coefficient_k."""

    biases: tuple[sp.Expr, ...]
    scales: tuple[sp.Expr, ...]
    factor: sp.Expr


def network_expression(family: Family, weights: Weights) -> sp.Expr:
    """The function of a network with one output, symbolic in x1, ..., xd.

    Raises:
        ValueError: several outputs, blocks of other shapes, or entries that a switch freezes
            at another value (hidden or gate biases that are off, scales that are not learned).

    >>> family = Family(kind="fixed", neuron="type1", width=1, dimension=1,
    ...                 dictionary=("tanh",))
    >>> w, a, scale = sp.Matrix([[3, 1]]), sp.Matrix([[2]]), sp.Matrix([0] * 6 + [1])
    >>> blocks = {name: block.as_immutable() for name, block in
    ...           {"w": w, "a": a, "scale0": scale}.items()}
    >>> network_expression(family, Weights(blocks=blocks))
    2*tanh(3*x1 + 1)
    """
    problem = defect(family, weights)
    if problem is not None:
        raise ValueError(f"required: weights of a network of the family; {problem}")
    if family.outputs != 1:
        raise ValueError(f"required: one output; got {family.outputs}")
    return unchecked_expression(family, weights, lambda name, z: ACTIVATIONS[name](z))


def unchecked_expression(
    family: Family, weights: Weights, activation: Callable[[str, sp.Expr], sp.Expr]
) -> sp.Expr:
    """The same of any numbers, as rounded ones; ``activation`` says what to write for each."""
    record = family.record
    maps = [_affine(family, weights[name]) for name in map_names(record.maps)]
    coefficients = [_coefficients(family, weights, side) for side in range(family.sides)]
    share = family.width // family.group_count
    terms: list[sp.Expr] = []
    for j in range(family.width):
        z = [column[j] for column in maps]
        mixtures = [
            _mix(family.basis, groups[j // share], [z[i] for i in looked_at], activation)
            for groups, looked_at in zip(coefficients, record.mixtures, strict=True)
        ]
        own = list(weights["p"].row(0 if record.shared else j)) if record.parameters else []
        terms.append(weights["a"][0, j] * record(z, mixtures, own))
    return sp.Add(*terms)


def defect(family: Family, weights: Weights) -> str | None:
    """What keeps the weights from being those of a network of the family, or None."""
    for name, shape in family.shapes.items():
        expected = shape if len(shape) == 2 else (*shape, 1)
        found = weights.blocks.get(name)
        if found is None or found.shape != expected:
            got = "nothing" if found is None else f"shape {found.shape}"
            return f"block {name} needs shape {expected}, got {got}"
        if name.startswith("scale") and not _obey(family, name, weights):
            return f"block {name} does not obey the constraint {family.constraint}"
        if family.frozen(name) is None:
            continue
        if name.startswith("scale"):
            hot = [int(s == family.activation) for s in family.basis]
            values = [1] * shape[0] if family.activation is None else hot
            if weights.entries(name) != values:
                return f"block {name} is not learned, and differs from {values}"
        elif any(found.col(-1).flat()):
            return f"the last column of block {name} is a bias that is off, and is not 0"
    return None


def _obey(family: Family, block: str, weights: Weights) -> bool:
    """Whether exact coefficients lie where the family's constraint wants them."""
    if family.constraint is Constraint.FREE:
        return True
    size, entries = family.size(int(block.removeprefix("scale"))), weights.entries(block)
    groups = [entries[first : first + size] for first in range(0, len(entries), size)]
    sums = all(is_identity(sp.Add(*group), sp.S.One) is True for group in groups)
    positive = all(bool(sp.sympify(entry).is_nonnegative) for entry in entries)
    return sums and (positive or family.constraint is Constraint.AFFINE)


def lift(family: Family, weights: Weights) -> Weights | None:
    """MoA weights of the same function from LA weights of the same form and sizes.

    The gates are made constant (docs/theory.md, section 2); common factors move into ``a``, or
    into the scales where the neuron does not vanish with the mixture.

    Args:
        family: the MoA family.
        weights: of the LA family with the same neuron, groups, sizes, dictionary, biases.

    Returns:
        None where the table has no map for this gate, its switches and these coefficients.

    Raises:
        ValueError: the family is not MoA.
    """
    if family.gate is None:
        raise ValueError(f"required: a moa family to lift to; got {family.kind}")
    blocks = dict(weights.blocks)
    share = family.width // family.group_count
    for side in range(family.sides):
        size, entries = family.size(side), weights.entries(f"scale{side}")
        groups = [entries[first : first + size] for first in range(0, len(entries), size)]
        gates = [constant_gate(group, family.gate) for group in groups]
        known = [gate for gate in gates if gate is not None]
        if len(known) < len(gates):
            return None
        biases = [bias for gate in known for bias in gate.biases]
        outside = family.record.vanishes_without(side)  # else the factor must stay with the mixture
        if not outside and not family.gate.scale and any(gate.factor != 1 for gate in known):
            return None
        inner = [sp.S.One if outside else gate.factor for gate in known]
        scales = [s * c for gate, c in zip(known, inner, strict=True) for s in gate.scales]
        outer = [gate.factor / c if c else sp.S.One for gate, c in zip(known, inner, strict=True)]
        factors = sp.diag(*[factor for factor in outer for _ in range(share)])
        rows = [[0] * family.dimension + [bias] for bias in biases]
        blocks[f"u{side}"] = sp.ImmutableMatrix(rows)
        blocks[f"scale{side}"] = sp.ImmutableMatrix(scales)
        blocks["a"] = sp.ImmutableMatrix(blocks["a"] * factors)
    return Weights(blocks=blocks)


def constant_gate(coefficients: Sequence[sp.Expr], gate: GateSpec) -> ConstantGate | None:
    """Constant gates proportional to exact coefficients, or None where section 2 has no map.

    >>> constant_gate((sp.Integer(3), sp.Integer(0)), GateSpec(name="softmax")).scales
    (6, 0)
    """
    size = len(coefficients)
    zeros, ones = (sp.S.Zero,) * size, (sp.S.One,) * size
    largest = sp.Max(*[sp.Abs(c) for c in coefficients])
    if largest == 0:
        return ConstantGate(biases=zeros, scales=ones, factor=sp.S.Zero)
    if gate.name == "tanh":
        if not gate.bias:
            return None
        c = 2 * largest
        return ConstantGate(
            biases=tuple(sp.atanh(alpha / c) for alpha in coefficients), scales=ones, factor=c
        )
    if gate.name not in ("sigmoid", "softmax"):
        return None
    if gate.scale:
        inverse = 2 if gate.name == "sigmoid" else size
        scales = tuple(inverse * alpha for alpha in coefficients)
        return ConstantGate(biases=zeros, scales=scales, factor=sp.S.One)
    sign = sp.sign(coefficients[0])
    if sign == 0 or any(sp.sign(alpha) != sign for alpha in coefficients):
        return None
    ratios = [sp.Abs(alpha) / largest for alpha in coefficients]
    if gate.name == "sigmoid":
        biases, factor = tuple(sp.log(r / (2 - r)) for r in ratios), 2 * largest
    else:
        biases, factor = tuple(sp.log(r) for r in ratios), largest * sp.Add(*ratios)
    if not gate.bias and any(biases):
        return None
    return ConstantGate(biases=biases, scales=ones, factor=sign * factor)


def start_from(family: Family, weights: Weights) -> Tensor:
    """The weights as one packed lane theta_P, float64, to start a fit from.

    Raises:
        ValueError: they are not weights of the family.
    """
    problem = defect(family, weights)
    if problem is not None:
        raise ValueError(f"required: weights of a network of the family; {problem}")
    blocks = {
        name: torch.tensor(
            [float(sp.N(entry, 30)) for entry in weights.entries(name)], dtype=torch.float64
        ).reshape(1, *shape)
        for name, shape in family.shapes.items()
    }
    if family.constraint is Constraint.SIMPLEX:  # the network squares them
        blocks |= {name: block.sqrt() for name, block in blocks.items() if name[:5] == "scale"}
    return pack(family, blocks)[0]


def _affine(family: Family, rows: sp.ImmutableMatrix) -> list[sp.Expr]:
    point = sp.Matrix([*COORDINATES[: family.dimension], 1])
    return list((rows * point).flat())


def _coefficients(family: Family, weights: Weights, side: int) -> list[list[sp.Expr]]:
    """The coefficients of one side, for each group."""
    size = family.size(side)
    groups = range(0, family.group_count * size, size)
    scales = weights.entries(f"scale{side}")
    if family.gate is None:
        return [scales[first : first + size] for first in groups]
    logits = _affine(family, weights[f"u{side}"])
    gate = GATES[family.gate.name]
    return [
        [
            scale * gate_of(gate, logits[first : first + size], k) if scale else sp.S.Zero
            for k, scale in enumerate(scales[first : first + size])
        ]
        for first in groups
    ]


def _mix(
    basis: Sequence[str],
    coefficients: Sequence[sp.Expr],
    arguments: Sequence[sp.Expr],
    activation: Callable[[str, sp.Expr], sp.Expr],
) -> sp.Expr:
    """sum_k coefficient_k s_k(argument), or over products sum_kl coefficient_kl s_k s_l."""
    if len(arguments) > 1:
        size = len(basis)
        rows = range(0, size * size, size)
        coefficients = [
            _mix(basis, coefficients[first : first + size], arguments[1:], activation)
            for first in rows
        ]
    pairs = zip(coefficients, basis, strict=True)
    return sp.Add(*[c * activation(name, arguments[0]) for c, name in pairs if c != 0])
