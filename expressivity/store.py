"""Run folders: one manifest, one Parquet shard and one weights file per finished unit.

    RUN/manifest.json              configuration, versions, rules; written first
    RUN/units/KEY.parquet          a row per restart; the unit's summary in the file's metadata
    RUN/weights/KEY.safetensors    theta, float64, restarts x packed parameters

Every file is written to a temporary name and renamed, so a kill loses at most the unit in
flight, and a rerun continues. A folder belongs to one configuration and one process at a time.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import save

from expressivity.output import write_atomically
from expressivity.separation import Lanes, Result, Unit

_SUMMARY, _DIGEST = b"expressivity.result", b"expressivity.sha256"
_RESULT = TypeAdapter(Result)


class RunFolder:
    """Finished units on disk.

    Args:
        path: the folder itself; it and its parents are created.
        configuration: what was asked for; a folder of another configuration is refused.
        facts: versions, rules and the like, recorded but not compared.

    Raises:
        ValueError: the folder cannot be written, is no run folder, or is of another run.
    """

    def __init__(
        self, path: Path, *, configuration: dict[str, object], facts: dict[str, object]
    ) -> None:
        self.path = path
        self.recomputed: list[str] = []
        manifest = path / "manifest.json"
        try:
            if manifest.exists():
                _require_same(manifest, configuration)
                return
            if path.exists() and not all(map(_ours, path.iterdir())):
                raise ValueError(
                    f"required: an empty or new output folder, or one of the same run; "
                    f"{path} holds other files: choose another --out"
                )
            text = json.dumps({"configuration": configuration, **facts}, indent=2) + "\n"
            write_atomically(manifest, lambda temporary: _write_bytes(temporary, text.encode()))
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

    def load(self, unit: Unit) -> Result | None:
        """The stored result, or None where there is none or the shard is unreadable."""
        shard = self._shard(unit)
        if not shard.exists():
            return None
        try:
            metadata = pq.read_schema(shard).metadata or {}
            summary = metadata[_SUMMARY]
            if metadata[_DIGEST] == _digest(unit, summary):
                return _RESULT.validate_json(summary)
        except (pa.ArrowException, OSError, KeyError, ValidationError):
            pass
        self.recomputed.append(shard.name)
        return None

    def save(self, unit: Unit, result: Result, lanes: Lanes) -> None:
        """Write weights, then the shard that makes the unit count as finished."""
        weights = self.path / "weights" / f"{unit.key}.safetensors"
        # Written by Python: safetensors' own writer does not raise OSError on a full disk.
        packed = save({"theta": lanes.theta.contiguous()})
        write_atomically(weights, lambda temporary: _write_bytes(temporary, packed))
        summary = _RESULT.dump_json(result)
        table = pa.table(
            {
                "lane": range(len(lanes.l2)),
                "fit_error": lanes.fit_error,
                "l2": lanes.l2,
                "status": lanes.status,
                "iterations": lanes.iterations,
            }
        ).replace_schema_metadata({_SUMMARY: summary, _DIGEST: _digest(unit, summary)})
        write_atomically(self._shard(unit), lambda temporary: pq.write_table(table, temporary))

    def _shard(self, unit: Unit) -> Path:
        return self.path / "units" / f"{unit.key}.parquet"


def _digest(unit: Unit, summary: bytes) -> bytes:
    """Binds a summary to its unit; damage inside it would otherwise still be valid JSON."""
    return hashlib.sha256(unit.key.encode() + summary).hexdigest().encode()


def _ours(entry: Path) -> bool:
    """Whether a folder that holds this entry alone is still new: a kill may leave these."""
    return entry.name == ".lock" or entry.name.startswith(".manifest.json.")


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"required: an output folder that can be written; {path}: {error.strerror}: "
        f"choose another --out"
    )


def _require_same(manifest: Path, configuration: dict[str, object]) -> None:
    try:
        stored = json.loads(manifest.read_bytes())["configuration"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"required: a readable manifest; {manifest} is damaged: choose another --out"
        ) from error
    if stored != json.loads(json.dumps(configuration)):
        raise ValueError(
            f"required: a run folder of the same configuration; {manifest.parent} is of "
            f"another one: choose another --out"
        )
