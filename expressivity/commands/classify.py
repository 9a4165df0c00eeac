"""``expressivity classify``: membership of an expression in every kind and form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sympy as sp
from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint
from expressivity.classes.weights import unchecked_expression
from expressivity.commands.console import print_table, table_console
from expressivity.commands.options import ClassOptions
from expressivity.evidence import Verdict
from expressivity.membership.decide import Classification, classify_or_unknown
from expressivity.output import ExitCode, write_json
from expressivity.targets.builtin import TARGETS
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

_Said = TypeVar("_Said")

_LONGEST = 400
"""Characters of a witness that is printed."""


@dataclass(frozen=True, kw_only=True)
class Options(ClassOptions):
    """The command's options as they came."""

    expr: str


def understand(options: Options) -> tuple[Target, list[Family]]:
    """The target and the classes to ask about, before anything is computed.

    Raises:
        ValueError: one line on the first thing that is wrong.

    >>> target, families = understand(Options(expr="relu(x)", dictionary="relu,id"))
    >>> target.dimension, len(families)
    (1, 12)
    """
    request = options.request()
    try:
        target = user_target(options.expr)
    except ValueError as error:
        if (name := options.expr.strip()) not in TARGETS:
            raise
        raise ValueError(
            f"required: an expression; {name} is the name of a target: write its formula, which "
            "list targets shows"
        ) from error
    return target, request.rows(target)


def run(options: Options, *, as_json: bool) -> int:
    """Print a verdict for every class; 3 where every one of them is unknown."""
    target, families = understand(options)
    found = [classify_or_unknown(target, family) for family in families]
    if as_json:
        write_json(
            {
                "schema": "expressivity.classify/1",
                "expression": options.expr,
                "results": [classification.json() for classification in found],
            }
        )
    else:
        _show(found)
    decided = any(c.membership.verdict is not Verdict.UNKNOWN for c in found)
    return ExitCode.AS_EXPECTED if decided else ExitCode.UNDECIDED


def _show(found: list[Classification]) -> None:
    console = table_console()
    table = Table("class", "verdict", "width", "evidence", "why", box=SIMPLE_HEAD, pad_edge=False)
    for (_, *cells), families in _grouped(found, _cells).items():
        table.add_row(_named(families), *cells)
    print_table(table)
    for text, families in _grouped(found, _witness).items():
        if text is not None:
            console.print(f"As {_named(families)}: {text}", soft_wrap=True, highlight=False)
    console.print(f"{_common(found)} Weights of the witnesses: --json.", soft_wrap=True)


def _cells(classification: Classification) -> tuple[str, ...]:
    """What a row says: activations of one kind and form share it where all of it is the same."""
    family, membership = classification.family, classification.membership
    unknown = membership.verdict is Verdict.UNKNOWN
    width = "any" if classification.witness is None else str(family.width)
    return (
        family.kind_and_form,
        str(membership.verdict).replace("_", "-"),
        "-" if unknown else width,
        str(membership.evidence),
        membership.reason,
    )


def _witness(classification: Classification) -> str | None:
    """The network that shows membership, written with the names of its activations."""
    weights = classification.witness
    if weights is None:
        return None
    network = unchecked_expression(
        classification.family, weights, lambda name, z: sp.Function(name, real=True)(z)
    )
    text = str(network)
    return text if len(text) <= _LONGEST else f"a sum of {len(text):,} characters"


def _grouped(
    found: list[Classification], by: Callable[[Classification], _Said]
) -> dict[_Said, list[Family]]:
    """Classes of which the same is said, in the order of the first of them."""
    groups: dict[_Said, list[Family]] = {}
    for classification in found:
        groups.setdefault(by(classification), []).append(classification.family)
    return groups


def _named(families: list[Family]) -> str:
    """``fixed type1 id, tanh; la type1``: kind and form once for all activations.

    >>> named = [Family(kind="fixed", neuron="type1", width=1, dimension=1, dictionary=(s,))
    ...          for s in ("id", "tanh")]
    >>> _named(named)
    'fixed type1 id, tanh'
    """
    activations: dict[str, list[str]] = {}
    for family in families:
        named = activations.setdefault(family.kind_and_form, [])
        if family.activation is not None:
            named.append(family.activation)
    return "; ".join(f"{name} {', '.join(each)}".strip() for name, each in activations.items())


def _common(found: list[Classification]) -> str:
    """What the rows do not say of their classes, as far as it is the same for all."""
    families = [classification.family for classification in found]
    shared = families[-1]
    words: list[str] = []
    if shared.dictionary:
        words.append(f"Dictionary: {', '.join(shared.dictionary)}.")
    words.append(f"Hidden biases {_on(shared.bias)}.")
    gate = shared.gate
    if gate is not None:
        words.append(f"Gate: {gate.name}, scale {_on(gate.scale)}, bias {_on(gate.bias)}.")
    constraints = [f.constraint for f in families if f.constraint is not Constraint.FREE]
    if constraints:
        words.append(f"Coefficients of la: {constraints[0]}.")
    if shared.groups != 1:
        words.append(f"Groups: {shared.groups}.")
    return " ".join(words)


def _on(switch: bool) -> str:
    return "on" if switch else "off"
