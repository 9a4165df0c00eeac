"""One registry for everything that has a name: activations, gates, targets, theorems.

Third parties add entries through an entry-point group of the same name
(``expressivity.activations``, ``expressivity.targets``, ...): the entry point is called
once, with the registry, when a name is first looked up.

    >>> colours: Registry[int] = Registry("colour")
    >>> colours.add("red", 1)
    1
    >>> colours["red"], list(colours)
    (1, ['red'])
    >>> colours["blue"]
    Traceback (most recent call last):
    expressivity.registry.UnknownNameError: unknown colour 'blue': choose from red
"""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

T = TypeVar("T")


class UnknownNameError(ValueError):
    """A name that no entry has; the message lists the choices."""


class Registry(Generic[T]):
    """A named, ordered collection: duplicates raise, unknown names list the choices.

    Args:
        noun: what an entry is called in messages.
        group: entry-point group that third parties register under, or none.
        check: what every entry must pass; raises ValueError, in one line, on one that it refuses.
    """

    def __init__(
        self,
        noun: str,
        *,
        group: str | None = None,
        check: Callable[[T], None] | None = None,
    ) -> None:
        self._noun = noun
        self._group = group
        self._check = check
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T, *, tested: bool = False) -> T:
        """Register ``entry`` and return it.

        Args:
            name: its name.
            entry: passes the registry's check.
            tested: the check is made by a test of the package that owns the entry, and need not
                be made again at every start.

        Raises:
            ValueError: the name is taken, or the registry's check refuses the entry.
        """
        if name in self._entries:
            raise ValueError(f"required: a new {self._noun} name; {name!r} is taken")
        if self._check is not None and not tested:
            self._check(entry)
        self._entries[name] = entry
        return entry

    def __getitem__(self, name: str) -> T:
        self._load_plugins()
        if name not in self._entries:
            choices = ", ".join(self._entries)
            raise UnknownNameError(f"unknown {self._noun} {name!r}: choose from {choices}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        self._load_plugins()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load_plugins()
        return iter(self._entries)

    def __len__(self) -> int:
        self._load_plugins()
        return len(self._entries)

    def _load_plugins(self) -> None:
        if self._group is None:
            return
        group, self._group = self._group, None
        for point in entry_points(group=group):
            point.load()(self)
