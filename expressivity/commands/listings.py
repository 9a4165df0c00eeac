"""What ``expressivity list`` shows, from the registries."""

import re
from typing import Any, cast

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.catalogue import FAMILIES, FamilyFactory
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate
from expressivity.classes.kinds import Constraint, Kind
from expressivity.classes.modules import ModuleFamily
from expressivity.classes.neurons import NEURONS
from expressivity.commands.names import KINDS, LISTS
from expressivity.plugins import blaming, plugins
from expressivity.symbolic.proof import THEOREMS
from expressivity.targets.builtin import TARGETS, TargetFactory, made

_LONGEST = 20  # characters of a number
_INDEXED, _OF_NEURON_J = re.compile(r"\b([yz]\d*)\b"), r"\1_j"


def _targets() -> dict[str, str]:
    def line(factory: TargetFactory) -> str:
        target = made(factory, 2.0, "tanh", 7)
        return f"{target.formula} ({target.form}, d = {target.dimension}): {target.source}"

    return TARGETS.each(line)


def _families() -> dict[str, str]:
    return FAMILIES.each(_line)


def _line(factory: FamilyFactory | ModuleFamily) -> str:
    if isinstance(factory, ModuleFamily):
        return f"a module of its own; declared: {factory.facts}"
    return _class(factory(2, 2))


def _class(family: Family) -> str:
    """The network as a formula, and where its coefficients come from."""
    words = [f"sum_j a_j {_INDEXED.sub(_OF_NEURON_J, family.record.title)}"]
    if family.activation is not None:
        words.append(f"one activation, {family.activation}")
    elif family.sides:
        gates = "learned" if family.gate is None else f"{family.gate.name}-gated"
        words.append(f"a {gates} combination of {', '.join(family.dictionary)}")
    if family.constraint is not Constraint.FREE:
        words.append(f"coefficients {family.constraint}")
    if family.groups != 1:
        words.append(f"groups: {family.groups}")
    return ", ".join(words)


def _neurons() -> dict[str, str]:
    return NEURONS.each(lambda neuron: f"{neuron.title}: {neuron.source}".removesuffix(": "))


def _activations() -> dict[str, str]:
    return ACTIVATIONS.each(lambda a: f"{a.title}: {_short(a.expression)}")


def _short(expression: sp.Expr) -> str:
    """A formula with long fractions as decimals, for the eye."""
    long: dict[Any, Any] = {
        number: number.evalf(10)
        for number in expression.atoms(sp.Rational)
        if len(str(number)) > _LONGEST
    }
    return str(expression.xreplace(long))


def _gates() -> dict[str, str]:
    logits = sp.symbols("h1, h2", real=True)

    def line(gate: Gate) -> str:
        sign = "positive" if gate.positive else "may take both signs"
        at_zero = ", 0 where all logits are 0" if gate.vanishes_at_zero else ""
        return f"g1(h1, h2) = {gate.expression(logits, 0)}: {sign}{at_zero}"

    return GATES.each(line)


def _theorems() -> dict[str, str]:
    return THEOREMS.each(lambda theorem: theorem.title)


_LISTINGS = dict(
    zip(LISTS, (_targets, _families, _neurons, _activations, _gates, _theorems), strict=True)
)


def listing(what: str) -> dict[str, str]:
    """Name to one line, from the registry.

    Packages above the library offer listings of their own: the entry points of the group
    ``expressivity.listings`` are functions that take nothing and return one.

    Args:
        what: one of ``LISTS``, or the name of such an entry point.

    Raises:
        PluginError: a listing of another package fails.

    >>> list(listing("gates"))
    ['sigmoid', 'tanh', 'softmax']
    """
    if what in _LISTINGS:
        return _LISTINGS[what]()
    plugin, point = next(each for each in plugins("expressivity.listings") if each[0].name == what)
    return blaming(plugin, f"listing {what!r}", lambda: _checked(point.load()()))


def _checked(listed: object) -> dict[str, str]:
    if not isinstance(listed, dict) or not all(
        isinstance(text, str) for pair in listed.items() for text in pair
    ):
        raise ValueError("required: a dictionary from names to lines of text")
    return cast(dict[str, str], listed)


def names_of_all() -> dict[str, dict[str, str]]:
    """What ``names.json`` holds: every list, without what other packages add to it.

    >>> from expressivity.commands.names import stored
    >>> list(names_of_all()) == list(stored())
    True
    """
    offered = [plugin.name for plugin, _ in plugins("expressivity.listings") if plugin.own]
    kinds = {str(kind): "" for kind in Kind}
    return {KINDS: kinds, **{what: listing(what) for what in (*LISTS, *offered)}}
