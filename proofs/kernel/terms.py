"""Numbers, expressions, classes and networks of the program as terms of ``proofs/coq/``.

One way to write each: statements, certificates and the tests that compare the two sides use it.
A name without a definition in Coq is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights
from expressivity.symbolic.expressions import Node, fold

ACTIVATIONS = {
    "id": "ident",
    **{name: name for name in ("relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")},
}
"""The activations that Coq knows, by their names here; ``activations.v``."""

GATES = {"sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
"""The gates; ``gates.v``."""

FORMS = {name: name for name in ("type1", "one_sided", "two_sided", "quadratic")}
"""The neurons, whose names are the same; ``networks.v``."""

FUNCTIONS = {**ACTIVATIONS, "abs": "Rabs", "sigmoid": "sigmoid"} | {
    name: name for name in ("exp", "sin", "cos")
}
"""What an expression may call."""


def form_named(name: str) -> str:
    """A neuron in Coq.

    Raises:
        ValueError: one without a definition there.
    """
    form = FORMS.get(name)
    if form is None:
        raise ValueError(f"required: a neuron with a definition in Coq; got {name}")
    return form


def are_all_forms(names: Iterable[str]) -> bool:
    """Whether these are all neurons that Coq knows."""
    return sorted(names) == sorted(FORMS)


def number(value: Any) -> str:
    """A rational number, in ``R_scope``.

    Raises:
        ValueError: an irrational number.

    >>> number(Fraction(-2, 3)), number(5)
    ('(-2 / 3)', '5')
    """
    exact = sp.sympify(value)
    if not isinstance(exact, sp.Rational):
        raise ValueError(f"required: a rational number; got {exact}")
    if exact.q == 1:
        return str(exact.p) if exact.p >= 0 else f"({exact.p})"
    return f"({exact.p} / {exact.q})"


def numbers(values: Iterable[Any]) -> str:
    """A list of rational numbers.

    >>> numbers([1, Fraction(1, 2)])
    '[1; (1 / 2)]'
    """
    return f"[{'; '.join(map(number, values))}]"


def expression(root: Node, variables: Sequence[str]) -> str:
    """A parsed expression, each variable as the term given for it.

    Raises:
        ValueError: a function without a definition in Coq, or a power that is no whole number.

    >>> from expressivity.symbolic.parser import parse
    >>> expression(parse("tanh(2*x1)*relu(x2)/3").root, ["a", "b"])
    '((tanh (2 * a)) * (relu b) * (/ 3))'
    """
    return fold(
        root,
        number=number,
        variable=lambda index: variables[index],
        add=lambda terms: f"({' + '.join(terms)})",
        multiply=lambda factors: f"({' * '.join(factors)})",
        power=_power,
        call=_call,
    )


def _power(base: str, exponent: Fraction) -> str:
    if exponent.denominator != 1:
        raise ValueError(f"required: a whole exponent; got {exponent}, which Coq's files lack")
    size = abs(exponent.numerator)
    power = base if size == 1 else f"({base} ^ {size})"
    return power if exponent > 0 else f"(/ {power})"


def _call(name: str, argument: str) -> str:
    if name not in FUNCTIONS:
        raise ValueError(f"required: a function with a definition in Coq; got {name}")
    return f"({FUNCTIONS[name]} {argument})"


def boolean(value: bool) -> str:
    """A switch.

    >>> boolean(True)
    'true'
    """
    return str(value).lower()


def dictionary(names: Iterable[str]) -> str:
    """A list of activations.

    Raises:
        ValueError: one without a definition in Coq.

    >>> dictionary(["id", "tanh"])
    '[ident; tanh]'
    """
    listed = list(names)
    if missing := [name for name in listed if name not in ACTIVATIONS]:
        raise ValueError(
            f"required: activations with a definition in Coq; got {', '.join(missing)}"
        )
    return f"[{'; '.join(ACTIVATIONS[name] for name in listed)}]"


def kind(family_kind: Kind, gate: GateSpec | None) -> str:
    """Where the coefficients come from.

    Raises:
        ValueError: a gate without a definition in Coq.

    >>> kind(Kind.MOA, GateSpec(name="tanh", scale=False))
    '(moa Tanh false true)'
    """
    if gate is None:
        return str(family_kind)
    if gate.name not in GATES:
        raise ValueError(f"required: a gate with a definition in Coq; got {gate.name}")
    return f"(moa {GATES[gate.name]} {boolean(gate.scale)} {boolean(gate.bias)})"


def network(family: Family, weights: Weights) -> str:
    """A network with exact weights, as a function of the input.

    Raises:
        ValueError: a neuron, activation or gate without a definition in Coq, or a weight that is
            not rational.
    """
    form = form_named(family.record.name)
    share = family.width // family.group_count
    blocks = [weights[name] for name in map_names(family.record.maps)]
    neurons = [
        f"{{| group := {j // share}; out := {number(weights['a'][0, j])}; "
        f"maps := [{'; '.join(_affine(block, j) for block in blocks)}] |}}"
        for j in range(family.width)
    ]
    listed = dictionary(family.basis)
    return f"(network {form} {listed} {_coefficients(family, weights)} [{'; '.join(neurons)}])"


def _affine(rows: sp.ImmutableMatrix, j: int) -> str:
    *slopes, bias = rows.row(j)
    return f"({numbers(slopes)}, {number(bias)})"


def _coefficients(family: Family, weights: Weights) -> str:
    """Numbers or gates, looked up by group, side and number of the activation."""
    if family.activation is not None:
        return f"(one_hot {family.basis.index(family.activation)})"
    groups: list[str] = []
    for g in range(family.group_count):
        sides: list[str] = []
        for side in range(family.sides):
            places = range(g * family.size(side), (g + 1) * family.size(side))
            scales = [number(weights[f"scale{side}"][place, 0]) for place in places]
            if family.gate is not None:
                logits = [_affine(weights[f"u{side}"], place) for place in places]
                scales = [
                    f"{{| scale := {s}; logit := {u} |}}"
                    for s, u in zip(scales, logits, strict=True)
                ]
            sides.append(f"[{'; '.join(scales)}]")
        groups.append(f"[{'; '.join(sides)}]")
    table = f"[{'; '.join(groups)}]"
    if family.gate is None:
        return f"(constants (look 0 {table}))"
    default = "{| scale := 0; logit := ([], 0) |}"
    size = family.size(0)
    return f"(gated {GATES[family.gate.name]} {size} (look {default} {table}))"
