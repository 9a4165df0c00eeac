"""Theorems about jumps and shared coefficients, in Coq: L1, L2, T6, T7, T7b, T7c and T10.

Each writer reads gates, groups, dimensions, points and bounds off the setting of its theorem, and
writes nothing of a setting that Coq's theorem is not about.
"""

from __future__ import annotations

import sympy as sp

from expressivity.classes.families import Family
from expressivity.symbolic.proof import Theorem
from proofs import jump_lemma, pencil, shared_amplitude, t6, t7, t7c, t10
from proofs.kernel import terms
from proofs.kernel.clauses import Statement, both, for_all, gated, member, outside, over_seven
from proofs.kernel.formulas import Formula
from proofs.kernel.separations import coq_target
from proofs.networks import Network

_ANY_C1 = shared_amplitude.Setting()
"""Smaller classes: the seven, any C^1 coefficients; with one group all kinds are such."""


def more_groups(theorem: Theorem) -> Statement | None:
    """T6, for as many groups as the settings go through, and for any number."""
    if not theorem.setting or not all(isinstance(one, t6.Setting) for one in theorem.setting):
        return None
    settings: tuple[t6.Setting, ...] = theorem.setting
    (gate, *others) = {setting.gate for setting in settings}
    regular = all(
        s.rates == tuple(range(1, s.groups + 2)) and s.constant == 0 and s.pencil.lemma == _ANY_C1
        for s in settings
    )
    if others or not regular or settings[0].groups != 1:
        return None
    coq_gate = terms.GATES[gate]

    def larger(groups: str) -> str:
        kind = gated(gate, scale=True, bias=None)
        return over_seven(kind, "type1", dimension=3, width=groups, groups=groups)

    def smaller(groups: object) -> str:
        return over_seven("kd", "type1", dimension=3, groups=groups)

    about = [_point(sp.S.Zero, sp.S.Zero, sp.S.Zero)]
    two, more = f"(t6 {coq_gate} lambda)", f"(t6_sum {coq_gate} lambda n (S G))"
    any_number = both(
        for_all(member(larger("(S G)"), more), free="G"),
        for_all(outside(smaller("G"), more, about=about), free="G"),
    )
    return Statement(
        text="forall lambda : R, 0 < lambda ->\n"
        + both(
            for_all(member(larger("2"), two)),
            for_all(outside(smaller(None), two, about=about)),
            f"(forall (G : nat) (n : nat -> R * R), (0 < G)%nat -> not_parallel n (S G) ->\n"
            f"{any_number})",
        ),
        formulas=(
            Formula(function=f"t6 {coq_gate} lambda", expression=settings[0].pencil.target),
            *(_sum_of_terms(coq_gate, setting) for setting in settings),
        ),
    )


def _sum_of_terms(coq_gate: str, setting: t6.Setting) -> Formula:
    normals = "; ".join(f"({terms.number(n)}, {terms.number(m)})" for n, m in setting.normals)
    normal = f"(fun i => nth (pred i) [{normals}] (0, 0))"
    return Formula(
        function=f"t6_sum {coq_gate} lambda {normal} {len(setting.rates)}",
        expression=setting.pencil.target,
    )


def two_planes(theorem: Theorem) -> Statement | None:
    """T7."""
    setting: pencil.Setting = theorem.setting
    return _one_group(theorem, setting, dimension=3, about=[_point(*setting.line, "u")])


def three_lines(theorem: Theorem) -> Statement | None:
    """T7b."""
    setting: t7.Lines = theorem.setting
    points = [setting.meeting(*pair) for pair in ((0, 1), (0, 2), (1, 2))]
    about = [_point(point[t7.X1], point[t7.X2]) for point in points]
    return _one_group(theorem, setting, dimension=2, about=about)


def _one_group(
    theorem: Theorem, setting: pencil.Setting | t7.Lines, *, dimension: int, about: list[str]
) -> Statement | None:
    target = coq_target(theorem)
    larger = _gated_linear_units(setting.network, target)
    if larger is None or setting.groups != 1 or setting.lemma != _ANY_C1:
        return None
    smaller = over_seven("kd", "type1", dimension=dimension)
    return Statement(
        text=both(larger, for_all(outside(smaller, target, about=about))),
        formulas=(Formula(function=target, expression=setting.target),),
    )


def any_groups(theorem: Theorem) -> Statement | None:
    """T7c: gates of the program, all of them."""
    setting: t7c.Setting = theorem.setting
    target = coq_target(theorem)
    larger = _gated_linear_units(setting.network, target)
    if larger is None or setting.lemma != _ANY_C1 or set(t7c.GATE_NAMES) != set(terms.GATES):
        return None
    smaller = over_seven("(moa gt scaled biased)", "type1", dimension=2, groups="G")
    about = [_point("u", sp.S.Zero)]
    return Statement(
        text=both(larger, for_all(outside(smaller, target, about=about))),
        formulas=(Formula(function=target, expression=setting.target),),
    )


def _gated_linear_units(network: Network, target: str) -> str | None:
    """That the target is this network of ReLU-gated linear units, with the biases that it needs."""
    family, weights = network.family, network.weights
    asked = Family(
        kind="fixed",
        neuron="one_sided",
        dictionary=("relu",),
        width=family.width,
        dimension=family.dimension,
        bias=family.bias,
    )
    if family != asked:
        return None
    first, second = (
        any(weights[block][j, family.dimension] != 0 for j in range(family.width))
        for block in ("w", "v")
    )
    bias = "true" if first or second else "b"
    units = f"(reglu {bias} {family.dimension} {family.width})"
    if first and not second:
        return (
            f"(exists (c : coefficients) (N : list weights), represents {units} c N {target} /\\ "
            "Forall (fun nu => snd (map_of nu 1) = 0) N)"
        )
    return for_all(member(units, target))


def maxout(theorem: Theorem) -> Statement | None:
    """T10."""
    setting: t10.Setting = theorem.setting
    if not terms.are_all_forms(setting.forms) or setting.lemma != _ANY_C1:
        return None
    target = coq_target(theorem)
    smaller = over_seven("kd", "F", dimension=2, groups="G")
    about = [_point(sp.S.Zero, sp.S.Zero)]
    near = (
        f"around P {about[0]} -> {member(smaller, 'f')} -> "
        f"lipschitz_on 2 P M (fun x => {target} x - f x) -> {terms.number(setting.bound)} <= M"
    )
    return Statement(
        text=both(
            for_all(f"maxout3_member b 2 1 {target}"),
            for_all(outside(smaller, target, about=about)),
            for_all(near),
        ),
        formulas=(Formula(function=target, expression=setting.target),),
    )


def _point(*coordinates: sp.Expr | str) -> str:
    listed = "; ".join(c if isinstance(c, str) else terms.number(c) for c in coordinates)
    return f"[{listed}]"


def constant_jump(theorem: Theorem) -> Statement | None:
    """L1: coefficients are constants, shared by all neurons."""
    setting: jump_lemma.Setting = theorem.setting
    if setting != jump_lemma.Setting(neuron=jump_lemma.Neuron()):
        return None
    kinds = "(ks : list R) (alpha : nat -> nat -> nat -> R) (N : list weights)"
    size = "sum (fun nu => out nu * across n h (map_of nu 0)) N"
    return Statement(
        text=_jump_by(
            kinds,
            "neuron A = type1 -> groups A = 1%nat",
            "(constants alpha)",
            f"(fun _ : vec => mix (alpha 0%nat 0%nat) ks * {size})",
        )
    )


def shared_jump(theorem: Theorem) -> Statement | None:
    """L2: any C^1 coefficients, shared by the neurons of a group."""
    if theorem.setting != _ANY_C1:
        return None
    kinds = "(ks : list R) (c : coefficients) (N : list weights)"
    jump = "(shared_jump (groups A) ks c N n h)"
    return Statement(text=_jump_by(kinds, "neuron A = type1", "c", jump))


def _jump_by(bound: str, classes: str, coefficients: str, jump: str) -> str:
    """That networks of some classes jump across every hyperplane by this."""
    return f"""forall (A : family) {bound} (f : vec -> R) (n : list R) (h : R),
{classes} -> Forall2 kinked (dictionary A) ks -> represents A {coefficients} N f ->
length n = dimension A -> 0 < dot n n -> jumps_by f n h {jump}"""
