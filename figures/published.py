"""The language models of ``figures/paper`` as far as their numbers are in the repository.

Their run folders were not kept; ``figures/paper/losses.json`` has the losses, and says where
they are from. ``python -m figures.published`` draws the figures that need no more than these.
"""

import json
from pathlib import Path
from typing import Any

from expressivity.output import write_atomically
from expressivity.runs.folder import Entry, Run
from figures.figure import FIGURES, drawn, rendered
from figures.runs import Runs

PAPER = Path(__file__).parent / "paper"
DRAWN = ("pretraining", "ablation", "scaling")
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


def main() -> None:
    """Draw them again, as PDF and PNG."""
    runs = published()
    for name in DRAWN:
        made = drawn(FIGURES[name], runs)
        for form in ("pdf", "png"):
            content = rendered(made, form)
            file = PAPER / f"{name}.{form}"
            write_atomically(
                file, lambda temporary, content=content: temporary.write_bytes(content)
            )


if __name__ == "__main__":
    main()
