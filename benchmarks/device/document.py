"""The document of the script: JSON, and the same as Markdown. Standard library only."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.device.parts import PARTS, Row

SCHEMA = "expressivity.bench.device/1"


@dataclass(kw_only=True)
class Measured:
    """What came of a part.

    Attributes:
        status: ``not run``, ``running``, ``done``, ``failed``, or ``stopped`` at its limit.
        seconds, limit: that it took, and could take.
        message: why it ended early.
    """

    status: str = "not run"
    seconds: float = 0.0
    limit: float = 0.0
    message: str = ""
    rows: list[Row] = field(default_factory=list)


@dataclass(kw_only=True)
class Document:
    """Everything that was measured, in the order of the parts."""

    environment: dict[str, object]
    dry_run: bool
    parts: dict[str, Measured]

    @property
    def complete(self) -> bool:
        """Whether every part ran to its end."""
        return all(part.status == "done" for part in self.parts.values())

    def json(self) -> str:
        """One JSON document."""
        document = {
            "schema": SCHEMA,
            "environment": self.environment,
            "dry_run": self.dry_run,
            "parts": {name: asdict(part) for name, part in self.parts.items()},
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"

    def markdown(self) -> str:
        """A section a part."""
        where = "; ".join(f"{name} {value}" for name, value in self.environment.items())
        text = ["# One device", where]
        if self.dry_run:
            text.append(
                "A dry run: tiny sizes, to see that everything works. Figures mean nothing."
            )
        for name, found in self.parts.items():
            part = PARTS[name]
            took = f"{found.status}, {found.seconds:.0f} s of {found.limit:.0f} s"
            text += [f"## {part.title}", f"{part.note} ({took}.)"]
            if found.message:
                text.append("\n".join(f"    {line}" for line in found.message.splitlines()))
            if found.rows:
                text.append(table(found.rows))
        return "\n\n".join(text) + "\n"

    def write(self, file: Path) -> None:
        """Both forms, each replaced at once: a kill leaves what the last row left."""
        for path, text in ((file, self.json()), (file.with_suffix(".md"), self.markdown())):
            temporary = path.with_name(f"{path.name}.part")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)


def table(rows: list[Row]) -> str:
    """A Markdown table.

    >>> print(table([{"lanes": 16384, "seconds": 0.12345, "peak MiB": None}]))
    | lanes | seconds | peak MiB |
    |---|---|---|
    | 16,384 | 0.1235 |  |
    """
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(cell(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: str | int | float | None) -> str:
    """Four digits of a number that is not whole.

    >>> cell(3.0e-14), cell(1234567), cell(98765.4), cell(None)
    ('3e-14', '1,234,567', '98,765', '')
    """
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else value
