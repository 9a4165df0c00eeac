"""C1: with positive gates and no scale, LA is not contained in MoA (docs/theory.md, section 2).

Gates sigmoid or softmax, scale off, gate bias on or off.

C1a, width 1, every d and form, hidden biases on or off, over the seven or any dictionary with
relu whose activations have the sign of their argument, or are 0, but on each side not all of
them: ReLU(x1) (type1) and x1 ReLU(x1) (Type-II) are LA networks and no MoA networks, as a neuron
has the sign of its arguments.

C1b, which holds at every width, is in gelu_growth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import settle
from expressivity.classes.gates import GATES, GateSpec
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
        width: number of neurons of C1a; C1b (gelu_growth) holds for all.
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


def is_zero_on_the_left_only(target: sp.Expr) -> bool:
    """The target is 0 at -p, and positive at p, for symbolic p > 0."""
    p = sp.Symbol("p", positive=True)
    return target.subs(X1, -p) == 0 and bool(target.subs(X1, p).is_positive)


def named(*names: str) -> tuple[Activation, ...]:
    """The activations of these names."""
    return tuple(ACTIVATIONS[name] for name in names)


SCALED = GateSpec(name="sigmoid", scale=True, bias=False)
BIASED_TANH = GateSpec(name="tanh", scale=False, bias=True)
TWO_NEURONS = with_equal_gates(
    "ReLU(x1) = (4/3) (ReLU(x1) + x1)/2 + (2/3) (ReLU(-x1) - x1)/2",
    ("relu", "id"),
    ((sp.Rational(4, 3), 1), (sp.Rational(2, 3), -1)),
)
# The torch form plays no part in a proof.
_MINUS_ID = replace(ACTIVATIONS["id"], name="-id", title="-Id", expression=-Z)


def is_relu_times(*activations: Activation, **factors: sp.Expr) -> bool | None:
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
        setting=Setting(gates=(SCALED,)),
        counterexample=lifted(SCALED, "quadratic"),
    ),
    Mutation(
        name="tanh gates with bias, which take both signs",
        setting=Setting(gates=(BIASED_TANH,)),
        counterexample=lifted(BIASED_TANH),
    ),
    Mutation(
        name="a dictionary with relu alone",
        setting=Setting(dictionary=named("relu")),
        counterexample=with_equal_gates("ReLU(x1) = 2 sigmoid(0) ReLU(x1)", ("relu",), ((2, 1),)),
    ),
    Mutation(
        name="width 2, dictionary relu, id",
        setting=Setting(dictionary=named("relu", "id"), width=2),
        counterexample=TWO_NEURONS,
    ),
    Mutation(
        name="an activation with the sign of -z: relu, id, -id",
        setting=Setting(dictionary=(*named("relu", "id"), _MINUS_ID)),
        counterexample=Step(
            statement="with u = 0 the MoA network of width 1 over relu, id, -id is ReLU(x1)/2 "
            "(sigmoid) and ReLU(x1)/3 (softmax), times a",
            source="substitution",
            check=lambda: is_relu_times(
                *named("relu", "id"),
                _MINUS_ID,
                sigmoid=sp.Rational(1, 2),
                softmax=sp.Rational(1, 3),
            ),
        ),
    ),
)

UNSCALED_IN_WORDS = "sigmoid or softmax gates without scale, gate bias on or off"

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
            UNSCALED_IN_WORDS,
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
