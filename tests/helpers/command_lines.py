"""Tiny command lines, and what tests ask of their answers and folders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

TINY = ("--restarts", "2", "--candidates", "1")
SMALL = ("--dictionary", "relu,relu2")
LA = ("separate", "t1", "--family", "la", *SMALL, *TINY)
"""One unit that reaches its target at once."""
Call = Callable[..., Any]


def one_line(answer: Any) -> str:
    assert answer.err.startswith("expressivity: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    return answer.err


def tree(path: Path) -> dict[str, bytes | None]:
    return {
        str(entry.relative_to(path)): entry.read_bytes() if entry.is_file() else None
        for entry in path.rglob("*")
    }


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "units").glob("*.parquet"))


T1 = ("separate", "t1", "--widths", "1", *SMALL, *TINY)


def refused(call: Call, out: Path, *arguments: object) -> str:
    """The one line of a command that must refuse its arguments and write nothing."""
    answer = call("separate", *arguments, "--out", out, "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert not out.exists()
    assert list(Path.cwd().iterdir()) == []
    return one_line(answer)


HUGE = 10**9
