"""The records as one Parquet table: a row a run, its options as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.pretraining.evidence.records import Record, place_of
from expressivity.output import is_whole, write_atomically

_NESTED = ("options", "origin")


def write_table(path: Path, records: Sequence[Record]) -> None:
    """Write records in the order of arm, schedule, rate and seed.

    Raises:
        OSError: the file could not be written.
    """
    rows = [
        {**record, **{name: json.dumps(record[name], sort_keys=True) for name in _NESTED}}
        for record in sorted(records, key=place_of)
    ]
    table = pa.Table.from_pylist(rows)
    write_atomically(
        path, lambda temporary: pq.write_table(table, temporary, write_page_checksum=True)
    )


def read_table(path: Path) -> list[Record]:
    """The records of a table, each as its digest says.

    Raises:
        ValueError: the file or one of its records is damaged.

    >>> import tempfile
    >>> from expressivity.output import sealed
    >>> record = sealed({"arm": "la", "schedule": "wsd", "rate": 0.1, "seed": 1,
    ...                  "options": {"width": 8}, "origin": {}})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(Path(folder) / "a.parquet", [record])
    ...     read_table(Path(folder) / "a.parquet") == [record]
    True
    """
    try:
        rows = pq.read_table(path, page_checksum_verification=True).to_pylist()
        found = [{**row, **{name: json.loads(row[name]) for name in _NESTED}} for row in rows]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not all(map(is_whole, found)):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> ValueError:
    return ValueError(
        f"required: a table of whole records; {path} is damaged: write it again from the records"
    )
