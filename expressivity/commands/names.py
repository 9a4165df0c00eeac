"""The names that arguments stand for, before anything heavy is imported.

``names.json`` holds what ``list`` shows of this package's own records, written from the registries
(``listings.py``; a test compares). While no other package adds to a list, it answers for the
registry: a slip of the pen is refused, and ``list`` answers, in a fraction of a second. Otherwise,
and wherever sympy is loaded already, the registries answer.
"""

import functools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from expressivity.commands.console import print_table
from expressivity.names import canonical, unknown
from expressivity.plugins import plugins

FILE = Path(__file__).with_name("names.json")
KINDS = "kinds"
LISTS = ("targets", "families", "neurons", "activations", "gates", "theorems")
"""What the library itself can list; packages above it add theirs."""

_WHERE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "target": (("targets",), ()),
    "family": ((KINDS, "families"), ("neurons",)),
    "class": (("families",), ("neurons",)),
    "form": (("neurons",), ()),
    "activation": (("activations",), ()),
    "gate": (("gates",), ()),
    "theorem": (("theorems",), ()),
    "experiment": (("experiments",), ()),
    "figure": (("figures",), ()),
}
"""By the noun of messages: the lists of choices, and those of names that are not shown as such."""


def named(noun: str) -> dict[str, Any]:
    """What an argument is declared with whose value is a name, or several with commas.

    >>> sorted(named("gate"))
    ['autocompletion', 'callback']
    """

    def check(value: Any) -> Any:
        require(noun, ",".join(value) if isinstance(value, list | tuple) else value)
        return value

    return {"callback": check, "autocompletion": _completion(noun)}


def require(noun: str, names: str | None) -> None:
    """Refuse a name that nothing has, as far as that is known without the registries.

    Args:
        noun: what each name is one of.
        names: with commas between them.

    Raises:
        UnknownNameError: as the registry would.
    """
    shown, further = (_kept(lists) for lists in _WHERE[noun])
    if names is None or shown is None or further is None:
        return
    for name in filter(None, map(str.strip, names.split(","))):
        if canonical(name, dict.fromkeys((*shown, *further))) is None:
            raise unknown(noun, name, shown, further=further)


def listing(what: str) -> dict[str, str]:
    """Name to one line, from the file or the registry.

    Raises:
        UnknownNameError: nothing of that name can be listed.
        PluginError: a listing of another package fails.

    >>> list(listing("gates"))
    ['sigmoid', 'tanh', 'softmax']
    """
    offered = [plugin.name for plugin, _ in plugins("expressivity.listings")]
    choices = dict.fromkeys((*LISTS, *offered))
    name = canonical(what, choices)
    if name is None:
        raise unknown("listing", what, choices)
    kept = _kept((name,))
    if kept is not None:
        return kept
    from expressivity.commands import listings

    return listings.listing(name)


def show(what: str, listed: dict[str, str]) -> None:
    """Print the listing as a table."""
    table = Table(what, "", box=None, pad_edge=False)
    for name, line in listed.items():
        table.add_row(name, line)
    print_table(table)


@functools.cache
def stored() -> dict[str, dict[str, str]]:
    """The lists of the file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def _kept(lists: Sequence[str]) -> dict[str, str] | None:
    """The names and lines of several lists; None where only registries know."""
    if "sympy" in sys.modules or not set(lists) <= set(stored()):
        return None
    if any(not plugin.own for what in lists for plugin, _ in plugins(f"expressivity.{what}")):
        return None
    return {name: line for what in lists for name, line in stored()[what].items()}


def _completion(noun: str) -> Callable[[str], list[tuple[str, str]]]:
    def complete(incomplete: str) -> list[tuple[str, str]]:
        before, comma, _ = incomplete.rpartition(",")
        lists = [stored()[what] for what in _WHERE[noun][0]]
        return [(before + comma + name, line) for each in lists for name, line in each.items()]

    return complete
