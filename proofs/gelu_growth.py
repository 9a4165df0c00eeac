"""C1b: positive gates without scale, every width: LA is not contained in MoA (docs/theory.md, 2).

Gates sigmoid or softmax, scale off, gate bias on or off; type1 and one_sided, hidden biases on or
off, every d, a dictionary with relu and gelu. Of all parts of a network only the mixture of gelu
can grow with order 2; it has to cancel, and where it does all kinks at 0 cancel too.
"""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.generic_neuron import NORMAL
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import network_expression
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from proofs.constant_gates import X1, gate_value, is_la, lifted, title_of, words
from proofs.growth_order import (
    activation_has_order_at_most_one,
    has_order_at_most_one,
    is_gelu,
    ray_steps,
)
from proofs.inclusions import generic
from proofs.jump_lemma import kink_times_size
from proofs.positive_gates import (
    BIASED_TANH,
    SCALED,
    TWO_NEURONS,
    UNSCALED_IN_WORDS,
    Setting,
    gate_steps,
    is_relu_times,
    named,
)
from proofs.vanishing_gates import relu_is_la_with_biases

SOURCE = "docs/theory.md, section 2, C1 (b)"
_relu = ACTIVATIONS["relu"]
_V, _C = sp.symbols("v c", real=True)
GATED: sp.Expr = sp.Function("pi")(NORMAL) * (_V * NORMAL + _C)


def steps(setting: Setting) -> Iterator[Step]:
    """C1b in reading order."""
    yield from target_steps(setting)
    yield from gate_steps(setting)
    yield from order_steps(setting)
    yield from ray_steps()
    yield Step(
        statement="so if some q_(c,b) were not 0, the pair that grows most among these would make "
        "F_gelu outgrow exp(r^(3/2)) on the ray: all q_(c,b) are 0",
        source=SOURCE,
    )
    yield from kink_steps(setting)


def target_steps(setting: Setting) -> Iterator[Step]:
    """The targets, and what they are compared with."""
    yield Step(
        statement="ReLU(x1) is an LA network of width 1, as the dictionary contains relu: type1 "
        "with hidden biases on or off, and, with v = 0 and c = 1, one_sided with hidden biases on",
        source=SOURCE,
        check=lambda: is_la("type1", setting.dictionary) and relu_is_la_with_biases("one_sided"),
    )
    yield Step(
        statement=f"{title_of('one_sided')} is a one_sided LA network of width 1 without hidden "
        "biases",
        source=SOURCE,
        check=lambda: is_la("one_sided", setting.dictionary),
    )
    yield Step(
        statement="restricted to the x1 axis a network is one with d = 1, hidden and gate biases "
        "on or off alike: take d = 1, x = x1",
        source=SOURCE,
    )
    yield Step(
        statement="without hidden biases a one_sided network is x times the type1 network with "
        "output weights a_j v_j: were it x ReLU(x), the latter would be ReLU(x)",
        source=SOURCE,
        check=unbiased_is_x_times_type1,
    )
    yield Step(
        statement="left is: no network sum_k pi_k(x) F_k(x), F_k = sum_j a_j s_k(w_j x + b_j) "
        "p_j(x), is ReLU(x) near 0, where p_j is 1 (type1) or v_j x + c_j (one_sided)",
        source=SOURCE,
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
        statement="one activation of the dictionary is s(z) = z/2 + (z/2) erf(z/sqrt(2)), whose "
        "second term is the same at -z: it is gelu",
        source=SOURCE,
        check=lambda: any(is_gelu(s) for s in setting.dictionary),
    )
    for s in setting.dictionary:
        if is_gelu(s):
            continue
        yield Step(
            statement=f"{s.name}(w x + b), for both signs of w, continues from a cell without "
            "its kink to a rational function of x and exponentials: meromorphic of order at most 1",
            source="Hayman, Meromorphic Functions, 1964",
            check=lambda s=s: activation_has_order_at_most_one(s),
        )
    yield Step(
        statement="if x = sum_k pi_k F_k on a cell 0 < x < delta without kinks, then F_gelu = "
        "(x - sum over the other k of pi_k F_k)/pi_gelu: sums, products and quotients by "
        "functions that are not 0 keep order at most 1, so the entire F_gelu has it",
        source="Hayman, Meromorphic Functions, 1964",
    )
    yield Step(
        statement="F_gelu is a polynomial plus the sum of q_(c,b)(x) (z/2) erf(z/sqrt(2)), "
        "z = c x + b, over the distinct pairs c = abs(w_j) > 0, b = sign(w_j) b_j, where q_(c,b) "
        "is the sum of a_j p_j over the neurons of the pair",
        source=SOURCE,
    )


def kink_steps(setting: Setting) -> Iterator[Step]:
    """What has no part of order 2 has no kink at 0."""
    for s in setting.dictionary:
        yield Step(
            statement=f"pi(x) {s.name}(w x + b) (v x + c), pi any C^1 gate: continuous at 0, and "
            "the derivative jumps there by pi(0) c kink abs(w) if b = 0, w != 0, for both signs "
            "of w, else not at all",
            source=SOURCE,
            check=lambda s=s: kink_times_size(s, GATED),
        )
    yield Step(
        statement="the network's derivative thus jumps at 0 by sum_k pi_k(0) kink_k times the "
        "sum of abs(w_j) a_j p_j(0) over the neurons with b_j = 0, which is the sum of "
        "c q_(c,0)(0) over the pairs (c, 0): by 0; that of ReLU jumps by 1",
        source=SOURCE,
        check=lambda: kink_times_size(_relu, sp.S.One),
    )


def unbiased_is_x_times_type1() -> bool:
    """At width 2, with a symbol for every weight: sigmoid gates over relu and gelu."""
    type1 = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=2,
        dimension=1,
        dictionary=("relu", "gelu"),
        gate=GateSpec(name="sigmoid", bias=False),
        bias=False,
    )
    w, v, a, u = (sp.symbols(f"{name}1:3", real=True) for name in "wvau")
    rows = {"w": [w[0], 0, w[1], 0], "u0": [u[0], 0, u[1], 0]}
    seconds = [v[0], 0, v[1], 0]
    one_sided = replace(type1, neuron="one_sided")
    left = network_expression(one_sided, generic(one_sided, **rows, v=seconds, a=a))
    products = [weight * slope for weight, slope in zip(a, v, strict=True)]
    right = network_expression(type1, generic(type1, **rows, a=products))
    return sp.expand(left - X1 * right) == 0


# The torch form plays no part in a proof.
_REST = replace(
    ACTIVATIONS["gelu"],
    name="relu-gelu",
    title="ReLU - GELU",
    expression=_relu.expression - ACTIVATIONS["gelu"].expression,
    kink=sp.Integer(1),
)

_MUTATIONS = (
    Mutation(
        name="a dictionary without gelu: relu, id",
        setting=Setting(dictionary=named("relu", "id")),
        counterexample=TWO_NEURONS,
    ),
    Mutation(
        name="a second activation of order 2: relu - gelu",
        setting=Setting(dictionary=(*named("relu", "gelu"), _REST)),
        counterexample=Step(
            statement="ReLU(x1) is the sum of s_k(x1)/2 over relu, gelu, relu - gelu: width 1, "
            "sigmoid gates with u = 0",
            source="substitution",
            check=lambda: is_relu_times(*named("relu", "gelu"), _REST, sigmoid=sp.S.One),
        ),
    ),
    Mutation(name="scale on", setting=Setting(gates=(SCALED,)), counterexample=lifted(SCALED)),
    Mutation(
        name="tanh gates with bias, of which gelu's may be 0",
        setting=Setting(gates=(BIASED_TANH,)),
        counterexample=lifted(BIASED_TANH, "one_sided"),
    ),
)

THEOREMS.add(
    "C1b",
    Theorem(
        name="C1b",
        title="Unscaled positive gates: LA is not contained in MoA at any width",
        statement="ReLU(x1), an LA network of width 1, is no MoA network of any finite width, for "
        "every d: type1, hidden biases on or off, and one_sided, hidden biases on; nor is "
        "x1 ReLU(x1), LA of width 1, one_sided with hidden biases off. Not even near 0.",
        assumptions=(
            UNSCALED_IN_WORDS,
            "hidden biases on or off; one output, no output bias",
            "the dictionary contains relu and gelu, and otherwise any of the seven",
        ),
        setting=Setting(),
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 2, C1 (b); derived here",
    ),
)
