"""C2: tanh gates without gate bias: LA is not contained in MoA (docs/theory.md, section 2).

Scale on or off, every width and d. All gates vanish at the origin, so that a network is
differentiable there whatever the hidden biases are, and O(|x|^3) without them in Type-II:
ReLU(x1), type1 or Type-II with biases, is LA and no MoA network; nor is x1 ReLU(x1), Type-II
without biases.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import pieces, settle
from expressivity.classes.gates import GateSpec
from expressivity.classes.neurons import NEURONS
from expressivity.classes.properties import vanishing_order
from expressivity.classes.weights import network_expression
from expressivity.membership.obstructions.pole_order import vanishes_at_zero
from expressivity.membership.obstructions.vanishing_order import taylor_on_ray
from expressivity.symbolic.identities import differs, is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from proofs.constant_gates import SEVEN, X1, gate_value, is_la, la_network, lifted, target_of, words
from proofs.hypotheses import REGULAR, is_regular

SOURCE = "docs/theory.md, section 2, C2"
TYPE_II = ("one_sided", "two_sided", "quadratic")
UNBIASED = tuple(GateSpec(name="tanh", scale=scale, bias=False) for scale in (False, True))
_relu = ACTIVATIONS["relu"]
_T = sp.Symbol("t", real=True)
_OMEGA, _B = sp.symbols("omega b", positive=True)
_SIGNS = (sp.Integer(1), sp.Integer(-1))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations.
        gates: the gates with their switches.
        order: the claimed order of vanishing of Type-II networks without hidden biases.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    gates: tuple[GateSpec, ...] = UNBIASED
    order: int = 3


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    for spec in setting.gates:
        yield Step(
            statement=f"{words(spec)}: on every ray x = t r each gate is scale (u.r) t + O(t^2)",
            source=SOURCE,
            check=lambda g=spec: gate_is_first_order(g, len(setting.dictionary)),
        )
    yield Step(
        statement="0 <= tanh(z) <= z for z >= 0, with z - tanh(z) = 0 at 0 and (z - tanh(z))' = "
        "tanh(z)^2: the gates are O(|x|) in all directions at once",
        source="calculus",
        check=tanh_is_below_identity,
    )
    for s in setting.dictionary:
        yield Step(
            statement=f"{s.name} is {REGULAR}: locally Lipschitz",
            source="docs/theory.md, section 1",
            check=lambda s=s: is_regular(s.expression),
        )
    yield from differentiability_steps(setting)
    yield from flatness_steps(setting)


def differentiability_steps(setting: Setting) -> Iterator[Step]:
    """Hidden biases on or off: differentiable at 0, and ReLU(x1) is not."""
    for s in setting.dictionary:
        yield Step(
            statement=f"{s.name}: with a gate g(t) = t h(t), h C^1, t -> g(t) s(omega t + b) has "
            "the first-order coefficient h(0) s(b), for each sign of omega and each sign or "
            "vanishing of b",
            source=SOURCE,
            check=lambda s=s: settle(first_order_is_gate_times_value(s)),
        )
    yield Step(
        statement="h(0) = scale (u.r) is linear in r: each term of a type1 network is linear in x "
        "plus O(|x|^2), hence the network is differentiable at 0; a second factor that is "
        "Lipschitz (v.x + c, or s_l(v.x + c), another gate included) keeps that",
        source=SOURCE,
    )
    yield Step(
        statement="a linear function L has L(r) + L(-r) = 0; the one-sided derivatives of "
        "ReLU(x1) at 0 along e1 and -e1 are 1 and 0",
        source=SOURCE,
        check=lambda: has_slopes(_relu(X1), 1, 0),
    )
    yield Step(
        statement="ReLU(x1) is an LA network of width 1: type1; the dictionary contains relu",
        source=SOURCE,
        check=lambda: is_la("type1", setting.dictionary),
    )
    for form in TYPE_II:
        yield Step(
            statement=f"ReLU(x1) is an LA network of width 1 with hidden biases: {form}, v = 0, "
            "c = 1",
            source=SOURCE,
            check=lambda f=form: relu_is_la_with_biases(f),
        )


def flatness_steps(setting: Setting) -> Iterator[Step]:
    """Hidden biases off, Type-II: O(|x|^3), and x1 ReLU(x1) is not."""
    yield Step(
        statement="every activation is 0 at 0, from both sides: s(w.x) is O(|x|)",
        source="docs/theory.md, section 1",
        check=lambda: settle(vanishes_at_zero(s) for s in setting.dictionary),
    )
    for form in TYPE_II:
        yield Step(
            statement=f"{form} without hidden biases: the gates and both arguments make each "
            f"neuron O(|x|^{setting.order}), in every combination of signs; so are finite sums",
            source=SOURCE,
            check=lambda f=form: settle(
                [
                    has_order(f, setting.order),
                    *vanishing_of_products(setting.dictionary, f, setting.order),
                ]
            ),
        )
        yield Step(
            statement=f"x1 ReLU(x1) is an LA network of width 1 without hidden biases: {form}",
            source=SOURCE,
            check=lambda f=form: is_la(f),
        )
    yield Step(
        statement=f"x1 ReLU(x1) is x1^2 for x1 > 0, and not O(|x|^{setting.order})",
        source=SOURCE,
        check=lambda: is_nonzero_below(target_of("one_sided"), setting.order),
    )


def gate_is_first_order(spec: GateSpec, size: int) -> bool | None:
    """Value 0 and slope scale u at t = 0 along a ray, u the logit's slope along it."""
    gate = gate_value(spec, size).subs(X1, _T)
    scale = sp.Symbol("scale", real=True) if spec.scale else sp.S.One
    slope = scale * sp.Symbol("u1", real=True)
    return settle(
        [
            is_identity(gate.subs(_T, 0), sp.S.Zero),
            is_identity(sp.diff(gate, _T).subs(_T, 0), slope),
        ]
    )


def tanh_is_below_identity() -> bool:
    """The value at 0, the derivative, and that the derivative is not negative."""
    difference = Z - sp.tanh(Z)
    slope = sp.diff(difference, Z)
    square = sp.tanh(Z) ** 2
    return (
        difference.subs(Z, 0) == 0
        and sp.expand(slope - square) == 0
        and bool(square.is_nonnegative)
        and bool(sp.tanh(_B).is_positive)
    )


def first_order_is_gate_times_value(activation: Activation) -> Iterator[bool | None]:
    """t h(t) s(omega t + b) at t = 0 from the right, for every sign of omega and b."""
    both = pieces(activation.expression)
    if both is None:
        yield None
        return
    right, left = both
    gate = _T * sp.Function("h")(_T)
    for sign, bias in product(_SIGNS, (_B, sp.S.Zero, -_B)):
        side = bias if bias != 0 else sign
        formula: Any = right if side.is_positive else left
        product_ = gate * formula.subs(Z, sign * _OMEGA * _T + bias)
        claimed = sp.Function("h")(0) * (activation(bias) if bias != 0 else sp.S.Zero)
        first = sp.diff(product_, _T).subs(_T, 0).doit()
        yield product_.subs(_T, 0) == 0 and (sp.expand(first - claimed) == 0 or None)


def vanishing_of_products(
    dictionary: tuple[Activation, ...], form: str, order: int
) -> Iterator[bool | None]:
    """The Taylor coefficients below ``order`` of one neuron's terms along a ray are 0."""
    neuron = NEURONS[form]
    if neuron.factors is None:
        yield None
        return
    linear = (ACTIVATIONS["id"],)
    choices = [
        linear if factor.mixture is None else dictionary
        for factor in neuron.factors
        for _ in factor.maps
    ]
    for chosen in product(*choices):
        sides = [pieces(activation.expression) for activation in chosen]
        if None in sides:
            yield None
            continue
        for formulas in product(*({*side} for side in sides if side is not None)):
            factors: list[Any] = [formula.subs(Z, _OMEGA * _T) for formula in formulas]
            values = [factor.subs(_T, 0) for factor in factors]
            # Each mixture brings a gate; each factor that is 0 at 0 is t times an analytic
            # function.
            exponent = len(neuron.mixtures) + sum(value == 0 for value in values)
            yield bool(exponent >= order)


def has_slopes(expression: sp.Expr, *slopes: int) -> bool | None:
    """Whether these are the one-sided derivatives at 0 along e1 and -e1, for d = 1."""
    series = [_taylor(expression, sign, 2) for sign in (1, -1)]
    known = [coefficients[1] for coefficients in series if coefficients is not None]
    return settle(map(is_identity, known, slopes)) if len(known) == 2 else None


def is_nonzero_below(expression: sp.Expr, order: int) -> bool | None:
    """Whether a Taylor coefficient at 0 from the right, below the order, is not 0."""
    coefficients = _taylor(expression, 1, order)
    if coefficients is None:
        return None
    if any(differs(c, sp.S.Zero) for c in coefficients):
        return True
    return None if any(coefficients) else False


def _taylor(expression: sp.Expr, sign: int, count: int) -> tuple[sp.Expr, ...] | None:
    target = Target(name="target", expression=expression, domain=domain_for(1), source=SOURCE)
    return taylor_on_ray(target, (sign,), count)


def has_order(form: str, order: int) -> bool | None:
    """Whether the neuron shows that it is O(|x|^order), without hidden biases."""
    found = vanishing_order(NEURONS[form], bias=False)
    return True if found is not None and order <= found else None


def relu_is_la_with_biases(form: str) -> bool | None:
    """relu on both sides, v = 0 and c = 1."""
    return is_identity(network_expression(*la_network(form, (0, 1))), _relu(X1))


_BIASED = GateSpec(name="tanh", scale=False, bias=True)
_SIGMOID = GateSpec(name="sigmoid", scale=True, bias=False)
# z/tanh(z) for z > 0 and 0 elsewhere: it jumps by 1 at 0. The torch form plays no part.
_STEP = replace(
    _relu,
    name="step",
    title="z/tanh(z) for z > 0",
    expression=sp.Piecewise((Z / sp.tanh(Z), Z > 0), (sp.S.Zero, True)),
)

_MUTATIONS = (
    Mutation(
        name="gate bias on", setting=Setting(gates=(_BIASED,)), counterexample=lifted(_BIASED)
    ),
    Mutation(
        name="sigmoid gates with scale, which are not 0 at 0",
        setting=Setting(gates=(_SIGMOID,)),
        counterexample=lifted(_SIGMOID, "two_sided"),
    ),
    Mutation(
        name="an activation that jumps at 0: z/tanh(z) for z > 0",
        setting=Setting(dictionary=(*SEVEN, _STEP)),
        counterexample=Step(
            statement="ReLU(x1) = tanh(x1) s(x1): width 1, u = 1 for the gate of s, 0 for the rest",
            source="substitution",
            check=lambda: is_identity(sp.tanh(X1) * _STEP(X1), _relu(X1)),
        ),
    ),
    Mutation(
        name="order 4 for Type-II without hidden biases",
        setting=Setting(order=4),
        counterexample=Step(
            statement="tanh(x1) ReLU(x1) x1, a one_sided MoA network, is x1^3 + .. for x1 > 0",
            source="substitution",
            check=lambda: _taylor(sp.tanh(X1) * _relu(X1) * X1, 1, 4) == (0, 0, 0, 1),
        ),
    ),
)

THEOREMS.add(
    "C2",
    Theorem(
        name="C2",
        title="tanh gates without gate bias: LA is not contained in MoA at any width",
        statement="Every MoA network is differentiable at 0, and O(|x|^3) there in Type-II "
        "without hidden biases. So ReLU(x1) (type1, hidden biases on or off, and Type-II with "
        "hidden biases) and x1 ReLU(x1) (Type-II without) are LA of width 1 and MoA of no width.",
        assumptions=(
            "tanh gates, gate bias off, scale on or off",
            "the dictionary contains relu, otherwise any of the seven",
            "every width and d; one output, no output bias",
        ),
        setting=Setting(),
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 2, C2; derived here",
    ),
)
