"""Pages that are written when the documentation is built: each generator maps paths to text.

Nothing here is typed in by hand: theorems come from the registry of proofs with the verdicts of
this build, experiments from theirs, commands from the command line itself, and the reference
from the modules. ``docs/conf.py`` writes the pages into ``docs/generated``, which git ignores.
"""

import re
from collections.abc import Mapping
from pathlib import Path

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~^&!])")


def escape(text: str) -> str:
    r"""Plain text as Markdown that shows exactly this text, in a paragraph or a table cell.

    >>> print(escape("a_1 * |x| < 2"))
    a\_1 \* \|x\| \< 2
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(*columns: str, rows: list[tuple[str, ...]]) -> str:
    """A Markdown table of cells that are Markdown already.

    >>> print(table("a", "b", rows=[("1", "2")]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    head = (f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}")
    return "\n".join((*head, *(f"| {' | '.join(row)} |" for row in rows)))


def toctree(*names: str, hidden: bool = False) -> str:
    """A table of contents of pages beside this one."""
    option = ":hidden:" if hidden else ":maxdepth: 1"
    return "\n".join(("```{toctree}", option, "", *names, "```"))


def write_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Make ``folder`` hold exactly these pages; unchanged ones are not touched."""
    for old in sorted(folder.rglob("*.md")):
        if old.relative_to(folder).as_posix() not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
