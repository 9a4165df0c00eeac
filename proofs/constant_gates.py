"""Constant gates: the LA networks that C1 and C2 are about, and their MoA counterparts.

Shared by the containment table, positive_gates and vanishing_gates (docs/theory.md, section 2).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.classes.weights import Weights, lift, network_expression
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import COORDINATES

X1 = COORDINATES[0]
SEVEN = tuple(ACTIVATIONS[name] for name in FULL_DICTIONARY)
_relu = ACTIVATIONS["relu"]


def target_of(form: str) -> sp.Expr:
    """The function that is LA and not MoA: ReLU(x1), times x1 for each further map."""
    return X1 ** (NEURONS[form].maps - 1) * _relu(X1)


def title_of(form: str) -> str:
    """The same in words."""
    return "x1 " * (NEURONS[form].maps - 1) + "ReLU(x1)"


def la_network(
    form: str,
    second: tuple[int, int] = (1, 0),
    dictionary: Sequence[str] = FULL_DICTIONARY,
) -> tuple[Family, Weights]:
    """ReLU(x1) s(v x1 + c) in LA, width 1, d = 1; ``second`` is (v, c).

    In one_sided s is absent. In the other Type-II forms it is relu, since v x1 + c >= 0 where
    ReLU(x1) > 0: no other activation is needed. In Type-II the default is ``target_of(form)``;
    type1 has no second factor.
    """
    family = Family(
        kind=Kind.LA,
        neuron=form,
        width=1,
        dimension=1,
        bias=second[1] != 0,
        dictionary=tuple(dictionary),
    )
    unit = [int(name == "relu") for name in dictionary]
    rows: dict[str, Any] = {"w": [[1, 0]], "v": [second], "a": [[1]]}
    for side, maps in enumerate(family.record.mixtures):
        rows[f"scale{side}"] = [math.prod(of) for of in product(unit, repeat=len(maps))]
    blocks = {name: sp.ImmutableMatrix(rows[name]) for name in family.shapes}
    return family, Weights(blocks=blocks)


def is_la(form: str, dictionary: Iterable[Activation] = SEVEN) -> bool | None:
    """Whether the dictionary contains relu, and ``la_network`` is the target."""
    if all(s.expression != _relu.expression for s in dictionary):
        return False
    return is_identity(network_expression(*la_network(form)), target_of(form))


def is_lifted(
    gate: GateSpec, form: str, dictionary: Sequence[str] = FULL_DICTIONARY
) -> bool | None:
    """Whether constant gates make a MoA network of width 1 the target: None without a map."""
    la, weights = la_network(form, dictionary=dictionary)
    moa = replace(la, kind=Kind.MOA, gate=gate)
    found = lift(moa, weights)
    return None if found is None else is_identity(network_expression(moa, found), target_of(form))


def gate_value(spec: GateSpec, size: int) -> sp.Expr:
    """A gate with its scale at logits u_k x + e_k, all symbols real."""
    slopes = sp.symbols(f"u1:{size + 1}", real=True)
    biases = sp.symbols(f"e1:{size + 1}", real=True) if spec.bias else (0,) * size
    logits = [u * X1 + e for u, e in zip(slopes, biases, strict=True)]
    scale = sp.Symbol("scale", real=True) if spec.scale else sp.S.One
    return scale * GATES[spec.name].expression(logits, 0)


def lifted(gate: GateSpec, form: str = "type1") -> Step:
    """Counterexample: constant gates make the MoA network of width 1 the target."""
    return Step(
        statement=f"{title_of(form)} is a MoA network of width 1 with constant gates: "
        f"{words(gate)}",
        source="docs/theory.md, section 2",
        check=lambda: is_lifted(gate, form),
    )


def with_equal_gates(
    statement: str,
    names: tuple[str, ...],
    neurons: Sequence[tuple[Any, int]],
    gate: str = "sigmoid",
) -> Step:
    """Counterexample: ReLU(x1) from neurons (a_j, w_j) under unscaled gates with u = 0."""
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=len(neurons),
        dimension=1,
        dictionary=names,
        gate=GateSpec(name=gate, scale=False, bias=False),
        bias=False,
    )
    rows: dict[str, Any] = {
        "w": [[w, 0] for _, w in neurons],
        "u0": [[0, 0] for _ in names],
        "a": [[a for a, _ in neurons]],
        "scale0": [1 for _ in names],
    }
    weights = Weights(blocks={name: sp.ImmutableMatrix(row) for name, row in rows.items()})
    return Step(
        statement=statement,
        source="substitution",
        check=lambda: is_identity(network_expression(family, weights), _relu(X1)),
    )


def words(spec: GateSpec) -> str:
    """A gate with its switches."""
    scale, bias = ("on" if switch else "off" for switch in (spec.scale, spec.bias))
    return f"{spec.name}, scale {scale}, gate bias {bias}"
