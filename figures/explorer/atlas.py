"""The stored atlas as the data of the page: of every ordered pair the answer, and why."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expressivity.output import read_document
from expressivity.relations.atlas_document import DOCUMENT, SCHEMA
from expressivity.relations.prose import sentence
from expressivity.report.mathematics import mathematics
from figures.explorer.scenes import class_key
from figures.published import PAPER
from figures.style import class_name

STORED = PAPER / DOCUMENT
"""The record of this repository; an installed package has it too."""


def data(file: Path) -> dict[str, Any]:
    """Classes, and cells as [row, column, answer, evidence, sentence as HTML].

    Args:
        file: an ``atlas.json``.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    found = read_document(file, SCHEMA)
    places = {entry["name"]: place for place, entry in enumerate(found["classes"])}
    return {
        "dimension": found["dimension"],
        "classes": [
            {
                "name": entry["name"],
                "label": class_name(entry["label"]),
                "family": class_key(entry["family"]),
            }
            for entry in found["classes"]
        ],
        "cells": [_cell(cell, places) for cell in found["cells"]],
    }


def _cell(cell: Mapping[str, Any], places: Mapping[str, int]) -> list[Any]:
    smaller, larger = places[cell["smaller"]], places[cell["larger"]]
    return [smaller, larger, cell["answer"], cell["evidence"], mathematics(sentence(cell))]
