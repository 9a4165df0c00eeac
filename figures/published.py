"""What of ``figures/paper`` can be drawn from records that are in the repository.

Run folders were not kept. ``figures/paper/losses.json`` has the losses of the language models, and
says where they are from, ``atlas.json`` the answers of the atlas. ``python -m figures.published``
draws the figures that need no more than these, and the schematic, which needs nothing.
"""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from expressivity.evidence import Evidence
from expressivity.output import read_document, write_atomically
from expressivity.relations.answers import Answer
from expressivity.relations.atlas_document import DOCUMENT, SCHEMA
from expressivity.relations.closure import Cell, Cells
from expressivity.runs.folder import Entry, Run
from figures.atlas import diagram
from figures.figure import FIGURES, drawn, laid_out, rendered
from figures.runs import Runs
from figures.style import applied

PAPER = Path(__file__).parent / "paper"
DRAWN = ("schematic", "atlas", "pretraining", "ablation", "scaling")
DRAWN_FROM = ("pretrain", "ablate", "scaling")
"""Commands whose losses are there."""


def published() -> Runs:
    """Runs of ``DRAWN_FROM``, whose records hold losses alone; those of ``ablate`` minus fixed.

    Raises:
        OSError: this is no checkout: the installed package has no ``figures/paper``.
    """
    losses = json.loads((PAPER / "losses.json").read_text("utf-8"))
    return Runs(PAPER, {name: _run(name, losses[name]) for name in DRAWN_FROM}, frozenset())


def _run(command: str, rows: list[dict[str, Any]]) -> Run:
    manifest = PAPER / "manifests" / f"{command}.json"
    return Run(
        path=PAPER / command,
        manifest=json.loads(manifest.read_text("utf-8")),
        entries=tuple(map(_entry, rows)),
        damaged=(),
        failures=(),
    )


def _entry(row: dict[str, Any]) -> Entry:
    record = {**row, "evaluations": [[row["steps"], row["validation"]]], "gates": None}
    name = " ".join(str(row[part]) for part in ("arm", "parameters", "rate", "seed"))
    return Entry(key=name, identity={}, record=record, seconds=0.0)


def stored_atlas(file: Path) -> tuple[list[str], Cells]:
    """Classes and answers of an ``atlas.json``, without their reasons.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    document = read_document(file, SCHEMA)
    cells = [
        Cell(
            smaller=cell["smaller"],
            larger=cell["larger"],
            answer=Answer(cell["answer"]),
            evidence=Evidence(cell["evidence"]),
        )
        for cell in document["cells"]
    ]
    names = [entry["name"] for entry in document["classes"]]
    return names, {(cell.smaller, cell.larger): cell for cell in cells}


def redrawn(name: str) -> Figure:
    """One of ``DRAWN``."""
    if name == "atlas":
        with applied():
            return laid_out(diagram(*stored_atlas(PAPER / DOCUMENT)))
    return drawn(FIGURES[name], published())


def main() -> None:
    """Draw them again, as PDF and PNG."""
    for name in DRAWN:
        made = redrawn(name)
        for form in ("pdf", "png"):
            content = rendered(made, form)
            file = PAPER / f"{name}.{form}"
            write_atomically(
                file, lambda temporary, content=content: temporary.write_bytes(content)
            )


if __name__ == "__main__":
    main()
