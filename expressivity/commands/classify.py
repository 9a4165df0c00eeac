"""``expressivity classify``: membership of an expression in every kind and form."""

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import FIXED_FORMS, Family, Kind
from expressivity.classes.gates import GateSpec
from expressivity.classes.neurons import FORMS
from expressivity.commands.arguments import user_target
from expressivity.commands.console import table_console
from expressivity.evidence import Verdict
from expressivity.membership.decide import Classification, classify
from expressivity.output import ExitCode, write_json
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    expr: str
    gate: str = "tanh"
    gate_scale: bool = True
    gate_bias: bool = True
    bias: bool = True
    dictionary: tuple[str, ...] | None = None


def understand(options: Options) -> tuple[Target, list[Family]]:
    """The target and the classes to ask about, before anything is computed.

    Raises:
        ValueError: one line on the first thing that is wrong.

    >>> target, families = understand(Options(expr="relu(x)", dictionary=("relu", "id")))
    >>> target.dimension, len(families)
    (1, 12)
    """
    gate = GateSpec(name=options.gate, scale=options.gate_scale, bias=options.gate_bias)
    dictionary = FULL_DICTIONARY if options.dictionary is None else options.dictionary
    target = user_target(options.expr)

    def family(kind: Kind, form: str, names: tuple[str, ...]) -> Family:
        return Family(
            kind=kind,
            neuron=form,
            width=1,
            dimension=target.dimension,
            dictionary=names,
            gate=gate if kind is Kind.MOA else None,
            bias=options.bias,
        )

    mixed = [family(kind, form, dictionary) for kind in (Kind.LA, Kind.MOA) for form in FORMS]
    fixed = [family(Kind.FIXED, form, (name,)) for form in FIXED_FORMS for name in dictionary]
    return target, [*fixed, *mixed]


def run(options: Options, *, as_json: bool) -> int:
    """Print a verdict for every class; 3 where every one of them is unknown."""
    target, families = understand(options)
    found = [classify(target, family) for family in families]
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
    for classification in found:
        family, membership = classification.family, classification.membership
        unknown = membership.verdict is Verdict.UNKNOWN
        width = "any" if classification.witness is None else str(family.width)
        table.add_row(
            f"{family.kind} {family.neuron} {family.activation or ''}".strip(),
            str(membership.verdict).replace("_", "-"),
            "-" if unknown else width,
            str(membership.evidence),
            membership.reason,
        )
    console.print(table)
    shared = found[-1].family
    biases = "on" if shared.bias else "off"
    gate = "" if shared.gate is None else (
        f" Gate: {shared.gate.name}, scale {_on(shared.gate.scale)}, bias {_on(shared.gate.bias)}."
    )  # fmt: skip
    console.print(
        f"Dictionary: {', '.join(shared.dictionary)}. Hidden biases {biases}.{gate} "
        "Weights of the witnesses: --json.",
        soft_wrap=True,
    )


def _on(switch: bool) -> str:
    return "on" if switch else "off"
