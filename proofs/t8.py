"""T8: what one vector of gates cannot do along a kink (docs/theory.md, section 8, T8).

Across {x2 = 0} the gradient of a type1 MoA network jumps by a combination of its gates. With tanh
or sigmoid gates that has simple poles: tanh(lambda x1)^2 ReLU(x2) is no such network, of any width
and groups. And it is made of one tanh for each group and kinked activation: n terms
tanh(i lambda x1) ReLU(x2) need n of these. With softmax gates it is K1 exponentials over a
positive function (T8-softmax), K1 the number of kinked activations: 2 cannot make what 3 can.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import settle
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate, GateSpec, is_analytic
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from expressivity.targets.builtin import t5q
from expressivity.targets.target import Target
from proofs import shared_amplitude
from proofs.gate_poles import gate_steps
from proofs.jump_lemma import SEVEN, X1, X2, crossing, positive
from proofs.networks import network
from proofs.t5 import LAMBDA, simple_poles_are_closed, target_steps

SOURCE = "docs/theory.md, section 8, T8"
_relu = ACTIVATIONS["relu"]
_TARGET = replace(t5q(), expression=sp.tanh(LAMBDA * X1) ** 2 * _relu(X2))
_ANALYTIC = (GATES["tanh"], GATES["sigmoid"])


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions of T8 and T8-sum.

    Attributes:
        dictionary: the activations.
        gates: of the class.
        target: of T8, with parameter LAMBDA.
        terms: of T8-sum, how many tanh are added, from the numbers of groups and of kinked
            activations.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    gates: tuple[Gate, ...] = _ANALYTIC
    target: Target = _TARGET
    terms: Callable[[sp.Expr, sp.Expr], sp.Expr] = lambda groups, kinked: groups * kinked + 1


def jump_steps(dictionary: tuple[Activation, ...], gates: tuple[Gate, ...]) -> Iterator[Step]:
    """How a network jumps across {x2 = 0}."""
    yield Step(
        statement="d = 2; for d > 2 restrict to the plane of x1 and x2: a network is one there",
        source=SOURCE,
    )
    yield from shared_amplitude.amplitude_steps(shared_amplitude.Setting(dictionary=dictionary))
    for gate in gates:
        yield Step(
            statement=f"{gate.name} gates are real-analytic",
            source="docs/theory.md, section 1",
            check=lambda g=gate: is_analytic(g, len(dictionary)) or None,
        )
    yield Step(
        statement="so off finitely many points of x2 = 0 a network jumps by J = the sum over "
        "groups g and activations k of A_g kink_k pi_gk(x1, 0), A_g the sum of a_j abs(w_j) over "
        "the neurons of the group whose kink set is x2 = 0",
        source="docs/theory.md, section 6, L2",
    )


def steps(setting: Setting) -> Iterator[Step]:
    """T8 in reading order."""
    yield from jump_steps(setting.dictionary, setting.gates)
    yield from gate_steps(setting.gates, len(setting.dictionary))
    yield Step(
        statement="a linear combination of functions with at most a simple pole at h = 0 has at "
        "most a simple pole there: J continues to a meromorphic function whose poles are simple",
        source=SOURCE,
        check=simple_poles_are_closed,
    )
    yield from target_steps(setting.target)


def sum_steps(setting: Setting) -> Iterator[Step]:
    """T8-sum in reading order."""
    kinked = [s for s in setting.dictionary if s.kink != 0]
    groups = sp.Symbol("G", integer=True, positive=True)
    yield from jump_steps(setting.dictionary, setting.gates)
    for gate in setting.gates:
        yield Step(
            statement=f"{gate.name} gates: g(z) is a constant plus a multiple of tanh(q z), "
            "q > 0, of the gate's own logit: on a line 1 and one tanh(omega t + e), omega > 0, "
            "as tanh is odd; for omega = 0 a constant",
            source="direct computation",
            check=lambda g=gate: is_tanh_of_own_logit(g, len(setting.dictionary)),
        )
    yield from independence_steps()
    yield Step(
        statement=f"{len(kinked)} activations of the dictionary have a kink: with G groups J is "
        f"a combination of 1 and at most {len(kinked)} G functions tanh(omega t + e)",
        source=SOURCE,
    )
    yield Step(
        statement="the target jumps by the sum of tanh(i lambda t), i = 1, .., n: checked for "
        "n = 3, and jumps are linear",
        source="direct computation",
        check=lambda: is_identity(crossing(tanh_sum(3)).slope_jump, _tanhs(3)),
    )
    n = setting.terms(groups, sp.Integer(len(kinked)))
    yield Step(
        statement=f"n = {n} exceeds {len(kinked)} G: one of the n functions is not among those "
        "of J, and its coefficient is 1: the target's jump is no J",
        source=SOURCE,
        check=lambda: positive(sp.expand(n - len(kinked) * groups)),
    )
    yield Step(
        statement="with n groups, one neuron in each, tanh gates without scale and bias, the "
        "target is a MoA network: checked for n = 3",
        source=SOURCE,
        check=lambda: is_identity(grouped(3), tanh_sum(3)),
    )


def independence_steps() -> Iterator[Step]:
    """1 and tanh(omega t + e), omega > 0, for distinct pairs, are linearly independent."""
    yield Step(
        statement="tanh(omega t + e) has its poles at t = (i pi (2 n + 1)/2 - e)/omega: on the "
        "line Re t = -e/omega, simple, with residue 1/omega; the nearest to the real axis is at "
        "distance pi/(2 omega)",
        source="direct computation",
        check=poles_of_tanh,
    )
    yield Step(
        statement="of finitely many with the same e/omega, the largest omega has the nearest "
        "pole, and no other one has a pole there: pi/(2 omega) - pi/(2 (omega + g)) > 0",
        source="direct computation",
        check=nearest_pole_is_owned,
    )
    yield Step(
        statement="so in a combination that is 0 the coefficient of that one is 0, then that of "
        "the next, on every line Re t = const, and in the end that of 1: they are linearly "
        "independent, also on an interval (identity theorem)",
        source="complex analysis",
    )


def is_tanh_of_own_logit(gate: Gate, size: int) -> bool | None:
    """g_k = c + q tanh(z_k) or c + q tanh(z_k/2) for every k; None else."""
    logits = [sp.Symbol(f"h{k}", real=True) for k in range(size)]
    for rate in (1, sp.S.Half):
        tanh = [sp.tanh(rate * h) for h in logits]
        at = dict.fromkeys(logits, sp.S.Zero)
        forms = [gate.expression(logits, k) for k in range(size)]
        constants = [form.subs(at) for form in forms]
        slopes = [sp.diff(f, h).subs(at) / rate for f, h in zip(forms, logits, strict=True)]
        claimed = [c + q * t for c, q, t in zip(constants, slopes, tanh, strict=True)]
        if settle(map(is_identity, forms, claimed)):
            return True
    return None


def poles_of_tanh() -> bool:
    """cosh is 0 at i pi (2 n + 1)/2, with derivative sinh, not 0 there."""
    n = sp.Symbol("n", integer=True)
    omega, shift = sp.Symbol("omega", positive=True), sp.Symbol("e", real=True)
    root = sp.I * sp.pi * (2 * n + 1) / 2
    pole = sp.expand((root - shift) / omega)
    least = sp.expand(sp.im(pole) ** 2 - (sp.pi / (2 * omega)) ** 2)  # n (n + 1) pi^2/omega^2
    return (
        sp.simplify(sp.cosh(root)) == 0
        and sp.simplify(sp.sinh(root) ** 2) == -1
        and sp.diff(sp.cosh(Z), Z) == sp.sinh(Z)
        and sp.re(pole) == -shift / omega
        and sp.expand(least - n * (n + 1) * sp.pi**2 / omega**2) == 0
    )


def nearest_pole_is_owned() -> bool | None:
    """The distance of the nearest pole falls with omega."""
    omega, gap = sp.symbols("omega g", positive=True)
    return positive(sp.factor(sp.pi / (2 * omega) - sp.pi / (2 * (omega + gap))))


def _tanhs(n: int) -> sp.Expr:
    return sp.Add(*[sp.tanh(i * LAMBDA * X1) for i in range(1, n + 1)])


def tanh_sum(n: int) -> sp.Expr:
    """sum_(i = 1..n) tanh(i lambda x1) ReLU(x2)."""
    return sp.Add(*[sp.tanh(i * LAMBDA * X1) * _relu(X2) for i in range(1, n + 1)])


def grouped(n: int, dictionary: tuple[str, ...] = ("relu", "id")) -> sp.Expr:
    """The MoA network with n groups of one neuron ReLU(x2), the gate of relu tanh(i lambda x1)."""
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=n,
        dimension=2,
        groups=n,
        dictionary=dictionary,
        gate=GateSpec(name="tanh", scale=False, bias=False),
    )
    rates = [i * LAMBDA * int(name == "relu") for i in range(1, n + 1) for name in dictionary]
    return network(
        family,
        w=[[0, 1, 0]] * n,
        u0=[[rate, 0, 0] for rate in rates],
        a=[[1] * n],
        scale0=[[1]] * len(rates),
    )


def two_kinked_activations() -> sp.Expr:
    """One neuron at x2 over the seven, two of which can be ReLU."""
    eta = 1 - ACTIVATIONS["leaky_relu"].kink
    rows = {"relu": (1, 1), "leaky_relu": (2, 1 / (1 - eta)), "id": (2, -eta / (1 - eta))}
    chosen = [rows.get(s.name, (0, 0)) for s in SEVEN]
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=1,
        dimension=2,
        gate=GateSpec(name="tanh", bias=False),
    )
    return network(
        family,
        w=[[0, 1, 0]],
        u0=[[rate * LAMBDA, 0, 0] for rate, _ in chosen],
        a=[[1]],
        scale0=[[scale] for _, scale in chosen],
    )


def softmax_network() -> sp.Expr:
    """Two groups of one neuron: 1 times ReLU(x2), and minus 1/cosh(lambda x1)^2 times it."""
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=2,
        dimension=2,
        groups=2,
        dictionary=("relu", "id", "tanh"),
        gate=GateSpec(name="softmax"),
    )
    constant, rate = [[0, 0, 0]] * 3, 2 * LAMBDA
    return network(
        family,
        w=[[0, 1, 0]] * 2,
        u0=[*constant, [0, 0, sp.log(2)], [rate, 0, 0], [-rate, 0, 0]],
        a=[[1, 1]],
        scale0=[[3], [0], [0], [-2], [0], [0]],
    )


SOFTMAX_MEMBER = Step(
    statement="tanh(lambda x1)^2 ReLU(x2) is a softmax MoA network of width 2 with two groups: "
    "1 - 1/cosh(lambda x1)^2, and 1/cosh^2 is 2 g at logits log 2, 2 lambda x1, -2 lambda x1",
    source="substitution",
    check=lambda: is_identity(softmax_network(), _TARGET.expression),
)
# The torch forms play no part in a proof.
_SQUARED = replace(
    GATES["tanh"], name="tanh^2", expression=lambda logits, k: sp.tanh(logits[k]) ** 2
)
_SOFTMAX = (GATES["softmax"],)

_MUTATIONS = (
    Mutation(name="softmax gates", setting=Setting(gates=_SOFTMAX), counterexample=SOFTMAX_MEMBER),
    Mutation(
        name="a gate with a pole of order 2: tanh^2",
        setting=Setting(gates=(_SQUARED,)),
        counterexample=Step(
            statement="the target is g(lambda x1) ReLU(x2), g = tanh^2, all other logits 0",
            source="substitution",
            check=lambda: is_identity(
                _SQUARED.expression([LAMBDA * X1], 0) * _relu(X2), _TARGET.expression
            ),
        ),
    ),
    Mutation(
        name="a simple pole: tanh(lambda x1) ReLU(x2)",
        setting=Setting(target=replace(t5q(), expression=tanh_sum(1))),
        counterexample=Step(
            statement="it is the MoA network of width 1 with one gate tanh(lambda x1)",
            source="substitution",
            check=lambda: is_identity(grouped(1), tanh_sum(1)),
        ),
    ),
)
_RELU_ID = (_relu, ACTIVATIONS["id"])
_SUM_MUTATIONS = (
    Mutation(
        name="one term less: n = G K1, dictionary relu, id",
        setting=Setting(dictionary=_RELU_ID, terms=lambda groups, kinked: groups * kinked),
        counterexample=Step(
            statement="G = 2, K1 = 1: two terms are a MoA network of width 2 with two groups",
            source="substitution",
            check=lambda: is_identity(grouped(2), tanh_sum(2)),
        ),
    ),
    Mutation(
        name="a second kinked activation that is not counted: n = G + 1",
        setting=Setting(terms=lambda groups, kinked: groups + 1),
        counterexample=Step(
            statement="G = 1: with LeakyReLU - eta Id = (1 - eta) ReLU both terms are a network "
            "of width 1: gates tanh(lambda x1) of relu, tanh(2 lambda x1) of leaky_relu and id",
            source="substitution",
            check=lambda: is_identity(two_kinked_activations(), tanh_sum(2)),
        ),
    ),
)

_ASSUMPTIONS = (
    "scale, gate bias and hidden biases on or off; every d >= 2, any width",
    "any dictionary of the seven; one output",
    "an output bias and a residual path change nothing",
)

THEOREMS.add(
    "T8",
    Theorem(
        name="T8",
        title="Amplitudes of type1 MoA have simple poles, tanh and sigmoid gates",
        statement="tanh(lambda x1)^2 ReLU(x2) is no type1 MoA network with tanh or sigmoid gates, "
        "of any width and any groups.",
        assumptions=_ASSUMPTIONS,
        setting=Setting(),
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 8, T8; derived here",
    ),
)
THEOREMS.add(
    "T8-sum",
    Theorem(
        name="T8-sum",
        title="One tanh for each group and kinked activation, type1 MoA, tanh and sigmoid gates",
        statement="The sum of tanh(i lambda x1) ReLU(x2), i = 1, .., G K1 + 1, is no type1 MoA "
        "network with tanh or sigmoid gates and G groups, of any width, K1 the number of kinked "
        "activations (2 of the seven); with tanh gates and G K1 + 1 groups it is one.",
        assumptions=_ASSUMPTIONS,
        setting=Setting(),
        steps=sum_steps,
        mutations=_SUM_MUTATIONS,
        source="docs/theory.md, section 8, T8; derived here",
    ),
)
