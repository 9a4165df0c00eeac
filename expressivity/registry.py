"""One registry for everything that has a name: activations, gates, targets, theorems.

Third parties add entries through an entry-point group of the same name
(``expressivity.activations``, ``expressivity.targets``, ...): the entry point is called
once, with the registry, when a name is first looked up. One that fails is left out, all of what
it has added with it, and a notice names it and its package.

    >>> colours: Registry[int] = Registry("colour")
    >>> colours.add("red", 1)
    1
    >>> colours["red"], list(colours)
    (1, ['red'])
    >>> colours["blue"]
    Traceback (most recent call last):
    expressivity.names.UnknownNameError: unknown colour 'blue': choose from red
"""

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Generic, TypeVar, cast, get_type_hints

from expressivity.names import UnknownNameError, canonical, unknown
from expressivity.output import notice
from expressivity.plugins import Plugin, PluginError, attempt, blaming, plugins

T = TypeVar("T")
R = TypeVar("R")


def of_type(kind: type[Any]) -> Callable[[Any], None]:
    """A check for registries of records: the type of the record and of each of its fields.

    >>> of_type(Plugin)(Plugin(name=1, group="g", package="p", own=True))
    Traceback (most recent call last):
    ValueError: required: Plugin.name of type str; got 1
    """

    def check(entry: object) -> None:
        if not isinstance(entry, kind):
            raise ValueError(
                f"required: a record of type {kind.__name__}; got one of type "
                f"{type(entry).__name__}"
            )
        for name, (hint, fits) in _fields(kind).items():
            value = getattr(entry, name)
            if not fits(value):
                shown = hint.__name__ if isinstance(hint, type) else str(hint)
                raise ValueError(
                    f"required: {kind.__name__}.{name} of type {shown}; got {value!r:.60}"
                )

    return check


@functools.cache
def _fields(kind: type[Any]) -> dict[str, tuple[Any, Callable[[object], bool]]]:
    """The fields of a dataclass with their types and what tells whether a value is of it."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    hints = get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
    names = [field.name for field in dataclasses.fields(kind)] if hints else []

    def test(hint: Any) -> Callable[[object], bool]:
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return lambda value: isinstance(value, hint)
        config = ConfigDict(arbitrary_types_allowed=True, strict=True)
        adapter: TypeAdapter[object] = TypeAdapter(cast("type[object]", hint), config=config)

        def fits(value: object) -> bool:
            try:
                adapter.validate_python(value)
            except ValidationError:
                return False
            return True

        return fits

    return {name: (hints[name], test(hints[name])) for name in names}


def a_function(entry: object) -> None:
    """A check for registries of functions.

    >>> a_function(1)
    Traceback (most recent call last):
    ValueError: required: a function; got an object of type int
    """
    if not callable(entry):
        raise ValueError(f"required: a function; got an object of type {type(entry).__name__}")


class Registry(Generic[T]):
    """A named, ordered collection: duplicates raise, unknown names list the choices.

    Args:
        noun: what an entry is called in messages.
        group: entry-point group that third parties register under, or none.
        check: is called with an entry before it is stored, and raises ValueError to refuse it.
    """

    def __init__(
        self, noun: str, *, group: str | None = None, check: Callable[[T], None] | None = None
    ) -> None:
        self._noun = noun
        self._group = group
        self._check = check
        self._entries: dict[str, T] = {}
        self._origins: dict[str, Plugin] = {}
        self._loading: Plugin | None = None
        self._left_out: list[Plugin] = []

    def add(self, name: str, entry: T, *, tested: bool = False) -> T:
        """Register ``entry`` and return it.

        Args:
            name: its name.
            entry: passes the registry's check.
            tested: the check is made by a test of the package that owns the entry, and need not
                be made again at every start.

        Raises:
            ValueError: the name is no text, taken, or not the record's own, or the check refuses
                the entry.
        """
        if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"required: a {self._noun} name as text; got {name!r}")
        if name in self._entries:
            origin = self._origins.get(name)
            by = "" if origin is None or origin.own else f" by {origin.package}"
            raise ValueError(f"required: a new {self._noun} name; {name!r} is taken{by}")
        if getattr(entry, "name", name) != name:
            own = getattr(entry, "name", name)
            raise ValueError(f"required: a record's own name, {own!r}; got {name!r}")
        if self._check is not None and not tested:
            self._check(entry)
        self._entries[name] = entry
        if self._loading is not None:
            self._origins[name] = self._loading
        return entry

    def use(self, name: str, function: Callable[[T], R]) -> R:
        """What ``function`` makes of an entry; errors of a plug-in's entry name its package.

        Raises:
            UnknownNameError: no entry has the name.
            PluginError: see :func:`expressivity.plugins.blaming`.
        """
        entry = self[name]
        origin = self._origins.get(name)
        if origin is None:
            return function(entry)
        return blaming(origin, f"{self._noun} {name!r}", lambda: function(entry))

    def each(
        self,
        function: Callable[[T], R],
        names: Iterable[str] | None = None,
        *,
        without: Collection[str] = (),
    ) -> dict[str, R]:
        """What ``function`` makes of the named entries or, without names, of every entry.

        Named entries may be spelled as :meth:`canonical` reads them. Without names those of
        ``without`` are passed over, and an entry of a plug-in on which it fails is left out, with a
        notice.

        Raises:
            UnknownNameError, PluginError: as :meth:`use`, with names.
        """
        if names is not None:
            chosen = dict.fromkeys(map(self.canonical, names))
            return {name: self.use(name, function) for name in chosen}
        made: dict[str, R] = {}
        for name in (name for name in self if name not in without):
            try:
                made[name] = self.use(name, function)
            except PluginError as error:
                notice(f"left out: {error}")
        return made

    def foreign(self) -> tuple[str, ...]:
        """Names that other packages than this one have registered, in their order."""
        self._load_plugins()
        return tuple(name for name, origin in self._origins.items() if not origin.own)

    def canonical(self, name: str) -> str:
        """The entry's own name, for a name as people write it.

        Raises:
            UnknownNameError: it is none of an entry's; the choices are listed.

        >>> colours: Registry[int] = Registry("colour")
        >>> colours.add("dark_red", 1), colours.canonical("DarkRed")
        (1, 'dark_red')
        """
        self._load_plugins()
        found = name if name in self._entries else canonical(name, self._entries)
        if found is None:
            raise self._unknown(name)
        return found

    def _unknown(self, name: object) -> UnknownNameError:
        error = unknown(self._noun, name, self._entries)
        if self._left_out:
            return UnknownNameError(f"{error}; left out: {', '.join(map(str, self._left_out))}")
        return error

    def __getitem__(self, name: str) -> T:
        self._load_plugins()
        if name not in self._entries:
            raise self._unknown(name)
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
        for plugin, point in plugins(group):
            before = dict(self._entries), dict(self._origins)
            self._loading = plugin
            try:
                whole = attempt(plugin, lambda point=point: point.load()(self))
            finally:
                self._loading = None
            if not whole:
                self._entries, self._origins = before
                self._left_out.append(plugin)
