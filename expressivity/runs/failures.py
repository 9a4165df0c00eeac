"""Notes on units that have no outcome: one JSON document each, in ``failures/`` of a run folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from expressivity.output import is_whole, write_document
from expressivity.runs.units import Failure, Unit

SCHEMA = "expressivity.failure/1"


def note_of(path: Path, key: str) -> Path:
    """Where the note on a unit is in a run folder."""
    return path / "failures" / f"{key}.json"


def write_note(path: Path, unit: Unit, failure: Failure, stamp: str) -> None:
    """Write why a unit of the run of this stamp has no outcome."""
    said = {"identity": unit.identity, **asdict(failure), "run": stamp}
    write_document(note_of(path, unit.key), {"schema": SCHEMA, **said})


def read_note(note: Path) -> dict[str, Any]:
    """``identity``, ``error``, ``traceback`` and ``run``; of a damaged note only that it is one.

    Notes of former versions have neither schema nor digest, and ``run`` is None.
    """
    known: dict[str, Any] = {"identity": {}, "error": "", "traceback": "", "run": None}
    try:
        content = json.loads(note.read_bytes())
        former = not {"schema", "digest"} & set(content)
        whole = former or (is_whole(content) and content["schema"] == SCHEMA)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        whole, content = False, {}
    if not whole or not isinstance(content, dict):
        return {**known, "error": f"{note.name} is damaged"}
    return {name: content.get(name, value) for name, value in known.items()}
