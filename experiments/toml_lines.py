"""The line on which each key of a TOML file stands, which ``tomllib`` does not tell."""

import tomllib
from typing import Any

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    r"""First lines of all keys and table headers of a valid TOML text, counted from 1.

    The text is cut into statements: the shortest runs of lines that parse. So strings, arrays
    over several lines and comments are understood by ``tomllib`` itself.

    >>> key_lines('name = "a"\n[grid]\nwidth = [\n  1,\n]\nseed = [0]')
    {('name',): 1, ('grid',): 2, ('grid', 'width'): 3, ('grid', 'seed'): 6}
    """
    found: dict[Path, int] = {}
    table: Path = ()
    lines = text.replace("\r\n", "\n").split("\n")
    first = 0
    while first < len(lines):
        last, content = _statement(lines, first)
        paths = _paths(content)
        if lines[first].lstrip().startswith("["):
            table = paths[-1] if paths else ()
            paths, prefix = [table], ()
        else:
            prefix = table
        for path in paths:
            found.setdefault((*prefix, *path), first + 1)
        first = last + 1
    return found


def _statement(lines: list[str], first: int) -> tuple[int, dict[str, Any]]:
    """The last line of the statement that begins here, and what it says."""
    for last in range(first, len(lines)):
        # Only these end a value of several lines; trying every line would take too long.
        if last == first or any(mark in lines[last] for mark in ("]", '"""', "'''")):
            try:
                return last, tomllib.loads("\n".join(lines[first : last + 1]))
            except tomllib.TOMLDecodeError:
                continue
    raise AssertionError("a valid TOML text ends with its last statement")


def _paths(content: Any) -> list[Path]:
    """All keys of nested tables, outer ones first."""
    if isinstance(content, list) and content:
        content = content[-1]  # [[table]]
    if not isinstance(content, dict):
        return []
    return [(key, *rest) for key, value in content.items() for rest in ((), *_paths(value))]
