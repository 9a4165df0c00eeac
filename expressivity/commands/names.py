"""``expressivity list``."""

from importlib.metadata import entry_points

from rich.table import Table

from expressivity.activations import ACTIVATIONS
from expressivity.commands.console import table_console
from expressivity.families import FAMILIES, Family, Form, Kind
from expressivity.gates import GATES
from expressivity.proof import THEOREMS
from expressivity.targets import TARGETS

_FORMULAS = {
    Form.TYPE1: "sum_j a_j L(z_j)",
    Form.ONE_SIDED: "sum_j a_j L(z_j) y_j",
    Form.TWO_SIDED: "sum_j a_j L(z_j) R(y_j)",
    Form.QUADRATIC: "sum_j a_j Q(z_j, y_j)",
}


def _targets() -> dict[str, str]:
    made = {name: TARGETS[name](2.0, "tanh", 7) for name in TARGETS}
    return {name: f"{t.form}, d = {t.dimension}: {t.source}" for name, t in made.items()}


def _families() -> dict[str, str]:
    return {name: _class(FAMILIES[name](1, 1)) for name in FAMILIES}


def _class(family: Family) -> str:
    if family.kind is Kind.FIXED:
        coefficients = f"one activation, {family.activation}"
    else:
        gates = "learned" if family.gate is None else f"{family.gate.name}-gated"
        coefficients = f"a {gates} combination of {', '.join(family.dictionary)}"
    return f"{_FORMULAS[family.form]}, {coefficients}"


def _activations() -> dict[str, str]:
    return {name: f"{ACTIVATIONS[name].title}: {ACTIVATIONS[name].expression}"
            for name in ACTIVATIONS}  # fmt: skip


def _gates() -> dict[str, str]:
    def fact(name: str) -> str:
        gate = GATES[name]
        sign = "positive" if gate.positive else "may take both signs"
        return sign + (", 0 where all logits are 0" if gate.vanishes_at_zero else "")

    return {name: fact(name) for name in GATES}


def _theorems() -> dict[str, str]:
    return {name: THEOREMS[name].title for name in THEOREMS}


_LISTINGS = {
    "targets": _targets,
    "families": _families,
    "activations": _activations,
    "gates": _gates,
    "theorems": _theorems,
}


def listing(what: str) -> dict[str, str]:
    """Name to one line.

    Packages above the library offer listings of their own: the entry points of the group
    ``expressivity.listings`` are functions that take nothing and return one.

    Raises:
        ValueError: nothing of that name can be listed.

    >>> list(listing("gates"))
    ['sigmoid', 'tanh', 'softmax']
    """
    offered = {point.name: point for point in entry_points(group="expressivity.listings")}
    if what in _LISTINGS:
        return _LISTINGS[what]()
    if what not in offered:
        choices = ", ".join([*_LISTINGS, *offered])
        raise ValueError(f"unknown listing {what!r}: choose from {choices}")
    return offered[what].load()()


def show(what: str, listed: dict[str, str]) -> None:
    """Print the listing as a table."""
    table = Table(what, "", box=None, pad_edge=False)
    for name, line in listed.items():
        table.add_row(name, line)
    table_console().print(table)
