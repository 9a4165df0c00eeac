"""The feed-forward blocks of a model: where they stand, and which are nobody else's."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn

from expressivity.layers.adapters import ADAPTERS, Adapter, named_alike
from expressivity.layers.blocks import Block, NotRunError, Parts, UnreadableError
from expressivity.layers.code_uses import asks_by_name, asks_for, looks_into
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.holders import held_beside, sharing
from expressivity.layers.replacement import put


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A block, or the layer that it is inside, and the names of all its places."""

    names: tuple[str, ...]
    module: nn.Module
    parts: Parts
    adapter: str

    @property
    def name(self) -> str:
        """As messages call it."""
        return self.places[0]

    @property
    def places(self) -> tuple[str, ...]:
        """Names of all places that the new block takes."""
        return self._inside(self.parts.place)

    @property
    def emptied(self) -> tuple[str, ...]:
        """Names of all places that become ``nn.Identity``."""
        return tuple(name for path in self.parts.emptied for name in self._inside(path))

    def _inside(self, path: str) -> tuple[str, ...]:
        return tuple(".".join(filter(None, (name, path))) for name in self.names)

    @property
    def replaced(self) -> list[nn.Module]:
        """The modules that the new block takes the place of."""
        if not self.parts.place:
            return [self.module]
        paths = (self.parts.place, *self.parts.emptied)
        return [self.module.get_submodule(path) for path in paths]

    def put(self, model: nn.Module, new: Block) -> None:
        """Put the new block where this one stands."""
        if self.parts.place:
            put(self.module, self.parts, new)
        else:
            for name in self.names:
                model.set_submodule(name, new)


class Search:
    """The blocks of a model.

    Attributes:
        model: the model.
        ours: names of blocks that are ours already, as they were at the start.
    """

    def __init__(self, model: nn.Module, only: Sequence[str], leave: Sequence[str]) -> None:
        self.model = model
        self._names: dict[nn.Module, list[str]] = {}
        for name, module in model.named_modules(remove_duplicate=False):
            self._names.setdefault(module, []).append(name)
        self._selected = self._matching(only, "select") if only else set(self._names)
        self._left = self._matching(leave, "leave")
        ours = [m for m in self._names if isinstance(m, Block | FeedForward)]
        self.ours = [self._names[module][0] for module in ours if isinstance(module, Block)]
        self._ours = {inner for module in ours for inner in module.modules()}
        self._reasons: dict[nn.Module, UnreadableError] = {}

    def _matching(self, patterns: Sequence[str], verb: str) -> set[nn.Module]:
        """Modules of some names, with all inside."""
        if isinstance(patterns, str):
            raise ValueError(f"required: a list of names of modules to {verb}; got {patterns!r}")
        found: set[nn.Module] = set()
        for pattern in patterns:
            matched = [
                module
                for module, names in self._names.items()
                if any(fnmatchcase(name, pattern) for name in names)
            ]
            if not matched:
                raise ValueError(
                    f"required: names of modules to {verb}; got {pattern!r}, which is none"
                )
            found.update(inner for module in matched for inner in module.modules())
        return found

    def packed(self, adapters: Sequence[str]) -> dict[str, nn.Module]:
        """What takes the place of modules that pack several blocks, by the names of the places.

        Raises:
            ValueError: a packed module that cannot be unpacked, with its name and the reason.
        """
        found: dict[str, nn.Module] = {}
        for module, names in self._names.items():
            if module in self._left or module not in self._selected or module in self._ours:
                continue
            for name in adapters:
                try:
                    new = ADAPTERS.use(name, lambda adapter, m=module: adapter.unpack(m))
                except UnreadableError as error:
                    raise refusal(names[0], module, str(error)) from error
                if new is not None:
                    problem = self._held_elsewhere(module.modules())
                    if problem is not None:
                        raise refusal(names[0], module, problem)
                    found.update(dict.fromkeys(names, new))
                    break
        return found

    def blocks(self, adapters: Sequence[str]) -> list[Found]:
        """What the adapters read, in the model's order; the innermost where there are several."""
        found: list[Found] = []
        taken: set[nn.Module] = set()
        for module in reversed(self._names):
            inner = _weighty([module])
            if inner & taken or module in self._ours or inner <= self._left:
                continue
            if not inner & self._selected:
                continue
            read = self._read(module, adapters)
            found += read
            taken.update(_weighty([part for block in read for part in [module, *block.replaced]]))
        return found[::-1]

    def _read(self, module: nn.Module, adapters: Sequence[str]) -> list[Found]:
        def attempt(adapter: Adapter) -> Sequence[Parts] | UnreadableError:
            try:
                return adapter.read(module)
            except UnreadableError as error:
                return error

        for name in adapters:
            read = ADAPTERS.use(name, attempt)
            if isinstance(read, UnreadableError):
                if module not in self._reasons or not isinstance(read, NotRunError):
                    self._reasons[module] = read
                continue
            names = tuple(self._names[module])
            found = [Found(names=names, module=module, parts=p, adapter=name) for p in read]
            found = [block for block in found if self._wanted(block)]
            if found:
                return found
        return []

    def _wanted(self, block: Found) -> bool:
        if block.module is self.model and not block.parts.place:
            return False  # it has no place
        inside = block.module in self._selected or set(block.replaced) <= self._selected
        return inside and not set(block.replaced) & self._left

    def require_all_read(self, found: Sequence[Found]) -> None:
        """Refuse to leave feed-forward blocks that no adapter reads without being told to.

        They are recognised by name: of their class, or of their weights.
        """
        read = {block.module for block in found}
        read |= _weighty([part for block in found for part in block.replaced])
        others: list[str] = []
        for module in self._alike(read):
            name = self._names[module][0]
            above = name.rpartition(".")[0]
            parent = next(other for other, names in self._names.items() if above in names)
            reason = self._reasons.get(module, self._reasons.get(parent))
            if reason is not None and (module in self._reasons or type(reason) is UnreadableError):
                raise refusal(name, module, str(reason))
            others.append(name)
        if others:
            shown = ", ".join(others[:4]) + (f" and {len(others) - 4} more" if others[4:] else "")
            raise ValueError(
                "required: feed-forward blocks that an adapter reads; got others that would be "
                f"left as they are: {shown}: to accept this, name them, as "
                f"leave=({others[0]!r},) or with a pattern"
            )

    def _alike(self, read: set[nn.Module]) -> Iterator[nn.Module]:
        """Modules with names of feed-forward blocks, the outermost, that are not accounted for."""
        known = self._left | self._ours | (set(self._names) - self._selected) | read
        for module in self._names:
            parts = set(module.modules())
            if module in known or parts & read or not any(True for _ in module.parameters()):
                continue
            if named_alike(module):
                yield module
                known |= parts

    def require_own(self, block: Found) -> None:
        """Refuse a block whose modules or parameters stand elsewhere too: a tie would be lost."""
        inside = {part for module in block.replaced for part in module.modules()}
        problem = self._held_elsewhere(inside)
        if problem is not None:
            raise UnreadableError(problem)
        self._require_unseen(block)
        for part in inside:
            names = self._names[part]
            if any(True for _ in part.parameters(recurse=False)) and not all(
                _below(name, block.names) for name in names
            ):
                raise UnreadableError("whose modules have other places too")

    def _require_unseen(self, block: Found) -> None:
        """Refuse a block of which the code of a module around it knows more than that it is there.

        Its parts are no longer what they were, and it is of another class.
        """
        parts = block.parts
        for owner in self._around(block):
            seen = [path for path in (parts.place, *parts.emptied) if path]
            for path in seen if owner is not block.module else ():
                if looks_into(owner, path):
                    raise UnreadableError(f"whose {path} the code of {type(owner).__name__} uses")
            if seen or owner is block.module:
                continue
            if asks_for(owner, type(block.module)):
                raise UnreadableError(f"of a class that the code of {type(owner).__name__} names")
            name = next(asks_by_name(owner, block.module), None)
            if name is not None:
                raise UnreadableError(f"whose {name} the code of {type(owner).__name__} uses")

    def _around(self, block: Found) -> list[nn.Module]:
        """The modules that a block is inside."""
        above = {
            ".".join(name.split(".")[:level])
            for name in block.names
            for level in range(name.count(".") + 1)
        }
        return [self.model.get_submodule(name) for name in sorted(above)]

    def _held_elsewhere(self, modules: Iterable[nn.Module]) -> str | None:
        """Who else has some modules or their parameters, or None."""
        inside = list(dict.fromkeys(modules))
        weighty = _weighty(inside)
        for part in (one for one in inside if one in weighty):
            own = list(part.parameters(recurse=False))
            if any(id(parameter) in self._sharing for parameter in own):
                return "whose parameters have other places too"
            for held in (part, *own):
                holder = self._holders.get(id(held))
                if holder is not None and not any(
                    _below(holder, self._names[module]) for module in inside
                ):
                    return (
                        f"that {holder} holds beside it (compile, wrap for several processes and "
                        "keep references after the conversion)"
                    )
        return None

    @functools.cached_property
    def _sharing(self) -> set[int]:
        return sharing(self.model)

    @functools.cached_property
    def _holders(self) -> Mapping[int, str]:
        return held_beside(self.model)

    def kept(self) -> dict[str, str]:
        """Names of blocks that were to stay as they are, and the option that said so."""
        return {
            names[0]: "named by leave" if module in self._left else "not in only"
            for module, names in self._names.items()
            if named_alike(module) and (module in self._left or module not in self._selected)
        }


def refusal(name: str, module: nn.Module, problem: str) -> ValueError:
    """A refusal of one block; ``problem`` follows its name in the sentence."""
    return ValueError(
        f"required: blocks whose function can be kept; got {name} ({type(module).__name__}) "
        f"{problem}: leave it as it is with leave=({name!r},), or put a FeedForward in its place "
        "by hand"
    )


def _weighty(modules: Iterable[nn.Module]) -> set[nn.Module]:
    """Modules and all inside that have parameters: the others, as activations, may be shared."""
    inside = {part for module in modules for part in module.modules()}
    return {part for part in inside if any(True for _ in part.parameters())}


def _below(name: str, tops: Sequence[str]) -> bool:
    return any(not top or name == top or name.startswith(f"{top}.") for top in tops)
