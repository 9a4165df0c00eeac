"""T6: MoA is not closed under sums; more groups reach more (docs/theory.md, section 7, T6).

t6(x) = g(lambda x3) ReLU(x1) + g(2 lambda x3) ReLU(x2), d = 3, lambda > 0, is a type1 MoA network
with two groups of one neuron each, and no type1 MoA network with one group, of any width and under
any C^1 gates. In the same way a sum of G + 1 terms g(i lambda x3) ReLU(n_i.(x1, x2)), i = 1, ..,
G + 1, n_i pairwise not parallel, takes G + 1 groups.

With tanh gates g = tanh; with sigmoid and softmax gates g is the gate of ReLU while the other
logits are 0, and the scales of the others are 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from proofs import pencil, shared_amplitude
from proofs.gated_separation import LAMBDA, RELU, K, one_hot
from proofs.networks import Network, network, with_rows
from proofs.pencil import X1, X2, X3, Plane

SOURCE = "docs/theory.md, section 7, T6"
_NORMALS = ((1, 0), (0, 1), (1, 1), (1, -1))
_relu = ACTIVATIONS["relu"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        gate: the gate; scale and bias are on.
        rates: over lambda, of the terms: the logit of the term i is rates[i] lambda x3.
        constant: what is added to every logit.
        normals: of the terms, in the plane of x1 and x2.
        groups: of the smaller class.
    """

    gate: str
    rates: tuple[int, ...]
    constant: sp.Expr = sp.S.Zero
    normals: tuple[tuple[int, int], ...] = field(default=_NORMALS)
    groups: int

    @property
    def profiles(self) -> tuple[sp.Expr, ...]:
        """The gate of ReLU in every term, a function of x3."""
        return tuple(profile(self.gate, r * LAMBDA * X3 + self.constant) for r in self.rates)

    @property
    def pencil(self) -> pencil.Setting:
        """The target with its planes, and the network of as many groups as terms."""
        terms = list(zip(self.normals, self.profiles, strict=False))
        levels = [n * X1 + m * X2 for (n, m), _ in terms]
        return pencil.Setting(
            target=sp.Add(*[p * _relu(z) for z, (_, p) in zip(levels, terms, strict=True)]),
            planes=tuple(
                Plane(level=z, jump=sp.sqrt(n**2 + m**2) * p)
                for z, ((n, m), p) in zip(levels, terms, strict=True)
            ),
            network=_groups_of_one(self),
            groups=self.groups,
        )


def profile(gate: str, logit: sp.Expr) -> sp.Expr:
    """The gate of ReLU, while the other six logits are 0."""
    return GATES[gate].expression([logit] + [sp.S.Zero] * (K - 1), 0)


def _groups_of_one(setting: Setting) -> Network:
    """The MoA network of the program with a neuron for each term, each its own group."""
    count = len(setting.rates)
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=count,
        dimension=3,
        gate=GateSpec(name=setting.gate),
        groups=count,
    )
    zero = [sp.S.Zero] * 4
    rows = [
        [sp.S.Zero, sp.S.Zero, rate * LAMBDA, setting.constant] if k == RELU else zero
        for rate in setting.rates
        for k in range(K)
    ]
    return with_rows(
        family,
        w=[[n, m, 0, 0] for n, m in setting.normals[:count]],
        u0=rows,
        a=[[1] * count],
        scale0=[[s] for _ in setting.rates for s in one_hot(RELU)],
    )


def steps(settings: tuple[Setting, ...]) -> Iterator[Step]:
    """The proof in reading order: the lemma, the target for some numbers of groups, and any."""
    yield from shared_amplitude.amplitude_steps(settings[0].pencil.lemma)
    for setting in settings:
        count = len(setting.rates)
        larger = f"type1 {setting.gate} MoA with {count} groups of one neuron each"
        yield pencil.member_step(setting.pencil, larger, SOURCE)
        yield from pencil.plane_steps(setting.pencil, SOURCE)
        yield Step(
            statement="the logits are rates times lambda x3, and the rates, "
            f"{', '.join(map(str, setting.rates))}, are positive and differ",
            source=SOURCE,
            check=lambda s=setting: (
                s.constant == 0 and min(s.rates) > 0 and len(set(s.rates)) == len(s.rates)
            ),
        )
    yield from independence_steps(settings[0].gate)
    yield Step(
        statement="the same for any number of groups: lines of so many directions, one rate each",
        source=SOURCE,
    )


def independence_steps(gate: str) -> Iterator[Step]:
    """That g(i lambda t), i = 1, 2, .., are linearly independent on every interval."""
    yield Step(
        statement="with X = exp(lambda t): g(i lambda t) = g_0 + X^(q i) h(X^i), q >= 1, for a "
        "number g_0 and a rational function h with h(0) != 0 and no pole at X >= 0",
        source=SOURCE,
        check=lambda: has_leading_power(gate),
    )
    yield Step(
        statement="for i < j the quotient X^(q j)/X^(q i) = X^(q (j - i)) tends to 0 with X",
        source=SOURCE,
        check=higher_powers_vanish,
    )
    yield Step(
        statement="let sum_i c_i g(i lambda t) = 0 on an interval, hence for all t, as it is "
        "real-analytic. As X tends to 0, g_0 sum_i c_i = 0; subtract that, divide by X^(q i) for "
        "the least i with c_i != 0, and let X tend to 0: c_i h(0) = 0. So every c_i is 0",
        source=SOURCE,
    )


def has_leading_power(gate: str) -> bool | None:
    """The form g_0 + X^q h(X) of the gate at the logit log X."""
    x, s = sp.Symbol("X", positive=True), sp.Symbol("s", real=True)
    value: Any = sp.cancel(profile(gate, sp.log(x)).rewrite(sp.exp))
    g_0 = value.subs(x, 0)
    numerator, denominator = sp.fraction(sp.cancel(value - g_0))
    q = min(power for (power,) in sp.Poly(numerator, x).monoms())
    above = sp.Poly(sp.cancel(numerator / x**q), x)
    below = sp.Poly(denominator, x)
    # Coefficients of one sign, and a constant term: no root at X >= 0.
    no_pole = below.eval(0) != 0 and len({sp.sign(c) for c in below.coeffs()}) == 1
    if not (q >= 1 and above.eval(0) != 0 and no_pole):
        return False
    return is_identity(value.subs(x, sp.exp(s)), profile(gate, s))


def higher_powers_vanish() -> bool:
    """q j - q i is positive for j = i + k, and a positive power of 0 is 0."""
    q, i, k = sp.symbols("q i k", positive=True, integer=True)
    power = sp.expand(q * (i + k) - q * i)
    return power.is_positive is True and sp.S.Zero**power == 0


def _one_group(setting: Setting, rows: dict[str, Any], weights: list[sp.Expr]) -> sp.Expr:
    """The MoA network of one group with a neuron for each weight, and gates by activation.

    Args:
        setting: whose gate, normals and constant it has.
        rows: activation to (rate of its logit, its scale); the others have scale 0.
        weights: output weights.
    """
    count, names = len(weights), FULL_DICTIONARY
    family = Family(
        kind=Kind.MOA, neuron="type1", width=count, dimension=3, gate=GateSpec(name=setting.gate)
    )
    scaled = [rows.get(name, (0, 0)) for name in names]
    return network(
        family,
        w=[[n, m, 0, 0] for n, m in setting.normals[:count]],
        u0=[[0, 0, rate * LAMBDA, setting.constant if scale else 0] for rate, scale in scaled],
        a=[weights],
        scale0=[[scale] for _, scale in scaled],
    )


def _mutations(settings: tuple[Setting, ...]) -> Iterator[Mutation]:
    two = settings[0]
    equal = replace(two, rates=(1, 1))
    yield Mutation(
        name="one rate for both terms",
        setting=(equal,),
        counterexample=shared_amplitude.equality(
            "g(lambda x3) (ReLU(x1) + ReLU(x2)) is MoA of width 2 with one group",
            equal.pencil.target,
            _one_group(equal, {"relu": (1, 1)}, [sp.S.One, sp.S.One]),
        ),
    )
    more = replace(two, groups=2)
    yield Mutation(
        name="two groups in the smaller class",
        setting=(more,),
        counterexample=shared_amplitude.equality(
            "it is a network with two groups", more.pencil.target, more.pencil.network.expression
        ),
    )
    constant = replace(two, rates=(0, 0), constant=sp.S.One)
    values = [profile(two.gate, sp.S.One)] * 2
    yield Mutation(
        name="constant gates: logits 1",
        setting=(constant,),
        counterexample=shared_amplitude.equality(
            "the sum is g(1) (ReLU(x1) + ReLU(x2)): fixed, up to the output weights",
            constant.pencil.target,
            sp.Add(*[v * _relu(x) for v, x in zip(values, (X1, X2), strict=True)]),
        ),
    )
    if two.gate != "softmax":  # each gate has a logit of its own
        parallel = replace(two, normals=((1, 0), (1, 0)))
        share = 1 / ACTIVATIONS["leaky_relu"].kink
        rows = {"relu": (1, 1), "leaky_relu": (2, share), "id": (2, 1 - share)}
        yield Mutation(
            name="both terms on one plane",
            setting=(parallel,),
            counterexample=shared_amplitude.equality(
                "as ReLU is a combination of LeakyReLU and Id, (g(lambda x3) + g(2 lambda x3)) "
                "ReLU(x1) is MoA of width 1 with one group",
                parallel.pencil.target,
                _one_group(parallel, rows, [sp.S.One]),
            ),
        )


TITLES = {"tanh": "T6", "sigmoid": "T6-sigmoid", "softmax": "T6-softmax"}

for _gate, _name in TITLES.items():
    _settings = tuple(
        Setting(gate=_gate, rates=tuple(range(1, groups + 2)), groups=groups)
        for groups in (1, 2, 3)
    )
    THEOREMS.add(
        _name,
        Theorem(
            name=_name,
            title=f"MoA with more groups reaches more, type1, {_gate} gates",
            statement="t6(x) = g(lambda x3) ReLU(x1) + g(2 lambda x3) ReLU(x2) is type1 MoA with "
            f"two groups, width 2 and {_gate} gates, and no type1 MoA network with one group, of "
            "any width and under any C^1 gates. A sum of G + 1 terms g(i lambda x3) "
            "ReLU(n_i.(x1, x2)), no two n_i parallel, takes G + 1 groups.",
            assumptions=(
                "d = 3, one output, any lambda > 0; a domain that contains an open set about 0",
                "the smaller class: any width, coefficients C^1 and shared by the neurons of each "
                "group, hidden biases on or off, over the seven",
                "g is the gate of ReLU while the other six logits are 0, scale 1, others 0",
            ),
            setting=_settings,
            steps=steps,
            mutations=tuple(_mutations(_settings)),
            source=SOURCE,
        ),
    )
