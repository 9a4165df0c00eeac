"""Theorems about gates and their switches, in Coq: C1a, C2 and containment.

Each writer reads gates, switches, widths and orders off the setting of its theorem, and writes
nothing of a setting that Coq's theorem is not about.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, product

from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.neurons import FORMS
from expressivity.symbolic.proof import Theorem
from proofs import containment, jump_lemma, positive_gates, vanishing_gates
from proofs.constant_gates import target_of
from proofs.kernel import terms
from proofs.kernel.clauses import Statement, both, for_all, gated, member, outside
from proofs.kernel.formulas import Formula

_ALL = "forall (F : neuron_form) (D : list (R -> R)) (b : bool) (d : nat), In relu D ->"


def positive(theorem: Theorem) -> Statement | None:
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
        Formula(function=f"C1_target {terms.form_named(form)}", expression=target_of(form))
        for form in FORMS
    )


def vanishing(theorem: Theorem) -> Statement | None:
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
            function=f"C2_target {terms.form_named(form)} {terms.boolean(bias)}",
            expression=target_of("type1" if bias else form),
        )
        for form, bias in product(FORMS, (False, True))
    )
    return Statement(text=text, formulas=tuple(formulas))


def _gates(names: Iterable[str], *, scale: Iterable[bool], bias: Iterable[bool]) -> set[GateSpec]:
    return {GateSpec(name=name, scale=s, bias=e) for name, s, e in product(names, scale, bias)}


def table(theorem: Theorem) -> Statement | None:
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
