"""The atlas of a run: which class lies in which, a matrix with the reason for every cell."""

from collections.abc import Mapping
from typing import Any

from expressivity.relations.atlas_document import document, is_atlas
from expressivity.relations.closure import ContradictionError
from expressivity.relations.prose import sentence
from expressivity.report.section import Section, html
from expressivity.runs.folder import Run

_MARKS = {"yes": "in", "domain": "in*", "no": "no", "open": "?"}
"""What a cell of the matrix shows."""


def atlas(run: Run) -> Section | None:
    """The matrix and the reasons, or None for a run that holds no atlas."""
    if not is_atlas(run):
        return None
    try:
        found, problem = document(run), None
    except ContradictionError as error:
        found, problem = None, str(error)
    body = html(
        "expressivity.report",
        "atlas.html.j2",
        problem=problem,
        found=found,
        names=[] if found is None else [entry["name"] for entry in found["classes"]],
        marks=_MARKS,
        rows={} if found is None else rows(found),
    )
    return Section(title="Atlas", order=15, body=body)


def rows(found: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """For each class and each other one the cell, with its anchor and its sentence.

    Args:
        found: the document of an atlas.
    """
    places = {entry["name"]: index for index, entry in enumerate(found["classes"])}
    by_row: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in places}
    for cell in found["cells"]:
        smaller, larger = cell["smaller"], cell["larger"]
        by_row[smaller][larger] = {
            **cell,
            "anchor": f"pair-{places[smaller]}-{places[larger]}",
            "sentence": sentence(cell),
        }
    return by_row
