"""Run folders: one manifest, one Parquet shard and one weights file per finished unit.

    RUN/manifest.json              configuration, versions, rules; written first
    RUN/units/KEY.parquet          a row per lane; the unit's identity and record as metadata
    RUN/weights/KEY.safetensors    the outcome's tensors
    RUN/failures/KEY.json          why a unit has no outcome

Every file is written to a temporary name and renamed, so a kill loses at most the units in
flight, and a rerun continues; digests tell it which units are whole. A folder belongs to one
configuration and one process at a time.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.torch import save

from expressivity.output import json_text, write_atomically
from expressivity.work import Failure, Outcome, Unit

_IDENTITY, _RECORD, _SECONDS, _DATA, _DIGEST = (
    f"expressivity.{name}".encode()
    for name in ("identity", "record", "seconds", "data_sha256", "sha256")
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A finished unit as it is stored.

    Attributes:
        key: its name.
        identity: what was asked.
        record: what came of it.
        seconds: what it took.
    """

    key: str
    identity: dict[str, Any]
    record: dict[str, Any]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder that has been read.

    Attributes:
        path: the folder.
        manifest: the content of ``manifest.json``.
        entries: finished units, in the order of their keys.
        damaged: names of shards that cannot be trusted; the next run computes them again.
        failures: content of ``failures/``.
    """

    path: Path
    manifest: dict[str, Any]
    entries: tuple[Entry, ...]
    damaged: tuple[str, ...]
    failures: tuple[dict[str, Any], ...]


def read_run(path: Path) -> Run:
    """Read a run folder; weights and lanes stay on disk.

    Raises:
        ValueError: it is no run folder.
    """
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise ValueError(f"required: a run folder; {path} has no manifest.json: name another")
    entries: list[Entry] = []
    damaged: list[str] = []
    for shard in sorted((path / "units").glob("*.parquet")):
        entry = _read_shard(shard)
        if entry is None:
            damaged.append(shard.name)
        else:
            entries.append(entry)
    return Run(
        path=path,
        manifest=_read_manifest(manifest),
        entries=tuple(entries),
        damaged=tuple(damaged),
        failures=tuple(_read_failure(file) for file in sorted((path / "failures").glob("*.json"))),
    )


def read_lanes(path: Path, key: str) -> dict[str, list[Any]]:
    """The columns of one unit's lanes, from a run folder.

    Raises:
        ValueError: the shard is missing or damaged.
    """
    shard = path / "units" / f"{key}.parquet"
    try:
        return pq.read_table(shard, page_checksum_verification=True).to_pydict()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"required: a whole shard; {shard} is damaged: delete it, run again"
        ) from error


class RunFolder:
    """Finished units on disk, open for writing.

    Args:
        path: the folder itself; it and its parents are created.
        configuration: what was asked for; a folder of another configuration is refused.
        facts: versions, rules and the like, recorded but not compared.

    Attributes:
        skipped: how many units :meth:`has` found.
        recomputed: names of the damaged shards it found.

    Raises:
        ValueError: the folder cannot be written, is no run folder, or is of another run.
    """

    def __init__(
        self, path: Path, *, configuration: dict[str, object], facts: dict[str, object]
    ) -> None:
        self.path = path
        self.skipped = 0
        self.recomputed: list[str] = []
        manifest = path / "manifest.json"
        try:
            if not manifest.exists():
                if path.exists() and not all(map(_ours, path.iterdir())):
                    raise ValueError(
                        f"required: an empty or new output folder, or one of the same run; "
                        f"{path} holds other files: choose another --out"
                    )
                path.mkdir(parents=True, exist_ok=True)
                with self.locked():  # two processes may begin the same folder at once
                    if not manifest.exists():
                        text = json_text({"configuration": configuration, **facts})
                        write_atomically(manifest, lambda temporary: temporary.write_text(text))
            _require_same(manifest, configuration)
        except OSError as error:
            raise ValueError(_unwritable(path, error)) from error

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder for this process.

        Raises:
            ValueError: another process holds it.
        """
        try:
            handle = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise ValueError(_unwritable(self.path, error)) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ValueError(
                    f"required: a run folder that no other process uses; {self.path} is in use: "
                    f"wait, or choose another --out"
                ) from error
            yield
        finally:
            os.close(handle)

    def has(self, unit: Unit) -> bool:
        """Whether the unit is stored to the last byte of its lanes and weights.

        Counted in ``skipped`` if so; a damaged shard is noted in ``recomputed``.
        """
        shard = self._file("units", unit, "parquet")
        if not shard.exists():
            return False
        if self.load(unit) is not None and self._data_is_whole(unit):
            self.skipped += 1
            return True
        self.recomputed.append(shard.name)
        return False

    def _data_is_whole(self, unit: Unit) -> bool:
        weights = self._file("weights", unit, "safetensors")
        try:
            content = self._file("units", unit, "parquet").read_bytes()
            # From memory: pyarrow is several times faster there than on many small files.
            with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as shard:
                promised = shard.schema_arrow.metadata[_DATA]
                lanes = shard.read(use_threads=False)
            packed = weights.read_bytes() if weights.exists() else b""
        except (pa.ArrowException, OSError):
            return False
        return promised == _data_digest(lanes, packed)

    def load(self, unit: Unit) -> Entry | None:
        """The stored unit, or None where there is none or it cannot be trusted."""
        entry = _read_shard(self._file("units", unit, "parquet"))
        return entry if entry is not None and entry.key == unit.key else None

    def save(self, unit: Unit, outcome: Outcome) -> None:
        """Write tensors, then the shard that makes the unit count as finished.

        Raises:
            OSError: a file could not be written.
        """
        weights = self._file("weights", unit, "safetensors")
        # Written by Python: safetensors' own writer does not raise OSError on a full disk.
        packed = save(outcome.tensors) if outcome.tensors else b""
        if packed:
            write_atomically(weights, lambda temporary: temporary.write_bytes(packed))
        table = pa.table(dict(outcome.lanes))
        identity = json.dumps(unit.identity, allow_nan=False).encode()
        record = json.dumps(outcome.record, allow_nan=False).encode()
        data = _data_digest(table, packed)
        table = table.replace_schema_metadata(
            {
                _IDENTITY: identity,
                _RECORD: record,
                _SECONDS: repr(outcome.seconds).encode(),
                _DATA: data,
                _DIGEST: _digest(unit.key, identity, record, data),
            }
        )
        write_atomically(
            self._file("units", unit, "parquet"),
            lambda temporary: pq.write_table(table, temporary, write_page_checksum=True),
        )
        self.failure(unit).unlink(missing_ok=True)

    def fail(self, unit: Unit, failure: Failure) -> None:
        """Write down why a unit has no outcome; the next run tries it again."""
        text = json_text({"identity": unit.identity, **asdict(failure)})
        write_atomically(self.failure(unit), lambda temporary: temporary.write_text(text))

    def failure(self, unit: Unit) -> Path:
        """Where :meth:`fail` writes."""
        return self._file("failures", unit, "json")

    def _file(self, room: str, unit: Unit, ending: str) -> Path:
        return self.path / room / f"{unit.key}.{ending}"


def _read_shard(shard: Path) -> Entry | None:
    """A shard whose digest says that it is whole and the one its name promises, else None."""
    try:
        metadata = pq.read_schema(pa.BufferReader(shard.read_bytes())).metadata or {}
        identity, record = metadata[_IDENTITY], metadata[_RECORD]
        if metadata[_DIGEST] != _digest(shard.stem, identity, record, metadata[_DATA]):
            return None
        return Entry(
            key=shard.stem,
            identity=json.loads(identity),
            record=json.loads(record),
            seconds=float(metadata[_SECONDS]),
        )
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def _read_failure(note: Path) -> dict[str, Any]:
    try:
        return {"identity": {}, "error": "", "traceback": "", **json.loads(note.read_bytes())}
    except (OSError, ValueError, TypeError, RecursionError):
        return {"identity": {}, "error": f"{note.name} is damaged", "traceback": ""}


def _digest(key: str, identity: bytes, record: bytes, data: bytes) -> bytes:
    """Binds a record to its unit; damage inside it would otherwise still be valid JSON."""
    return hashlib.sha256(key.encode() + identity + record + data).hexdigest().encode()


def _data_digest(lanes: Any, weights: bytes) -> bytes:
    """Of the columns with their names, and of the weights file."""
    digest = hashlib.sha256(weights)
    for name in lanes.column_names:
        digest.update(name.encode() + lanes[name].to_numpy().tobytes())
    return digest.hexdigest().encode()


def _ours(entry: Path) -> bool:
    """Whether a folder that holds this entry alone is still new: a kill may leave these."""
    return entry.name == ".lock" or entry.name.startswith(".manifest.json.")


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"required: an output folder that can be written; {path}: {error.strerror}: "
        f"choose another --out"
    )


def _read_manifest(manifest: Path) -> dict[str, Any]:
    try:
        content = json.loads(manifest.read_bytes())
        content["configuration"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"required: a readable manifest; {manifest} is damaged: choose another --out"
        ) from error
    return content


def _require_same(manifest: Path, configuration: dict[str, object]) -> None:
    if _read_manifest(manifest)["configuration"] != json.loads(json.dumps(configuration)):
        raise ValueError(
            f"required: a run folder of the same configuration; {manifest.parent} is of "
            f"another one: choose another --out"
        )
