"""Witnesses: exact weights of a network that is a given target.

A witness starts as a formula, a short sum of neurons in the notation of docs/theory.md; it is
then written in the blocks of a family where the family's form, width, dictionary, gate and
switches admit it. The formulas are those of sections 2 and 3. Nothing here is taken on trust:
``is_identity`` compares ``network_expression`` with the target before anybody calls it a member.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.families import Family, Form, Kind
from expressivity.gates import GATES, GateSpec
from expressivity.identities import is_identity
from expressivity.targets import COORDINATES, Target, exact, t1, t2, t3, t3b, t4, t5, t5q
from expressivity.weights import (
    Weights,
    constant_gate,
    defect,
    lift,
    network_expression,
    start_from,
)

__all__ = [
    "Weights",
    "builtin_witness",
    "is_identity",
    "lift",
    "network_expression",
    "start_from",
]

Row = tuple[sp.Expr, ...]
Mixture = Mapping[str, sp.Expr]

_ETA = sp.Rational(1, 100)
# leaky_relu = eta id + (1 - eta) relu: each of the three by the other two (section 1).
_DEPENDENT: Mapping[str, Mixture] = {
    "leaky_relu": {"id": _ETA, "relu": 1 - _ETA},
    "relu": {"leaky_relu": 1 / (1 - _ETA), "id": -_ETA / (1 - _ETA)},
    "id": {"leaky_relu": 1 / _ETA, "relu": -(1 - _ETA) / _ETA},
}
_ONE_AT_ONE = ("id", "relu", "relu2", "leaky_relu")
_ID: Mixture = {"id": sp.S.One}
_RELU: Mixture = {"relu": sp.S.One}
_RELU2: Mixture = {"relu2": sp.S.One}
_TANH: Mixture = {"tanh": sp.S.One}
_KINKED: Mixture = {"relu": sp.S.One, "relu2": sp.S.One}


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """a and the rows (w, b) and (v, c); no second row where the second factor is 1."""

    a: sp.Expr
    w: Row
    v: Row | None = None


@dataclass(frozen=True, kw_only=True)
class Formula:
    """sum_j a_j g(left_logit) psi(w_j.x + b_j) g(right_logit) phi(v_j.x + c_j).

    Attributes:
        left, right: psi and phi by coefficients; without ``right`` phi is 1.
        gate: name of g; no logit means no gate on that side.
        size: for softmax, the number of logits, all but one of them 0.
    """

    neurons: tuple[Neuron, ...]
    left: Mixture
    right: Mixture | None = None
    gate: str | None = None
    left_logit: Row | None = None
    right_logit: Row | None = None
    size: int = 2


@functools.lru_cache(maxsize=1024)
def builtin_witness(target: Target, family: Family) -> Weights | None:
    """Exact weights of a built-in target in a family, or None where none is known.

    The target is recognised by its expression. Neurons beyond those needed have a_j = 0.

    >>> from expressivity.targets import t1
    >>> family = Family(kind=Kind.LA, form=Form.TYPE1, width=1, dimension=1)
    >>> network_expression(family, builtin_witness(t1(), family)) == t1().expression
    True
    """
    if family.dimension != target.dimension or family.outputs != 1:
        return None
    for formula in _formulas(target):
        for variant in (formula, *_mirrored(formula)):
            weights = realise(variant, family)
            if weights is not None:
                return weights
    return None


def _formulas(target: Target) -> list[Formula]:
    expression = target.expression
    one, zero = sp.S.One, sp.S.Zero
    if target.dimension == 1:
        x = (one, zero)
        product = Neuron(a=one, w=x, v=(one, one))
        if expression == t1().expression:
            return [
                Formula(neurons=(Neuron(a=one, w=x),), left=_KINKED),
                Formula(neurons=(product,), left=_RELU, right=_ID),
            ]
        if expression == t3().expression:
            return [
                Formula(neurons=(replace(product, v=x),), left=_KINKED, right=_ID),
                Formula(neurons=(product,), left=_RELU2, right=_ID),
            ]
        if expression == t3b().expression:
            return [Formula(neurons=(product,), left=_KINKED, right=_ID)]
        return []
    rate = _rate(target) if target.dimension == 2 else None
    return [] if rate is None else _planar_formulas(expression, rate)


def _planar_formulas(expression: sp.Expr, rate: sp.Rational) -> list[Formula]:
    """Formulas of t2, t4, t5 and t5q with lambda = rate."""
    one, zero, number = sp.S.One, sp.S.Zero, float(rate)
    e1, e2, logit = (one, zero, zero), (zero, one, zero), (rate, zero, zero)
    relu_x2 = Neuron(a=one, w=e2)
    gated = Formula(neurons=(relu_x2,), left=_RELU, gate="tanh", left_logit=logit)
    times_x1 = replace(gated, neurons=(replace(relu_x2, v=e1),), right=_ID)
    times_tanh = replace(gated, neurons=(replace(relu_x2, v=logit),), right=_TANH)
    # x tanh(rate x) = silu(2 rate x)/rate - x (section 3, T4), as a mixture at 2 rate x.
    doubled = replace(relu_x2, v=(2 * rate, zero, zero))
    silu = {"silu": 1 / rate, "id": -1 / (2 * rate)}
    times_silu = replace(gated, neurons=(doubled,), right=silu)
    if expression == t2(number, "tanh").expression:
        return [gated, _ungated(times_tanh)]
    if expression == t4(number).expression:
        return [times_x1, _ungated(times_silu)]
    if expression == t5(number).expression:
        return [replace(times_x1, right_logit=logit), times_silu]
    if expression == t5q(number).expression:
        return [times_tanh, replace(gated, right_logit=logit)]
    if expression == t2(number, "sigmoid").expression:
        return [replace(gated, gate="sigmoid"), _logistic(relu_x2, rate, 2)]
    inverse = 1 / expression.subs({COORDINATES[0]: 0, COORDINATES[1]: 1})
    if not (inverse.is_Integer and inverse >= 2):
        return []
    size = int(inverse)
    if expression == t2(number, "softmax", size).expression:
        return [replace(gated, gate="softmax", size=size), _logistic(relu_x2, rate, size)]
    return []


def _ungated(formula: Formula) -> Formula:
    return replace(formula, gate=None, left_logit=None, right_logit=None)


def _logistic(neuron: Neuron, rate: sp.Rational, size: int) -> Formula:
    """exp(u)/(exp(u) + size - 1) = (1 + tanh(z))/2, z = (u - log(size - 1))/2, u = rate x1.

    The constant is a second neuron with tanh(artanh(1/2)) = 1/2 as its second factor.
    """
    half = sp.Rational(1, 2)
    varying = (rate / 2, sp.S.Zero, -sp.log(size - 1) / 2)
    constant = (sp.S.Zero, sp.S.Zero, sp.atanh(half))
    neurons = (replace(neuron, a=half, v=varying), replace(neuron, v=constant))
    return Formula(neurons=neurons, left=_RELU, right=_TANH)


def _mirrored(formula: Formula) -> list[Formula]:
    """ReLU by two neurons: (1 - eta^2) relu(z) = leaky_relu(z) + eta leaky_relu(-z)."""
    if formula.left != _RELU:
        return []
    neurons = [
        replace(neuron, a=neuron.a * share / (1 - _ETA**2), w=tuple(sign * c for c in neuron.w))
        for neuron in formula.neurons
        for share, sign in ((sp.S.One, 1), (_ETA, -1))
    ]
    return [replace(formula, neurons=tuple(neurons), left={"leaky_relu": sp.S.One})]


def _rate(target: Target) -> sp.Rational | None:
    """lambda: the target's own, or the one coefficient of x1 inside its tanh or exp."""
    if target.lambda_ is not None:
        return exact(target.lambda_)
    atoms = target.expression.atoms(sp.tanh, sp.exp)
    rates = {sp.Abs(sp.diff(atom.args[0], COORDINATES[0])) for atom in atoms}
    rate: Any = rates.pop() if len(rates) == 1 else sp.S.Zero
    return rate if rate.is_Rational and rate.is_positive else None


def realise(formula: Formula, family: Family) -> Weights | None:
    """A formula as weights of a family, or None where the family does not admit it."""
    shaped = _shaped(formula, family)
    if shaped is None or len(shaped.neurons) > family.width:
        return None
    left = _expressed(shaped.left, family.dictionary)
    two_factors = family.form in (Form.TWO_SIDED, Form.QUADRATIC)
    right = _expressed(shaped.right or {}, family.dictionary) if two_factors else {}
    if left is None or right is None:
        return None
    none = sp.S.Zero
    if family.form is Form.QUADRATIC:
        pairs = [(k, n) for k in family.basis for n in family.basis]
        if shaped.left_logit is not None and shaped.right_logit is not None:
            return None  # a product of two gates is in general no gate
        products = [left.get(k, none) * right.get(n, none) for k, n in pairs]
        sides: list[tuple[list[sp.Expr], Row | None]] = [
            (products, shaped.left_logit or shaped.right_logit)
        ]
    else:
        sides = [([left.get(k, none) for k in family.basis], shaped.left_logit)]
        if family.form is Form.TWO_SIDED:
            right_side = [right.get(k, none) for k in family.basis]
            sides.append((right_side, shaped.right_logit))
    empty = (sp.S.Zero,) * (family.dimension + 1)
    unused = [Neuron(a=sp.S.Zero, w=empty, v=empty)] * (family.width - len(shaped.neurons))
    neurons = [*shaped.neurons, *unused]
    blocks: dict[str, sp.ImmutableMatrix] = {"w": sp.ImmutableMatrix([n.w for n in neurons])}
    if family.form is not Form.TYPE1:
        blocks["v"] = sp.ImmutableMatrix([n.v for n in neurons])
    factor = sp.S.One
    for side, (coefficients, logit) in enumerate(sides):
        found = _side(coefficients, logit, shaped, family)
        if found is None:
            return None
        rows, scales, share = found
        factor *= share
        blocks[f"scale{side}"] = sp.ImmutableMatrix(scales)
        if family.gate is not None:
            blocks[f"u{side}"] = sp.ImmutableMatrix(rows)
    blocks["a"] = sp.ImmutableMatrix([[n.a * factor for n in neurons]])
    weights = Weights(blocks=blocks)
    return weights if defect(family, weights) is None else None


def _shaped(formula: Formula, family: Family) -> Formula | None:
    """The formula with the second factor that the form has, constant where it was 1."""
    if family.form is Form.TYPE1:
        return formula if formula.right is None and formula.right_logit is None else None
    if formula.right is None:
        two_factors = family.form is not Form.ONE_SIDED
        choices = [s for s in _ONE_AT_ONE if s in family.dictionary] if two_factors else ["id"]
        if not choices:
            return None
        constant = (sp.S.Zero,) * family.dimension + (sp.S.One,)
        neurons = tuple(replace(neuron, v=constant) for neuron in formula.neurons)
        formula = replace(formula, neurons=neurons, right={choices[0]: sp.S.One})
    bare = formula.right == _ID and formula.right_logit is None
    return formula if family.form is not Form.ONE_SIDED or bare else None


def _expressed(mixture: Mixture, dictionary: Sequence[str]) -> dict[str, sp.Expr] | None:
    """The same mixture over a dictionary that lacks one of id, relu, leaky_relu, or None."""
    found: dict[str, sp.Expr] = {}
    for name, coefficient in mixture.items():
        terms = {name: sp.S.One} if name in dictionary else _DEPENDENT.get(name)
        if terms is None or any(term not in dictionary for term in terms):
            return None
        for term, share in terms.items():
            found[term] = found.get(term, sp.S.Zero) + coefficient * share
    return {name: coefficient for name, coefficient in found.items() if coefficient != 0}


_Side = tuple[list[Row], list[sp.Expr], sp.Expr]
"""Rows of u, scales, and the factor that goes into a."""


def _side(
    coefficients: Sequence[sp.Expr], logit: Row | None, formula: Formula, family: Family
) -> _Side | None:
    """One side's coefficients, gated by the formula's gate or constant."""
    zero = (sp.S.Zero,) * (family.dimension + 1)
    if family.gate is None:
        if logit is not None:
            return None
        if family.kind is Kind.LA:
            return [], list(coefficients), sp.S.One
        scales: list[sp.Expr] = [
            sp.S.One if k == family.activation else sp.S.Zero for k in family.basis
        ]
        factor = sp.Add(*coefficients)
        exactly = all(c == factor * s for c, s in zip(coefficients, scales, strict=True))
        return ([], scales, factor) if exactly else None
    if logit is None:
        gate = constant_gate(coefficients, family.gate)
        if gate is None:
            return None
        return [(*zero[:-1], e) for e in gate.biases], list(gate.scales), gate.factor
    if formula.gate != family.gate.name:
        return None
    return _gated(coefficients, logit, formula.size, family.gate)


def _gated(coefficients: Sequence[sp.Expr], logit: Row, size: int, gate: GateSpec) -> _Side | None:
    """Coefficients times one gate of x; the others' gates are off by scale, or by tanh(0) = 0."""
    used = [bool(c != 0) for c in coefficients]
    if gate.name == "softmax":
        if sum(used) != 1 or len(used) == 1:
            return None
        # exp(u)/(exp(u) + size - 1) with K logits: shift u by log((K-1)/(size-1)).
        shift = sp.log(sp.Rational(len(used) - 1, size - 1))
        logit = (*logit[:-1], logit[-1] + shift)
    zero = (sp.S.Zero,) * len(logit)
    rows: list[Row] = [logit if u else zero for u in used]
    if gate.scale:
        return rows, list(coefficients), sp.S.One
    factor = next(c for c in coefficients if c != 0)
    equal = all(c == factor for c, u in zip(coefficients, used, strict=True) if u)
    if not equal or not (all(used) or GATES[gate.name].vanishes_at_zero):
        return None
    return rows, [sp.S.One] * len(used), factor
