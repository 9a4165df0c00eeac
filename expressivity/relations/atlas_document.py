"""The files of an atlas: ``atlas.json`` for people and programs, ``atlas.parquet`` for tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expressivity.output import write_atomically, write_document
from expressivity.relations.atlas import counts, read_atlas, share
from expressivity.relations.closure import Cell, Path
from expressivity.relations.given import class_of
from expressivity.relations.order import equal_classes
from expressivity.relations.questions import DIMENSION
from expressivity.runs.folder import Run

SCHEMA = "expressivity.atlas/1"
DOCUMENT, TABLE = "atlas.json", "atlas.parquet"
"""Names of the files in a run folder."""


def is_atlas(run: Run) -> bool:
    """Whether a run holds an atlas, or a part of one."""
    return any(entry.identity.get("unit") == "containment" for entry in run.entries)


def document(run: Run) -> dict[str, Any]:
    """What ``atlas --json`` prints (docs/formats.md), from the finished units of a run.

    Raises:
        ValueError, ContradictionError: as ``read_atlas``.
    """
    atlas = read_atlas(run.entries)
    return {
        "schema": SCHEMA,
        "dimension": DIMENSION,
        "classes": [
            {"name": name, "label": family.class_label, "family": {**family.json(), "width": None}}
            for name in atlas.classes
            for family in [class_of(name, DIMENSION)]
        ],
        "pairs": len(atlas.cells),
        "decided": atlas.decided,
        "share": share(atlas),
        "counts": counts(atlas.cells.values()),
        "equal": [list(group) for group in equal_classes(atlas.classes, atlas.cells)],
        "minimal_open": [vars(question) for question in atlas.questions],
        "cells": [cell_json(cell) for cell in atlas.cells.values()],
        "searches": [vars(search) for search in atlas.searches],
        "fits": [vars(fit) for fit in atlas.fits],
        "failed": [{"unit": note["identity"], "error": note["error"]} for note in run.failures],
    }


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell as JSON: who is in whom, or the target with both reasons."""
    found: dict[str, Any] = {
        "smaller": cell.smaller,
        "larger": cell.larger,
        "answer": str(cell.answer),
        "evidence": str(cell.evidence),
        "maps": _steps(cell.path),
        "target": None,
        "dimension": None,
        "member": None,
        "excluded": None,
    }
    if cell.member is not None and cell.excluded is not None:
        found["target"], found["dimension"] = cell.member.target, cell.member.dimension
        for side, standing, path in (
            ("member", cell.member, cell.rises),
            ("excluded", cell.excluded, cell.falls),
        ):
            found[side] = {
                "class": standing.family,
                "evidence": str(standing.evidence),
                "reason": standing.reason,
                "maps": _steps(path),
            }
    return found


def _steps(path: Path) -> list[dict[str, object]]:
    return [
        {
            "smaller": step.smaller,
            "larger": step.larger,
            "where": str(step.where),
            "evidence": str(step.evidence),
            "maps": list(step.maps),
        }
        for step in path
    ]


def write_files(run: Run) -> dict[str, Any]:
    """Write both files into the run's folder, the document under a digest, and return it.

    Raises:
        ValueError, ContradictionError: as ``read_atlas``.
    """
    content = document(run)
    write_document(run.path / DOCUMENT, content)
    table = pa.table(columns(content["cells"]))
    write_atomically(run.path / TABLE, lambda file: pq.write_table(table, file))
    return content


def columns(cells: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The table: a row for each cell of the document, with paths as names of classes.

    >>> list(columns([]))[:4]
    ['smaller', 'larger', 'answer', 'evidence']
    """
    rows = [_row(cell) for cell in cells]
    return {name: [row[name] for row in rows] for name in _COLUMNS}


_PLAIN = ("smaller", "larger", "answer", "evidence", "target", "dimension")
_COLUMNS = (
    *_PLAIN, "path", "member_class", "member_reason", "member_path", "excluded_class",
    "excluded_reason", "excluded_path",
)  # fmt: skip


def _row(cell: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: cell[name] for name in _PLAIN} | {"path": _names(cell["maps"])}
    for side in ("member", "excluded"):
        found: Mapping[str, Any] = cell[side] or {"class": None, "reason": None, "maps": []}
        row |= {f"{side}_class": found["class"], f"{side}_reason": found["reason"]}
        row |= {f"{side}_path": _names(found["maps"])}
    return row


def _names(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The classes of a path; none of an empty one."""
    return [steps[0]["smaller"], *(step["larger"] for step in steps)] if steps else []
