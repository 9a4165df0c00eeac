"""What theorems say of classes, in Coq: that a function is a network of one, or of none of them.

A class is written with names for what it may be; ``for_all`` binds the names that a clause uses,
in one order, so that a clause is the one that the theorem has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from proofs.kernel import terms
from proofs.kernel.formulas import Formula


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What Coq's theorem must say.

    Attributes:
        text: as Coq reads it.
        formulas: of the targets that it names.
    """

    text: str
    formulas: tuple[Formula, ...] = ()


BOUND = {
    "P": "vec -> Prop",
    "u": "R",
    "gt": "gate",
    "kd": "coefficient_kind",
    "F": "neuron_form",
    "scaled": "bool",
    "biased": "bool",
    "G": "nat",
    "b": "bool",
    "m": "nat",
    "c": "coefficients",
    "N": "list weights",
    "f": "vec -> R",
    "g": "vec -> R",
    "M": "R",
}
"""What a clause may be about, with the types in Coq, in the order in which it is bound."""


def for_all(clause: str, *, free: str = "") -> str:
    """A clause, for all of ``BOUND`` that it names but those of ``free``, which are bound outside.

    >>> for_all("member (over_seven la type1 b 1 m) f", free="f")
    '(forall (b : bool) (m : nat), member (over_seven la type1 b 1 m) f)'
    """
    used = set(re.findall(r"\w+", clause)) - set(free.split())
    bound = " ".join(f"({name} : {kind})" for name, kind in BOUND.items() if name in used)
    return f"(forall {bound}, {clause})" if bound else f"({clause})"


def gated(gate: str, *, scale: bool | None, bias: bool | None) -> str:
    """The kind of the MoA classes with a gate of the program; None for a switch off or on.

    >>> gated("tanh", scale=None, bias=False)
    '(moa Tanh scaled false)'
    """
    switches = (
        name if switch is None else terms.boolean(switch)
        for name, switch in (("scaled", scale), ("biased", bias))
    )
    return f"(moa {terms.GATES[gate]} {' '.join(switches)})"


def over_seven(
    kind: object,
    form: str,
    *,
    dimension: int,
    bias: str = "b",
    width: object = "m",
    groups: object = None,
) -> str:
    """A class over the seven, by default with biases off or on, any width and one group.

    >>> over_seven("la", "type1", dimension=2, groups="G")
    '(with_groups G (over_seven la type1 b 2 m))'
    """
    one_group = f"(over_seven {kind} {form} {bias} {dimension} {width})"
    return one_group if groups is None else f"(with_groups {groups} {one_group})"


def member(family: str, function: str) -> str:
    """That a function is a network of a class."""
    return f"member {family} {function}"


def outside(family: str, function: str, *, about: Iterable[str] | None = None) -> str:
    """That a function is none: on the unit ball, or on every domain that is about some points."""
    if about is None:
        return f"outside unit_ball {family} {function}"
    near = "".join(f"around P {point} -> " for point in about)
    return f"{near}outside P {family} {function}"


def both(*clauses: str) -> str:
    r"""All of the clauses.

    >>> both("a", "b")
    'a /\\\nb'
    """
    return " /\\\n".join(clauses)
