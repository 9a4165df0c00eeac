"""Packages laid out on disk, with entry points that fail."""

from pathlib import Path

from expressivity.registry import Registry, of_type

ROOT = Path(__file__).parents[2]


def install(
    folder: Path, name: str, points: dict[str, str], code: str = "", *, version: str = "1.0"
) -> None:
    """A package of one module of the same name.

    Args:
        folder: on the path of modules.
        name: of the distribution; its module has underscores.
        points: entry points by group, each ``name = module:attribute`` lines.
        code: of the module.
        version: of the distribution.
    """
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    facts = folder / f"{module}-{version}.dist-info"
    facts.mkdir()
    header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (facts / "METADATA").write_text(header, encoding="utf-8")
    text = "".join(f"[{group}]\n{lines}\n" for group, lines in points.items())
    (facts / "entry_points.txt").write_text(text, encoding="utf-8")


def notices(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "expressivity"]


def numbers() -> Registry[int]:
    registry: Registry[int] = Registry("number", group="some.group", check=of_type(int))
    registry.add("one", 1)
    return registry


FAILURES = {
    "does not exist": ("no_such_module:register", ""),
    "has no such attribute": ("{module}:nothing", ""),
    "is no reference": ("{module}:::", ""),
    "cannot be imported": ("{module}:register", "import no_such_module"),
    "is no Python": ("{module}:register", "def register(:"),
    "exits": ("{module}:register", "import sys; sys.exit(7)"),
    "exits with text": ("{module}:register", "raise SystemExit('bye')"),
    "exits when called": ("{module}:register", "def register(r):\n    raise SystemExit(0)"),
    "raises when called": (
        "{module}:register",
        "def register(r):\n    raise RuntimeError('two\\nlines')",
    ),
    "raises a BaseException": (
        "{module}:register",
        "class Odd(BaseException): ...\ndef register(r):\n    raise Odd",
    ),
    "raises what cannot be shown": (
        "{module}:register",
        "class Odd(Exception):\n    def __str__(self): raise self\ndef register(r):\n    raise Odd",
    ),
    "stops like a generator": ("{module}:register", "def register(r):\n    raise GeneratorExit"),
    "is an object": ("{module}:register", "register = 5"),
    "takes nothing": ("{module}:register", "def register():\n    pass"),
    "recurses": ("{module}:register", "def register(r):\n    register(r)"),
    "registers a taken name": ("{module}:register", "def register(r):\n    r.add('one', 1)"),
    "registers a wrong type": ("{module}:register", "def register(r):\n    r.add('new', 'text')"),
    "registers no name": ("{module}:register", "def register(r):\n    r.add(None, 1)"),
    "fails after a first entry": (
        "{module}:register",
        "def register(r):\n    r.add('half', 1)\n    raise ValueError('the second is missing')",
    ),
    "prints and fails": (
        "{module}:register",
        "print('{{}}')\ndef register(r):\n    r.add('one', 2)",
    ),
}
"""Ways to fail: the value of an entry point, ``module:attribute``, and the code of the module."""
