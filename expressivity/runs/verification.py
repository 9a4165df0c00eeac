"""Whether a run folder is whole: every digest in it, and whose its units are."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expressivity.output import DamagedDocumentError, read_document
from expressivity.runs.failures import read_note
from expressivity.runs.manifest import FILE_NAME, Members, read_manifest
from expressivity.runs.shards import read_data, read_shard, shard_of, weights_of
from expressivity.runs.tensors import UnreadableTensorsError, read_sealed

SCHEMA = "expressivity.verify/1"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A file that is not what it should be, by its place in the folder, and why."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What is to be said of a run folder; files are named by their places in it.

    Attributes:
        path: the folder.
        units: how many units are whole and its own.
        damaged: what cannot be trusted.
        foreign: files of units that are another run's.
        missing: keys of units that the manifest lists and that are not there; None where it
            lists none.
        failed: keys of units that have no outcome, with a note that says why.
        unfinished: what a kill has left behind; nothing reads it.
        parts: run folders inside.
        command: arguments of the command that made it, where the manifest tells.
    """

    path: Path
    units: int
    damaged: tuple[Fault, ...]
    foreign: tuple[str, ...]
    missing: tuple[str, ...] | None
    failed: tuple[str, ...]
    unfinished: tuple[str, ...]
    parts: "tuple[Verification, ...]"
    command: tuple[str, ...] | None

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged, foreign, missing or failed, in its parts either."""
        faults = (self.damaged, self.foreign, self.missing, self.failed)
        return not any(faults) and all(part.whole for part in self.parts)

    def json(self) -> dict[str, Any]:
        """The JSON form of docs/formats.md, without ``schema``."""
        return {
            "run": str(self.path),
            "whole": self.whole,
            "units": self.units,
            "damaged": [asdict(fault) for fault in self.damaged],
            "foreign": list(self.foreign),
            "missing": None if self.missing is None else list(self.missing),
            "failed": list(self.failed),
            "unfinished": list(self.unfinished),
            "parts": [part.json() for part in self.parts],
        }


def verify(path: Path) -> Verification:
    """Check everything in a run folder that has a digest; nothing is changed.

    Raises:
        ValueError: it is no run folder.
    """
    if not (path / FILE_NAME).exists() and not any(path.glob("units/*.parquet")):
        read_manifest(path)  # says what is required
    damaged: list[Fault] = []
    manifest: dict[str, Any] = {"configuration": {}}
    try:
        manifest = read_manifest(path)
        members = Members(manifest["configuration"])
    except ValueError as error:
        damaged.append(Fault(file=FILE_NAME, reason=str(error)))
        members = None
    damaged += _damaged_files(path, manifest["configuration"].get("text"))
    units: list[str] = []
    foreign: list[str] = []
    for shard in _files(path, "units", ".parquet"):
        entry = read_shard(shard)
        if entry is None or read_data(path, entry.key) is None:
            reason = "it or its file of weights is not what its digests say"
            damaged.append(Fault(file=_placed(path, shard), reason=reason))
        elif members is None or members.has(entry.key, entry.stamp):
            units.append(entry.key)
        else:
            foreign.append(_placed(path, shard))
    failed: list[str] = []
    for file in _files(path, "failures", ".json"):
        if members is None or members.has(file.stem, read_note(file)["run"]):
            failed.append(file.stem)
        else:
            foreign.append(_placed(path, file))
    there = {*units, *(Path(fault.file).stem for fault in damaged)}
    listed = None if members is None else members.listed
    arguments = manifest.get("arguments")
    return Verification(
        path=path,
        units=len(units),
        damaged=tuple(damaged),
        foreign=(*foreign, *_strangers(path)),
        missing=None if listed is None else tuple(key for key in listed if key not in there),
        failed=tuple(failed),
        unfinished=tuple(_unfinished(path)),
        parts=tuple(verify(part.parent) for part in sorted(path.glob(f"*/{FILE_NAME}"))),
        command=tuple(map(str, arguments)) if isinstance(arguments, list) else None,
    )


def _damaged_files(path: Path, text: object) -> Iterator[Fault]:
    """Of documents, checkpoints and a joined text whose SHA-256 the manifest has."""
    for file in sorted(path.glob("[!.]*.json")):
        if file.name != FILE_NAME:
            try:
                read_document(file)
            except DamagedDocumentError as error:
                yield Fault(file=file.name, reason=str(error))
    for file in _files(path, "checkpoints", ".safetensors"):
        try:
            read_sealed(file)
        except UnreadableTensorsError as error:
            yield Fault(file=_placed(path, file), reason=f"it {error}")
    corpus = path / "corpus.bin"
    if corpus.exists() and text is not None:
        with corpus.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != text:
            reason = f"its SHA-256 is {found[:12]}, not that of the manifest"
            yield Fault(file=corpus.name, reason=reason)


_ROOMS = {"units": ".parquet", "weights": ".safetensors", "failures": ".json"}


def _files(path: Path, room: str, ending: str) -> list[Path]:
    return sorted((path / room).glob(f"[!.]*{ending}"))


def _strangers(path: Path) -> list[str]:
    """Files that no unit has."""
    found = [
        file
        for room, ending in _ROOMS.items()
        for file in sorted((path / room).glob("[!.]*"))
        if file.suffix != ending
    ]
    return [_placed(path, file) for file in found]


def _unfinished(path: Path) -> Iterator[str]:
    """Temporary files, and weights whose shard was not written any more."""
    for file in sorted((*path.glob(".*.[0-9]*"), *path.glob("*/.*.[0-9]*"))):
        yield _placed(path, file)
    for file in _files(path, "weights", ".safetensors"):
        if not shard_of(path, file.stem).exists() and file == weights_of(path, file.stem):
            yield _placed(path, file)


def _placed(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix()


def lines(found: Verification) -> Iterable[str]:
    """The answer for people: the verdict first, then what is wrong."""
    units = f"{found.units} {'unit' if found.units == 1 else 'units'}"
    yield f"{found.path}: {'whole' if found.whole else 'not whole'}, {units}"
    for fault in found.damaged:
        yield f"damaged: {fault.file}: {fault.reason}"
    for name in found.foreign:
        yield f"of another run: {name}"
    for key in found.missing or ():
        yield f"missing: units/{key}.parquet"
    for key in found.failed:
        yield f"failed: see failures/{key}.json"
    for name in found.unfinished:
        yield f"left by a run that was killed: {name}"
    for part in found.parts:
        yield from lines(part)
