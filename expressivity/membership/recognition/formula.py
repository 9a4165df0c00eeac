"""A network as a short sum of neurons, and its weights in the blocks of a family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.weights import Weights, constant_gate, defect
from expressivity.membership.recognition.terms import Affine
from expressivity.membership.shapes import Shape, map_places, shape_of

Mixture = Mapping[str, sp.Expr]
_ONE_AT_ONE = ("id", "relu", "relu2", "leaky_relu")


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """a and the rows (w, b) and (v, c); no second row where the second factor is 1."""

    a: sp.Expr
    w: Affine
    v: Affine | None = None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One coefficient vector: the blocks scale and u, and what goes into a."""

    scales: tuple[sp.Expr, ...]
    rows: tuple[Affine, ...]
    factor: sp.Expr = sp.S.One


@dataclass(frozen=True, kw_only=True)
class Formula:
    """sum_j a_j psi(w_j.x + b_j) phi(v_j.x + c_j), or with products of activations.

    Attributes:
        left, right: psi and phi by coefficients; without ``right`` phi is 1.
        pairs: instead of both, coefficients of products s_k(z) s_l(y), by "k,l".
    """

    neurons: tuple[Neuron, ...]
    left: Mixture
    right: Mixture | None = None
    pairs: Mapping[tuple[str, str], sp.Expr] | None = None


def realise(formula: Formula, family: Family) -> Weights | None:
    """An ungated formula as weights of a family, or None where the family does not admit it."""
    shaped = _shaped(formula, family)
    if shaped is None:
        return None
    zero = sp.S.Zero
    basis, shape = family.basis, shape_of(family.record)
    if shape is Shape.PAIRS:
        pairs = shaped.pairs
        if pairs is None:
            right = shaped.right or {}
            pairs = {(k, n): c * d for k, c in shaped.left.items() for n, d in right.items()}
        vectors = [[pairs.get((k, n), zero) for k in basis for n in basis]]
    else:
        vectors = [[shaped.left.get(k, zero) for k in basis]]
        if shape is Shape.PRODUCT:
            vectors.append([(shaped.right or {}).get(k, zero) for k in basis])
    sides = [constant_side(vector, family) for vector in vectors]
    if any(side is None for side in sides):
        return None
    return assemble(shaped.neurons, [side for side in sides if side is not None], family)


def constant_side(coefficients: Sequence[sp.Expr], family: Family) -> Side | None:
    """Coefficients that do not depend on x, in the terms of the family's kind."""
    zero = (sp.S.Zero,) * (family.dimension + 1)
    if family.gate is not None:
        gate = constant_gate(coefficients, family.gate)
        if gate is None:
            return None
        rows = tuple((*zero[:-1], e) for e in gate.biases)
        return Side(scales=gate.scales, rows=rows, factor=gate.factor)
    if family.mixes:
        return Side(scales=tuple(coefficients), rows=())
    hot = tuple(sp.S.One if k == family.activation else sp.S.Zero for k in family.basis)
    factor = sp.Add(*coefficients)
    return Side(scales=hot, rows=(), factor=factor)


def assemble(neurons: Sequence[Neuron], sides: Sequence[Side], family: Family) -> Weights | None:
    """The blocks; neurons beyond those needed have a_j = 0. None where a switch is in the way."""
    if len(neurons) > family.width:
        return None
    empty = (sp.S.Zero,) * (family.dimension + 1)
    unused = Neuron(a=sp.S.Zero, w=empty, v=empty)
    filled = [*neurons, *[unused] * (family.width - len(neurons))]
    names = [map_names(family.record.maps)[place] for place in map_places(family.record)]
    rows = zip(*[(n.w, n.v) for n in filled], strict=True)
    blocks = {name: sp.ImmutableMatrix(row) for name, row in zip(names, rows, strict=False)}
    factor = sp.Mul(*[side.factor for side in sides])
    for index, side in enumerate(sides):
        blocks[f"scale{index}"] = sp.ImmutableMatrix(side.scales)
        if family.gate is not None:
            blocks[f"u{index}"] = sp.ImmutableMatrix(side.rows)
    blocks["a"] = sp.ImmutableMatrix([[n.a * factor for n in filled]])
    weights = Weights(blocks=blocks)
    return weights if defect(family, weights) is None else None


def _shaped(formula: Formula, family: Family) -> Formula | None:
    """The formula with the second factor that the form has, constant where it was 1."""
    shape = shape_of(family.record)
    if shape is Shape.MIXTURE:
        return formula if formula.right is None and formula.pairs is None else None
    if formula.pairs is not None:
        return formula if shape is Shape.PAIRS else None
    if formula.right is None:
        return with_constant_factor(formula, family)
    one_sided = dict(formula.right) == {"id": sp.S.One}
    return formula if shape is not Shape.GATED or one_sided else None


def with_constant_factor(formula: Formula, family: Family) -> Formula | None:
    """The formula with phi(v.x + c) = 1."""
    name = constant_factor(family)
    if name is None:
        return None
    v = (*(sp.S.Zero,) * family.dimension, sp.S.One)
    neurons = tuple(replace(neuron, v=v) for neuron in formula.neurons)
    return replace(formula, neurons=neurons, right={name: sp.S.One})


def constant_factor(family: Family) -> str | None:
    """An activation that is 1 at 1, as the second factor's; a map is ``id`` of itself."""
    return "id" if shape_of(family.record) is Shape.GATED else one_at_one(family.dictionary)


def one_at_one(names: Sequence[str]) -> str | None:
    """An activation among these that is 1 at 1."""
    return next((name for name in _ONE_AT_ONE if name in names), None)
