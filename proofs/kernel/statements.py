"""What a theorem must say in Coq, written from the setting of its Python namesake.

Each writer reads forms, gates, switches, groups, dimensions, points and dictionaries off one kind
of setting, and writes nothing of a setting that Coq's theorem is not about. With the text come the
formulas of the targets in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby, product

import sympy as sp

from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.symbolic.proof import Theorem
from proofs import (
    containment,
    jump_lemma,
    pencil,
    positive_gates,
    shared_amplitude,
    t6,
    t7,
    t7c,
    t10,
    vanishing_gates,
)
from proofs.constant_gates import target_of
from proofs.kernel import terms
from proofs.kernel.clauses import both, for_all, gated, member, outside, over_seven
from proofs.kernel.formulas import Formula
from proofs.kernel.separations import coq_target, separation
from proofs.networks import Network


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What Coq's theorem must say.

    Attributes:
        text: as Coq reads it.
        formulas: of the targets that it names.
    """

    text: str
    formulas: tuple[Formula, ...] = ()


def statement(theorem: Theorem) -> Statement | None:
    """The theorem in Coq, or None where Python cannot write it."""
    found = separation(theorem)
    if found is not None:
        return Statement(text=found.text(), formulas=(found.formula,))
    write = _WRITERS.get(type(theorem.setting))
    return None if write is None else write(theorem)


# Sums with shared coefficients: T6, T7, T7b, T7c, T10

_ANY_C1 = shared_amplitude.Setting()
"""Smaller classes: the seven, any C^1 coefficients; with one group all kinds are such."""


def _more_groups(theorem: Theorem) -> Statement | None:
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


def _two_planes(theorem: Theorem) -> Statement | None:
    """T7."""
    setting: pencil.Setting = theorem.setting
    return _one_group(theorem, setting, dimension=3, about=[_point(*setting.line, "u")])


def _three_lines(theorem: Theorem) -> Statement | None:
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


def _any_groups(theorem: Theorem) -> Statement | None:
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
    if (family.kind, family.neuron, family.dictionary) != (Kind.FIXED, "one_sided", ("relu",)):
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


def _maxout(theorem: Theorem) -> Statement | None:
    """T10."""
    setting: t10.Setting = theorem.setting
    if setting.forms != FORMS or set(FORMS) != set(terms.FORMS) or setting.lemma != _ANY_C1:
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


# Gates and their switches: C1a, C2, containment

_ALL = "forall (F : neuron_form) (D : list (R -> R)) (b : bool) (d : nat), In relu D ->"


def _positive(theorem: Theorem) -> Statement | None:
    """C1a: gates without scale, their bias off or on."""
    setting: positive_gates.Setting = theorem.setting
    names = dict.fromkeys(gate.name for gate in setting.gates)
    asked = set(setting.gates) == _gates(names, scale=(False,), bias=(False, True))
    if theorem.name != "C1a" or not asked or setting.dictionary != jump_lemma.SEVEN:
        return None
    gates = " \\/ ".join(f"gt = {terms.GATES[name]}" for name in names)
    width = setting.width
    text = f"""{_ALL} D = seven \\/ sign_dictionary D ->
member (over la F D b (S d) {width}) (C1_target F) /\\
(forall (gt : gate) (biased : bool), {gates} ->
outside unit_ball (over (moa gt false biased) F D b (S d) {width}) (C1_target F))"""
    return Statement(text=text, formulas=_targets_of_forms())


def _targets_of_forms() -> tuple[Formula, ...]:
    return tuple(
        Formula(function=f"C1_target {terms.FORMS[form]}", expression=target_of(form))
        for form in FORMS
    )


def _vanishing(theorem: Theorem) -> Statement | None:
    """C2: one gate without bias, its scale off or on."""
    setting: vanishing_gates.Setting = theorem.setting
    names = dict.fromkeys(gate.name for gate in setting.gates)
    asked = set(setting.gates) == _gates(names, scale=(False, True), bias=(False,))
    if len(names) > 1 or not asked or setting.dictionary != jump_lemma.SEVEN:
        return None
    (gate,) = names
    gated_class = f"(over {gated(gate, scale=None, bias=False)} F D b (S d) m)"
    text = f"""{_ALL} incl D seven ->
(forall (scaled : bool) (m : nat) (f : vec -> R), member {gated_class} f ->
differentiable_at_0 (S d) f /\\ (F <> type1 -> b = false -> big_o (S d) {setting.order} f)) /\\
member (over la F D b (S d) 1) (C2_target F b) /\\
(forall (scaled : bool) (m : nat), outside unit_ball {gated_class} (C2_target F b))"""
    # With hidden biases the target of every form is that of type1.
    formulas = (
        Formula(
            function=f"C2_target {terms.FORMS[form]} {terms.boolean(bias)}",
            expression=target_of("type1" if bias else form),
        )
        for form, bias in product(FORMS, (False, True))
    )
    return Statement(text=text, formulas=tuple(formulas))


def _gates(names: Iterable[str], *, scale: Iterable[bool], bias: Iterable[bool]) -> set[GateSpec]:
    return {GateSpec(name=name, scale=s, bias=e) for name, s, e in product(names, scale, bias)}


def _containment(theorem: Theorem) -> Statement | None:
    """The table: the cells of a gate that agree are written as one."""
    setting: containment.Setting = theorem.setting
    signs = {(1,) * 3, (-1,) * 3}
    if set(setting.signs) != signs or any(c.dictionary != _SEVEN for c in setting.cells):
        return None
    contained = _cells(setting.cells, contained=True)
    failing = _cells(setting.cells, contained=False)
    if contained is None or failing is None:
        return None
    lifted = [for_all(f"member (with_kind A {kind}) f", free="f") for _, kind in contained]

    def fails(gate: str, kind: str) -> str:
        width = 1 if GATES[gate].positive else "m"
        family = f"(over {kind} F seven false (S d) {width})"
        return for_all(outside(family, "(C1_target F)"), free="F")

    one_sign = [
        member(f"(with_kind A {gated(g.name, scale=g.scale, bias=g.bias)})", "f")
        for g in setting.one_sign
    ]
    text = both(
        f"(forall (A : family) (f : vec -> R), member (with_kind A la) f ->\n{both(*lifted)})",
        "(forall (F : neuron_form) (d : nat), "
        "member (over la F seven false (S d) 1) (C1_target F) /\\\n"
        f"{both(*[fails(*cell) for cell in failing])})",
        "(forall (A : family) (alpha : nat -> nat -> nat -> R) (N : list weights) (f : vec -> R),\n"
        "one_sign A alpha -> represents (with_kind A la) (constants alpha) N f ->\n"
        f"{both(*one_sign)})",
    )
    return Statement(text=text, formulas=_targets_of_forms())


_SEVEN = tuple(s.name for s in jump_lemma.SEVEN)


def _cells(cells: Iterable[containment.Cell], *, contained: bool) -> list[tuple[str, str]] | None:
    """Gates and kinds in Coq of such cells, positive gates first.

    None where the switches of a gate are not each off, on, or both.
    """
    chosen = [cell.gate for cell in cells if cell.contained is contained]
    chosen.sort(key=lambda gate: not GATES[gate.name].positive)  # stable
    found: list[tuple[str, str]] = []
    for name, specs in groupby(chosen, key=lambda gate: gate.name):
        own = set(specs)
        scale, bias = {gate.scale for gate in own}, {gate.bias for gate in own}
        if own != _gates([name], scale=scale, bias=bias):
            return None
        found.append((name, gated(name, scale=_switch(scale), bias=_switch(bias))))
    return found


def _switch(values: set[bool]) -> bool | None:
    return None if len(values) > 1 else next(iter(values))


# How networks jump: L1, L2


def _constant_jump(theorem: Theorem) -> Statement | None:
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


def _shared_jump(theorem: Theorem) -> Statement | None:
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


_WRITERS: dict[type, Callable[[Theorem], Statement | None]] = {
    tuple: _more_groups,
    pencil.Setting: _two_planes,
    t7.Lines: _three_lines,
    t7c.Setting: _any_groups,
    t10.Setting: _maxout,
    positive_gates.Setting: _positive,
    vanishing_gates.Setting: _vanishing,
    containment.Setting: _containment,
    jump_lemma.Setting: _constant_jump,
    shared_amplitude.Setting: _shared_jump,
}
"""By the kind of setting."""
