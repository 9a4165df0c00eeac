"""Headline numbers beside the archived ones of ``reference.json``."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from expressivity.output import read_document, write_document
from expressivity.runs.folder import Run

SCHEMA, DOCUMENT = "expressivity.reproduce/1", "agreement.json"
"""Schema and name of the file that holds what ``reproduce --json`` prints."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An archived number.

    Attributes:
        value: what is expected.
        tolerance: largest absolute difference that agrees.
        origin: where the value comes from: a theorem, a publication, a run.
    """

    value: float
    tolerance: float
    origin: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of one experiment; the fields are those of docs/formats.md.

    ``agrees`` is None for a number without a reference, as those of plug-ins are.
    """

    name: str
    value: float | None
    reference: float | None
    tolerance: float | None
    agrees: bool | None
    origin: str


_ROWS = TypeAdapter(list[Row])
_REFERENCES = TypeAdapter(dict[str, dict[str, dict[str, Reference]]])


@functools.cache
def references() -> Mapping[str, Mapping[str, Mapping[str, Reference]]]:
    """Archived numbers by tier, experiment and name.

    >>> references()["smoke"]["proofs"]["theorems not proved"].value
    0.0
    """
    return _REFERENCES.validate_json((files("figures") / "reference.json").read_bytes())


def compare(
    experiment: str, values: Mapping[str, float | None], expected: Mapping[str, Reference]
) -> list[Row]:
    """Every value beside its reference; a reference whose value is missing disagrees.

    >>> [row] = compare("e", {"a": 1.5}, {"a": Reference(value=1.0, tolerance=0.1, origin="o")})
    >>> row.name, row.agrees
    ('e: a', False)
    """
    rows: list[Row] = []
    for name in dict.fromkeys([*values, *expected]):
        value, reference = values.get(name), expected.get(name)
        agrees = None
        if reference is not None:
            agrees = value is not None and abs(value - reference.value) <= reference.tolerance
        rows.append(
            Row(
                name=f"{experiment}: {name}",
                value=value,
                reference=None if reference is None else reference.value,
                tolerance=None if reference is None else reference.tolerance,
                agrees=agrees,
                origin="no reference" if reference is None else reference.origin,
            )
        )
    return rows


def document(rows: Iterable[Row]) -> dict[str, object]:
    """What ``reproduce --json`` prints."""
    return {"schema": SCHEMA, "rows": [asdict(row) for row in rows]}


def write_rows(rows: Sequence[Row], folder: Path) -> None:
    """Keep the rows in a ``reproduce`` folder."""
    write_document(folder / DOCUMENT, document(rows))


def read_rows(run: Run) -> list[Row] | None:
    """The rows of a ``reproduce`` folder, or None where there are none yet.

    Raises:
        ValueError: its document is there, and damaged or of another schema.
    """
    file = run.path / DOCUMENT
    if not file.exists():
        return None
    return _ROWS.validate_python(read_document(file, SCHEMA)["rows"])
