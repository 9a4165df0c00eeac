"""The reference of the library, by room: every public module has its place."""

import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from generators import toctree


@dataclass(frozen=True, kw_only=True)
class Room:
    """Modules that are read together.

    Attributes:
        name: of the page's file.
        title: of the page.
        modules: full names; a package stands for all its modules.
    """

    name: str
    title: str
    modules: tuple[str, ...]


ROOMS = (
    Room(
        name="foundations",
        title="Names and evidence",
        modules=(
            "expressivity.names",
            "expressivity.registry",
            "expressivity.plugins",
            "expressivity.evidence",
            "expressivity.time_limit",
            "expressivity.output",
        ),
    ),
    Room(
        name="symbolic",
        title="Expressions, exact and ball arithmetic",
        modules=("expressivity.symbolic",),
    ),
    Room(
        name="classes",
        title="Activations, gates, families, networks",
        modules=("expressivity.classes",),
    ),
    Room(name="targets", title="Targets and where they live", modules=("expressivity.targets",)),
    Room(
        name="membership", title="Membership and obstructions", modules=("expressivity.membership",)
    ),
    Room(name="bounds", title="Bounds", modules=("expressivity.bounds",)),
    Room(
        name="certificates",
        title="Certificates and their checker",
        modules=(
            "expressivity.certificates",
            "expressivity.checker",
        ),
    ),
    Room(name="fitting", title="Fitting and errors", modules=("expressivity.fitting",)),
    Room(name="runs", title="Work units and run folders", modules=("expressivity.runs",)),
    Room(name="separation", title="The main job", modules=("expressivity.separation",)),
    Room(name="relations", title="Relations between classes", modules=("expressivity.relations",)),
    Room(name="layers", title="Layers for models", modules=("expressivity.layers",)),
    Room(name="front", title="The front door", modules=("expressivity.front",)),
    Room(name="report", title="Reports", modules=("expressivity.report",)),
    Room(name="proofs", title="Proofs", modules=("proofs",)),
    Room(
        name="experiments",
        title="Experiments and figures",
        modules=(
            "experiments",
            "figures",
        ),
    ),
)

ELSEWHERE = ("expressivity.cli", "expressivity.commands", "proofs.command")
"""The command line, which has its own page."""


def pages(modules: Iterable[str]) -> dict[str, str]:
    """An overview and a page for each room that holds one of the modules.

    Raises:
        ValueError: a module that is in no room.
    """
    placed: dict[str, list[str]] = {room.name: [] for room in ROOMS}
    for module in modules:
        if not any(_holds(name, module) for name in ELSEWHERE):
            placed[_room_of(module).name].append(module)
    rooms = [room for room in ROOMS if placed[room.name]]
    index = f"# Library\n\n{toctree(*(room.name for room in rooms))}\n"
    return {"index.md": index} | {
        f"{room.name}.md": _page(room, _in_reading_order(room, placed[room.name])) for room in rooms
    }


def public_modules(*packages: str) -> Iterator[str]:
    """Full names of the packages' modules, those with a leading underscore excepted.

    >>> "expressivity.fitting.driver" in public_modules("expressivity")
    True
    """
    for package in packages:
        if package != "expressivity":  # which holds its version alone
            yield package
        paths: Sequence[str] = import_module(package).__path__
        for found in pkgutil.walk_packages(paths, f"{package}."):
            if not any(part.startswith("_") for part in found.name.split(".")):
                yield found.name


def _room_of(module: str) -> Room:
    for room in ROOMS:
        if any(_holds(name, module) for name in room.modules):
            return room
    raise ValueError(f"required: a room for {module}; got none: add it to docs/generators/api.py")


def _holds(name: str, module: str) -> bool:
    return module == name or module.startswith(f"{name}.")


def _in_reading_order(room: Room, modules: list[str]) -> list[str]:
    def place(module: str) -> int:
        return next(i for i, name in enumerate(room.modules) if _holds(name, module))

    return sorted(modules, key=place)  # stable: a package's own order is kept


def _page(room: Room, modules: list[str]) -> str:
    sections = [
        f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```"
        for module in modules
    ]
    return "\n\n".join((f"# {room.title}", *sections)) + "\n"


_LITERAL_OR_SPECIAL = re.compile(r"(``.+?``|`.+?`)|([*|])", re.DOTALL)

# "left, right: text" documents two fields at once; a blank would make a type of the first.
_FIELDS = re.compile(r"^ {4}\w+(, \w+)+(?=: )", re.MULTILINE)


def as_restructured_text(lines: Sequence[str], *, module: bool) -> list[str]:
    r"""A docstring as Sphinx reads it: stars and bars mean themselves, modules show formulas.

    In a module's docstring an indented paragraph is a display and keeps its columns; elsewhere
    indentation belongs to the sections of the docstring.

    >>> as_restructured_text(["the norm |x| of ``a * b``"], module=False)
    ['the norm \\|x\\| of ``a * b``']
    >>> as_restructured_text(["Formula:", "", "    a * b"], module=True)
    ['Formula:', '', '::', '', '    a * b']
    """
    paragraphs = "\n".join(lines).split("\n\n")
    return "\n\n".join(_paragraph(text, module) for text in paragraphs).split("\n")


def _paragraph(text: str, module: bool) -> str:
    if text.lstrip().startswith(">>>"):
        return text
    if module and text.startswith("    "):
        return f"::\n\n{text}"
    text = _FIELDS.sub(lambda found: found[0].replace(", ", ","), text)
    return _LITERAL_OR_SPECIAL.sub(lambda found: found[1] or f"\\{found[2]}", text)
