"""Shards: one Parquet file for each finished unit, a row for each lane, all else as metadata.

Nothing of a shard is believed before its digests are found to be right: that of its metadata, and
that of its lanes and of the unit's file of weights.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expressivity.output import write_atomically
from expressivity.runs.units import Outcome, Unit

SCHEMA = b"expressivity.shard/2"

_IDENTITY, _RECORD, _SECONDS, _DATA, _RUN, _SCHEMA, _DIGEST = (
    f"expressivity.{name}".encode()
    for name in ("identity", "record", "seconds", "data_sha256", "run", "schema", "sha256")
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A finished unit as it is stored.

    Attributes:
        key: its name.
        identity: what was asked.
        record: what came of it.
        seconds: what it took.
        stamp: of the configuration it was computed for; None from former versions.
    """

    key: str
    identity: dict[str, Any]
    record: dict[str, Any]
    seconds: float
    stamp: str | None = None


def shard_of(path: Path, key: str) -> Path:
    """Where a unit's shard is in a run folder."""
    return path / "units" / f"{key}.parquet"


def weights_of(path: Path, key: str) -> Path:
    """Where its file of weights is."""
    return path / "weights" / f"{key}.safetensors"


def write_shard(path: Path, unit: Unit, outcome: Outcome, weights: bytes, stamp: str) -> None:
    """Write the shard of an outcome, for the run of this stamp.

    Raises:
        OSError: it could not be written.
        ValueError: a record without a JSON form.
    """
    lanes = pa.table(dict(outcome.lanes))
    metadata = {
        _IDENTITY: json.dumps(unit.identity, allow_nan=False).encode(),
        _RECORD: json.dumps(outcome.record, allow_nan=False).encode(),
        _SECONDS: repr(outcome.seconds).encode(),
        _DATA: _data_digest(lanes, weights),
    }
    _write(path, unit.key, lanes, metadata, stamp)


def stamp_again(path: Path, key: str, lanes: Any, stamp: str) -> None:
    """Make a whole shard one of the run of this stamp."""
    _write(path, key, lanes, lanes.schema.metadata, stamp)


def _write(path: Path, key: str, lanes: Any, metadata: Mapping[bytes, bytes], stamp: str) -> None:
    stamped = {**metadata, _RUN: stamp.encode(), _SCHEMA: SCHEMA}
    table = lanes.replace_schema_metadata({**stamped, _DIGEST: _digest(key, stamped)})
    write_atomically(
        shard_of(path, key),
        lambda temporary: pq.write_table(table, temporary, write_page_checksum=True),
    )


def read_shard(shard: Path) -> Entry | None:
    """A shard whose digest says that it is whole and the one its name promises, else None."""
    try:
        metadata = pq.read_schema(pa.BufferReader(shard.read_bytes())).metadata or {}
        if metadata.get(_SCHEMA, SCHEMA) != SCHEMA:
            return None
        if metadata[_DIGEST] != _digest(shard.stem, metadata):
            return None
        return Entry(
            key=shard.stem,
            identity=json.loads(metadata[_IDENTITY]),
            record=json.loads(metadata[_RECORD]),
            seconds=float(metadata[_SECONDS]),
            stamp=metadata[_RUN].decode() if _RUN in metadata else None,
        )
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def read_data(path: Path, key: str) -> tuple[Any, bytes] | None:
    """Lanes and packed weights of a unit, or None where they are not what its shard promises."""
    weights = weights_of(path, key)
    try:
        content = shard_of(path, key).read_bytes()
        # From memory: pyarrow is several times faster there than on many small files.
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as shard:
            lanes = shard.read(use_threads=False)
        promised = lanes.schema.metadata[_DATA]
        packed = weights.read_bytes() if weights.exists() else b""
    except (pa.ArrowException, OSError, KeyError, TypeError):
        return None
    return (lanes, packed) if promised == _data_digest(lanes, packed) else None


def _digest(key: str, metadata: Mapping[bytes, bytes]) -> bytes:
    """Binds a record to its unit and run; damage would otherwise still be valid JSON.

    Shards of former versions have no schema, and a digest that leaves out the seconds.
    """
    names = [_IDENTITY, _RECORD, _DATA, _RUN]
    if _SCHEMA in metadata:
        names += [_SECONDS, _SCHEMA]
    elif _RUN not in metadata:
        names.remove(_RUN)
    parts = b"".join(metadata[name] for name in names)
    return hashlib.sha256(key.encode() + parts).hexdigest().encode()


def _data_digest(lanes: Any, weights: bytes) -> bytes:
    """Of the columns with their names, and of the weights file."""
    digest = hashlib.sha256(weights)
    for name in lanes.column_names:
        digest.update(name.encode() + lanes[name].to_numpy().tobytes())
    return digest.hexdigest().encode()
