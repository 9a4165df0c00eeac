"""C1: with positive gates and no scale, LA is not contained in MoA (docs/theory.md, section 2).

Gates sigmoid or softmax, scale off, gate bias on or off.

C1a, width 1, every d and form, hidden biases on or off, over the seven or any dictionary with
relu whose activations have the sign of their argument, or are 0, but on each side not all of
them: ReLU(x1) (type1) and x1 ReLU(x1) (Type-II) are LA networks and no MoA networks, as a neuron
has the sign of its arguments.

C1b, every width and d, type1, hidden biases off, a dictionary with relu and gelu: ReLU(x1) is no
MoA network, since gelu grows with order 2 on the imaginary axis unless all kinks cancel.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import settle
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.generic_neuron import NORMAL, SLOPE, neuron_jumps
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.membership.obstructions.sign_definite import vanishes_with_an_argument_only
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from proofs.constant_gates import (
    SEVEN,
    X1,
    gate_value,
    is_la,
    lifted,
    target_of,
    title_of,
    with_equal_gates,
    words,
)
from proofs.growth_order import (
    activation_has_order_at_most_one,
    has_order_at_most_one,
    imaginary_axis_steps,
    is_gelu,
)
from proofs.hypotheses import has_sign_of_argument

SOURCE = "docs/theory.md, section 2, C1"
UNSCALED = tuple(
    GateSpec(name=name, scale=False, bias=bias)
    for name in ("sigmoid", "softmax")
    for bias in (False, True)
)
_relu = ACTIVATIONS["relu"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations.
        gates: the gates with their switches.
        width: number of neurons of C1a; C1b holds for all.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    gates: tuple[GateSpec, ...] = UNSCALED
    width: int = 1


def sign_steps(setting: Setting) -> Iterator[Step]:
    """C1a in reading order."""
    for form in FORMS:
        yield Step(
            statement=f"{form}: the target {title_of(form)} is an LA network of width 1, as the "
            "dictionary contains relu",
            source=SOURCE,
            check=lambda f=form: is_la(f, setting.dictionary),
        )
    yield Step(
        statement="every activation has the sign of its argument, or is 0",
        source="docs/theory.md, section 1",
        check=lambda: settle(has_sign_of_argument(s) for s in setting.dictionary),
    )
    yield from gate_steps(setting)
    for form in FORMS:
        yield Step(
            statement=f"{form}, width {setting.width}: positive gates, activations with the sign "
            "of their argument, on each side one that is not 0: the network is not 0 where no "
            "affine argument is 0, in every combination of signs",
            source=SOURCE,
            check=lambda f=form: is_sign_definite(setting, f),
        )
    yield Step(
        statement="the target is 0 for x1 < 0, and not 0 for x1 > 0",
        source=SOURCE,
        check=lambda: all(is_zero_on_the_left_only(target_of(form)) for form in FORMS),
    )
    yield Step(
        statement="if a network with a != 0 is the target, the product of its affine arguments "
        "is 0 on the open set x1 < 0; polynomials have no zero divisors, so one argument is 0 "
        "everywhere; activations are 0 at 0, so the network is 0 everywhere: contradiction",
        source=SOURCE,
    )
    yield Step(
        statement="every activation is 0 at 0",
        source="docs/theory.md, section 1",
        check=lambda: settle(is_identity(s(sp.S.Zero), sp.S.Zero) for s in setting.dictionary),
    )


def gate_steps(setting: Setting) -> Iterator[Step]:
    """The gates are positive."""
    for spec in setting.gates:
        yield Step(
            statement=f"{words(spec)}: every gate is positive, at all real logits",
            source="docs/theory.md, section 1",
            check=lambda g=spec: is_positive(g, len(setting.dictionary)),
        )


def is_positive(spec: GateSpec, size: int) -> bool | None:
    """Whether gates of the dictionary, and of its pairs (quadratic), are positive.

    False where one is not with the logits' slopes and biases, and the scale, all 0 or all -1.
    """
    values = [gate_value(spec, n) for n in (size, size**2)]
    if all(value.is_positive for value in values):
        return True
    points = [dict.fromkeys(v.free_symbols, number) for v in values for number in (0, -1)]
    return False if any(v.subs(p).is_nonpositive for v in values for p in points) else None


def is_sign_definite(setting: Setting, form: str) -> bool | None:
    """Whether a network is 0 only where an affine argument is.

    False where equal neurons with equal gates, output weights 1, .., 1, 1 - width (1 at width 1)
    and arguments 1 or -1, cancel.
    """
    if vanishes_with_an_argument_only(setting.dictionary, NEURONS[form], setting.width):
        return True
    factors = NEURONS[form].factors
    if factors is None:
        return None
    outer = [1] if setting.width == 1 else [*[1] * (setting.width - 1), 1 - setting.width]
    mixtures = {z: sp.Add(*[s(sp.Integer(z)) for s in setting.dictionary]) for z in (1, -1)}
    values = [
        mixtures.values() if factor.mixture is not None else (sp.S.One, sp.S.NegativeOne)
        for factor in factors
        for _ in factor.maps
    ]
    neurons = [sp.Mul(*chosen) for chosen in product(*values)]
    vanishing = (is_identity(sum(outer) * neuron, sp.S.Zero) for neuron in neurons)
    return False if any(vanishing) else None


def growth_steps(setting: Setting) -> Iterator[Step]:
    """C1b in reading order."""
    yield Step(
        statement="ReLU(x1) is an LA network of width 1, as the dictionary contains relu",
        source=SOURCE,
        check=lambda: is_la("type1", setting.dictionary),
    )
    yield Step(
        statement="restricted to the x1 axis a network is one with d = 1: take d = 1, x = x1",
        source=SOURCE,
    )
    yield from gate_steps(setting)
    yield from order_steps(setting)
    yield Step(
        statement="F_gelu = A x/2 + (x/2) sum_c q_c erf(c x/sqrt(2)), over the distinct values c "
        "of abs(w_j), q_c the sum of a_j abs(w_j) over abs(w_j) = c",
        source=SOURCE,
    )
    yield from imaginary_axis_steps()
    yield Step(
        statement="so if some q_c != 0, the largest such c makes F_gelu(iy) grow like "
        "exp(c^2 y^2/2): order 2. Hence all q_c = 0, and sum_j a_j abs(w_j) = sum_c q_c = 0",
        source=SOURCE,
    )
    for s in setting.dictionary:
        yield Step(
            statement=f"pi(x) {s.name}(w x), pi any C^1 gate: continuous, and the derivative jumps "
            "at 0 by pi(0) kink abs(w), for both signs of w",
            source=SOURCE,
            check=lambda s=s: kink_times_size(s),
        )
    yield Step(
        statement="the network's derivative thus jumps at 0 by sum_k pi_k(0) kink_k times "
        "sum_j a_j abs(w_j) = 0 (neurons with w_j = 0 are 0); that of the target by 1",
        source=SOURCE,
        check=lambda: kink_times_size(_relu, sp.S.One),
    )


def order_steps(setting: Setting) -> Iterator[Step]:
    """All but the mixture of gelu continues to functions of order at most 1."""
    for spec in setting.gates:
        yield Step(
            statement=f"{words(spec)}: in x each gate is a quotient of exponential sums, hence "
            "of order at most 1",
            source="Hayman, Meromorphic Functions, 1964",
            check=lambda g=spec: has_order_at_most_one(gate_value(g, len(setting.dictionary))),
        )
    yield Step(
        statement="one activation of the dictionary has, for both signs of w, s(w x) = "
        "w x/2 + abs(w) (x/2) erf(abs(w) x/sqrt(2)): it is gelu",
        source=SOURCE,
        check=lambda: any(is_gelu(s) for s in setting.dictionary),
    )
    for s in setting.dictionary:
        if is_gelu(s):
            continue
        yield Step(
            statement=f"{s.name}(w x), for both signs of w, continues from x > 0 to a rational "
            "function of x and exponentials: meromorphic of order at most 1",
            source="Hayman, Meromorphic Functions, 1964",
            check=lambda s=s: activation_has_order_at_most_one(s),
        )
    yield Step(
        statement="if x = sum_k pi_k(x) F_k(x) on x > 0, F_k = sum_j a_j s_k(w_j x), then "
        "F_gelu = (x - sum over the other k of pi_k F_k)/pi_gelu: sums, products and quotients "
        "by functions that are not 0 keep order at most 1, so the entire F_gelu has it",
        source="Hayman, Meromorphic Functions, 1964",
    )


def kink_times_size(activation: Activation, gate: sp.Expr | None = None) -> bool | None:
    """The jump at 0 of (pi(x) s(w x))' is pi(0) kink abs(w), and the value does not jump."""
    factor = sp.Function("pi")(NORMAL) if gate is None else gate
    jumps = neuron_jumps(activation.expression, factor)
    if jumps is None:
        return None
    claimed = factor.subs(NORMAL, 0) * activation.kink * SLOPE
    on_kink = [jump for jump in jumps if jump.slope is not None]
    values = [sp.expand(jump.value) for jump in on_kink]
    errors = [sp.expand(jump.gradient - claimed) for jump in on_kink]
    return True if not any([*values, *errors]) else None


def is_zero_on_the_left_only(target: sp.Expr) -> bool:
    """The target is 0 at -p, and positive at p, for symbolic p > 0."""
    p = sp.Symbol("p", positive=True)
    return target.subs(X1, -p) == 0 and bool(target.subs(X1, p).is_positive)


def _named(*names: str) -> tuple[Activation, ...]:
    return tuple(ACTIVATIONS[name] for name in names)


_SCALED = GateSpec(name="sigmoid", scale=True, bias=False)
_BIASED_TANH = GateSpec(name="tanh", scale=False, bias=True)
_TWO_NEURONS = with_equal_gates(
    "ReLU(x1) = (4/3) (ReLU(x1) + x1)/2 + (2/3) (ReLU(-x1) - x1)/2",
    ("relu", "id"),
    ((sp.Rational(4, 3), 1), (sp.Rational(2, 3), -1)),
)
# The torch forms play no part in a proof.
_REST = replace(
    ACTIVATIONS["gelu"],
    name="relu-gelu",
    title="ReLU - GELU",
    expression=_relu.expression - ACTIVATIONS["gelu"].expression,
    kink=sp.Integer(1),
)
_MINUS_ID = replace(ACTIVATIONS["id"], name="-id", title="-Id", expression=-Z)


def _is_relu_times(*activations: Activation, **factors: sp.Expr) -> bool | None:
    """Whether sum_k g_k s_k(x1) with logits 0 is ReLU(x1) times the factor of each gate g."""
    logits = [sp.S.Zero] * len(activations)
    claims: list[bool | None] = []
    for name, factor in factors.items():
        gates = [GATES[name].expression(logits, k) for k in range(len(activations))]
        network = sp.Add(*[g * s(X1) for g, s in zip(gates, activations, strict=True)])
        claims.append(is_identity(network, factor * _relu(X1)))
    return settle(claims)


_SIGN_MUTATIONS = (
    Mutation(
        name="scale on",
        setting=Setting(gates=(_SCALED,)),
        counterexample=lifted(_SCALED, "quadratic"),
    ),
    Mutation(
        name="tanh gates with bias, which take both signs",
        setting=Setting(gates=(_BIASED_TANH,)),
        counterexample=lifted(_BIASED_TANH),
    ),
    Mutation(
        name="a dictionary with relu alone",
        setting=Setting(dictionary=_named("relu")),
        counterexample=with_equal_gates("ReLU(x1) = 2 sigmoid(0) ReLU(x1)", ("relu",), ((2, 1),)),
    ),
    Mutation(
        name="width 2, dictionary relu, id",
        setting=Setting(dictionary=_named("relu", "id"), width=2),
        counterexample=_TWO_NEURONS,
    ),
    Mutation(
        name="an activation with the sign of -z: relu, id, -id",
        setting=Setting(dictionary=(*_named("relu", "id"), _MINUS_ID)),
        counterexample=Step(
            statement="with u = 0 the MoA network of width 1 over relu, id, -id is ReLU(x1)/2 "
            "(sigmoid) and ReLU(x1)/3 (softmax), times a",
            source="substitution",
            check=lambda: _is_relu_times(
                *_named("relu", "id"),
                _MINUS_ID,
                sigmoid=sp.Rational(1, 2),
                softmax=sp.Rational(1, 3),
            ),
        ),
    ),
)

_GROWTH_MUTATIONS = (
    Mutation(
        name="a dictionary without gelu: relu, id",
        setting=Setting(dictionary=_named("relu", "id")),
        counterexample=_TWO_NEURONS,
    ),
    Mutation(
        name="a second activation of order 2: relu - gelu",
        setting=Setting(dictionary=(*_named("relu", "gelu"), _REST)),
        counterexample=Step(
            statement="ReLU(x1) is the sum of s_k(x1)/2 over relu, gelu, relu - gelu: width 1, "
            "sigmoid gates with u = 0",
            source="substitution",
            check=lambda: _is_relu_times(*_named("relu", "gelu"), _REST, sigmoid=sp.S.One),
        ),
    ),
    Mutation(name="scale on", setting=Setting(gates=(_SCALED,)), counterexample=lifted(_SCALED)),
)

_GATES = "sigmoid or softmax gates without scale, gate bias on or off"

THEOREMS.add(
    "C1a",
    Theorem(
        name="C1a",
        title="Unscaled positive gates: LA is not contained in MoA at width 1",
        statement="ReLU(x1) in type1 and x1 ReLU(x1) in the other three forms are LA networks of "
        "width 1 and no MoA networks of width 1, for every d, hidden biases on or off: over the "
        "seven, and over every dictionary with relu in which each activation s has s(0) = 0 and "
        "z s(z) >= 0 for all z, and for either sign of z one activation is 0 at no such z.",
        assumptions=(
            _GATES,
            "the dictionary is as stated; the steps check that for all seven",
            "width 1; nothing is said about larger widths",
            "one output, no output bias",
        ),
        setting=Setting(),
        steps=sign_steps,
        mutations=_SIGN_MUTATIONS,
        source="docs/theory.md, section 2, C1 (a); derived here",
    ),
)
THEOREMS.add(
    "C1b",
    Theorem(
        name="C1b",
        title="Unscaled positive gates, no hidden biases: LA is not contained in MoA at any width",
        statement="ReLU(x1), an LA network of width 1, is no type1 MoA network of any finite "
        "width, for every d.",
        assumptions=(
            _GATES,
            "hidden biases off; one output, no output bias",
            "the dictionary contains relu and gelu, and otherwise any of the seven",
        ),
        setting=Setting(),
        steps=growth_steps,
        mutations=_GROWTH_MUTATIONS,
        source="docs/theory.md, section 2, C1 (b); derived here",
    ),
)
