"""Containment of LA in MoA at equal width depends on the gate (docs/theory.md, section 2).

The table: for each gate and each setting of the switches scale and bias, either a parameter map
that turns every LA network into a MoA network of the same width, in all forms (PROVED), or an LA
network that is none (REFUTED, by C1 or C2). Where all coefficients share one sign, a bias is
enough for the positive gates.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from expressivity.classes.facts import settle
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.classes.weights import Weights, lift, network_expression
from expressivity.membership.obstructions.sign_definite import sign_definite_obstruction
from expressivity.membership.obstructions.vanishing_order import vanishing_order_obstruction
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from proofs.constant_gates import (
    SEVEN,
    is_la,
    is_lifted,
    la_network,
    lifted,
    target_of,
    title_of,
    with_equal_gates,
    words,
)

SOURCE = "docs/theory.md, section 2"
SMALL = ("id", "relu", "tanh")
SWITCHES = tuple(product((False, True), repeat=2))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the table.

    Attributes:
        gate: with its switches.
        contained: the claim.
        dictionary: over which the claim is made: any for a containment, this one for its
            failure.
    """

    gate: GateSpec
    contained: bool
    dictionary: tuple[str, ...] = tuple(s.name for s in SEVEN)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The table and the partial maps.

    Attributes:
        cells: the table.
        one_sign: gates for which a bias is said to suffice ..
        signs: .. for coefficients with these signs, one list for each claim.
    """

    cells: tuple[Cell, ...]
    one_sign: tuple[GateSpec, ...]
    signs: tuple[tuple[int, ...], ...] = ((1, 1, 1), (-1, -1, -1))


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield Step(
        statement="with u = 0 all gates are constants; if factor * gate_k = alpha_k for all k, "
        "the network with a_j replaced by factor a_j is the LA network, neuron by neuron",
        source=SOURCE,
    )
    for cell in setting.cells:
        yield from contained_steps(cell.gate) if cell.contained else refuted_steps(cell)
    for gate in setting.one_sign:
        for signs in setting.signs:
            yield Step(
                statement=f"{words(gate)}: coefficients with the signs {signs}: {_bias_map(gate)}",
                source=SOURCE,
                check=lambda g=gate, s=signs: one_sign_map_holds(g, s),
            )


def contained_steps(gate: GateSpec) -> Iterator[Step]:
    """PROVED: the map for each coefficient, then for whole networks of every form."""
    yield Step(
        statement=f"{words(gate)}: PROVED. {MAPS[gate.name].words}, for alpha_k of any sign or 0",
        source=SOURCE,
        check=lambda: MAPS[gate.name].check(gate),
    )
    for form in FORMS:
        yield Step(
            statement=f"{words(gate)}, {form}: the map carries over, at width 2, d = 2, symbolic "
            f"weights and coefficients, dictionary {', '.join(SMALL)}",
            source=SOURCE,
            check=lambda f=form: lift_is_identity(gate, f),
        )


def refuted_steps(cell: Cell) -> Iterator[Step]:
    """REFUTED: an LA network of width 1 that is no MoA network, in every form."""
    gate = cell.gate
    theorem, width = ("C1a", "width 1") if GATES[gate.name].positive else ("C2", "any width")
    for form in FORMS:
        yield Step(
            statement=f"{words(gate)}, {form}: REFUTED. {title_of(form)} is an LA network of width "
            f"1 without hidden biases, and no MoA network, {width} ({theorem})",
            source=SOURCE,
            check=lambda f=form: settle([is_la(f), is_excluded(cell, f)]),
        )


def is_excluded(cell: Cell, form: str) -> bool | None:
    """Whether the target is no MoA network.

    True by an obstruction, the one of C1a or of C2, False where constant gates reach it.
    """
    la, _ = la_network(form)
    family = replace(la, kind=Kind.MOA, gate=cell.gate, dictionary=cell.dictionary)
    target = Target(name="it", expression=target_of(form), domain=domain_for(1), source=SOURCE)
    for obstruction in (sign_definite_obstruction, vanishing_order_obstruction):
        if obstruction(target, family) is not None:
            return True
    return False if is_lifted(cell.gate, form, cell.dictionary) else None


@dataclass(frozen=True, kw_only=True)
class Map:
    """A parameter map in words, and the check that it gives alpha_k."""

    words: str
    check: Callable[[GateSpec], bool | None]


def scale_map_holds(gate: GateSpec) -> bool | None:
    """scale_k g_k(0) = alpha_k for scale_k = alpha_k/g_k(0), for every K, and its square."""
    alpha = sp.Symbol("alpha", real=True)
    count = sp.Symbol("K", positive=True, integer=True)
    index = sp.Symbol("i", integer=True)
    if gate.name == "sigmoid":
        value, size = GATES["sigmoid"].expression([sp.S.Zero], 0), sp.Integer(2)
    else:
        # K logits 0: exp(0) over a sum of K terms exp(0); quadratic has K^2 of them.
        value, size = sp.exp(0) / sp.Sum(sp.exp(0), (index, 1, count)).doit(), count
        built_in = GATES["softmax"].expression([sp.S.Zero] * 7, 3)
        if built_in != value.subs(count, 7):
            return None
    scale = size * alpha if gate.scale else sp.S.One
    return sp.expand(scale * value - alpha) == 0


def tanh_map_holds(gate: GateSpec) -> bool | None:
    """c tanh(artanh(alpha/c)) = alpha for c > max abs(alpha), alpha of either sign or 0."""
    size = sp.Symbol("p", positive=True)
    gap = sp.Symbol("delta", positive=True)
    u = sp.Symbol("u", positive=True)
    for alpha in (size, -size, sp.S.Zero):
        c = abs(alpha) + gap
        ratio = sp.together((c + alpha) / (c - alpha))
        if not ratio.is_positive:  # the logarithm in artanh is real
            return None
        # tanh(e) = (exp(2 e) - 1)/(exp(2 e) + 1) with exp(2 e) = u.
        bias = sp.log(ratio) / 2 if gate.bias else sp.S.Zero
        if is_identity(sp.tanh(sp.log(u) / 2), (u - 1) / (u + 1)) is not True:
            return None
        value = ((u - 1) / (u + 1)).subs(u, sp.exp(2 * bias))
        if sp.cancel(c * value - alpha) != 0:
            return False
    return True


def one_sign_map_holds(gate: GateSpec, signs: Sequence[int]) -> bool | None:
    """Coefficients sign_k p_k, p_k > 0, by biases alone, through ``constant_gate``."""
    sizes = sp.symbols(f"p1:{len(signs) + 1}", positive=True)
    gap = sp.Symbol("delta", positive=True)
    sign = sp.Integer(signs[0])
    if gate.name == "sigmoid":
        # One gate at a time: c > p is all that is used of c, which the others share.
        c = [p + gap for p in sizes]
        values = [
            sign * ck * GATES["sigmoid"].expression([sp.log(p / (ck - p))], 0)
            for p, ck in zip(sizes, c, strict=True)
        ]
    else:
        logits = [sp.log(p) for p in sizes]
        values = [
            sign * sp.Add(*sizes) * GATES["softmax"].expression(logits, k)
            for k in range(len(sizes))
        ]
    errors = [sp.cancel(v - s * p) for v, s, p in zip(values, signs, sizes, strict=True)]
    return all(error == 0 for error in errors)


@functools.lru_cache
def lift_is_identity(gate: GateSpec, form: str) -> bool | None:
    """``lift`` of a generic LA network computes the same function."""
    la = Family(kind=Kind.LA, neuron=form, width=2, dimension=2, dictionary=SMALL)
    weights = generic_weights(la)
    moa = replace(la, kind=Kind.MOA, gate=gate)
    found = lift(moa, weights)
    if found is None:
        return None
    difference = network_expression(moa, found) - network_expression(la, weights)
    return True if sp.expand(difference) == 0 else None


def generic_weights(family: Family) -> Weights:
    """A real symbol for every entry of every block."""
    blocks = {
        name: sp.Matrix(
            shape[0],
            shape[1] if len(shape) == 2 else 1,
            lambda i, j, name=name: sp.Symbol(f"{name}_{i}_{j}", real=True),
        ).as_immutable()
        for name, shape in family.shapes.items()
    }
    return Weights(blocks=blocks)


MAPS = {
    "sigmoid": Map(words="u = 0, e = 0, scale_k = 2 alpha_k", check=scale_map_holds),
    "tanh": Map(
        words="u = 0, e_k = artanh(alpha_k/c), c > max abs(alpha), a_j -> c a_j",
        check=tanh_map_holds,
    ),
    "softmax": Map(
        words="u = 0, e = 0, scale_k = K alpha_k (quadratic: K^2 gamma_kl)", check=scale_map_holds
    ),
}


def _bias_map(gate: GateSpec) -> str:
    if gate.name == "sigmoid":
        return "e_k = logit(abs(alpha_k)/c), c > max abs(alpha), the factor sign c in a_j"
    return "e_k = log(abs(alpha_k)), the factor sign sum abs(alpha) in a_j"


def _contained(gate: GateSpec) -> bool:
    return gate.bias if gate.name == "tanh" else gate.scale


def _cells(gates: Sequence[GateSpec]) -> tuple[Cell, ...]:
    return tuple(Cell(gate=gate, contained=_contained(gate)) for gate in gates)


_GATES = tuple(
    GateSpec(name=name, scale=scale, bias=bias)
    for name in ("sigmoid", "tanh", "softmax")
    for scale, bias in SWITCHES
)
_SETTING = Setting(
    cells=_cells(_GATES),
    one_sign=tuple(GateSpec(name=name, scale=False, bias=True) for name in ("sigmoid", "softmax")),
)


def _claim(
    gate: GateSpec, *, contained: bool, dictionary: tuple[str, ...] | None = None
) -> Setting:
    changed = Cell(gate=gate, contained=contained)
    if dictionary is not None:
        changed = replace(changed, dictionary=dictionary)
    return replace(_SETTING, cells=tuple(changed if c.gate == gate else c for c in _SETTING.cells))


def _not_contained(gate: GateSpec, reason: str) -> Step:
    cell = Cell(gate=gate, contained=False)
    return Step(
        statement=f"ReLU(x1), LA of width 1, is no MoA network of width 1 ({reason}): "
        f"{words(gate)}",
        source=SOURCE,
        check=lambda: settle([is_la("type1"), is_excluded(cell, "type1")]),
    )


def product_of_gates_is_positive() -> bool | None:
    """factor^2 g_1 g_2 is not negative, for every real factor and positive gates."""
    factor, *logits = sp.symbols("r e1 e2", real=True)
    products = [
        factor**2 * GATES[name].expression(logits, 0) * GATES[name].expression(logits, 1)
        for name in ("sigmoid", "softmax")
    ]
    return True if all(p.is_nonnegative for p in products) else None


_PLAIN_SIGMOID = GateSpec(name="sigmoid", scale=False, bias=False)
_BIASED_SOFTMAX = GateSpec(name="softmax", scale=False, bias=True)
_PLAIN_SOFTMAX = GateSpec(name="softmax", scale=False, bias=False)
_SCALED_TANH = GateSpec(name="tanh", scale=True, bias=False)
_BIASED_TANH = GateSpec(name="tanh", scale=False, bias=True)

_MUTATIONS = (
    Mutation(
        name="containment under unscaled sigmoid",
        setting=_claim(_PLAIN_SIGMOID, contained=True),
        counterexample=_not_contained(_PLAIN_SIGMOID, "C1a"),
    ),
    Mutation(
        name="containment under softmax with bias alone",
        setting=_claim(_BIASED_SOFTMAX, contained=True),
        counterexample=_not_contained(_BIASED_SOFTMAX, "C1a"),
    ),
    Mutation(
        name="containment under tanh with scale alone",
        setting=_claim(_SCALED_TANH, contained=True),
        counterexample=_not_contained(_SCALED_TANH, "C2"),
    ),
    Mutation(
        name="no containment under tanh with bias",
        setting=_claim(_BIASED_TANH, contained=False),
        counterexample=lifted(_BIASED_TANH),
    ),
    Mutation(
        name="softmax with K = 1: the gate is the constant 1",
        setting=_claim(_PLAIN_SOFTMAX, contained=False, dictionary=("relu",)),
        counterexample=with_equal_gates(
            "ReLU(x1) is a MoA network over relu alone", ("relu",), ((1, 1),), gate="softmax"
        ),
    ),
    Mutation(
        name="one-sign map for coefficients of two signs",
        setting=replace(_SETTING, signs=((1, -1, 1),)),
        counterexample=Step(
            statement="sigmoid and softmax gates are positive: no common factor makes two of them "
            "1 and -1, as their product times its square is not -1",
            source=SOURCE,
            check=product_of_gates_is_positive,
        ),
    ),
)


THEOREMS.add(
    "containment",
    Theorem(
        name="containment",
        title="Containment of LA in MoA, by gate and switches",
        statement="Every LA network is a MoA network of the same width and form: sigmoid and "
        "softmax with scale, tanh with bias. Not so, over the seven, in the other six cells: for "
        "positive gates at width 1, for tanh at every width. With a bias alone positive "
        "gates reach all coefficients that are nonzero and of one sign.",
        assumptions=(
            "u = 0 is allowed; coefficients alpha_k are any real numbers",
            "softmax: K >= 2 for the two cells that fail",
            "the failures: over the seven (C1a and C2 name more dictionaries), hidden biases off "
            "(C1a and C2 cover biases on), width as stated; one output, no output bias",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 2; derived here",
    ),
)
