"""T9: SwiGLU counts groups (docs/theory.md, section 8, T9).

A SwiGLU neuron is a type1 MoA network of width 4, and m of them are one with m groups. With fewer
groups the sum of SiLU(x_i) x_(i+1), i = 1, .., m cyclically, d = m >= 2, is none over the seven,
on no open set. It is real-analytic, so that a network that agrees with it on a cell does so
everywhere, once its activations are replaced by their formulas on the cell. Far out the target is
piecewise quadratic with kinks on m hyperplanes; a group of gates, whose limits are constants and
indicators of convex cones, has at most one. T9-la: an LA network has none, SiLU(x1) x2 one.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import is_real_analytic, pieces, settle
from expressivity.classes.gates import GATES, Gate, is_analytic
from expressivity.classes.neurons import NEURONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from proofs import swiglu_networks as swiglu
from proofs.gate_poles import SOURCE as SECTION
from proofs.gate_poles import profile
from proofs.jump_lemma import SEVEN, X1, X2, positive

SOURCE = f"{SECTION}, T9"
TERMS = sp.Symbol("m", integer=True, positive=True)
_R, _P = sp.symbols("r p", positive=True)
_relu, _silu = ACTIVATIONS["relu"], ACTIVATIONS["silu"]
_GATES = tuple(GATES[name] for name in ("tanh", "sigmoid", "softmax"))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations of the class.
        gates: its gates; none for LA.
        form: its neuron.
        groups: how many groups have gates, of TERMS, the number of terms of the target.
        terms: the numbers for which the target is looked at.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    gates: tuple[Gate, ...] = _GATES
    form: str = "type1"
    groups: Callable[[sp.Expr], sp.Expr] = lambda m: m - 1
    terms: tuple[int, ...] = (2, 3)


def target(terms: int) -> sp.Expr:
    """sum_i SiLU(x_i) x_(i+1), cyclically; SiLU(x1) x2 for one term."""
    return sp.Add(*[_silu(x) * y for x, y in _neighbours(terms)])


def far_away(terms: int) -> sp.Expr:
    """The limit of target(r x)/r^2."""
    return sp.Add(*[_relu(x) * y for x, y in _neighbours(terms)])


def _neighbours(terms: int) -> list[tuple[sp.Symbol, sp.Symbol]]:
    if terms == 1:
        return [(X1, X2)]
    return [(COORDINATES[i], COORDINATES[(i + 1) % terms]) for i in range(terms)]


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    if setting.gates:
        yield from member_steps()
    yield from network_steps(setting)
    yield from target_steps(setting)
    yield from counting_steps(setting)


def member_steps() -> Iterator[Step]:
    """What is a MoA network with m groups."""
    yield Step(
        statement="SiLU(z) y = sigmoid(z) (R(z + y) + R(-z - y) - R(z - y) - R(y - z))/4, "
        "R = ReLU^2",
        source=SOURCE,
        check=swiglu.silu_identity,
    )
    yield Step(
        statement="a SwiGLU neuron, z = w.x + b and y = v.x + c, is a type1 MoA network of "
        "width 4: the gate of relu2 sigmoid(w.x + b), the others with scale 0",
        source=SOURCE,
        check=swiglu.neuron_is_moa,
    )
    yield Step(
        statement="with m groups of 4 neurons each the target is one: checked for m = 2",
        source=SOURCE,
        check=lambda: is_identity(swiglu.two_groups(), target(2)),
    )


def network_steps(setting: Setting) -> Iterator[Step]:
    """What a network is on a cell, continued, and the limit of f(r x)/r^2."""
    for gate in setting.gates:
        yield Step(
            statement=f"{gate.name} gates are real-analytic",
            source="docs/theory.md, section 1",
            check=lambda g=gate: is_analytic(g, len(setting.dictionary)) or None,
        )
    yield Step(
        statement="SiLU, and either side of every activation, follows a formula that is "
        "real-analytic on the whole line",
        source="docs/theory.md, section 1",
        check=lambda: has_analytic_pieces((_silu, *setting.dictionary)),
    )
    yield Step(
        statement="an open set on which a network is the target contains a ball without kinks: "
        "there each activation follows one of its formulas, so that the identity holds on all "
        "of R^d with these in place of the activations: f from here on",
        source="identity theorem for real-analytic functions",
    )
    for s in setting.dictionary:
        yield Step(
            statement=f"either formula of {s.name} in a {setting.form} neuron: over r^2 it tends "
            "to q_+ z_+^2 + q_- z_-^2, z = w.x, which is C^1, or to 0",
            source="exact limits",
            check=lambda s=s: limit_is_c1(s, setting.form),
        )
    yield Step(
        statement="one activation at most has a formula that is not o(z^2)",
        source="exact limits",
        check=lambda: grow_quadratically(setting.dictionary),
    )
    for gate in setting.gates:
        yield Step(
            statement=f"{gate.name} gates: either g has limits at plus and minus infinity, or "
            "1/g_k is the sum of exp(z_i - z_k): along a ray g_k has one, constant on the open "
            "convex cone where (u_k - u_i).x > 0 for all i with u_i != u_k (softmax) or u.x > 0, "
            "and constant off its closure; it is constant if that is no condition",
            source="exact limits",
            check=lambda g=gate: has_limits_on_cones(g, len(setting.dictionary)),
        )
    yield Step(
        statement="so off finitely many hyperplanes f(r x)/r^2 tends to the sum over the groups "
        "of (c_g + d_g [x in C_g]) Q_g(x), Q_g C^1, C_g an open convex cone cut out by "
        "hyperplanes, from the gate of relu2; without gates c_g alone. Biases play no part",
        source=SOURCE,
    )


def target_steps(setting: Setting) -> Iterator[Step]:
    """The limit of target(r x)/r^2."""
    yield Step(
        statement="SiLU(r x) r y/r^2 tends to ReLU(x) y, for x > 0, x < 0 and x = 0",
        source="exact limits",
        check=silu_becomes_relu,
    )
    for terms in setting.terms:
        yield Step(
            statement=f"m = {terms}: the limit F is continuous, and its x1-derivative jumps "
            "across x1 = 0 by x2; likewise in the other variables, as F is symmetric",
            source="direct computation",
            check=lambda n=terms: jumps_by_the_neighbour(far_away(n)),
        )
    yield Step(
        statement="F is the limit of the network off finitely many hyperplanes and continuous; it "
        "is thus C^1 off the boundaries of the C_g. It is not at the points of x_i = 0 with "
        "x_(i+1) != 0: each hyperplane x_i = 0, i = 1, .., m, is covered by facets of cones C_g, "
        "up to a set of lower dimension",
        source=SOURCE,
    )


def counting_steps(setting: Setting) -> Iterator[Step]:
    """How many cones it takes."""
    k = sp.Symbol("k", integer=True, positive=True)
    yield Step(
        statement="a convex cone with facets on k of the hyperplanes x_i = 0 lies on one side of "
        "each: its facet on one of them lies in an orthant of the other k - 1 coordinates, and "
        "covers at most the share 2^(1 - k) of it (standard normal distribution)",
        source=SOURCE,
    )
    yield Step(
        statement="k 2^(1 - k) is 1 for k = 1 and does not increase: k - (k + 1)/2 = (k - 1)/2 "
        ">= 0: together the facets of a cone cover at most one hyperplane",
        source="direct computation",
        check=lambda: (
            sp.expand(k - (k + 1) / 2 - (k - 1) / 2) == 0 and bool((k - 1).is_nonnegative)
        ),
    )
    yield Step(
        statement=f"m hyperplanes take m groups with gates; there are {setting.groups(TERMS)}",
        source=SOURCE,
        check=lambda: positive(sp.expand(TERMS - setting.groups(TERMS))),
    )


def has_analytic_pieces(activations: tuple[Activation, ...]) -> bool | None:
    """Whether both formulas of each are certainly real-analytic on the line."""
    found = [pieces(s.expression) for s in activations]
    known = [formula for both in found if both is not None for formula in both]
    return True if None not in found and all(map(is_real_analytic, known)) else None


def rates(activation: Activation, power: int) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """For either formula p of the activation, p(z)/abs(z)^power at plus and minus infinity."""
    both = pieces(activation.expression)
    if both is None:
        return None
    return [_ends(formula, power) for formula in dict.fromkeys(both)]


@functools.lru_cache(maxsize=256)
def _ends(formula: sp.Expr, power: int) -> tuple[sp.Expr, sp.Expr]:
    right, left = (sp.limit(formula.subs(Z, sign * _R) / _R**power, _R, sp.oo) for sign in (1, -1))
    return right, left


def _is_finite_number(limit: sp.Expr) -> bool | None:
    """Whether a limit exists; sympy answers with a range, "finite" too, where there is none."""
    if isinstance(limit, sp.AccumBounds):
        return False
    return limit.is_finite if limit.is_number else None


def limit_is_c1(activation: Activation, form: str) -> bool | None:
    """Whether the limit of a neuron of one mixture and maps, over r^2, is finite and C^1.

    It is q+ z^k for z > 0, q- (-z)^k for z < 0, times the maps, k the power that they leave.
    """
    record = NEURONS[form]
    found = rates(activation, 3 - record.maps)
    if record.mixtures != ((0,),) or found is None:
        return None
    claims: list[bool | None] = []
    for right, left in found:
        ends = [_is_finite_number(right), _is_finite_number(left)]
        claims += ends
        if not all(ends):
            continue
        jump = (right - left * (-1) ** (3 - record.maps)) * Z ** (3 - record.maps)
        claims += [is_identity(sp.diff(jump, Z, n).subs(Z, 0), sp.S.Zero) for n in (0, 1)]
    return settle(claims)


def grow_quadratically(dictionary: tuple[Activation, ...]) -> bool | None:
    """Whether at most one activation has a formula that is not o(z^2)."""
    found = [rates(s, 2) for s in dictionary]
    if None in found:
        return None
    fast = [any(rate != 0 for pair in pairs for rate in pair) for pairs in found if pairs]
    return sum(fast) <= 1


def has_limits_on_cones(gate: Gate, size: int) -> bool | None:
    """Whether gates have finite limits along rays that the order of the logits' slopes decides.

    A gate of its own logit has one at either end; softmax by its formula.
    """
    own = profile(gate, size)
    if own is not None:
        return settle(_is_finite_number(sp.limit(own, Z, end)) for end in (sp.oo, -sp.oo))
    logits = [sp.Symbol(f"z{k}", real=True) for k in range(size)]
    sums = [sp.Add(*[sp.exp(other - z) for other in logits]) for z in logits]
    values = [gate.expression(logits, k) for k in range(size)]
    shown = settle(is_identity(v * total, sp.S.One) for v, total in zip(values, sums, strict=True))
    return True if shown else None


def silu_becomes_relu() -> bool:
    """The three limits, over y."""
    limits = [sp.limit(_silu(sign * _R * _P) * _R / _R**2, _R, sp.oo) for sign in (1, -1, 0)]
    return limits == [_P, 0, 0]


def jumps_by_the_neighbour(expression: sp.Expr) -> bool | None:
    """Whether the value does not jump across x1 = 0, and the x1-derivative by x2."""
    above, below = (assume_sign(expression, X1, sign) for sign in (1, -1))
    jump = above - below
    return settle([
        is_identity(jump.subs(X1, 0), sp.S.Zero),
        is_identity(sp.diff(jump, X1).subs(X1, 0), X2),
    ])  # fmt: skip


_LA = Setting(gates=(), groups=lambda m: sp.S.Zero, terms=(1,))

THEOREMS.add(
    "T9",
    Theorem(
        name="T9",
        title="SwiGLU counts groups of type1 MoA",
        statement="A SwiGLU neuron is a type1 MoA network of width 4 with sigmoid gates, and m of "
        "them are one of width 4 m with m groups, over every dictionary with relu2. The sum of "
        "SiLU(x_i) x_(i+1), i = 1, .., m cyclically, d >= m >= 2, is on no open set a type1 MoA "
        "network over the seven with m - 1 groups, of any width, with tanh, sigmoid or softmax "
        "gates.",
        assumptions=(
            "scale, gate bias and hidden biases on or off; for the networks given, scale on",
            "one output; an output bias and a residual path change nothing",
        ),
        setting=Setting(),
        steps=steps,
        mutations=(
            Mutation(
                name="m groups instead of m - 1",
                setting=Setting(groups=lambda m: m),
                counterexample=Step(
                    statement="SiLU(x1) x2 + SiLU(x2) x1 is a network of width 8 with two groups",
                    source="substitution",
                    check=lambda: is_identity(swiglu.two_groups(), target(2)),
                ),
            ),
            Mutation(
                name="a second activation that grows like z^2: z^2 itself",
                setting=Setting(dictionary=(*SEVEN, ACTIVATIONS["square"])),
                counterexample=Step(
                    statement="SiLU(x1) x2 + SiLU(x2) x1 is a network of width 4 with one group: "
                    "gates sigmoid(x1) of relu2 and sigmoid(x2)/2 of z^2",
                    source="substitution",
                    check=lambda: is_identity(swiglu.one_group_with_square(), target(2)),
                ),
            ),
        ),
        source="docs/theory.md, section 8, T9; derived here",
    ),
)
THEOREMS.add(
    "T9-la",
    Theorem(
        name="T9-la",
        title="A SwiGLU neuron is no type1 LA network",
        statement="SiLU(x1) x2, d >= 2, fixed one_sided of width 1, is on no open set a type1 LA "
        "network over the seven, of any width and any groups.",
        assumptions=(
            "any coefficients, hidden biases on or off",
            "one output; an output bias and a residual path change nothing",
        ),
        setting=_LA,
        steps=steps,
        mutations=(
            Mutation(
                name="sigmoid gates, one group",
                setting=replace(_LA, gates=(GATES["sigmoid"],), groups=lambda m: m),
                counterexample=Step(
                    statement="SiLU(x1) x2 is a type1 MoA network of width 4 with sigmoid gates",
                    source="substitution",
                    check=lambda: is_identity(swiglu.one_neuron(), target(1)),
                ),
            ),
            Mutation(
                name="form one_sided",
                setting=replace(_LA, form="one_sided"),
                counterexample=Step(
                    statement="SiLU(x1) x2 is a fixed one_sided network of width 1",
                    source="substitution",
                    check=lambda: is_identity(swiglu.glu(), target(1)),
                ),
            ),
        ),
        source="docs/theory.md, section 8, T9; derived here",
    ),
)
