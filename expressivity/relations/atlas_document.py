"""The files of an atlas: ``atlas.json`` for people and programs, ``atlas.parquet`` for tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expressivity.output import json_text, sealed, write_atomically
from expressivity.relations.atlas import Atlas, counts, share
from expressivity.relations.atlas_units import class_of
from expressivity.relations.closure import Cell
from expressivity.relations.closure import Path as Steps
from expressivity.relations.order import equal_classes
from expressivity.relations.questions import DIMENSION

SCHEMA = "expressivity.atlas/1"
DOCUMENT, TABLE = "atlas.json", "atlas.parquet"
"""Names of the files in a run folder."""


def document(atlas: Atlas, *, failed: Sequence[str] = ()) -> dict[str, object]:
    """What ``atlas --json`` prints (docs/formats.md).

    Args:
        atlas: what was found.
        failed: labels of units without a result.
    """
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
        "failed": list(failed),
    }


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell as JSON: who is in whom, or the target with both reasons."""
    separated = cell.member is not None and cell.excluded is not None
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
    if separated:
        assert cell.member is not None and cell.excluded is not None
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


def _steps(path: Steps) -> list[dict[str, object]]:
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


def write_files(atlas: Atlas, path: Path, *, failed: Sequence[str] = ()) -> dict[str, object]:
    """Write both files into a run folder, the document under a digest, and return it."""
    content = document(atlas, failed=failed)
    text = json_text(sealed(content))
    write_atomically(path / DOCUMENT, lambda file: file.write_text(text))
    table = pa.table(columns(atlas.cells.values()))
    write_atomically(path / TABLE, lambda file: pq.write_table(table, file))
    return content


def columns(cells: Iterable[Cell]) -> dict[str, list[Any]]:
    """The table: a row for each ordered pair, its paths as names of classes.

    >>> list(columns([]))[:4]
    ['smaller', 'larger', 'answer', 'evidence']
    """
    found: dict[str, list[Any]] = {
        name: []
        for name in (
            "smaller", "larger", "answer", "evidence", "target", "dimension", "path",
            "member_reason", "excluded_reason", "member_path", "excluded_path",
        )
    }  # fmt: skip
    for cell in cells:
        found["smaller"].append(cell.smaller)
        found["larger"].append(cell.larger)
        found["answer"].append(str(cell.answer))
        found["evidence"].append(str(cell.evidence))
        found["path"].append(_names(cell.smaller, cell.path) if cell.path else None)
        member, excluded = cell.member, cell.excluded
        found["target"].append(member and member.target)
        found["dimension"].append(member and member.dimension)
        found["member_reason"].append(member and member.reason)
        found["excluded_reason"].append(excluded and excluded.reason)
        found["member_path"].append(member and _names(member.family, cell.rises))
        found["excluded_path"].append(excluded and _names(cell.larger, cell.falls))
    return found


def _names(start: str, path: Steps) -> list[str]:
    return [start, *(step.larger for step in path)]
