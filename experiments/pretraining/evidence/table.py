"""The records as one Parquet table: a row a run, its options as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.pretraining.evidence.records import Record, place_of
from expressivity.output import write_atomically

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
    write_atomically(path, lambda temporary: pq.write_table(table, temporary))


def read_table(path: Path) -> list[Record]:
    """The records of a table.

    >>> import tempfile
    >>> record = {"arm": "la", "schedule": "wsd", "rate": 0.1, "seed": 1, "options": {"width": 8},
    ...           "origin": {}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(Path(folder) / "a.parquet", [record])
    ...     read_table(Path(folder) / "a.parquet") == [record]
    True
    """
    return [
        {**row, **{name: json.loads(row[name]) for name in _NESTED}}
        for row in pq.read_table(path).to_pylist()
    ]
