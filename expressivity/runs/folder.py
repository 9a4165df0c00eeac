"""Run folders: one manifest, one Parquet shard and one weights file per finished unit.

    RUN/manifest.json              configuration, versions, rules; written first
    RUN/units/KEY.parquet          a row per lane; the unit's identity and record as metadata
    RUN/weights/KEY.safetensors    the outcome's tensors
    RUN/failures/KEY.json          why a unit has no outcome

Every file is written to a temporary name and renamed, so a kill loses at most the units in
flight, and a rerun continues; digests tell it which units are whole. A folder belongs to one
configuration and one process at a time; shards of another that lie in it are named and not read.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from expressivity.output import notice, write_atomically
from expressivity.runs.failures import note_of, read_note, write_note
from expressivity.runs.locks import held
from expressivity.runs.manifest import (
    FILE_NAME,
    PART_OF,
    DamagedManifestError,
    Members,
    read_manifest,
    write_manifest,
)
from expressivity.runs.shards import (
    Entry,
    read_data,
    read_shard,
    shard_of,
    stamp_again,
    weights_of,
    write_shard,
)
from expressivity.runs.units import Failure, Outcome, Unit


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder that has been read.

    Attributes:
        path: the folder.
        manifest: the content of ``manifest.json``.
        entries: finished units, in the order of their keys.
        damaged: names of shards that cannot be trusted; the next run computes them again.
        failures: content of ``failures/``.
        foreign: names of whole files of units that are not this run's, and are left out.
    """

    path: Path
    manifest: dict[str, Any]
    entries: tuple[Entry, ...]
    damaged: tuple[str, ...]
    failures: tuple[dict[str, Any], ...]
    foreign: tuple[str, ...] = ()


def read_run(path: Path) -> Run:
    """Read a run folder; weights and lanes stay on disk.

    Files of units that are not the run's own are left out, with a notice.

    Raises:
        ValueError: it is no run folder, or its manifest is damaged.
    """
    manifest = read_manifest(path)
    members = Members(manifest["configuration"])
    entries: list[Entry] = []
    damaged: list[str] = []
    foreign: list[str] = []
    for shard in sorted((path / "units").glob("*.parquet")):
        entry = read_shard(shard)
        if entry is None:
            damaged.append(shard.name)
        elif members.has(entry.key, entry.stamp):
            entries.append(entry)
        else:
            foreign.append(shard.name)
    failures: list[dict[str, Any]] = []
    for file in sorted((path / "failures").glob("*.json")):
        note = read_note(file)
        if members.has(file.stem, note["run"]):
            failures.append(note)
        else:
            foreign.append(file.name)
    if foreign:
        notice(f"left out: units of another run in {path}: {_few(foreign)}")
    return Run(
        path=path,
        manifest=manifest,
        entries=tuple(entries),
        damaged=tuple(damaged),
        foreign=tuple(foreign),
        failures=tuple(failures),
    )


def read_lanes(path: Path, key: str) -> dict[str, list[Any]]:
    """The columns of one unit's lanes, from a run folder.

    Raises:
        ValueError: the shard or its weights are missing or damaged.
    """
    return _require_data(path, key)[0].to_pydict()


def read_tensors(path: Path, key: str) -> dict[str, Tensor]:
    """The tensors of one unit by name, from a run folder.

    Raises:
        ValueError: as :func:`read_lanes`.
    """
    packed = _require_data(path, key)[1]
    try:
        return load(packed) if packed else {}
    except SafetensorError as error:  # whole, and written by something else
        raise _damaged_unit(path, key) from error


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


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
        self._configuration = json.loads(json.dumps(configuration))
        self._members = Members(self._configuration)
        try:
            if not (path / FILE_NAME).exists():
                self._begin(facts)
            self._require_same(facts)
        except OSError as error:
            raise ValueError(_unwritable(path, error)) from error

    def _begin(self, facts: dict[str, object]) -> None:
        path = self.path
        if path.exists() and not (all(map(_ours, path.iterdir())) or self._holds_own_alone()):
            raise ValueError(
                f"required: an empty or new output folder, or one of the same run; "
                f"{path} holds other files: choose another folder"
            )
        path.mkdir(parents=True, exist_ok=True)
        with self.locked():  # two processes may begin the same folder at once
            if not (path / FILE_NAME).exists():
                write_manifest(path, self._configuration, facts)

    def _require_same(self, facts: dict[str, object]) -> None:
        try:
            found = read_manifest(self.path)["configuration"]
        except DamagedManifestError as error:
            self._restore(facts, error)
            return
        except ValueError as error:
            raise ValueError(f"{error}; or choose another folder") from error
        if found != self._configuration:
            raise ValueError(
                f"required: a run folder of the same configuration; {self.path} is of "
                f"another one: choose another folder"
            )

    def _restore(self, facts: dict[str, object], error: DamagedManifestError) -> None:
        """A damaged manifest costs no finished unit of this run, whose shards say what it was."""
        file = self.path / FILE_NAME
        empty = file.is_file() and file.stat().st_size == 0 and not self._shards()
        if not (empty or self._holds_own_alone()):
            raise ValueError(
                f"required: a readable manifest; {file} is damaged, and no finished units "
                f"show that the folder is of this run: choose another folder"
            ) from error
        with self.locked():
            write_manifest(self.path, self._configuration, facts)
        notice(f"{file} was damaged, and is written again; finished units are kept")

    def _shards(self) -> list[Path]:
        return sorted((self.path / "units").glob("*.parquet"))

    def _holds_own_alone(self) -> bool:
        """Whether there are whole shards or parts, all of this configuration."""
        found = [entry for shard in self._shards() if (entry := read_shard(shard)) is not None]
        own = [self._members.has(entry.key, entry.stamp) for entry in found]
        for manifest in self.path.glob(f"*/{FILE_NAME}"):
            with suppress(ValueError):
                own.append(read_manifest(manifest.parent).get(PART_OF) == self.stamp)
        return bool(own) and all(own)

    @property
    def stamp(self) -> str:
        """What belongs to this run carries it."""
        return self._members.stamp

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder for this process.

        Raises:
            ValueError: another process holds it.
        """
        busy = (
            f"required: a run folder that no other process uses; {self.path} is in use: wait, or "
            f"choose another folder"
        )
        unwritable = partial(_unwritable, self.path)
        with held(self.path / ".lock", busy=busy, unwritable=unwritable):
            yield

    def has(self, unit: Unit) -> bool:
        """Whether the unit is stored to the last byte of its lanes and weights.

        Counted in ``skipped`` if so; a damaged shard is noted in ``recomputed``. What is asked for
        belongs to the run: a shard of another run's is made this one's.
        """
        shard = shard_of(self.path, unit.key)
        if not shard.exists():
            return False
        entry = self.load(unit)
        data = None if entry is None else read_data(self.path, unit.key)
        if entry is None or data is None:
            self.recomputed.append(shard.name)
            return False
        if not self._members.has(entry.key, entry.stamp):
            stamp_again(self.path, unit.key, data[0], self.stamp)
        self.skipped += 1
        return True

    def load(self, unit: Unit) -> Entry | None:
        """The stored unit, or None where there is none or it cannot be trusted."""
        return read_shard(shard_of(self.path, unit.key))

    def save(self, unit: Unit, outcome: Outcome) -> None:
        """Write tensors, then the shard that makes the unit count as finished.

        Raises:
            OSError: a file could not be written.
        """
        # Written by Python: safetensors' own writer does not raise OSError on a full disk.
        packed = save(outcome.tensors) if outcome.tensors else b""
        weights = weights_of(self.path, unit.key)
        if packed:
            write_atomically(weights, lambda temporary: temporary.write_bytes(packed))
        else:
            weights.unlink(missing_ok=True)  # a stranger under its name
        write_shard(self.path, unit, outcome, packed, self.stamp)
        self.failure(unit).unlink(missing_ok=True)

    def fail(self, unit: Unit, failure: Failure) -> None:
        """Write down why a unit has no outcome; the next run tries it again."""
        write_note(self.path, unit, failure, self.stamp)

    def failure(self, unit: Unit) -> Path:
        """Where :meth:`fail` writes."""
        return note_of(self.path, unit.key)


def _require_data(path: Path, key: str) -> tuple[Any, bytes]:
    entry = read_shard(shard_of(path, key))
    data = None if entry is None else read_data(path, key)
    if data is None:
        raise _damaged_unit(path, key)
    return data


def _damaged_unit(path: Path, key: str) -> ValueError:
    return ValueError(
        f"required: a whole unit; {shard_of(path, key)} or its file of weights is damaged "
        f"or missing: run the same command again, which computes it anew"
    )


def _ours(entry: Path) -> bool:
    """Whether a folder that holds this entry alone is still new: a kill may leave these."""
    return entry.name == ".lock" or entry.name.startswith(".manifest.json.")


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"required: an output folder that can be written; {path}: {error.strerror}: "
        f"choose another folder"
    )
