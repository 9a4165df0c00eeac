"""Exact weights of one network, its symbolic function, and the lift from LA to MoA.

``network_expression`` reads the same description (``Family.shapes``) that ``networks.py``
evaluates. ``lift`` is the table of docs/theory.md, section 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family, Form, Kind
from expressivity.classes.gates import GATES, GateSpec, gate_of
from expressivity.classes.networks import pack
from expressivity.symbolic.symbols import COORDINATES


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Exact numbers for every block of ``Family.shapes``.

    Attributes:
        blocks: w, v: width x (d+1); u0, u1: coefficients x (d+1), each with the bias as last
            column; a: outputs x width; scale0, scale1: coefficients x 1.
    """

    blocks: Mapping[str, sp.ImmutableMatrix]

    def entries(self, block: str) -> list[sp.Expr]:
        """The entries of a block, row by row."""
        return list(self.blocks[block].flat())

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

    >>> family = Family(kind=Kind.FIXED, form=Form.TYPE1, width=1, dimension=1,
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
    z = _affine(family, weights["w"])
    y = _affine(family, weights["v"]) if "v" in family.shapes else []
    left = _coefficients(family, weights, 0)
    neurons: list[sp.Expr] = []
    for j in range(family.width):
        match family.form:
            case Form.TYPE1:
                neurons.append(_mix(family, left, z[j]))
            case Form.ONE_SIDED:
                neurons.append(_mix(family, left, z[j]) * y[j])
            case Form.TWO_SIDED:
                right = _coefficients(family, weights, 1)
                neurons.append(_mix(family, left, z[j]) * _mix(family, right, y[j]))
            case Form.QUADRATIC:
                size = len(family.basis)
                rows = [_mix(family, left[k * size : (k + 1) * size], y[j]) for k in range(size)]
                neurons.append(_mix(family, rows, z[j]))
            case _:
                assert_never(family.form)
    return sp.Add(*[weights["a"][0, j] * neuron for j, neuron in enumerate(neurons)])


def defect(family: Family, weights: Weights) -> str | None:
    """What keeps the weights from being those of a network of the family, or None."""
    for name, shape in family.shapes.items():
        expected = shape if len(shape) == 2 else (*shape, 1)
        found = weights.blocks.get(name)
        if found is None or found.shape != expected:
            got = "nothing" if found is None else f"shape {found.shape}"
            return f"block {name} needs shape {expected}, got {got}"
        if family.frozen(name) is None:
            continue
        if name.startswith("scale"):
            ones = (family.activation,) if family.kind is Kind.FIXED else family.basis
            values = [int(family.form is Form.QUADRATIC or s in ones) for s in family.basis]
            repeats = family.coefficients // len(values)
            if weights.entries(name) != values * repeats:
                return f"block {name} is not learned, and differs from {values}"
        elif any(found.col(-1).flat()):
            return f"the last column of block {name} is a bias that is off, and is not 0"
    return None


def lift(family: Family, weights: Weights) -> Weights | None:
    """MoA weights of the same function from LA weights of the same form and sizes.

    The gates are made constant (docs/theory.md, section 2); common factors move into ``a``.

    Args:
        family: the MoA family.
        weights: of the LA family with the same form, width, dimension, dictionary, biases.

    Returns:
        None where the table has no map for this gate, its switches and these coefficients.

    Raises:
        ValueError: the family is not MoA.
    """
    if family.gate is None:
        raise ValueError(f"required: a moa family to lift to; got {family.kind}")
    blocks = dict(weights.blocks)
    for side in range(family.sides):
        gate = constant_gate(weights.entries(f"scale{side}"), family.gate)
        if gate is None:
            return None
        rows = [[0] * family.dimension + [bias] for bias in gate.biases]
        blocks[f"u{side}"] = sp.ImmutableMatrix(rows)
        blocks[f"scale{side}"] = sp.ImmutableMatrix(gate.scales)
        blocks["a"] = sp.ImmutableMatrix(blocks["a"] * gate.factor)
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
    return pack(family, blocks)[0]


def _affine(family: Family, rows: sp.ImmutableMatrix) -> list[sp.Expr]:
    point = sp.Matrix([*COORDINATES[: family.dimension], 1])
    return list((rows * point).flat())


def _coefficients(family: Family, weights: Weights, side: int) -> list[sp.Expr]:
    scales = weights.entries(f"scale{side}")
    if family.gate is None:
        return scales
    logits = _affine(family, weights[f"u{side}"])
    gate = GATES[family.gate.name]
    return [scale * gate_of(gate, logits, k) if scale else sp.S.Zero
            for k, scale in enumerate(scales)]  # fmt: skip


def _mix(family: Family, coefficients: Sequence[sp.Expr], argument: sp.Expr) -> sp.Expr:
    """sum_k coefficient_k s_k(argument)."""
    pairs = zip(coefficients, family.basis, strict=True)
    return sp.Add(*[c * ACTIVATIONS[name](argument) for c, name in pairs if c != 0])
