"""Entry points of other packages: whatever goes wrong in one is told in one line, and no more.

A package that cannot be imported, calls ``sys.exit``, prints, or registers nonsense must not
stop what does not need it: :func:`attempt` leaves it out with one notice that names it.
"""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import TypeVar

from expressivity.output import notice
from expressivity.time_limit import interrupts

R = TypeVar("R")

_OWN = "expressivity"
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One entry point of a package.

    Attributes:
        name: of the entry point.
        group: as ``expressivity.activations``.
        package: the distribution that declares it, with its version.
        own: whether that distribution is this one.
    """

    name: str
    group: str
    package: str
    own: bool

    def __str__(self) -> str:
        """As messages name it."""
        return f"plug-in {self.name!r} (group {self.group}) of {self.package}"


class PluginError(Exception):
    """What a plug-in provides went wrong; the message names the plug-in."""


class PluginValueError(PluginError, ValueError):
    """What a plug-in provides has refused what it was given, or is not of the kind required."""


def plugins(group: str) -> list[tuple[Plugin, EntryPoint]]:
    """The entry points of a group: this package's own first, the others by package and name.

    >>> [plugin.name for plugin, _ in plugins("expressivity.theorems")]
    ['builtin']
    """
    found = [(_described(point, group), point) for point in _points(group)]
    return sorted(
        found, key=lambda f: (not f[0].own, () if f[0].own else (f[0].package, f[0].name))
    )


def attempt(plugin: Plugin, action: Callable[[], object]) -> bool:
    """Do something with a plug-in; False, with a notice, where it fails.

    What it prints goes to standard error, as standard output is for results. Interruptions pass.
    """
    try:
        with redirect_stdout(sys.stderr):
            action()
    except BaseException as error:
        if _passes(error):
            raise
        notice(f"left out: {plugin}: {reason(error)}")
        return False
    return True


def blaming(plugin: Plugin, what: str, function: Callable[[], R]) -> R:
    """What a function that calls a plug-in returns.

    Args:
        plugin: who is to blame.
        what: the part of it that is used, as ``target 'mine'``.
        function: does so. What this package's own raise passes as it is.

    Raises:
        PluginValueError: it raised a ValueError.
        PluginError: it raised anything else, interruptions excepted.
    """
    try:
        return function()
    except BaseException as error:
        if plugin.own or _passes(error) or isinstance(error, PluginError):
            raise
        kind = PluginValueError if isinstance(error, ValueError) else PluginError
        raise kind(f"{what} of {plugin.package}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """An exception in one short line.

    >>> reason(ValueError("required: a; got b")), reason(KeyError("name")), reason(SystemExit(3))
    ('required: a; got b', "KeyError: 'name'", 'SystemExit: 3')
    """
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 (what a foreign __str__ raises)
        text = ""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    if text and isinstance(error, ValueError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _passes(error: BaseException) -> bool:
    """Interruptions, and a full machine, are nobody's fault here."""
    return isinstance(error, KeyboardInterrupt | MemoryError) or interrupts(error)


def _points(group: str) -> list[EntryPoint]:
    try:
        return list(entry_points(group=group))
    except Exception:  # noqa: BLE001 (one unreadable file among all installed packages)
        return _points_one_by_one(group)


def _points_one_by_one(group: str) -> list[EntryPoint]:
    found: dict[str, list[EntryPoint]] = {}
    for distribution in distributions():
        name = "a package"
        try:
            name = distribution.name
            points = [point for point in distribution.entry_points if point.group == group]
        except Exception as error:  # noqa: BLE001 (of this package; the others are read)
            notice(f"left out: the entry points of {name} cannot be read: {reason(error)}")
        else:
            found.setdefault(name, points)  # the first on the path hides others of its name
    return [point for points in found.values() for point in points]


def _described(point: EntryPoint, group: str) -> Plugin:
    try:
        distribution = point.dist
        name = "an unknown package" if distribution is None else distribution.name
        version = "" if distribution is None else f" {distribution.version}"
    except Exception:  # noqa: BLE001 (metadata without a name or version)
        name, version = "a package without metadata", ""
    return Plugin(name=point.name, group=group, package=f"{name}{version}", own=name == _OWN)
