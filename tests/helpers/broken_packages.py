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
